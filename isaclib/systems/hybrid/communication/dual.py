"""The dual of the sum-rate problem under a cap on the SPEB, compiled.

f(R) = tr(C M(R)^-1) <= c with R of unit power implies one linear constraint for every symmetric
X >= 0 and complex v (see `isaclib.systems.hybrid.dual_barrier` for the inequalities behind it):

    tr(Q R) <= 1,   Q = (I - Z) / (1 - u / c),
    Z = tr(X) a0 a0^H + (b + a0 v^H) X (b + a0 v^H)^H,   u = (tr (C^1/2 X C^1/2)^1/2)^2,

as long as Z < I. The sum-rate under such a constraint is that of the dual uplink
(`isaclib.systems.hybrid.communication.uplink`), so that every (X, v) gives a bound on the sum-rate
of all beamformers that meet the cap and the power, X = 0 the bound without a cap. The bound is
quasi-convex in Z and u: a descent in X = L L^T and w = L^T v, seven numbers in which Z is
quadratic, ends at the best one. Where its maximiser in lambda is unique there, the downlink beams
that go with it meet the cap and attain the bound: there is no duality gap. Left is one where two
lambda tie, and where no beams attain the best f: it jumps where the light on the target vanishes.

Everything is written in an orthonormal basis of [a0, b, H] whose first three vectors span the
sensing side: only T = I - Z on that side is of size three.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.hybrid.communication.uplink import best_rate, rate_slope

VARIABLES = 7
"""L (three), w (two complex)."""

MARGIN = 1e-14
"""Taken from I - Z and, a tenth of it, added to 1 - u / c: rounding then leaves no bound too low."""

MAX_STEPS = 300
GRADIENT_TOLERANCE = 1e-10
SETTLED_TOLERANCE = 1e-7
"""Gradient at which a descent stops, and at which it does so where the bound falls no more."""


@numba.njit(cache=True)
def scale(x: np.ndarray, cost: np.ndarray, cap: float) -> float:
    """1 - u / c at a dual point: Q^-1 is so many times (I - Z)^-1."""
    l11, l21, l22 = x[0], x[1], x[2]
    root = math.sqrt(max(0.0, cost[0, 0] * cost[1, 1] - cost[0, 1] * cost[0, 1]))
    trace = cost[0, 0] * l11 * l11 + 2.0 * cost[0, 1] * l11 * l21 + cost[1, 1] * (l21 * l21 + l22 * l22)
    return 1.0 + 0.1 * MARGIN - (trace + 2.0 * root * abs(l11 * l22)) / cap


@numba.njit(cache=True)
def _sides(x: np.ndarray) -> np.ndarray:
    """J = [w^H; L] with Z = [a0, b] (J J^H + tr(X) e0 e0^H) [a0, b]^H, shape (3, 2)."""
    sides = np.zeros((3, 2), np.complex128)
    sides[0, 0], sides[0, 1] = complex(x[3], -x[4]), complex(x[5], -x[6])
    sides[1, 0], sides[2, 0], sides[2, 1] = x[0], x[1], x[2]
    return sides


@numba.njit(cache=True)
def slack(x: np.ndarray, sensing: np.ndarray) -> np.ndarray:
    """T = I - Z at a dual point, on the sensing side, shape (3, 3)."""
    sides = _sides(x)
    middle = sides @ np.ascontiguousarray(sides.conj().T)
    middle[0, 0] += x[0] * x[0] + x[1] * x[1] + x[2] * x[2]
    matrix = -(sensing @ middle @ np.ascontiguousarray(sensing.conj().T))
    for i in range(3):
        matrix[i, i] += 1.0 - MARGIN
    return matrix


@numba.njit(cache=True)
def _solve(matrix: np.ndarray, half: np.ndarray, whole: np.ndarray) -> bool:
    """With T = L L^H (T is overwritten), make `half` L^-1 half and `whole` T^-1 half; False unless T > 0.

    T is all but singular where light on the target that no user sees costs nothing. T^-1 itself
    would then be rounded in units of its huge entries, which users do not see.
    """
    for i in range(3):
        for j in range(i + 1):
            t = matrix[i, j]
            for k in range(j):
                t -= matrix[i, k] * matrix[j, k].conjugate()
            if i > j:
                matrix[i, j] = t / matrix[j, j].real
            elif not t.real > 0.0:
                return False
            else:
                matrix[i, i] = math.sqrt(t.real)
    for c in range(half.shape[1]):
        for i in range(3):
            t = half[i, c]
            for k in range(i):
                t -= matrix[i, k] * half[k, c]
            half[i, c] = t / matrix[i, i].real
        for i in range(2, -1, -1):
            t = half[i, c]
            for k in range(i + 1, 3):
                t -= matrix[k, i].conjugate() * whole[k, c]
            whole[i, c] = t / matrix[i, i].real
    return True


@numba.njit(cache=True)
def evaluate(
    x: np.ndarray,
    sensing: np.ndarray,
    seen: np.ndarray,
    rest: np.ndarray,
    cost: np.ndarray,
    cap: float,
    gradient: np.ndarray,
    powers: np.ndarray,
    weighted: np.ndarray,
) -> float:
    """Bound in nat at a dual point; infinity where Z < I does not hold.

    Parameters
    ----------
    x : ndarray, shape (7,)
        L_11, L_21, L_22, then w_1 and w_2, real and imaginary part.
    sensing : ndarray of complex, shape (3, 3)
        [a0, b] in the basis of the sensing side.
    seen : ndarray of complex, shape (3, K)
        H on the sensing side.
    rest : ndarray of complex, shape (K, K)
        Gram matrix of what H has outside it.
    cost : ndarray, shape (2, 2)
        C.
    cap : float
        c.
    gradient : ndarray, shape (7,)
        Written.
    powers : ndarray, shape (K,)
        Uplink powers, written.
    weighted : ndarray of complex, shape (3, K)
        T^-1 times `seen`, written.

    Returns
    -------
    float
    """
    users = powers.size
    l11, l21, l22 = x[0], x[1], x[2]
    root = math.sqrt(max(0.0, cost[0, 0] * cost[1, 1] - cost[0, 1] * cost[0, 1]))
    allowed = scale(x, cost, cap)
    if not allowed > 0.0:
        return np.inf
    half = seen.copy()
    if not _solve(slack(x, sensing), half, weighted):
        return np.inf
    gram = allowed * (rest + np.ascontiguousarray(half.conj().T) @ half)
    value = best_rate(gram, powers)

    slope = np.empty((users, users), np.complex128)
    rate_slope(gram, powers, slope)
    along = 0.0
    for i in range(users):
        for k in range(users):
            along += (slope[i, k] * gram[k, i]).real
    along /= allowed * cap
    psi = allowed * (weighted @ slope @ np.ascontiguousarray(weighted.conj().T))
    psi = np.ascontiguousarray(sensing.conj().T) @ psi @ sensing
    light = psi[0, 0].real
    psi = psi @ _sides(x)
    gradient[0] = psi[1, 0].real + light * l11 - along * (cost[0, 0] * l11 + cost[0, 1] * l21)
    gradient[0] -= along * root * math.copysign(1.0, l11) * abs(l22)
    gradient[1] = psi[2, 0].real + light * l21 - along * (cost[0, 1] * l11 + cost[1, 1] * l21)
    gradient[2] = psi[2, 1].real + light * l22 - along * cost[1, 1] * l22
    gradient[2] -= along * root * abs(l11) * math.copysign(1.0, l22)
    for i in range(2):
        gradient[3 + 2 * i] = psi[0, i].real
        gradient[4 + 2 * i] = -psi[0, i].imag
    gradient *= 2.0
    return value


@numba.njit(cache=True)
def descend(
    x: np.ndarray,
    sensing: np.ndarray,
    seen: np.ndarray,
    rest: np.ndarray,
    cost: np.ndarray,
    cap: float,
    powers: np.ndarray,
    weighted: np.ndarray,
) -> tuple[float, int]:
    """Lower the bound from a dual point by BFGS.

    Parameters
    ----------
    x : ndarray, shape (7,)
        As `evaluate` takes it, with Z < I; overwritten by the best point.
    sensing, seen, rest, cost, cap, powers, weighted
        As for `evaluate`; the last two are written for the best point.

    Returns
    -------
    value, evaluations
        The bound in nat, valid whatever became of the descent.
    """
    n = VARIABLES
    gradient = np.empty(n)
    trial_gradient = np.empty(n)
    value = evaluate(x, sensing, seen, rest, cost, cap, gradient, powers, weighted)
    evaluations = 1
    metric = np.eye(n)
    fresh = True
    for _ in range(MAX_STEPS):
        # where hardly a bit gets through, the bound is small and so is its gradient
        unit = min(1.0, value)
        if np.max(np.abs(gradient)) <= GRADIENT_TOLERANCE * unit:
            break
        direction = -(metric @ gradient)
        slope = np.dot(direction, gradient)
        if slope >= 0.0:
            metric = np.eye(n)
            fresh = True
            direction = -gradient
            slope = np.dot(direction, gradient)
        step = min(1.0, 0.1 / math.sqrt(-slope)) if fresh else 1.0
        accepted = False
        trial = x
        trial_value = value
        # a weak Wolfe search: what curvature a nonsmooth function shows is kept (Lewis and Overton, 2013)
        low, high = 0.0, np.inf
        for _ in range(40):
            trial = x + step * direction
            trial_value = evaluate(trial, sensing, seen, rest, cost, cap, trial_gradient, powers, weighted)
            evaluations += 1
            if not trial_value <= value + 1e-4 * step * slope + 1e-15 * abs(value):
                high = step
            elif np.dot(trial_gradient, direction) < 0.9 * slope:
                low = step
                accepted = True
            else:
                accepted = True
                break
            step = 0.5 * (low + high) if high < np.inf else 2.0 * low
        if not accepted or not trial_value <= value + 1e-15 * abs(value):
            if fresh:
                break
            metric = np.eye(n)
            fresh = True
            continue
        s = trial - x
        y = trial_gradient - gradient
        product = np.dot(s, y)
        if product > 1e-300:
            if fresh:
                metric = np.eye(n) * (product / np.dot(y, y))
            fresh = False
            my = metric @ y
            factor = (1.0 + np.dot(y, my) / product) / product
            for i in range(n):
                for j in range(n):
                    metric[i, j] += factor * s[i] * s[j] - (my[i] * s[j] + s[i] * my[j]) / product
        settled = value - trial_value <= 1e-15 * abs(value)
        x[:] = trial
        gradient[:] = trial_gradient
        value = trial_value
        if settled and np.max(np.abs(gradient)) <= SETTLED_TOLERANCE * unit:
            break
    value = evaluate(x, sensing, seen, rest, cost, cap, gradient, powers, weighted)
    return value, evaluations
