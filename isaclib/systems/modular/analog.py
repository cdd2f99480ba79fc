"""The closed-form analog beamformer (Theorem 1) and orthonormal coordinates behind it, compiled.

Block l of F_A holds the subarray responses of the user's paths, the targets and the interferers. The
power of F_A F_D is tr(F_D^H F_A^H F_A F_D): its columns are not orthogonal, and with
F_A,l = Q_l U_l the digital beamformer is designed as U_l F_D, whose squared norm is the power.
"""

from __future__ import annotations

import numba
import numpy as np

from isaclib.numerics.gram_schmidt import gram_schmidt
from isaclib.systems.modular.scenario import Scenario


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
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
    basis = np.empty((count, size), np.complex128)
    for b in range(batch):
        for s in range(subarrays):
            gram_schmidt(columns[b, s], basis, uppers[b, s])
            first = s * size
            for c in range(count):
                for u in range(channel.shape[1]):
                    real = imag = 0.0
                    for m in range(size):
                        x, y = channel[b, u, first + m], basis[c, m]
                        real += x.real * y.real - x.imag * y.imag
                        imag += x.real * y.imag + x.imag * y.real
                    reduced_channel[b, u, s * count + c] = complex(real, imag)
                for q in range(steering.shape[1]):
                    real = imag = 0.0
                    for m in range(size):
                        x, y = steering[b, q, first + m], basis[c, m]
                        real += x.real * y.real + x.imag * y.imag
                        imag += x.imag * y.real - x.real * y.imag
                    reduced_steering[b, q, s * count + c] = complex(real, imag)


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
