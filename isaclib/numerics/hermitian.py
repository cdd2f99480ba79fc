"""Small Hermitian matrices for interior-point kernels, `LANES` of them at once, compiled, without allocation.

An array of complex matrices of n rows has shape (n, n, 2, LANES): real and imaginary parts, one matrix in each lane
of `isaclib.numerics.lanes`. Matrices of a few rows are too small for libraries and too short for vectors of their own.
"""

from __future__ import annotations

import numba
import numpy as np

from isaclib.numerics.lanes import Vector, choose, everywhere, larger, load, smaller, spread, sqrt, store

SHRINK = 0.9
"""Factor between two trial steps of `longest_step`."""

SHORTEST = 1e-9
"""A step below this one is none."""


@numba.njit(cache=True)
def factorise(matrix: np.ndarray, step: Vector, change: np.ndarray, factor: np.ndarray) -> Vector:
    """Write the Cholesky factor of matrix + step change, its diagonal inverted.

    Returns a vector that is positive where there is one.
    """
    n = matrix.shape[0]
    least = spread(np.inf)
    for i in range(n):
        for j in range(i):
            real = load(matrix, (i, j, 0)) + step * load(change, (i, j, 0))
            imag = load(matrix, (i, j, 1)) + step * load(change, (i, j, 1))
            for k in range(j):
                ar, ai = load(factor, (i, k, 0)), load(factor, (i, k, 1))
                br, bi = load(factor, (j, k, 0)), load(factor, (j, k, 1))
                real -= ar * br + ai * bi
                imag -= ai * br - ar * bi
            scale = load(factor, (j, j, 0))
            store(factor, (i, j, 0), real * scale)
            store(factor, (i, j, 1), imag * scale)
        pivot = load(matrix, (i, i, 0)) + step * load(change, (i, i, 0))
        for k in range(i):
            ar, ai = load(factor, (i, k, 0)), load(factor, (i, k, 1))
            pivot -= ar * ar + ai * ai
        # the root of a pivot below zero is no number, and no later pivot is one
        least = smaller(least, pivot)
        store(factor, (i, i, 0), 1.0 / sqrt(pivot))
        store(factor, (i, i, 1), spread(0.0))
    return least


@numba.njit(cache=True)
def invert(matrix: np.ndarray, factor: np.ndarray, inverse: np.ndarray) -> Vector:
    """Write the inverses of positive definite matrices; positive where they are. Overwrites `factor`."""
    n = matrix.shape[0]
    least = factorise(matrix, spread(0.0), matrix, factor)
    # the inverse of the factor in the lower triangle, then its adjoint times itself
    for c in range(n):
        store(inverse, (c, c, 0), load(factor, (c, c, 0)))
        store(inverse, (c, c, 1), spread(0.0))
        for i in range(c + 1, n):
            real = imag = spread(0.0)
            for k in range(c, i):
                ar, ai = load(factor, (i, k, 0)), load(factor, (i, k, 1))
                br, bi = load(inverse, (k, c, 0)), load(inverse, (k, c, 1))
                real -= ar * br - ai * bi
                imag -= ar * bi + ai * br
            scale = load(factor, (i, i, 0))
            store(inverse, (i, c, 0), real * scale)
            store(inverse, (i, c, 1), imag * scale)
    for i in range(n):
        for j in range(i + 1):
            real = imag = spread(0.0)
            for k in range(i, n):
                ar, ai = load(inverse, (k, i, 0)), load(inverse, (k, i, 1))
                br, bi = load(inverse, (k, j, 0)), load(inverse, (k, j, 1))
                real += ar * br + ai * bi
                imag += ar * bi - ai * br
            store(factor, (i, j, 0), real)
            store(factor, (i, j, 1), imag)
    for i in range(n):
        for j in range(i + 1):
            store_hermitian(inverse, i, j, load(factor, (i, j, 0)), load(factor, (i, j, 1)))
    return least


@numba.njit(cache=True, inline="always")
def store_hermitian(matrix: np.ndarray, i: int, j: int, real: Vector, imag: Vector) -> None:
    """Write entries (i, j) and (j, i) of a Hermitian matrix, its diagonal real whatever rounding leaves."""
    store(matrix, (j, i, 0), real)
    store(matrix, (j, i, 1), -1.0 * imag)
    store(matrix, (i, j, 0), real)
    store(matrix, (i, j, 1), imag if i != j else spread(0.0))


