"""Distributions of stored metrics, and the point of the grid that they are taken at."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from isaclib.campaign.dataset import open_campaign
from isaclib.campaign.distribution import distributions
from isaclib.campaign.point import at_point


@pytest.fixture(scope="module")
def campaign(synthetic_campaign, tmp_path_factory):
    return synthetic_campaign(tmp_path_factory.mktemp("distribution") / "campaign.nc")


def test_a_distribution_has_the_draws_of_its_population_and_the_band_of_massart(campaign):
    found = distributions(at_point(campaign, {"power_dbm": 10}), "peb_m")
    data = open_campaign(campaign).sel(power_dbm=10.0)
    common = (data["status"] <= 2).all("scheme").values
    assert 0 < common.sum() < data.sizes["realisation"]
    assert [each.label for each in found] == data["scheme"].values.tolist()
    for each in found:
        np.testing.assert_array_equal(each.values, np.sort(data["peb_m"].sel(scheme=each.label).values[common]))
        count = len(each.values)
        np.testing.assert_allclose(each.share, np.arange(1, count + 1) / count)
        half = math.sqrt(math.log(40.0) / (2 * count))
        np.testing.assert_allclose(each.upper, np.minimum(each.share + half, 1.0))
        np.testing.assert_allclose(each.lower, np.maximum(each.share - half, 0.0))
    own = distributions(at_point(campaign, {"power_dbm": 10}), "peb_m", population="own")
    assert len(own[0].values) > len(found[0].values)


def test_the_band_holds_all_of_the_distribution_as_often_as_it_says():
    rng = np.random.default_rng(1)
    values = rng.random((1000, 30))
    status = np.zeros(values.shape, dtype=np.int8)
    data = xr.Dataset(
        {"status": (("scheme", "realisation"), status), "u": (("scheme", "realisation"), values)},
        coords={"scheme": [str(i) for i in range(1000)]},
    )
    # uniform draws: the law is the value itself, and right below a draw the band is that of the draw before
    held = []
    for each in distributions(data, "u", level=0.8):
        before = np.concatenate([[each.upper[0] - each.share[0]], each.upper[:-1]])
        held.append(((each.lower <= each.values) & (each.values <= before)).all())
    assert 0.8 <= np.mean(held) <= 0.9


def test_draws_of_nets_have_no_band(campaign):
    data = at_point(campaign, {"power_dbm": 20}).assign_attrs(sampling="sobol")
    assert np.isnan(distributions(data, "peb_m")[0].lower).all()


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({}, r"^power_dbm is missing: expected one of 10, 20, 30$"),
        ({"power_dbm": 15}, r"^power_dbm = 15: expected one of 10, 20, 30$"),
        ({"power": 10}, r"^power = 10: expected a dimension to choose at; did you mean 'power_dbm'\?$"),
        ({"power_dbm": 10, "user": 2}, r"^user = 2: expected one of 0, 1$"),
    ],
)
def test_a_point_that_there_is_not_is_named(campaign, point, message):
    with pytest.raises(ValueError, match=message):
        at_point(campaign, point)


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        ("peb", {}, r"^metric 'peb' is unknown: did you mean 'peb_m'\?$"),
        ("rate", {}, r"^metric 'rate' has one value for each user: expected one of them named, user=0$"),
        ("peb_m", {"population": "all"}, r"^population 'all' is unknown: "),
        ("peb_m", {"level": 95}, r"^level = 95: expected a number between 0 and 1$"),
    ],
)
def test_what_has_no_distribution_is_named(campaign, metric, options, message):
    with pytest.raises(ValueError, match=message):
        distributions(at_point(campaign, {"power_dbm": 10}), metric, **options)


def test_one_of_several_numbers_a_draw_can_be_named(campaign):
    each = distributions(at_point(campaign, {"power_dbm": 30, "user": 1}), "rate")[0]
    data = open_campaign(campaign)["rate"].sel(power_dbm=30.0, user=1, scheme=each.label)
    np.testing.assert_array_equal(each.values, np.sort(data.values))
