"""The smooth problem of hybrid beamformers in `LANES` draws at once, compiled.

The problem is that of `isaclib.systems.hybrid.smooth` with the phases of the analog beamformer as variables too: the
transmit side is seen only through Y = E F / ||F||, E = V^H F_A / sqrt(M), so that an evaluation is a (3 + K) x N x K
product. One draw is too small to fill vectors with: with a draw in each lane an evaluation with its L-BFGS step takes
half the time.

Complex numbers stand as two planes, real and imaginary; arrays end in the axis of the lanes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from isaclib.numerics.lanes import LANES, Vector, add, choose, load, log, rotor, space, spread, sqrt, store
from isaclib.systems.hybrid.smooth import ILLUMINATION, SENSING_COST


class Problems(NamedTuple):
    """One problem in each lane, and room for its evaluation; P = 3 + K.

    Attributes
    ----------
    basis : ndarray, shape (2, P, N, LANES)
        V / sqrt(M).
    noise : ndarray, shape (K, LANES)
        Normalised noise.
    multiplier : ndarray, shape (K or K + 1, LANES)
        Of the rates, then of the cap where there is one.
    penalty : ndarray, shape (1, LANES)
        Of the augmented Lagrangian.
    constraint, weight : ndarray, shape (K or K + 1, LANES)
        Written: constraints, and the weights of their gradients.
    value, total : ndarray, shape (1, LANES)
        Written: objective and augmented Lagrangian.
    rotors : ndarray, shape (2, N, LANES)
        e^{j phase}.
    gains, gain_slope : ndarray, shape (2, P, N_RF, LANES)
        E and the gradient in it.
    digital : ndarray, shape (2, N_RF, K, LANES)
        F / ||F||.
    seen, slope : ndarray, shape (2, P, K, LANES)
        Y and the gradient in it.
    rate_slope : ndarray, shape (2, K, LANES)
        Derivative of log(1 + SINR_k) in the power of its own beam and of any other.
    """

    basis: np.ndarray
    noise: np.ndarray
    multiplier: np.ndarray
    penalty: np.ndarray
    constraint: np.ndarray
    weight: np.ndarray
    value: np.ndarray
    total: np.ndarray
    rotors: np.ndarray
    gains: np.ndarray
    gain_slope: np.ndarray
    digital: np.ndarray
    seen: np.ndarray
    slope: np.ndarray
    rate_slope: np.ndarray


@numba.njit(cache=True)
def problems(elements: int, chains: int, users: int, limits: int) -> Problems:
    """Return lanes without a problem, which may be evaluated all the same."""
    count = 3 + users
    empty = Problems(
        space(2 * count * elements).reshape(2, count, elements, LANES), space(users), space(limits), space(1),
        space(limits), space(limits), space(1), space(1), space(2 * elements).reshape(2, elements, LANES),
        space(2 * count * chains).reshape(2, count, chains, LANES),
        space(2 * count * chains).reshape(2, count, chains, LANES),
        space(2 * chains * users).reshape(2, chains, users, LANES),
        space(2 * count * users).reshape(2, count, users, LANES),
        space(2 * count * users).reshape(2, count, users, LANES),
        space(2 * users).reshape(2, users, LANES),
    )  # fmt: skip
    empty.noise[:] = 1.0
    empty.penalty[:] = 1.0
    return empty


@numba.njit(cache=True)
def pose(p: Problems, lane: int, basis: np.ndarray, noise: np.ndarray) -> None:
    """Put V, shape (N, P), and the noise, shape (K,), of a draw into a lane."""
    elements, count = basis.shape
    share = 1.0 / math.sqrt(elements // p.gains.shape[2])
    for i in range(elements):
        for b in range(count):
            p.basis[0, b, i, lane] = basis[i, b].real * share
            p.basis[1, b, i, lane] = basis[i, b].imag * share
    p.noise[:, lane] = noise


@numba.njit(cache=True)
def evaluate(
    p: Problems, x: np.ndarray, cost: np.ndarray, log_rate: np.ndarray, objective: int, cap: float, gradient: np.ndarray
) -> None:
    """Write value and total of `p`, and the gradient of the total.

    Parameters
    ----------
    p : Problems
        Their constraints are the K rates and, where there is one, the cap. A sum-rate is made of the rates, whose
        weights are then one instead of the penalty's.
    x : ndarray, shape (N + 2 N_RF K, LANES)
        Phases, then digital beamformer (chain, user, real/imag).
    cost : ndarray, shape (2, 2)
        C.
    log_rate : ndarray, shape (K,)
        log(1 + Gamma).
    objective : int
        `SENSING_COST`, `ILLUMINATION` or `SUM_RATE`.
    cap : float
        log tr(C M^-1) stays below it; infinity: no such constraint.
    gradient : ndarray, shape (N + 2 N_RF K, LANES)
        Written.
    """
    users = p.noise.shape[0]
    inverse_norm = _see(p, x)
    zero, one = spread(0.0), spread(1.0)
    for b in range(3):
        for k in range(users):
            store(p.slope, (0, b, k), zero)
            store(p.slope, (1, b, k), zero)
    _rates(p, log_rate)
    capped = cap < np.inf
    if capped:
        # a second pass adds the gradient once its weight is known
        store(p.constraint, (users,), cap - _sensing_cost(p, cost, zero))
    first = 0
    if objective == SENSING_COST:
        value = _sensing_cost(p, cost, one)
    elif objective == ILLUMINATION:
        value = _illumination(p)
    else:
        first = users
        value = zero
        for k in range(users):
            value -= load(p.constraint, (k,))
            store(p.weight, (k,), one)
    total = value
    rho = load(p.penalty, (0,))
    for i in range(first, users + capped):
        multiplier = load(p.multiplier, (i,))
        weight = multiplier - rho * load(p.constraint, (i,))
        weight = choose(weight, weight, zero)
        store(p.weight, (i,), weight)
        total += (weight * weight - multiplier * multiplier) / (2.0 * rho)
    if capped:
        _sensing_cost(p, cost, load(p.weight, (users,)))
    _rates_gradient(p)
    _back(p, inverse_norm, gradient)
    store(p.value, (0,), value)
    store(p.total, (0,), total)


@numba.njit(cache=True)
def _see(p: Problems, x: np.ndarray) -> Vector:
    """Write rotors, F / ||F||, E and Y; return 1 / ||F||."""
    basis, rotors, gains, digital, seen = p.basis, p.rotors, p.gains, p.digital, p.seen
    _, count, elements, _ = basis.shape
    _, chains, users, _ = digital.shape
    per_chain = elements // chains
    zero = spread(0.0)
    norm = zero
    for i in range(elements, x.shape[0]):
        norm += load(x, (i,)) * load(x, (i,))
    inverse_norm = 1.0 / sqrt(norm)
    for r in range(chains):
        for k in range(users):
            i = elements + 2 * (r * users + k)
            store(digital, (0, r, k), load(x, (i,)) * inverse_norm)
            store(digital, (1, r, k), load(x, (i + 1,)) * inverse_norm)
        for n in range(r * per_chain, (r + 1) * per_chain):
            cosine, sine = rotor(load(x, (n,)))
            store(rotors, (0, n), cosine)
            store(rotors, (1, n), sine)
        for b in range(count):
            real = imag = zero
            for n in range(r * per_chain, (r + 1) * per_chain):
                v_real, v_imag = load(basis, (0, b, n)), load(basis, (1, b, n))
                cosine, sine = load(rotors, (0, n)), load(rotors, (1, n))
                real += v_real * cosine
                real += v_imag * sine
                imag += v_real * sine
                imag -= v_imag * cosine
            store(gains, (0, b, r), real)
            store(gains, (1, b, r), imag)
    for b in range(count):
        for k in range(users):
            real = imag = zero
            for r in range(chains):
                e_real, e_imag = load(gains, (0, b, r)), load(gains, (1, b, r))
                f_real, f_imag = load(digital, (0, r, k)), load(digital, (1, r, k))
                real += e_real * f_real
                real -= e_imag * f_imag
                imag += e_real * f_imag
                imag += e_imag * f_real
            store(seen, (0, b, k), real)
            store(seen, (1, b, k), imag)
    return inverse_norm


@numba.njit(cache=True)
def _back(p: Problems, inverse_norm: Vector, gradient: np.ndarray) -> None:
    """Write the gradient in x from that in Y."""
    basis, rotors, gains, digital, slope, gain_slope = p.basis, p.rotors, p.gains, p.digital, p.slope, p.gain_slope
    _, count, elements, _ = basis.shape
    _, chains, users, _ = digital.shape
    per_chain = elements // chains
    zero = spread(0.0)
    radial = zero
    for r in range(chains):
        for k in range(users):
            real = imag = zero
            for b in range(count):
                e_real, e_imag = load(gains, (0, b, r)), load(gains, (1, b, r))
                y_real, y_imag = load(slope, (0, b, k)), load(slope, (1, b, k))
                real += e_real * y_real
                real += e_imag * y_imag
                imag += e_real * y_imag
                imag -= e_imag * y_real
            radial += real * load(digital, (0, r, k)) + imag * load(digital, (1, r, k))
            i = elements + 2 * (r * users + k)
            store(gradient, (i,), real)
            store(gradient, (i + 1,), imag)
    for r in range(chains):
        for k in range(users):
            for c in range(2):
                i = elements + 2 * (r * users + k) + c
                along = radial * load(digital, (c, r, k))
                store(gradient, (i,), (load(gradient, (i,)) - along) * inverse_norm)
        for b in range(count):
            real = imag = zero
            for k in range(users):
                y_real, y_imag = load(slope, (0, b, k)), load(slope, (1, b, k))
                f_real, f_imag = load(digital, (0, r, k)), load(digital, (1, r, k))
                real += y_real * f_real
                real += y_imag * f_imag
                imag += y_imag * f_real
                imag -= y_real * f_imag
            store(gain_slope, (0, b, r), real)
            store(gain_slope, (1, b, r), imag)
        for n in range(r * per_chain, (r + 1) * per_chain):
            real = imag = zero
            for b in range(count):
                v_real, v_imag = load(basis, (0, b, n)), load(basis, (1, b, n))
                e_real, e_imag = load(gain_slope, (0, b, r)), load(gain_slope, (1, b, r))
                real += v_real * e_real
                real -= v_imag * e_imag
                imag += v_real * e_imag
                imag += v_imag * e_real
            # Re(conj(V grad E) j rotor)
            store(gradient, (n,), imag * load(rotors, (0, n)) - real * load(rotors, (1, n)))


@numba.njit(cache=True)
def _seen(seen: np.ndarray, b: int, k: int) -> tuple[Vector, Vector]:
    return load(seen, (0, b, k)), load(seen, (1, b, k))


@numba.njit(cache=True)
def _add_slope(slope: np.ndarray, b: int, k: int, real: Vector, imag: Vector) -> None:
    add(slope, (0, b, k), real)
    add(slope, (1, b, k), imag)


@numba.njit(cache=True)
def _tangent(seen: np.ndarray, b: int, k: int, z_real: Vector, z_imag: Vector) -> tuple[Vector, Vector]:
    """Entry k of u = y_b - z y_0."""
    y_real, y_imag = _seen(seen, b, k)
    y0_real, y0_imag = _seen(seen, 0, k)
    return y_real - (z_real * y0_real - z_imag * y0_imag), y_imag - (z_real * y0_imag + z_imag * y0_real)


@numba.njit(cache=True)
def _sensing_cost(p: Problems, cost: np.ndarray, scale: Vector) -> Vector:
    """Return log tr(C M^-1); add `scale` times its gradient in the rows 0..2 of Y."""
    seen, slope = p.seen, p.slope
    users = p.noise.shape[0]
    zero = spread(0.0)
    q = spread(1e-300)
    z1_real = z1_imag = z2_real = z2_imag = zero
    for k in range(users):
        y0_real, y0_imag = _seen(seen, 0, k)
        y1_real, y1_imag = _seen(seen, 1, k)
        y2_real, y2_imag = _seen(seen, 2, k)
        q += y0_real * y0_real + y0_imag * y0_imag
        z1_real += y1_real * y0_real + y1_imag * y0_imag
        z1_imag += y1_imag * y0_real - y1_real * y0_imag
        z2_real += y2_real * y0_real + y2_imag * y0_imag
        z2_imag += y2_imag * y0_real - y2_real * y0_imag
    over = 1.0 / q
    z1_real *= over
    z1_imag *= over
    z2_real *= over
    z2_imag *= over
    m11 = m22 = q
    m12 = zero
    for k in range(users):
        u1_real, u1_imag = _tangent(seen, 1, k, z1_real, z1_imag)
        u2_real, u2_imag = _tangent(seen, 2, k, z2_real, z2_imag)
        m11 += u1_real * u1_real + u1_imag * u1_imag
        m22 += u2_real * u2_real + u2_imag * u2_imag
        m12 += u1_real * u2_real + u1_imag * u2_imag
    over = 1.0 / (m11 * m22 - m12 * m12)
    i11, i22, i12 = m22 * over, m11 * over, -1.0 * m12 * over
    c11, c12, c22 = cost[0, 0], cost[0, 1], cost[1, 1]
    value = c11 * i11 + 2.0 * c12 * i12 + c22 * i22
    # X = M^-1 C M^-1, with the scale of the gradient
    factor = -2.0 * scale / value
    t11, t12 = i11 * c11 + i12 * c12, i11 * c12 + i12 * c22
    t21, t22 = i12 * c11 + i22 * c12, i12 * c12 + i22 * c22
    x11 = (t11 * i11 + t12 * i12) * factor
    x12 = (t11 * i12 + t12 * i22) * factor
    x22 = (t21 * i12 + t22 * i22) * factor
    trace = x11 + x22
    for k in range(users):
        y0_real, y0_imag = _seen(seen, 0, k)
        u1_real, u1_imag = _tangent(seen, 1, k, z1_real, z1_imag)
        u2_real, u2_imag = _tangent(seen, 2, k, z2_real, z2_imag)
        v1_real, v1_imag = x11 * u1_real + x12 * u2_real, x11 * u1_imag + x12 * u2_imag
        v2_real, v2_imag = x12 * u1_real + x22 * u2_real, x12 * u1_imag + x22 * u2_imag
        _add_slope(slope, 1, k, v1_real, v1_imag)
        _add_slope(slope, 2, k, v2_real, v2_imag)
        # trace y0 - conj(z1) v1 - conj(z2) v2
        real = z1_real * v1_real + z1_imag * v1_imag + z2_real * v2_real + z2_imag * v2_imag
        imag = z1_real * v1_imag - z1_imag * v1_real + z2_real * v2_imag - z2_imag * v2_real
        _add_slope(slope, 0, k, trace * y0_real - real, trace * y0_imag - imag)
    return log(value)


@numba.njit(cache=True)
def _illumination(p: Problems) -> Vector:
    """Return -log q; add its gradient in row 0 of Y."""
    seen, slope = p.seen, p.slope
    users = p.noise.shape[0]
    q = spread(1e-300)
    for k in range(users):
        real, imag = _seen(seen, 0, k)
        q += real * real + imag * imag
    factor = -2.0 / q
    for k in range(users):
        real, imag = _seen(seen, 0, k)
        _add_slope(slope, 0, k, factor * real, factor * imag)
    return -1.0 * log(q)


@numba.njit(cache=True)
def _rates(p: Problems, log_rate: np.ndarray) -> None:
    """Write log(1 + SINR_k) - log(1 + Gamma_k) and its derivatives in the received powers."""
    seen = p.seen
    users = p.noise.shape[0]
    for k in range(users):
        rest = load(p.noise, (k,))
        for j in range(users):
            if j != k:
                real, imag = _seen(seen, 3 + k, j)
                rest += real * real + imag * imag
        real, imag = _seen(seen, 3 + k, k)
        total = rest + (real * real + imag * imag)
        own = 1.0 / total
        other = 1.0 / rest
        store(p.rate_slope, (0, k), own)
        store(p.rate_slope, (1, k), own - other)
        store(p.constraint, (k,), log(total * other) - log_rate[k])


@numba.njit(cache=True)
def _rates_gradient(p: Problems) -> None:
    """Write -sum_k weight_k grad c_k, the gradient in the rows of the users."""
    seen, slope = p.seen, p.slope
    users = p.noise.shape[0]
    for k in range(users):
        weight = -2.0 * load(p.weight, (k,))
        own, other = weight * load(p.rate_slope, (0, k)), weight * load(p.rate_slope, (1, k))
        for j in range(users):
            real, imag = _seen(seen, 3 + k, j)
            factor = own if j == k else other
            store(slope, (0, 3 + k, j), factor * real)
            store(slope, (1, 3 + k, j), factor * imag)
