"""Directions of a primal-dual interior-point method for a constraint B >= 0 with multiplier Z, compiled.

B depends linearly on the variables; Z follows by the HKM direction towards B Z = mu I, with the
second-order term of Mehrotra's corrector.
"""

from __future__ import annotations

import numba
import numpy as np

from isaclib.numerics.hermitian import FAST, product, subtract_symmetric_product


@numba.njit(cache=True, fastmath=FAST)
def change_multiplier(
    multiplier: np.ndarray,
    inverse: np.ndarray,
    moved: np.ndarray,
    centre: float,
    second: np.ndarray,
    scratch: np.ndarray,
    change: np.ndarray,
) -> None:
    """Write dZ = centre B^-1 - Z - sym(Z dB B^-1) - second; leaves dB B^-1 in `scratch`."""
    product(moved, inverse, scratch)
    for i in range(multiplier.shape[0]):
        for j in range(multiplier.shape[0]):
            change[i, j] = centre * inverse[i, j] - multiplier[i, j] - second[i, j]
    subtract_symmetric_product(multiplier, scratch, change)


@numba.njit(cache=True, fastmath=FAST)
def second_order(change: np.ndarray, scratch: np.ndarray, second: np.ndarray) -> None:
    """Write sym(dZ dB B^-1) of the predictor."""
    second[:] = 0.0
    subtract_symmetric_product(change, scratch, second)
    for i in range(second.shape[0]):
        for j in range(second.shape[0]):
            second[i, j] = -second[i, j]


@numba.njit(cache=True, fastmath=FAST)
def advance(matrix: np.ndarray, change: np.ndarray, step: float) -> None:
    """Add step times the change."""
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[0]):
            matrix[i, j] += step * change[i, j]
