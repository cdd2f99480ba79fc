"""The dual of spectral efficiency under a power limit and one quadratic constraint, compiled.

    max log det(I + H R H^H)   s.t.  tr R <= P,  tr(A R) >= c,  rank R <= N_s,

with A = sum_q d_q a_q a_q^H and one positive d. With multipliers (lambda, nu), mu = nu / lambda and
T = I - mu A >= 0, the two constraints imply the single one tr(T R) <= P - mu c, under which the best R is
water-filling over the N_s largest eigenvalues of

    K(mu) = H T^-1 H^H = H H^H + sum_j h_j h_j^H (1 / (1 - mu l_j) - 1),

(l_j, u_j) the eigenpairs of A and h_j = H u_j: a matrix of the size of the user's array. Its capacity
is an upper bound for every mu (weak duality, also of the rank-constrained problem) and quasi-convex
in mu; the sign of its slope is that of tr(A R) - c. A root search in log z, z = 1 / (1 - mu l_1),
ends where tr(A R) = c: there R is feasible and attains the bound.
"""

from __future__ import annotations

import math

import numba
import numpy as np

MAX_LOG = 75.0
"""Largest log z: mu is then 1 / l_1 to rounding."""

MAX_STEPS = 120
CLOSED = 1e-13
"""Relative distance of tr(A R) from c at which the search ends."""


@numba.njit(cache=True)
def eigenpairs(steering: np.ndarray, signed: np.ndarray, values: np.ndarray, mixes: np.ndarray) -> int:
    """Eigenpairs of A = sum_q d_q a_q a_q^H on the span of the a_q, largest first.

    Parameters
    ----------
    steering : ndarray of complex, shape (Q, n)
        a_q in row q.
    signed : ndarray, shape (Q,)
        d_q.
    values : ndarray, shape (Q,)
        l_j, written.
    mixes : ndarray of complex, shape (Q, Q)
        u_j = sum_q mixes[q, j] a_q, written.

    Returns
    -------
    int
        So many pairs: fewer than Q where the a_q depend on each other.
    """
    objects = len(signed)
    gram = np.conj(steering) @ np.ascontiguousarray(steering.T)
    scales, axes = np.linalg.eigh(gram)
    kept = 0
    basis = np.zeros((objects, objects), np.complex128)
    for j in range(objects):
        if scales[j] > 1e-13 * scales[objects - 1]:
            for q in range(objects):
                basis[q, kept] = axes[q, j] / math.sqrt(scales[j])
            kept += 1
    seen = gram @ np.ascontiguousarray(basis[:, :kept])
    inner = np.zeros((kept, kept), np.complex128)
    for i in range(kept):
        for j in range(kept):
            for q in range(objects):
                inner[i, j] += seen[q, i].conjugate() * signed[q] * seen[q, j]
    levels, turns = np.linalg.eigh(inner)
    for j in range(kept):
        values[j] = levels[kept - 1 - j]
        for q in range(objects):
            t = 0.0j
            for i in range(kept):
                t += basis[q, i] * turns[i, kept - 1 - j]
            mixes[q, j] = t
    return kept


@numba.njit(cache=True)
def _fill(gains: np.ndarray, budget: float, powers: np.ndarray) -> float:
    """Water-fill a budget over gains in falling order; return sum log(1 + p g)."""
    powers[:] = 0.0
    count = 0
    inverse = 0.0
    level = 0.0
    for i in range(len(gains)):
        if gains[i] <= 0.0:
            break
        trial = (budget + inverse + 1.0 / gains[i]) / (count + 1)
        if trial <= 1.0 / gains[i]:
            break
        count += 1
        inverse += 1.0 / gains[i]
        level = trial
    capacity = 0.0
    for i in range(count):
        powers[i] = level - 1.0 / gains[i]
        capacity += math.log1p(powers[i] * gains[i])
    return capacity


