"""One comparison: exact p-values, the side of the limit, and how often they err at it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from isaclib.campaign.claims.comparison import FEWEST, FEWEST_FOR_MEAN, Comparison


def compare(samples, limit, *, at_least=True, statistic=0.5, blocks=None):
    return Comparison(
        samples=np.asarray(samples, dtype=float), statistic=statistic, limit=limit, at_least=at_least, blocks=blocks
    )


def test_a_median_is_a_sign_test_and_the_limit_belongs_to_the_claimed_side():
    samples = [*range(9), math.nan, -1.0]
    found = compare(samples, 0.0)
    assert found.number == 10
    # nine of ten at 0 or above: (10 + 1) / 2^10 against a median below 0, and 1 - 1 / 2^10 for one
    assert found.p_values == pytest.approx((11 / 1024, 1023 / 1024))
    assert compare(np.negative(samples), 0.0, at_least=False).p_values == pytest.approx(found.p_values)


def test_a_quantile_counts_draws_on_its_side():
    samples = np.arange(100.0)
    # five draws above 94.5 where the 90 % quantile at least 94.5 asks for a tenth
    assert compare(samples, 94.5, statistic=0.9).p_values == pytest.approx(
        (special.bdtrc(4, 100, 0.1), special.bdtr(5, 100, 0.1))
    )


def test_a_share_is_binomial():
    samples = np.arange(50) < 4
    assert compare(samples, 0.2, at_least=False, statistic="share").p_values == pytest.approx(
        (special.bdtr(4, 50, 0.2), special.bdtrc(3, 50, 0.2))
    )


def test_a_mean_without_skewness_is_student():
    samples = np.tile([-1.0, 1.0], 50) + 0.3
    score = 0.3 / np.std(samples, ddof=1) * 10.0
    assert compare(samples, 0.0, statistic="mean").p_values[0] == pytest.approx(special.stdtr(99, -score))


@pytest.mark.parametrize(("statistic", "fewest"), [(0.5, FEWEST), ("mean", FEWEST_FOR_MEAN)])
def test_few_draws_decide_nothing(statistic, fewest):
    samples = np.linspace(1.0, 2.0, fewest)
    assert compare(samples, 0.0, statistic=statistic).p_values[0] <= 0.5**fewest
    assert compare(samples[1:], 0.0, statistic=statistic).p_values == (1.0, 1.0)


def test_equal_draws_are_as_sure_as_their_number():
    assert compare(np.ones(60), 1.0, statistic="mean").p_values == (0.5**60, 1.0)
    assert compare(np.ones(60), 1.1, statistic="mean").p_values == (1.0, 0.5**60)


LAWS = {
    "normal": (lambda g, n: g.standard_normal(n), 0.0, 0.0),
    "exponential": (lambda g, n: g.exponential(size=n), math.log(2.0), 1.0),
    "lognormal": (lambda g, n: g.lognormal(size=n), 1.0, math.exp(0.5)),
}


@pytest.mark.parametrize("at_least", [True, False])
@pytest.mark.parametrize("statistic", [0.5, "mean"])
@pytest.mark.parametrize("law", LAWS)
def test_either_side_errs_as_seldom_as_it_says(law, statistic, at_least):
    draw, median, mean = LAWS[law]
    generator = np.random.default_rng(3)
    limit, repetitions, level = (mean if statistic == "mean" else median), 3000, 0.01
    p = [
        compare(draw(generator, 100), limit, at_least=at_least, statistic=statistic).p_values
        for _ in range(repetitions)
    ]
    # 30 errors are expected; three standard deviations of their number above
    assert np.all(np.sum(np.array(p) <= level, axis=0) <= repetitions * level + 3.0 * math.sqrt(repetitions * level))


def test_the_number_of_draws_that_is_named_decides():
    generator = np.random.default_rng(5)
    for statistic in (0.5, "mean"):
        pilot = compare(generator.normal(0.2, 1.0, 40_000), 0.0, statistic=statistic)
        number = round(pilot.needed(0.001, holds=True))
        assert pilot.needed(0.001, holds=False) == math.inf
        decided = [
            compare(generator.normal(0.2, 1.0, number), 0.0, statistic=statistic).p_values[0] <= 0.001
            for _ in range(300)
        ]
        # 90 % by design, within four standard deviations and what the pilot's own scatter takes
        assert 0.82 <= np.mean(decided) <= 0.97


def test_draws_of_a_block_count_as_one():
    generator = np.random.default_rng(7)
    blocks = np.repeat(np.arange(30), 20)
    for statistic in (0.5, "mean"):
        # draws of a block are nearly equal: taken for independent they would err half of the time
        p = [
            compare(
                np.repeat(generator.standard_normal(30), 20) + 0.1 * generator.standard_normal(600),
                0.0,
                statistic=statistic,
                blocks=blocks,
            ).p_values[0]
            for _ in range(400)
        ]
        assert np.sum(np.array(p) <= 0.05) <= 400 * 0.05 + 3.0 * math.sqrt(400 * 0.05)
