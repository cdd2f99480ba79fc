"""Two-step MUSIC: the position of one target from its near-field echoes.

The angle is searched first, with the far-field response, then the range at that angle, with the
near-field one. Both are refined below their grid, whose step would otherwise hide the bound.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

GRID_TURNS = 0.125
"""Grid step of both searches: the change of phase at the edge of the array, in turns."""

POWER_STEPS = 100
"""Power iterations before the full eigendecomposition takes over (ratio of eigenvalues above 0.75)."""

GOLDEN_STEPS = 34
"""Golden-section steps: 1e-7 of a bracket, which is what double precision resolves of a maximum."""

_SINE = tuple((-1.0) ** (d // 2) / math.factorial(d) for d in range(21, 0, -2))
_COSINE = tuple((-1.0) ** (d // 2) / math.factorial(d) for d in range(22, -1, -2))

# no fastmath: a function freshly compiled and the same one read back from the cache may be optimised
# differently, and only strict arithmetic then gives the same bits
_kernel: dict[str, Any] = {"cache": True, "error_model": "numpy"}


def locate(
    echoes: np.ndarray,
    elements_m: np.ndarray,
    wavelength_m: float,
    *,
    angle_sector_rad: tuple[float, float],
    range_sector_m: tuple[float, float],
) -> np.ndarray:
    r"""Locate one target by two-step MUSIC.

    With v the dominant eigenvector of Y Y^H, I - v v^H projects on the noise subspace. With the
    response a(theta, r), planar for r = infinity,

        theta = argmin N - |v^H a(theta, inf)|^2, then r = argmin N - |v^H a(theta, r)|^2,

    each on a grid (uniform in sin(theta) and in 1/r) and then by golden section.

    Parameters
    ----------
    echoes : ndarray of complex, shape (..., N, T)
        Y.
    elements_m : ndarray, shape (N, 2)
        (x, y) of the receive antennas; angle and range are seen from the origin.
    wavelength_m : float
        Wavelength.
    angle_sector_rad : tuple of float
        (min, max) of the angle from the x axis, within +-pi/2.
    range_sector_m : tuple of float
        (min, max) of the range, above zero.

    Returns
    -------
    ndarray, shape (..., 2)
        (x, y) of the estimate in metres; NaN where the echoes are zero or not finite.

    Raises
    ------
    ValueError
        For an empty sector, or one outside of what is allowed.

    Notes
    -----
    The far-field angle search bends with the wavefront. Without noise, on an array of 0.5 m at
    28 GHz: exact at broadside, off by less than 1 mm within 10 degrees of it, and from about an
    eighth of the Rayleigh distance inwards the far-field spectrum splits into two peaks, the angle
    is that of one of them and the range is wrong by metres.
    """
    (angle_low, angle_high), (range_low, range_high) = angle_sector_rad, range_sector_m
    if not -math.pi / 2 <= angle_low < angle_high <= math.pi / 2:
        raise ValueError(f"angle_sector_rad = {angle_sector_rad}: expected (min, max) within +-pi/2 with min < max")
    if not 0.0 < range_low < range_high < math.inf:
        raise ValueError(f"range_sector_m = {range_sector_m}: expected (min, max) with 0 < min < max")
    x, y = np.ascontiguousarray(np.asarray(elements_m, dtype=float).T / wavelength_m)
    reach = math.sqrt(float((x**2 + y**2).max()))
    sines = _grid(math.sin(angle_low), math.sin(angle_high), reach)
    curvatures = _grid(wavelength_m / range_high, wavelength_m / range_low, 0.5 * reach**2)
    flat = np.ascontiguousarray(echoes, dtype=np.complex128).reshape(-1, *echoes.shape[-2:])
    positions = np.empty((len(flat), 2))
    _locate(flat, x, y, sines, curvatures, positions)
    return wavelength_m * positions.reshape(*echoes.shape[:-2], 2)


def _grid(low: float, high: float, turns_per_unit: float) -> np.ndarray:
    return np.linspace(low, high, max(3, math.ceil((high - low) * turns_per_unit / GRID_TURNS) + 1))


@numba.njit(**_kernel)
def _locate(
    echoes: np.ndarray, x: np.ndarray, y: np.ndarray, sines: np.ndarray, curvatures: np.ndarray, positions: np.ndarray
) -> None:
    """Fill `positions`, in wavelengths like x and y; `curvatures` are inverse ranges."""
    elements = len(x)
    phases = np.empty((2, elements))
    vector = np.empty((2, elements))
    for trial in range(len(echoes)):
        if not _dominant(echoes[trial], vector):
            positions[trial, :] = np.nan
            continue
        sine = _search(vector, x, y, sines, 0.0, True, phases)
        curvature = _search(vector, x, y, curvatures, sine, False, phases)
        positions[trial, 0] = math.sqrt(1.0 - sine * sine) / curvature
        positions[trial, 1] = sine / curvature


@numba.njit(**_kernel)
def _dominant(echo: np.ndarray, vector: np.ndarray) -> bool:
    """Write the unit dominant eigenvector of Y Y^H into `vector` (real, imaginary part)."""
    elements, snapshots = echo.shape
    real, imag = np.zeros((elements, elements)), np.zeros((elements, elements))
    sample_real, sample_imag = np.empty(elements), np.empty(elements)
    for t in range(snapshots):
        for n in range(elements):
            sample_real[n], sample_imag[n] = echo[n, t].real, echo[n, t].imag
        for n in range(elements):
            r, i = sample_real[n], sample_imag[n]
            for m in range(elements):
                real[n, m] += r * sample_real[m] + i * sample_imag[m]
                imag[n, m] += i * sample_real[m] - r * sample_imag[m]
    start = 0
    for n in range(elements):
        if real[n, n] > real[start, start]:
            start = n
    trace = np.trace(real)
    if not 0.0 < trace < np.inf:
        return False
    next_real, next_imag = real[:, start].copy(), imag[:, start].copy()
    vector[:] = 0.0
    for _ in range(POWER_STEPS):
        norm = 0.0
        for n in range(elements):
            norm += next_real[n] ** 2 + next_imag[n] ** 2
        scale = 1.0 / math.sqrt(norm)
        change = 0.0
        for n in range(elements):
            r, i = scale * next_real[n], scale * next_imag[n]
            change += (r - vector[0, n]) ** 2 + (i - vector[1, n]) ** 2
            vector[0, n], vector[1, n] = r, i
        if change < 1e-24:
            return True
        next_real[:] = 0.0
        next_imag[:] = 0.0
        for m in range(elements):
            r, i = vector[0, m], vector[1, m]
            for n in range(elements):
                # column m of a Hermitian matrix is its conjugate row, which lies in one piece
                next_real[n] += real[m, n] * r + imag[m, n] * i
                next_imag[n] += real[m, n] * i - imag[m, n] * r
    last = np.linalg.eigh(real + 1j * imag)[1][:, elements - 1]
    for n in range(elements):
        vector[0, n], vector[1, n] = last[n].real, last[n].imag
    return True


@numba.njit(**_kernel)
def _search(
    vector: np.ndarray, x: np.ndarray, y: np.ndarray, grid: np.ndarray, sine: float, angle: bool, phases: np.ndarray
) -> float:
    """Maximise |v^H a| over the sine of the angle in the far field, or over the inverse range at a given sine."""
    best, peak = 0, -1.0
    for g in range(len(grid)):
        value = _match(vector, x, y, grid[g], sine, angle, phases)
        if value > peak:
            best, peak = g, value
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    ratio = 0.5 * (math.sqrt(5.0) - 1.0)
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left = _match(vector, x, y, left, sine, angle, phases)
    at_right = _match(vector, x, y, right, sine, angle, phases)
    for _ in range(GOLDEN_STEPS):
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = _match(vector, x, y, left, sine, angle, phases)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = _match(vector, x, y, right, sine, angle, phases)
    return 0.5 * (low + high)


@numba.njit(**_kernel)
def _match(
    vector: np.ndarray, x: np.ndarray, y: np.ndarray, argument: float, sine: float, angle: bool, phases: np.ndarray
) -> float:
    """Return |v^H a|^2 where `argument` is the sine of a far-field angle, or the inverse range at `sine`."""
    curvature = 0.0 if angle else argument
    if angle:
        sine = argument
    cosine = math.sqrt(1.0 - sine * sine)
    for n in range(len(x)):
        # path to antenna n minus path to the origin, in a form that neither cancels nor fails in the far field
        along = cosine * x[n] + sine * y[n]
        bend = curvature * (x[n] * x[n] + y[n] * y[n])
        path = (bend - 2.0 * along) / (math.sqrt(1.0 + curvature * (bend - 2.0 * along)) + 1.0)
        # the C library's sine and cosine would keep this loop out of vector registers: half the
        # phase, reduced to +-pi/2, by Taylor series (error below 1e-15), then doubled
        half = math.pi * (path - math.floor(path + 0.5))
        z = half * half
        s, c = 0.0, 0.0
        for coefficient in _SINE:
            s = s * z + coefficient
        for coefficient in _COSINE:
            c = c * z + coefficient
        s *= half
        phases[0, n], phases[1, n] = 1.0 - 2.0 * s * s, -2.0 * s * c
    real = imag = 0.0
    for n in range(len(x)):
        real += vector[0, n] * phases[0, n] + vector[1, n] * phases[1, n]
        imag += vector[0, n] * phases[1, n] - vector[1, n] * phases[0, n]
    return real * real + imag * imag
