from __future__ import annotations

import numpy as np
import pytest

from isaclib.numerics import hermitian

SIZE = 5
RNG = np.random.default_rng(4)


def positive(shift: float = 0.1) -> np.ndarray:
    root = RNG.standard_normal((SIZE, SIZE)) + 1j * RNG.standard_normal((SIZE, SIZE))
    return root @ root.conj().T / SIZE + shift * np.eye(SIZE)


def general() -> np.ndarray:
    return RNG.standard_normal((SIZE, SIZE)) + 1j * RNG.standard_normal((SIZE, SIZE))


def scratch() -> np.ndarray:
    return np.zeros((SIZE, SIZE), complex)


def test_factor_is_that_of_the_moved_matrix() -> None:
    matrix, change, factor = positive(), positive() - positive(), scratch()
    assert hermitian.factorise(matrix, 0.01, change, factor)
    expected = np.linalg.cholesky(matrix + 0.01 * change)
    np.testing.assert_allclose(np.tril(factor, -1), np.tril(expected, -1), atol=1e-12)
    np.testing.assert_allclose(np.diag(factor), 1.0 / np.diag(expected), rtol=1e-12)


def test_inverse_agrees_with_numpy_and_what_is_not_positive_is_refused() -> None:
    matrix, inverse = positive(), scratch()
    assert hermitian.invert(matrix, scratch(), inverse)
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), rtol=1e-10, atol=1e-12)
    assert not hermitian.invert(matrix - 10.0 * np.eye(SIZE), scratch(), inverse)
    assert not hermitian.invert(np.full_like(matrix, np.nan), scratch(), inverse)


def test_products_agree_with_numpy() -> None:
    a, b, h = general(), general(), positive()
    out = scratch()
    hermitian.product(a, b, out)
    np.testing.assert_allclose(out, a @ b, atol=1e-12)
    full = a.conj().T @ b
    out = scratch()
    hermitian.adjoint_product(a, b, 3, 2, out)
    wanted = np.eye(SIZE, dtype=bool)
    wanted[:3, :2] = True
    np.testing.assert_allclose(out, np.where(wanted, full, 0.0), atol=1e-12)
    out = h.copy()
    hermitian.subtract_symmetric_product(a, b, out)
    np.testing.assert_allclose(out, h - (a @ b + (a @ b).conj().T) / 2.0, atol=1e-12)
    assert hermitian.inner(h, positive() * 0.0 + np.eye(SIZE)) == pytest.approx(np.trace(h).real)
    other = positive()
    assert hermitian.inner(h, other) == pytest.approx(np.trace(h @ other).real)


def test_large_products_agree_with_numpy() -> None:
    a, b = RNG.standard_normal((2, hermitian.LARGE, hermitian.LARGE)) * (1.0 + 0.5j)
    out = np.empty_like(a)
    hermitian.product(a, b, out)
    np.testing.assert_allclose(out, a @ b, atol=1e-12)


def test_longest_step_stays_inside_by_less_than_a_tenth() -> None:
    matrix, change = positive(), positive() - 3.0 * positive()
    exact = -1.0 / np.linalg.eigvals(np.linalg.solve(matrix, change)).real.min()
    assert 0.0 < exact < 1.0
    step = hermitian.longest_step(matrix, change, 1.0, scratch())
    assert hermitian.SHRINK * exact <= step <= exact
    assert hermitian.longest_step(matrix, -0.5 * matrix, 1.0, scratch()) == 1.0
    assert hermitian.longest_step(matrix, -0.5 * matrix, 0.3, scratch()) == 0.3
    assert hermitian.longest_step(-matrix, matrix * 0.0, 1.0, scratch()) == 0.0


def test_scaled_systems_are_solved_whatever_the_scale_of_their_unknowns() -> None:
    root = RNG.standard_normal((SIZE, SIZE))
    units = np.diag(10.0 ** np.arange(-8.0, 12.0, 4.0))
    matrix = units @ (root @ root.T + np.eye(SIZE)) @ units
    solution = RNG.standard_normal(SIZE) / np.diag(units)
    scale, factor, x = np.empty(SIZE), np.empty((SIZE, SIZE)), np.empty(SIZE)
    # the lower triangle is all that is read
    hermitian.scaled_cholesky(np.tril(matrix) + np.triu(np.full_like(matrix, np.nan), 1), scale, factor)
    hermitian.solve_scaled(scale, factor, matrix @ solution, x)
    np.testing.assert_allclose(x, solution, rtol=1e-8)
