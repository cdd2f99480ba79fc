"""What moved between two campaigns: found where it did, and not where it did not."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from isaclib.campaign.compare import SOLVED, compare
from isaclib.campaign.intervals import mean_interval

FAMILIES = 200
"""Pairs of campaigns without a change; at most 5 % of them may show one."""


def stored(values, *, seed=1, status=None, axes=("low", "high")):
    """Make a campaign of one metric, values (scheme, axis, realisation)."""
    dims = ("scheme", "size", "realisation")
    status = np.zeros(values.shape, np.int8) if status is None else status
    attrs = {"seed": seed, "system": "hybrid", "schema_version": np.int32(1), "complete": "yes"}
    return xr.Dataset(
        {"status": (dims, status), "cost": (dims, values, {"units": "1"})},
        coords={"scheme": [f"scheme {i}" for i in range(len(values))], "size": list(axes)},
        attrs=attrs,
    )


def test_pairs_show_a_change_far_below_the_scatter():
    rng = np.random.default_rng(1)
    values = rng.lognormal(size=(2, 2, 300))
    other = values.copy()
    other[1, 0] *= 1.0 + 1e-4 * rng.random(300)
    first, second = stored(values), stored(other[..., :200])
    changes = compare(first, second, statistic="mean")
    assert len(changes) == 8
    assert all(change.draws == 200 for change in changes)
    (moved,) = [change for change in changes if change.moved]
    assert (moved.metric, moved.scheme, moved.point, moved.paired) == ("cost", "scheme 1", {"size": "low"}, True)
    assert moved.change == pytest.approx(np.mean(other[1, 0, :200] - values[1, 0, :200]))
    assert sum(c.equal for c in changes) == 7
    assert not any(c.moved for c in compare(first, second, statistic="mean", least=1e-2))


def test_another_seed_is_compared_by_its_own_interval():
    rng = np.random.default_rng(2)
    first = stored(rng.normal(size=(1, 2, 400)))
    shifted = rng.normal(size=(1, 2, 400))
    shifted[0, 1] += 0.5
    second = stored(shifted, seed=2)
    for statistic in ("mean", "median", "q25"):
        changes = [c for c in compare(first, second, statistic=statistic) if c.metric == "cost"]
        assert [(c.point["size"], c.moved, c.paired) for c in changes] == [("low", False, False), ("high", True, False)]


def test_the_same_numbers_are_equal_where_no_interval_says_so():
    # two blocks of a net have no interval of the median, and that of q95 is not one of differences
    values = np.random.default_rng(7).normal(size=(1, 2, 100))
    net = stored(values).assign_attrs(sampling="sobol")
    assert all(c.equal and not c.moved for c in compare(net, net))
    assert all(c.equal and not c.moved for c in compare(stored(values), stored(values), statistic="q95"))


def test_the_same_seed_with_other_channels_makes_no_pairs():
    values = np.random.default_rng(8).normal(size=(1, 2, 100))
    drawn, given = stored(values), stored(values).assign_attrs(channels="0123456789ab")
    assert not any(c.paired or c.equal for c in compare(drawn, given))


def test_draws_of_nets_are_compared_block_by_block():
    rng = np.random.default_rng(3)
    nets = [stored(rng.normal(size=(1, 2, 320)), seed=seed).assign_attrs(sampling="sobol") for seed in (1, 2)]
    whole = {c.point["size"]: c for c in compare(*nets, metrics=["cost"], statistic="mean") if c.metric == "cost"}
    level = 1.0 - 0.05 / 4
    at = {"scheme": "scheme 0", "size": "low"}
    a, b = (mean_interval(net["cost"].sel(at).values, level=level, blocks=np.arange(320) // 64) for net in nets)
    assert whole["low"].upper - whole["low"].change == pytest.approx(np.hypot(b[2] - b[0], a[0] - a[1]))
    # drawn another way, the draws of one seed are no pairs
    assert not any(c.paired for c in compare(nets[0], stored(nets[0]["cost"].values)))
    assert all(c.lower == c.change == c.upper == 0.0 for c in compare(nets[0], nets[0]) if c.metric == "cost")


def test_draws_that_are_no_longer_solved_are_a_change():
    status = np.zeros((1, 2, 400), np.int8)
    worse = status.copy()
    worse[0, 0, :40] = 3
    first, second = (stored(np.ones(status.shape), status=s) for s in (status, worse))
    moved = [c for c in compare(first, second) if c.moved]
    assert [(c.metric, c.point["size"], c.change) for c in moved] == [(SOLVED, "low", pytest.approx(-0.1))]


@pytest.mark.parametrize("seeds", [(1, 1), (1, 2)], ids=["paired", "not paired"])
def test_campaigns_without_a_change_rarely_show_one(seeds):
    """At most 5 % of families; the test itself is wrong with probability 1e-6."""
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(FAMILIES):
        first = rng.exponential(size=(1, 2, 60))
        second = rng.exponential(size=first.shape) if seeds[0] != seeds[1] else first + rng.normal(size=first.shape)
        pair = (stored(values, seed=seed) for values, seed in zip((first, second), seeds, strict=True))
        alarms += any(change.moved for change in compare(*pair))
    assert alarms <= stats.binom.ppf(1.0 - 1e-6, FAMILIES, 0.05)


def test_values_of_an_axis_are_the_same_but_for_rounding():
    values = np.arange(20.0).reshape(1, 2, 10)
    steps, written = (stored(values, axes=axes) for axes in ((0.1, 0.1 + 0.2), (0.1, 0.3)))
    assert len(compare(steps, written, metrics=["cost"])) == 4


def test_what_has_nothing_in_common_is_one_line():
    values = np.ones((1, 2, 10))
    first, second = stored(values), stored(values, axes=("x", "y"))
    with pytest.raises(ValueError, match=r"^second: expected a curve and a point that the first has too$"):
        compare(first, second)
    with pytest.raises(ValueError, match=r"^metric 'cots': expected one of one number a draw in both; did you mean"):
        compare(first, first, metrics=["cots"])
    with pytest.raises(ValueError, match=r"^statistic = 'rms': expected one of mean, "):
        compare(first, first, statistic="rms")
