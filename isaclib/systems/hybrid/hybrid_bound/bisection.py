"""Best-first bisection of the cells of illumination frames, in slices.

The cell of the largest bound is cut in two again and again; a cell in which nothing exceeds the
wanted level is set aside. The largest bound of an open cell or of one set aside bounds every
beamformer, whenever the search is stopped.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.hybrid.hybrid_bound.cells import SIDES, alignment, frame, reachable
from isaclib.systems.hybrid.hybrid_bound.frame_dual import DUALS, minimise

CENTRE, HALF, DUAL, VALUE, WIDTH = 0, SIDES, 2 * SIDES, 2 * SIDES + DUALS, 2 * SIDES + DUALS + 1
"""Where in its row a cell keeps centre, half widths, multipliers and its bound on x = sqrt(g); length of the row."""

STEPS = 30
"""Most BFGS steps a cell."""

CARE = 2e-3
"""A descent ends where a step promises less than this part of what the cell's bound is above the wanted level."""

LEAST_TOLERANCE = 1e-6

LOG_LIMITS = (-2.0, 3.0)
TAU_LIMIT = 2.0
"""Limits of log l_k and |tau_k| where a descent begins: far out the dual is flat and nothing would move it."""

FIRST_DUALS = (-1.0, -1.0, 0.0, 0.0, 0.0, 0.0)

SMALL = 0.9
"""Alignment c from which on a descent that lowers nothing has failed, and is begun anew."""

SLACK = 3e-4
"""How far below the level that empties a cell a descent is let go: the share of the barriers in t."""


@numba.njit(cache=True)
def _sift_up(heap: np.ndarray, cells: np.ndarray, place: int) -> None:
    item = heap[place]
    while place > 0:
        parent = (place - 1) >> 1
        if cells[heap[parent], VALUE] >= cells[item, VALUE]:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = item


@numba.njit(cache=True)
def _sift_down(heap: np.ndarray, cells: np.ndarray, count: int) -> None:
    item = heap[0]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        if child + 1 < count and cells[heap[child + 1], VALUE] > cells[heap[child], VALUE]:
            child += 1
        if cells[item, VALUE] >= cells[heap[child], VALUE]:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = item


@numba.njit(cache=True)
def _side_to_cut(centre: np.ndarray, half: np.ndarray, t: float, energy: float) -> int:
    """Name the side whose halving lowers the bound of the cell most, for the same t."""
    c, a = alignment(centre, half)
    lowest, side = reachable(t, c, a, energy) - 1e-9, -1
    for i in range(SIDES):
        kept = half[i]
        half[i] = 0.5 * kept
        c, a = alignment(centre, half)
        half[i] = kept
        value = reachable(t, c, a, energy)
        if value < lowest:
            lowest, side = value, i
    if side >= 0:
        return side
    # too large to say anything: the side along which frames differ most
    longest = -1.0
    near, far = max(centre[4] - half[4], 0.0), min(centre[4] + half[4], 0.5 * math.pi)
    for i in range(SIDES):
        length = half[i] * (math.cos(near) if i == 2 else math.sin(far) if i == 3 else 1.0)
        if length > longest:
            longest, side = length, i
    return side


