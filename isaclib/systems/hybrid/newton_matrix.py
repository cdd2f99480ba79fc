"""The Newton matrix of the dual of `isaclib.systems.hybrid.dual_problem`, compiled.

A constraint B >= 0 with multiplier Z adds Re tr(A_i B^-1 A_j Z) to it, A_i what variable i multiplies in B.
"""

from __future__ import annotations

import numba
import numpy as np

from isaclib.numerics.hermitian import adjoint_product, hermitian_product, inner, product
from isaclib.numerics.lanes import add, load, spread, store
from isaclib.systems.hybrid.dual_problem import (
    SENSING,
    add_corner_traces,
    add_root_traces,
    add_traces,
    add_user_traces,
    root_matrix,
)

UNITS = (
    (0, 0, 0, 1), (1, 1, 0, 1), (1, 0, 1, 1), (2, 1, 0, 1j), (2, 0, 1, -1j), (3, 2, 0, 1), (3, 0, 2, 1),
    (4, 2, 0, 1j), (4, 0, 2, -1j), (5, 1, 1, 1), (6, 1, 2, 1), (6, 2, 1, 1), (7, 2, 2, 1),
)  # fmt: skip
"""Entries of the Hermitian 3 x 3 matrices U_a that the sensing variables multiply: a, row, column, value."""

TERMS = np.array(
    sorted(
        (a, b, column_a, row_b, column_b, row_a, int((x * y + 0j).real), int(-(x * y + 0j).imag))
        for a, row_a, column_a, x in UNITS
        for b, row_b, column_b, y in UNITS
        if b <= a
    )
)
"""Re tr(U_a G U_b F) is a sum over G[q, r] F[s, p]: a, b, q, r, s, p of every term, and what its real and its imaginary
part are multiplied by, of which one is zero."""


@numba.njit(cache=True)
def _add_sensing(g: np.ndarray, f: np.ndarray, hessian: np.ndarray) -> None:
    """Add Re tr(U_a G U_b F), G and F the corners of 3 rows of what is passed."""
    e = 0
    while e < TERMS.shape[0]:
        a, b = TERMS[e, 0], TERMS[e, 1]
        total = spread(0.0)
        while e < TERMS.shape[0] and TERMS[e, 0] == a and TERMS[e, 1] == b:
            q, r, s, p = TERMS[e, 2], TERMS[e, 3], TERMS[e, 4], TERMS[e, 5]
            gr, gi = load(g, (q, r, 0)), load(g, (q, r, 1))
            fr, fi = load(f, (s, p, 0)), load(f, (s, p, 1))
            if TERMS[e, 6] != 0:
                total += float(TERMS[e, 6]) * (gr * fr - gi * fi)
            else:
                total += float(TERMS[e, 7]) * (gr * fi + gi * fr)
            e += 1
        add(hessian, (a, b), total)


@numba.njit(cache=True)
def _outer(column: np.ndarray, c: int, row: np.ndarray, r: int, out: np.ndarray) -> None:
    """Write what the first three entries of a column and of a row make."""
    for i in range(3):
        for j in range(3):
            ar, ai = load(column, (i, c, 0)), load(column, (i, c, 1))
            br, bi = load(row, (r, j, 0)), load(row, (r, j, 1))
            store(out, (i, j, 0), ar * br - ai * bi)
            store(out, (i, j, 1), ar * bi + ai * br)


@numba.njit(cache=True)
def add_user(
    vectors: np.ndarray,
    inverse: np.ndarray,
    multiplier: np.ndarray,
    gamma: np.ndarray,
    user: int,
    sensing: bool,
    seen: np.ndarray,
    hessian: np.ndarray,
    toward: np.ndarray,
) -> None:
    """Add Re tr(A_i B_k^-1 A_j Z_k) to the lower triangle of `hessian`, Re tr(A_i B_k^-1) to `toward`.

    `seen`, shape (5, max(dim, 3 + K), 3 + K, 2, LANES), is scratch.
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
    hermitian_product(vectors, with_inverse, g)
    hermitian_product(vectors, with_multiplier, f)
    adjoint_product(with_multiplier, with_inverse, 3, cross)
    add_user_traces(inverse, g, gamma, user, sensing, 1.0, toward)
    add(hessian, (last, last), inner(inverse, multiplier))
    if sensing:
        _add_sensing(g, f, hessian)
        add_traces(cross, -1.0, hessian[last])
    for i in range(users):
        si = -1.0 / gamma[i] if i == user else 1.0
        add(hessian, (last, first + i), si * load(cross, (3 + i, 3 + i, 0)))
        for j in range(i + 1):
            sj = -1.0 / gamma[j] if j == user else 1.0
            gr, gi = load(g, (3 + i, 3 + j, 0)), load(g, (3 + i, 3 + j, 1))
            fr, fi = load(f, (3 + j, 3 + i, 0)), load(f, (3 + j, 3 + i, 1))
            add(hessian, (first + i, first + j), si * sj * (gr * fr - gi * fi))
    if sensing:
        for i in range(users):
            si = -1.0 / gamma[i] if i == user else 1.0
            _outer(g, 3 + i, f, 3 + i, cross)
            add_traces(cross, -si, hessian[first + i])


@numba.njit(cache=True)
def add_corner(
    inverse: np.ndarray,
    multiplier: np.ndarray,
    hessian: np.ndarray,
    toward: np.ndarray,
    cross: np.ndarray,
    row: np.ndarray,
) -> None:
    """Do for B_0 what `add_user` does for B_k; `cross` (3, 3, 2, LANES) and `row` (9, LANES) are scratch."""
    add_corner_traces(inverse, 1.0, toward)
    _add_sensing(inverse, multiplier, hessian)
    # variables 5 and 7 stand in the corner (0, 0) as well, with a minus sign
    _outer(multiplier, 0, inverse, 0, cross)
    row[:] = 0.0
    add_traces(cross, 1.0, row)
    for a in (5, 7):
        for b in range(8):
            add(hessian, (max(a, b), min(a, b)), -1.0 * load(row, (b,)))
        add(hessian, (a, a), load(row, (0,)) - load(row, (a,)))
    add(hessian, (7, 5), load(row, (0,)))


@numba.njit(cache=True)
def add_root(
    inverse: np.ndarray,
    multiplier: np.ndarray,
    hessian: np.ndarray,
    toward: np.ndarray,
    unit: np.ndarray,
    scratch: np.ndarray,
    cross: np.ndarray,
    variables: np.ndarray,
    row: np.ndarray,
) -> None:
    """Do for B_r what `add_user` does for B_k.

    `unit`, `scratch`, `cross` (2, 2, 2, LANES), `variables` and `row` (9, LANES) are scratch.
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
            add(hessian, (a, b), load(row, (b,)))
