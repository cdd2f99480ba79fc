"""Augmented-Lagrangian L-BFGS descent in the smooth problem of ``hybrid``, compiled."""

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

HEADING = 1e-2
"""Complementarity from which on the augmented Lagrangian tells where a descent will end."""


@numba.njit(cache=True)
def descend(
    x: np.ndarray,
    phases: int,
    chains: int,
    basis: np.ndarray,
    fixed_gains: np.ndarray,
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
    trace: np.ndarray,
    give_up: float,
) -> tuple[float, float, int, int]:
    """Minimise from x in place.

    Parameters
    ----------
    x : ndarray, shape (phases + 2 chains users,)
        Phases, then digital beamformer (chain, user, real/imag); overwritten.
    phases, chains : int
        0 phases: fully digital in the coordinates of `fixed_gains`.
    basis : ndarray of complex, shape (N, P)
        V; unused when fully digital.
    fixed_gains : ndarray of complex, shape (P, chains)
        E when fully digital.
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
    trace : ndarray, shape (steps,)
        Objective after each L-BFGS step, the last entry that of the end; the rest stays as it was.
    give_up : float
        A descent that heads for an objective above this one ends early, its value infinity.

    Returns
    -------
    value, worst, evaluations, outer
        Objective, largest complementarity residual, evaluations, multiplier updates.
    """
    n = x.size
    users = noise.size
    n_basis = fixed_gains.shape[0]
    rotor = np.empty((4, max(phases, 1)))
    planes = np.empty((2, basis.shape[1], basis.shape[0]))
    for i in range(basis.shape[0] if phases > 0 else 0):
        for p in range(basis.shape[1]):
            planes[0, p, i] = basis[i, p].real
            planes[1, p, i] = basis[i, p].imag
    gains = fixed_gains.copy()
    digital = np.empty((chains, users), np.complex128)
    y = np.empty((n_basis, users), np.complex128)
    gy = np.empty((n_basis, users), np.complex128)
    ge = np.empty((n_basis, chains), np.complex128)
    constraint = np.empty(multiplier.size)
    weight = np.empty(multiplier.size)
    gradient = np.empty(n)
    trial_gradient = np.empty(n)
    trial = np.empty(n)
    direction = np.empty(n)
    steps = np.empty((MEMORY, n))
    changes = np.empty((MEMORY, n))
    curvature = np.empty(MEMORY)
    evaluations = 0
    steps_taken = 0
    first = users if objective == SUM_RATE else 0
    previous_worst = np.inf
    worst = np.inf
    value = np.inf
    outer = 0
    while outer < max_outer:
        outer += 1
        # the digital part only matters up to scale: keep it at a norm that suits the phases
        norm = 0.0
        for i in range(phases, n):
            norm += x[i] * x[i]
        scale = (4.0 if phases > 0 else 1.0) / math.sqrt(norm)
        for i in range(phases, n):
            x[i] *= scale
        total, value = evaluate(
            x, phases, chains, basis, planes, fixed_gains, cost, noise, log_rate, objective, cap, multiplier, rho,
            rotor, gains, digital, y, gy, ge, constraint, weight, gradient,
        )  # fmt: skip
        evaluations += 1
        stored = 0
        newest = 0
        stalled = False
        for _ in range(max_inner):
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
                trial_total, trial_value = evaluate(
                    trial, phases, chains, basis, planes, fixed_gains, cost, noise, log_rate, objective, cap,
                    multiplier, rho, rotor, gains, digital, y, gy, ge, constraint, weight, trial_gradient,
                )  # fmt: skip
                evaluations += 1
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
            value = trial_value
            if steps_taken < trace.size:
                trace[steps_taken] = value
            steps_taken += 1
        evaluate(
            x, phases, chains, basis, planes, fixed_gains, cost, noise, log_rate, objective, cap, multiplier, rho,
            rotor, gains, digital, y, gy, ge, constraint, weight, gradient,
        )  # fmt: skip
        evaluations += 1
        size = 0.0
        for i in range(n):
            size = max(size, abs(gradient[i]))
        worst = update_multipliers(constraint[first:], multiplier[first:], rho)
        if worst <= tolerance and (size <= 10.0 * gradient_tolerance or stalled):
            break
        if worst <= HEADING and total > give_up:
            return np.inf, worst, evaluations, outer
        if worst > 0.25 * previous_worst:
            rho *= 4.0
        previous_worst = worst
    if steps_taken > trace.size > 0:
        trace[trace.size - 1] = value
    return value, worst, evaluations, outer


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
    rho: float,
    tolerance: float,
    gradient_tolerance: float,
    max_outer: int,
    max_inner: int,
    value: np.ndarray,
    residual: np.ndarray,
    evaluations: np.ndarray,
    traces: np.ndarray,
    give_up: np.ndarray,
) -> None:
    """Run `descend` on hybrid starts, one after the other.

    Parameters
    ----------
    x : ndarray, shape (J, N + 2 N_RF K)
        Starts, overwritten.
    rows : ndarray of int, shape (J,)
        Realisation each start belongs to.
    basis : ndarray of complex, shape (B, N, P)
        V of every realisation.
    noise : ndarray, shape (B, K)
        Normalised noise.
    cap : float
        As for `descend`.
    multipliers : ndarray, shape (J, K) or (J, K + 1)
        Where to start, overwritten.
    value, residual, evaluations : ndarray, shape (J,)
        Written.
    traces : ndarray, shape (J, steps)
        Written.
    give_up : ndarray, shape (J,)
        As for `descend`.
    """
    elements, n_basis = basis.shape[1], basis.shape[2]
    empty = np.zeros((n_basis, chains), np.complex128)
    for j in range(x.shape[0]):
        value[j], residual[j], evaluations[j], _ = descend(
            x[j], elements, chains, basis[rows[j]], empty, cost, noise[rows[j]], log_rate, objective, cap,
            multipliers[j], rho, tolerance, gradient_tolerance, max_outer, max_inner, traces[j], give_up[j],
        )  # fmt: skip
