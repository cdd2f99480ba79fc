"""The convex relaxation of the sensing problems, solved through its dual by a barrier method.

With R_k of any rank, unit total power and V = [a0, b1, b2, g_1, ..., g_K],

    min f(R) = tr(C M(R)^-1)   s.t.  (1 + 1/Gamma_k) g_k^H R_k g_k - g_k^H R g_k >= n_k,

is a semidefinite program whose dual has 9 + K real variables whatever the number of antennas:

    max  2 tr (C^1/2 X C^1/2)^1/2 - t + sum_k lambda_k n_k
    s.t. [[omega - tr X, y^H], [y, X]] >= 0,   lambda >= 0,
         B_k = t I - V3 [[omega, y^H], [y, X]] V3^H - (lambda_k / Gamma_k) g_k g_k^H
               + sum_{j != k} lambda_j g_j g_j^H >= 0,

because tr(C M^-1) >= 2 tr(C^1/2 X C^1/2)^1/2 - tr(X M) and M is a minimum over linear functions of
R. Every point the method passes is feasible, hence a lower bound on f, and mu B_k^-1 is the R_k
of the central path: feasible for the relaxation, within mu (K dim + K + 3) of the bound.

Two more problems share the constraints. Maximising the illumination q = a0^H R a0 has
t - sum_k lambda_k n_k as an upper bound, with B_k = t I - a0 a0^H - ... and no sensing variables.
Breaking ties, max q s.t. f(R) <= cap, has t - sum_k lambda_k n_k - u / cap with
u = (tr (C^1/2 X C^1/2)^1/2)^2 and a0 a0^H added to the sensing term of B_k: the multiplier nu of
the cap enters as nu cap - 2 (nu u)^1/2 once X stands for nu X, and is minimised away.
"""

from __future__ import annotations

import math

import numba
import numpy as np

SENSING = 8
"""Real dual variables of the sensing cost: omega, y (2 complex), X (symmetric 2 x 2)."""

COST = 0
"""Minimise f = tr(C M^-1)."""

TIE_BREAK = 1
"""Maximise q = a0^H R a0 under f <= cap."""

ILLUMINATION = 2
"""Maximise q."""


@numba.njit(cache=True)
def invert(matrix: np.ndarray, inverse: np.ndarray) -> float:
    """Inverse and log-determinant of a Hermitian positive definite matrix; NaN where it is not."""
    n = matrix.shape[0]
    factor = np.zeros((n, n), np.complex128)
    log_determinant = 0.0
    for i in range(n):
        for j in range(i + 1):
            t = matrix[i, j]
            for k in range(j):
                t -= factor[i, k] * factor[j, k].conjugate()
            if i == j:
                if not t.real > 0.0:
                    return math.nan
                factor[i, i] = math.sqrt(t.real)
                log_determinant += math.log(t.real)
            else:
                factor[i, j] = t / factor[j, j].real
    for c in range(n):
        for i in range(c, n):
            t = 1.0 + 0.0j if i == c else 0.0j
            for k in range(c, i):
                t -= factor[i, k] * inverse[k, c]
            inverse[i, c] = t / factor[i, i].real
    # factor^-1 in the lower triangle of `inverse`; L^-H L^-1 from it
    for i in range(n):
        for j in range(i + 1):
            t = 0.0j
            for k in range(i, n):
                t += inverse[k, i].conjugate() * inverse[k, j]
            factor[i, j] = t
    for i in range(n):
        for j in range(i + 1):
            inverse[i, j] = factor[i, j]
            inverse[j, i] = factor[i, j].conjugate()
    return log_determinant


