"""Riemannian gradient descent with steps of Barzilai and Borwein under Armijo's rule, several starts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

Point = tuple[np.ndarray, ...]
"""Points, one a start: arrays with a leading axis S."""

SUFFICIENT = 1e-4
"""Armijo's share of the decrease that the slope promises."""

MEMORY = 10
"""Iterations back to the worst cost of which a step may climb."""

HALVINGS = 60
SHORTEST, LONGEST = 1e-12, 1e6


class Surface(Protocol):
    """A cost on a manifold."""

    def cost(self, point: Point) -> np.ndarray:
        """Cost of each start, shape (S,); infinite outside of the interior."""

    def gradient(self, point: Point) -> Point:
        """Gradient in the tangent space."""

    def move(self, point: Point, gradient: Point, steps: np.ndarray) -> Point:
        """Retraction of point - steps gradient onto the manifold; steps (S, parts)."""

    def objective(self, point: Point) -> np.ndarray:
        """Objective of each start as the trace keeps it, shape (S,)."""


@dataclass(frozen=True)
class Descended:
    """Where a descent ended.

    Attributes
    ----------
    point : Point
        Last iterates.
    trace : ndarray, shape (iterations, S)
        Objective after each iteration; NaN after a start has ended.
    """

    point: Point
    trace: np.ndarray


def descend(surface: Surface, point: Point, *, iterations: int, tolerance: float) -> Descended:
    """Follow the negative gradient, each part of a point by a step of its own.

    The first try of a step is that of Barzilai and Borwein, <s, s> / |<s, y>| for the last move s and
    change y of the gradient; it is halved until the cost is below the worst of the last `MEMORY` by
    Armijo's share.

    Parameters
    ----------
    surface : Surface
        Cost and manifold.
    point : Point
        Starts, of finite cost.
    iterations : int
        At most so many.
    tolerance : float
        A start ends where its gradient, as its last step shows it, has a norm of at most this.

    Returns
    -------
    Descended
    """
    point = tuple(part.copy() for part in point)
    active = np.arange(len(point[0]))
    gradient = surface.gradient(point)
    costs = [surface.cost(point)]
    steps = 0.1 / np.maximum(np.sqrt(_inner(gradient, gradient)), 1e-30)
    trace: list[np.ndarray] = []
    while len(trace) < iterations and len(active):
        here, slope = _take(point, active), _take(gradient, active)
        ceiling = np.max(costs[-MEMORY:], axis=0)[active]
        new, cost, step = _armijo(surface, here, slope, steps[active], ceiling, costs[-1][active])
        new_slope = surface.gradient(new)
        moved = _minus(new, here)
        moving = np.sqrt(np.sum(_inner(moved, moved) / step**2, axis=-1)) > tolerance
        bend = np.abs(_inner(moved, _minus(new_slope, slope)))
        step = np.clip(_inner(moved, moved) / np.maximum(bend, 1e-300), SHORTEST, LONGEST)
        for whole, part in zip((*point, *gradient), (*new, *new_slope), strict=True):
            whole[active] = part
        steps[active] = step
        costs.append(costs[-1].copy())
        costs[-1][active] = cost
        trace.append(np.full(len(steps), np.nan))
        trace[-1][active] = surface.objective(new)
        active = active[moving]
    return Descended(point, np.array(trace).reshape(-1, len(steps)))


def _armijo(
    surface: Surface, here: Point, gradient: Point, steps: np.ndarray, ceiling: np.ndarray, cost: np.ndarray
) -> tuple[Point, np.ndarray, np.ndarray]:
    """Halve steps until the cost is low enough; a start for which none is stays where it is."""
    steps = steps.copy()
    new = tuple(part.copy() for part in here)
    new_cost = cost.copy()
    waiting = np.arange(len(steps))
    for _ in range(HALVINGS):
        begun = _take(here, waiting)
        tried = surface.move(begun, _take(gradient, waiting), steps[waiting])
        value = surface.cost(tried)
        moved = _minus(tried, begun)
        enough = value <= ceiling[waiting] - SUFFICIENT * np.sum(_inner(moved, moved) / steps[waiting], axis=-1)
        for whole, part in zip(new, tried, strict=True):
            whole[waiting[enough]] = part[enough]
        new_cost[waiting[enough]] = value[enough]
        waiting = waiting[~enough]
        if not len(waiting):
            break
        steps[waiting] /= 2.0
    return new, new_cost, steps


def _take(point: Point, index: np.ndarray) -> Point:
    return tuple(part[index] for part in point)


def _minus(one: Point, other: Point) -> Point:
    return tuple(a - b for a, b in zip(one, other, strict=True))


def _inner(one: Point, other: Point) -> np.ndarray:
    """Real inner product of each part, shape (S, parts)."""
    return np.stack(
        [np.sum((np.conj(a) * b).real, axis=tuple(range(1, a.ndim))) for a, b in zip(one, other, strict=True)], axis=-1
    )
