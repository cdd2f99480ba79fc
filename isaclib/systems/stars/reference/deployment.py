"""The deployment by geometric programs, as the paper has it (Section III-A), and both at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from isaclib.numerics.conic import solve
from isaclib.systems.stars import deployment
from isaclib.systems.stars.information import Illumination
from isaclib.systems.stars.reference.placement import Placement, Signomial, placements
from isaclib.systems.stars.scenario import Scenario

MOST_ITERATIONS = 30
SETTLED = 1e-6
"""Relative change of the cost, or of the spacing, below which an iteration ends."""

SOLVER = "CLARABEL"


def sca_gp(
    scenario: Scenario, light: Illumination, *, start: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Algorithm 1: the interval by successive convex approximation, the number by geometric programs, in turn.

    It jams where the interval meets N_r d_r <= N d_s: the number can only fall from there, and
    its cost is then above that of `isaclib.systems.stars.deployment.enumerate_deployments`.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    light : Illumination
        Of the beams.
    start : tuple of ndarray, optional
        N_r and d_r to start from, shape (B,) each; default: as many sensors as may be, half a
        wavelength apart or as near to it as the parameters allow.

    Returns
    -------
    count : ndarray of int, shape (B,)
        N_r.
    spacing_m : ndarray, shape (B,)
        d_r.
    """
    return _each(scenario, light, _alternate, start)


def joint_gp(scenario: Scenario, light: Illumination) -> tuple[np.ndarray, np.ndarray]:
    """Take number and interval in one condensed geometric program, then whole numbers by comparison.

    Parameters
    ----------
    scenario, light
        As for `sca_gp`.

    Returns
    -------
    count, spacing_m
        As for `sca_gp`.
    """
    return _each(scenario, light, _together, None)


def _each(
    scenario: Scenario,
    light: Illumination,
    one: Callable[[Placement, int, float], tuple[int, float]],
    start: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray]:
    p = scenario.parameters
    half = p.wavelength_m / 2.0
    fewest, _, widest = deployment.candidates(p)
    count = np.full(len(scenario), fewest[0])
    spacing = np.full(len(scenario), widest[0])
    for index, placement in enumerate(placements(scenario, light)):
        if placement is None:
            continue
        if start is None:
            x = placement.least
            first = placement.capacity(x)
        else:
            first, x = int(start[0][index]), float(start[1][index] / half) ** 2
        count[index], x = one(placement, first, x)
        # rounding must not carry the sensors beyond the surface
        limit = widest[np.flatnonzero(fewest == count[index])[0]]
        spacing[index] = min(half * math.sqrt(x), limit)
    return count, spacing


def _alternate(placement: Placement, count: int, x: float) -> tuple[int, float]:
    cost = math.inf
    for _ in range(MOST_ITERATIONS):
        x = best_interval(placement, count, x)
        relaxed, _ = relaxed_deployment(placement, float(count), x, joint=False)
        count = min(_neighbours(placement, relaxed, placement.capacity(x)), key=lambda n: placement.cost(n, x))
        before, cost = cost, placement.cost(count, x)
        if abs(before - cost) <= SETTLED * cost:
            break
    return count, x


def _together(placement: Placement, count: int, x: float) -> tuple[int, float]:
    relaxed, wide = relaxed_deployment(placement, float(count), x, joint=True)
    rounded = []
    for n in _neighbours(placement, relaxed, placement.most):
        # an information that does not grow with the interval has a minimum at either end
        for first in {min(wide, placement.largest(n)), placement.least, placement.largest(n)}:
            interval = best_interval(placement, n, first)
            rounded.append((placement.cost(n, interval), n, interval))
    return min(rounded)[1:]


def _neighbours(placement: Placement, relaxed: float, most: int) -> set[int]:
    """Whole numbers next to a number of sensors that is none."""
    return {min(max(n, placement.fewest), most) for n in (math.floor(relaxed), math.ceil(relaxed))}


def best_interval(placement: Placement, count: int, x: float) -> float:
    """Successive convex approximation (28)-(31) of the interval for a number of sensors.

    Parameters
    ----------
    placement : Placement
        The problem.
    count : int
        N_r.
    x : float
        d_r^2 to start from.

    Returns
    -------
    float
        d_r^2.
    """
    largest = placement.largest(count)
    if largest <= placement.least:
        return placement.least
    for _ in range(MOST_ITERATIONS):
        following = _interval_program(len(placement.errors), placement.worst).step(placement, count, x, largest)
        moved = abs(following - x)
        x = following
        if moved <= SETTLED * x:
            break
    return x