@numba.njit(cache=True)
def _at(
    log_z: float,
    gram: np.ndarray,
    heard: np.ndarray,
    levels: np.ndarray,
    needed: float,
    power: float,
    streams: int,
    weights: np.ndarray,
    loads: np.ndarray,
) -> tuple[float, float]:
    """Capacity and tr(A R) / c - 1 at a multiplier; writes w_i (as columns) and p_i / g_i."""
    users = len(gram)
    z = math.exp(log_z)
    mu = -math.expm1(-log_z) / levels[0]
    matrix = gram.copy()
    factors = np.empty(len(levels))
    for j in range(len(levels)):
        factors[j] = z if j == 0 else 1.0 / (1.0 - mu * levels[j])
        for a in range(users):
            for b in range(users):
                matrix[a, b] += (factors[j] - 1.0) * heard[a, j] * heard[b, j].conjugate()
    values, vectors = np.linalg.eigh(matrix)
    gains = np.empty(streams)
    for i in range(streams):
        gains[i] = values[users - 1 - i]
        for a in range(users):
            weights[a, i] = vectors[a, users - 1 - i]
    powers = np.empty(streams)
    capacity = _fill(gains, max(0.0, power - mu * needed), powers)
    received = 0.0
    for i in range(streams):
        loads[i] = powers[i] / gains[i] if powers[i] > 0.0 else 0.0
        if loads[i] == 0.0:
            continue
        for j in range(len(levels)):
            t = 0.0j
            for a in range(users):
                t += heard[a, j].conjugate() * weights[a, i]
            received += levels[j] * factors[j] ** 2 * (t.real**2 + t.imag**2) * loads[i]
    return capacity, received / needed - 1.0


@numba.njit(cache=True)
def solve(
    channel: np.ndarray,
    steering: np.ndarray,
    signed: np.ndarray,
    needed: float,
    power: float,
    beams: np.ndarray,
) -> tuple[float, float, int]:
    """Solve one problem.

    Parameters
    ----------
    channel : ndarray of complex, shape (N_u, n)
        H in units of the noise amplitude.
    steering : ndarray of complex, shape (Q, n)
        a_q in row q.
    signed : ndarray, shape (Q,)
        d_q.
    needed : float
        c, above 0.
    power : float
        P.
    beams : ndarray of complex, shape (n, N_s)
        F with R = F F^H, written where the constraint can be met.

    Returns
    -------
    bound, reach, evaluations
        Upper bound in nat, NaN where the constraint cannot be met; l_1 P / c, below one just there;
        evaluations of the dual.
    """
    streams = beams.shape[1]
    users = len(channel)
    levels = np.empty(len(signed))
    mixes = np.empty((len(signed), len(signed)), np.complex128)
    kept = eigenpairs(steering, signed, levels, mixes)
    levels = levels[:kept]
    reach = levels[0] * power / needed
    if not reach >= 1.0:
        return math.nan, reach, 0
    gram = channel @ np.ascontiguousarray(channel.conj().T)
    axes = np.ascontiguousarray(steering.T) @ np.ascontiguousarray(mixes[:, :kept])
    heard = channel @ axes
    weights = np.empty((users, streams), np.complex128)
    loads = np.empty(streams)
    low = 0.0
    bound, low_excess = _at(0.0, gram, heard, levels, needed, power, streams, weights, loads)
    evaluations = 1
    log_z = 0.0
    if low_excess < 0.0:
        high = 1.0
        high_excess = low_excess
        while True:
            high = min(high, MAX_LOG)
            bound, high_excess = _at(high, gram, heard, levels, needed, power, streams, weights, loads)
            evaluations += 1
            if high_excess >= 0.0 or high >= MAX_LOG:
                break
            low, low_excess = high, high_excess
            high *= 3.0
        log_z = high
        if high_excess > CLOSED:
            log_z, more = _root(
                low, low_excess, high, high_excess, gram, heard, levels, needed, power, streams, weights, loads
            )
            evaluations += more
            bound, _ = _at(log_z, gram, heard, levels, needed, power, streams, weights, loads)
            evaluations += 1
    # F = T^-1 H^H W diag(p / g)^1/2
    mu = -math.expm1(-log_z) / levels[0]
    for i in range(streams):
        scale = math.sqrt(loads[i])
        for a in range(users):
            weights[a, i] *= scale
    plain = np.ascontiguousarray(channel.conj().T) @ weights
    along = np.ascontiguousarray(heard.conj().T) @ weights
    for j in range(kept):
        factor = math.expm1(log_z) if j == 0 else 1.0 / (1.0 - mu * levels[j]) - 1.0
        for i in range(streams):
            along[j, i] *= factor
    beams[:, :] = plain + axes @ along
    _complete(axes, levels, needed, power, beams)
    return bound, reach, evaluations


