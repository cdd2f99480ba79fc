"""The one smooth problem behind every direct design of the system ``hybrid``, compiled.

Variables are beams F in some coordinates. With V = [a0, b1, b2, h_1, ..., h_K] (normalised sensing basis and channels)
the transmit side is seen only through Y = E F / ||F||, E what V sees of the coordinates. The power holds by
normalisation; everything else is in log form:

    sensing cost   log tr(C M^-1), M = q I + Re(U U^H), q = |y0|^2, u_i = y_i - (y_i y0^H / q) y0
    illumination   -log q
    sum-rate       -sum_k log(1 + SINR_k)
    rate k         log(1 + SINR_k) - log(1 + Gamma_k) >= 0
    cap            log cap - log tr(C M^-1) >= 0

Here E is fixed, as it is for fully digital beams, which other kernels polish one draw at a time; hybrid beamformers,
whose phases make E, are evaluated in many draws at once (`simultaneous_evaluation`).
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.augmented_lagrangian import penalty
from isaclib.numerics.lanes import FLAGS

FAST = set(FLAGS)

SENSING_COST = 0
ILLUMINATION = 1
SUM_RATE = 2


@numba.njit(cache=True, fastmath=FAST)
def sensing_cost(y: np.ndarray, cost: np.ndarray, gradient: np.ndarray, scale: float) -> float:
    """Return log tr(C M^-1); add `scale` times its gradient in the rows 0..2 of Y."""
    users = y.shape[1]
    q = 1e-300
    s1 = 0.0j
    s2 = 0.0j
    for k in range(users):
        y0 = y[0, k]
        q += y0.real * y0.real + y0.imag * y0.imag
        s1 += y[1, k] * y0.conjugate()
        s2 += y[2, k] * y0.conjugate()
    # complex over real as one division: Numba divides by a complex number otherwise
    over_q = 1.0 / q
    z1 = s1 * over_q
    z2 = s2 * over_q
    m11 = q
    m22 = q
    m12 = 0.0
    for k in range(users):
        u1 = y[1, k] - z1 * y[0, k]
        u2 = y[2, k] - z2 * y[0, k]
        m11 += u1.real * u1.real + u1.imag * u1.imag
        m22 += u2.real * u2.real + u2.imag * u2.imag
        m12 += u1.real * u2.real + u1.imag * u2.imag
    det = m11 * m22 - m12 * m12
    i11 = m22 / det
    i22 = m11 / det
    i12 = -m12 / det
    c11, c12, c22 = cost[0, 0], cost[0, 1], cost[1, 1]
    value = c11 * i11 + 2.0 * c12 * i12 + c22 * i22
    # X = M^-1 C M^-1
    t11 = i11 * c11 + i12 * c12
    t12 = i11 * c12 + i12 * c22
    t21 = i12 * c11 + i22 * c12
    t22 = i12 * c12 + i22 * c22
    x11 = t11 * i11 + t12 * i12
    x12 = t11 * i12 + t12 * i22
    x22 = t21 * i12 + t22 * i22
    factor = -2.0 * scale / value
    trace = x11 + x22
    for k in range(users):
        u1 = y[1, k] - z1 * y[0, k]
        u2 = y[2, k] - z2 * y[0, k]
        v1 = x11 * u1 + x12 * u2
        v2 = x12 * u1 + x22 * u2
        gradient[1, k] += factor * v1
        gradient[2, k] += factor * v2
        gradient[0, k] += factor * (trace * y[0, k] - z1.conjugate() * v1 - z2.conjugate() * v2)
    return math.log(value)


@numba.njit(cache=True, fastmath=FAST)
def _illumination(y: np.ndarray, gradient: np.ndarray, scale: float) -> float:
    """-log q; adds scale times its gradient in row 0 of Y."""
    users = y.shape[1]
    q = 1e-300
    for k in range(users):
        q += y[0, k].real ** 2 + y[0, k].imag ** 2
    for k in range(users):
        gradient[0, k] -= (2.0 * scale / q) * y[0, k]
    return -math.log(q)


@numba.njit(cache=True, fastmath=FAST)
def _rates(y: np.ndarray, noise: np.ndarray, log_one_plus_gamma: np.ndarray, constraint: np.ndarray) -> None:
    """log(1 + SINR_k) - log(1 + Gamma_k) for every user."""
    users = y.shape[1]
    for k in range(users):
        total = noise[k]
        for j in range(users):
            t = y[3 + k, j]
            total += t.real * t.real + t.imag * t.imag
        own = y[3 + k, k]
        rest = total - (own.real * own.real + own.imag * own.imag)
        constraint[k] = math.log(total / rest) - log_one_plus_gamma[k]


@numba.njit(cache=True, fastmath=FAST)
def _rates_gradient(y: np.ndarray, noise: np.ndarray, weight: np.ndarray, gradient: np.ndarray) -> None:
    """Add -sum_k weight_k grad c_k."""
    users = y.shape[1]
    for k in range(users):
        if weight[k] == 0.0:
            continue
        total = noise[k]
        for j in range(users):
            t = y[3 + k, j]
            total += t.real * t.real + t.imag * t.imag
        own = y[3 + k, k]
        rest = total - (own.real * own.real + own.imag * own.imag)
        for j in range(users):
            slope = 1.0 / total
            if j != k:
                slope -= 1.0 / rest
            gradient[3 + k, j] -= (2.0 * weight[k] * slope) * y[3 + k, j]


@numba.njit(cache=True, fastmath=FAST)
def evaluate(
    x: np.ndarray,
    gains: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    log_rate: np.ndarray,
    objective: int,
    cap: float,
    multiplier: np.ndarray,
    rho: float,
    digital: np.ndarray,
    y: np.ndarray,
    gy: np.ndarray,
    constraint: np.ndarray,
    weight: np.ndarray,
    gradient: np.ndarray,
) -> tuple[float, float]:
    """L(x) and its gradient; returns (L, objective).

    `gains` is E, `digital`, `y` and `gy` are scratch.
    `constraint`, `weight` and `multiplier` hold the K rates, then the cap where there is one. A
    sum-rate is made of the rates, whose weights are then one instead of the penalty's.
    """
    n_basis, size = gains.shape
    users = noise.size
    norm = 0.0
    for i in range(x.size):
        norm += x[i] * x[i]
    norm = 1.0 / math.sqrt(norm)
    for r in range(size):
        for k in range(users):
            i = 2 * (r * users + k)
            digital[r, k] = complex(x[i] * norm, x[i + 1] * norm)
    for p in range(n_basis):
        for k in range(users):
            t = 0.0j
            for r in range(size):
                t += gains[p, r] * digital[r, k]
            y[p, k] = t
            gy[p, k] = 0.0
    _rates(y, noise, log_rate, constraint)
    if objective == SENSING_COST:
        value = sensing_cost(y, cost, gy, 1.0)
        total = value + penalty(constraint, multiplier, rho, weight)
    else:
        if cap < np.inf:
            # a second pass adds the gradient once its weight is known
            constraint[users] = cap - sensing_cost(y, cost, gy, 0.0)
        if objective == ILLUMINATION:
            value = _illumination(y, gy, 1.0)
            total = value + penalty(constraint, multiplier, rho, weight)
        else:
            value = 0.0
            for k in range(users):
                value -= constraint[k]
            total = value + penalty(constraint[users:], multiplier[users:], rho, weight[users:])
            weight[:users] = 1.0
        if cap < np.inf and weight[users] > 0.0:
            sensing_cost(y, cost, gy, weight[users])
    _rates_gradient(y, noise, weight, gy)
    # back through Y = E F, F = X / norm
    along = 0.0
    for r in range(size):
        for k in range(users):
            t = 0.0j
            for p in range(n_basis):
                t += gains[p, r].conjugate() * gy[p, k]
            i = 2 * (r * users + k)
            gradient[i] = t.real
            gradient[i + 1] = t.imag
            along += t.real * digital[r, k].real + t.imag * digital[r, k].imag
    for r in range(size):
        for k in range(users):
            i = 2 * (r * users + k)
            gradient[i] = (gradient[i] - along * digital[r, k].real) * norm
            gradient[i + 1] = (gradient[i + 1] - along * digital[r, k].imag) * norm
    return total, value


@numba.njit(cache=True, fastmath=FAST)
def objective_of(y: np.ndarray, cost: np.ndarray, illumination: bool) -> float:
    """Objective of Y = V^H W, shape (3 + K, K), for W of unit power."""
    unused = np.zeros_like(y)
    if illumination:
        return _illumination(y, unused, 0.0)
    return sensing_cost(y, cost, unused, 0.0)
