"""Compiled searches of `isaclib.physics.music_2d`: the noise-space share d of a point, and its minima."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from isaclib.physics import music_coarse

_FIRST_SCALE, _ROUGH_SCALE, _LAST_SCALE = 0.5, 0.03, 1e-3
_NEWTON_STEPS = 60
_DOUBLINGS = 60
_HALVINGS = 44

# strict arithmetic: compiled anew or read back from the cache, the same bits
_kernel: dict[str, Any] = {"cache": True, "error_model": "numpy"}


@numba.njit(**_kernel)
def _noise_share(
    x: float,
    y: float,
    elements: np.ndarray,
    edges: np.ndarray,
    centres: np.ndarray,
    wavenumber: float,
    subspace: np.ndarray,
) -> float:
    """d of one point: 1 - ||U^H a||^2 / ||a||^2 with the exact response."""
    sources = subspace.shape[1]
    match = np.zeros(sources, dtype=np.complex128)
    norm = 0.0
    for piece in range(len(edges) - 1):
        along = y - centres[piece]
        distance = math.sqrt(x * x + along * along)
        seen = along / distance
        amplitude = 1.0 / distance
        norm += amplitude * amplitude * (edges[piece + 1] - edges[piece])
        for n in range(edges[piece], edges[piece + 1]):
            phase = wavenumber * (seen * (elements[n] - centres[piece]) - distance)
            value = complex(amplitude * math.cos(phase), amplitude * math.sin(phase))
            for k in range(sources):
                match[k] += subspace[n, k].conjugate() * value
    power = 0.0
    for k in range(sources):
        power += match[k].real ** 2 + match[k].imag ** 2
    return 1.0 - power / norm


@numba.njit(**_kernel)
def _seen(
    curvature: float,
    sine: float,
    middle: float,
    elements: np.ndarray,
    edges: np.ndarray,
    centres: np.ndarray,
    wavenumber: float,
    subspace: np.ndarray,
) -> float:
    """d of the point with this inverse range and sine of the angle, both from (0, middle)."""
    x, y = math.sqrt(max(1.0 - sine * sine, 0.0)) / curvature, middle + sine / curvature
    return _noise_share(x, y, elements, edges, centres, wavenumber, subspace)


@numba.njit(**_kernel)
def _descend(
    start: tuple[float, float],
    scales: tuple[float, float],
    steps: tuple[float, float],
    limits: tuple[float, float, float, float],
    elements: np.ndarray,
    edges: np.ndarray,
    centres: np.ndarray,
    wavenumber: float,
    subspace: np.ndarray,
) -> tuple[float, float, float]:
    """Newton steps on d, differences taken over ever less of a grid step; return (1/r, sine, d)."""
    # seen from the middle of the array, range and angle hardly depend on each other
    middle = elements.mean()
    x, y = math.sqrt(1.0 - start[1] ** 2) / start[0], start[1] / start[0] - middle
    u = 1.0 / math.sqrt(x * x + y * y)
    v = u * y
    scale, last = scales
    a, b = scale * steps[0], scale * steps[1]
    best = _seen(u, v, middle, elements, edges, centres, wavenumber, subspace)
    for _ in range(_NEWTON_STEPS):
        if scale < last:
            break
        a, b = scale * steps[0], scale * steps[1]
        right = _seen(u + a, v, middle, elements, edges, centres, wavenumber, subspace)
        left = _seen(u - a, v, middle, elements, edges, centres, wavenumber, subspace)
        up = _seen(u, v + b, middle, elements, edges, centres, wavenumber, subspace)
        down = _seen(u, v - b, middle, elements, edges, centres, wavenumber, subspace)
        ahead = _seen(u + a, v + b, middle, elements, edges, centres, wavenumber, subspace)
        behind = _seen(u - a, v - b, middle, elements, edges, centres, wavenumber, subspace)
        slope_u, slope_v = 0.5 * (right - left), 0.5 * (up - down)
        bend_u, bend_v = right + left - 2.0 * best, up + down - 2.0 * best
        twist = 0.5 * (ahead + behind - right - left - up - down) + best
        determinant = bend_u * bend_v - twist * twist
        if bend_u > 0.0 and determinant > 1e-9 * bend_u * bend_v:
            move_u = -(bend_v * slope_u - twist * slope_v) / determinant
            move_v = -(bend_u * slope_v - twist * slope_u) / determinant
            # beyond this the parabola is a guess
            shrink = min(1.0, 4.0 / max(abs(move_u), abs(move_v), 1e-300))
            move_u, move_v = shrink * move_u, shrink * move_v
        elif abs(slope_u) > abs(slope_v):
            move_u, move_v = -math.copysign(1.0, slope_u), 0.0
        else:
            move_u, move_v = 0.0, -math.copysign(1.0, slope_v)
        far = False
        for _ in range(4):
            to_u, to_v = u + move_u * a, v + move_v * b
            if to_u > 0.0 and abs(to_v) < 1.0 and _inside(to_u, to_v, middle, limits):
                there = _seen(to_u, to_v, middle, elements, edges, centres, wavenumber, subspace)
                if there < best:
                    u, v, best = to_u, to_v, there
                    far = max(abs(move_u), abs(move_v)) > 1.0
                    break
            move_u, move_v = 0.5 * move_u, 0.5 * move_v
        if not far:
            scale *= 0.3
    x, y = math.sqrt(1.0 - v * v) / u, middle + v / u
    curvature = 1.0 / math.sqrt(x * x + y * y)
    return curvature, y * curvature, best


@numba.njit(**_kernel)
def _inside(curvature: float, sine: float, middle: float, limits: tuple[float, float, float, float]) -> bool:
    x, y = math.sqrt(1.0 - sine * sine) / curvature, middle + sine / curvature
    inverse = 1.0 / math.sqrt(x * x + y * y)
    return limits[0] <= inverse <= limits[1] and limits[2] <= y * inverse <= limits[3]


@numba.njit(**_kernel)
def locate(
    subspaces: np.ndarray,
    elements: np.ndarray,
    edges: np.ndarray,
    centres: np.ndarray,
    coarse_edges: np.ndarray,
    coarse_centres: np.ndarray,
    wavenumber: float,
    curvatures: np.ndarray,
    sines: np.ndarray,
    found: np.ndarray,
) -> None:
    """Fill `found` with range and angle of the peak of every subspace."""
    rows, columns = len(curvatures), len(sines)
    seen = np.empty((rows * columns, coarse_centres.shape[1]))
    phasors = np.empty((rows * columns, coarse_centres.shape[1]), dtype=np.complex128)
    shares = np.empty(rows * columns)
    places = np.empty((music_coarse.CANDIDATES, 2), dtype=np.int64)
    steps = (curvatures[1] - curvatures[0], sines[1] - sines[0])
    limits = (curvatures[0], curvatures[-1], sines[0], sines[-1])
    sizes = (coarse_edges[1:] - coarse_edges[:-1]).astype(np.float64)
    for row in range(len(subspaces)):
        one = min(row, len(elements) - 1)
        if row == 0 or one == row:
            music_coarse.geometry(curvatures, sines, coarse_centres[one], sizes, wavenumber, seen, phasors)
        subspace = subspaces[row]
        if not np.isfinite(subspace[0, 0].real):
            found[row, :] = np.nan
            continue
        music_coarse.shares_of(
            subspace, elements[one], coarse_edges, coarse_centres[one], wavenumber, seen, phasors, shares
        )
        count = music_coarse.minima(shares.reshape(rows, columns), places)
        curvature, sine, best = 0.0, 0.0, np.inf
        for c in range(count):
            start = (curvatures[places[c, 0]], sines[places[c, 1]])
            u, v, share = _descend(
                start,
                (_FIRST_SCALE, _ROUGH_SCALE),
                steps,
                limits,
                elements[one],
                edges,
                centres[one],
                wavenumber,
                subspace,
            )
            if share < best:
                curvature, sine, best = u, v, share
        curvature, sine, best = _descend(
            (curvature, sine),
            (_ROUGH_SCALE, _LAST_SCALE),
            steps,
            limits,
            elements[one],
            edges,
            centres[one],
            wavenumber,
            subspace,
        )
        found[row, 0], found[row, 1] = 1.0 / curvature, math.asin(sine)


@numba.njit(**_kernel)
def width(
    subspaces: np.ndarray,
    elements: np.ndarray,
    edges: np.ndarray,
    centres: np.ndarray,
    wavenumber: float,
    peaks: np.ndarray,
    widths: np.ndarray,
) -> None:
    """Fill `widths` with the -3 dB width in range through every peak."""
    for row in range(len(subspaces)):
        one = min(row, len(elements) - 1)
        peak, sine = peaks[row, 0], math.sin(peaks[row, 1])
        widths[row] = 0.0 if np.isfinite(peak) else np.nan
        if not np.isfinite(peak):
            continue
        half = 2.0 * _seen(1.0 / peak, sine, 0.0, elements[one], edges, centres[one], wavenumber, subspaces[row])
        for side in (-1.0, 1.0):
            inner, outer = 0.0, 1e-6 * peak
            for _ in range(_DOUBLINGS):
                at = peak + side * outer
                if at <= 0.0 or (
                    _seen(1.0 / at, sine, 0.0, elements[one], edges, centres[one], wavenumber, subspaces[row]) > half
                ):
                    break
                inner, outer = outer, 1.5 * outer
            else:
                outer = np.inf
            if outer == np.inf or peak + side * outer <= 0.0:
                widths[row] = np.inf
                break
            for _ in range(_HALVINGS):
                middle = 0.5 * (inner + outer)
                at = 1.0 / (peak + side * middle)
                if _seen(at, sine, 0.0, elements[one], edges, centres[one], wavenumber, subspaces[row]) > half:
                    outer = middle
                else:
                    inner = middle
            widths[row] += 0.5 * (inner + outer)


@numba.njit(**_kernel)
def spectrum(
    subspaces: np.ndarray,
    elements: np.ndarray,
    edges: np.ndarray,
    centres: np.ndarray,
    wavenumber: float,
    peaks: np.ndarray,
    ranges: np.ndarray,
    angles: np.ndarray,
    levels: np.ndarray,
) -> None:
    """Fill `levels` with the spectra in dB relative to their peaks."""
    for row in range(len(subspaces)):
        one = min(row, len(elements) - 1)
        levels[row] = np.nan
        if not np.isfinite(peaks[row, 0]):
            continue
        peak = _seen(
            1.0 / peaks[row, 0],
            math.sin(peaks[row, 1]),
            0.0,
            elements[one],
            edges,
            centres[one],
            wavenumber,
            subspaces[row],
        )
        for i in range(len(ranges)):
            for j in range(len(angles)):
                share = _seen(
                    1.0 / ranges[i],
                    math.sin(angles[j]),
                    0.0,
                    elements[one],
                    edges,
                    centres[one],
                    wavenumber,
                    subspaces[row],
                )
                levels[row, i, j] = 10.0 * math.log10(peak / share)
