"""From the dual uplink to downlink beams, and back under the cap on the SPEB, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.hybrid.smooth import objective_of, sensing_cost


@numba.njit(cache=True)
def sum_rate(seen: np.ndarray, noise: np.ndarray) -> float:
    """sum_k log(1 + SINR_k) in nat of beams seen by the users as (K, K), row k by user k."""
    users = noise.size
    total = 0.0
    for k in range(users):
        rest = noise[k]
        for j in range(users):
            if j != k:
                rest += seen[k, j].real ** 2 + seen[k, j].imag ** 2
        own = seen[k, k].real ** 2 + seen[k, k].imag ** 2
        total += math.log1p(own / rest)
    return total


@numba.njit(cache=True)
def normalise(beams: np.ndarray) -> None:
    """Scale beams to unit power in place."""
    norm = 0.0
    for i in range(beams.shape[0]):
        for k in range(beams.shape[1]):
            norm += beams[i, k].real ** 2 + beams[i, k].imag ** 2
    beams /= math.sqrt(norm)


@numba.njit(cache=True)
def downlink(channels: np.ndarray, spread: np.ndarray, powers: np.ndarray, beams: np.ndarray) -> None:
    """Write downlink beams of unit power with the SINRs of the uplink.

    The directions are those of the uplink's receivers, (Q + H Lambda H^H)^-1 h_k; the powers solve
    p_k |h_k^H d_k|^2 = SINR_k (1 + sum_{j != k} p_j |h_k^H d_j|^2).

    Parameters
    ----------
    channels : ndarray of complex, shape (dim, K)
        H, of unit noise.
    spread : ndarray of complex, shape (dim, K)
        Q^-1 H.
    powers : ndarray, shape (K,)
        lambda.
    beams : ndarray of complex, shape (dim, K)
        Written.
    """
    users = powers.size
    adjoint = np.ascontiguousarray(channels.conj().T)
    matrix = adjoint @ spread
    for i in range(users):
        for j in range(users):
            matrix[i, j] = powers[i] * matrix[i, j] + (1.0 if i == j else 0.0)
    directions = spread @ np.linalg.inv(matrix)
    seen = adjoint @ directions
    system = np.zeros((users, users))
    wanted = np.empty(users)
    for k in range(users):
        heard = powers[k] * seen[k, k].real
        wanted[k] = heard / max(1e-300, 1.0 - heard)
        for j in range(users):
            power = seen[k, j].real ** 2 + seen[k, j].imag ** 2
            system[k, j] = power if j == k else -wanted[k] * power
    shares = np.linalg.solve(system, wanted)
    for k in range(users):
        scale = math.sqrt(max(0.0, shares[k]))
        for i in range(beams.shape[0]):
            beams[i, k] = scale * directions[i, k]
    normalise(beams)


@numba.njit(cache=True)
def restore_cap(sensing: np.ndarray, cost: np.ndarray, cap: float, beams: np.ndarray) -> float:
    """Scale beams to unit power and change them as little as is needed until f <= cap.

    They are moved down the gradient of f, or, where that is not enough, by light in phase with
    what already falls on the target.

    Parameters
    ----------
    sensing : ndarray of complex, shape (3, dim)
        What target and derivatives see of the beams' coordinates.
    cost : ndarray, shape (2, 2)
        C.
    cap : float
        Largest f.
    beams : ndarray of complex, shape (dim, K)
        Overwritten.

    Returns
    -------
    float
        f of the beams; above the cap where neither is enough.
    """
    normalise(beams)
    seen = sensing @ beams
    slope = np.zeros_like(seen)
    f = math.exp(sensing_cost(seen, cost, slope, 1.0))
    if f <= cap:
        return f
    adjoint = np.ascontiguousarray(sensing.conj().T)
    f = _move(sensing, cost, cap, -(adjoint @ slope), beams)
    if f <= cap:
        return f
    light = np.zeros_like(seen)
    light[0] = seen[0]
    if np.max(np.abs(seen[0])) == 0.0:
        light[0] = 1.0
    return _move(sensing, cost, cap, adjoint @ light, beams)


@numba.njit(cache=True)
def _move(sensing: np.ndarray, cost: np.ndarray, cap: float, direction: np.ndarray, beams: np.ndarray) -> float:
    """Take the shortest step in a direction that ends at f <= cap; leave the beams where none does."""
    normalise(direction)
    low, high = 0.0, 1e-9
    f = np.inf
    while high < 1e9:
        f = _cost_at(sensing, cost, direction, beams, high)
        if f <= cap:
            break
        low = high
        high *= 4.0
    if not f <= cap:
        return f
    while high - low > 1e-6 * high:
        middle = 0.5 * (low + high)
        if _cost_at(sensing, cost, direction, beams, middle) <= cap:
            high = middle
        else:
            low = middle
    f = _cost_at(sensing, cost, direction, beams, high)
    beams += high * direction
    normalise(beams)
    return f


@numba.njit(cache=True)
def _cost_at(sensing: np.ndarray, cost: np.ndarray, direction: np.ndarray, beams: np.ndarray, step: float) -> float:
    moved = beams + step * direction
    normalise(moved)
    return math.exp(objective_of(sensing @ moved, cost, False))
