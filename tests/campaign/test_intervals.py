import numpy as np
import pytest
from scipy import stats

from isaclib.campaign.intervals import mean_interval, order_ranks, quantile_interval, rms_interval, wilson_interval

REPEATS = 4000


def coverage(intervals: np.ndarray, truth: float) -> float:
    return float(np.mean((intervals[:, 1] <= truth) & (truth <= intervals[:, 2])))


def tolerance(level: float) -> float:
    """Four standard errors of a coverage over the repeats: a sound interval fails once in 30 000 seeds."""
    return 4.0 * np.sqrt(level * (1.0 - level) / REPEATS)


def test_mean_and_its_interval_are_scipys() -> None:
    sample = np.random.default_rng(0).normal(3.0, 2.0, 17)
    expected = stats.ttest_1samp(sample, 0.0).confidence_interval(0.9)
    np.testing.assert_allclose(mean_interval(sample, level=0.9), [sample.mean(), *expected], rtol=1e-12)


@pytest.mark.parametrize(("count", "probability"), [(6, 0.5), (72, 0.05), (72, 0.95), (200, 0.25), (201, 0.75)])
def test_order_statistics_lie_at_the_binomial_quantiles(count: int, probability: float) -> None:
    ranks = order_ranks(count, probability)
    assert ranks is not None
    lower, upper = ranks
    binomial = stats.binom(count, probability)
    assert binomial.cdf(lower - 1) <= 0.025 < binomial.cdf(lower)
    assert binomial.sf(upper - 1) <= 0.025 < binomial.sf(upper - 2)


def test_interval_of_a_quantile_agrees_with_scipy() -> None:
    sample = np.random.default_rng(1).standard_cauchy(150)
    expected = stats.quantile_test(sample, p=0.25).confidence_interval(0.95)
    value, lower, upper = quantile_interval(sample, 0.25)
    assert value == pytest.approx(np.quantile(sample, 0.25))
    # scipy's lower rank is the conservative neighbour of ours or the same
    ordered = np.sort(sample)
    ranks = np.searchsorted(ordered, [lower, expected.low, upper, expected.high])
    assert abs(ranks[0] - ranks[1]) <= 1
    assert abs(ranks[2] - ranks[3]) <= 1


@pytest.mark.parametrize(("successes", "total"), [(0, 12), (3, 12), (12, 12), (250, 256)])
def test_proportion_is_scipys(successes: int, total: int) -> None:
    expected = stats.binomtest(successes, total).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(wilson_interval(successes, total), [successes / total, *expected], atol=1e-12)


def test_mean_covers_at_its_level() -> None:
    samples = np.random.default_rng(2).normal(1.0, 3.0, (REPEATS, 9))
    assert coverage(mean_interval(samples), 1.0) == pytest.approx(0.95, abs=tolerance(0.95))


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.75])
@pytest.mark.parametrize("distribution", [stats.cauchy(), stats.lognorm(2.0), stats.poisson(2.5), stats.randint(0, 2)])
def test_quantiles_cover_at_least_at_their_level_whatever_the_distribution(distribution, probability: float) -> None:
    samples = distribution.rvs((REPEATS, 150), random_state=np.random.default_rng(3)).astype(float)
    intervals = quantile_interval(samples, probability)
    assert coverage(intervals, distribution.ppf(probability)) >= 0.95 - tolerance(0.95)


def test_median_is_not_needlessly_wide() -> None:
    samples = np.random.default_rng(4).standard_normal((REPEATS, 150))
    assert coverage(quantile_interval(samples, 0.5), 0.0) <= 0.97


@pytest.mark.parametrize(("freedom", "least"), [(1, 0.93), (4, 0.94)])
def test_rms_covers_near_its_level_for_clustered_errors(freedom: int, least: float) -> None:
    rng = np.random.default_rng(5)
    # mean squares of `freedom` normal errors, whose variance differs from draw to draw
    spread = np.exp(0.5 * rng.standard_normal((REPEATS, 200)))
    squares = spread * rng.chisquare(freedom, (REPEATS, 200)) / freedom
    found = coverage(rms_interval(squares), float(np.sqrt(np.exp(0.125))))
    assert least - tolerance(least) <= found <= 0.95 + tolerance(0.95)


def test_proportion_covers_on_average_at_its_level() -> None:
    rng = np.random.default_rng(6)
    share = rng.random(REPEATS)
    intervals = wilson_interval(rng.binomial(40, share), np.full(REPEATS, 40))
    assert np.mean((intervals[:, 1] <= share) & (share <= intervals[:, 2])) == pytest.approx(0.95, abs=tolerance(0.95))


def test_missing_samples_are_skipped() -> None:
    rng = np.random.default_rng(7)
    full = rng.random(30)
    holed = np.insert(full, [0, 7, 30], np.nan)
    for interval in (mean_interval, rms_interval, lambda x: quantile_interval(x, 0.25)):
        np.testing.assert_array_equal(interval(np.stack([holed]))[0], interval(full))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_samples_have_no_interval_that_does_not_exist(count: int) -> None:
    sample = np.array([2.0, 4.0])[:count]
    mean, rms, median = mean_interval(sample), rms_interval(sample**2), quantile_interval(sample, 0.5)
    values = [[np.nan] * 3, [2.0] * 3, [3.0, np.sqrt(10.0), 3.0]][count]
    np.testing.assert_allclose([mean[0], rms[0], median[0]], values)
    assert np.isnan(mean[1:]).all() == np.isnan(rms[1:]).all() == (count < 2)
    assert np.isnan(median[1:]).all()
    assert np.isnan(wilson_interval(0, 0)).all()


@pytest.mark.parametrize(("probability", "needed"), [(0.5, 6), (0.25, 13), (0.05, 72)])
def test_quantile_intervals_begin_at_the_sample_size_that_allows_them(probability: float, needed: int) -> None:
    assert order_ranks(needed - 1, probability) is None
    assert order_ranks(needed, probability) is not None


def test_infinite_samples_leave_the_median_finite() -> None:
    sample = np.array([np.inf, *range(20), np.inf])
    assert np.isfinite(quantile_interval(sample, 0.5)).all()
    assert quantile_interval(sample, 0.95)[0] > 18.0
