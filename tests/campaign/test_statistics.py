import numpy as np
import pytest
import xarray as xr

from isaclib.campaign import population
from isaclib.campaign.pairing import paired
from isaclib.campaign.statistics import STATISTICS, carry_forward, count, describe
from isaclib.systems.base import Status

OPTIMAL, FEASIBLE, VIOLATING, INFEASIBLE, NOT_FOUND, FAILED, NOT_RUN = Status


@pytest.fixture
def status() -> xr.DataArray:
    rows = [
        [OPTIMAL, OPTIMAL, INFEASIBLE, OPTIMAL, OPTIMAL, NOT_RUN],
        [FEASIBLE, FAILED, INFEASIBLE, FEASIBLE, NOT_FOUND, NOT_RUN],
        [VIOLATING, FAILED, NOT_RUN, NOT_RUN, NOT_RUN, NOT_RUN],
    ]
    return xr.DataArray(np.array(rows, dtype=np.int8), dims=("scheme", "realisation"), coords={"scheme": list("abc")})


def test_a_scheme_run_on_a_subset_has_no_say_in_the_common_population(status: xr.DataArray) -> None:
    status.loc["b"] = [OPTIMAL, OPTIMAL, FAILED, OPTIMAL, OPTIMAL, NOT_RUN]
    status.loc["c"] = [FAILED, OPTIMAL, OPTIMAL, NOT_RUN, NOT_RUN, NOT_RUN]
    expected = [[1, 1, 0, 1, 1, 0], [1, 1, 0, 1, 1, 0], [0, 1, 0, 0, 0, 0]]
    np.testing.assert_array_equal(population.common(status), np.array(expected, dtype=bool))
    assert population.common_share(status).sel(limit="value") == pytest.approx(4 / 5)
    assert not population.common(xr.full_like(status, NOT_RUN)).any()


def test_common_population_skips_what_was_not_run(status: xr.DataArray) -> None:
    expected = [[1, 0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(population.common(status), np.array(expected, dtype=bool))


def test_own_population_is_each_schemes_solved_draws(status: xr.DataArray) -> None:
    expected = [[1, 1, 0, 1, 1, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(population.own(status), np.array(expected, dtype=bool))


def test_shares_count_the_draws_that_were_tried(status: xr.DataArray) -> None:
    assert population.common_share(status).sel(limit="value") == pytest.approx(2 / 5)
    np.testing.assert_allclose(population.solved_share(status).sel(limit="value"), [4 / 5, 2 / 5, 1 / 2])
    nothing = xr.full_like(status, NOT_RUN)
    assert population.common_share(nothing).isnull().all()


def test_counts_by_status_sum_to_the_draws(status: xr.DataArray) -> None:
    counted = population.counts(status)
    assert counted.sel(scheme="b", status="failed") == 1
    assert counted.sel(scheme="c", status="not_run") == 4
    np.testing.assert_array_equal(counted.sum("status"), 6)


def test_every_statistic_has_its_name_and_units() -> None:
    values = xr.DataArray(
        np.random.default_rng(0).random((2, 90, 3)),
        dims=("scheme", "realisation", "user"),
        coords={"scheme": ["a", "b"]},
        attrs={"units": "m"},
    )
    found = describe(values)
    assert found.dims == ("scheme", "user", "statistic", "limit")
    assert found.attrs["units"] == "m"
    at = found.sel(scheme="b", user=1, limit="value")
    sample = values.sel(scheme="b").values[:, 1]
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
        assert at.sel(statistic=name) == pytest.approx(value)
    inside = found.sel(statistic=["mean", "median", "q05", "q25", "q75", "q95", "rms"])
    assert (inside.sel(limit="lower") <= inside.sel(limit="value")).all()
    assert (inside.sel(limit="value") <= inside.sel(limit="upper")).all()


def test_trials_of_a_realisation_are_one_sample() -> None:
    rng = np.random.default_rng(1)
    one = xr.DataArray(rng.standard_normal((50, 1)), dims=("realisation", "trial"))
    copied = one.isel(trial=[0] * 16).drop_vars("trial", errors="ignore")
    np.testing.assert_allclose(describe(copied), describe(one))
    assert count(copied) == 50


def test_rms_of_trials_is_the_root_of_the_mean_square() -> None:
    errors = xr.DataArray([[3.0, 4.0], [0.0, 5.0], [np.nan, np.nan]], dims=("realisation", "trial"))
    assert describe(errors).sel(statistic="rms", limit="value") == pytest.approx(np.sqrt(12.5))
    assert count(errors) == 2


def test_population_restricts_statistic_and_count() -> None:
    values = xr.DataArray([1.0, 2.0, 30.0], dims="realisation")
    chosen = xr.DataArray([True, True, False], dims="realisation")
    assert describe(values, chosen).sel(statistic="mean", limit="value") == 1.5
    assert count(values, chosen) == 2


def test_pairs_cancel_the_scatter_of_the_draws() -> None:
    rng = np.random.default_rng(2)
    draws = 10.0 * rng.standard_normal(200)
    values = xr.DataArray([draws, draws + 1.0 + 0.1 * rng.standard_normal(200)], dims=("scheme", "realisation"))
    statistics, pairs = paired(values, xr.ones_like(values, dtype=bool))
    value, lower, upper = statistics.isel(scheme=1).sel(paired="difference_mean").values
    assert lower < 1.0 < upper
    assert upper - lower < 0.05
    assert value == pytest.approx(float((values[1] - values[0]).mean()))
    assert (statistics.isel(scheme=0).sel(paired="ratio_median", limit="value") == 1.0).all()
    np.testing.assert_array_equal(pairs, 200)


def test_a_pair_needs_both_schemes() -> None:
    values = xr.DataArray([[1.0, 2.0, np.nan], [2.0, 9.0, 4.0]], dims=("scheme", "realisation"))
    solved = xr.DataArray([[True, True, True], [True, False, True]], dims=("scheme", "realisation"))
    statistics, pairs = paired(values, solved)
    np.testing.assert_array_equal(pairs, [2, 1])
    assert statistics.isel(scheme=1).sel(paired="difference_mean", limit="value") == 1.0


def test_paired_differences_cover_at_their_level() -> None:
    repeats = 4000
    rng = np.random.default_rng(3)
    draws = np.exp(rng.standard_normal((repeats, 30)))
    values = xr.DataArray(
        np.stack([draws, draws + 0.3 + rng.laplace(size=(repeats, 30))]), dims=("scheme", "case", "realisation")
    )
    statistics, _ = paired(values, xr.ones_like(values, dtype=bool))
    ends = statistics.isel(scheme=1).sel(paired="difference_mean").transpose("case", "limit").values
    covered = np.mean((ends[:, 1] <= 0.3) & (ends[:, 2] >= 0.3))
    # four standard errors: a sound interval fails once in 30 000 seeds
    assert covered == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / repeats))


def test_a_stopped_trace_keeps_its_last_value() -> None:
    nan = np.nan
    trace = xr.DataArray([[3.0, 2.0, nan, nan], [4.0, 3.0, 2.0, 1.0], [nan] * 4], dims=("realisation", "iteration"))
    expected = [[3.0, 2.0, 2.0, 2.0], [4.0, 3.0, 2.0, 1.0], [nan] * 4]
    np.testing.assert_array_equal(carry_forward(trace), expected)
    np.testing.assert_array_equal(carry_forward(trace.T), np.transpose(expected))
