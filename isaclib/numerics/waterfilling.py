"""Water-filling over a multiple-access channel: the best powers of given rank-one directions.

With F = [f_1, ..., f_K], G = F^H F its Gram matrix and p on the simplex,

    max  f(p) = log det(I + sum_k p_k f_k f_k^H) = log det(I + diag(p) G),

is concave with gradient M_kk and Hessian -|M_kl|^2, M = F^H (I + sum_k p_k f_k f_k^H)^-1 F, so that

    f(p) + max_k M_kk - sum_k p_k M_kk

bounds the maximum from above at any p. A primal-dual interior point method closes that gap to
rounding. Everything is computed from F through a square root of the inverse, which keeps twice the
digits that G itself would leave where the f_k are nearly parallel and strong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np

CLOSED = 1e-12
"""Relative gap at which the iteration stops; rounding may stop it earlier where f_k f_k^H is huge."""

MAX_STEPS = 80


@numba.njit(cache=True)
def absorb(root: np.ndarray, vector: np.ndarray, power: float, inner: np.ndarray, solved: np.ndarray) -> float:
    """Add a rank-one term to B: with S S^H = B^-1, make it S S^H = (B + p f f^H)^-1.

    Parameters
    ----------
    root : ndarray of complex, shape (r, r)
        S, overwritten.
    vector : ndarray of complex, shape (r,)
        f.
    power : float
        p, at least 0.
    inner, solved : ndarray of complex, shape (r,)
        S^H f and B^-1 f with the old B, written.

    Returns
    -------
    float
        f^H B^-1 f with the old B.
    """
    size = vector.size
    form = 0.0
    for i in range(size):
        t = 0.0j
        for j in range(size):
            t += root[j, i].conjugate() * vector[j]
        inner[i] = t
        form += t.real * t.real + t.imag * t.imag
    grown = 1.0 + power * form
    shrink = power / (grown + math.sqrt(grown))
    for i in range(size):
        t = 0.0j
        for j in range(size):
            t += root[i, j] * inner[j]
        solved[i] = t
        t *= shrink
        for j in range(size):
            root[i, j] -= t * inner[j].conjugate()
    return form


@numba.njit(cache=True)
def log_determinant(factor: np.ndarray, powers: np.ndarray, curvature: np.ndarray) -> float:
    """log det(I + sum_k p_k f_k f_k^H), to relative precision even where it is tiny; writes M.

    Parameters
    ----------
    factor : ndarray of complex, shape (r, K)
        f_k in column k.
    powers : ndarray, shape (K,)
        p, at least 0.
    curvature : ndarray of complex, shape (K, K)
        M, written.

    Returns
    -------
    float
        In nat.
    """
    size, count = factor.shape
    root = np.zeros((size, size), np.complex128)
    for i in range(size):
        root[i, i] = 1.0
    inner = np.empty(size, np.complex128)
    solved = np.empty(size, np.complex128)
    value = 0.0
    for k in range(count):
        value += math.log1p(powers[k] * absorb(root, factor[:, k], powers[k], inner, solved))
    seen = np.zeros((size, count), np.complex128)
    for i in range(size):
        for k in range(count):
            t = 0.0j
            for j in range(size):
                t += root[j, i].conjugate() * factor[j, k]
            seen[i, k] = t
    for k in range(count):
        for m in range(k + 1):
            t = 0.0j
            for i in range(size):
                t += seen[i, k].conjugate() * seen[i, m]
            curvature[k, m] = t
            curvature[m, k] = t.conjugate()
    return value


@numba.njit(cache=True)
def _solve(matrix: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    """Overwrite two right-hand sides by their solutions; the positive definite matrix is overwritten too."""
    n = first.size
    for i in range(n):
        floor = 1e-15 * matrix[i, i]
        for j in range(i + 1):
            t = matrix[i, j]
            for k in range(j):
                t -= matrix[i, k] * matrix[j, k]
            # parallel vectors leave nothing but rounding in the pivot
            matrix[i, j] = math.sqrt(max(t, floor)) if i == j else t / matrix[j, j]
    for i in range(n):
        for k in range(i):
            first[i] -= matrix[i, k] * first[k]
            second[i] -= matrix[i, k] * second[k]
        first[i] /= matrix[i, i]
        second[i] /= matrix[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            first[i] -= matrix[k, i] * first[k]
            second[i] -= matrix[k, i] * second[k]
        first[i] /= matrix[i, i]
        second[i] /= matrix[i, i]


@numba.njit(cache=True)
def _longest(point: np.ndarray, step: np.ndarray, keep: float) -> float:
    """Longest step of at most 1 that leaves every component at least `keep` of itself."""
    length = 1.0
    for k in range(point.size):
        if step[k] < 0.0:
            length = min(length, -(1.0 - keep) * point[k] / step[k])
    return length


@numba.njit(cache=True)
def multiple_access_factor(factor: np.ndarray, powers: np.ndarray) -> tuple[float, float, int]:
    """Water-fill over given vectors.

    Parameters
    ----------
    factor : ndarray of complex, shape (r, K)
        f_k in column k.
    powers : ndarray, shape (K,)
        The best p, written: p >= 0, sum p = 1.

    Returns
    -------
    value, bound : float
        f(p) and its upper bound, in nat.
    steps : int
        Newton steps.
    """
    count = powers.size
    point = np.full(count, 1.0 / count)
    trial = np.empty(count)
    curvature = np.empty((count, count), np.complex128)
    system = np.empty((count, count))
    gradient = np.empty(count)
    price = np.empty(count)
    step = np.empty(count)
    even = np.empty(count)
    value = log_determinant(factor, point, curvature)
    powers[:] = point
    # in units of the start: the same numbers at a tiny and at a huge signal
    scale = value
    if not scale > 0.0:
        return value, value, 0
    best, bound, least, length = value, math.inf, math.inf, 1.0
    for steps in range(MAX_STEPS):
        top, mean = 0.0, 0.0
        for k in range(count):
            gradient[k] = curvature[k, k].real / scale
            top = max(top, gradient[k])
            mean += point[k] * gradient[k]
        gap = top - mean
        bound = min(bound, value + gap * scale)
        if gap < least:
            best, least = value, gap
            powers[:] = point
        if bound - best <= CLOSED * best or steps == MAX_STEPS - 1:
            break
        if steps == 0:
            for k in range(count):
                price[k] = top - gradient[k] + gap
        barrier = 0.0
        for k in range(count):
            barrier += point[k] * price[k] / count
        if barrier * count < 0.01 * CLOSED:
            break
        # a step that was cut short has not come near the central path yet
        target = min(0.1 * barrier, barrier * math.sqrt(barrier)) if length > 0.5 else 0.5 * barrier
        for k in range(count):
            for m in range(count):
                t = curvature[k, m]
                system[k, m] = (t.real * t.real + t.imag * t.imag) / scale
            system[k, k] += price[k] / point[k]
            step[k] = gradient[k] + target / point[k]
            even[k] = 1.0
        _solve(system, step, even)
        level = step.sum() / even.sum()
        slope = 0.0
        for k in range(count):
            step[k] -= level * even[k]
            slope += step[k] * (gradient[k] + target / point[k])
            even[k] = target / point[k] - price[k] - price[k] / point[k] * step[k]
        keep = min(0.1, barrier)
        length = _longest(price, even, keep)
        for k in range(count):
            price[k] += length * even[k]
        length = _longest(point, step, keep)
        merit = value / scale
        for k in range(count):
            merit += target * math.log(point[k])
        for _ in range(40):
            for k in range(count):
                trial[k] = point[k] + length * step[k]
            trial /= trial.sum()
            value = log_determinant(factor, trial, curvature)
            reached = value / scale
            for k in range(count):
                reached += target * math.log(trial[k])
            if reached >= merit + 1e-4 * length * slope - 1e-13 * (1.0 + abs(merit)):
                break
            length *= 0.5
        point[:] = trial
        for k in range(count):
            central = target / point[k]
            price[k] = min(max(price[k], 1e-8 * central), 1e8 * central)
    return best, max(bound, best), steps


@numba.njit(cache=True)
def factor_of(gram: np.ndarray, factor: np.ndarray) -> None:
    """Write F with F^H F = G by Cholesky steps on the largest remaining diagonal entry.

    Parameters
    ----------
    gram : ndarray of complex, shape (K, K)
        G, positive semidefinite of any rank.
    factor : ndarray of complex, shape (K, K)
        Written.
    """
    count = gram.shape[0]
    rest = np.empty(count)
    for k in range(count):
        rest[k] = gram[k, k].real
    factor[:] = 0.0
    for i in range(count):
        pivot = np.argmax(rest)
        # what is left of a vector that lies in the span of those before is rounding
        if rest[pivot] <= 1e-16 * count * gram[pivot, pivot].real:
            break
        root = math.sqrt(rest[pivot])
        for k in range(count):
            t = gram[pivot, k]
            for j in range(i):
                t -= factor[j, pivot].conjugate() * factor[j, k]
            factor[i, k] = 0.0 if rest[k] == -math.inf else t / root
        for k in range(count):
            t = factor[i, k]
            rest[k] -= t.real * t.real + t.imag * t.imag
        factor[i, pivot] = root
        rest[pivot] = -math.inf


@numba.njit(cache=True)
def multiple_access(gram: np.ndarray, powers: np.ndarray) -> tuple[float, float]:
    """Water-fill over vectors given by their Gram matrix.

    Parameters
    ----------
    gram : ndarray of complex, shape (K, K)
        G, G_ij = f_i^H f_j.
    powers : ndarray, shape (K,)
        The best p, written: p >= 0, sum p = 1.

    Returns
    -------
    value, bound : float
        log det(I + diag(p) G) and the upper bound on its maximum, in nat.
    """
    factor = np.empty(gram.shape, np.complex128)
    factor_of(gram, factor)
    value, bound, _ = multiple_access_factor(factor, powers)
    return value, bound


@dataclass(frozen=True)
class WaterFilling:
    """Powers of a batch of multiple-access channels.

    Attributes
    ----------
    powers : ndarray, shape (B, K)
        p >= 0, sum p = 1.
    value, bound : ndarray, shape (B,)
        f(p) and its upper bound, in nat.
    steps : ndarray of int, shape (B,)
        Newton steps.
    """

    powers: np.ndarray
    value: np.ndarray
    bound: np.ndarray
    steps: np.ndarray


@numba.njit(cache=True)
def _batch(factors: np.ndarray, powers: np.ndarray, value: np.ndarray, bound: np.ndarray, steps: np.ndarray) -> None:
    for b in range(factors.shape[0]):
        value[b], bound[b], steps[b] = multiple_access_factor(factors[b], powers[b])


def water_fill(factors: np.ndarray) -> WaterFilling:
    """Water-fill a batch of multiple-access channels.

    Parameters
    ----------
    factors : ndarray of complex, shape (B, r, K)
        f_k in column k, in units in which the noise is I and the powers sum to 1. Vectors of more
        entries than there are of them are better handed over as the R of their QR decomposition.

    Returns
    -------
    WaterFilling
    """
    batch, _, count = factors.shape
    powers = np.empty((batch, count))
    value, bound = np.empty(batch), np.empty(batch)
    steps = np.empty(batch, dtype=np.int64)
    _batch(np.ascontiguousarray(factors, dtype=complex), powers, value, bound, steps)
    return WaterFilling(powers=powers, value=value, bound=bound, steps=steps)
