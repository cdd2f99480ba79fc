from __future__ import annotations

import numpy as np
import pytest

from isaclib.systems.streams import BLOCK, Stream, Streams


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (63, 65), (17, 150), (128, 192), (199, 200)])
def test_numbers_are_the_same_bits_however_they_are_batched(start: int, stop: int) -> None:
    whole, part = Streams(3, 0, 200), Streams(3, start, stop)
    np.testing.assert_array_equal(
        part.uniform(Stream.USER_ANGLE, (2,), 5), whole.uniform(Stream.USER_ANGLE, (2,), 5)[start:stop]
    )
    np.testing.assert_array_equal(
        part.complex_normal(Stream.NOISE, (2, 3)), whole.complex_normal(Stream.NOISE, (2, 3))[start:stop]
    )


def test_growing_the_outer_axis_keeps_the_first_numbers() -> None:
    streams = Streams(3, 10, 80)
    np.testing.assert_array_equal(
        streams.uniform(Stream.USER_ANGLE, (5, 3))[:, :2], streams.uniform(Stream.USER_ANGLE, (2, 3))
    )
    np.testing.assert_array_equal(
        streams.complex_normal(Stream.LOS_GAIN, (5, 3))[:, :2], streams.complex_normal(Stream.LOS_GAIN, (2, 3))
    )


def test_seeds_streams_indices_and_realisations_have_numbers_of_their_own() -> None:
    drawn = [
        Streams(seed, 0, 2 * BLOCK).uniform(stream, (2,), *index)
        for seed in (0, 1)
        for stream in (Stream.USER_ANGLE, Stream.NOISE)
        for index in ((), (0,), (1,), (0, 0))
    ]
    numbers = np.concatenate([entry.ravel() for entry in drawn])
    assert len(np.unique(numbers)) == numbers.size == 2 * 2 * 4 * 2 * BLOCK * 2


def test_draw_puts_realisations_first_whatever_the_sampler_returns() -> None:
    def sampler(generator: np.random.Generator, count: int) -> np.ndarray:
        return np.arange(count) + 100 * np.arange(3)[:, None]

    drawn = Streams(0, 62, 66).draw(Stream.SYMBOLS, sampler)
    np.testing.assert_array_equal(drawn[:, 1], [162, 163, 100, 101])
    assert drawn.flags.c_contiguous


def test_uniform_and_normal_numbers_have_their_moments() -> None:
    streams = Streams(8, 0, 20_000)
    u, z = streams.uniform(Stream.USER_ANGLE), streams.complex_normal(Stream.NOISE)
    assert u.min() >= 0.0
    assert u.max() < 1.0
    # within 4.4 standard errors (1e-5 each)
    error = 4.4 / np.sqrt(20_000)
    assert abs(u.mean() - 0.5) < error * np.sqrt(1 / 12)
    assert abs((np.abs(z) ** 2).mean() - 1.0) < error
    assert abs(z.mean()) < error
    assert abs((z**2).mean()) < error * np.sqrt(2)
