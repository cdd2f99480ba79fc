"""The closed-form analog beamformer (Theorem 1) and orthonormal coordinates behind it, compiled.

Block l of F_A holds the subarray responses of the user's paths, the targets and the interferers. The
power of F_A F_D is tr(F_D^H F_A^H F_A F_D): its columns are not orthogonal, and with
F_A,l = Q_l U_l the digital beamformer is designed as U_l F_D, whose squared norm is the power.
"""

from __future__ import annotations

import numba
import numpy as np

from isaclib.numerics.gram_schmidt import orthonormalise, split
from isaclib.systems.modular.scenario import Scenario


@numba.njit(cache=True)
def _reduce(
    columns: np.ndarray,
    channel: np.ndarray,
    steering: np.ndarray,
    uppers: np.ndarray,
    reduced_channel: np.ndarray,
    reduced_steering: np.ndarray,
) -> None:
    """Write U_l, H Q and a_q^T conj(Q); columns are rows here, shape (B, L, R, M)."""
    batch, subarrays, count, size = columns.shape
    rows = np.empty((2, count, size))
    heard = np.empty((2, channel.shape[1], size))
    lit = np.empty((2, steering.shape[1], size))
    for b in range(batch):
        for s in range(subarrays):
            split(columns[b, s], rows[0], rows[1])
            orthonormalise(rows[0], rows[1], uppers[b, s])
            inside, first = slice(s * size, (s + 1) * size), s * count
            split(channel[b, :, inside], heard[0], heard[1])
            _project(heard, rows, 1.0, reduced_channel[b, :, first : first + count])
            split(steering[b, :, inside], lit[0], lit[1])
            _project(lit, rows, -1.0, reduced_steering[b, :, first : first + count])


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def _project(vectors: np.ndarray, basis: np.ndarray, sign: float, out: np.ndarray) -> None:
    """Write x^T q of vectors and a basis in parts, shape (2, rows, M); x^T conj(q) with the sign -1."""
    for u in range(vectors.shape[1]):
        for c in range(basis.shape[1]):
            xx = xy = yx = yy = 0.0
            for m in range(vectors.shape[2]):
                xx += vectors[0, u, m] * basis[0, c, m]
                yy += vectors[1, u, m] * basis[1, c, m]
                xy += vectors[0, u, m] * basis[1, c, m]
                yx += vectors[1, u, m] * basis[0, c, m]
            out[u, c] = complex(xx - sign * yy, yx + sign * xy)


@numba.njit(cache=True)
def _expand(
    columns: np.ndarray, uppers: np.ndarray, coordinates: np.ndarray, digital: np.ndarray, beamformers: np.ndarray
) -> None:
    """Solve U_l F_D,l = coordinates_l, unused columns getting nothing, and write F_A F_D."""
    batch, subarrays, count, size = columns.shape
    beam = np.empty(size, np.complex128)
    for b in range(batch):
        for s in range(subarrays):
            first = s * count
            for stream in range(coordinates.shape[2]):
                beam[:] = 0.0
                for c in range(count - 1, -1, -1):
                    if uppers[b, s, c, c] == 0.0:
                        digital[b, first + c, stream] = 0.0
                        continue
                    t = coordinates[b, first + c, stream]
                    for d in range(c + 1, count):
                        t -= uppers[b, s, c, d] * digital[b, first + d, stream]
                    t /= uppers[b, s, c, c].real
                    digital[b, first + c, stream] = t
                    for m in range(size):
                        beam[m] += columns[b, s, c, m] * t
                for m in range(size):
                    beamformers[b, s * size + m, stream] = beam[m]


class Analog:
    """Analog beamformers of a scenario, with channel and steering vectors in coordinates behind them.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.

    Attributes
    ----------
    blocks : ndarray of complex, shape (B, L, M, N_RF / L)
        F_1..F_L of F_A = blkdiag(F_1..F_L).
    channel : ndarray of complex, shape (B, N_u, N_RF)
        H Q in units of the noise amplitude.
    steering : ndarray of complex, shape (B, Q, N_RF)
        Q^H a_q in rows.
    """

    def __init__(self, scenario: Scenario) -> None:
        p = scenario.parameters
        responses = scenario.subarray_responses
        everything = len(p.served) == responses.shape[-1]
        self.blocks = responses if everything else responses[..., list(p.served)]
        self._columns = np.swapaxes(self.blocks, -1, -2)
        batch, subarrays, count, _ = self._columns.shape
        self._uppers = np.empty((batch, subarrays, count, count), dtype=complex)
        chains = subarrays * count
        self.channel = np.empty((batch, p.user_antennas, chains), dtype=complex)
        self.steering = np.empty((batch, scenario.transmit.shape[1], chains), dtype=complex)
        _reduce(self._columns, scenario.channel, scenario.transmit, self._uppers, self.channel, self.steering)
        self.channel /= np.sqrt(scenario.noise_w)

    def expand(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """F_D, shape (B, N_RF, N_s), whose U F_D are the coordinates, and F_A F_D, shape (B, N, N_s)."""
        batch, subarrays, _, size = self._columns.shape
        digital = np.empty_like(coordinates)
        beamformers = np.empty((batch, subarrays * size, coordinates.shape[-1]), dtype=complex)
        _expand(self._columns, self._uppers, coordinates, digital, beamformers)
        return digital, beamformers