@numba.njit(cache=True)
def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Write a b, of any shapes."""
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            real, imag = _entry(a, i, b, j)
            store(out, (i, j, 0), real)
            store(out, (i, j, 1), imag)


@numba.njit(cache=True, inline="always")
def _entry(a: np.ndarray, i: int, b: np.ndarray, j: int) -> tuple[Vector, Vector]:
    """Entry (i, j) of a b."""
    real = imag = spread(0.0)
    for k in range(b.shape[0]):
        ar, ai = load(a, (i, k, 0)), load(a, (i, k, 1))
        br, bi = load(b, (k, j, 0)), load(b, (k, j, 1))
        real += ar * br - ai * bi
        imag += ar * bi + ai * br
    return real, imag


@numba.njit(cache=True, inline="always")
def _adjoint_entry(a: np.ndarray, i: int, b: np.ndarray, j: int) -> tuple[Vector, Vector]:
    """Entry (i, j) of a^H b."""
    real = imag = spread(0.0)
    for k in range(a.shape[0]):
        ar, ai = load(a, (k, i, 0)), load(a, (k, i, 1))
        br, bi = load(b, (k, j, 0)), load(b, (k, j, 1))
        real += ar * br + ai * bi
        imag += ar * bi - ai * br
    return real, imag


@numba.njit(cache=True)
def adjoint_product(a: np.ndarray, b: np.ndarray, corner: int, out: np.ndarray) -> None:
    """Write the first rows and columns of a^H b, as many as `corner`, and its diagonal."""
    for i in range(a.shape[1]):
        for j in range(corner if i < corner else 0):
            real, imag = _adjoint_entry(a, i, b, j)
            store(out, (i, j, 0), real)
            store(out, (i, j, 1), imag)
        if i >= corner:
            real, imag = _adjoint_entry(a, i, b, i)
            store(out, (i, i, 0), real)
            store(out, (i, i, 1), imag)


@numba.njit(cache=True)
def hermitian_product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Write a^H b where that is Hermitian: half of it is reckoned."""
    for i in range(a.shape[1]):
        for j in range(i + 1):
            real, imag = _adjoint_entry(a, i, b, j)
            store_hermitian(out, i, j, real, imag)


@numba.njit(cache=True, inline="always")
def symmetric_product(a: np.ndarray, b: np.ndarray, i: int, j: int) -> tuple[Vector, Vector]:
    """Entry (i, j) of (a b + (a b)^H) / 2."""
    real, imag = _entry(a, i, b, j)
    other_real, other_imag = _entry(a, j, b, i)
    return 0.5 * (real + other_real), 0.5 * (imag - other_imag)


@numba.njit(cache=True)
def inner(a: np.ndarray, b: np.ndarray) -> Vector:
    """Return tr(a b) of Hermitian matrices."""
    diagonal = rest = other = spread(0.0)
    for i in range(a.shape[0]):
        diagonal += load(a, (i, i, 0)) * load(b, (i, i, 0))
        for j in range(i):
            rest += load(a, (i, j, 0)) * load(b, (i, j, 0))
            other += load(a, (i, j, 1)) * load(b, (i, j, 1))
    return diagonal + 2.0 * (rest + other)


@numba.njit(cache=True)
def longest_step(matrix: np.ndarray, change: np.ndarray, limit: Vector, factor: np.ndarray) -> Vector:
    """Return a step of at most `limit`, finite, that keeps matrix + step change positive definite, to a tenth."""
    step = limit
    while True:
        least = factorise(matrix, step, change, factor)
        # only lanes that still have a step are waited for
        if everywhere(choose(least, spread(1.0), choose(step - SHORTEST, spread(0.0), spread(1.0)))):
            return choose(least, choose(step - SHORTEST, step, spread(0.0)), spread(0.0))
        step = choose(least, step, SHRINK * step)


@numba.njit(cache=True)
def scaled_cholesky(matrix: np.ndarray, scale: np.ndarray, factor: np.ndarray) -> None:
    """Factorise real positive definite matrices with unit diagonal after scaling; what rounding spoils is floored.

    Reads the lower triangles, shape (n, n, LANES); `factor` gets an inverted diagonal.
    """
    n = matrix.shape[0]
    for i in range(n):
        store(scale, (i,), 1.0 / sqrt(load(matrix, (i, i))))
    for i in range(n):
        for j in range(i + 1):
            store(factor, (i, j), load(matrix, (i, j)) * load(scale, (i,)) * load(scale, (j,)))
    # a column is taken from all later ones at once: these sums do not wait for each other
    for k in range(n):
        inverse = 1.0 / sqrt(larger(load(factor, (k, k)), spread(1e-14)))
        store(factor, (k, k), inverse)
        for i in range(k + 1, n):
            entry = load(factor, (i, k)) * inverse
            store(factor, (i, k), entry)
            for j in range(k + 1, i + 1):
                store(factor, (i, j), load(factor, (i, j)) - entry * load(factor, (j, k)))


@numba.njit(cache=True)
def solve_scaled(scale: np.ndarray, factor: np.ndarray, right: np.ndarray, x: np.ndarray) -> None:
    """Solve with what `scaled_cholesky` left; right-hand sides and solutions of shape (n, LANES)."""
    n = right.shape[0]
    for i in range(n):
        total = load(right, (i,)) * load(scale, (i,))
        for k in range(i):
            total -= load(factor, (i, k)) * load(x, (k,))
        store(x, (i,), total * load(factor, (i, i)))
    for i in range(n - 1, -1, -1):
        total = load(x, (i,))
        for k in range(i + 1, n):
            total -= load(factor, (k, i)) * load(x, (k,))
        store(x, (i,), total * load(factor, (i, i)))
    for i in range(n):
        store(x, (i,), load(x, (i,)) * load(scale, (i,)))
