from __future__ import annotations

import numpy as np
import pytest

from isaclib.numerics.gram_schmidt import gram_schmidt


def decomposed(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    basis, upper = np.empty_like(rows), np.empty((len(rows), len(rows)), dtype=complex)
    gram_schmidt(rows, basis, upper)
    np.testing.assert_allclose(upper.T @ basis, rows, atol=1e-8 * np.abs(rows).max())
    np.testing.assert_array_equal(np.tril(upper, -1), 0.0)
    return basis, upper


def normal(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


@pytest.mark.parametrize("apart", [1.0, 1e-3, 1e-7])
def test_rows_become_orthonormal_however_close_they_are(apart: float) -> None:
    rows = normal(1, 4, 20)
    rows[1:] = rows[0] + apart * rows[1:]
    basis, upper = decomposed(rows)
    np.testing.assert_allclose(basis.conj() @ basis.T, np.eye(4), atol=1e-13)
    assert np.all(np.diag(upper).real > 0.0)


def test_dependent_rows_are_left_out() -> None:
    rows = normal(2, 5, 8)
    rows[2] = 2j * rows[0] - rows[1]
    rows[3] = 0.0
    basis, upper = decomposed(rows)
    np.testing.assert_array_equal(basis[[2, 3]], 0.0)
    np.testing.assert_array_equal(np.diag(upper)[[2, 3]], 0.0)
    np.testing.assert_allclose(np.linalg.norm(basis[[0, 1, 4]], axis=1), 1.0)


def test_no_more_directions_than_dimensions() -> None:
    basis, _ = decomposed(normal(3, 5, 3))
    assert np.count_nonzero(np.linalg.norm(basis, axis=1)) == 3
