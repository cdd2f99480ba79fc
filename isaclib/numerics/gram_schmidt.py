"""Orthonormal rows by Gram-Schmidt, compiled: for a few long vectors that may depend on each other."""

from __future__ import annotations

import math

import numba
import numpy as np

DEPENDENT = 1e-9
"""Rows with less than this share of their norm outside the earlier ones count as dependent."""

ONCE = 0.1
"""Where more than this share is left, one pass leaves rows orthogonal to ten roundings."""


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def gram_schmidt(rows: np.ndarray, basis: np.ndarray, upper: np.ndarray) -> None:
    """Write rows_c = sum_d upper[d, c] basis_d with orthonormal basis_d.

    Parameters
    ----------
    rows : ndarray of complex, shape (R, M)
        Vectors.
    basis : ndarray of complex, shape (R, M)
        Orthonormal, zero where a row depends on those before it; written.
    upper : ndarray of complex, shape (R, R)
        Upper triangular, its diagonal zero where a row depends on those before it; written.
    """
    count, size = rows.shape
    upper[:] = 0.0
    for c in range(count):
        norm = 0.0
        for m in range(size):
            basis[c, m] = rows[c, m]
            norm += rows[c, m].real ** 2 + rows[c, m].imag ** 2
        left = norm
        for again in range(2):
            if again and left > ONCE**2 * norm:
                break
            for d in range(c):
                real = imag = 0.0
                for m in range(size):
                    real += basis[d, m].real * basis[c, m].real + basis[d, m].imag * basis[c, m].imag
                    imag += basis[d, m].real * basis[c, m].imag - basis[d, m].imag * basis[c, m].real
                t = complex(real, imag)
                upper[d, c] += t
                for m in range(size):
                    basis[c, m] -= t * basis[d, m]
            left = 0.0
            for m in range(size):
                left += basis[c, m].real ** 2 + basis[c, m].imag ** 2
        if left <= DEPENDENT**2 * norm:
            for m in range(size):
                basis[c, m] = 0.0
            continue
        left = math.sqrt(left)
        upper[c, c] = left
        for m in range(size):
            basis[c, m] /= left
