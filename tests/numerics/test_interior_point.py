from __future__ import annotations

import numpy as np

from isaclib.numerics import interior_point

SIZE = 4
RNG = np.random.default_rng(6)


def positive() -> np.ndarray:
    root = RNG.standard_normal((SIZE, SIZE)) + 1j * RNG.standard_normal((SIZE, SIZE))
    return root @ root.conj().T / SIZE + 0.1 * np.eye(SIZE)


def hermitian_part(matrix: np.ndarray) -> np.ndarray:
    return (matrix + matrix.conj().T) / 2.0


def test_direction_meets_the_linear_equation_and_tells_what_it_neglects() -> None:
    multiplier, move, inverse = positive(), positive() - positive(), np.linalg.inv(positive())
    scratch, change, second = np.zeros((3, SIZE, SIZE), complex)
    moved = move @ inverse
    interior_point.change_multiplier(multiplier, inverse, move, 0.3, second, scratch, change)
    plain = 0.3 * inverse - multiplier - hermitian_part(multiplier @ moved)
    np.testing.assert_allclose(change, plain, atol=1e-12)
    interior_point.second_order(change, scratch, second)
    np.testing.assert_allclose(second, hermitian_part(plain @ moved), atol=1e-12)
    interior_point.change_multiplier(multiplier, inverse, move, 0.3, second, scratch, change)
    np.testing.assert_allclose(change, plain - second, atol=1e-12)
    before = multiplier.copy()
    interior_point.advance(multiplier, change, 0.4)
    np.testing.assert_allclose(multiplier, before + 0.4 * change, atol=1e-14)
