"""The convex relaxation of the sensing problems and its dual.

With R_k of any rank, unit total power and V = [a0, b1, b2, g_1, ..., g_K],

    min f(R) = tr(C M(R)^-1)   s.t.  (1 + 1/Gamma_k) g_k^H R_k g_k - g_k^H R g_k >= n_k,

is a semidefinite program whose dual has 10 + K real variables whatever the number of antennas:

    max  2 u^1/2 - t + sum_k lambda_k n_k,   u = tr(C X) + 2 r det(C)^1/2
    s.t. B_r = [[X11, X12 + j r], [X12 - j r, X22]] >= 0,
         B_0 = [[omega - tr X, y^H], [y, X]] >= 0,   lambda >= 0,
         B_k = t I - V3 [[omega, y^H], [y, X]] V3^H + sum_j lambda_j g_j g_j^H
               - (1 + 1/Gamma_k) lambda_k g_k g_k^H >= 0,

because tr(C M^-1) >= 2 tr(C^1/2 X C^1/2)^1/2 - tr(X M), M is a minimum over linear functions of
R, and (tr(C^1/2 X C^1/2)^1/2)^2 = tr(C X) + 2 det(C X)^1/2 is the largest u, as r^2 <= det X.
Every point that meets the constraints is a lower bound on f, and the multipliers of B_k >= 0
are the R_k.

Two more problems share the constraints. Maximising the illumination q = a0^H R a0 has
t - sum_k lambda_k n_k as an upper bound, with B_k = t I - a0 a0^H + ... and no sensing variables.
Breaking ties, max q s.t. f(R) <= cap, has t - sum_k lambda_k n_k - u / cap with
a0 a0^H added to the sensing term of B_k: the multiplier nu of
the cap enters as nu cap - 2 (nu u)^1/2 once X stands for nu X, and is minimised away.

The variables are (omega, Re y1, Im y1, Re y2, Im y2, X11, X12, X22, r, lambda_1, ..., lambda_K, t), the first
nine only where there is a sensing term. As many draws as `isaclib.numerics.lanes` has lanes are treated at once: arrays
end in an axis of that length, complex matrices in (2, LANES), their real and imaginary parts. What all draws have in
common (C, Gamma) is an ordinary array.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.lanes import Vector, add, load, spread, sqrt, store

SENSING = 9
"""Dual variables of the sensing cost: omega, y (2 complex), X (symmetric 2 x 2), r."""

COST = 0
"""Minimise f = tr(C M^-1)."""

TIE_BREAK = 1
"""Maximise q = a0^H R a0 under f <= cap."""

ILLUMINATION = 2
"""Maximise q."""


@numba.njit(cache=True)
def sensing_value(
    x: np.ndarray, cost: np.ndarray, mode: int, cap: Vector, gradient: np.ndarray
) -> tuple[Vector, Vector]:
    """Return 2 u^1/2 (or u / cap, to break ties) and its curvature; write its derivatives in X11, X12, X22, r.

    The second derivatives are the curvature times the outer product of the first ones.
    """
    root_det = math.sqrt(cost[0, 0] * cost[1, 1] - cost[0, 1] * cost[0, 1])
    slopes = (cost[0, 0], 2.0 * cost[0, 1], cost[1, 1], 2.0 * root_det)
    u = spread(0.0)
    for i in range(4):
        u += slopes[i] * load(x, (5 + i,))
    worth, curvature, scale = u / cap, spread(0.0), 1.0 / cap
    if mode != TIE_BREAK:
        root = sqrt(u)
        worth, curvature, scale = 2.0 * root, -0.5 / root, 1.0 / root
    for i in range(4):
        store(gradient, (i,), slopes[i] * scale)
    return worth, curvature


@numba.njit(cache=True)
def dual_objective(
    x: np.ndarray,
    noise: np.ndarray,
    cost: np.ndarray,
    mode: int,
    cap: Vector,
    slope: np.ndarray,
    gradient: np.ndarray,
    hessian: np.ndarray,
) -> Vector:
    """Return t - sum_k lambda_k n_k - (2 u^1/2, u / cap or nothing), which the path minimises.

    Writes the gradient and adds the second derivatives to the lower triangle of `hessian`; `slope`,
    shape (4, LANES), is scratch.
    """
    users = noise.shape[0]
    last = x.shape[0] - 1
    first = last - users
    for i in range(first):
        store(gradient, (i,), spread(0.0))
    store(gradient, (last,), spread(1.0))
    value = load(x, (last,))
    for k in range(users):
        value -= load(x, (first + k,)) * load(noise, (k,))
        store(gradient, (first + k,), -1.0 * load(noise, (k,)))
    if mode != ILLUMINATION:
        worth, curvature = sensing_value(x, cost, mode, cap, slope)
        value -= worth
        for i in range(4):
            store(gradient, (5 + i,), -1.0 * load(slope, (i,)))
            for j in range(i + 1):
                add(hessian, (5 + i, 5 + j), -1.0 * curvature * load(slope, (i,)) * load(slope, (j,)))
    return value


@numba.njit(cache=True)
def start_point(cost: np.ndarray, uplink: np.ndarray, sensing: bool, x: np.ndarray, lane: int) -> None:
    """Write a point inside into one lane: X = C, and a share of the uplink powers as multipliers."""
    x[:, lane] = 0.0
    highest = 7.0 if sensing else 2.0
    x[-1, lane] = highest
    if sensing:
        x[5, lane], x[6, lane], x[7, lane] = cost[0, 0], cost[0, 1], cost[1, 1]
        x[0, lane] = 2.0 * (cost[0, 0] + cost[1, 1])
        x[8, lane] = 0.5 * math.sqrt(cost[0, 0] * cost[1, 1] - cost[0, 1] * cost[0, 1])
    first = x.shape[0] - uplink.size - 1
    for k in range(uplink.size):
        x[first + k, lane] = 0.3 * highest * uplink[k]


@numba.njit(cache=True)
def user_matrices(
    x: np.ndarray,
    vectors: np.ndarray,
    gamma: np.ndarray,
    mode: int,
    scale: float,
    parts: np.ndarray,
    matrices: np.ndarray,
) -> None:
    """Write B_k of every user.

    Parameters
    ----------
    x : ndarray, shape (n, LANES)
        Variables, or a change of them.
    vectors : ndarray, shape (dim, 3 + K, 2, LANES)
        V.
    gamma : ndarray, shape (K,)
        SINR thresholds.
    mode : int
        `COST`, `TIE_BREAK` or `ILLUMINATION`.
    scale : float
        What the constant part is multiplied by: 0 for a change of x.
    parts : ndarray, shape (dim, 3 + K, 2, LANES)
        Scratch.
    matrices : ndarray, shape (K, dim, dim, 2, LANES)
        Written.
    """
    size, count = vectors.shape[:2]
    users = count - 3
    last = x.shape[0] - 1
    first = last - users
    constant = spread(0.0 if mode == COST else scale)
    # B_k + own part = t I + parts V^H
    for i in range(size):
        ar, ai = load(vectors, (i, 0, 0)), load(vectors, (i, 0, 1))
        if first > 0:
            br, bi = load(vectors, (i, 1, 0)), load(vectors, (i, 1, 1))
            cr, ci = load(vectors, (i, 2, 0)), load(vectors, (i, 2, 1))
            omega = load(x, (0,)) + constant
            yr, yi, zr, zi = load(x, (1,)), load(x, (2,)), load(x, (3,)), load(x, (4,))
            x11, x12, x22 = load(x, (5,)), load(x, (6,)), load(x, (7,))
            store(parts, (i, 0, 0), -1.0 * (ar * omega + (br * yr - bi * yi) + (cr * zr - ci * zi)))
            store(parts, (i, 0, 1), -1.0 * (ai * omega + (br * yi + bi * yr) + (cr * zi + ci * zr)))
            store(parts, (i, 1, 0), -1.0 * ((ar * yr + ai * yi) + br * x11 + cr * x12))
            store(parts, (i, 1, 1), -1.0 * ((ai * yr - ar * yi) + bi * x11 + ci * x12))
            store(parts, (i, 2, 0), -1.0 * ((ar * zr + ai * zi) + br * x12 + cr * x22))
            store(parts, (i, 2, 1), -1.0 * ((ai * zr - ar * zi) + bi * x12 + ci * x22))
        else:
            store(parts, (i, 0, 0), -1.0 * (ar * constant))
            store(parts, (i, 0, 1), -1.0 * (ai * constant))
            for c in range(1, 3):
                store(parts, (i, c, 0), spread(0.0))
                store(parts, (i, c, 1), spread(0.0))
        for j in range(users):
            light = load(x, (first + j,))
            store(parts, (i, 3 + j, 0), light * load(vectors, (i, 3 + j, 0)))
            store(parts, (i, 3 + j, 1), light * load(vectors, (i, 3 + j, 1)))
    for i in range(size):
        for j in range(i + 1):
            real = load(x, (last,)) if i == j else spread(0.0)
            imag = spread(0.0)
            for c in range(count):
                ar, ai = load(parts, (i, c, 0)), load(parts, (i, c, 1))
                br, bi = load(vectors, (j, c, 0)), load(vectors, (j, c, 1))
                real += ar * br + ai * bi
                imag += ai * br - ar * bi
            for k in range(users):
                own = -1.0 - 1.0 / gamma[k]
                ar, ai = own * load(parts, (i, 3 + k, 0)), own * load(parts, (i, 3 + k, 1))
                br, bi = load(vectors, (j, 3 + k, 0)), load(vectors, (j, 3 + k, 1))
                re = real + (ar * br + ai * bi)
                im = imag + (ai * br - ar * bi) if i != j else spread(0.0)
                store(matrices, (k, j, i, 0), re)
                store(matrices, (k, j, i, 1), -1.0 * im)
                store(matrices, (k, i, j, 0), re)
                store(matrices, (k, i, j, 1), im)


@numba.njit(cache=True)
def corner_matrix(x: np.ndarray, matrix: np.ndarray) -> None:
    """Write B_0, shape (3, 3, 2, LANES); the imaginary parts of its other entries are zero before."""
    store(matrix, (0, 0, 0), load(x, (0,)) - load(x, (5,)) - load(x, (7,)))
    for i in range(1, 3):
        real, imag = load(x, (2 * i - 1,)), load(x, (2 * i,))
        store(matrix, (i, 0, 0), real)
        store(matrix, (i, 0, 1), imag)
        store(matrix, (0, i, 0), real)
        store(matrix, (0, i, 1), -1.0 * imag)
    store(matrix, (1, 1, 0), load(x, (5,)))
    store(matrix, (1, 2, 0), load(x, (6,)))
    store(matrix, (2, 1, 0), load(x, (6,)))
    store(matrix, (2, 2, 0), load(x, (7,)))


@numba.njit(cache=True)
def root_matrix(x: np.ndarray, matrix: np.ndarray) -> None:
    """Write B_r, shape (2, 2, 2, LANES)."""
    store(matrix, (0, 0, 0), load(x, (5,)))
    store(matrix, (0, 0, 1), spread(0.0))
    store(matrix, (0, 1, 0), load(x, (6,)))
    store(matrix, (0, 1, 1), load(x, (8,)))
    store(matrix, (1, 0, 0), load(x, (6,)))
    store(matrix, (1, 0, 1), -1.0 * load(x, (8,)))
    store(matrix, (1, 1, 0), load(x, (7,)))
    store(matrix, (1, 1, 1), spread(0.0))


@numba.njit(cache=True)
def add_traces(matrix: np.ndarray, sign: float, out: np.ndarray) -> None:
    """Add sign Re tr(U_a Z) to the sensing variables but r, Z the corner of 3 rows of a matrix.

    U_a is what variable a multiplies in [[omega, y^H], [y, X]].
    """
    add(out, (0,), sign * load(matrix, (0, 0, 0)))
    for i in range(1, 3):
        add(out, (2 * i - 1,), sign * (load(matrix, (0, i, 0)) + load(matrix, (i, 0, 0))))
        add(out, (2 * i,), sign * (load(matrix, (i, 0, 1)) - load(matrix, (0, i, 1))))
    add(out, (5,), sign * load(matrix, (1, 1, 0)))
    add(out, (6,), sign * (load(matrix, (1, 2, 0)) + load(matrix, (2, 1, 0))))
    add(out, (7,), sign * load(matrix, (2, 2, 0)))


@numba.njit(cache=True)
def add_corner_traces(matrix: np.ndarray, sign: float, out: np.ndarray) -> None:
    """Add sign Re tr(A_a Z), A_a what variable a multiplies in B_0."""
    add_traces(matrix, sign, out)
    add(out, (5,), -sign * load(matrix, (0, 0, 0)))
    add(out, (7,), -sign * load(matrix, (0, 0, 0)))


@numba.njit(cache=True)
def add_root_traces(matrix: np.ndarray, sign: float, out: np.ndarray) -> None:
    """Add sign Re tr(A_a Z), A_a what variable a multiplies in B_r."""
    add(out, (5,), sign * load(matrix, (0, 0, 0)))
    add(out, (6,), sign * (load(matrix, (0, 1, 0)) + load(matrix, (1, 0, 0))))
    add(out, (7,), sign * load(matrix, (1, 1, 0)))
    add(out, (8,), sign * (load(matrix, (0, 1, 1)) - load(matrix, (1, 0, 1))))


@numba.njit(cache=True)
def add_user_traces(
    matrix: np.ndarray, seen: np.ndarray, gamma: np.ndarray, user: int, sensing: bool, sign: float, out: np.ndarray
) -> None:
    """Add sign Re tr(A_i Z), A_i what variable i multiplies in B_k; `seen` holds V^H Z V as far as it matters."""
    first = SENSING if sensing else 0
    if sensing:
        add_traces(seen, -sign, out)
    for j in range(gamma.size):
        share = -1.0 / gamma[j] if j == user else 1.0
        add(out, (first + j,), sign * share * load(seen, (3 + j, 3 + j, 0)))
    trace = spread(0.0)
    for i in range(matrix.shape[0]):
        trace += load(matrix, (i, i, 0))
    add(out, (out.shape[0] - 1,), sign * trace)
