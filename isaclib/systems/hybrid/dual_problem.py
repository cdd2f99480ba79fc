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
nine only where there is a sensing term.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.hermitian import FAST, adjoint_product, inner, product

SENSING = 9
"""Dual variables of the sensing cost: omega, y (2 complex), X (symmetric 2 x 2), r."""

COST = 0
"""Minimise f = tr(C M^-1)."""

TIE_BREAK = 1
"""Maximise q = a0^H R a0 under f <= cap."""

ILLUMINATION = 2
"""Maximise q."""

UNIT_VARIABLE = np.array([0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7])
UNIT_ROW = np.array([0, 1, 0, 1, 0, 2, 0, 2, 0, 1, 1, 2, 2])
UNIT_COLUMN = np.array([0, 0, 1, 0, 1, 0, 2, 0, 2, 1, 2, 1, 2])
UNIT_VALUE = np.array([1, 1, 1, 1j, -1j, 1, 1, 1j, -1j, 1, 1, 1, 1])
"""Entries of the Hermitian 3 x 3 matrices U_a that the sensing variables multiply."""


@numba.njit(cache=True)
def sensing_value(x: np.ndarray, cost: np.ndarray, mode: int, cap: float, gradient: np.ndarray) -> tuple[float, float]:
    """Return 2 u^1/2 (or u / cap, to break ties) and its curvature; write its derivatives in X11, X12, X22, r.

    The second derivatives are the curvature times the outer product of the first ones.
    """
    gradient[0] = cost[0, 0]
    gradient[1] = 2.0 * cost[0, 1]
    gradient[2] = cost[1, 1]
    gradient[3] = 2.0 * math.sqrt(cost[0, 0] * cost[1, 1] - cost[0, 1] * cost[0, 1])
    u = 0.0
    for i in range(4):
        u += gradient[i] * x[5 + i]
    if mode == TIE_BREAK:
        gradient /= cap
        return u / cap, 0.0
    root = math.sqrt(u)
    gradient /= root
    return 2.0 * root, -0.5 / root


@numba.njit(cache=True)
def linear_parts(
    vectors: np.ndarray, gamma: np.ndarray, mode: int, parts: np.ndarray, own: np.ndarray, constant: np.ndarray
) -> None:
    """Write what B_k is made of: constant + sum_i x_i parts_i - lambda_k own_k.

    Parameters
    ----------
    vectors : ndarray of complex, shape (dim, 3 + K)
        V.
    gamma : ndarray, shape (K,)
        SINR thresholds.
    mode : int
        `COST`, `TIE_BREAK` or `ILLUMINATION`.
    parts : ndarray of complex, shape (variables, dim, dim)
        Written; zero before.
    own : ndarray of complex, shape (K, dim, dim)
        Written.
    constant : ndarray of complex, shape (dim, dim)
        Written.
    """
    size = vectors.shape[0]
    first = parts.shape[0] - gamma.size - 1
    for i in range(size):
        for j in range(size):
            if first > 0:
                for e in range(UNIT_VALUE.size):
                    entry = vectors[i, UNIT_ROW[e]] * vectors[j, UNIT_COLUMN[e]].conjugate()
                    parts[UNIT_VARIABLE[e], i, j] -= UNIT_VALUE[e] * entry
            constant[i, j] = 0.0 if mode == COST else -vectors[i, 0] * vectors[j, 0].conjugate()
            for k in range(gamma.size):
                entry = vectors[i, 3 + k] * vectors[j, 3 + k].conjugate()
                parts[first + k, i, j] = entry
                own[k, i, j] = (1.0 + 1.0 / gamma[k]) * entry
        parts[-1, i, i] = 1.0


@numba.njit(cache=True, fastmath=FAST)
def user_matrices(
    x: np.ndarray, parts: np.ndarray, own: np.ndarray, constant: np.ndarray, scale: float, matrices: np.ndarray
) -> None:
    """Write B_k of every user for the variables x, the constant part times `scale`: 0 for a change of x.

    Matrices are passed as real vectors (real and imaginary parts in turn).
    """
    entries = constant.size
    users = matrices.shape[0]
    first = x.size - users - 1
    shared = matrices[users - 1]
    for e in range(entries):
        shared[e] = scale * constant[e]
    for i in range(x.size):
        for e in range(entries):
            shared[e] += x[i] * parts[i, e]
    for k in range(users):
        for e in range(entries):
            matrices[k, e] = shared[e] - x[first + k] * own[k, e]


