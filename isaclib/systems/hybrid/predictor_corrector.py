"""Predictor-corrector steps in the dual of `isaclib.systems.hybrid.dual_problem`, `LANES` draws at once, compiled.

Every matrix B of the dual has a multiplier Z > 0 (R_k for the users), and every lambda_k one as
well. Steps go towards B Z = mu I by the HKM direction, the predictor telling how small mu may
become (Mehrotra). Which draws the lanes hold, and when one has ended, is `isaclib.systems.hybrid.central_path`'s.
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
from isaclib.numerics.lanes import LANES, Vector, add, choose, larger, load, smaller, space, spread, sqrt, store
from isaclib.systems.hybrid.dual_problem import (
    ILLUMINATION,
    SENSING,
    TIE_BREAK,
    add_corner_traces,
    add_root_traces,
    add_user_traces,
    corner_matrix,
    dual_objective,
    root_matrix,
    user_matrices,
)
from isaclib.systems.hybrid.newton_matrix import add_corner, add_root, add_user

BACK = 0.97
"""Share of the longest step taken."""


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


@numba.njit(cache=True)
def state(size: int, count: int, sensing: bool) -> State:
    """Return lanes that hold nothing yet."""
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
def enter(w: State, gamma: np.ndarray, mode: int) -> None:
    """Write the matrices where lanes stand, and the multipliers of those that begin: B Z = mu I of unit power."""
    users, size = w.users.shape[1:3]
    _write_matrices(w, X, MATRIX, gamma, mode)
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
def _write_matrices(w: State, variables: int, slot: int, gamma: np.ndarray, mode: int) -> None:
    """Write the matrices of the variables `X` into the slot `MATRIX`, or their changes, of `X_MOVE`, into `MOVE`."""
    constant = 1.0 if slot == MATRIX else 0.0
    user_matrices(w.dual[variables], w.vectors[0], gamma, mode, constant, w.vectors[1], w.users[slot])
    if mode != ILLUMINATION:
        corner_matrix(w.dual[variables], w.corner[slot])
        root_matrix(w.dual[variables], w.root[slot])


@numba.njit(cache=True)
def measure(w: State, cost: np.ndarray, mode: int) -> None:
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
def aim(w: State, gamma: np.ndarray, mode: int) -> None:
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
def step(w: State, gamma: np.ndarray, mode: int) -> None:
    """Take a predictor-corrector step in the lanes that are open; leave its lengths in `scalars`."""
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
    dual_step, primal_step = BACK * load(w.scalars, (DUAL_STEP,)), BACK * load(w.scalars, (PRIMAL_STEP,))
    store(w.scalars, (DUAL_STEP,), dual_step)
    store(w.scalars, (PRIMAL_STEP,), primal_step)
    for i in range(n):
        advance_entry(w.dual[X], w.dual[X_MOVE], (i,), dual_step)
    _write_matrices(w, X, MATRIX, gamma, mode)
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
    _write_matrices(w, X_MOVE, MOVE, gamma, mode)


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
