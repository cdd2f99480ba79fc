"""What a link carries: SINR, rate, spectral efficiency."""

from __future__ import annotations

import numpy as np


def sinr(channels: np.ndarray, beamformers: np.ndarray, noise_power_w: np.ndarray | float) -> np.ndarray:
    """Signal to interference and noise ratio of every user, eq. (12).

    SINR_k = |h_k^H w_k|^2 / (sum_{j != k} |h_k^H w_j|^2 + sigma_k^2)

    Parameters
    ----------
    channels : ndarray of complex, shape (..., K, N)
        h_k.
    beamformers : ndarray of complex, shape (..., N, K)
        w_k in column k; the squared norm is watts.
    noise_power_w : float or ndarray, shape (...) broadcast against (..., K)
        sigma_k^2.

    Returns
    -------
    ndarray, shape (..., K)
    """
    received = np.conj(channels) @ beamformers
    power = received.real**2 + received.imag**2
    own = np.diagonal(power, axis1=-2, axis2=-1)
    # masked, not total minus own: a strong own signal would wipe out a weak interference
    interference = np.where(np.eye(power.shape[-1], dtype=bool), 0.0, power).sum(axis=-1)
    return own / (interference + noise_power_w)


def rate(sinr: np.ndarray) -> np.ndarray:
    """Achievable rate log2(1 + SINR), eq. (13).

    Parameters
    ----------
    sinr : ndarray, shape (...)
        Signal to interference and noise ratio.

    Returns
    -------
    ndarray, shape (...)
        In bit/s/Hz.
    """
    return np.log1p(sinr) / np.log(2.0)


def spectral_efficiency(channel: np.ndarray, covariance: np.ndarray, noise_power_w: np.ndarray | float) -> np.ndarray:
    """Spectral efficiency of a multi-antenna link, log2 det(I + H R H^H / sigma^2).

    Parameters
    ----------
    channel : ndarray of complex, shape (..., M, N)
        H: the receiver gets H x.
    covariance : ndarray of complex, shape (..., N, N)
        R = E[x x^H], in watts.
    noise_power_w : float or ndarray, shape (...)
        sigma^2 at each receive antenna.

    Returns
    -------
    ndarray, shape (...)
        In bit/s/Hz.
    """
    received = channel @ covariance @ np.conj(np.swapaxes(channel, -1, -2))
    scaled = received / np.asarray(noise_power_w)[..., None, None]
    return np.linalg.slogdet(np.eye(scaled.shape[-1]) + scaled)[1] / np.log(2.0)


def dirty_paper_sinr(channels: np.ndarray, beamformers: np.ndarray, noise_power_w: np.ndarray | float) -> np.ndarray:
    """SINR |h_k^H w_k|^2 / (sum_{j>k} |h_k^H w_j|^2 + sigma^2) of dirty-paper coded streams.

    The users are encoded in the order of their index, each stream knowing those before it, so that
    a user is freed of the interference of the users before it (Costa, 1983; Caire and Shamai, 2003).

    Parameters
    ----------
    channels : ndarray of complex, shape (..., K, N)
        h_k.
    beamformers : ndarray of complex, shape (..., N, K)
        w_k in column k; the squared norm is watts.
    noise_power_w : float or ndarray, shape (...) broadcast against (..., K)
        sigma_k^2.

    Returns
    -------
    ndarray, shape (..., K)
    """
    received = np.abs(np.conj(channels) @ beamformers) ** 2
    wanted = np.diagonal(received, axis1=-2, axis2=-1)
    return wanted / (np.triu(received, 1).sum(axis=-1) + noise_power_w)