@numba.njit(cache=True)
def corner_matrix(x: np.ndarray, matrix: np.ndarray) -> None:
    """Write B_0."""
    matrix[0, 0] = x[0] - x[5] - x[7]
    matrix[1, 0] = complex(x[1], x[2])
    matrix[2, 0] = complex(x[3], x[4])
    matrix[0, 1] = complex(x[1], -x[2])
    matrix[0, 2] = complex(x[3], -x[4])
    matrix[1, 1] = x[5]
    matrix[1, 2] = matrix[2, 1] = x[6]
    matrix[2, 2] = x[7]


@numba.njit(cache=True)
def root_matrix(x: np.ndarray, matrix: np.ndarray) -> None:
    """Write B_r."""
    matrix[0, 0] = x[5]
    matrix[0, 1] = complex(x[6], x[8])
    matrix[1, 0] = complex(x[6], -x[8])
    matrix[1, 1] = x[7]


@numba.njit(cache=True, fastmath=FAST)
def add_traces(matrix: np.ndarray, sign: float, out: np.ndarray) -> None:
    """Add sign Re tr(U_a Z) to the sensing variables but r, Z a 3 x 3 matrix."""
    out[0] += sign * matrix[0, 0].real
    out[1] += sign * (matrix[0, 1].real + matrix[1, 0].real)
    out[2] += sign * (matrix[1, 0].imag - matrix[0, 1].imag)
    out[3] += sign * (matrix[0, 2].real + matrix[2, 0].real)
    out[4] += sign * (matrix[2, 0].imag - matrix[0, 2].imag)
    out[5] += sign * matrix[1, 1].real
    out[6] += sign * (matrix[1, 2].real + matrix[2, 1].real)
    out[7] += sign * matrix[2, 2].real


@numba.njit(cache=True, fastmath=FAST)
def add_corner_traces(matrix: np.ndarray, sign: float, out: np.ndarray) -> None:
    """Add sign Re tr(A_a Z), A_a what variable a multiplies in B_0."""
    add_traces(matrix, sign, out)
    out[5] -= sign * matrix[0, 0].real
    out[7] -= sign * matrix[0, 0].real


@numba.njit(cache=True)
def add_root_traces(matrix: np.ndarray, sign: float, out: np.ndarray) -> None:
    """Add sign Re tr(A_a Z), A_a what variable a multiplies in B_r."""
    out[5] += sign * matrix[0, 0].real
    out[6] += sign * (matrix[0, 1].real + matrix[1, 0].real)
    out[7] += sign * matrix[1, 1].real
    out[8] += sign * (matrix[0, 1].imag - matrix[1, 0].imag)


@numba.njit(cache=True, fastmath=FAST)
def add_user_traces(
    vectors: np.ndarray,
    matrix: np.ndarray,
    seen: np.ndarray,
    gamma: np.ndarray,
    user: int,
    sensing: bool,
    sign: float,
    out: np.ndarray,
) -> None:
    """Add sign Re tr(A_i Z), A_i what variable i multiplies in B_k; `seen` holds V^H Z V as far as it matters."""
    first = SENSING if sensing else 0
    if sensing:
        add_traces(seen, -sign, out)
    for j in range(gamma.size):
        share = -1.0 / gamma[j] if j == user else 1.0
        out[first + j] += sign * share * seen[3 + j, 3 + j].real
    for i in range(vectors.shape[0]):
        out[-1] += sign * matrix[i, i].real


