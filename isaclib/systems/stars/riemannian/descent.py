"""Augmented-Lagrangian L-BFGS descent of the Riemannian solver of ``stars``, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.augmented_lagrangian import (
    ARMIJO,
    MEMORY,
    lbfgs_direction,
    lbfgs_update,
    penalty,
    update_multipliers,
)
from isaclib.systems.stars.riemannian.evaluation import Problem, Work, forward, room
from isaclib.systems.stars.riemannian.gradient import backward

BEAM_SCALE = 4.0
"""Norm of the free numbers of the beams beside coefficients of norm one: how fast each may turn."""

RESTORED = 1e-10
"""Share of its rate by which a user is set above it in the end."""


@numba.njit(cache=True)
def _rescale(x: np.ndarray, problem: Problem) -> None:
    """Take the free numbers back to the norms they are best scaled at; steps along the manifold only lengthen them."""
    elements, antennas = problem.channel.shape
    first = 2 * antennas * (len(problem.noise) + 1)
    x[:first] *= BEAM_SCALE / math.sqrt(np.sum(x[:first] ** 2))
    if not problem.coupled:
        for n in range(elements):
            i = first + 4 * n
            x[i : i + 4] /= math.sqrt(np.sum(x[i : i + 4] ** 2))


@numba.njit(cache=True)
def _lagrangian(
    x: np.ndarray,
    problem: Problem,
    work: Work,
    multiplier: np.ndarray,
    rho: float,
    weight: np.ndarray,
    gradient: np.ndarray,
) -> tuple[float, float]:
    """L(x), its gradient, and the objective."""
    value = forward(x, problem, work)
    total = value + penalty(work.constraint, multiplier, rho, weight)
    backward(x, problem, work, 1.0, weight, gradient)
    return total, value


@numba.njit(cache=True)
def descend(
    x: np.ndarray,
    problem: Problem,
    multiplier: np.ndarray,
    rho: float,
    tolerance: float,
    gradient_tolerance: float,
    max_outer: int,
    max_inner: int,
    trace: np.ndarray,
) -> tuple[float, int, int]:
    """Minimise from x in place.

    Parameters
    ----------
    x : ndarray
        As `evaluation.forward` has it; overwritten.
    problem : Problem
        Data.
    multiplier : ndarray, shape (U + T,) or (U + 2 T,)
        Start, overwritten by the final multipliers.
    rho : float
        First penalty.
    tolerance, gradient_tolerance : float
        Stop at this complementarity and gradient.
    max_outer, max_inner : int
        Multiplier updates, and L-BFGS steps between them.
    trace : ndarray, shape (steps,)
        Objective after each L-BFGS step, the last entry that of the end; the rest stays as it was.

    Returns
    -------
    worst : float
        Largest complementarity residual.
    evaluations, steps : int
    """
    n = x.size
    work = room(problem)
    weight = np.empty(multiplier.size)
    gradient, trial_gradient = np.empty(n), np.empty(n)
    trial, direction = np.empty(n), np.empty(n)
    steps, changes = np.empty((MEMORY, n)), np.empty((MEMORY, n))
    curvature = np.empty(MEMORY)
    evaluations, taken = 0, 0
    worst, previous_worst = np.inf, np.inf
    value = np.inf
    for _ in range(max_outer):
        _rescale(x, problem)
        total, value = _lagrangian(x, problem, work, multiplier, rho, weight, gradient)
        evaluations += 1
        stored, newest = 0, 0
        stalled = False
        for _ in range(max_inner):
            if np.max(np.abs(gradient)) <= gradient_tolerance:
                break
            slope = lbfgs_direction(gradient, steps, changes, curvature, stored, newest, direction)
            if slope >= 0.0:
                stored = 0
                slope = lbfgs_direction(gradient, steps, changes, curvature, stored, newest, direction)
            step = 1.0 if stored else min(1.0, 0.3 / math.sqrt(-slope))
            if -slope < 1e-16 * (1.0 + abs(total)):
                # nothing left that double precision can see
                stalled = True
                break
            accepted = False
            for _ in range(30):
                for i in range(n):
                    trial[i] = x[i] + step * direction[i]
                trial_total, trial_value = _lagrangian(trial, problem, work, multiplier, rho, weight, trial_gradient)
                evaluations += 1
                if trial_total <= total + ARMIJO * step * slope + 1e-15 * abs(total):
                    accepted = True
                    break
                # safeguarded quadratic interpolation
                bend = trial_total - total - step * slope
                step *= min(0.5, max(0.1, -0.5 * slope * step / bend)) if 0.0 < bend < np.inf else 0.1
            if not accepted:
                if stored == 0:
                    stalled = True
                    break
                stored = 0
                continue
            stored, newest = lbfgs_update(trial, x, trial_gradient, gradient, steps, changes, curvature, stored, newest)
            x[:] = trial
            gradient[:] = trial_gradient
            total, value = trial_total, trial_value
            if taken < trace.size:
                trace[taken] = value
            taken += 1
        forward(x, problem, work)
        worst = update_multipliers(work.constraint, multiplier, rho)
        if worst <= tolerance and (np.max(np.abs(gradient)) <= 10.0 * gradient_tolerance or stalled):
            break
        if worst > 0.25 * previous_worst:
            rho *= 4.0
        previous_worst = worst
    if taken > trace.size > 0:
        trace[-1] = value
    return worst, evaluations, min(taken, trace.size)


@numba.njit(cache=True)
def restore(x: np.ndarray, problem: Problem, work: Work) -> float:
    """Make up missing rates by the shortest step in x, again until none is missing.

    Returns
    -------
    float
        Smallest rate constraint that is left.
    """
    users = len(problem.noise)
    rows = np.empty((users, x.size))
    weight = np.zeros(len(work.constraint))
    smallest = -np.inf
    for attempt in range(12):
        forward(x, problem, work)
        smallest = np.min(work.constraint[:users])
        if smallest >= 0.0 or attempt == 11:
            break
        missing = np.maximum(RESTORED - work.constraint[:users], 0.0)
        for u in range(users):
            weight[:] = 0.0
            weight[u] = -1.0
            backward(x, problem, work, 0.0, weight, rows[u])
        # users with more than enough keep out of it
        for u in range(users):
            if missing[u] == 0.0 and work.constraint[u] > 1e-6:
                rows[u] = 0.0
        gram = rows @ rows.T
        for u in range(users):
            gram[u, u] += 1e-14 * (1.0 + gram[u, u])
        x += rows.T @ np.linalg.solve(gram, missing)
    return smallest


@numba.njit(cache=True)
def descend_many(
    x: np.ndarray,
    rows: np.ndarray,
    channels: np.ndarray,
    user_rows: np.ndarray,
    target_rows: np.ndarray,
    noise: np.ndarray,
    weights: np.ndarray,
    cross: np.ndarray,
    log_light: np.ndarray,
    log_rate: float,
    flags: tuple[bool, bool, bool, bool],
    multipliers: np.ndarray,
    rho: float,
    tolerance: float,
    gradient_tolerance: float,
    max_outer: int,
    max_inner: int,
    margin: np.ndarray,
    evaluations: np.ndarray,
    traces: np.ndarray,
    begun: np.ndarray,
    beams: np.ndarray,
    transmission: np.ndarray,
    reflection: np.ndarray,
) -> None:
    """Run `descend` and `restore` on starts, one after the other.

    Parameters
    ----------
    x : ndarray, shape (J, n)
        Starts, overwritten.
    rows : ndarray of int, shape (J,)
        Realisation each start belongs to.
    channels : ndarray of complex, shape (1 or B, N, M)
        G.
    user_rows, target_rows, noise, weights, cross, log_light : ndarray, shape (B, ...)
        As `Problem` has them.
    log_rate : float
        As `Problem` has it.
    flags : tuple of bool
        known, worst, coupled, transmitted.
    multipliers : ndarray, shape (J, U + T) or (J, U + 2 T)
        Where to start, overwritten.
    rho, tolerance, gradient_tolerance, max_outer, max_inner
        As for `descend`.
    margin : ndarray, shape (J,)
        Overwritten by the smallest rate constraint.
    evaluations : ndarray of int, shape (J,)
        Evaluations are added.
    traces : ndarray, shape (J, steps)
        Written behind what is there.
    begun : ndarray of int, shape (J,)
        How many entries are there; overwritten.
    beams : ndarray of complex, shape (J, M, K)
    transmission, reflection : ndarray of complex, shape (J, N)
        Overwritten by F of unit power, q_t and q_r.
    """
    for j in range(len(x)):
        b = rows[j]
        problem = Problem(
            channels[b if len(channels) > 1 else 0], user_rows[b], target_rows[b], noise[b], weights[b], cross[b],
            log_light[b], log_rate, flags[0], flags[1], flags[2], flags[3],
        )  # fmt: skip
        _, spent, steps = descend(
            x[j],
            problem,
            multipliers[j],
            rho,
            tolerance,
            gradient_tolerance,
            max_outer,
            max_inner,
            traces[j, begun[j] :],
        )
        evaluations[j] += spent
        begun[j] += steps
        work = room(problem)
        margin[j] = restore(x[j], problem, work)
        beams[j] = work.beams
        transmission[j] = work.transmission
        reflection[j] = work.reflection
