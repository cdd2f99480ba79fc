from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from isaclib.systems import get_system, nets
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


NET = Streams(3, 0, 4 * BLOCK, "sobol")


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (63, 65), (17, 150)])
def test_nets_are_the_same_bits_however_they_are_batched(start: int, stop: int) -> None:
    part = Streams(3, start, stop, "sobol")
    for draw in (Streams.uniform, Streams.complex_normal, Streams.normal):
        for index in ((), (1,)):
            whole = draw(NET, Stream.SCATTERER_ANGLE, (4,), *index)
            np.testing.assert_array_equal(draw(part, Stream.SCATTERER_ANGLE, (4,), *index), whole[start:stop])
            # more paths keep the numbers of the first
            np.testing.assert_array_equal(draw(part, Stream.SCATTERER_ANGLE, (2,), *index), whole[start:stop, :2])


def test_every_block_of_a_net_spreads_each_number_and_the_first_ones_together() -> None:
    angles = NET.uniform(Stream.USER_ANGLE, (3,)).reshape(4, BLOCK, 3)
    np.testing.assert_array_equal(np.sort(np.floor(angles * BLOCK), axis=1)[..., 0], np.tile(np.arange(BLOCK), (4, 1)))
    # the first two are dimensions 0 and 1 of one net: one point in each of 64 equal boxes, whatever their sides
    for rows in (1, 2, 8, 32, 64):
        boxes = np.floor(angles[..., 0] * rows) * (BLOCK // rows) + np.floor(angles[..., 1] * BLOCK / rows)
        np.testing.assert_array_equal(np.sort(boxes, axis=1), np.tile(np.arange(BLOCK), (4, 1)))
    assert len(np.unique(angles)) == angles.size


def test_one_realisation_of_a_net_has_the_law_of_a_random_one() -> None:
    # realisation 5 of many blocks, which are independent
    streams = Streams(11, 0, 2000 * BLOCK, "sobol")
    gain = streams.complex_normal(Stream.LOS_GAIN, (1,))[5::BLOCK, 0]
    normal = np.sqrt(2.0) * streams.normal(Stream.SHADOWING, (1,))[5::BLOCK, 0]
    for sample, law in (
        (np.sqrt(2.0) * gain.real, "norm"),
        (np.abs(gain) ** 2, "expon"),
        (normal, "norm"),
        (streams.uniform(Stream.USER_ANGLE, (1,))[5::BLOCK, 0], "uniform"),
        (streams.uniform(Stream.PATH_PHASE, (1,))[5::BLOCK, 0], "uniform"),
    ):
        assert stats.kstest(sample, law).pvalue > 1e-3


def test_what_makes_no_scenario_is_random_in_either_sampling() -> None:
    random = Streams(3, 0, 4 * BLOCK)
    for stream in (Stream.NOISE, Stream.SYMBOLS, Stream.SOLVER_START, Stream.SURFACE_SCATTERING):
        np.testing.assert_array_equal(NET.complex_normal(stream, (2,)), random.complex_normal(stream, (2,)))


@pytest.mark.parametrize("system", ["hybrid", "modular", "stars"])
def test_quantities_of_one_system_share_no_dimension(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []
    column = nets.column
    monkeypatch.setattr(nets, "column", lambda g, dimension: asked.append(dimension) or column(g, dimension))
    chosen = get_system(system)
    chosen.draw(chosen.Parameters(), seed=0, sampling="sobol")
    named = [dimension for dimension in asked if dimension is not None]
    assert len(set(named)) == len(named) >= 4
    with pytest.raises(ValueError, match=r"sampling = 'halton': expected one of random, sobol"):
        chosen.draw(chosen.Parameters(), seed=0, sampling="halton")


def test_the_points_are_those_of_sobol() -> None:
    expected = stats.qmc.Sobol(len(nets.SOBOL), scramble=False).random(nets.POINTS) * nets.POINTS
    assert set(map(tuple, nets.SOBOL.T)) == set(map(tuple, np.floor(expected).astype(int)))
