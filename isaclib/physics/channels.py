"""Path losses and near-field channels, eqs. (3), (6), (58), (59)."""

from __future__ import annotations

import numpy as np


def los_path_loss_db(distance_m: np.ndarray | float) -> np.ndarray | float:
    """Line-of-sight path loss at millimetre waves, eq. (58).

    PL = 61.4 + 20 log10(d)

    Parameters
    ----------
    distance_m : float or ndarray
        Distance d in metres.

    Returns
    -------
    float or ndarray
        In dB.
    """
    return 61.4 + 20.0 * np.log10(distance_m)


def nlos_path_loss_db(distance_m: np.ndarray | float) -> np.ndarray | float:
    """Path loss of a scattered path at millimetre waves, eq. (59).

    PL = 72 + 29.2 log10(d)

    Parameters
    ----------
    distance_m : float or ndarray
        Distance d of the user in metres.

    Returns
    -------
    float or ndarray
        In dB.
    """
    return 72.0 + 29.2 * np.log10(distance_m)


def amplitude(path_loss_db: np.ndarray | float) -> np.ndarray | float:
    """Root-mean-square amplitude 10^(-PL/20) of a path.

    Parameters
    ----------
    path_loss_db : float or ndarray
        Path loss PL in dB.

    Returns
    -------
    float or ndarray
    """
    return 10.0 ** (-path_loss_db / 20.0)


def free_space_gain(distance_m: np.ndarray | float, wavelength_m: float) -> np.ndarray | float:
    """Free-space amplitude lambda / (4 pi d), eq. (3).

    Parameters
    ----------
    distance_m : float or ndarray
        Distance d in metres.
    wavelength_m : float
        Wavelength.

    Returns
    -------
    float or ndarray
    """
    return wavelength_m / (4.0 * np.pi * distance_m)


def saleh_valenzuela(gains: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """Sum the paths of a channel, eq. (6).

    h = sum_l alpha_l a(p_l), the line of sight being one of the paths.

    Parameters
    ----------
    gains : ndarray of complex, shape (..., L)
        alpha_l.
    responses : ndarray of complex, shape (..., L, N)
        a(p_l), from `arrays.spherical_response`.

    Returns
    -------
    ndarray of complex, shape (..., N)
    """
    return (gains[..., None, :] @ responses)[..., 0, :]


def monostatic_echo(
    response: np.ndarray, beamformers: np.ndarray, symbols: np.ndarray, noise: np.ndarray, reflection: complex
) -> np.ndarray:
    """Echo of a single target at a co-located receive array, eq. (15).

    Y = beta a a^H W S + Z

    Parameters
    ----------
    response : ndarray of complex, shape (..., N)
        a, from `arrays.spherical_response`.
    beamformers : ndarray of complex, shape (..., N, K)
        W.
    symbols : ndarray of complex, shape (..., K, T)
        S, of unit variance.
    noise : ndarray of complex, shape (..., N, T)
        Z.
    reflection : complex
        beta.

    Returns
    -------
    ndarray of complex, shape (..., N, T)
    """
    waveform = (np.conj(response)[..., None, :] @ beamformers) @ symbols
    return (reflection * response)[..., :, None] * waveform + noise
