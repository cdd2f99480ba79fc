"""The one smooth problem behind every direct design of the system ``hybrid``, compiled.

Variables are the phases of the analog beamformer (none when fully digital) and a digital
beamformer F. With V = [a0, b1, b2, h_1, ..., h_K] (normalised sensing basis and channels) the
transmit side is seen only through Y = E F / ||F||, E = V^H F_A (basis, chains): an evaluation is
a (3 + K) x N x K product. The power holds by normalisation; everything else is in log form:

    sensing cost   log tr(C M^-1), M = q I + Re(U U^H), q = |y0|^2, u_i = y_i - (y_i y0^H / q) y0
    illumination   -log q
    rate k         log(1 + SINR_k) - log(1 + Gamma_k) >= 0
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.augmented_lagrangian import (
    ARMIJO,
    MEMORY,
    lbfgs_direction,
    lbfgs_update,
    penalty,
    update_multipliers,
)

SENSING_COST = 0
ILLUMINATION = 1


@numba.njit(cache=True)
def _gain_matrix(basis, phases, chains, rotor, gains):
    """E = V^H F_A / sqrt(M), shape (P, chains), and the rotors e^{j phase}."""
    n_elements, n_basis = basis.shape
    per_chain = n_elements // chains
    scale = 1.0 / math.sqrt(per_chain)
    for r in range(chains):
        for p in range(n_basis):
            gains[p, r] = 0.0
        for m in range(per_chain):
            n = r * per_chain + m
            rotor[n] = complex(math.cos(phases[n]), math.sin(phases[n])) * scale
            for p in range(n_basis):
                gains[p, r] += basis[n, p].conjugate() * rotor[n]


@numba.njit(cache=True)
def _sensing(y, cost, gradient, scale):
    """log tr(C M^-1); adds scale times its gradient in the rows 0..2 of Y."""
    users = y.shape[1]
    q = 1e-300
    s1 = 0.0j
    s2 = 0.0j
    for k in range(users):
        y0 = y[0, k]
        q += y0.real * y0.real + y0.imag * y0.imag
        s1 += y[1, k] * y0.conjugate()
        s2 += y[2, k] * y0.conjugate()
    z1 = s1 / q
    z2 = s2 / q
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


@numba.njit(cache=True)
def _illumination(y, gradient, scale):
    """-log q; adds scale times its gradient in row 0 of Y."""
    users = y.shape[1]
    q = 1e-300
    for k in range(users):
        q += y[0, k].real ** 2 + y[0, k].imag ** 2
    for k in range(users):
        gradient[0, k] -= (2.0 * scale / q) * y[0, k]
    return -math.log(q)


@numba.njit(cache=True)
def _rates(y, noise, log_one_plus_gamma, constraint):
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


@numba.njit(cache=True)
def _rates_gradient(y, noise, weight, gradient):
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


@numba.njit(cache=True)
def _evaluate(
    x, phases, chains, basis, fixed_gains, cost, noise, log_rate, objective, cap, multiplier, rho,
    rotor, gains, digital, y, gy, ge, constraint, weight, gradient,
):  # fmt: skip
    """L(x) and its gradient; returns (L, objective)."""
    n_basis = gains.shape[0]
    users = noise.size
    if phases > 0:
        _gain_matrix(basis, x[:phases], chains, rotor, gains)
    norm = 0.0
    for i in range(phases, x.size):
        norm += x[i] * x[i]
    norm = math.sqrt(norm)
    for r in range(chains):
        for k in range(users):
            i = phases + 2 * (r * users + k)
            digital[r, k] = complex(x[i], x[i + 1]) / norm
    for p in range(n_basis):
        for k in range(users):
            t = 0.0j
            for r in range(chains):
                t += gains[p, r] * digital[r, k]
            y[p, k] = t
            gy[p, k] = 0.0
    _rates(y, noise, log_rate, constraint)
    if objective == SENSING_COST:
        value = _sensing(y, cost, gy, 1.0)
        total = value + penalty(constraint, multiplier, rho, weight)
    else:
        value = _illumination(y, gy, 1.0)
        if cap < np.inf:
            # a second pass adds the gradient once its weight is known
            constraint[users] = cap - _sensing(y, cost, gy, 0.0)
        total = value + penalty(constraint, multiplier, rho, weight)
        if cap < np.inf and weight[users] > 0.0:
            _sensing(y, cost, gy, weight[users])
    _rates_gradient(y, noise, weight, gy)
    # back through Y = E F, F = X / norm
    along = 0.0
    for r in range(chains):
        for k in range(users):
            t = 0.0j
            for p in range(n_basis):
                t += gains[p, r].conjugate() * gy[p, k]
            i = phases + 2 * (r * users + k)
            gradient[i] = t.real
            gradient[i + 1] = t.imag
            along += t.real * digital[r, k].real + t.imag * digital[r, k].imag
    for r in range(chains):
        for k in range(users):
            i = phases + 2 * (r * users + k)
            gradient[i] = (gradient[i] - along * digital[r, k].real) / norm
            gradient[i + 1] = (gradient[i + 1] - along * digital[r, k].imag) / norm
    if phases > 0:
        for p in range(n_basis):
            for r in range(chains):
                t = 0.0j
                for k in range(users):
                    t += gy[p, k] * digital[r, k].conjugate()
                ge[p, r] = t
        per_chain = phases // chains
        for r in range(chains):
            for m in range(per_chain):
                n = r * per_chain + m
                t = 0.0j
                for p in range(n_basis):
                    t += basis[n, p] * ge[p, r]
                # Re(conj(t) j rotor)
                gradient[n] = t.imag * rotor[n].real - t.real * rotor[n].imag
    return total, value


@numba.njit(cache=True)
def descend(
    x, phases, chains, basis, fixed_gains, cost, noise, log_rate, objective, cap, multiplier,
    rho, tolerance, gradient_tolerance, max_outer, max_inner, trace,
):  # fmt: skip
    """Minimise from x in place.

    Parameters
    ----------
    x : ndarray, shape (phases + 2 chains users,)
        Phases, then digital beamformer (chain, user, real/imag); overwritten.
    phases, chains : int
        0 phases: fully digital in the coordinates of `fixed_gains`.
    basis : ndarray of complex, shape (N, P)
        V; unused when fully digital.
    fixed_gains : ndarray of complex, shape (P, chains)
        E when fully digital.
    cost : ndarray, shape (2, 2)
        C.
    noise, log_rate : ndarray, shape (K,)
        Normalised noise and log(1 + Gamma).
    objective : int
        `SENSING_COST` or `ILLUMINATION`.
    cap : float
        With `ILLUMINATION`: log tr(C M^-1) stays below it; infinity: no such constraint.
    multiplier : ndarray, shape (K,) or (K + 1,)
        Start, overwritten by the final multipliers.
    rho : float
        First penalty.
    tolerance, gradient_tolerance : float
        Stop at this complementarity and gradient norm.
    max_outer, max_inner : int
        Multiplier updates, and L-BFGS steps between them.
    trace : ndarray, shape (max_outer,)
        Objective after each multiplier update; the rest stays as it was.

    Returns
    -------
    value, worst, evaluations, outer
        Objective, largest complementarity residual, evaluations, multiplier updates.
    """
    n = x.size
    users = noise.size
    n_basis = fixed_gains.shape[0]
    rotor = np.empty(max(phases, 1), np.complex128)
    gains = fixed_gains.copy()
    digital = np.empty((chains, users), np.complex128)
    y = np.empty((n_basis, users), np.complex128)
    gy = np.empty((n_basis, users), np.complex128)
    ge = np.empty((n_basis, chains), np.complex128)
    constraint = np.empty(multiplier.size)
    weight = np.empty(multiplier.size)
    gradient = np.empty(n)
    trial_gradient = np.empty(n)
    trial = np.empty(n)
    direction = np.empty(n)
    steps = np.empty((MEMORY, n))
    changes = np.empty((MEMORY, n))
    curvature = np.empty(MEMORY)
    evaluations = 0
    previous_worst = np.inf
    worst = np.inf
    value = np.inf
    outer = 0
    while outer < max_outer:
        outer += 1
        # the digital part only matters up to scale: keep it at a norm that suits the phases
        norm = 0.0
        for i in range(phases, n):
            norm += x[i] * x[i]
        scale = (4.0 if phases > 0 else 1.0) / math.sqrt(norm)
        for i in range(phases, n):
            x[i] *= scale
        total, value = _evaluate(
            x, phases, chains, basis, fixed_gains, cost, noise, log_rate, objective, cap, multiplier, rho,
            rotor, gains, digital, y, gy, ge, constraint, weight, gradient,
        )  # fmt: skip
        evaluations += 1
        stored = 0
        newest = 0
        stalled = False
        for _ in range(max_inner):
            size = 0.0
            for i in range(n):
                size = max(size, abs(gradient[i]))
            if size <= gradient_tolerance:
                break
            slope = lbfgs_direction(gradient, steps, changes, curvature, stored, newest, direction)
            if slope >= 0.0:
                stored = 0
                slope = lbfgs_direction(gradient, steps, changes, curvature, stored, newest, direction)
            step = 1.0 if stored else min(1.0, 0.3 / math.sqrt(-slope))
            if -slope < 1e-16 * (1.0 + abs(total)):
                # nothing left that double precision can see
                stalled = True
                break
            accepted = False
            for _ in range(30):
                for i in range(n):
                    trial[i] = x[i] + step * direction[i]
                trial_total, trial_value = _evaluate(
                    trial, phases, chains, basis, fixed_gains, cost, noise, log_rate, objective, cap, multiplier, rho,
                    rotor, gains, digital, y, gy, ge, constraint, weight, trial_gradient,
                )  # fmt: skip
                evaluations += 1
                if trial_total <= total + ARMIJO * step * slope + 1e-15 * abs(total):
                    accepted = True
                    break
                # safeguarded quadratic interpolation
                bend = trial_total - total - step * slope
                if bend > 0.0 and bend < np.inf:
                    step *= min(0.5, max(0.1, -0.5 * slope * step / bend))
                else:
                    step *= 0.1
            if not accepted:
                if stored == 0:
                    stalled = True
                    break
                stored = 0
                continue
            stored, newest = lbfgs_update(trial, x, trial_gradient, gradient, steps, changes, curvature, stored, newest)
            for i in range(n):
                x[i] = trial[i]
                gradient[i] = trial_gradient[i]
            total = trial_total
            value = trial_value
        _evaluate(
            x, phases, chains, basis, fixed_gains, cost, noise, log_rate, objective, cap, multiplier, rho,
            rotor, gains, digital, y, gy, ge, constraint, weight, gradient,
        )  # fmt: skip
        evaluations += 1
        size = 0.0
        for i in range(n):
            size = max(size, abs(gradient[i]))
        worst = update_multipliers(constraint, multiplier, rho)
        trace[outer - 1] = value
        if worst <= tolerance and (size <= 10.0 * gradient_tolerance or stalled):
            break
        if worst > 0.25 * previous_worst:
            rho *= 4.0
        previous_worst = worst
    return value, worst, evaluations, outer


@numba.njit(cache=True)
def descend_many(
    x, rows, chains, basis, cost, noise, log_rate, objective, rho, tolerance, gradient_tolerance, max_outer,
    max_inner, value, residual, evaluations, traces,
):  # fmt: skip
    """Run `descend` on hybrid starts, one after the other.

    Parameters
    ----------
    x : ndarray, shape (J, N + 2 N_RF K)
        Starts, overwritten.
    rows : ndarray of int, shape (J,)
        Realisation each start belongs to.
    basis : ndarray of complex, shape (B, N, P)
        V of every realisation.
    noise : ndarray, shape (B, K)
        Normalised noise.
    value, residual, evaluations : ndarray, shape (J,)
        Written.
    traces : ndarray, shape (J, max_outer)
        Written.
    """
    users = noise.shape[1]
    elements, n_basis = basis.shape[1], basis.shape[2]
    empty = np.zeros((n_basis, chains), np.complex128)
    for j in range(x.shape[0]):
        multiplier = np.zeros(users)
        value[j], residual[j], evaluations[j], _ = descend(
            x[j], elements, chains, basis[rows[j]], empty, cost, noise[rows[j]], log_rate, objective, np.inf,
            multiplier, rho, tolerance, gradient_tolerance, max_outer, max_inner, traces[j],
        )  # fmt: skip


@numba.njit(cache=True)
def objective_of(y, cost, illumination):
    """Objective of Y = V^H W, shape (3 + K, K), for W of unit power."""
    unused = np.zeros_like(y)
    if illumination:
        return _illumination(y, unused, 0.0)
    return _sensing(y, cost, unused, 0.0)
