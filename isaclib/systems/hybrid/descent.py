"""Augmented-Lagrangian L-BFGS descent of fully digital beams in the smooth problem of ``hybrid``, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.augmented_lagrangian import (
    ARMIJO,
    MEMORY,
    lbfgs_direction,
    lbfgs_update,
    update_multipliers,
)
from isaclib.systems.hybrid.smooth import SUM_RATE, evaluate

WATCHED = 50
PROGRESS = 1e-9
"""Relative decrease of the augmented Lagrangian below which so many steps are the last ones: where a target goes dark
the objective has valleys in which the gradient stays and nothing is gained."""


@numba.njit(cache=True)
def descend(
    x: np.ndarray,
    gains: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    log_rate: np.ndarray,
    objective: int,
    cap: float,
    multiplier: np.ndarray,
    rho: float,
    tolerance: float,
    gradient_tolerance: float,
    max_outer: int,
    max_inner: int,
) -> None:
    """Minimise from x in place.

    Parameters
    ----------
    x : ndarray, shape (2 dim K,)
        Beams (coordinate, user, real/imag); overwritten.
    gains : ndarray of complex, shape (P, dim)
        E, what the basis sees of each coordinate.
    cost : ndarray, shape (2, 2)
        C.
    noise, log_rate : ndarray, shape (K,)
        Normalised noise and log(1 + Gamma), zero with `SUM_RATE`.
    objective : int
        `SENSING_COST`, `ILLUMINATION` or `SUM_RATE`, which asks for no rates.
    cap : float
        With the last two: log tr(C M^-1) stays below it; infinity: no such constraint.
    multiplier : ndarray, shape (K,) or (K + 1,)
        Start, overwritten by the final multipliers.
    rho : float
        First penalty.
    tolerance, gradient_tolerance : float
        Stop at this complementarity and gradient norm.
    max_outer, max_inner : int
        Multiplier updates, and L-BFGS steps between them.
    """
    n = x.size
    users = noise.size
    n_basis = gains.shape[0]
    digital = np.empty((gains.shape[1], users), np.complex128)
    y = np.empty((n_basis, users), np.complex128)
    gy = np.empty((n_basis, users), np.complex128)
    constraint = np.empty(multiplier.size)
    weight = np.empty(multiplier.size)
    gradient = np.empty(n)
    trial_gradient = np.empty(n)
    trial = np.empty(n)
    direction = np.empty(n)
    steps = np.empty((MEMORY, n))
    changes = np.empty((MEMORY, n))
    curvature = np.empty(MEMORY)
    first = users if objective == SUM_RATE else 0
    previous_worst = np.inf
    for _ in range(max_outer):
        # the beams only matter up to scale
        norm = 0.0
        for i in range(n):
            norm += x[i] * x[i]
        scale = 1.0 / math.sqrt(norm)
        for i in range(n):
            x[i] *= scale
        total, _ = evaluate(
            x, gains, cost, noise, log_rate, objective, cap, multiplier, rho,
            digital, y, gy, constraint, weight, gradient,
        )  # fmt: skip
        stored = 0
        newest = 0
        stalled = False
        watched = total
        for taken in range(max_inner):
            if taken % WATCHED == 0 and taken > 0:
                if watched - total <= PROGRESS * (1.0 + abs(total)):
                    # not stalled: with the next multipliers there may be a way down
                    break
                watched = total
            size = 0.0
            for i in range(n):
                size = max(size, abs(gradient[i]))
            if size <= gradient_tolerance:
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
                trial_total, _ = evaluate(
                    trial, gains, cost, noise, log_rate, objective, cap, multiplier, rho,
                    digital, y, gy, constraint, weight, trial_gradient,
                )  # fmt: skip
                if trial_total <= total + ARMIJO * step * slope + 1e-15 * abs(total):
                    accepted = True
                    break
                # safeguarded quadratic interpolation
                bend = trial_total - total - step * slope
                if bend > 0.0 and bend < np.inf:
                    step *= min(0.5, max(0.1, -0.5 * slope * step / bend))
                else:
                    step *= 0.1
            if not accepted:
                if stored == 0:
                    stalled = True
                    break
                stored = 0
                continue
            stored, newest = lbfgs_update(trial, x, trial_gradient, gradient, steps, changes, curvature, stored, newest)
            for i in range(n):
                x[i] = trial[i]
                gradient[i] = trial_gradient[i]
            total = trial_total
        evaluate(
            x, gains, cost, noise, log_rate, objective, cap, multiplier, rho,
            digital, y, gy, constraint, weight, gradient,
        )  # fmt: skip
        size = 0.0
        for i in range(n):
            size = max(size, abs(gradient[i]))
        worst = update_multipliers(constraint[first:], multiplier[first:], rho)
        if worst <= tolerance and (size <= 10.0 * gradient_tolerance or stalled):
            break
        if worst > 0.25 * previous_worst:
            rho *= 4.0
        previous_worst = worst
