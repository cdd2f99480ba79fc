"""Intervals over draws of which only the blocks are independent."""

from __future__ import annotations

import numpy as np
import pytest

from isaclib.campaign.blocks import blocks_of, design_effect
from isaclib.campaign.intervals import (
    mean_interval,
    quantile_interval,
    rms_interval,
    share_interval,
    standard_error,
)
from isaclib.systems.streams import BLOCK, Stream, Streams

REPEATS, DRAWS = 1500, 8 * BLOCK
BLOCKS = np.arange(DRAWS) // BLOCK


@pytest.fixture(scope="module")
def sums() -> np.ndarray:
    """Sums of U(0, 1) and U(0, 1/2) over campaigns of 8 nets, shape (REPEATS, DRAWS): P(sum < t) = t^2 to 1/2."""
    u = Streams(5, 0, REPEATS * DRAWS, "sobol").uniform(Stream.USER_ANGLE, (2,))
    return (u[:, 0] + 0.5 * u[:, 1]).reshape(REPEATS, DRAWS)


def some(x: np.ndarray) -> np.ndarray:
    """Leave draws out, as those without a design are: not at random."""
    return np.where(x > 0.3, x, np.nan)


@pytest.mark.parametrize(
    ("interval", "truth"),
    [
        (lambda x: mean_interval(x, blocks=BLOCKS), 0.75),
        (lambda x: mean_interval(some(x), blocks=BLOCKS), 0.732 / 0.91),
        (lambda x: rms_interval(x**2, blocks=BLOCKS), np.sqrt(2.0 / 3.0)),
        (lambda x: quantile_interval(x, 0.5, blocks=BLOCKS), 0.75),
        (lambda x: quantile_interval(some(x), 0.5, blocks=BLOCKS), 0.795),
        (lambda x: quantile_interval(x, 0.95, blocks=BLOCKS), 1.5 - np.sqrt(0.05)),
        (lambda x: share_interval(1.0 * (x < 0.3), blocks=BLOCKS), 0.09),
    ],
    ids=["mean", "mean of some", "rms", "median", "median of some", "q95", "share"],
)
def test_intervals_over_blocks_cover_at_their_level(sums, interval, truth) -> None:
    """Four standard errors below 0.95: a sound interval fails once in 30 000 seeds."""
    _, lower, upper = np.moveaxis(interval(sums), -1, 0)
    assert np.mean((lower <= truth) & (truth <= upper)) >= 0.95 - 4.0 * np.sqrt(0.95 * 0.05 / REPEATS)


def test_intervals_over_blocks_are_narrower_where_nets_help(sums) -> None:
    for interval, most in ((mean_interval, 0.5), (lambda x, **keys: quantile_interval(x, 0.5, **keys), 0.7)):
        over_blocks, over_draws = interval(sums, blocks=BLOCKS), interval(sums)
        assert np.median(np.diff(over_blocks[:, 1:])) < most * np.median(np.diff(over_draws[:, 1:]))
        # without the blocks they would be far too wide: no campaign misses
        assert np.mean((over_draws[:, 1] <= 0.75) & (over_draws[:, 2] >= 0.75)) == 1.0


@pytest.mark.parametrize("number", [3, 4, 8])
def test_intervals_over_blocks_cover_also_where_nets_do_nothing(number: int) -> None:
    x, blocks = np.random.default_rng(6).random((REPEATS, number * BLOCK)), np.arange(number * BLOCK) // BLOCK
    least = 0.95 - 4.0 * np.sqrt(0.95 * 0.05 / REPEATS)
    for found, truth in (
        (mean_interval(x, blocks=blocks), 0.5),
        (quantile_interval(x, 0.5, blocks=blocks), 0.5),
        (share_interval(1.0 * (x < 0.1), blocks=blocks), 0.1),
    ):
        assert np.mean((found[:, 1] <= truth) & (truth <= found[:, 2])) >= least


def test_blocks_of_one_draw_are_independent_draws() -> None:
    x = np.random.default_rng(0).lognormal(size=(3, 90))
    x[:, ::7] = np.nan
    each = np.arange(90)
    np.testing.assert_allclose(standard_error(x, each)[:2], standard_error(x)[:2])


def test_neither_the_order_of_draws_nor_empty_blocks_matter() -> None:
    generator = np.random.default_rng(1)
    x, blocks = generator.lognormal(size=300), np.arange(300) // BLOCK
    x[BLOCK : 2 * BLOCK] = np.nan
    order = generator.permutation(300)
    kept = ~np.isnan(x)
    for interval in (mean_interval, lambda x, **keys: quantile_interval(x, 0.25, **keys)):
        expected = interval(x, blocks=blocks)
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(interval(x[order], blocks=blocks[order]), expected)
        np.testing.assert_allclose(interval(x[kept], blocks=blocks[kept]), expected)
    assert standard_error(x, blocks)[2] == 16 / 3


def test_equal_shares_of_few_blocks_are_no_certainty() -> None:
    hits = np.tile(np.arange(BLOCK) < 16, 4).astype(float)
    effect, freedom = design_effect(hits, np.array(0.25), np.arange(4 * BLOCK) // BLOCK)
    assert (effect, freedom) == (0.25, 16 / 3)
    value, lower, upper = share_interval(hits, blocks=np.arange(4 * BLOCK) // BLOCK)
    assert value == 0.25
    assert 0.15 < lower < 0.23
    assert 0.27 < upper < 0.35


def test_one_block_has_no_interval() -> None:
    x, one = np.random.default_rng(2).random(BLOCK), np.zeros(BLOCK, dtype=int)
    for interval in (mean_interval, rms_interval, share_interval, lambda x, **k: quantile_interval(x, 0.5, **k)):
        found = interval(np.round(x), blocks=one)
        np.testing.assert_array_equal(np.isnan(found), [False, True, True])
        assert np.isnan(interval(x[:0], blocks=one[:0])).all()
    assert blocks_of("random", np.arange(3)) is None
    np.testing.assert_array_equal(blocks_of("sobol", np.array([0, 63, 64, 200])), [0, 0, 1, 3])
