"""Intervals that grow until they are narrow enough."""

from __future__ import annotations

import numpy as np
import pytest

import isaclib
from isaclib.campaign.document import CampaignError
from isaclib.campaign.gather import gather
from isaclib.campaign.intervals import mean_interval, quantile_interval, wilson_interval
from isaclib.campaign.plan import Plan, complete_marker, make_plan, plan_path, round_under_way
from isaclib.campaign.precision import BLOCK, Aim, Samples, half_width, interval
from isaclib.campaign.precision_spec import PrecisionSpec
from isaclib.campaign.run import execute
from isaclib.campaign.status import status
from isaclib.systems.base import Status


def spec_of(**keys):
    return PrecisionSpec(**{"metric": "peb_m", "relative": 0.02, "max_realisations": 1000, **keys})


def aim(**keys):
    values = {"label": "a", "index": (0,), "realisations": 256, "value": 1.0, "width": 0.1, "wanted": 0.05}
    return Aim(**{**values, "most": 100_000, **keys})


def test_statistics_are_those_of_the_summary():
    generator = np.random.default_rng(1)
    samples = Samples(generator.lognormal(size=500), np.ones(500), np.zeros(500, dtype=np.int8))
    other = Samples.of(samples.values * generator.lognormal(0.1, 0.1, 600)[:500])
    everything = samples.solved
    expected = quantile_interval(samples.values, 0.5)
    np.testing.assert_array_equal(interval(spec_of(), samples, everything), expected)
    difference = mean_interval(samples.values - other.values)
    paired = spec_of(statistic="difference_mean", relative=None, absolute=1.0)
    np.testing.assert_array_equal(interval(paired, samples, everything, other), difference)
    value, width = half_width(spec_of(), samples, everything)
    assert value == expected[0]
    assert width == max(expected[0] - expected[1], expected[2] - expected[0]) / expected[0]
    # draws outside of the population do not count
    half = np.arange(500) < 250
    assert half_width(spec_of(), samples, half) == half_width(spec_of(), samples.first(250), everything[:250])


def test_a_share_is_that_of_all_draws_that_were_run():
    state = np.array([Status.OPTIMAL] * 30 + [Status.FEASIBLE] * 10 + [Status.INFEASIBLE] * 60 + [Status.NOT_RUN] * 50)
    samples = Samples(state, state, state)
    for metric, hits in (("infeasible", 60), ("solved", 40), ("feasible", 10)):
        found = interval(spec_of(metric=metric, statistic="share"), samples, samples.solved)
        np.testing.assert_array_equal(found, wilson_interval(hits, 100))


def test_a_round_asks_for_what_the_width_calls_for():
    # half as narrow as asked: four times as many draws, and a little more, within a factor of four
    assert aim().needed == 18 * BLOCK  # 1.1 * 4 * 256 = 1126.4
    assert aim().following == 16 * BLOCK
    assert aim(width=0.07).following == aim(width=0.07).needed == 9 * BLOCK  # 1.1 * 1.96 * 256 = 552
    # nearly there: still a step that is worth a round
    assert aim(width=0.0501).following == 6 * BLOCK
    assert aim(width=float("nan")).following == 16 * BLOCK
    assert aim(most=300).following == 300
    assert aim(width=0.05).ended
    assert aim(width=0.05).following == 256
    assert aim(most=256).ended
    assert not aim(most=256).reached
    assert Aim.from_json(aim(width=float("nan")).to_json()).needed == aim(width=float("nan")).needed


@pytest.fixture
def rounds(tmp_path):
    """Return a function that solves a campaign round by round, and the plans it wrote."""

    def run(spec):
        plans: list[Plan] = []
        while not plans or not plans[-1].final:
            assert round_under_way(spec, tmp_path) == len(plans)
            plan = make_plan(spec, tmp_path, round_=len(plans), run_seconds=600.0)
            plan.write(plan_path(tmp_path, spec.digest, len(plans)))
            again = Plan.read(plan_path(tmp_path, spec.digest, len(plans)))
            assert (again.counts, again.aims, again.runs) == (plan.counts, plan.aims, plan.runs)
            for new in plan.runs:
                execute(new, tmp_path / "runs" / f"{new.id}.nc", progress=False)
            plans.append(plan)
            assert len(plans) < 20
        complete_marker(tmp_path, spec.digest).touch()
        return plans

    return run


PRECISION = "{metric: peb_m, statistic: median, relative: 0.02, max_realisations: 4000}"


def test_every_interval_of_a_finished_campaign_is_as_narrow_as_asked(campaign, rounds, tmp_path):
    spec = campaign(precision=PRECISION)
    plans = rounds(spec)
    assert len(plans) > 2
    assert plans[0].counts == {"plain": (100, 100)}
    counts = plans[-1].counts["plain"]
    assert all(100 < count < 4000 for count in counts)
    assert plans[-1].runs == ()
    assert all(found.reached for found in plans[-1].aims)
    # nothing is solved twice
    cells = [cell for plan in plans for run in plan.runs for cell in run.cells]
    assert sum(len(cell) for cell in cells) == sum(counts)
    # in the dataset they stand as far as they go
    from isaclib.campaign.coverage import extended
    from isaclib.campaign.sidecar import read_sidecars

    sidecars = read_sidecars(tmp_path / "runs")
    gather(tmp_path, extended(spec, sidecars), [s.run for s in sidecars], tmp_path / "campaign.nc")
    data = isaclib.open_campaign(tmp_path / "campaign.nc")
    assert data.sizes["realisation"] == max(counts)
    ran = (data["status"] != int(Status.NOT_RUN)).sum("realisation").values
    np.testing.assert_array_equal(ran, [counts])
    for position, found in enumerate(plans[-1].aims):
        values = data["peb_m"].values[0, position]
        value, low, high = quantile_interval(values[~np.isnan(values)], 0.5)
        assert found.value == value
        assert max(value - low, high - value) <= 0.02 * value
    text = str(status(tmp_path, spec))
    assert f"{sum(counts)}/{sum(counts)}" in text
    assert "median of peb_m within 2 % at 95 %: 2 of 2 points there" in text


