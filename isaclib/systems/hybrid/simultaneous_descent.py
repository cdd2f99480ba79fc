"""Augmented-Lagrangian L-BFGS descents of hybrid beamformers, `LANES` of them at once, compiled.

Every lane holds one descent. All lanes evaluate together, each wherever its own line search looks; a lane whose
descent has ended begins the next one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from isaclib.numerics.augmented_lagrangian import ARMIJO
from isaclib.numerics.lanes import LANES
from isaclib.numerics.simultaneous_lbfgs import Walk, forget, look, move, turn, walk
from isaclib.systems.hybrid.simultaneous_evaluation import Problems, evaluate, pose, problems
from isaclib.systems.hybrid.smooth import SUM_RATE

HEADING = 1e-2
"""Complementarity from which on the augmented Lagrangian tells where a descent will end."""

COARSE = 1e-3
REFINEMENT = 0.1
"""Gradient norm to which steps are taken with the first multipliers, and times the last complementarity with later
ones: what is found with multipliers still wrong need not be exact."""

TRIALS = 30
"""Trials of a line search."""

NORM = 4.0
"""Norm of the digital part at the start, which matters to nothing else: it suits the phases."""

NONE = -1


class Effort(NamedTuple):
    """When to stop.

    Attributes
    ----------
    penalty : float
        The first one.
    tolerance, gradient_tolerance : float
        Complementarity and gradient norm.
    max_outer, max_inner : int
        Multiplier updates, and L-BFGS steps between them.
    """

    penalty: float
    tolerance: float
    gradient_tolerance: float
    max_outer: int
    max_inner: int


LANE = np.dtype(
    [
        ("descent", np.int64),  # which, or `NONE`
        ("fresh", np.bool_),  # the next evaluation is the first with these multipliers
        ("stalled", np.bool_),  # no way down is seen
        ("round_ends", np.bool_),  # the steps with these multipliers are over
        ("total", np.float64),  # augmented Lagrangian where the lane stands
        ("value", np.float64),  # objective there
        ("worst", np.float64),  # complementarity of the last multiplier update
        ("pairs", np.int64),  # pairs that count
        ("inner", np.int64),  # steps with these multipliers
        ("trials", np.int64),  # failed trials of the line search
        ("outer", np.int64),  # multiplier updates
        ("steps", np.int64),  # steps of the descent
    ],
    align=True,
)
"""What a lane is at."""


@numba.njit(cache=True)
def descend_many(
    x: np.ndarray,
    rows: np.ndarray,
    chains: int,
    basis: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    log_rate: np.ndarray,
    objective: int,
    cap: float,
    multipliers: np.ndarray,
    effort: Effort,
    value: np.ndarray,
    residual: np.ndarray,
    evaluations: np.ndarray,
    traces: np.ndarray,
    give_up: np.ndarray,
) -> None:
    """Minimise from every start.

    Parameters
    ----------
    x : ndarray, shape (J, N + 2 N_RF K)
        Starts, overwritten: phases, then digital beamformer (chain, user, real/imag).
    rows : ndarray of int, shape (J,)
        Realisation each start belongs to.
    chains : int
        RF chains.
    basis : ndarray of complex, shape (B, N, P)
        V of every realisation.
    cost : ndarray, shape (2, 2)
        C.
    noise : ndarray, shape (B, K)
        Normalised noise.
    log_rate : ndarray, shape (K,)
        log(1 + Gamma), zero with `SUM_RATE`.
    objective : int
        `SENSING_COST`, `ILLUMINATION` or `SUM_RATE`, which asks for no rates.
    cap : float
        log tr(C M^-1) stays below it; infinity: no such constraint.
    multipliers : ndarray, shape (J, K) or (J, K + 1)
        Where to start, overwritten.
    effort : Effort
        When to stop.
    value, residual : ndarray, shape (J,)
        Written: objective, and largest complementarity.
    evaluations : ndarray of int, shape (J,)
        Written.
    traces : ndarray, shape (J, steps)
        Objective after each L-BFGS step, the last entry that of the end; the rest stays as it was.
    give_up : ndarray, shape (J,)
        A descent that heads for an objective above this one ends early, its value infinity.
    """
    descents, elements = x.shape[0], basis.shape[1]
    limits = multipliers.shape[1]
    first = noise.shape[1] if objective == SUM_RATE else 0
    w = walk(x.shape[1])
    p = problems(elements, chains, noise.shape[1], limits)
    s = np.zeros(LANES, LANE)
    for lane in range(LANES):
        s[lane].descent = NONE
    reached = np.empty((limits, LANES))
    w.x[elements:] = 1.0  # lanes without a descent are evaluated too
    following = 0
    slot = 0
    while True:
        _aim(w, s, effort)
        busy = False
        for lane in range(LANES):
            j = s[lane].descent
            if j != NONE and s[lane].round_ends:
                worst = _update_multipliers(p, reached, lane, first)
                ended = worst <= effort.tolerance and (
                    w.largest[0, lane] <= 10.0 * effort.gradient_tolerance or s[lane].stalled
                )
                hopeless = not ended and worst <= HEADING and s[lane].total > give_up[j]
                if ended or hopeless or s[lane].outer == effort.max_outer:
                    x[j] = w.x[:, lane]
                    multipliers[j] = p.multiplier[:, lane]
                    value[j] = np.inf if hopeless else s[lane].value
                    residual[j] = worst
                    if s[lane].steps > traces.shape[1] > 0:
                        traces[j, traces.shape[1] - 1] = s[lane].value
                    s[lane].descent = NONE
                else:
                    if worst > 0.25 * s[lane].worst:
                        p.penalty[0, lane] *= 4.0
                        forget(w.curvature, w.unit, lane)
                        s[lane].pairs = 0
                    s[lane].worst = worst
                    _begin_round(w, s, lane)
            if s[lane].descent == NONE and following < descents:
                j = following
                following += 1
                evaluations[j] = 0
                s[lane].descent = j
                pose(p, lane, basis[rows[j]], noise[rows[j]])
                p.multiplier[:, lane] = multipliers[j]
                p.penalty[0, lane] = effort.penalty
                _begin(w, s, lane, x[j], elements)
            busy |= s[lane].descent != NONE
        if not busy:
            break
        look(w)
        evaluate(p, w.trial, cost, log_rate, objective, cap, w.trial_gradient)
        _judge(w, p, s, evaluations)
        slot = (slot + 1) % w.steps.shape[0]
        move(w, slot)
        _arrive(w, p, s, reached, slot, traces)
        turn(w, slot)


@numba.njit(cache=True)
def _begin(w: Walk, s: np.ndarray, lane: int, start: np.ndarray, elements: int) -> None:
    norm = 0.0
    for i in range(elements, start.size):
        norm += start[i] * start[i]
    scale = NORM / math.sqrt(norm)
    for i in range(start.size):
        w.x[i, lane] = start[i] if i < elements else scale * start[i]
    forget(w.curvature, w.unit, lane)
    s[lane].pairs = 0
    s[lane].outer = 0
    s[lane].steps = 0
    s[lane].worst = np.inf
    _begin_round(w, s, lane)


@numba.njit(cache=True)
def _begin_round(w: Walk, s: np.ndarray, lane: int) -> None:
    """Begin between two multiplier updates; past pairs remain, since the Lagrangian bends much as before."""
    w.step[0, lane] = 0.0
    s[lane].fresh = True
    s[lane].stalled = False
    s[lane].inner = 0
    s[lane].trials = 0
    s[lane].outer += 1


@numba.njit(cache=True)
def _aim(w: Walk, s: np.ndarray, effort: Effort) -> None:
    """Set the next step of every lane, or tell that its steps with these multipliers are over."""
    largest, slopes, steps, steepest = w.largest, w.slope, w.step, w.steepest
    for lane in range(LANES):
        at = s[lane]
        steepest[0, lane] = 0.0
        small = max(effort.gradient_tolerance, min(COARSE, REFINEMENT * at.worst))
        at.round_ends = largest[0, lane] <= small or at.inner >= effort.max_inner or at.stalled
        if at.descent == NONE or at.round_ends:
            continue
        if slopes[0, lane] >= 0.0:
            steepest[0, lane] = 1.0
            slopes[0, lane] = -w.square[0, lane]
            forget(w.curvature, w.unit, lane)
            at.pairs = 0
        if at.trials == 0:
            slope = slopes[0, lane]
            steps[0, lane] = 1.0 if at.pairs > 0 else min(1.0, 0.3 / math.sqrt(-slope))
            if -slope < 1e-16 * (1.0 + abs(at.total)):
                # nothing left that double precision can see
                at.stalled = True
                at.round_ends = True


@numba.njit(cache=True)
def _update_multipliers(p: Problems, reached: np.ndarray, lane: int, first: int) -> float:
    """Update the multipliers where the lane stands; return the largest complementarity."""
    rho = p.penalty[0, lane]
    worst = 0.0
    for i in range(first, p.multiplier.shape[0]):
        constraint, multiplier = reached[i, lane], p.multiplier[i, lane]
        worst = max(worst, abs(min(constraint, multiplier / rho)))
        p.multiplier[i, lane] = max(0.0, multiplier - rho * constraint)
    return worst


@numba.njit(cache=True)
def _judge(w: Walk, p: Problems, s: np.ndarray, evaluations: np.ndarray) -> None:
    """Accept what lanes look at, or shorten their steps."""
    slopes, steps, accepted, totals = w.slope, w.step, w.accepted, p.total
    for lane in range(LANES):
        at = s[lane]
        accepted[0, lane] = 0.0
        if at.descent == NONE:
            continue
        evaluations[at.descent] += 1
        step, slope = steps[0, lane], slopes[0, lane]
        rise = totals[0, lane] - at.total
        if at.fresh or rise <= ARMIJO * step * slope + 1e-15 * abs(at.total):
            accepted[0, lane] = 1.0
            at.trials = 0
            continue
        at.trials += 1
        if at.trials == TRIALS:
            # no step is short enough: down the gradient once more, then never
            at.stalled = at.pairs == 0
            at.trials = 0
            at.pairs = 0
            at.inner += 1
            forget(w.curvature, w.unit, lane)
            continue
        # safeguarded quadratic interpolation
        bend = rise - step * slope
        steps[0, lane] = step * (min(0.5, max(0.1, -0.5 * slope * step / bend)) if 0.0 < bend < np.inf else 0.1)


@numba.njit(cache=True)
def _arrive(w: Walk, p: Problems, s: np.ndarray, reached: np.ndarray, slot: int, traces: np.ndarray) -> None:
    """Take down where lanes stand that have moved."""
    accepted, products, changes, curvature, unit = w.accepted, w.product, w.change, w.curvature, w.unit
    totals, values, constraint = p.total, p.value, p.constraint
    for lane in range(LANES):
        at = s[lane]
        curvature[slot, lane] = 0.0
        if accepted[0, lane] == 0.0:
            continue
        at.total = totals[0, lane]
        at.value = values[0, lane]
        for i in range(reached.shape[0]):
            reached[i, lane] = constraint[i, lane]
        if at.fresh:
            at.fresh = False
            continue
        product, change = products[0, lane], changes[0, lane]
        if product > 1e-12 * change:
            curvature[slot, lane] = 1.0 / product
            unit[0, lane] = product / change
            at.pairs += 1
        if at.steps < traces.shape[1]:
            traces[at.descent, at.steps] = at.value
        at.inner += 1
        at.steps += 1
