"""The relaxation solved along its central path, `LANES` draws at once, compiled.

The dual point stays feasible, so that its value is a bound at any time; the path ends when beams taken from the
R_k meet that bound. Every lane holds one draw. All lanes take their steps together, those of
`isaclib.systems.hybrid.predictor_corrector`; a lane whose draw has ended begins the next one.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from isaclib.numerics.lanes import LANES
from isaclib.systems.hybrid.beams import RATE_SLIP, beam_cost, rank_one
from isaclib.systems.hybrid.dual_problem import COST, ILLUMINATION, TIE_BREAK, start_point
from isaclib.systems.hybrid.predictor_corrector import (
    CAP,
    DISTANCE,
    DUAL_STEP,
    FRESH,
    MULTIPLIER,
    OPEN,
    PRIMAL_STEP,
    VALUE,
    State,
    X,
    aim,
    enter,
    measure,
    state,
    step,
)

GAP = 1e-7
"""Relative distance of the beams to the bound at which the method ends; ten times that to break ties."""

CAP_SLIP = 1e-6
"""Relative excess over the cap that beams may have."""

MOST_STEPS = 60

LEAST_STEP = 1e-3
"""Shorter steps lead nowhere: the path ends."""

WARM = 1e-3
"""Relative distance to the bound at which a point is kept for breaking ties."""

WARM_SCALE = 30.0
"""First guess of the multiplier of the cap."""

NONE = -1


class Draws(NamedTuple):
    """Relaxations to solve.

    Attributes
    ----------
    vectors : ndarray of complex, shape (B, dim, 3 + K)
        [a0, b1, b2, g_1, ..., g_K].
    cost : ndarray, shape (2, 2)
        C.
    noise : ndarray, shape (B, K)
        Normalised noise.
    gamma : ndarray, shape (K,)
        SINR thresholds.
    uplink : ndarray, shape (B, K)
        Uplink powers of the minimum-power problem: the path starts from a share of them.
    cap : ndarray, shape (B,)
        Largest f under `TIE_BREAK`.
    """

    vectors: np.ndarray
    cost: np.ndarray
    noise: np.ndarray
    gamma: np.ndarray
    uplink: np.ndarray
    cap: np.ndarray


class Solutions(NamedTuple):
    """What `follow` writes for the draws it is asked for.

    Attributes
    ----------
    bound, value, margin : ndarray, shape (B,)
        Bound on the objective, objective of the beams, their smallest rate margin in nat.
    steps : ndarray of int, shape (B,)
        Newton steps, added.
    beams : ndarray of complex, shape (B, dim, K)
        Beams of unit power; left as they were where the path ends without any.
    multipliers : ndarray, shape (B, K)
        With the beams: lambda of the rates.
    """

    bound: np.ndarray
    value: np.ndarray
    margin: np.ndarray
    steps: np.ndarray
    beams: np.ndarray
    multipliers: np.ndarray


class Warm(NamedTuple):
    """Points a thousandth from the bound: under `COST` written, under `TIE_BREAK` read. Of no draws: none is kept.

    Attributes
    ----------
    dual : ndarray, shape (B, 10 + 2 K)
        Dual variables, then the multipliers of lambda.
    covariances : ndarray, shape (B, K, dim, dim, 2)
        R_k, real and imaginary parts.
    corner, root : ndarray, shapes (B, 3, 3, 2), (B, 2, 2, 2)
        Multipliers of B_0 and B_r.
    """

    dual: np.ndarray
    covariances: np.ndarray
    corner: np.ndarray
    root: np.ndarray


LANE = np.dtype(
    [
        ("draw", np.int64),  # which, or `NONE`
        ("judged", np.bool_),  # what it stands at has been looked at
        ("stuck", np.bool_),  # no step leads on
        ("kept", np.bool_),  # its point for breaking ties is written
        ("steps", np.int64),
        ("bound", np.float64),  # best so far
        ("best", np.float64),  # objective of the best beams
        ("margin", np.float64),  # their smallest rate margin
    ],
    align=True,
)
"""What a lane is at."""


@numba.njit(cache=True)
def follow(draws: Draws, chosen: np.ndarray, mode: int, warm: Warm, out: Solutions) -> None:
    """Solve the relaxation of some draws; take the beams from their R_k.

    Parameters
    ----------
    draws : Draws
        All draws.
    chosen : ndarray of int
        Which of them to solve.
    mode : int
        `COST`, `TIE_BREAK` or `ILLUMINATION`.
    warm : Warm
        Where to break ties from.
    out : Solutions
        Written for these draws.
    """
    size, count = draws.vectors.shape[1:]
    users = count - 3
    sensing = mode != ILLUMINATION
    w = state(size, count, sensing)
    s = np.zeros(LANES, LANE)
    for lane in range(LANES):
        s[lane].draw = NONE
    covariances = np.empty((users, size, size), np.complex128)
    beams = np.empty((size, users), np.complex128)
    following = 0
    while True:
        begun = False
        busy = False
        for lane in range(LANES):
            w.scalars[FRESH, lane] = 0.0
            if s[lane].draw == NONE and following < chosen.size:
                _begin(w, s, lane, draws, chosen[following], mode, warm)
                following += 1
                begun = True
            busy |= s[lane].draw != NONE
            w.scalars[OPEN, lane] = 1.0 if s[lane].draw != NONE else 0.0
        if not busy:
            break
        if begun:
            enter(w, draws.gamma, mode)
        measure(w, draws.cost, mode)
        ended = False
        for lane in range(LANES):
            if s[lane].draw != NONE and not s[lane].judged:
                ended |= _judge(w, s, lane, draws, mode, warm, covariances, beams, out)
        if ended:
            continue
        aim(w, draws.gamma, mode)
        step(w, draws.gamma, mode)
        for lane in range(LANES):
            at = s[lane]
            at.judged = False
            at.steps += 1
            shortest = min(w.scalars[DUAL_STEP, lane], w.scalars[PRIMAL_STEP, lane])
            at.stuck = w.scalars[OPEN, lane] <= 0.0 or shortest < LEAST_STEP


@numba.njit(cache=True)
def _begin(w: State, s: np.ndarray, lane: int, draws: Draws, draw: int, mode: int, warm: Warm) -> None:
    """Let a lane begin a draw."""
    users = draws.gamma.size
    at = s[lane]
    at.draw = draw
    at.judged = at.stuck = at.kept = False
    at.steps = 0
    at.bound = -np.inf if mode == COST else np.inf
    at.best = -at.bound
    at.margin = -np.inf
    w.scalars[FRESH, lane] = 1.0
    w.scalars[CAP, lane] = draws.cap[draw]
    for k in range(users):
        w.noise[k, lane] = draws.noise[draw, k]
    for i in range(w.vectors.shape[1]):
        for c in range(w.vectors.shape[2]):
            w.vectors[0, i, c, 0, lane] = draws.vectors[draw, i, c].real
            w.vectors[0, i, c, 1, lane] = draws.vectors[draw, i, c].imag
    if mode == TIE_BREAK:
        n = w.dual.shape[1]
        for i in range(n):
            w.dual[X, i, lane] = WARM_SCALE * warm.dual[draw, i]
        w.dual[X, n - 1, lane] += 1.0
        for k in range(users):
            w.slack[0, k, lane] = warm.dual[draw, n + k]
        w.users[MULTIPLIER, :, :, :, :, lane] = warm.covariances[draw]
        w.corner[MULTIPLIER, :, :, :, lane] = warm.corner[draw]
        w.root[MULTIPLIER, :, :, :, lane] = warm.root[draw]
    else:
        start_point(draws.cost, draws.uplink[draw], mode != ILLUMINATION, w.dual[X], lane)


@numba.njit(cache=True)
def _judge(
    w: State,
    s: np.ndarray,
    lane: int,
    draws: Draws,
    mode: int,
    warm: Warm,
    covariances: np.ndarray,
    beams: np.ndarray,
    out: Solutions,
) -> bool:
    """Look at what a lane stands at; return whether its draw has ended."""
    at = s[lane]
    at.judged = True
    draw = at.draw
    users = draws.gamma.size
    n = w.dual.shape[1]
    goal = 10.0 * GAP if mode == TIE_BREAK else GAP
    value, distance = w.scalars[VALUE, lane], w.scalars[DISTANCE, lane]
    at.bound = max(at.bound, -value) if mode == COST else min(at.bound, value)
    done = at.stuck or at.steps == MOST_STEPS or distance <= 0.01 * goal * abs(at.bound)
    if mode == COST and warm.dual.size and not at.kept and (done or distance <= WARM * abs(at.bound)):
        at.kept = True
        for i in range(n):
            warm.dual[draw, i] = w.dual[X, i, lane]
        for k in range(users):
            warm.dual[draw, n + k] = w.slack[0, k, lane]
        warm.covariances[draw] = w.users[MULTIPLIER, :, :, :, :, lane]
        warm.corner[draw] = w.corner[MULTIPLIER, :, :, :, lane]
        warm.root[draw] = w.root[MULTIPLIER, :, :, :, lane]
    if not (done or distance <= 10.0 * goal * abs(at.bound)):
        return False
    for k in range(users):
        for i in range(covariances.shape[1]):
            for j in range(covariances.shape[1]):
                real, imag = w.users[MULTIPLIER, k, i, j, 0, lane], w.users[MULTIPLIER, k, i, j, 1, lane]
                covariances[k, i, j] = complex(real, imag)
    vectors = draws.vectors[draw]
    margin = rank_one(vectors, draws.noise[draw], draws.gamma, covariances, beams)
    f, q = beam_cost(vectors, draws.cost, beams)
    better = f < at.best if mode == COST else q > at.best
    if at.margin < -RATE_SLIP:
        better = margin > at.margin
    elif margin < -RATE_SLIP:
        better = False
    if better and (mode != TIE_BREAK or f <= draws.cap[draw] * (1.0 + CAP_SLIP)):
        at.best = f if mode == COST else q
        at.margin = margin
        out.beams[draw] = beams
        for k in range(users):
            out.multipliers[draw, k] = w.dual[X, n - users - 1 + k, lane]
    met = at.best <= (1.0 + goal) * at.bound if mode == COST else at.best >= (1.0 - goal) * at.bound
    if not done and not (at.margin >= -RATE_SLIP and met):
        return False
    out.bound[draw] = at.bound
    out.value[draw] = at.best
    out.margin[draw] = at.margin
    out.steps[draw] += at.steps
    at.draw = NONE
    return True