def test_status_says_what_is_left(campaign, rounds, tmp_path):
    spec = campaign(precision=PRECISION)
    assert "within 2 % at 95 %: not looked at yet" in str(status(tmp_path, spec))
    ended = campaign(precision=PRECISION.replace("4000", "150"))
    rounds(ended)
    text = str(status(tmp_path, ended))
    assert "0 of 2 points there, widest" in text
    assert "2 ended at max_realisations" in text
    # what is there serves the larger limit: round 0 lacks nothing, round 1 goes on
    plan = make_plan(spec, tmp_path)
    assert plan.runs == ()
    plan.write(plan_path(tmp_path, spec.digest, 0))
    make_plan(spec, tmp_path, round_=1).write(plan_path(tmp_path, spec.digest, 1))
    text = str(status(tmp_path, spec))
    assert "more realisations" in text
    assert "of core time" in text


def test_curves_of_a_point_grow_together(campaign, rounds):
    schemes = """
      - plain
      - {scheme: plain, label: half, options: {scale: 2}}
      - {scheme: plain, solver: slow, label: few, realisations: 4}"""
    spec = campaign(schemes=schemes, precision=PRECISION)
    plans = rounds(spec)
    assert set(plans[-1].counts) == {"plain", "half"}
    assert plans[-1].counts["plain"] == plans[-1].counts["half"]
    assert sum(run.realisations for plan in plans for run in plan.runs if run.solver == "slow") == 8


def test_a_pair_is_narrower_than_its_curves(campaign, rounds):
    schemes = "[plain, {scheme: plain, label: twice, options: {scale: 2}}]"
    ratio = "{metric: peb_m, statistic: ratio_median, relative: 0.001, max_realisations: 4000}"
    plans = rounds(campaign(schemes=schemes, precision=ratio))
    # the schemes differ by a factor on every draw: the first look is enough
    assert [plan.round for plan in plans] == [0, 1]
    assert plans[1].final
    twice = [found for found in plans[1].aims if found.label == "twice"]
    assert [found.value for found in twice] == pytest.approx([2**0.5] * 2)


def test_a_pair_ends_with_the_curve_of_fewer_draws():
    generator = np.random.default_rng(2)
    samples, other = Samples.of(generator.normal(3.0, 1.0, 300)), Samples.of(generator.normal(2.0, 1.0, 200))
    spec = spec_of(statistic="difference_mean", relative=None, absolute=0.01)
    expected = mean_interval(samples.values[:200] - other.values)
    np.testing.assert_array_equal(interval(spec, samples, samples.solved, other), expected)


def test_a_reference_without_a_precision_grows_no_curve(campaign, rounds):
    schemes = "[{scheme: plain, realisations: 64}, {scheme: plain, label: twice, options: {scale: 2}}]"
    precision = "{metric: peb_m, statistic: difference_mean, absolute: 1.0e-9, max_realisations: 4000}"
    plans = rounds(campaign(schemes=schemes, precision=precision))
    assert [plan.counts for plan in plans] == [{"twice": (100, 100)}] * 2
    assert not any(found.reached for found in plans[-1].aims)


@pytest.mark.parametrize(
    ("precision", "message"),
    [
        ("{metric: peb_m, max_realisations: 10}", "precision.relative = None: expected either relative or absolute"),
        ("{metric: peb_m, relative: 0.1}", "precision: max_realisations is missing"),
        ("{metric: peb_m, relative: 0, max_realisations: 10}", "precision.relative = 0: expected a number above 0"),
        ("{metric: peb_m, relative: 0.1, max_realisations: 10, statistic: std}", "precision.statistic = 'std'"),
        ("{metric: pebm, relative: 0.1, max_realisations: 10}", "did you mean 'peb_m'"),
        ("{metric: rate, relative: 0.1, max_realisations: 10}", "expected one number a draw"),
        ("{metric: solve, statistic: share, absolute: 0.1, max_realisations: 10}", "did you mean 'solved'"),
        (
            "{metric: peb_m, statistic: ratio_median, against: b, relative: 0.1, max_realisations: 10}",
            "against = 'b': expected a label",
        ),
        ("{metric: peb_m, against: plain, relative: 0.1, max_realisations: 10}", "expected a paired statistic"),
        ("{metric: peb_m, relative: 0.1, max_realisations: 10, confidence: 95}", "confidence = 95"),
        ("{metric: peb_m, relative: 0.1, max_realisations: 99999999999}", "max_realisations"),
    ],
)
def test_what_makes_no_sense_is_refused(campaign, precision, message):
    with pytest.raises(CampaignError) as refused:
        campaign(precision=precision)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_stopping_early_leaves_the_coverage():
    """600 campaigns: a coverage of 0.93 or more fails this by chance less than once in a thousand."""
    spec = spec_of(statistic="mean", relative=0.1, max_realisations=2**13)
    hits = 0
    for seed in range(600):
        samples = Samples.of(np.random.default_rng(seed).exponential(size=2**13))
        count = 128
        while True:
            seen = samples.first(count)
            value, width = half_width(spec, seen, seen.solved)
            found = aim(realisations=count, value=value, width=width, wanted=0.1, most=2**13)
            if found.ended:
                break
            count = found.following
        _, low, high = interval(spec, seen, seen.solved)
        hits += low <= 1.0 <= high
    # P(Bin(600, 0.93) < 538) = 0.0009
    assert hits >= 538
