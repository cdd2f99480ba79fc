"""Steps of L-BFGS for `LANES` problems at once, one in each lane of `isaclib.numerics.lanes`.

All lanes take their steps together. The ring of past pairs turns for all of them: where a lane has no pair to add, or
forgets those it has, their curvature is zero and they count for nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from isaclib.numerics.lanes import LANES, Vector, choose, load, size, space, spread, store

MEMORY = 12
"""Pairs kept at most: with fewer each step is faster, and there are more of them."""

LEAST_MEMORY = 5
ROOM = 2**19
"""Pairs kept at least, where fewer than `MEMORY` fit into so many bytes: beyond half of the second cache every step
waits for them."""


class Walk(NamedTuple):
    """Where the lanes stand and where they came from; arrays end in the axis of the lanes.

    Attributes
    ----------
    x, gradient : ndarray, shape (n, LANES)
        Where they stand.
    trial, trial_gradient : ndarray, shape (n, LANES)
        Where they look.
    direction : ndarray, shape (n, LANES)
        Where they go.
    steps, changes : ndarray, shape (memory, n, LANES)
        Past differences of x and of the gradient, a ring.
    curvature, projected : ndarray, shape (memory, LANES)
        1 / (step . change), zero for a pair that does not count; scratch.
    unit : ndarray, shape (1, LANES)
        First inverse Hessian, times the identity.
    step : ndarray, shape (1, LANES)
        Length of the step in units of the direction; zero: stay.
    steepest : ndarray, shape (1, LANES)
        Positive: go down the gradient instead.
    accepted : ndarray, shape (1, LANES)
        Positive: go where the lane looks.
    product, change, largest, slope, square : ndarray, shape (1, LANES)
        Of the last move step . change, change . change and the largest entry of the gradient; then gradient .
        direction and gradient . gradient.
    """

    x: np.ndarray
    gradient: np.ndarray
    trial: np.ndarray
    trial_gradient: np.ndarray
    direction: np.ndarray
    steps: np.ndarray
    changes: np.ndarray
    curvature: np.ndarray
    projected: np.ndarray
    unit: np.ndarray
    step: np.ndarray
    steepest: np.ndarray
    accepted: np.ndarray
    product: np.ndarray
    change: np.ndarray
    largest: np.ndarray
    slope: np.ndarray
    square: np.ndarray


@numba.njit(cache=True)
def walk(variables: int) -> Walk:
    """Return lanes that stand nowhere yet."""
    memory = max(LEAST_MEMORY, min(MEMORY, ROOM // (2 * variables * LANES * 8)))
    return Walk(
        space(variables), space(variables), space(variables), space(variables), space(variables),
        space(memory * variables).reshape(memory, variables, LANES),
        space(memory * variables).reshape(memory, variables, LANES),
        space(memory), space(memory), space(1), space(1), space(1), space(1), space(1), space(1), space(1), space(1),
        space(1),
    )  # fmt: skip


@numba.njit(cache=True)
def forget(curvature: np.ndarray, unit: np.ndarray, lane: int) -> None:
    """Let no past pair of a lane count."""
    for k in range(curvature.shape[0]):
        curvature[k, lane] = 0.0
    unit[0, lane] = 1.0


@numba.njit(cache=True)
def look(w: Walk) -> None:
    """Write `trial`: a step along the direction, or down the gradient."""
    x, gradient, trial, direction = w.x, w.gradient, w.trial, w.direction
    step, steepest = load(w.step, (0,)), load(w.steepest, (0,))
    for i in range(x.shape[0]):
        along = choose(steepest, -1.0 * load(gradient, (i,)), load(direction, (i,)))
        # a lane that stays does so even where it has no direction yet
        store(trial, (i,), choose(step, load(x, (i,)) + step * along, load(x, (i,))))


@numba.njit(cache=True)
def move(w: Walk, slot: int) -> None:
    """Go where accepted lanes look, and put the pair into a slot of the ring."""
    x, gradient, trial, trial_gradient = w.x, w.gradient, w.trial, w.trial_gradient
    steps, changes = w.steps, w.changes
    accepted = load(w.accepted, (0,))
    product = change = largest = spread(0.0)
    for i in range(x.shape[0]):
        x_old, g_old = load(x, (i,)), load(gradient, (i,))
        x_new = choose(accepted, load(trial, (i,)), x_old)
        g_new = choose(accepted, load(trial_gradient, (i,)), g_old)
        s, y = x_new - x_old, g_new - g_old
        store(x, (i,), x_new)
        store(gradient, (i,), g_new)
        store(steps, (slot, i), s)
        store(changes, (slot, i), y)
        product += s * y
        change += y * y
        largest = choose(size(g_new) - largest, size(g_new), largest)
    store(w.product, (0,), product)
    store(w.change, (0,), change)
    store(w.largest, (0,), largest)


@numba.njit(cache=True)
def turn(w: Walk, newest: int) -> None:
    """Write the two-loop direction, its slope (negative: descent) and the square of the gradient."""
    n = w.x.shape[0]
    gradient, direction, steps, changes = w.gradient, w.direction, w.steps, w.changes
    curvature, projected = w.curvature, w.projected
    for i in range(n):
        store(direction, (i,), -1.0 * load(gradient, (i,)))
    memory = steps.shape[0]
    for j in range(memory):
        k = (newest - j) % memory
        a = _along(steps, k, direction) * load(curvature, (k,))
        store(projected, (k,), a)
        for i in range(n):
            store(direction, (i,), load(direction, (i,)) - a * load(changes, (k, i)))
    unit = load(w.unit, (0,))
    for i in range(n):
        store(direction, (i,), unit * load(direction, (i,)))
    for j in range(memory - 1, -1, -1):
        k = (newest - j) % memory
        b = load(projected, (k,)) - _along(changes, k, direction) * load(curvature, (k,))
        for i in range(n):
            store(direction, (i,), load(direction, (i,)) + b * load(steps, (k, i)))
    slope = square = spread(0.0)
    for i in range(n):
        g = load(gradient, (i,))
        slope += g * load(direction, (i,))
        square += g * g
    store(w.slope, (0,), slope)
    store(w.square, (0,), square)


@numba.njit(cache=True)
def _along(ring: np.ndarray, k: int, direction: np.ndarray) -> Vector:
    """Return ring[k] . direction, in two sums that do not wait for each other."""
    n = direction.shape[0]
    even = odd = spread(0.0)
    for i in range(0, n - 1, 2):
        even += load(ring, (k, i)) * load(direction, (i,))
        odd += load(ring, (k, i + 1)) * load(direction, (i + 1,))
    if n % 2:
        even += load(ring, (k, n - 1)) * load(direction, (n - 1,))
    return even + odd
