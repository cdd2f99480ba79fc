"""Directions of a primal-dual interior-point method for constraints B >= 0 with multipliers Z, compiled.

B depends linearly on the variables; Z follows by the HKM direction towards B Z = mu I, with the
second-order term of Mehrotra's corrector. Matrices are those of `isaclib.numerics.hermitian`, one in each lane.
"""

from __future__ import annotations

import numba
import numpy as np

from isaclib.numerics.hermitian import product, store_hermitian, symmetric_product
from isaclib.numerics.lanes import Vector, choose, load, store


@numba.njit(cache=True)
def change_multiplier(
    multiplier: np.ndarray,
    inverse: np.ndarray,
    moved: np.ndarray,
    centre: Vector,
    second: np.ndarray,
    scratch: np.ndarray,
    change: np.ndarray,
) -> None:
    """Write dZ = centre B^-1 - Z - sym(Z dB B^-1) - second; leaves dB B^-1 in `scratch`."""
    product(moved, inverse, scratch)
    for i in range(multiplier.shape[0]):
        for j in range(i + 1):
            real, imag = symmetric_product(multiplier, scratch, i, j)
            at, back = (i, j, 0), (i, j, 1)
            real = centre * load(inverse, at) - load(multiplier, at) - load(second, at) - real
            imag = centre * load(inverse, back) - load(multiplier, back) - load(second, back) - imag
            store_hermitian(change, i, j, real, imag)


@numba.njit(cache=True)
def second_order(change: np.ndarray, scratch: np.ndarray, second: np.ndarray) -> None:
    """Write sym(dZ dB B^-1) of the predictor."""
    for i in range(second.shape[0]):
        for j in range(i + 1):
            real, imag = symmetric_product(change, scratch, i, j)
            store_hermitian(second, i, j, real, imag)


@numba.njit(cache=True)
def advance(matrix: np.ndarray, change: np.ndarray, step: Vector) -> None:
    """Add step times the change, where there is a step."""
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[0]):
            for part in range(2):
                advance_entry(matrix, change, (i, j, part), step)


@numba.njit(cache=True, inline="always")
def advance_entry(array: np.ndarray, change: np.ndarray, index: tuple[int, ...], step: Vector) -> None:
    """Add step times the change to one vector, where there is a step: elsewhere the change may be no number."""
    old = load(array, index)
    store(array, index, choose(step, old + step * load(change, index), old))
