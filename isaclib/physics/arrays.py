"""Antenna positions and array responses (Section II-A of the hybrid paper)."""

from __future__ import annotations

import numpy as np


def uniform_linear(elements: int, spacing_m: float) -> np.ndarray:
    """Place a uniform linear array on the y axis, centred at the origin.

    Antenna n = 1..N stands at (0, (2n - N - 1)/2 * spacing).

    Parameters
    ----------
    elements : int
        Number of antennas N.
    spacing_m : float
        Distance of neighbouring antennas.

    Returns
    -------
    ndarray, shape (N, 2)
        (x, y) of the antennas.
    """
    y = (np.arange(elements) - (elements - 1) / 2.0) * spacing_m
    return np.stack([np.zeros(elements), y], axis=-1)


def _offsets(elements_m: np.ndarray, position_m: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x and y of p - p_n and its length, each of shape (..., N): apart they take half the time."""
    elements, position = np.asarray(elements_m), np.asarray(position_m)[..., None, :]
    x, y = position[..., 0] - elements[..., 0], position[..., 1] - elements[..., 1]
    return x, y, np.sqrt(x**2 + y**2)


def spherical_response(elements_m: np.ndarray, position_m: np.ndarray, wavelength_m: float) -> np.ndarray:
    """Response of an array to a point source under spherical waves, eqs. (5), (9).

    a_n = exp(-j 2 pi |p - p_n| / lambda)

    Parameters
    ----------
    elements_m : ndarray, shape (N, 2)
        Antennas.
    position_m : ndarray, shape (..., 2)
        Source or target.
    wavelength_m : float
        Wavelength.

    Returns
    -------
    ndarray of complex, shape (..., N)
    """
    *_, distance = _offsets(elements_m, position_m)
    return np.exp(-2j * np.pi / wavelength_m * distance)


def spherical_gradient(elements_m: np.ndarray, position_m: np.ndarray, wavelength_m: float) -> np.ndarray:
    """Differentiate `spherical_response` with respect to the position.

    da_n/dp = -j (2 pi / lambda) (p - p_n)/|p - p_n| a_n

    Parameters
    ----------
    elements_m : ndarray, shape (N, 2)
        Antennas.
    position_m : ndarray, shape (..., 2)
        Source or target.
    wavelength_m : float
        Wavelength.

    Returns
    -------
    ndarray of complex, shape (..., N, 2)
        d/dx, d/dy, in 1/m.
    """
    x, y, distance = _offsets(elements_m, position_m)
    wavenumber = 2.0 * np.pi / wavelength_m
    response = np.exp(-1j * wavenumber * distance)
    return -1j * wavenumber * (np.stack([x, y], axis=-1) / distance[..., None]) * response[..., None]


def planar_response(elements_m: np.ndarray, angle_rad: np.ndarray | float, wavelength_m: float) -> np.ndarray:
    """Response of an array to a plane wave: the far-field limit of `spherical_response`.

    a_n = exp(+j 2 pi (p_n . u) / lambda), u = (cos angle, sin angle)

    Parameters
    ----------
    elements_m : ndarray, shape (N, 2)
        Antennas.
    angle_rad : ndarray, shape (...)
        Direction of the source, from the x axis (the broadside of `uniform_linear`).
    wavelength_m : float
        Wavelength.

    Returns
    -------
    ndarray of complex, shape (..., N)
        Of phase zero at the origin.
    """
    angle = np.asarray(angle_rad)[..., None]
    elements = np.asarray(elements_m)
    return np.exp(2j * np.pi / wavelength_m * (elements[:, 0] * np.cos(angle) + elements[:, 1] * np.sin(angle)))
