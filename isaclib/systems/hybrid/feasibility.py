"""The minimum-power test: whether the rates can be met at all, and with how much power.

Uplink-downlink duality: the least transmit power that meets SINR_k >= Gamma_k is
sum_k lambda_k sigma_k^2, lambda the fixed point of

    lambda_k = Gamma_k / (h_k^H (I + sum_{j != k} lambda_j h_j h_j^H)^-1 h_k).

From zero the iterates rise monotonically, so that every one of them bounds the power from below:
a draw is called infeasible by theory, never because a solver gave up.
"""

from __future__ import annotations

import numba
import numpy as np

EXCESSIVE_SNR = 1e13
"""Uplink power over noise above which no power is said to suffice: double precision ends there."""


@numba.njit(cache=True)
def uplink_powers(gram: np.ndarray, noise: np.ndarray, gamma: np.ndarray, limit: float, uplink: np.ndarray) -> float:
    """Write the fixed point lambda; return sum_k lambda_k noise_k, stopping early above `limit`.

    Parameters
    ----------
    gram : ndarray of complex, shape (K, K)
        g_i^H g_j.
    noise, gamma : ndarray, shape (K,)
        Noise of each user in units of the wanted power, and SINR thresholds.
    limit : float
        A sum above it is not iterated further.
    uplink : ndarray, shape (K,)
        Written.

    Returns
    -------
    float
    """
    users = noise.size
    uplink[:] = 0.0
    updated = np.empty(users)
    total = 0.0
    for _ in range(20000):
        matrix = np.empty((users, users), np.complex128)
        for i in range(users):
            for j in range(users):
                matrix[i, j] = uplink[i] * gram[i, j] + (1.0 if i == j else 0.0)
        # g_k^H (I + sum_j lambda_j g_j g_j^H)^-1 g_k for every k
        form = gram @ np.linalg.inv(matrix)
        total = 0.0
        change = 0.0
        for k in range(users):
            d = form[k, k].real
            updated[k] = gamma[k] * (1.0 - uplink[k] * d) / d
            change = max(change, abs(updated[k] - uplink[k]) / updated[k])
            total += updated[k] * noise[k]
        uplink[:] = updated
        if change < 1e-10 or not total <= limit:
            break
    return total


@numba.njit(cache=True)
def _minimum_power(channels: np.ndarray, noise: np.ndarray, gamma: np.ndarray, power: np.ndarray) -> None:
    uplink = np.empty(gamma.size)
    for b in range(channels.shape[0]):
        gram = np.conj(channels[b]) @ np.ascontiguousarray(channels[b].T)
        power[b] = uplink_powers(gram, noise[b], gamma, EXCESSIVE_SNR, uplink)


def minimum_power_w(channels: np.ndarray, min_rates_bps_hz: np.ndarray, noise_w: float) -> np.ndarray:
    """Least transmit power that meets every rate with a fully digital beamformer.

    Parameters
    ----------
    channels : ndarray of complex, shape (B, K, N)
        h_k; user k receives h_k^H x.
    min_rates_bps_hz : ndarray, shape (K,)
        Rates.
    noise_w : float
        Noise power.

    Returns
    -------
    ndarray, shape (B,)
        Watts; infinity where no power suffices, or only one 130 dB above the noise.
    """
    norms = np.linalg.norm(channels, axis=-1)
    power = np.empty(len(channels))
    gamma = 2.0 ** np.asarray(min_rates_bps_hz, dtype=float) - 1.0
    noise = noise_w / norms**2
    unit = noise.min(axis=-1)
    _minimum_power(np.ascontiguousarray(channels / norms[..., None]), noise / unit[:, None], gamma, power)
    return np.where(power < EXCESSIVE_SNR, power * unit, np.inf)
