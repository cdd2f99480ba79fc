"""Statistics of echoes, drawn without the samples they are made of.

Of Y = b g^T S + Z with white noise Z everything about b is in S S^H and Y S^H, or in Y Y^H: with
S = L V, L lower triangular and V V^H = I, the part Y V^H = b g^T L + W and what lies outside of
the rows of S are independent, whatever the number of samples.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

POWER_STEPS = 200
"""Power iterations before the full eigendecomposition takes over."""

_kernel: dict[str, Any] = {"cache": True, "error_model": "numpy"}


def bartlett_factor(uniform: np.ndarray, normal: np.ndarray, freedom: int) -> np.ndarray:
    """Lower triangular L with L L^H distributed as X X^H, X of shape (N, freedom) and CN(0, 1).

    The leading rows of a larger L are the L of fewer rows, made of the leading numbers.

    Parameters
    ----------
    uniform : ndarray, shape (B, N)
        In [0, 1): the diagonal, |L_ii|^2 ~ Gamma(freedom - i), by its inverse distribution.
    normal : ndarray of complex, shape (B, N (N - 1) / 2)
        CN(0, 1), row by row: what is below the diagonal.
    freedom : int
        Columns of X, from 0.

    Returns
    -------
    ndarray of complex, shape (B, N, min(N, freedom))
    """
    # a third of a second to import, which a run without estimators need not pay
    from scipy.special import gammaincinv

    batch, size = uniform.shape
    columns = min(size, freedom)
    factor = np.zeros((batch, size, size), dtype=np.complex128)
    rows, below = np.tril_indices(size, -1)
    factor[:, rows, below] = normal
    at = np.arange(columns)
    factor[:, at, at] = np.sqrt(gammaincinv(freedom - at, uniform[:, :columns]))
    return factor[..., :columns]


def dominant_vectors(factors: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Dominant eigenvector of X X^H, of the first rows of each X.

    Parameters
    ----------
    factors : ndarray of complex, shape (B, N, C)
        X.
    count : ndarray of int, shape (B,)
        Rows that count.

    Returns
    -------
    ndarray of complex, shape (B, N)
        Of norm one, zero in other rows; NaN where X is not finite or vanishes.
    """
    vectors = np.zeros(factors.shape[:2], dtype=np.complex128)
    _dominant(np.ascontiguousarray(factors, dtype=np.complex128), np.ascontiguousarray(count, dtype=np.int64), vectors)
    return vectors


@numba.njit(**_kernel)
def _dominant(factors: np.ndarray, count: np.ndarray, vectors: np.ndarray) -> None:
    """Fill `vectors`."""
    for row in range(len(factors)):
        size = count[row]
        gram = np.zeros((size, size), dtype=np.complex128)
        for n in range(size):
            for m in range(n + 1):
                total = 0.0j
                for c in range(factors.shape[2]):
                    total += factors[row, n, c] * factors[row, m, c].conjugate()
                gram[n, m], gram[m, n] = total, total.conjugate()
        trace, start = 0.0, 0
        for n in range(size):
            trace += gram[n, n].real
            if gram[n, n].real > gram[start, start].real:
                start = n
        if not 0.0 < trace < np.inf:
            vectors[row, :size] = np.nan
            continue
        vector, ahead = np.zeros(size, dtype=np.complex128), gram[start].conj()
        settled = False
        for _ in range(POWER_STEPS):
            norm = 0.0
            for n in range(size):
                norm += ahead[n].real ** 2 + ahead[n].imag ** 2
            scale = 1.0 / math.sqrt(norm)
            change = 0.0
            for n in range(size):
                value = scale * ahead[n]
                change += (value.real - vector[n].real) ** 2 + (value.imag - vector[n].imag) ** 2
                vector[n] = value
            if change < 1e-24:
                settled = True
                break
            ahead[:] = 0.0
            for m in range(size):
                for n in range(size):
                    # column m of a Hermitian matrix is its conjugate row, which lies in one piece
                    ahead[n] += gram[m, n].conjugate() * vector[m]
        if not settled:
            vector = np.linalg.eigh(gram)[1][:, size - 1].copy()
        vectors[row, :size] = vector
