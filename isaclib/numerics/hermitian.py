"""Small Hermitian matrices for interior-point kernels, compiled, without allocation.

Matrices of a few rows are too small for libraries; plain loops are several times faster.
"""

from __future__ import annotations

import math

import numba
import numpy as np

FAST = {"contract", "nsz", "arcp"}
"""Rounding may differ from plain arithmetic; NaN and infinity keep their meaning."""

LARGE = 10
"""Rows from which on BLAS multiplies faster than a plain loop."""

SHRINK = 0.9
"""Factor between two trial steps of `longest_step`."""


@numba.njit(cache=True, fastmath=FAST)
def factorise(matrix: np.ndarray, step: float, change: np.ndarray, factor: np.ndarray) -> bool:
    """Write the Cholesky factor of matrix + step change, its diagonal inverted; False where there is none."""
    n = matrix.shape[0]
    for i in range(n):
        for j in range(i + 1):
            real = matrix[i, j].real + step * change[i, j].real
            imag = matrix[i, j].imag + step * change[i, j].imag
            for k in range(j):
                a = factor[i, k]
                b = factor[j, k]
                real -= a.real * b.real + a.imag * b.imag
                imag -= a.imag * b.real - a.real * b.imag
            if i == j:
                if not real > 0.0:
                    return False
                factor[i, i] = 1.0 / math.sqrt(real)
            else:
                scale = factor[j, j].real
                factor[i, j] = complex(real * scale, imag * scale)
    return True


@numba.njit(cache=True, fastmath=FAST)
def invert(matrix: np.ndarray, factor: np.ndarray, inverse: np.ndarray) -> bool:
    """Write the inverse of a positive definite matrix; False where it is not. Overwrites `factor`."""
    n = matrix.shape[0]
    if not factorise(matrix, 0.0, matrix, factor):
        return False
    # the inverse of the factor in the lower triangle, then its adjoint times itself
    for c in range(n):
        inverse[c, c] = factor[c, c]
        for i in range(c + 1, n):
            real = imag = 0.0
            for k in range(c, i):
                a = factor[i, k]
                b = inverse[k, c]
                real -= a.real * b.real - a.imag * b.imag
                imag -= a.real * b.imag + a.imag * b.real
            scale = factor[i, i].real
            inverse[i, c] = complex(real * scale, imag * scale)
    for i in range(n):
        for j in range(i + 1):
            real = imag = 0.0
            for k in range(i, n):
                a = inverse[k, i]
                b = inverse[k, j]
                real += a.real * b.real + a.imag * b.imag
                imag += a.real * b.imag - a.imag * b.real
            factor[i, j] = complex(real, imag)
    for i in range(n):
        inverse[i, i] = factor[i, i].real
        for j in range(i):
            inverse[i, j] = factor[i, j]
            inverse[j, i] = factor[i, j].conjugate()
    return True


@numba.njit(cache=True, fastmath=FAST)
def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Write a b."""
    if a.shape[0] >= LARGE:
        np.dot(a, b, out)
        return
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            real = imag = 0.0
            for k in range(b.shape[0]):
                x = a[i, k]
                y = b[k, j]
                real += x.real * y.real - x.imag * y.imag
                imag += x.real * y.imag + x.imag * y.real
            out[i, j] = complex(real, imag)


@numba.njit(cache=True, fastmath=FAST)
def adjoint_product(a: np.ndarray, b: np.ndarray, rows: int, columns: int, out: np.ndarray) -> None:
    """Write the first rows and columns of a^H b, and its diagonal."""
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            if i != j and (i >= rows or j >= columns):
                continue
            real = imag = 0.0
            for k in range(a.shape[0]):
                x = a[k, i]
                y = b[k, j]
                real += x.real * y.real + x.imag * y.imag
                imag += x.real * y.imag - x.imag * y.real
            out[i, j] = complex(real, imag)


@numba.njit(cache=True, fastmath=FAST)
def subtract_symmetric_product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Take (a b + (a b)^H) / 2 from a Hermitian matrix."""
    n = a.shape[0]
    for i in range(n):
        for j in range(i + 1):
            real = imag = 0.0
            for k in range(n):
                x = a[i, k]
                y = b[k, j]
                real += x.real * y.real - x.imag * y.imag
                imag += x.real * y.imag + x.imag * y.real
                x = a[j, k]
                y = b[k, i]
                real += x.real * y.real - x.imag * y.imag
                imag -= x.real * y.imag + x.imag * y.real
            real = out[i, j].real - 0.5 * real
            imag = out[i, j].imag - 0.5 * imag if i != j else 0.0
            out[i, j] = complex(real, imag)
            out[j, i] = complex(real, -imag)


@numba.njit(cache=True, fastmath=FAST)
def inner(a: np.ndarray, b: np.ndarray) -> float:
    """Return tr(a b) of Hermitian matrices."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[0]):
            total += a[i, j].real * b[i, j].real + a[i, j].imag * b[i, j].imag
    return total


@numba.njit(cache=True, fastmath=FAST)
def longest_step(matrix: np.ndarray, change: np.ndarray, limit: float, factor: np.ndarray) -> float:
    """Return a step of at most `limit` that keeps matrix + step change positive definite, to a tenth."""
    step = limit
    while step > 1e-9:
        if factorise(matrix, step, change, factor):
            return step
        step *= SHRINK
    return 0.0


@numba.njit(cache=True, fastmath=FAST)
def scaled_cholesky(matrix: np.ndarray, scale: np.ndarray, factor: np.ndarray) -> None:
    """Factorise a real positive definite matrix with unit diagonal after scaling; what rounding spoils is floored.

    Reads the lower triangle; `factor` gets an inverted diagonal.
    """
    n = matrix.shape[0]
    for i in range(n):
        scale[i] = 1.0 / math.sqrt(matrix[i, i])
    for i in range(n):
        for j in range(i + 1):
            t = matrix[i, j] * scale[i] * scale[j]
            for k in range(j):
                t -= factor[i, k] * factor[j, k]
            factor[i, j] = 1.0 / math.sqrt(max(t, 1e-14)) if i == j else t * factor[j, j]


@numba.njit(cache=True, fastmath=FAST)
def solve_scaled(scale: np.ndarray, factor: np.ndarray, right: np.ndarray, x: np.ndarray) -> None:
    """Solve with what `scaled_cholesky` left."""
    n = right.size
    for i in range(n):
        t = right[i] * scale[i]
        for k in range(i):
            t -= factor[i, k] * x[k]
        x[i] = t * factor[i, i]
    for i in range(n - 1, -1, -1):
        t = x[i]
        for k in range(i + 1, n):
            t -= factor[k, i] * x[k]
        x[i] = t * factor[i, i]
    for i in range(n):
        x[i] *= scale[i]
