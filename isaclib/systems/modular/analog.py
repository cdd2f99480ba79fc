"""The closed-form analog beamformer (Theorem 1) and orthonormal coordinates behind it, compiled.

Block l of F_A holds the subarray responses of the user's paths, the targets and the interferers. The
power of F_A F_D is tr(F_D^H F_A^H F_A F_D): its columns are not orthogonal, and with
F_A,l = Q_l U_l the digital beamformer is designed as U_l F_D, whose squared norm is the power.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.modular.scenario import Scenario

DEPENDENT = 1e-9
"""Columns with less than this share of their norm outside the earlier ones are left unused."""


@numba.njit(cache=True)
def orthonormal(columns: np.ndarray, basis: np.ndarray, upper: np.ndarray) -> None:
    """Gram-Schmidt twice over: columns = basis upper, dependent columns with a zero diagonal.

    Parameters
    ----------
    columns : ndarray of complex, shape (M, R)
        Columns.
    basis : ndarray of complex, shape (M, R)
        Orthonormal columns, zero where one depends on those before it; written.
    upper : ndarray of complex, shape (R, R)
        Upper triangular; written.
    """
    size, count = columns.shape
    upper[:] = 0.0
    for c in range(count):
        norm = 0.0
        for m in range(size):
            basis[m, c] = columns[m, c]
            norm += columns[m, c].real ** 2 + columns[m, c].imag ** 2
        for _ in range(2):
            for d in range(c):
                t = 0.0j
                for m in range(size):
                    t += basis[m, d].conjugate() * basis[m, c]
                upper[d, c] += t
                for m in range(size):
                    basis[m, c] -= t * basis[m, d]
        left = 0.0
        for m in range(size):
            left += basis[m, c].real ** 2 + basis[m, c].imag ** 2
        if left <= DEPENDENT**2 * norm:
            for m in range(size):
                basis[m, c] = 0.0
            continue
        left = math.sqrt(left)
        upper[c, c] = left
        for m in range(size):
            basis[m, c] /= left


@numba.njit(cache=True)
def _reduce(
    columns: np.ndarray,
    channel: np.ndarray,
    steering: np.ndarray,
    bases: np.ndarray,
    uppers: np.ndarray,
    reduced_channel: np.ndarray,
    reduced_steering: np.ndarray,
) -> None:
    batch, subarrays, size, count = columns.shape
    for b in range(batch):
        for s in range(subarrays):
            orthonormal(columns[b, s], bases[b, s], uppers[b, s])
            first = s * size
            for c in range(count):
                for u in range(channel.shape[1]):
                    t = 0.0j
                    for m in range(size):
                        t += channel[b, u, first + m] * bases[b, s, m, c]
                    reduced_channel[b, u, s * count + c] = t
                for q in range(steering.shape[1]):
                    t = 0.0j
                    for m in range(size):
                        t += bases[b, s, m, c].conjugate() * steering[b, q, first + m]
                    reduced_steering[b, q, s * count + c] = t


@numba.njit(cache=True)
def _expand(
    columns: np.ndarray, bases: np.ndarray, uppers: np.ndarray, coordinates: np.ndarray, digital: np.ndarray
) -> None:
    """Solve U_l F_D,l = coordinates_l; unused columns get nothing."""
    batch, subarrays, _, count = columns.shape
    for b in range(batch):
        for s in range(subarrays):
            first = s * count
            for stream in range(coordinates.shape[2]):
                for c in range(count - 1, -1, -1):
                    if uppers[b, s, c, c] == 0.0:
                        digital[b, first + c, stream] = 0.0
                        continue
                    t = coordinates[b, first + c, stream]
                    for d in range(c + 1, count):
                        t -= uppers[b, s, c, d] * digital[b, first + d, stream]
                    digital[b, first + c, stream] = t / uppers[b, s, c, c]


class Analog:
    """Analog beamformers of a scenario, with channel and steering vectors in coordinates behind them.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.

    Attributes
    ----------
    channel : ndarray of complex, shape (B, N_u, N_RF)
        H Q in units of the noise amplitude.
    steering : ndarray of complex, shape (B, Q, N_RF)
        Q^H a_q in rows.
    """

    def __init__(self, scenario: Scenario) -> None:
        p = scenario.parameters
        self._columns = np.ascontiguousarray(scenario.subarray_responses[..., list(p.served)])
        batch, subarrays, _, count = self._columns.shape
        self._bases = np.empty_like(self._columns)
        self._uppers = np.empty((batch, subarrays, count, count), dtype=complex)
        chains = subarrays * count
        self.channel = np.empty((batch, p.user_antennas, chains), dtype=complex)
        self.steering = np.empty((batch, scenario.transmit.shape[1], chains), dtype=complex)
        _reduce(
            self._columns,
            scenario.channel / np.sqrt(scenario.noise_w),
            scenario.transmit,
            self._bases,
            self._uppers,
            self.channel,
            self.steering,
        )

    def matrix(self) -> np.ndarray:
        """F_A, shape (B, N, N_RF)."""
        batch, subarrays, size, count = self._columns.shape
        analog = np.zeros((batch, subarrays, size, subarrays, count), dtype=complex)
        index = np.arange(subarrays)
        analog[:, index, :, index] = np.moveaxis(self._columns, 1, 0)
        return analog.reshape(batch, subarrays * size, subarrays * count)

    def digital(self, coordinates: np.ndarray) -> np.ndarray:
        """F_D, shape (B, N_RF, N_s), whose U F_D are the coordinates."""
        digital = np.empty_like(coordinates)
        _expand(self._columns, self._bases, self._uppers, np.ascontiguousarray(coordinates), digital)
        return digital

    def beamformers(self, digital: np.ndarray) -> np.ndarray:
        """F_A F_D, shape (B, N, N_s), block by block."""
        batch, subarrays, size, count = self._columns.shape
        blocks = self._columns @ digital.reshape(batch, subarrays, count, -1)
        return blocks.reshape(batch, subarrays * size, -1)
