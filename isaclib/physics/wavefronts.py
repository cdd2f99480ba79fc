"""Responses of arrays made of subarrays along y, under spherical, hybrid and planar wavefronts.

A response g is what the elements contribute at a point p = (x, y): the field there is g x. The
steering vector that lights the point is a = g^H.
"""

from __future__ import annotations

import math

import numpy as np

WAVEFRONTS = ("hspm", "swm", "pwm")
"""Spherical between subarrays and planar inside one; spherical throughout; planar throughout."""


def _towards(origin_m: np.ndarray, position_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance from points (0, y) to a position, and the sine of the angle under which they see it."""
    along = position_m[..., 1] - origin_m
    distance = np.hypot(position_m[..., 0], along)
    return distance, along / distance


def subarray_response(
    centres_m: np.ndarray, offsets_m: np.ndarray, position_m: np.ndarray, wavelength_m: float
) -> np.ndarray:
    """Planar responses of the subarrays to a position, eqs. (5), (17).

    b_l = [e^{j k0 m d sin th_l}]_m, sin th_l = (r sin th - y_l) / r_l

    Parameters
    ----------
    centres_m : ndarray, shape (..., L)
        y of the subarray centres.
    offsets_m : ndarray, shape (M,)
        y of the elements from the centre of their subarray.
    position_m : ndarray, shape (..., 2)
        (x, y).
    wavelength_m : float
        Wavelength.

    Returns
    -------
    ndarray of complex, shape (..., L, M)
        Entries of modulus one.
    """
    _, sine = _towards(centres_m, np.asarray(position_m)[..., None, :])
    return _turned(2.0 * np.pi / wavelength_m * sine, np.asarray(offsets_m))


def _turned(rate: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """e^{j rate offset}; of even offsets by products of two of few: exponentials are dear."""
    width = math.isqrt(len(offsets))
    coarse, fine = offsets[::width], offsets[:width] - offsets[0]
    if not np.allclose(
        (coarse[:, None] + fine).reshape(-1)[: len(offsets)], offsets, rtol=0.0, atol=1e-15 * np.ptp(offsets)
    ):
        return np.exp(1j * rate[..., None] * offsets)
    turns = np.exp(1j * rate[..., None] * coarse)[..., None] * np.exp(1j * rate[..., None] * fine)[..., None, :]
    return turns.reshape(*rate.shape, -1)[..., : len(offsets)]


def subarray_phase(centres_m: np.ndarray, position_m: np.ndarray, wavelength_m: float) -> np.ndarray:
    """Phases of the paths from the subarray centres to a position, e^{-j k0 r_l} of (4), (9), (18).

    Parameters
    ----------
    centres_m, position_m, wavelength_m
        As for `subarray_response`.

    Returns
    -------
    ndarray of complex, shape (..., L)
    """
    apart, _ = _towards(centres_m, np.asarray(position_m)[..., None, :])
    return np.exp(-2j * np.pi / wavelength_m * apart)


def modular_response(
    centres_m: np.ndarray, offsets_m: np.ndarray, position_m: np.ndarray, wavelength_m: float, wavefront: str
) -> np.ndarray:
    """Response g of a modular array to a position, eqs. (1) to (5) and (16) to (18).

    pwm   e^{j k0 y sin th}
    swm   (r / r_lm) e^{-j k0 r_lm}
    hspm  (r / r_l) e^{-j k0 r_l} b_l

    r and th are taken from the origin.

    Parameters
    ----------
    centres_m : ndarray, shape (..., L)
        y of the subarray centres; the receive array of a base station is mirrored, -y.
    offsets_m : ndarray, shape (M,)
        y of the elements from the centre of their subarray.
    position_m : ndarray, shape (..., 2)
        (x, y).
    wavelength_m : float
        Wavelength.
    wavefront : str
        One of `WAVEFRONTS`.

    Returns
    -------
    ndarray of complex, shape (..., L, M)

    Raises
    ------
    ValueError
        For an unknown wavefront.
    """
    k0 = 2.0 * np.pi / wavelength_m
    position = np.asarray(position_m)
    centres = np.asarray(centres_m)
    distance = np.hypot(position[..., 0], position[..., 1])[..., None, None]
    if wavefront == "hspm":
        apart, _ = _towards(centres, position[..., None, :])
        between = distance[..., 0] / apart * subarray_phase(centres, position, wavelength_m)
        return between[..., None] * subarray_response(centres, offsets_m, position, wavelength_m)
    elements = centres[..., None] + offsets_m
    if wavefront == "swm":
        apart, _ = _towards(elements, position[..., None, None, :])
        return distance / apart * np.exp(-1j * k0 * apart)
    if wavefront == "pwm":
        sine = position[..., 1][..., None, None] / distance
        return np.exp(1j * k0 * elements * sine)
    raise ValueError(f"wavefront = {wavefront!r}: expected one of {', '.join(WAVEFRONTS)}")


def path_response(
    centres_m: np.ndarray,
    offsets_m: np.ndarray,
    reference_m: np.ndarray,
    position_m: np.ndarray,
    wavelength_m: float,
    wavefront: str,
) -> np.ndarray:
    """Phases of the paths from every element to a position, without amplitudes, as (9) has them.

    Parameters
    ----------
    centres_m, offsets_m, position_m, wavelength_m, wavefront
        As for `modular_response`.
    reference_m : ndarray, shape (...)
        y from which a planar wavefront counts its one distance and angle.

    Returns
    -------
    ndarray of complex, shape (..., L, M)
        e^{-j k0 d} of the distance d of each element under the wavefront.

    Raises
    ------
    ValueError
        For an unknown wavefront.
    """
    k0 = 2.0 * np.pi / wavelength_m
    position = np.asarray(position_m)
    centres = np.asarray(centres_m)
    if wavefront == "hspm":
        between = subarray_phase(centres, position, wavelength_m)
        return between[..., None] * subarray_response(centres, offsets_m, position, wavelength_m)
    if wavefront == "swm":
        apart, _ = _towards(centres[..., None] + offsets_m, position[..., None, None, :])
        return np.exp(-1j * k0 * apart)
    if wavefront == "pwm":
        apart, sine = _towards(np.asarray(reference_m), position)
        along = centres[..., None] + offsets_m - np.asarray(reference_m)[..., None, None]
        return np.exp(-1j * k0 * (apart[..., None, None] - sine[..., None, None] * along))
    raise ValueError(f"wavefront = {wavefront!r}: expected one of {', '.join(WAVEFRONTS)}")