@numba.njit(cache=True, fastmath=FAST)
def _outer(column: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    for i in range(3):
        for j in range(3):
            x = column[i]
            y = row[j]
            out[i, j] = complex(x.real * y.real - x.imag * y.imag, x.real * y.imag + x.imag * y.real)


@numba.njit(cache=True, fastmath=FAST)
def _add_tensor(g: np.ndarray, f: np.ndarray, tensor: np.ndarray) -> None:
    """Add g_qr f_sp of the 3 x 3 corners."""
    for q in range(3):
        for r in range(3):
            x = g[q, r]
            for s in range(3):
                for p in range(3):
                    y = f[s, p]
                    tensor[q, r, s, p] += complex(x.real * y.real - x.imag * y.imag, x.real * y.imag + x.imag * y.real)


@numba.njit(cache=True, fastmath=FAST)
def add_user(
    vectors: np.ndarray,
    inverse: np.ndarray,
    multiplier: np.ndarray,
    gamma: np.ndarray,
    user: int,
    sensing: bool,
    seen: np.ndarray,
    hessian: np.ndarray,
    tensor: np.ndarray,
    toward: np.ndarray,
) -> None:
    """Add Re tr(A_i B_k^-1 A_j Z_k) to the lower triangle of `hessian`, Re tr(A_i B_k^-1) to `toward`.

    The part of two sensing variables waits in `tensor` until `map_tensor`; `seen`, shape
    (5, rows, columns) with as many as V has, is scratch.
    """
    users = gamma.size
    last = hessian.shape[0] - 1
    first = SENSING if sensing else 0
    count = vectors.shape[1]
    size = vectors.shape[0]
    with_inverse, with_multiplier = seen[0, :size], seen[1, :size]
    g, f, cross = seen[2, :count], seen[3, :count], seen[4, :count]
    product(inverse, vectors, with_inverse)
    product(multiplier, vectors, with_multiplier)
    adjoint_product(vectors, with_inverse, count, count, g)
    adjoint_product(vectors, with_multiplier, count, count, f)
    adjoint_product(with_multiplier, with_inverse, 3, 3, cross)
    add_user_traces(vectors, inverse, g, gamma, user, sensing, 1.0, toward)
    hessian[last, last] += inner(inverse, multiplier)
    if sensing:
        _add_tensor(g, f, tensor)
        add_traces(cross, -1.0, hessian[last])
    for i in range(users):
        si = -1.0 / gamma[i] if i == user else 1.0
        hessian[last, first + i] += si * cross[3 + i, 3 + i].real
        for j in range(i + 1):
            sj = -1.0 / gamma[j] if j == user else 1.0
            x = g[3 + i, 3 + j]
            y = f[3 + j, 3 + i]
            hessian[first + i, first + j] += si * sj * (x.real * y.real - x.imag * y.imag)
    if sensing:
        for i in range(users):
            si = -1.0 / gamma[i] if i == user else 1.0
            _outer(g[:, 3 + i], f[3 + i], cross)
            add_traces(cross, -si, hessian[first + i])


@numba.njit(cache=True, fastmath=FAST)
def add_corner(
    inverse: np.ndarray,
    multiplier: np.ndarray,
    hessian: np.ndarray,
    tensor: np.ndarray,
    toward: np.ndarray,
    cross: np.ndarray,
    row: np.ndarray,
) -> None:
    """Do for B_0 what `add_user` does for B_k; `cross` (3, 3) and `row` (9,) are scratch."""
    add_corner_traces(inverse, 1.0, toward)
    _add_tensor(inverse, multiplier, tensor)
    # variables 5 and 7 stand in the corner (0, 0) as well, with a minus sign
    _outer(multiplier[:, 0], inverse[0], cross)
    row[:] = 0.0
    add_traces(cross, 1.0, row)
    for a in (5, 7):
        for b in range(8):
            hessian[max(a, b), min(a, b)] -= row[b]
        hessian[a, a] += row[0] - row[a]
    hessian[7, 5] += row[0]


@numba.njit(cache=True)
def add_root(
    inverse: np.ndarray, multiplier: np.ndarray, hessian: np.ndarray, toward: np.ndarray, unit: np.ndarray,
    scratch: np.ndarray, cross: np.ndarray, variables: np.ndarray, row: np.ndarray,
) -> None:  # fmt: skip
    """Do for B_r what `add_user` does for B_k.

    `unit`, `scratch`, `cross` (2, 2), `variables` and `row` (9,) are scratch.
    """
    add_root_traces(inverse, 1.0, toward)
    for a in range(5, SENSING):
        variables[:] = 0.0
        variables[a] = 1.0
        root_matrix(variables, unit)
        product(multiplier, unit, scratch)
        product(scratch, inverse, cross)
        row[:] = 0.0
        add_root_traces(cross, 1.0, row)
        for b in range(5, a + 1):
            hessian[a, b] += row[b]


@numba.njit(cache=True, fastmath=FAST)
def map_tensor(tensor: np.ndarray, hessian: np.ndarray) -> None:
    """Add sum over the entries of U_a and U_b of what `add_user` and `add_corner` put into the tensor."""
    for e in range(UNIT_VALUE.size):
        for d in range(e + 2):
            if d >= UNIT_VALUE.size or UNIT_VARIABLE[d] > UNIT_VARIABLE[e]:
                continue
            x = tensor[UNIT_COLUMN[e], UNIT_ROW[d], UNIT_COLUMN[d], UNIT_ROW[e]]
            y = UNIT_VALUE[e] * UNIT_VALUE[d]
            hessian[UNIT_VARIABLE[e], UNIT_VARIABLE[d]] += x.real * y.real - x.imag * y.imag
