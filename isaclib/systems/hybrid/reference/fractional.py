"""Fractional programming of the sum-rate, eqs. (40)-(46) and (53), in normalised units.

For fixed beamformers the auxiliary variables (43), (44) are closed form; for fixed auxiliary
variables the sum-rate is bounded from below by a concave quadratic (42) of the beamformers, tight
where the auxiliary variables were taken. Raising the quadratic therefore raises the sum-rate.
"""

from __future__ import annotations

import numpy as np


def received_signals(channels: np.ndarray, beamformers: np.ndarray) -> np.ndarray:
    """h_k^H w_j of channels (..., K, n) and beamformers (..., n, K), shape (..., K, K)."""
    return np.conj(channels) @ beamformers


def sum_rate(received: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Sum-rate (24a) in bit/s/Hz.

    Parameters
    ----------
    received : ndarray of complex, shape (..., K, K)
        h_k^H w_j from `received_signals`.
    noise : ndarray, shape (..., K)
        Noise of each user in units of the power.

    Returns
    -------
    ndarray, shape (...)
    """
    return np.log1p(_sinr(received, noise)).sum(axis=-1) / np.log(2.0)


def auxiliary_variables(received: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best gamma (43) and mu (44) for given beamformers.

    Parameters
    ----------
    received, noise
        As for `sum_rate`.

    Returns
    -------
    tuple of ndarray, each (..., K)
        gamma, the SINRs, and mu.
    """
    gamma = _sinr(received, noise)
    total = np.sum(np.abs(received) ** 2, axis=-1) + noise
    own = np.diagonal(received, axis1=-2, axis2=-1)
    return gamma, np.sqrt(1.0 + gamma) * own / total


def analog_quadratic(
    channels: np.ndarray, spread: np.ndarray, gamma: np.ndarray, mu: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Quadratic (45a) of the phases, f_A^H B f_A - 2 Re f_A^H c, with B = C C^H as in (46a).

    The stream of user k multiplies its own channel in (46b): f_D,k, not f_D,j.

    Parameters
    ----------
    channels : ndarray of complex, shape (..., K, N)
        h_k.
    spread : ndarray of complex, shape (..., N, K)
        Phi F_D: what multiplies f_A entry by entry in each stream.
    gamma, mu : ndarray, shape (..., K)
        From `auxiliary_variables`.

    Returns
    -------
    tuple of ndarray, shapes (..., N, K^2) and (..., N)
        C and c.
    """
    # diag(Phi f_D,j)^H h_k
    seen = np.conj(spread)[..., :, None, :] * np.swapaxes(channels, -1, -2)[..., :, :, None]
    factor = (np.abs(mu)[..., None, :, None] * seen).reshape(*seen.shape[:-2], -1)
    own = np.diagonal(seen, axis1=-2, axis2=-1)
    return factor, np.sum((np.sqrt(1.0 + gamma) * mu)[..., None, :] * own, axis=-1)


def digital_quadratic(channels: np.ndarray, gamma: np.ndarray, mu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quadratic (52a) of the beamformers, sum_k f_k^H D f_k - 2 Re f_k^H e_k, D = C C^H, eq. (53).

    Parameters
    ----------
    channels : ndarray of complex, shape (..., K, n)
        F_A^H h_k, or the channels in any basis.
    gamma, mu : ndarray, shape (..., K)
        From `auxiliary_variables`.

    Returns
    -------
    tuple of ndarray, each (..., n, K)
        C and the columns e_k.
    """
    columns = np.swapaxes(channels, -1, -2)
    return columns * np.abs(mu)[..., None, :], columns * (np.sqrt(1.0 + gamma) * mu)[..., None, :]


def _sinr(received: np.ndarray, noise: np.ndarray) -> np.ndarray:
    power = np.abs(received) ** 2
    # masked, not total minus own: a strong own signal would wipe out a weak interference
    interference = np.where(np.eye(power.shape[-1], dtype=bool), 0.0, power).sum(axis=-1)
    return np.diagonal(power, axis1=-2, axis2=-1) / (interference + noise)
