"""The dual of spectral efficiency under a power limit and several quadratic constraints, compiled.

    max log det(I + H R H^H)   s.t.  tr R <= P,  tr(A_t R) >= c_t,  rank R <= N_s,

in units in which P = c_t = 1, on the span of H^H and the steering vectors. With multipliers (lambda, nu) and
T = lambda I - sum_t nu_t A_t > 0 the Lagrangian dual is

    g(lambda, nu) = sum_i phi(g_i) + lambda - sum_t nu_t,   phi(x) = log x - 1 + 1/x above 1, else 0,

over the N_s largest eigenvalues g_i of K = H T^-1 H^H: convex, minimised by Newton steps on
g - t (log det T + sum_t log nu_t) for falling t. A bound for every (lambda, nu) is the capacity of
tr(T R) <= lambda - sum_t nu_t, by water-filling over the same eigenvalues; the best R there is the design.
Where lambda < sum_t nu_t with T > 0, every R with tr(A_t R) >= 1 spends more than the power: proof that
there is no design.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.gram_schmidt import gram_schmidt
from isaclib.systems.modular.multiplier import fill
from isaclib.systems.modular.repair import repair, symmetric_solve

FOUND, INFEASIBLE, NOT_FOUND = 0, 1, 2

BARRIER = 1e-13
"""Last weight of the barrier, in units of the dual."""

SHRINK = 0.05
MAX_NEWTON = 400
LONGEST = 10.0
"""Longest relative step of a multiplier: along a ray on which the dual falls for ever they grow without end."""

ENDLESS = 1e40
"""Multipliers, or their inverses, from which on no digits are left."""

CERTAIN = 1e-11
"""Margin by which lambda < sum nu counts as proof, in units of lambda: far above rounding."""

ROUNDING = 1e-15
"""Relative error allowed for in sums of a few products."""

ACCEPTED = 5e-7
"""Relative shortfall of tr(A_t R) that a design may have."""


@numba.njit(cache=True)
def _matrix(multipliers: np.ndarray, quadratic: np.ndarray) -> np.ndarray:
    """T = lambda I - sum_t nu_t A_t."""
    size = quadratic.shape[1]
    matrix = np.zeros((size, size), np.complex128)
    for i in range(size):
        matrix[i, i] = multipliers[0]
    for t in range(len(quadratic)):
        matrix -= multipliers[t + 1] * quadratic[t]
    return matrix


@numba.njit(cache=True)
def _barrier(multipliers: np.ndarray, values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total -= math.log(value)
    for value in multipliers[1:]:
        total -= math.log(value)
    return total


@numba.njit(cache=True)
def _phi(value: float) -> float:
    return math.log(value) - 1.0 + 1.0 / value if value > 1.0 else 0.0


@numba.njit(cache=True)
def _slope(value: float) -> float:
    return (1.0 - 1.0 / value) / value if value > 1.0 else 0.0


@numba.njit(cache=True)
def _value(
    multipliers: np.ndarray, channel: np.ndarray, quadratic: np.ndarray, streams: int, weight: float
) -> tuple[float, float]:
    """Dual and dual with barrier; infinite outside of T > 0, nu > 0."""
    for value in multipliers:
        if not value > 0.0:
            return math.inf, math.inf
    values, vectors = np.linalg.eigh(_matrix(multipliers, quadratic))
    if values[0] <= 1e-15 * values[-1]:
        return math.inf, math.inf
    seen = channel @ vectors
    for i in range(len(values)):
        seen[:, i] /= math.sqrt(values[i])
    gains = np.linalg.eigvalsh(seen @ np.ascontiguousarray(seen.conj().T))
    dual = multipliers[0] - np.sum(multipliers[1:])
    for i in range(streams):
        dual += _phi(gains[len(gains) - 1 - i])
    return dual, dual + weight * _barrier(multipliers, values)


@numba.njit(cache=True)
def _derivatives(
    multipliers: np.ndarray,
    channel: np.ndarray,
    quadratic: np.ndarray,
    streams: int,
    weight: float,
    gradient: np.ndarray,
    hessian: np.ndarray,
) -> None:
    """Write first and second derivatives of the dual with barrier."""
    users, size = channel.shape
    count = len(multipliers)
    values, vectors = np.linalg.eigh(_matrix(multipliers, quadratic))
    scaled = vectors.copy()
    for i in range(size):
        scaled[:, i] /= values[i]
    inverse = scaled @ np.ascontiguousarray(vectors.conj().T)
    reached = inverse @ np.ascontiguousarray(channel.conj().T)
    gains, turns = np.linalg.eigh(channel @ reached)
    frame = reached @ turns
    adjoint = np.ascontiguousarray(frame.conj().T)
    slopes = np.zeros(users)
    for i in range(users - streams, users):
        slopes[i] = _slope(gains[i])
    # derivatives of T are -B_s: B_0 = -I, B_t = A_t
    moved = np.empty((count, size, users), np.complex128)
    seen = np.empty((count, users, users), np.complex128)
    blocked = np.empty((count, size, size), np.complex128)
    for s in range(count):
        if s == 0:
            moved[s] = -frame
            blocked[s] = -inverse
        else:
            moved[s] = quadratic[s - 1] @ frame
            blocked[s] = inverse @ quadratic[s - 1]
        seen[s] = adjoint @ moved[s]
    for s in range(count):
        gradient[s] = 1.0 if s == 0 else -1.0
        for i in range(users):
            gradient[s] += slopes[i] * seen[s, i, i].real
        trace = 0.0
        for i in range(size):
            trace += blocked[s, i, i].real
        gradient[s] += weight * trace
        if s:
            gradient[s] -= weight / multipliers[s]
        through = inverse @ moved[s]
        for r in range(s + 1):
            total = 0.0
            for i in range(users):
                for j in range(users):
                    both = (seen[s, i, j] * seen[r, j, i]).real
                    if i == j or abs(gains[i] - gains[j]) <= 1e-9 * gains[users - 1]:
                        if slopes[i] > 0.0 and slopes[j] > 0.0:
                            total += (2.0 / gains[i] - 1.0) / gains[i] ** 2 * both
                    else:
                        total += (slopes[i] - slopes[j]) / (gains[i] - gains[j]) * both
                for n in range(size):
                    total += 2.0 * slopes[i] * (moved[r, n, i].conjugate() * through[n, i]).real
            for i in range(size):
                for j in range(size):
                    total += weight * (blocked[s, i, j] * blocked[r, j, i]).real
            hessian[s, r] = total
            hessian[r, s] = total
        if s:
            hessian[s, s] += weight / multipliers[s] ** 2


@numba.njit(cache=True)
def _minimise(
    multipliers: np.ndarray, channel: np.ndarray, quadratic: np.ndarray, streams: int
) -> tuple[bool, float, int]:
    """Follow the barrier; returns whether there is a proof of no design, the last weight, and Newton steps."""
    count = len(multipliers)
    gradient, hessian = np.empty(count), np.empty((count, count))
    dual, _ = _value(multipliers, channel, quadratic, streams, 0.0)
    weight = 0.1 * max(dual, 1e-300)
    steps = 0
    while steps < MAX_NEWTON:
        last = weight <= BARRIER * max(dual, 1e-300)
        for _ in range(40):
            dual, value = _value(multipliers, channel, quadratic, streams, weight)
            _derivatives(multipliers, channel, quadratic, streams, weight, gradient, hessian)
            # relative steps: multipliers may differ by orders of magnitude
            step = -symmetric_solve(hessian * np.outer(multipliers, multipliers), gradient * multipliers)
            step *= min(1.0, LONGEST / max(np.max(np.abs(step)), 1e-300))
            decrement = -np.dot(step, gradient * multipliers)
            steps += 1
            if not decrement > (1e-6 if last else 0.1) * weight:
                break
            length = 1.0
            trial = multipliers * (1.0 + step)
            while length > 1e-12:
                trial = multipliers * (1.0 + length * step)
                _, reached = _value(trial, channel, quadratic, streams, weight)
                if reached <= value - 0.1 * length * decrement:
                    break
                length *= 0.5
            else:
                break
            multipliers[:] = trial
            if not 1.0 / ENDLESS < multipliers[0] < ENDLESS:
                return False, weight, MAX_NEWTON
            if multipliers[0] - np.sum(multipliers[1:]) < -CERTAIN * multipliers[0]:
                return True, weight, steps
        if last:
            break
        weight = max(SHRINK * weight, BARRIER * max(dual, 1e-300))
    return False, weight, steps


@numba.njit(cache=True)
def _design(
    multipliers: np.ndarray, channel: np.ndarray, quadratic: np.ndarray, streams: int, beams: np.ndarray
) -> float:
    """Write the F of the bound at the multipliers; return the bound."""
    users, size = channel.shape
    values, vectors = np.linalg.eigh(_matrix(multipliers / multipliers[0], quadratic))
    for i in range(size):
        vectors[:, i] /= math.sqrt(values[i])
    seen = channel @ vectors
    gains, turns = np.linalg.eigh(seen @ np.ascontiguousarray(seen.conj().T))
    kept = gains[users - streams :][::-1].copy()
    loads = np.empty(streams)
    budget = max(0.0, 1.0 - np.sum(multipliers[1:]) / multipliers[0])
    bound = fill(kept, budget, loads)
    # K is off by H T^-1 E T^-1 H^H with E at the rounding of T, the budget by that of one
    heard = np.abs(np.ascontiguousarray(turns.conj().T) @ seen) ** 2
    for i in range(streams):
        if loads[i] > 0.0:
            bound += (
                ROUNDING * loads[i] / (1.0 + loads[i] * kept[i]) * np.sum(heard[users - 1 - i] / values) * values[-1]
            )
    if loads[0] > 0.0:
        bound += ROUNDING / (loads[0] + 1.0 / kept[0])
    weights = np.zeros((users, streams), np.complex128)
    for i in range(streams):
        if loads[i] > 0.0:
            weights[:, i] = turns[:, users - 1 - i] * math.sqrt(loads[i] / kept[i])
    beams[:, :] = vectors @ (np.ascontiguousarray(seen.conj().T) @ weights)
    return bound


@numba.njit(cache=True)
def solve(
    channel: np.ndarray,
    steering: np.ndarray,
    signed: np.ndarray,
    needed: np.ndarray,
    power: float,
    beams: np.ndarray,
) -> tuple[float, int, int]:
    """Solve one problem.

    Parameters
    ----------
    channel : ndarray of complex, shape (N_u, n)
        H in units of the noise amplitude.
    steering : ndarray of complex, shape (Q, n)
        a_q in row q.
    signed : ndarray, shape (T, Q)
        d_tq of A_t = sum_q d_tq a_q a_q^H.
    needed : ndarray, shape (T,)
        c_t, above 0.
    power : float
        P.
    beams : ndarray of complex, shape (n, N_s)
        F with R = F F^H, written where a design is found.

    Returns
    -------
    bound, outcome, steps
        Upper bound in nat, NaN without a design; FOUND, INFEASIBLE (proven) or NOT_FOUND; Newton steps.
    """
    users = len(channel)
    targets, objects = signed.shape
    streams = beams.shape[1]
    rows = np.concatenate((channel.conj(), steering))
    basis = np.empty_like(rows)
    upper = np.empty((len(rows), len(rows)), np.complex128)
    gram_schmidt(rows, basis, upper)
    kept = np.array([i for i in range(len(rows)) if upper[i, i].real > 0.0])
    if len(kept) == 0:
        return math.nan, INFEASIBLE, 0
    inner = np.ascontiguousarray(upper[kept])
    heard = np.ascontiguousarray(inner[:, :users].conj().T) * math.sqrt(power)
    quadratic = np.zeros((targets, len(kept), len(kept)), np.complex128)
    multipliers = np.empty(targets + 1)
    strongest = np.linalg.eigvalsh(heard @ np.ascontiguousarray(heard.conj().T))[-1]
    multipliers[0] = min(float(streams), max(1e-12, strongest))
    for t in range(targets):
        for q in range(objects):
            column = np.ascontiguousarray(inner[:, users + q])
            quadratic[t] += signed[t, q] * power / needed[t] * np.outer(column, column.conj())
        largest = np.linalg.eigvalsh(quadratic[t])[-1]
        if not largest >= 1.0:
            return math.nan, INFEASIBLE, 0
        multipliers[t + 1] = 0.5 * multipliers[0] / (targets * largest)
    proof, weight, steps = _minimise(multipliers, heard, quadratic, streams)
    if proof:
        return math.nan, INFEASIBLE, steps
    found = np.empty((len(kept), streams), np.complex128)
    bound = _design(multipliers, heard, quadratic, streams, found)
    short = repair(found, quadratic, multipliers, _matrix(multipliers, quadratic), weight)
    if not short <= ACCEPTED:
        return math.nan, NOT_FOUND, steps
    beams[:, :] = np.ascontiguousarray(basis[kept].T) @ found * math.sqrt(power)
    return bound, FOUND, steps


@numba.njit(cache=True)
def solve_many(
    channel: np.ndarray,
    steering: np.ndarray,
    signed: np.ndarray,
    needed: np.ndarray,
    power: float,
    beams: np.ndarray,
    bound: np.ndarray,
    outcome: np.ndarray,
    steps: np.ndarray,
) -> None:
    """Run `solve` on a batch: a leading axis B everywhere, results written."""
    for b in range(len(channel)):
        bound[b], outcome[b], steps[b] = solve(
            np.ascontiguousarray(channel[b]),
            np.ascontiguousarray(steering[b]),
            np.ascontiguousarray(signed[b]),
            np.ascontiguousarray(needed[b]),
            power,
            beams[b],
        )
