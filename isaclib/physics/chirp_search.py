"""Search of one place by sensors on a line, over range and angle, in whole batches.

Heard is m_k, what the sensors have received in the direction of stream k. The place sought has the
response b(r, th) there, and lights up with g(r, th) under the streams:

    (r, th) = argmax |sum_k g_k* b^H m_k|^2 / (|b|^2 |g|^2)

With one stream g drops out: that is ML of a single stream, and MUSIC with m the dominant eigenvector.
Phases along the line are chirps in y, coarse in range: few rows of a table suffice for a search, and
what it finds is refined with the exact response, far below the grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np

from isaclib.physics import chirp_kernels
from isaclib.physics.polar import RESPONSES

GRID_TURNS = 0.125
"""Grid step of the coarse search: the change of phase at the edge of the array, in turns."""

MOST_POINTS = 10_000_000
"""Points of a table times sensors: what memory bears."""

RANGE_SHARE = 0.95
"""Directions whose best coarse range has less than this share of a match found are passed over.

Half a step of the coarse ranges, 1/16 turn at most, turns the sum by half of that: cos^2(pi / 16) = 0.96.
"""


@dataclass(frozen=True)
class Grid:
    """A grid of places, for an estimate that is the best of them.

    Centres of cells, counted from a corner of the sector.

    Parameters
    ----------
    range_step_m, angle_step_rad : float
        Size of a cell.
    range_m, angle_rad : tuple of float
        (min, max) of all cells, whatever part of them is searched.
    """

    range_step_m: float
    angle_step_rad: float
    range_m: tuple[float, float]
    angle_rad: tuple[float, float]

    @property
    def ranges_m(self) -> np.ndarray:
        """Ranges of the grid; at least one."""
        return _centres(self.range_m, self.range_step_m)

    @property
    def angles_rad(self) -> np.ndarray:
        """Angles of the grid; at least one."""
        return _centres(self.angle_rad, self.angle_step_rad)


def _centres(ends: tuple[float, float], step: float) -> np.ndarray:
    cells = max(1, math.floor((ends[1] - ends[0]) / step * (1.0 + 1e-12)))
    return ends[0] + (np.arange(cells) + 0.5) * step


def coarse_sizes(reach_m: float, wavelength_m: float, inverse_width: float, sine_width: float) -> tuple[int, int]:
    """Return how many inverse ranges and sines of angles the coarse search of a sector has.

    Parameters
    ----------
    reach_m : float
        From the middle of the array to its end.
    wavelength_m : float
        Wavelength.
    inverse_width, sine_width : float
        Of the sector, in 1/r and sin(th).

    Returns
    -------
    tuple of int
    """
    return _sizes(reach_m, wavelength_m, inverse_width, sine_width)


def locate(
    heard: np.ndarray,
    count: np.ndarray,
    spacing_m: np.ndarray,
    sector: np.ndarray,
    *,
    wavelength_m: float,
    response: str = "fresnel",
    aside_m: float = 0.0,
    lit: np.ndarray | None = None,
    elements_m: np.ndarray | None = None,
    grid: Grid | None = None,
) -> np.ndarray:
    """Find the place that matches best what the sensors heard.

    Parameters
    ----------
    heard : ndarray of complex, shape (B, N, K)
        m; the first `count` rows of each count.
    count : ndarray of int, shape (B,)
        Sensors; where there are none, nothing is found.
    spacing_m : ndarray, shape (B,)
        Their distance, the array centred.
    sector : ndarray, shape (B, 4)
        Smallest and largest range in metres, smallest and largest angle in radians, within +-pi/2.
    wavelength_m : float
        Wavelength.
    response : str
        ``fresnel`` or ``exact``, as `isaclib.physics.polar` has them.
    aside_m : float
        z of the sensors.
    lit : ndarray of complex, shape (B, E, K), optional
        Streams on the elements that send: g = lit^T a. Needed where there are several streams.
    elements_m : ndarray, shape (E,), optional
        y of those elements.
    grid : Grid, optional
        The estimate is then the best of its places within the sector, or the one nearest to the
        sector's middle where none is inside; else it is refined.

    Returns
    -------
    ndarray, shape (B, 2)
        Range in metres and angle in radians; NaN where what was heard is not finite or nothing.

    Raises
    ------
    ValueError
        For another response, several streams without `lit`, or an empty sector.
    """
    if response not in RESPONSES:
        raise ValueError(f"response = {response!r}: expected one of {', '.join(RESPONSES)}")
    batch, _, streams = heard.shape
    if lit is None and streams != 1:
        raise ValueError(f"heard of shape {heard.shape}: expected one stream, or lit")
    near, far, low, high = np.asarray(sector, dtype=float).T
    if not np.all((near > 0.0) & (near < far) & (low < high) & (low >= -np.pi / 2) & (high <= np.pi / 2)):
        raise ValueError("sector: expected 0 < smallest < largest range and angles within +-pi/2")
    limits = np.stack([np.sin(low), np.sin(high), 1.0 / far, 1.0 / near], axis=-1)
    found = np.full((batch, 2), np.nan)
    # like arrays after each other: one table serves them all
    order = np.lexsort((*limits.T, spacing_m, count))
    _locate(
        order,
        np.ascontiguousarray(heard, dtype=np.complex128),
        np.ascontiguousarray(count, dtype=np.int64),
        np.ascontiguousarray(spacing_m, dtype=float),
        limits,
        2.0 * math.pi / wavelength_m,
        response == "exact",
        aside_m,
        np.empty((batch, 0, streams), dtype=np.complex128) if lit is None else np.ascontiguousarray(lit),
        np.empty(0) if elements_m is None else np.ascontiguousarray(elements_m),
        np.empty(0) if grid is None else grid.ranges_m,
        np.empty(0) if grid is None else grid.angles_rad,
        found,
    )
    return found


@numba.njit(cache=True, error_model="numpy")
def _sizes(reach: float, wavelength: float, inverse_width: float, sine_width: float) -> tuple[int, int]:
    turns = inverse_width * 0.5 * reach**2 / wavelength, sine_width * reach / wavelength
    return max(3, math.ceil(turns[0] / GRID_TURNS) + 1), max(3, math.ceil(turns[1] / GRID_TURNS) + 1)


@numba.njit(cache=True, error_model="numpy")
def _inside(values: np.ndarray, low: float, high: float) -> tuple[int, int]:
    """First and one past the last of ascending values within limits; one at least."""
    first, last = int(np.searchsorted(values, low)), int(np.searchsorted(values, high, side="right"))
    if first < last:
        return first, last
    middle = 0.5 * (low + high)
    nearest = 0
    for i in range(len(values)):
        if abs(values[i] - middle) < abs(values[nearest] - middle):
            nearest = i
    return nearest, nearest + 1


@numba.njit(cache=True, error_model="numpy")
def _locate(
    order: np.ndarray,
    heard: np.ndarray,
    count: np.ndarray,
    spacing: np.ndarray,
    limits: np.ndarray,
    wavenumber: float,
    exact: bool,
    aside: float,
    lit: np.ndarray,
    elements: np.ndarray,
    ranges: np.ndarray,
    angles: np.ndarray,
    found: np.ndarray,
) -> None:
    """Fill `found` with range and angle of every row."""
    streams = heard.shape[2]
    wavelength = 2.0 * math.pi / wavenumber
    places = np.empty((chirp_kernels.CANDIDATES, 2), dtype=np.int64)
    sums = np.empty((2, 6, streams), dtype=np.complex128)
    before = -1
    sines, inverses, sensors = np.empty(0), np.empty(0), np.empty(0)
    table = np.empty((0, 0, 0), dtype=np.complex128)
    element_table = np.empty((0, 0, 0), dtype=np.complex128)
    first = last = 0
    for row in order:
        sensor_count = count[row]
        if sensor_count < 1 or not spacing[row] > 0.0:
            continue
        whole, any_heard = True, False
        for n in range(sensor_count):
            for k in range(streams):
                value = heard[row, n, k]
                whole &= np.isfinite(value.real) and np.isfinite(value.imag)
                any_heard |= value != 0.0
        if not (whole and any_heard):
            continue
        low, high, far, near = limits[row]
        alike = before >= 0 and count[before] == sensor_count and spacing[before] == spacing[row]
        if not alike or (limits[before] != limits[row]).any():
            sensors = (np.arange(sensor_count) - 0.5 * (sensor_count - 1)) * spacing[row]
            reach = 0.5 * (sensor_count - 1) * spacing[row]
            if len(elements):
                reach += np.abs(elements).max()
            rows, columns = _sizes(reach, wavelength, near - far, high - low)
            inverses = np.linspace(far, near, rows)
            if len(angles):
                first, last = _inside(angles, math.asin(low), math.asin(high))
                sines = np.sin(angles[first:last])
            else:
                sines = np.linspace(low, high, columns)
            table = chirp_kernels.fill_table(sensors, aside, sines, inverses, wavenumber, exact)
            element_table = chirp_kernels.fill_table(elements, 0.0, sines, inverses, wavenumber, exact)
            before = row
        mine, sent = heard[row, :sensor_count], lit[row]
        match = chirp_kernels.fill_map(table, mine, element_table, sent)
        if len(angles):
            start, stop = _inside(ranges, 1.0 / near, 1.0 / far)
            tried = 1.0 / ranges[start:stop]
            _best_place(match, sines, tried, mine, sensors, aside, sent, elements, wavenumber, exact, found[row])
            found[row, 0] = ranges[start + int(found[row, 0])]
            found[row, 1] = angles[first + int(found[row, 1])]
            continue
        candidates = chirp_kernels.peaks(match, places)
        steps = (sines[1] - sines[0], inverses[1] - inverses[0])
        highest = -np.inf
        for c in range(candidates):
            i, j = places[c, 0], places[c, 1]
            if match[i, j] < chirp_kernels.KEPT_SHARE * match[places[0, 0], places[0, 1]]:
                break
            s, u, level = chirp_kernels.climb(
                (sines[j], inverses[i]),
                (low, high, far, near),
                steps,
                mine,
                sensors,
                aside,
                sent,
                elements,
                wavenumber,
                exact,
                sums,
            )
            if level > highest:
                highest = level
                found[row, 0], found[row, 1] = 1.0 / u, math.asin(s)


@numba.njit(cache=True, error_model="numpy")
def _best_place(
    match: np.ndarray,
    sines: np.ndarray,
    inverses: np.ndarray,
    heard: np.ndarray,
    sensors: np.ndarray,
    aside: float,
    lit: np.ndarray,
    elements: np.ndarray,
    wavenumber: float,
    exact: bool,
    best: np.ndarray,
) -> None:
    """Write the indices of the best range and angle of a grid; `match` is the map at coarse ranges."""
    rows, columns = match.shape
    tops = np.zeros(columns)
    for i in range(rows):
        for j in range(columns):
            tops[j] = max(tops[j], match[i, j])
    highest, leading = -np.inf, int(np.argmax(tops))
    for turn in range(columns + 1):
        # the most promising direction first: few others are then worth all their ranges
        j = leading if turn == 0 else turn - 1
        if turn > 0 and (j == leading or tops[j] < RANGE_SHARE * highest):
            continue
        one = sines[j : j + 1]
        table = chirp_kernels.fill_table(sensors, aside, one, inverses, wavenumber, exact)
        element_table = chirp_kernels.fill_table(elements, 0.0, one, inverses, wavenumber, exact)
        line = chirp_kernels.fill_map(table, heard, element_table, lit)
        for i in range(len(inverses)):
            if line[i, 0] > highest:
                highest = line[i, 0]
                best[0], best[1] = i, j
