"""The relaxation solved by a primal-dual predictor-corrector method, `LANES` draws at once, compiled.

Every matrix B of the dual has a multiplier Z > 0 (R_k for the users), and every lambda_k one as
well. Steps go towards B Z = mu I by the HKM direction, the predictor telling how small mu may
become (Mehrotra). The dual point stays feasible, so that its value is a bound at any time; the
method ends when beams taken from the R_k meet that bound.

Every lane holds one draw. All lanes take their steps together; a lane whose draw has ended begins the next one.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from isaclib.numerics.hermitian import (
    hermitian_product,
    inner,
    invert,
    longest_step,
    product,
    scaled_cholesky,
    solve_scaled,
)
from isaclib.numerics.interior_point import advance, advance_entry, change_multiplier, second_order
from isaclib.numerics.lanes import LANES, Vector, choose, larger, load, smaller, space, spread, sqrt, store
from isaclib.systems.hybrid.beams import RATE_SLIP, beam_cost, rank_one
from isaclib.systems.hybrid.dual_problem import (
    COST,
    ILLUMINATION,
    SENSING,
    TIE_BREAK,
    add,
    add_corner_traces,
    add_root_traces,
    add_user_traces,
    corner_matrix,
    dual_objective,
    root_matrix,
    start_point,
    user_matrices,
)
from isaclib.systems.hybrid.newton_matrix import add_corner, add_root, add_user

GAP = 1e-7
"""Relative distance of the beams to the bound at which the method ends; ten times that to break ties."""

CAP_SLIP = 1e-6
"""Relative excess over the cap that beams may have."""

MOST_STEPS = 60

BACK = 0.97
"""Share of the longest step taken."""

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


class State(NamedTuple):
    """Where the lanes stand; arrays end in the axis of the lanes, those of complex matrices in (2, LANES).

    Few arrays, each of several things under the names below it: what many arrays take to compile is minutes.

    Attributes
    ----------
    vectors : ndarray, shape (2, dim, 3 + K, 2, LANES)
        V; scratch.
    noise : ndarray, shape (K, LANES)
        Of the draws.
    dual : ndarray, shape (6, n, LANES)
        Dual variables, their change, gradient of the objective, -gradient of log det, and scratch (`X` to `SCALE`).
    newton : ndarray, shape (2, n, n, LANES)
        Newton matrix and its factor (`HESSIAN`, `FACTOR`).
    users, corner, root : ndarray, shapes (6, K, dim, dim, 2, LANES), (6, 3, 3, 2, LANES), (6, 2, 2, 2, LANES)
        B_k, their inverses, their multipliers R_k, the changes of both and second-order terms (`MATRIX` to `SECOND`);
        the same of B_0 and of B_r.
    slack : ndarray, shape (3, K, LANES)
        Multipliers of lambda, their changes and second-order terms.
    scalars : ndarray, shape (8, LANES)
        Objective, duality gap, the mu aimed at, steps; positive where a lane takes steps, and where it begins; cap
        (`VALUE` to `CAP`).
    seen, square, three, two, sensing : ndarray
        Scratch.
    """

    vectors: np.ndarray
    noise: np.ndarray
    dual: np.ndarray
    newton: np.ndarray
    users: np.ndarray
    corner: np.ndarray
    root: np.ndarray
    slack: np.ndarray
    scalars: np.ndarray
    seen: np.ndarray
    square: np.ndarray
    three: np.ndarray
    two: np.ndarray
    sensing: np.ndarray


X, X_MOVE, GRADIENT, TOWARD, RIGHT, SCALE = range(6)
HESSIAN, FACTOR = range(2)
MATRIX, INVERSE, MULTIPLIER, MOVE, CHANGE, SECOND = range(6)
VALUE, DISTANCE, CENTRE, DUAL_STEP, PRIMAL_STEP, OPEN, FRESH, CAP = range(8)

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
def _state(size: int, count: int, sensing: bool) -> State:
    users = count - 3
    n = (SENSING if sensing else 0) + users + 1
    most = max(size, count)
    return State(
        space(4 * size * count).reshape(2, size, count, 2, LANES),
        space(users),
        space(6 * n).reshape(6, n, LANES),
        space(2 * n * n).reshape(2, n, n, LANES),
        space(12 * users * size * size).reshape(6, users, size, size, 2, LANES),
        space(12 * 9).reshape(6, 3, 3, 2, LANES),
        space(12 * 4).reshape(6, 2, 2, 2, LANES),
        space(3 * users).reshape(3, users, LANES),
        space(8),
        space(10 * most * count).reshape(5, most, count, 2, LANES),
        space(4 * size * size).reshape(2, size, size, 2, LANES),
        space(4 * 9).reshape(2, 3, 3, 2, LANES),
        space(6 * 4).reshape(3, 2, 2, 2, LANES),
        space(2 * SENSING).reshape(2, SENSING, LANES),
    )


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
    w = _state(size, count, sensing)
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
            _enter(w, draws.gamma, mode)
        _measure(w, draws.cost, mode)
        ended = False
        for lane in range(LANES):
            if s[lane].draw != NONE and not s[lane].judged:
                ended |= _judge(w, s, lane, draws, mode, warm, covariances, beams, out)
        if ended:
            continue
        _aim(w, draws.gamma, mode)
        _step(w, s, draws.gamma, mode)


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
def _enter(w: State, gamma: np.ndarray, mode: int) -> None:
    """Write the matrices where lanes stand, and the multipliers of those that begin: B Z = mu I of unit power."""
    users, size = w.users.shape[1:3]
    _write_matrices(w, gamma, mode)
    if mode == TIE_BREAK:
        return
    fresh = load(w.scalars, (FRESH,))
    power = spread(0.0)
    for k in range(users):
        invert(w.users[MATRIX, k], w.square[1], w.users[INVERSE, k])
        for i in range(size):
            power += load(w.users, (INVERSE, k, i, i, 0))
    first = w.dual.shape[1] - users - 1
    for k in range(users):
        _replace(w.users[MULTIPLIER, k], w.users[INVERSE, k], power, fresh)
        store(w.slack, (0, k), choose(fresh, 1.0 / (power * load(w.dual, (X, first + k))), load(w.slack, (0, k))))
    if mode != ILLUMINATION:
        invert(w.corner[MATRIX], w.three[0], w.corner[INVERSE])
        _replace(w.corner[MULTIPLIER], w.corner[INVERSE], power, fresh)
        invert(w.root[MATRIX], w.two[0], w.root[INVERSE])
        _replace(w.root[MULTIPLIER], w.root[INVERSE], power, fresh)


@numba.njit(cache=True)
def _replace(matrix: np.ndarray, other: np.ndarray, power: Vector, where: Vector) -> None:
    """Write other / power over the matrix of some lanes."""
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[0]):
            for part in range(2):
                at = (i, j, part)
                store(matrix, at, choose(where, load(other, at) / power, load(matrix, at)))


@numba.njit(cache=True)
def _write_matrices(w: State, gamma: np.ndarray, mode: int) -> None:
    user_matrices(w.dual[X], w.vectors[0], gamma, mode, 1.0, w.vectors[1], w.users[MATRIX])
    if mode != ILLUMINATION:
        corner_matrix(w.dual[X], w.corner[MATRIX])
        root_matrix(w.dual[X], w.root[MATRIX])


@numba.njit(cache=True)
def _measure(w: State, cost: np.ndarray, mode: int) -> None:
    """Write objective, gradient, second derivatives and the distance to the bound."""
    users = w.noise.shape[0]
    first = w.dual.shape[1] - users - 1
    w.newton[HESSIAN] = 0.0
    cap = load(w.scalars, (CAP,))
    value = dual_objective(
        w.dual[X], w.noise, cost, mode, cap, w.sensing[0], w.dual[GRADIENT], w.newton[HESSIAN]
    )  # fmt: skip
    store(w.scalars, (VALUE,), value)
    distance = spread(0.0)
    for k in range(users):
        distance += inner(w.users[MATRIX, k], w.users[MULTIPLIER, k])
        distance += load(w.dual, (X, first + k)) * load(w.slack, (0, k))
    if mode != ILLUMINATION:
        distance += inner(w.corner[MATRIX], w.corner[MULTIPLIER]) + inner(w.root[MATRIX], w.root[MULTIPLIER])
    store(w.scalars, (DISTANCE,), distance)


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


@numba.njit(cache=True)
def _aim(w: State, gamma: np.ndarray, mode: int) -> None:
    """Factorise the Newton matrix; close lanes with a matrix that rounding has made indefinite."""
    users = gamma.size
    first = w.dual.shape[1] - users - 1
    sensing = mode != ILLUMINATION
    hessian, toward = w.newton[HESSIAN], w.dual[TOWARD]
    toward[:] = 0.0
    open_, closed = load(w.scalars, (OPEN,)), spread(0.0)
    for k in range(users):
        open_ = choose(invert(w.users[MATRIX, k], w.square[1], w.users[INVERSE, k]), open_, closed)
        add_user(
            w.vectors[0], w.users[INVERSE, k], w.users[MULTIPLIER, k], gamma, k, sensing, w.seen, hessian, toward
        )  # fmt: skip
        light = load(w.dual, (X, first + k))
        add(toward, (first + k,), 1.0 / light)
        add(hessian, (first + k, first + k), load(w.slack, (0, k)) / light)
    if sensing:
        corner, root = w.corner, w.root
        open_ = choose(invert(corner[MATRIX], w.three[0], corner[INVERSE]), open_, closed)
        open_ = choose(invert(root[MATRIX], w.two[0], root[INVERSE]), open_, closed)
        add_corner(corner[INVERSE], corner[MULTIPLIER], hessian, toward, w.three[0], w.sensing[0])
        add_root(
            root[INVERSE], root[MULTIPLIER], hessian, toward, w.two[0], w.two[1], w.two[2], w.sensing[0], w.sensing[1]
        )  # fmt: skip
    store(w.scalars, (OPEN,), open_)
    scaled_cholesky(hessian, w.dual[SCALE], w.newton[FACTOR])


@numba.njit(cache=True)
def _step(w: State, s: np.ndarray, gamma: np.ndarray, mode: int) -> None:
    """Take a predictor-corrector step in the lanes that are open."""
    users = gamma.size
    n = w.dual.shape[1]
    w.users[SECOND] = 0.0
    w.corner[SECOND] = 0.0
    w.root[SECOND] = 0.0
    w.slack[2] = 0.0
    w.scalars[CENTRE] = 0.0
    for corrector in range(2):
        _direct(w, gamma, mode, corrector == 1)
        _reach(w, mode, corrector == 1)
        if not corrector:
            _centre(w, mode)
    for lane in range(LANES):
        at = s[lane]
        at.judged = False
        at.steps += 1
        w.scalars[DUAL_STEP, lane] *= BACK
        w.scalars[PRIMAL_STEP, lane] *= BACK
        at.stuck = (
            w.scalars[OPEN, lane] <= 0.0 or min(w.scalars[DUAL_STEP, lane], w.scalars[PRIMAL_STEP, lane]) < LEAST_STEP
        )
    dual_step, primal_step = load(w.scalars, (DUAL_STEP,)), load(w.scalars, (PRIMAL_STEP,))
    for i in range(n):
        advance_entry(w.dual[X], w.dual[X_MOVE], (i,), dual_step)
    _write_matrices(w, gamma, mode)
    for k in range(users):
        advance(w.users[MULTIPLIER, k], w.users[CHANGE, k], primal_step)
        advance_entry(w.slack[0], w.slack[1], (k,), primal_step)
    if mode != ILLUMINATION:
        advance(w.corner[MULTIPLIER], w.corner[CHANGE], primal_step)
        advance(w.root[MULTIPLIER], w.root[CHANGE], primal_step)


@numba.njit(cache=True)
def _direct(w: State, gamma: np.ndarray, mode: int, corrector: bool) -> None:
    """Write the change of the variables and of the matrices."""
    users, size = w.users.shape[1:3]
    count = w.vectors.shape[2]
    n = w.dual.shape[1]
    first = n - users - 1
    centre = load(w.scalars, (CENTRE,))
    for i in range(n):
        store(w.dual, (RIGHT, i), centre * load(w.dual, (TOWARD, i)) - load(w.dual, (GRADIENT, i)))
    if corrector:
        for k in range(users):
            product(w.users[SECOND, k], w.vectors[0], w.seen[0, :size])
            hermitian_product(w.vectors[0], w.seen[0, :size], w.seen[1, :count])
            add_user_traces(w.users[SECOND, k], w.seen[1], gamma, k, mode != ILLUMINATION, -1.0, w.dual[RIGHT])
            add(w.dual[RIGHT], (first + k,), -1.0 * load(w.slack, (2, k)))
        if mode != ILLUMINATION:
            add_corner_traces(w.corner[SECOND], -1.0, w.dual[RIGHT])
            add_root_traces(w.root[SECOND], -1.0, w.dual[RIGHT])
    solve_scaled(w.dual[SCALE], w.newton[FACTOR], w.dual[RIGHT], w.dual[X_MOVE])
    user_matrices(w.dual[X_MOVE], w.vectors[0], gamma, mode, 0.0, w.vectors[1], w.users[MOVE])
    if mode != ILLUMINATION:
        corner_matrix(w.dual[X_MOVE], w.corner[MOVE])
        root_matrix(w.dual[X_MOVE], w.root[MOVE])


@numba.njit(cache=True)
def _reach(w: State, mode: int, corrector: bool) -> None:
    """Write the change of the multipliers and the longest steps; with the predictor, second-order terms as well."""
    users = w.users.shape[1]
    first = w.dual.shape[1] - users - 1
    centre = load(w.scalars, (CENTRE,))
    dual_step = primal_step = choose(load(w.scalars, (OPEN,)), spread(1.0), spread(0.0))
    for k in range(users):
        dual_step, primal_step = _reach_matrix(
            w.users[MATRIX, k], w.users[INVERSE, k], w.users[MULTIPLIER, k], w.users[MOVE, k], w.users[CHANGE, k],
            w.users[SECOND, k], centre, corrector, w.square[0], w.square[1], dual_step, primal_step,
        )  # fmt: skip
        light, slack, second = load(w.dual, (X, first + k)), load(w.slack, (0, k)), load(w.slack, (2, k))
        part = load(w.dual, (X_MOVE, first + k)) / light
        change = centre / light - slack - slack * part - second
        store(w.slack, (1, k), change)
        if not corrector:
            store(w.slack, (2, k), change * part)
        dual_step = choose(-1.0 * part, smaller(-1.0 / part, dual_step), dual_step)
        primal_step = choose(-1.0 * change, smaller(-1.0 * slack / change, primal_step), primal_step)
    if mode != ILLUMINATION:
        a, b = w.corner, w.root
        dual_step, primal_step = _reach_matrix(
            a[MATRIX], a[INVERSE], a[MULTIPLIER], a[MOVE], a[CHANGE], a[SECOND], centre, corrector,
            w.three[0], w.three[1], dual_step, primal_step,
        )  # fmt: skip
        dual_step, primal_step = _reach_matrix(
            b[MATRIX], b[INVERSE], b[MULTIPLIER], b[MOVE], b[CHANGE], b[SECOND], centre, corrector,
            w.two[0], w.two[1], dual_step, primal_step,
        )  # fmt: skip
    store(w.scalars, (DUAL_STEP,), dual_step)
    store(w.scalars, (PRIMAL_STEP,), primal_step)


@numba.njit(cache=True)
def _reach_matrix(
    matrix: np.ndarray, inverse: np.ndarray, multiplier: np.ndarray, move: np.ndarray, change: np.ndarray,
    second: np.ndarray, centre: Vector, corrector: bool, scratch: np.ndarray, factor: np.ndarray,
    dual_step: Vector, primal_step: Vector,
) -> tuple[Vector, Vector]:  # fmt: skip
    """Do `_reach` for one matrix and its multiplier."""
    change_multiplier(multiplier, inverse, move, centre, second, scratch, change)
    if not corrector:
        second_order(change, scratch, second)
    return longest_step(matrix, move, dual_step, factor), longest_step(multiplier, change, primal_step, factor)


@numba.njit(cache=True)
def _centre(w: State, mode: int) -> None:
    """Write the mu that the corrector aims at, from how much of the distance the predictor would leave."""
    users, size = w.users.shape[1:3]
    first = w.dual.shape[1] - users - 1
    dual_step, primal_step = load(w.scalars, (DUAL_STEP,)), load(w.scalars, (PRIMAL_STEP,))
    by_dual = by_primal = by_both = spread(0.0)
    for k in range(users):
        matrix, multiplier = w.users[MATRIX, k], w.users[MULTIPLIER, k]
        move, change = w.users[MOVE, k], w.users[CHANGE, k]
        light, slack = load(w.dual, (X, first + k)), load(w.slack, (0, k))
        part, slack_change = load(w.dual, (X_MOVE, first + k)), load(w.slack, (1, k))
        by_dual += inner(move, multiplier) + part * slack
        by_primal += inner(matrix, change) + light * slack_change
        by_both += inner(move, change) + part * slack_change
    if mode != ILLUMINATION:
        a, b = w.corner, w.root
        by_dual += inner(a[MOVE], a[MULTIPLIER]) + inner(b[MOVE], b[MULTIPLIER])
        by_primal += inner(a[MATRIX], a[CHANGE]) + inner(b[MATRIX], b[CHANGE])
        by_both += inner(a[MOVE], a[CHANGE]) + inner(b[MOVE], b[CHANGE])
    distance = load(w.scalars, (DISTANCE,))
    left = distance + primal_step * by_primal + dual_step * (by_dual + primal_step * by_both)
    share = smaller(larger(left / distance, spread(1e-4)), spread(0.9))
    degree = users * (size + 1) + (0 if mode == ILLUMINATION else 5)
    store(w.scalars, (CENTRE,), share * sqrt(share) * distance / float(degree))
