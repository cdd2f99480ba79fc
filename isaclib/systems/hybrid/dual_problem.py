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

from isaclib.numerics.hermitian import FAST

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
def dual_objective(
    x: np.ndarray,
    noise: np.ndarray,
    cost: np.ndarray,
    mode: int,
    cap: float,
    slope: np.ndarray,
    gradient: np.ndarray,
    hessian: np.ndarray,
) -> float:
    """Return t - sum_k lambda_k n_k - (2 u^1/2, u / cap or nothing), which the path minimises.

    Writes the gradient and adds the second derivatives to the lower triangle of `hessian`; `slope`,
    shape (4,), is scratch.
    """
    first = x.size - noise.size - 1
    gradient[:] = 0.0
    gradient[-1] = 1.0
    value = x[-1]
    for k in range(noise.size):
        value -= x[first + k] * noise[k]
        gradient[first + k] = -noise[k]
    if mode != ILLUMINATION:
        worth, curvature = sensing_value(x, cost, mode, cap, slope)
        value -= worth
        for i in range(4):
            gradient[5 + i] -= slope[i]
            for j in range(i + 1):
                hessian[5 + i, 5 + j] -= curvature * slope[i] * slope[j]
    return value


@numba.njit(cache=True)
def start_point(cost: np.ndarray, uplink: np.ndarray, sensing: bool, x: np.ndarray) -> None:
    """Write a point inside: X = C, and a share of the uplink powers as multipliers; the rest zero before."""
    x[-1] = 7.0 if sensing else 2.0
    if sensing:
        x[5], x[6], x[7] = cost[0, 0], cost[0, 1], cost[1, 1]
        x[0] = 2.0 * (cost[0, 0] + cost[1, 1])
        x[8] = 0.5 * math.sqrt(cost[0, 0] * cost[1, 1] - cost[0, 1] * cost[0, 1])
    first = x.size - uplink.size - 1
    for k in range(uplink.size):
        x[first + k] = 0.3 * x[-1] * uplink[k]


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
