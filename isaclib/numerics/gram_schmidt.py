"""Orthonormal rows by Gram-Schmidt, compiled: for a few long vectors that may depend on each other."""

from __future__ import annotations

import math

import numba
import numpy as np

DEPENDENT = 1e-9
"""Rows with less than this share of their norm outside the earlier ones count as dependent."""

ONCE = 0.1
"""Where more than this share is left, one pass leaves rows orthogonal to ten roundings."""


@numba.njit(cache=True)
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
    real, imag = np.empty(rows.shape), np.empty(rows.shape)
    split(rows, real, imag)
    orthonormalise(real, imag, upper)
    for c in range(rows.shape[0]):
        for m in range(rows.shape[1]):
            basis[c, m] = complex(real[c, m], imag[c, m])


@numba.njit(cache=True)
def split(rows: np.ndarray, real: np.ndarray, imag: np.ndarray) -> None:
    """Write real and imaginary parts, each by itself: loops over them become vector instructions."""
    for c in range(rows.shape[0]):
        for m in range(rows.shape[1]):
            real[c, m] = rows[c, m].real
            imag[c, m] = rows[c, m].imag


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def orthonormalise(real: np.ndarray, imag: np.ndarray, upper: np.ndarray) -> None:
    """Do `gram_schmidt` in place, on rows of real and imaginary parts, each of shape (R, M)."""
    count, size = real.shape
    upper[:] = 0.0
    for c in range(count):
        norm = 0.0
        for m in range(size):
            norm += real[c, m] * real[c, m] + imag[c, m] * imag[c, m]
        left = norm
        for again in range(2):
            if again and left > ONCE**2 * norm:
                break
            for d in range(c):
                x = y = 0.0
                for m in range(size):
                    x += real[d, m] * real[c, m] + imag[d, m] * imag[c, m]
                    y += real[d, m] * imag[c, m] - imag[d, m] * real[c, m]
                upper[d, c] += complex(x, y)
                for m in range(size):
                    real[c, m] -= x * real[d, m] - y * imag[d, m]
                    imag[c, m] -= x * imag[d, m] + y * real[d, m]
            left = 0.0
            for m in range(size):
                left += real[c, m] * real[c, m] + imag[c, m] * imag[c, m]
        if left <= DEPENDENT**2 * norm:
            for m in range(size):
                real[c, m] = imag[c, m] = 0.0
            continue
        left = math.sqrt(left)
        upper[c, c] = left
        for m in range(size):
            real[c, m] /= left
            imag[c, m] /= left
