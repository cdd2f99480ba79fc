"""The branch-and-bound certificate of hybrid SPEB minimisation for two users.

With C diagonal, C_11 >= C_22, and two streams

    f = tr(C M^-1) >= C_11 / M_11 + C_22 / M_22,   M_22 <= 1,   M_11 = g = |y0|^2 + |eta|^2

in the words of `cells`; the first inequality loses only what the two sensing directions share. The
largest g that hybrid beamformers reach under the rates is bounded from above by bisecting the
illumination frames (five real dimensions, whatever the number of antennas), which starts from the
E and z of the convex bound.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from isaclib.systems.hybrid.hybrid_bound.bisection import CENTRE, DUAL, FIRST_DUALS, HALF, VALUE, WIDTH, explore
from isaclib.systems.hybrid.hybrid_bound.cells import EMPTY
from isaclib.systems.hybrid.hybrid_bound.convex import convex_bound, diagonal_sensing
from isaclib.systems.hybrid.normalisation import NormalisedProblem

MAX_NODES = 4_000_000
"""Cells bounded at most by default; two take 150 bytes."""

SLICE_SECONDS = 0.1
"""How long the compiled search runs before the clock is looked at."""

Progress = Callable[[float, int, float], None]
"""Called with the bound on f so far, the cells bounded and the seconds spent."""


@dataclass(frozen=True)
class Certificate:
    """Where a search stopped, in normalised units.

    Attributes
    ----------
    value : float
        Bound on f; infinite where no hybrid beamformer meets the rates.
    nodes : int
        Cells bounded.
    seconds : float
        Time spent.
    finished : bool
        Whether the search ended by itself: nothing above the wanted level is open.
    """

    value: float
    nodes: int
    seconds: float
    finished: bool


def _first_cells(cells: np.ndarray, heap: np.ndarray, energy: float) -> int:
    """Cover alpha, psi in [0, pi/2], beta in [0, pi], phi, chi in [0, 2 pi] by equal cells."""
    quarter = 0.25 * math.pi
    count = 0
    for beta, phi, chi in np.ndindex(2, 4, 4):
        cells[count, CENTRE:HALF] = quarter * np.array([1.0, 2 * beta + 1, 2 * phi + 1, 2 * chi + 1, 1.0])
        cells[count, HALF:DUAL] = quarter
        cells[count, DUAL:VALUE] = FIRST_DUALS
        cells[count, VALUE] = math.sqrt(energy)
        heap[count] = count
        count += 1
    return count


def branch_and_bound(
    problem: NormalisedProblem,
    row: int,
    *,
    rf_chains: int,
    wanted: float = math.inf,
    seconds: float = 60.0,
    nodes: int = MAX_NODES,
    progress: Progress | None = None,
) -> Certificate:
    """Bound f of every hybrid beamformer of one draw from below.

    Parameters
    ----------
    problem : NormalisedProblem
        Of a batch, two users.
    row : int
        The draw.
    rf_chains : int
        N_RF.
    wanted : float
        Bound on f at which the search may end; the result is valid whatever it is.
    seconds : float
        Time limit; reading or compiling the search the first time is not counted.
    nodes : int
        Limit on the cells bounded.
    progress : callable, optional
        Told now and then.

    Returns
    -------
    Certificate
    """
    began = time.perf_counter()
    sensing, (first, second) = diagonal_sensing(problem)
    root = convex_bound(problem, row, rf_chains=rf_chains, rank_one=True)
    if root.energy <= 0.0:
        return Certificate(math.inf, 0, time.perf_counter() - began, True)
    a0, b1 = sensing[:, 0], sensing[:, 1]
    basis = np.ascontiguousarray(np.stack([a0, b1 - root.shift * a0, *problem.g[row]]))
    root_gamma, root_noise = np.sqrt(problem.gamma), np.sqrt(problem.noise[row])
    level = math.sqrt(first / (wanted - second)) if second < wanted < math.inf else 0.0
    # a cut bounds two cells and takes one row more
    capacity = nodes // 2 + 64
    cells = np.empty((capacity, WIDTH))
    sides = np.zeros(capacity, dtype=np.int8)
    heap = np.empty(capacity, dtype=np.int64)
    count = used = _first_cells(cells, heap, root.energy)
    aside, done, budget = EMPTY, 0, 256
    if level >= math.sqrt(root.energy):
        count, aside = 0, math.sqrt(root.energy)

    def bound() -> float:
        largest = max(aside, cells[heap[0], VALUE] if count else EMPTY)
        return first / largest**2 + second if largest > 0.0 else math.inf

    state = (basis, root_gamma, root_noise, root.energy, level, rf_chains)
    loading = time.perf_counter()
    explore(*state, 0, cells, sides, heap, 0, used, aside)
    began += time.perf_counter() - loading
    spent = time.perf_counter() - began
    while count and spent < seconds and done < nodes:
        limit = min(budget, nodes - done)
        count, used, aside, more = explore(*state, limit, cells, sides, heap, count, used, aside)
        if more == 0:
            break
        done += more
        now = time.perf_counter() - began
        left = min(SLICE_SECONDS, max(seconds - now, 0.01))
        budget = max(int(more * left / max(now - spent, 1e-6)), 16)
        spent = now
        if progress is not None:
            progress(bound(), done, spent)
    return Certificate(bound(), done, spent, count == 0)
