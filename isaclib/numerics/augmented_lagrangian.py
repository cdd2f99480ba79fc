"""Pieces of an augmented-Lagrangian L-BFGS method, for kernels that bring their own evaluation.

A kernel minimises f(x) subject to c_i(x) >= 0 through

    L(x) = f(x) + sum_i (max(0, lambda_i - rho c_i)^2 - lambda_i^2) / (2 rho),

whose gradient is grad f - sum_i w_i grad c_i with w_i = max(0, lambda_i - rho c_i)
(Powell-Hestenes-Rockafellar). The loop stands where the evaluation stands, so that a compiled
kernel calls it without a function pointer; what is here knows no problem.
"""

from __future__ import annotations

import numba
import numpy as np

ARMIJO = 1e-4
MEMORY = 12
"""Pairs kept by L-BFGS."""

SUMS = {"reassoc", "contract", "nsz", "arcp"}
"""Sums in any order, so that they vectorise; NaN and infinity keep their meaning."""


@numba.njit(cache=True)
def penalty(constraint: np.ndarray, multiplier: np.ndarray, rho: float, weight: np.ndarray) -> float:
    """Return the penalty term of L and write the weights w_i of the constraint gradients."""
    value = 0.0
    for i in range(constraint.size):
        w = multiplier[i] - rho * constraint[i]
        if w < 0.0:
            w = 0.0
        weight[i] = w
        value += (w * w - multiplier[i] * multiplier[i]) / (2.0 * rho)
    return value


@numba.njit(cache=True)
def update_multipliers(constraint: np.ndarray, multiplier: np.ndarray, rho: float) -> float:
    """Take lambda_i <- max(0, lambda_i - rho c_i); return max_i |min(c_i, lambda_i / rho)|.

    The returned number measures infeasibility and complementarity at once.
    """
    worst = 0.0
    for i in range(constraint.size):
        slack = min(constraint[i], multiplier[i] / rho)
        worst = max(worst, abs(slack))
        multiplier[i] = max(0.0, multiplier[i] - rho * constraint[i])
    return worst


@numba.njit(cache=True, fastmath=SUMS)
def lbfgs_direction(
    gradient: np.ndarray,
    steps: np.ndarray,
    changes: np.ndarray,
    curvature: np.ndarray,
    stored: int,
    newest: int,
    direction: np.ndarray,
) -> float:
    """Write the two-loop L-BFGS direction; return its slope (negative: descent).

    Parameters
    ----------
    gradient : ndarray, shape (n,)
        Gradient at the current point.
    steps, changes : ndarray, shape (m, n)
        Past x differences and gradient differences, a ring.
    curvature : ndarray, shape (m,)
        1 / (step . change) of each pair.
    stored, newest : int
        Pairs in the ring, and where the newest stands.
    direction : ndarray, shape (n,)
        Written.

    Returns
    -------
    float
        gradient . direction.
    """
    n = gradient.size
    memory = steps.shape[0]
    alpha = np.empty(memory)
    for i in range(n):
        direction[i] = -gradient[i]
    for j in range(stored):
        k = (newest - j) % memory
        a = 0.0
        for i in range(n):
            a += steps[k, i] * direction[i]
        a *= curvature[k]
        alpha[k] = a
        for i in range(n):
            direction[i] -= a * changes[k, i]
    if stored > 0:
        norm = 0.0
        for i in range(n):
            norm += changes[newest, i] * changes[newest, i]
        scale = 1.0 / (curvature[newest] * norm)
        for i in range(n):
            direction[i] *= scale
    for j in range(stored - 1, -1, -1):
        k = (newest - j) % memory
        b = 0.0
        for i in range(n):
            b += changes[k, i] * direction[i]
        b *= curvature[k]
        for i in range(n):
            direction[i] += steps[k, i] * (alpha[k] - b)
    slope = 0.0
    for i in range(n):
        slope += direction[i] * gradient[i]
    return slope


@numba.njit(cache=True, fastmath=SUMS)
def lbfgs_update(
    x: np.ndarray,
    previous: np.ndarray,
    gradient: np.ndarray,
    previous_gradient: np.ndarray,
    steps: np.ndarray,
    changes: np.ndarray,
    curvature: np.ndarray,
    stored: int,
    newest: int,
) -> tuple[int, int]:
    """Put the newest pair into the ring unless its curvature is not positive.

    Returns
    -------
    stored, newest : int
        As `lbfgs_direction` takes them.
    """
    memory, n = steps.shape
    k = (newest + 1) % memory
    product = 0.0
    size = 0.0
    for i in range(n):
        s = x[i] - previous[i]
        y = gradient[i] - previous_gradient[i]
        steps[k, i] = s
        changes[k, i] = y
        product += s * y
        size += y * y
    if product <= 1e-12 * size or product <= 0.0:
        # in a full ring the slot just written was the oldest pair's: forget it
        return min(stored, memory - 1), newest
    curvature[k] = 1.0 / product
    return min(stored + 1, memory), k