@numba.njit(cache=True)
def dual_matrix(
    vectors: np.ndarray, dual: np.ndarray, gamma: np.ndarray, user: int, mode: int, matrix: np.ndarray
) -> None:
    """B_k for user k."""
    size, n_basis = vectors.shape
    users = n_basis - 3
    t = dual[dual.size - 1]
    omega = 1.0
    y1 = 0.0j
    y2 = 0.0j
    x11 = x12 = x22 = 0.0
    if mode != ILLUMINATION:
        omega = dual[0] + (1.0 if mode == TIE_BREAK else 0.0)
        y1 = complex(dual[1], dual[2])
        y2 = complex(dual[3], dual[4])
        x11, x12, x22 = dual[5], dual[6], dual[7]
    first = 0 if mode == ILLUMINATION else SENSING
    for i in range(size):
        a = omega * vectors[i, 0] + y1 * vectors[i, 1] + y2 * vectors[i, 2]
        b = y1.conjugate() * vectors[i, 0] + x11 * vectors[i, 1] + x12 * vectors[i, 2]
        c = y2.conjugate() * vectors[i, 0] + x12 * vectors[i, 1] + x22 * vectors[i, 2]
        for j in range(i + 1):
            value = -(a * vectors[j, 0].conjugate() + b * vectors[j, 1].conjugate() + c * vectors[j, 2].conjugate())
            for k in range(users):
                scale = -dual[first + k] / gamma[k] if k == user else dual[first + k]
                value += scale * vectors[i, 3 + k] * vectors[j, 3 + k].conjugate()
            if i == j:
                value += t
            matrix[i, j] = value


@numba.njit(cache=True)
def sensing_value(
    x11: float,
    x12: float,
    x22: float,
    cost: np.ndarray,
    mode: int,
    cap: float,
    gradient: np.ndarray,
    hessian: np.ndarray,
) -> float:
    """2 u^1/2 (or u / cap, to break ties), u = (tr (C^1/2 X C^1/2)^1/2)^2, and its derivatives in X."""
    determinant = x11 * x22 - x12 * x12
    delta = math.sqrt(cost[0, 0] * cost[1, 1] - cost[0, 1] * cost[0, 1])
    root = math.sqrt(determinant)
    u = cost[0, 0] * x11 + 2.0 * cost[0, 1] * x12 + cost[1, 1] * x22 + 2.0 * delta * root
    d = (x22, -2.0 * x12, x11)
    linear = (cost[0, 0], 2.0 * cost[0, 1], cost[1, 1])
    for i in range(3):
        gradient[i] = linear[i] + delta * d[i] / root
    for i in range(3):
        for j in range(3):
            second = 0.0
            if i == 1 and j == 1:
                second = -2.0
            elif i + j == 2:
                second = 1.0
            curve = delta * (second / root - 0.5 * d[i] * d[j] / (root * determinant))
            if mode == TIE_BREAK:
                hessian[i, j] = curve / cap
            else:
                hessian[i, j] = curve / math.sqrt(u) - 0.5 * gradient[i] * gradient[j] / (u * math.sqrt(u))
    scale = 1.0 / cap if mode == TIE_BREAK else 1.0 / math.sqrt(u)
    for i in range(3):
        gradient[i] *= scale
    return u / cap if mode == TIE_BREAK else 2.0 * math.sqrt(u)


