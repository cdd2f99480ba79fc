"""The Newton matrix of the dual of `isaclib.systems.hybrid.dual_problem`, compiled.

A constraint B >= 0 with multiplier Z adds Re tr(A_i B^-1 A_j Z) to it, A_i what variable i multiplies in B.
"""

from __future__ import annotations

import numba
import numpy as np

from isaclib.numerics.hermitian import FAST, adjoint_product, inner, product
from isaclib.systems.hybrid.dual_problem import (
    SENSING,
    UNIT_COLUMN,
    UNIT_ROW,
    UNIT_VALUE,
    UNIT_VARIABLE,
    add_corner_traces,
    add_root_traces,
    add_traces,
    add_user_traces,
    root_matrix,
)


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