@numba.njit(cache=True)
def _root(
    low: float,
    low_excess: float,
    high: float,
    high_excess: float,
    gram: np.ndarray,
    heard: np.ndarray,
    levels: np.ndarray,
    needed: float,
    power: float,
    streams: int,
    weights: np.ndarray,
    loads: np.ndarray,
) -> tuple[float, int]:
    """Chandrupatla's search for tr(A R) = c in log z; returns its upper end, where tr(A R) >= c."""
    a, fa, b, fb = high, high_excess, low, low_excess
    c, fc = a, fa
    share = 0.5
    evaluations = 0
    for _ in range(MAX_STEPS):
        x = a + share * (b - a)
        _, fx = _at(x, gram, heard, levels, needed, power, streams, weights, loads)
        evaluations += 1
        if (fx < 0.0) == (fa < 0.0):
            c, fc = a, fa
        else:
            c, b, fc, fb = b, a, fb, fa
        a, fa = x, fx
        if fa >= 0.0:
            top, top_excess = a, fa
        else:
            top, top_excess = b, fb
        width = abs(b - a)
        if top_excess <= CLOSED or width <= 4e-16 * max(1.0, abs(a)):
            return top, evaluations
        # inverse quadratic interpolation where it can be trusted
        xi = (a - b) / (c - b)
        phi = (fa - fb) / (fc - fb)
        if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
            share = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        else:
            share = 0.5
        least = 2e-16 * max(1.0, abs(a)) / width
        share = min(1.0 - least, max(least, share))
    return (a if fa >= 0.0 else b), evaluations


@numba.njit(cache=True)
def _complete(axes: np.ndarray, levels: np.ndarray, needed: float, power: float, beams: np.ndarray) -> None:
    """Bring F to full power and tr(A R) to c where the channel does not see the best direction.

    There T^-1 does not act on u_1: what is missing of c is put on it, which disturbs no rate.
    """
    size, streams = beams.shape
    seen = np.ascontiguousarray(axes.conj().T) @ beams
    received = 0.0
    total = 0.0
    for i in range(streams):
        for j in range(len(levels)):
            received += levels[j] * (seen[j, i].real ** 2 + seen[j, i].imag ** 2)
        for n in range(size):
            total += beams[n, i].real ** 2 + beams[n, i].imag ** 2
    if received < needed * (1.0 - 1e-9):
        # along the stream with most on u_1, in phase with it
        stream = 0
        for i in range(streams):
            if abs(seen[0, i]) > abs(seen[0, stream]):
                stream = i
        there = abs(seen[0, stream])
        turn = seen[0, stream] / there if there > 0.0 else 1.0 + 0.0j
        more = math.sqrt(there * there + (needed - received) / levels[0]) - there
        for n in range(size):
            beams[n, stream] += more * turn * axes[n, 0]
        total += more * (more + 2.0 * there)
    scale = math.sqrt(power / total) if total > 0.0 else 0.0
    for n in range(size):
        for i in range(streams):
            beams[n, i] *= scale


@numba.njit(cache=True)
def solve_many(
    channel: np.ndarray,
    steering: np.ndarray,
    signed: np.ndarray,
    needed: np.ndarray,
    power: float,
    beams: np.ndarray,
    bound: np.ndarray,
    reach: np.ndarray,
    evaluations: np.ndarray,
) -> None:
    """Run `solve` on a batch: a leading axis B everywhere, results written."""
    for b in range(len(channel)):
        bound[b], reach[b], evaluations[b] = solve(
            np.ascontiguousarray(channel[b]), np.ascontiguousarray(steering[b]), signed[b], needed[b], power, beams[b]
        )