@numba.njit(cache=True)
def _add_user(
    vectors: np.ndarray,
    inverse: np.ndarray,
    gamma: np.ndarray,
    user: int,
    sensing: bool,
    unit_matrices: np.ndarray,
    gradient: np.ndarray,
    hessian: np.ndarray,
) -> None:
    """Add gradient and Hessian of -log det B_k given B_k^-1."""
    size, n_basis = vectors.shape
    users = n_basis - 3
    last = gradient.size - 1
    first = SENSING if sensing else 0
    zv = np.zeros((size, n_basis), np.complex128)
    for i in range(size):
        for p in range(n_basis):
            t = 0.0j
            for j in range(size):
                t += inverse[i, j] * vectors[j, p]
            zv[i, p] = t
    g = np.zeros((n_basis, n_basis), np.complex128)
    g2 = np.zeros((n_basis, n_basis), np.complex128)
    for p in range(n_basis):
        for r in range(n_basis):
            t = 0.0j
            s = 0.0j
            for i in range(size):
                t += vectors[i, p].conjugate() * zv[i, r]
                s += zv[i, p].conjugate() * zv[i, r]
            g[p, r] = t
            g2[p, r] = s
    trace = 0.0
    trace2 = 0.0
    for i in range(size):
        trace += inverse[i, i].real
        for j in range(size):
            trace2 += inverse[i, j].real ** 2 + inverse[i, j].imag ** 2
    gradient[last] -= trace
    hessian[last, last] += trace2
    for i in range(users):
        si = 1.0 / gamma[i] if i == user else -1.0
        gradient[first + i] += si * g[3 + i, 3 + i].real
        hessian[first + i, last] -= si * g2[3 + i, 3 + i].real
        for j in range(users):
            sj = 1.0 / gamma[j] if j == user else -1.0
            hessian[first + i, first + j] += si * sj * (g[3 + i, 3 + j].real ** 2 + g[3 + i, 3 + j].imag ** 2)
    if not sensing:
        return
    left = np.zeros((3, 3), np.complex128)
    product = np.zeros((3, 3), np.complex128)
    for a in range(SENSING):
        unit = unit_matrices[a]
        # product = G unit G on the sensing corner
        for p in range(3):
            for r in range(3):
                t = 0.0j
                for s in range(3):
                    t += g[p, s] * unit[s, r]
                left[p, r] = t
        value = 0.0
        value2 = 0.0
        for p in range(3):
            value += left[p, p].real
            for s in range(3):
                value2 += (g2[p, s] * unit[s, p]).real
            for r in range(3):
                t = 0.0j
                for s in range(3):
                    t += left[p, s] * g[s, r]
                product[p, r] = t
        gradient[a] += value
        hessian[a, last] -= value2
        for b in range(SENSING):
            t = 0.0
            for p in range(3):
                for r in range(3):
                    t += (product[p, r] * unit_matrices[b][r, p]).real
            hessian[a, b] += t
        for j in range(users):
            sj = 1.0 / gamma[j] if j == user else -1.0
            t = 0.0
            for p in range(3):
                for r in range(3):
                    t += (g[p, 3 + j].conjugate() * unit[p, r] * g[r, 3 + j]).real
            hessian[a, first + j] += sj * t


@numba.njit(cache=True)
def barrier(
    dual: np.ndarray,
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    mode: int,
    cap: float,
    mu: float,
    matrix: np.ndarray,
    inverse: np.ndarray,
) -> float:
    """Barrier function to be minimised; NaN outside its domain."""
    users = noise.size
    sensing = mode != ILLUMINATION
    first = SENSING if sensing else 0
    value = dual[dual.size - 1] / mu
    for k in range(users):
        if not dual[first + k] > 0.0:
            return math.nan
        value -= dual[first + k] * noise[k] / mu + math.log(dual[first + k])
    if sensing:
        x11, x12, x22 = dual[5], dual[6], dual[7]
        determinant = x11 * x22 - x12 * x12
        if not (determinant > 0.0 and x11 > 0.0):
            return math.nan
        u = cost[0, 0] * x11 + 2.0 * cost[0, 1] * x12 + cost[1, 1] * x22
        u += 2.0 * math.sqrt((cost[0, 0] * cost[1, 1] - cost[0, 1] * cost[0, 1]) * determinant)
        value -= (u / cap if mode == TIE_BREAK else 2.0 * math.sqrt(u)) / mu
        y = (dual[1], dual[2], dual[3], dual[4])
        form = x22 * (y[0] ** 2 + y[1] ** 2) + x11 * (y[2] ** 2 + y[3] ** 2)
        form -= 2.0 * x12 * (y[0] * y[2] + y[1] * y[3])
        corner = (dual[0] - x11 - x22) * determinant - form
        if not corner > 0.0:
            return math.nan
        value -= math.log(corner)
    for k in range(users):
        dual_matrix(vectors, dual, gamma, k, mode, matrix)
        log_determinant = invert(matrix, inverse)
        if math.isnan(log_determinant):
            return math.nan
        value -= log_determinant
    return value


