"""Responses of linear arrays along y to a point at range and angle, and their derivatives.

The phase is counted from the array's centre, e^{-j k0 (r_n - r)}: what is common to all elements
belongs to the gain of the path.
"""

from __future__ import annotations

import numpy as np

RESPONSES = ("fresnel", "exact")
"""Second order in y / r and of modulus one; true distances in phase and amplitude."""


def polar_response(
    offsets_m: np.ndarray,
    range_m: np.ndarray,
    angle_rad: np.ndarray,
    wavelength_m: float,
    *,
    response: str = "fresnel",
    aside_m: float = 0.0,
) -> np.ndarray:
    r"""Response of elements at y to a point, eqs. (4), (5), (7).

    fresnel  e^{-j k0 (-y sin th + y^2 cos^2 th / (2 r))}
    exact    (r / r_n) e^{-j k0 (r_n - r)},  r_n^2 = r^2 - 2 r y sin th + y^2 + z^2

    Parameters
    ----------
    offsets_m : ndarray, shape (..., N)
        y of the elements from the centre.
    range_m, angle_rad : ndarray, shape (...)
        Of the point: distance from the centre, angle from the x axis.
    wavelength_m : float
        Wavelength.
    response : str
        One of `RESPONSES`.
    aside_m : float
        z of the elements. To second order it is a phase common to all of them, so that only
        ``exact`` knows it.

    Returns
    -------
    ndarray of complex, shape (..., N)
    """
    k0 = 2.0 * np.pi / wavelength_m
    y, r, angle = np.asarray(offsets_m), np.asarray(range_m)[..., None], np.asarray(angle_rad)[..., None]
    if response == "fresnel":
        tilt, bend = k0 * np.sin(angle), -k0 * np.cos(angle) ** 2 / (2.0 * r)
        return np.exp(1j * (y * (tilt + bend * y)))
    apart, extra = _apart(y, r, angle, aside_m)
    return (r / apart) * np.exp(-1j * k0 * extra)


def polar_gradient(
    offsets_m: np.ndarray,
    range_m: np.ndarray,
    angle_rad: np.ndarray,
    wavelength_m: float,
    *,
    response: str = "fresnel",
    aside_m: float = 0.0,
) -> np.ndarray:
    """Differentiate `polar_response` with respect to range and angle, eqs. (17) to (19).

    Parameters
    ----------
    offsets_m, range_m, angle_rad, wavelength_m, response, aside_m
        As for `polar_response`.

    Returns
    -------
    ndarray of complex, shape (..., N, 2)
        d/dr in 1/m, d/dth in 1/rad.
    """
    k0 = 2.0 * np.pi / wavelength_m
    values = polar_response(offsets_m, range_m, angle_rad, wavelength_m, response=response, aside_m=aside_m)
    y, r, angle = np.asarray(offsets_m), np.asarray(range_m)[..., None], np.asarray(angle_rad)[..., None]
    sine, cosine = np.sin(angle), np.cos(angle)
    if response == "fresnel":
        along = 0.5j * k0 * (y * cosine / r) ** 2
        across = 1j * k0 * y * cosine * (1.0 + y * sine / r)
    else:
        apart, _ = _apart(y, r, angle, aside_m)
        outward, sideways = (r - y * sine) / apart, -r * y * cosine / apart
        along = 1.0 / r - outward / apart - 1j * k0 * (outward - 1.0)
        across = -sideways / apart - 1j * k0 * sideways
    return np.stack([along * values, across * values], axis=-1)


def _apart(y: np.ndarray, r: np.ndarray, angle: np.ndarray, aside_m: float) -> tuple[np.ndarray, np.ndarray]:
    """r_n and r_n - r, the latter without its cancellation."""
    beyond = y * y - 2.0 * r * y * np.sin(angle) + aside_m**2
    apart = np.sqrt(r * r + beyond)
    return apart, beyond / (apart + r)
