"""A campaign whose blocks are drawn as nets."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import isaclib
from isaclib.campaign import summary
from isaclib.campaign.document import CampaignError
from isaclib.campaign.intervals import mean_interval
from isaclib.campaign.plan import make_plan
from isaclib.campaign.precision import Samples, interval
from isaclib.campaign.precision_spec import PrecisionSpec
from isaclib.campaign.redesign import redesign
from isaclib.systems.streams import BLOCK


def test_random_draws_keep_their_identity_and_nets_have_their_own(campaign) -> None:
    plain, net = campaign(), campaign(sampling="sobol")
    assert campaign(sampling="random").digest == plain.digest != net.digest
    (before,), (after,) = plain.curves, net.curves
    identities = {point.id for point in plain.points(before).values()}
    assert not identities & {point.id for point in net.points(after).values()}
    with pytest.raises(CampaignError, match=r"tiny-1\.yaml: sampling: 'halton': expected one of random, sobol"):
        campaign(sampling="halton")


def test_a_campaign_of_nets_has_its_draws_and_its_intervals(campaign, gathered, tmp_path, tiny) -> None:
    spec = campaign(sampling="sobol", realisations="200", estimators="{echo: }")
    data = gathered(spec, make_plan(spec, tmp_path / "results").runs)
    parameters = tiny.system.Parameters(power_dbm=20.0)
    drawn = isaclib.simulate(system="tiny", scheme="plain", parameters=parameters, seed=7, stop=200, sampling="sobol")
    own = data["peb_m"].sel(scheme="plain", power_dbm=20)
    np.testing.assert_array_equal(own, drawn["peb_m"])
    np.testing.assert_array_equal(
        redesign(data, scheme="plain", power_dbm=20, realisation=70).metrics["peb_m"], own[70]
    )
    summary.summarise(tmp_path / "results" / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    with xr.open_dataset(tmp_path / "summary.nc") as found:
        assert found.attrs["sampling"] == "sobol"
        mean = found["peb_m"].sel(scheme="plain", power_dbm=20, population="own", statistic="mean")
        blocks = np.arange(200) // BLOCK
        np.testing.assert_array_equal(mean, mean_interval(own.values, blocks=blocks))
        assert not np.array_equal(mean, mean_interval(own.values))
        # a selection keeps the blocks that its draws are of
        part = isaclib.summarise(data.isel(realisation=slice(30, 200)), metrics="peb_m", population="own")
        expected = mean_interval(own.values[30:], blocks=blocks[30:])
        np.testing.assert_array_equal(part["peb_m"].sel(scheme="plain", power_dbm=20, statistic="mean"), expected)
        for share in ("solved_share", "common_share"):
            whole = isaclib.summarise(data, metrics="peb_m")[share]
            np.testing.assert_array_equal(whole.values, found[share].values)


def test_a_precision_looks_at_blocks() -> None:
    values = np.random.default_rng(3).lognormal(size=4 * BLOCK)
    samples = Samples(values, values**2, np.zeros(len(values), dtype=np.int8), "sobol").first(200)
    spec = PrecisionSpec(metric="peb_m", statistic="mean", relative=0.1, max_realisations=1000)
    expected = mean_interval(values[:200], blocks=np.arange(200) // BLOCK)
    np.testing.assert_array_equal(interval(spec, samples, samples.solved), expected)