@numba.njit(cache=True)
def units() -> np.ndarray:
    """Hermitian 3 x 3 matrices of the eight sensing variables."""
    unit_matrices = np.zeros((SENSING, 3, 3), np.complex128)
    unit_matrices[0, 0, 0] = 1.0
    unit_matrices[1, 1, 0] = unit_matrices[1, 0, 1] = 1.0
    unit_matrices[2, 1, 0] = 1.0j
    unit_matrices[2, 0, 1] = -1.0j
    unit_matrices[3, 2, 0] = unit_matrices[3, 0, 2] = 1.0
    unit_matrices[4, 2, 0] = 1.0j
    unit_matrices[4, 0, 2] = -1.0j
    unit_matrices[5, 1, 1] = 1.0
    unit_matrices[6, 1, 2] = unit_matrices[6, 2, 1] = 1.0
    unit_matrices[7, 2, 2] = 1.0
    return unit_matrices


@numba.njit(cache=True)
def newton(
    dual: np.ndarray,
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    mode: int,
    cap: float,
    mu: float,
    unit_matrices: np.ndarray,
    gradient: np.ndarray,
    hessian: np.ndarray,
    matrix: np.ndarray,
    inverse: np.ndarray,
) -> None:
    """Gradient and Hessian of the barrier function."""
    users = noise.size
    n = dual.size
    sensing = mode != ILLUMINATION
    first = SENSING if sensing else 0
    gradient[:] = 0.0
    hessian[:, :] = 0.0
    gradient[n - 1] = 1.0 / mu
    for k in range(users):
        multiplier = dual[first + k]
        gradient[first + k] -= noise[k] / mu + 1.0 / multiplier
        hessian[first + k, first + k] += 1.0 / (multiplier * multiplier)
    if sensing:
        slope = np.empty(3)
        curve = np.empty((3, 3))
        sensing_value(dual[5], dual[6], dual[7], cost, mode, cap, slope, curve)
        for i in range(3):
            gradient[5 + i] -= slope[i] / mu
            for j in range(3):
                hessian[5 + i, 5 + j] -= curve[i, j] / mu
        small = np.zeros((3, 3), np.complex128)
        small_inverse = np.zeros((3, 3), np.complex128)
        small[0, 0] = dual[0] - dual[5] - dual[7]
        small[1, 0] = complex(dual[1], dual[2])
        small[2, 0] = complex(dual[3], dual[4])
        small[1, 1] = dual[5]
        small[2, 1] = dual[6]
        small[2, 2] = dual[7]
        invert(small, small_inverse)
        for a in range(SENSING):
            unit = unit_matrices[a].copy()
            if a == 5 or a == 7:
                unit[0, 0] -= 1.0
            product = small_inverse @ unit @ small_inverse
            t = 0.0
            for p in range(3):
                for r in range(3):
                    t += (small_inverse[p, r] * unit[r, p]).real
            gradient[a] -= t
            for b in range(SENSING):
                t = 0.0
                for p in range(3):
                    for r in range(3):
                        t += (product[p, r] * unit_matrices[b][r, p]).real
                if b == 5 or b == 7:
                    t -= product[0, 0].real
                hessian[a, b] += t
    for k in range(users):
        dual_matrix(vectors, dual, gamma, k, mode, matrix)
        invert(matrix, inverse)
        _add_user(vectors, inverse, gamma, k, sensing, unit_matrices, gradient, hessian)
    for i in range(n):
        for j in range(i):
            t = hessian[i, j] if hessian[i, j] != 0.0 else hessian[j, i]
            hessian[i, j] = t
            hessian[j, i] = t
