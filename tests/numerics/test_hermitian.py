from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from isaclib.numerics import hermitian
from isaclib.numerics.lanes import LANES, load, spread, store
from tests.lanes import empty, into_lanes, out_of_lanes

SIZE = 5
RNG = np.random.default_rng(4)
IN_ONE = np.arange(LANES) == 3


def adjoint(matrices: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(matrices, -1, -2))


def general(columns: int = SIZE) -> np.ndarray:
    return RNG.standard_normal((LANES, SIZE, columns)) + 1j * RNG.standard_normal((LANES, SIZE, columns))


def positive(shift: float = 0.1) -> np.ndarray:
    root = general()
    return root @ adjoint(root) / SIZE + shift * np.eye(SIZE)


@numba.njit
def _factorise(matrix: np.ndarray, step: float, change: np.ndarray, factor: np.ndarray, out: np.ndarray) -> None:
    store(out, (0,), hermitian.factorise(matrix, spread(step), change, factor))


@numba.njit
def _invert(matrix: np.ndarray, factor: np.ndarray, inverse: np.ndarray, out: np.ndarray) -> None:
    store(out, (0,), hermitian.invert(matrix, factor, inverse))


@numba.njit
def _inner(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    store(out, (0,), hermitian.inner(a, b))


@numba.njit
def _longest(matrix: np.ndarray, change: np.ndarray, limit: np.ndarray, factor: np.ndarray, out: np.ndarray) -> None:
    store(out, (0,), hermitian.longest_step(matrix, change, load(limit, (0,)), factor))


@numba.njit
def _symmetric(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    for i in range(a.shape[0]):
        for j in range(i + 1):
            real, imag = hermitian.symmetric_product(a, b, i, j)
            store(out, (i, j, 0), real)
            store(out, (i, j, 1), imag)


def test_factor_is_that_of_the_moved_matrix() -> None:
    matrix, change, factor, found = positive(), positive() - positive(), empty(SIZE, SIZE), np.empty((1, LANES))
    _factorise(into_lanes(matrix), 0.01, into_lanes(change), factor, found)
    assert np.all(found > 0.0)
    expected = np.linalg.cholesky(matrix + 0.01 * change)
    factors = np.tril(out_of_lanes(factor))
    np.testing.assert_allclose(np.tril(factors, -1), np.tril(expected, -1), atol=1e-12)
    diagonals = np.diagonal(factors, axis1=1, axis2=2)
    np.testing.assert_allclose(diagonals, 1.0 / np.diagonal(expected, axis1=1, axis2=2), rtol=1e-12)


@pytest.mark.parametrize("spoilt", [np.diag([-9.0] * SIZE), np.diag([0, 0, 0, 0, -9.0]), np.full((SIZE, SIZE), np.nan)])
def test_inverse_agrees_with_numpy_and_a_lane_that_is_not_positive_is_told(spoilt: np.ndarray) -> None:
    matrix, inverse, found = positive(), empty(SIZE, SIZE), np.empty((1, LANES))
    wrong = matrix.copy()
    wrong[IN_ONE] += spoilt
    _invert(into_lanes(wrong), empty(SIZE, SIZE), inverse, found)
    np.testing.assert_array_equal(found[0] > 0.0, ~IN_ONE)
    inverses = out_of_lanes(inverse)[~IN_ONE]
    np.testing.assert_allclose(inverses, np.linalg.inv(matrix[~IN_ONE]), rtol=1e-10, atol=1e-12)
    assert not np.any(np.diagonal(inverses, axis1=1, axis2=2).imag)


def test_products_agree_with_numpy() -> None:
    a, b, h, other = general(), general(3), positive(), positive()
    out = empty(SIZE, 3)
    hermitian.product(into_lanes(a), into_lanes(b), out)
    np.testing.assert_allclose(out_of_lanes(out), a @ b, atol=1e-12)
    c = general()
    out = np.zeros((SIZE, SIZE, 2, LANES))
    hermitian.adjoint_product(into_lanes(a), into_lanes(c), 3, out)
    wanted = np.eye(SIZE, dtype=bool)
    wanted[:3, :3] = True
    np.testing.assert_allclose(out_of_lanes(out), np.where(wanted, adjoint(a) @ c, 0.0), atol=1e-12)
    out = empty(3, 3)
    hermitian.hermitian_product(into_lanes(b), into_lanes(h @ b), out)
    np.testing.assert_allclose(out_of_lanes(out), adjoint(b) @ h @ b, atol=1e-12)
    out = np.zeros((SIZE, SIZE, 2, LANES))
    _symmetric(into_lanes(h), into_lanes(a), out)
    np.testing.assert_allclose(out_of_lanes(out), np.tril(h @ a + adjoint(h @ a)) / 2.0, atol=1e-12)
    found = np.empty((1, LANES))
    _inner(into_lanes(h), into_lanes(other), found)
    np.testing.assert_allclose(found[0], np.trace(h @ other, axis1=1, axis2=2).real)


def longest(matrix: np.ndarray, change: np.ndarray, limit: Any = 1.0) -> np.ndarray:
    out = np.empty((1, LANES))
    limits = np.broadcast_to(limit, (1, LANES)).copy()
    _longest(into_lanes(matrix), into_lanes(change), limits, empty(SIZE, SIZE), out)
    return out[0]


def test_longest_step_stays_inside_by_less_than_a_tenth() -> None:
    matrix, change = positive(), positive() - 3.0 * positive()
    exact = -1.0 / np.linalg.eigvals(np.linalg.solve(matrix, change)).real.min(axis=-1)
    assert np.all((exact > 0.0) & (exact < 1.0))
    steps = longest(matrix, change)
    assert np.all((hermitian.SHRINK * exact <= steps) & (steps <= exact))
    limits = np.where(np.arange(LANES) % 2, 1.0, 0.3)
    np.testing.assert_array_equal(longest(matrix, -0.5 * matrix, limits), limits)


def test_there_is_no_step_from_outside_and_no_other_lane_waits_for_it() -> None:
    matrix, change = positive(), positive() - 3.0 * positive()
    inside = longest(matrix, change)
    outside = np.where(IN_ONE[:, None, None], -matrix, matrix)
    np.testing.assert_array_equal(longest(outside, change), np.where(IN_ONE, 0.0, inside))
    no_number = np.where(IN_ONE[:, None, None], np.nan, matrix)
    np.testing.assert_array_equal(longest(no_number, change), np.where(IN_ONE, 0.0, inside))
    for limit in (0.0, np.nan):
        steps = longest(matrix, change, np.where(IN_ONE, limit, 1.0))
        np.testing.assert_array_equal(steps, np.where(IN_ONE, 0.0, inside))


def test_scaled_systems_are_solved_whatever_the_scale_of_their_unknowns() -> None:
    root = RNG.standard_normal((LANES, SIZE, SIZE))
    units = np.diag(10.0 ** np.arange(-8.0, 12.0, 4.0))
    matrix = units @ (root @ np.swapaxes(root, 1, 2) + np.eye(SIZE)) @ units
    solution = RNG.standard_normal((LANES, SIZE)) / np.diag(units)
    right = np.ascontiguousarray((matrix @ solution[..., None])[..., 0].T)
    # the lower triangle is all that is read
    lower = np.where(np.tri(SIZE, dtype=bool), matrix, np.nan)
    scale, factor, x = np.empty((SIZE, LANES)), np.empty((SIZE, SIZE, LANES)), np.empty((SIZE, LANES))
    hermitian.scaled_cholesky(np.ascontiguousarray(np.moveaxis(lower, 0, -1)), scale, factor)
    hermitian.solve_scaled(scale, factor, right, x)
    np.testing.assert_allclose(x.T, solution, rtol=1e-8)
