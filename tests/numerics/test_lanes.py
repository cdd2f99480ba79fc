from __future__ import annotations

from typing import Any

import numba
import numpy as np

from isaclib.numerics.lanes import (
    LANES,
    choose,
    everywhere,
    floor,
    larger,
    load,
    log,
    rotor,
    size,
    smaller,
    space,
    spread,
    sqrt,
    store,
)


@numba.njit
def _reckon(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    x, y = load(a, (0, 1)), load(b, (2,))
    store(out, (0,), x + y)
    store(out, (1,), x - y)
    store(out, (2,), x * y)
    store(out, (3,), x / y)
    store(out, (4,), 2.0 * x + 1.0)
    store(out, (5,), 3.0 / y - 1.0)
    total = spread(0.5)
    total += x
    total *= y
    total -= 1.0
    total /= y
    store(out, (6,), total)
    store(out, (7,), choose(x - y, x, y))
    store(out, (8,), sqrt(size(x)) + log(size(y)) - floor(x))
    store(out, (9,), smaller(x, y))
    store(out, (10,), larger(x, y))
    out[11, 0] = everywhere(x - smaller(x, y) + 1.0)
    out[11, 1] = everywhere(x - y)


def test_vectors_are_reckoned_with_as_numbers_are() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 3, LANES)), rng.standard_normal((3, LANES))
    x, y = a[0, 1], b[2]
    out = space(12)
    _reckon(a, b, out)
    expected: list[Any] = [x + y, x - y, x * y, x / y, 2.0 * x + 1.0, 3.0 / y - 1.0, ((0.5 + x) * y - 1.0) / y]
    expected += [np.maximum(x, y), np.sqrt(np.abs(x)) + np.log(np.abs(y)) - np.floor(x)]
    expected += [np.minimum(x, y), np.maximum(x, y)]
    np.testing.assert_allclose(out[:11], expected, rtol=1e-14)
    assert out[11, :2].tolist() == [1.0, 0.0]


def test_a_condition_that_is_no_number_chooses_the_other() -> None:
    out = space(12)
    a, b = np.ones((1, 2, LANES)), np.full((3, LANES), np.nan)
    _reckon(a, b, out)
    assert np.isnan(out[[7, 9, 10]]).all()
    assert not out[11, 1]
    _reckon(np.full((1, 2, LANES), np.nan), np.ones((3, LANES)), out)
    np.testing.assert_array_equal(out[9:11], 1.0)


@numba.njit
def _rotors(angles: np.ndarray, cosine: np.ndarray, sine: np.ndarray) -> None:
    for i in range(angles.shape[0]):
        c, s = rotor(load(angles, (i,)))
        store(cosine, (i,), c)
        store(sine, (i,), s)


def test_rotors_are_exact_to_rounding_whatever_the_angle() -> None:
    angles = np.concatenate([np.linspace(-400.0, 400.0, 10_000), np.pi * np.arange(-8, 8) / 4.0]).reshape(-1, LANES)
    cosine, sine = np.empty((2, *angles.shape))
    _rotors(angles, cosine, sine)
    np.testing.assert_allclose(cosine + 1j * sine, np.exp(1j * angles), rtol=0.0, atol=2e-15)


def test_space_is_zero_and_begins_with_a_cache_line() -> None:
    room = space(5)
    assert room.shape == (5, LANES)
    assert room.ctypes.data % (8 * LANES) == 0
    np.testing.assert_array_equal(room, 0.0)
