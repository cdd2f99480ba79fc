from __future__ import annotations

import numba
import numpy as np

from isaclib.numerics import interior_point
from isaclib.numerics.lanes import LANES, load, spread
from tests.lanes import empty, into_lanes, out_of_lanes

SIZE = 4
RNG = np.random.default_rng(6)


def positive() -> np.ndarray:
    root = RNG.standard_normal((LANES, SIZE, SIZE)) + 1j * RNG.standard_normal((LANES, SIZE, SIZE))
    return root @ np.conj(np.swapaxes(root, 1, 2)) / SIZE + 0.1 * np.eye(SIZE)


def hermitian_part(matrix: np.ndarray) -> np.ndarray:
    return (matrix + np.conj(np.swapaxes(matrix, 1, 2))) / 2.0


@numba.njit
def _change(
    multiplier: np.ndarray, inverse: np.ndarray, move: np.ndarray, second: np.ndarray, scratch: np.ndarray,
    change: np.ndarray,
) -> None:  # fmt: skip
    interior_point.change_multiplier(multiplier, inverse, move, spread(0.3), second, scratch, change)


@numba.njit
def _advance(matrix: np.ndarray, change: np.ndarray, step: np.ndarray) -> None:
    interior_point.advance(matrix, change, load(step, (0,)))


def test_direction_meets_the_linear_equation_and_tells_what_it_neglects() -> None:
    multiplier, move, inverse = positive(), positive() - positive(), np.linalg.inv(positive())
    scratch, change, second = empty(SIZE, SIZE), empty(SIZE, SIZE), np.zeros((SIZE, SIZE, 2, LANES))
    into = into_lanes(multiplier)
    moved = move @ inverse
    _change(into, into_lanes(inverse), into_lanes(move), second, scratch, change)
    plain = 0.3 * inverse - multiplier - hermitian_part(multiplier @ moved)
    np.testing.assert_allclose(out_of_lanes(change), plain, atol=1e-12)
    interior_point.second_order(change, scratch, second)
    np.testing.assert_allclose(out_of_lanes(second), hermitian_part(plain @ moved), atol=1e-12)
    _change(into, into_lanes(inverse), into_lanes(move), second, scratch, change)
    np.testing.assert_allclose(out_of_lanes(change), plain - hermitian_part(plain @ moved), atol=1e-12)
    steps = np.where(np.arange(LANES) % 2, 0.4, 0.0)
    expected = multiplier + steps[:, None, None] * out_of_lanes(change)
    change[..., 0] = np.nan  # a lane that takes no step may have no direction
    _advance(into, change, steps[None])
    np.testing.assert_allclose(out_of_lanes(into), expected, atol=1e-14)
