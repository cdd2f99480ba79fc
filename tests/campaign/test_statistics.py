import numpy as np
import pytest

from isaclib.campaign import population
from isaclib.campaign.pairing import PAIRED, paired
from isaclib.campaign.statistics import STATISTICS, carry_forward, count, describe, samples_of
from isaclib.systems.base import Status

OPTIMAL, FEASIBLE, VIOLATING, INFEASIBLE, NOT_FOUND, FAILED, NOT_RUN = Status


@pytest.fixture
def status() -> np.ndarray:
    rows = [
        [OPTIMAL, OPTIMAL, INFEASIBLE, OPTIMAL, OPTIMAL, NOT_RUN],
        [FEASIBLE, FAILED, INFEASIBLE, FEASIBLE, NOT_FOUND, NOT_RUN],
        [VIOLATING, FAILED, NOT_RUN, NOT_RUN, NOT_RUN, NOT_RUN],
    ]
    return np.array(rows, dtype=np.int8)


def one(found: np.ndarray, name: str) -> np.ndarray:
    """Value, lower and upper end of one statistic."""
    return found[..., STATISTICS.index(name), :]


def test_a_scheme_run_on_a_subset_has_no_say_in_the_common_population(status: np.ndarray) -> None:
    status[1] = [OPTIMAL, OPTIMAL, FAILED, OPTIMAL, OPTIMAL, NOT_RUN]
    status[2] = [FAILED, OPTIMAL, OPTIMAL, NOT_RUN, NOT_RUN, NOT_RUN]
    expected = [[1, 1, 0, 1, 1, 0], [1, 1, 0, 1, 1, 0], [0, 1, 0, 0, 0, 0]]
    np.testing.assert_array_equal(population.common(status), np.array(expected, dtype=bool))
    assert population.common_share(status)[0] == pytest.approx(4 / 5)
    assert not population.common(np.full_like(status, NOT_RUN)).any()


def test_common_population_skips_what_was_not_run(status: np.ndarray) -> None:
    expected = [[1, 0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(population.common(status), np.array(expected, dtype=bool))
    # points of a grid are each for themselves
    two = population.common(np.stack([status, np.full_like(status, NOT_RUN)], axis=1))
    np.testing.assert_array_equal(two, np.stack([expected, np.zeros((3, 6))], axis=1).astype(bool))


def test_own_population_is_each_schemes_solved_draws(status: np.ndarray) -> None:
    expected = [[1, 1, 0, 1, 1, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(population.own(status), np.array(expected, dtype=bool))


def test_shares_count_the_draws_that_were_tried(status: np.ndarray) -> None:
    assert population.common_share(status)[0] == pytest.approx(2 / 5)
    np.testing.assert_allclose(population.solved_share(status)[:, 0], [4 / 5, 2 / 5, 1 / 2])
    assert np.isnan(population.common_share(np.full_like(status, NOT_RUN))).all()


def test_counts_by_status_sum_to_the_draws(status: np.ndarray) -> None:
    counted = population.counts(status)
    assert counted[1, FAILED] == 1
    assert counted[2, NOT_RUN] == 4
    np.testing.assert_array_equal(counted.sum(axis=-1), 6)


def test_every_statistic_has_its_name() -> None:
    values = np.random.default_rng(0).random((2, 90, 3))
    found = describe(samples_of(values, ("scheme", "realisation", "user")))
    assert found.shape == (2, 3, len(STATISTICS), 3)
    sample = values[1, :, 1]
    expected = {
        "mean": sample.mean(),
        "median": np.median(sample),
        **{f"q{p:02d}": np.quantile(sample, p / 100) for p in (5, 25, 75, 95)},
        "standard_error": sample.std(ddof=1) / np.sqrt(90),
        "std": sample.std(ddof=1),
        "rms": np.sqrt(np.mean(sample**2)),
    }
    assert set(expected) == set(STATISTICS)
    for name, value in expected.items():
        assert one(found, name)[1, 1, 0] == pytest.approx(value)
    for name in ("mean", "median", "q05", "q25", "q75", "q95", "rms"):
        value, lower, upper = np.moveaxis(one(found, name), -1, 0)
        assert ((lower <= value) & (value <= upper)).all()


def test_trials_of_a_realisation_are_one_sample() -> None:
    rng = np.random.default_rng(1)
    single = rng.standard_normal((50, 1))
    copied, once = (samples_of(values, ("realisation", "trial")) for values in (single.repeat(16, axis=1), single))
    np.testing.assert_allclose(describe(copied), describe(once))
    assert count(copied) == 50


def test_rms_of_trials_is_the_root_of_the_mean_square() -> None:
    errors = samples_of(np.array([[3.0, 4.0], [0.0, 5.0], [np.nan, np.nan]]), ("realisation", "trial"))
    assert one(describe(errors), "rms")[0] == pytest.approx(np.sqrt(12.5))
    assert count(errors) == 2


def test_population_restricts_statistic_and_count() -> None:
    values = np.array([[[1.0, 5.0], [2.0, 6.0], [30.0, 7.0]]])
    chosen = samples_of(values, ("scheme", "realisation", "user")).among(np.array([[True, True, False]]))
    np.testing.assert_array_equal(one(describe(chosen), "mean")[0, :, 0], [1.5, 5.5])
    np.testing.assert_array_equal(count(chosen), [[2, 2]])


def test_pairs_cancel_the_scatter_of_the_draws() -> None:
    rng = np.random.default_rng(2)
    draws = 10.0 * rng.standard_normal(200)
    values = np.array([draws, draws + 1.0 + 0.1 * rng.standard_normal(200)])
    statistics, pairs = paired(values)
    value, lower, upper = statistics[1, PAIRED.index("difference_mean")]
    assert lower < 1.0 < upper
    assert upper - lower < 0.05
    assert value == pytest.approx(float((values[1] - values[0]).mean()))
    assert statistics[0, PAIRED.index("ratio_median"), 0] == 1.0
    np.testing.assert_array_equal(pairs, 200)


def test_a_pair_needs_both_schemes() -> None:
    statistics, pairs = paired(np.array([[1.0, 2.0, np.nan], [2.0, np.nan, 4.0]]))
    np.testing.assert_array_equal(pairs, [2, 1])
    assert statistics[1, PAIRED.index("difference_mean"), 0] == 1.0


def test_paired_differences_cover_at_their_level() -> None:
    repeats = 4000
    rng = np.random.default_rng(3)
    draws = np.exp(rng.standard_normal((repeats, 30)))
    statistics, _ = paired(np.stack([draws, draws + 0.3 + rng.laplace(size=(repeats, 30))]))
    ends = statistics[1, :, PAIRED.index("difference_mean")]
    covered = np.mean((ends[:, 1] <= 0.3) & (ends[:, 2] >= 0.3))
    # four standard errors: a sound interval fails once in 30 000 seeds
    assert covered == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / repeats))


def test_a_stopped_trace_keeps_its_last_value() -> None:
    nan = np.nan
    trace = np.array([[3.0, 2.0, nan, nan], [4.0, 3.0, 2.0, 1.0], [nan] * 4])
    expected = [[3.0, 2.0, 2.0, 2.0], [4.0, 3.0, 2.0, 1.0], [nan] * 4]
    np.testing.assert_array_equal(carry_forward(trace), expected)
    np.testing.assert_array_equal(carry_forward(trace.T, axis=0), np.transpose(expected))