class _IntervalProgram:
    """Problem (31), compiled once for its shape, in z = x / x_l of the last point x_l.

    J_rr >= mu >= 0 of (28), (29b) with x^2 >= 2 x_l x - x_l^2 (30); J_thth is linear in x. Each is
    divided by its value at the last point, and so is the error in the objective.
    """

    def __init__(self, targets: int, worst: bool) -> None:
        import cvxpy as cp

        self._z = cp.Variable()
        self._limits = cp.Parameter(2, pos=True)
        self._weights = cp.Parameter((targets, 2), nonneg=True)
        self._offsets, self._slopes = cp.Parameter((targets, 2)), cp.Parameter((targets, 2))
        mu = cp.Variable(targets)
        linear = self._offsets + self._slopes * self._z
        errors = cp.multiply(self._weights[:, 0], cp.inv_pos(mu))
        errors += cp.multiply(self._weights[:, 1], cp.inv_pos(linear[:, 1]))
        self._problem = cp.Problem(
            cp.Minimize(cp.max(errors) if worst else cp.sum(errors)),
            [mu <= linear[:, 0], self._z >= self._limits[0], self._z <= self._limits[1]],
        )

    def step(self, placement: Placement, count: int, x: float, largest: float) -> float:
        """Next x; the last one where the solver finds none."""
        offsets, slopes = np.empty((2, len(placement.errors), 2))
        values = np.empty_like(offsets)
        for t, pair in enumerate(placement.errors):
            for i, information in enumerate(pair):
                constant, first, second = information.of_spacing(count)
                value = constant + first * x + second * x * x
                values[t, i] = value
                offsets[t, i] = (constant - second * x * x) / value
                slopes[t, i] = (first + 2.0 * second * x) * x / value
        self._weights.value = (1.0 / values) / np.sum(1.0 / values)
        self._offsets.value, self._slopes.value = offsets, slopes
        self._limits.value = np.array([placement.least, largest]) / x
        if not solve(self._problem, SOLVER).has_solution or self._z.value is None:
            return x
        return min(max(float(self._z.value) * x, placement.least), largest)


@lru_cache(maxsize=16)
def _interval_program(targets: int, worst: bool) -> _IntervalProgram:
    return _IntervalProgram(targets, worst)


def relaxed_deployment(placement: Placement, count: float, x: float, *, joint: bool) -> tuple[float, float]:
    """Geometric programs (39), each condensed at the last point, for a number that need not be whole.

    Parameters
    ----------
    placement : Placement
        The problem.
    count, x : float
        N_r and d_r^2 to start from.
    joint : bool
        Whether the interval is a variable besides the number.

    Returns
    -------
    tuple of float
        N_r and d_r^2.
    """
    joint = joint and placement.free_spacing
    upper = placement.most if joint else min(float(placement.most), placement.aperture / math.sqrt(x))
    if not joint and upper <= placement.fewest:
        return float(placement.fewest), x
    cost = math.inf
    for _ in range(MOST_ITERATIONS):
        following = _condensed_step(placement, count, x, upper, joint)
        if following is None:
            break
        count, x = following
        before, cost = cost, placement.cost(count, x)
        if abs(before - cost) <= SETTLED * cost:
            break
    return count, x


def _condensed_step(
    placement: Placement, count: float, x: float, upper: float, joint: bool
) -> tuple[float, float] | None:
    """One geometric program: 1 + t J^- <= t J^+, J^+ condensed to a monomial; the errors t are minimised."""
    import cvxpy as cp

    number = cp.Variable(pos=True)
    interval: Any = cp.Variable(pos=True) if joint else x
    limits = [number >= placement.fewest, number <= upper]
    if joint:
        limits += [interval >= placement.least, interval <= placement.widest]
        limits += [number**2 * interval <= placement.aperture**2]

    def epigraph(information: Signomial) -> Any:
        error = cp.Variable(pos=True)
        coefficient, a, b = information.condensed(count, x)
        lost = sum((c * error * number**i * interval**j for c, i, j in information.negative), start=1.0)
        limits.append(lost <= coefficient * error * number**a * interval**b)
        return error

    errors = [epigraph(along) + epigraph(angle) for along, angle in placement.errors]
    total = cp.maximum(*errors) if placement.worst and len(errors) > 1 else sum(errors)
    if placement.per_sensor > 0.0:
        total = total + placement.per_sensor * number
    if not solve(cp.Problem(cp.Minimize(total), limits), SOLVER, geometric=True).has_solution:
        return None
    return _value(number), _value(interval) if joint else x


def _value(variable: Any) -> float:
    return float(variable.value)
