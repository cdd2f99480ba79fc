"""Following the central path of the relaxation down to its certificate, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.hybrid.beams import RATE_SLIP, beam_cost, rank_one
from isaclib.systems.hybrid.dual_barrier import (
    COST,
    ILLUMINATION,
    SENSING,
    barrier,
    dual_matrix,
    invert,
    newton,
    sensing_value,
    units,
)

SHRINK = 0.15
"""Factor between two barrier parameters."""

PRECISION = 1e-10
"""Last barrier parameter, relative to the dual variable of the power."""


@numba.njit(cache=True)
def _step(hessian: np.ndarray, gradient: np.ndarray, direction: np.ndarray) -> float:
    """Newton direction by Cholesky with diagonal scaling; returns the squared decrement."""
    n = gradient.size
    scale = np.empty(n)
    factor = np.empty((n, n))
    for i in range(n):
        scale[i] = 1.0 / math.sqrt(hessian[i, i])
    for i in range(n):
        for j in range(i + 1):
            t = hessian[i, j] * scale[i] * scale[j]
            for k in range(j):
                t -= factor[i, k] * factor[j, k]
            if i == j:
                factor[i, i] = math.sqrt(max(t, 1e-13))
            else:
                factor[i, j] = t / factor[j, j]
    for i in range(n):
        t = -gradient[i] * scale[i]
        for k in range(i):
            t -= factor[i, k] * direction[k]
        direction[i] = t / factor[i, i]
    for i in range(n - 1, -1, -1):
        t = direction[i]
        for k in range(i + 1, n):
            t -= factor[k, i] * direction[k]
        direction[i] = t / factor[i, i]
    decrement = 0.0
    for i in range(n):
        direction[i] *= scale[i]
        decrement -= direction[i] * gradient[i]
    return decrement


@numba.njit(cache=True)
def _start(dual: np.ndarray, cost: np.ndarray, uplink: np.ndarray, mode: int) -> None:
    """Write a strictly feasible point: X = C, and a share of the uplink powers as multipliers."""
    sensing = mode != ILLUMINATION
    first = SENSING if sensing else 0
    t = 2.0
    if sensing:
        dual[:SENSING] = 0.0
        dual[5], dual[6], dual[7] = cost[0, 0], cost[0, 1], cost[1, 1]
        dual[0] = 2.0 * (cost[0, 0] + cost[1, 1])
        t = 7.0
    for k in range(uplink.size):
        dual[first + k] = 0.3 * t * uplink[k]
    dual[dual.size - 1] = t


@numba.njit(cache=True)
def _centre(
    dual: np.ndarray,
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    mode: int,
    cap: float,
    mu: float,
    enough: float,
    unit_matrices: np.ndarray,
    matrix: np.ndarray,
    inverse: np.ndarray,
) -> int:
    """Newton steps to the centre of barrier parameter mu; returns how many."""
    n = dual.size
    gradient = np.empty(n)
    hessian = np.empty((n, n))
    direction = np.empty(n)
    trial = np.empty(n)
    value = barrier(dual, vectors, cost, noise, gamma, mode, cap, mu, matrix, inverse)
    steps = 0
    while steps < 60:
        newton(dual, vectors, cost, noise, gamma, mode, cap, mu, unit_matrices, gradient, hessian, matrix, inverse)
        decrement = _step(hessian, gradient, direction)
        steps += 1
        length = 1.0
        moved = False
        while length > 1e-10:
            for i in range(n):
                trial[i] = dual[i] + length * direction[i]
            trial_value = barrier(trial, vectors, cost, noise, gamma, mode, cap, mu, matrix, inverse)
            # Close to the centre a full step converges quadratically, while differences of the
            # value, of size 1 / mu, drown in rounding.
            close = decrement < 0.1 and not math.isnan(trial_value)
            if close or trial_value <= value - 0.01 * length * decrement:
                moved = True
                break
            length *= 0.5
        if not moved:
            break
        dual[:] = trial
        value = trial_value
        if decrement < enough:
            break
    return steps


@numba.njit(cache=True)
def follow(
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    uplink: np.ndarray,
    mode: int,
    cap: float,
    beams: np.ndarray,
    multipliers: np.ndarray,
) -> tuple[float, float, float, int]:
    """Follow the central path down; take the beams from its end.

    Parameters
    ----------
    vectors : ndarray of complex, shape (dim, 3 + K)
        [a0, b1, b2, g_1, ..., g_K].
    cost : ndarray, shape (2, 2)
        C.
    noise, gamma : ndarray, shape (K,)
        Normalised noise and SINR thresholds.
    uplink : ndarray, shape (K,)
        Uplink powers of the minimum-power problem: the path starts from a share of them.
    mode : int
        `COST`, `TIE_BREAK` or `ILLUMINATION`.
    cap : float
        Largest f under `TIE_BREAK`.
    beams : ndarray of complex, shape (dim, K)
        Written: beams of unit power; left as they were where the path ends without any.
    multipliers : ndarray, shape (K,)
        Written with the beams: lambda of the rates.

    Returns
    -------
    bound, value, margin, steps
        Bound on the objective, objective of the beams, their smallest rate margin in nat, and
        Newton steps.
    """
    users = noise.size
    size = vectors.shape[0]
    first = 0 if mode == ILLUMINATION else SENSING
    dual = np.empty(first + users + 1)
    last = dual.size - 1
    unit_matrices = units()
    matrix = np.zeros((size, size), np.complex128)
    inverted = np.zeros((size, size), np.complex128)
    inverses = np.zeros((users, size, size), np.complex128)
    trial = np.empty((size, users), np.complex128)
    slope = np.empty(3)
    curve = np.empty((3, 3))
    _start(dual, cost, uplink, mode)
    mu = 0.1
    steps = 0
    bound = -np.inf if mode == COST else np.inf
    best = np.inf if mode == COST else -np.inf
    best_margin = -np.inf
    while True:
        final = mu <= PRECISION * dual[last]
        # rounding may spoil the last centre: the one before it is judged as well
        near = mu <= PRECISION * dual[last] / SHRINK
        enough = 1e-8 if near else 1e-2
        steps += _centre(dual, vectors, cost, noise, gamma, mode, cap, mu, enough, unit_matrices, matrix, inverted)
        if near:
            value = dual[last]
            for k in range(users):
                value -= dual[first + k] * noise[k]
            if mode != ILLUMINATION:
                value -= sensing_value(dual[5], dual[6], dual[7], cost, mode, cap, slope, curve)
            bound = max(bound, -value) if mode == COST else min(bound, value)
            for k in range(users):
                dual_matrix(vectors, dual, gamma, k, mode, matrix)
                invert(matrix, inverted)
                inverses[k] = inverted
            margin = rank_one(vectors, noise, gamma, inverses, trial)
            f, q = beam_cost(vectors, cost, trial)
            better = f < best if mode == COST else q > best
            if best_margin < -RATE_SLIP:
                better = margin > best_margin
            elif margin < -RATE_SLIP:
                better = False
            if better:
                best = f if mode == COST else q
                best_margin = margin
                beams[:] = trial
                for k in range(users):
                    multipliers[k] = dual[first + k]
        if final:
            break
        mu *= SHRINK
    return bound, best, best_margin, steps
