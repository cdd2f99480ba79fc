"""The search for the multiplier of the one-constraint dual, compiled; see `isaclib.systems.modular.dual`."""

from __future__ import annotations

import math

import numba
import numpy as np

MAX_LOG = 75.0
"""Largest log z: mu is then 1 / l_1 to rounding."""

MAX_STEPS = 200
CLOSED = 1e-12
"""Relative distance of tr(A R) from c at which the search ends."""


@numba.njit(cache=True)
def fill(gains: np.ndarray, budget: float, powers: np.ndarray) -> float:
    """Water-fill a budget over gains in falling order; return sum log(1 + p g)."""
    powers[:] = 0.0
    count = 0
    inverse = 0.0
    for i in range(len(gains)):
        if gains[i] <= 0.0 or (budget + inverse + 1.0 / gains[i]) / (count + 1) <= 1.0 / gains[i]:
            break
        count += 1
        inverse += 1.0 / gains[i]
    capacity = 0.0
    for i in range(count):
        # not level minus 1 / g_i, which has no digits left for weak gains
        apart = 0.0
        for j in range(count):
            apart += 1.0 / gains[j] - 1.0 / gains[i]
        powers[i] = max(0.0, (budget + apart) / count)
        capacity += math.log1p(powers[i] * gains[i])
    return capacity


@numba.njit(cache=True)
def _factors(log_z: float, levels: np.ndarray, factors: np.ndarray) -> None:
    """1 / (1 - mu l_j), the first of them z."""
    mu = -math.expm1(-log_z) / levels[0]
    factors[0] = math.exp(log_z)
    for j in range(1, len(levels)):
        factors[j] = 1.0 / (1.0 - mu * levels[j])


@numba.njit(cache=True)
def _excess(
    heard: np.ndarray, levels: np.ndarray, factors: np.ndarray, weights: np.ndarray, loads: np.ndarray, needed: float
) -> float:
    """tr(A R) / c - 1 of R = T^-1 H^H W diag(loads) W^H H T^-1."""
    received = 0.0
    for i in range(len(loads)):
        if loads[i] == 0.0:
            continue
        for j in range(len(levels)):
            t = 0.0j
            for a in range(len(heard)):
                t += heard[a, j].conjugate() * weights[a, i]
            received += levels[j] * factors[j] ** 2 * (t.real**2 + t.imag**2) * loads[i]
    return received / needed - 1.0


@numba.njit(cache=True)
def _at(
    log_z: float,
    gram: np.ndarray,
    heard: np.ndarray,
    levels: np.ndarray,
    needed: float,
    power: float,
    factors: np.ndarray,
    weights: np.ndarray,
    loads: np.ndarray,
) -> tuple[float, float]:
    """Capacity and tr(A R) / c - 1 at a multiplier; writes factors, w_i (as columns) and p_i / g_i."""
    users = len(gram)
    streams = len(loads)
    _factors(log_z, levels, factors)
    matrix = gram.copy()
    for j in range(len(levels)):
        for a in range(users):
            for b in range(users):
                matrix[a, b] += (factors[j] - 1.0) * heard[a, j] * heard[b, j].conjugate()
    values, vectors = np.linalg.eigh(matrix)
    gains = np.empty(streams)
    for i in range(streams):
        gains[i] = values[users - 1 - i]
        for a in range(users):
            weights[a, i] = vectors[a, users - 1 - i]
    # P - mu c, in a form that keeps its digits next to the largest c
    spent = needed / levels[0]
    capacity = fill(gains, power - spent + spent / factors[0], loads)
    for i in range(streams):
        if loads[i] > 0.0:
            loads[i] /= gains[i]
    return capacity, _excess(heard, levels, factors, weights, loads, needed)


@numba.njit(cache=True)
def search(
    gram: np.ndarray,
    heard: np.ndarray,
    levels: np.ndarray,
    needed: float,
    power: float,
    factors: np.ndarray,
    weights: np.ndarray,
    loads: np.ndarray,
) -> tuple[float, int]:
    """Find the multiplier; write factors, weights and loads there; return capacity and evaluations."""
    capacity, excess = _at(0.0, gram, heard, levels, needed, power, factors, weights, loads)
    if excess >= -CLOSED:
        return capacity, 1
    # below, above: ends of an interval around the root, with weights at the lower one
    below, above = 0.0, MAX_LOG
    below_weights, below_loads = weights.copy(), loads.copy()
    crossed = False
    # tr(A R) grows about as z^2: secants of its logarithm are nearly straight
    x0, y0 = 0.0, _height(excess)
    x1, y1 = 0.0, y0
    x = min(max(0.25, -0.5 * y0), 0.5 * MAX_LOG)
    width = MAX_LOG
    evaluations = 1
    while evaluations < MAX_STEPS:
        capacity, excess = _at(x, gram, heard, levels, needed, power, factors, weights, loads)
        evaluations += 1
        if abs(excess) <= CLOSED or (x >= MAX_LOG and excess < 0.0):
            return capacity, evaluations
        if excess < 0.0:
            below = x
            below_weights[:, :] = weights
            below_loads[:] = loads
        else:
            above = x
            crossed = True
        if above - below <= 4e-16 * max(1.0, above):
            break
        x0, y0, x1, y1 = x1, y1, x, _height(excess)
        step = -y1 * (x1 - x0) / (y1 - y0) if y1 != y0 else math.inf
        if not crossed:
            x = min(MAX_LOG, x1 + min(max(step, 0.05), 1.0 + 2.0 * x1))
        elif evaluations % 3 == 0 and above - below > 0.25 * width:
            x = 0.5 * (below + above)
        else:
            x = x1 + step
            if not below < x < above:
                x = 0.5 * (below + above)
        if evaluations % 3 == 0:
            width = above - below
    # Where two eigenvalues cross, tr(A R) jumps from one side of c to the other; between them any mix of their
    # eigenvectors serves as well.
    capacity, excess = _at(above, gram, heard, levels, needed, power, factors, weights, loads)
    if excess > CLOSED:
        _mix(heard, levels, factors, below_weights, weights, loads, needed)
    return capacity, evaluations + 1


@numba.njit(cache=True)
def _height(excess: float) -> float:
    """log(tr(A R) / c), continued below where clutter outweighs the target."""
    return math.log1p(excess) if excess > -0.999999 else -13.8 + min(0.0, excess + 0.999999)


@numba.njit(cache=True)
def _mix(
    heard: np.ndarray,
    levels: np.ndarray,
    factors: np.ndarray,
    below: np.ndarray,
    weights: np.ndarray,
    loads: np.ndarray,
    needed: float,
) -> None:
    """Turn the last eigenvector in use towards the one below the crossing until tr(A R) = c."""
    users, streams = weights.shape
    last = streams - 1
    while last > 0 and loads[last] == 0.0:
        last -= 1
    start, end = below[:, last].copy(), weights[:, last].copy()
    low, high = 0.0, 1.0
    for _ in range(60):
        share = 0.5 * (low + high)
        norm = 0.0
        for a in range(users):
            weights[a, last] = (1.0 - share) * start[a] + share * end[a]
            norm += weights[a, last].real ** 2 + weights[a, last].imag ** 2
        norm = math.sqrt(norm)
        if norm == 0.0:
            low = share
            continue
        for a in range(users):
            weights[a, last] /= norm
        excess = _excess(heard, levels, factors, weights, loads, needed)
        if abs(excess) <= CLOSED:
            return
        if excess < 0.0:
            low = share
        else:
            high = share
    weights[:, last] = end