@numba.njit(cache=True)
def bound_cell(
    basis: np.ndarray,
    root_gamma: np.ndarray,
    root_noise: np.ndarray,
    energy: float,
    wanted: float,
    cell: np.ndarray,
    bloch: np.ndarray,
    inverse: np.ndarray,
) -> float:
    """Lower the bound of a cell by the dual at its centre.

    Parameters
    ----------
    basis : ndarray of complex, shape (4, N)
        Rows a0, c, h_1, h_2.
    root_gamma, root_noise : ndarray, shape (2,)
        Gamma_k^1/2 and sigma_k.
    energy : float
        E, a bound on |y0|^2 + |y1|^2.
    wanted : float
        Level of x below which a cell is of no interest.
    cell : ndarray, shape (WIDTH,)
        The cell; its multipliers are overwritten and its bound lowered.
    bloch : ndarray, shape (N_RF, 3)
        Where the phases of the subarrays begin; overwritten.
    inverse : ndarray, shape (6, 6)
        Inverse Hessian of a cell nearby, or zero; overwritten.

    Returns
    -------
    float
        t at the centre.
    """
    v = np.empty((2, 2), np.complex128)
    frame(cell[CENTRE:HALF], v)
    c, a = alignment(cell[CENTRE:HALF], cell[HALF:DUAL])
    empties = wanted * c - a * math.sqrt(max(energy - wanted * wanted, 0.0)) - SLACK
    x = cell[DUAL:VALUE]
    for k in range(2):
        x[k] = min(max(x[k], LOG_LIMITS[0]), LOG_LIMITS[1])
        length = math.hypot(x[2 + 2 * k], x[3 + 2 * k])
        if length > TAU_LIMIT:
            x[2 + 2 * k] *= TAU_LIMIT / length
            x[3 + 2 * k] *= TAU_LIMIT / length
    tolerance = max(CARE * (cell[VALUE] - wanted), LEAST_TOLERANCE)
    t = minimise(basis, v, root_gamma, root_noise, x, bloch, inverse, STEPS, tolerance, empties)
    if c > SMALL and reachable(t, c, a, energy) >= cell[VALUE]:
        for i in range(DUALS):
            x[i] = FIRST_DUALS[i]
        inverse[:] = 0.0
        t = min(t, minimise(basis, v, root_gamma, root_noise, x, bloch, inverse, STEPS, tolerance, empties))
    cell[VALUE] = min(cell[VALUE], reachable(t, c, a, energy))
    return t


@numba.njit(cache=True)
def explore(
    basis: np.ndarray,
    root_gamma: np.ndarray,
    root_noise: np.ndarray,
    energy: float,
    wanted: float,
    chains: int,
    budget: int,
    cells: np.ndarray,
    sides: np.ndarray,
    heap: np.ndarray,
    count: int,
    used: int,
    aside: float,
) -> tuple[int, int, float, int]:
    """Cut cells until `budget` new ones are bounded, none is open or the store is full.

    Parameters
    ----------
    basis, root_gamma, root_noise, energy, wanted
        As in `bound_cell`.
    chains : int
        N_RF.
    budget : int
        Cells to bound.
    cells, sides, heap : ndarray, shape (capacity, WIDTH), (capacity,), (capacity,)
        Cells, the side each is to be cut along, and the open ones as a heap, largest bound first.
    count, used : int
        Open cells, and rows of the store that are taken.
    aside : float
        Largest bound of a cell set aside.

    Returns
    -------
    count, used, aside
        As they are now.
    done : int
        Cells bounded.
    """
    bloch = np.empty((chains, 3))
    inverse = np.empty((DUALS, DUALS))
    done = 0
    while count > 0 and done < budget and used < cells.shape[0]:
        first, second = heap[0], used
        used += 1
        count -= 1
        heap[0] = heap[count]
        if count > 0:
            _sift_down(heap, cells, count)
        side = sides[first]
        cells[first, HALF + side] *= 0.5
        cells[second] = cells[first]
        cells[first, CENTRE + side] -= cells[first, HALF + side]
        cells[second, CENTRE + side] += cells[second, HALF + side]
        # the second half begins where the first ended
        bloch[:] = 0.0
        inverse[:] = 0.0
        for child in (first, second):
            t = bound_cell(basis, root_gamma, root_noise, energy, wanted, cells[child], bloch, inverse)
            done += 1
            if cells[child, VALUE] <= wanted:
                aside = max(aside, cells[child, VALUE])
                continue
            sides[child] = _side_to_cut(cells[child, CENTRE:HALF], cells[child, HALF:DUAL], t, energy)
            heap[count] = child
            _sift_up(heap, cells, count)
            count += 1
    return count, used, aside, done
