"""Pictures of a stored campaign, one call each: what their artists hold."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from isaclib import figures
from isaclib.campaign.dataset import open_campaign
from isaclib.campaign.distribution import distributions
from isaclib.campaign.point import at_point
from isaclib.campaign.reduction import summarise

matplotlib.use("agg")


@pytest.fixture(scope="module")
def campaign(synthetic_campaign, tmp_path_factory):
    return synthetic_campaign(tmp_path_factory.mktemp("curves") / "campaign.nc")


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def colors(ax):
    return dict(zip(texts(ax), [line.get_color() for line in ax.lines], strict=True))


def test_a_convergence_is_the_statistics_of_the_traces_in_the_colours_of_the_schemes(campaign, ax):
    labels = ("snr-max-hbf", "speb-min-hbf")
    assert figures.convergence(campaign, schemes=labels, power_dbm=20, log_y=True, ax=ax) is ax
    expected = summarise(campaign, metrics="trace", statistics="median")["trace"].sel(power_dbm=20.0)
    for line, band, label in zip(ax.lines, ax.collections, labels, strict=True):
        value, lower, upper = expected.sel(scheme=label, statistic="median").values.T
        np.testing.assert_allclose(line.get_ydata(), value[: len(line.get_ydata())])
        assert line.get_xdata()[0] == 1.0
        box = band.get_paths()[0].get_extents()
        np.testing.assert_allclose([box.y0, box.y1], [lower[: len(line.get_ydata())].min(), upper.max()])
    assert texts(ax) == ["SNR-max HBF", "SPEB-min HBF"]
    assert colors(ax) == {"SNR-max HBF": figures.style.GREEN, "SPEB-min HBF": figures.style.VERMILLION}
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("Iteration", "Median objective (m²)", "log")


def test_a_tradeoff_is_one_statistic_against_another_with_a_region_around_each_curve(campaign, ax):
    data = open_campaign(campaign)
    quantities = {"x": {"metric": "speb_m2", "root": True}, "y": {"metric": "rate", "statistic": "mean"}}
    figures.tradeoff(data, **quantities, along="power_dbm", user=1, log_x=True, ax=ax)
    expected = summarise(data.isel(user=1), metrics=["speb_m2", "rate"])
    assert len(ax.lines) == len(ax.patches) == data.sizes["scheme"]
    for line, label in zip(ax.lines, data["scheme"].values, strict=True):
        at = expected.sel(scheme=label, limit="value")
        np.testing.assert_allclose(line.get_xdata(), np.sqrt(at["speb_m2"].sel(statistic="median")))
        np.testing.assert_allclose(line.get_ydata(), at["rate"].sel(statistic="mean"))
    assert ax.get_xlabel() == "Median root of the squared position error bound (m)"
    assert ax.get_ylabel() == "Mean rate (bit/s/Hz)"


def test_an_ecdf_has_the_draws_as_steps_and_the_band_around_them(campaign, ax):
    labels = ["speb-min-hbf", "two-stage-hbf"]
    figures.ecdf(campaign, "peb_m", power_dbm=10, level=0.9, schemes=labels, log_x=True, ax=ax)
    found = {each.label: each for each in distributions(at_point(campaign, {"power_dbm": 10}), "peb_m", level=0.9)}
    for line, band, label in zip(ax.lines, ax.collections, labels, strict=True):
        each = found[label]
        np.testing.assert_array_equal(line.get_xdata(), [each.values[0], *each.values])
        np.testing.assert_array_equal(line.get_ydata(), [0.0, *each.share])
        assert line.get_drawstyle() == "steps-post"
        box = band.get_paths()[0].get_extents()
        np.testing.assert_allclose([box.y0, box.y1], [each.lower.min(), each.upper.max()])
    assert colors(ax)["SPEB-min HBF"] == figures.style.VERMILLION
    assert ax.get_xlabel() == "Position error bound (m)"
    assert ax.get_xscale() == "log"


def test_an_ecdf_of_many_draws_has_no_more_steps_than_a_page_shows_and_leaves_out_what_is_infinite(ax):
    values = np.arange(30_000.0)
    values[29_000:] = np.inf
    dims = ("scheme", "realisation")
    data = xr.Dataset(
        {"status": (dims, np.zeros((1, 30_000), dtype=np.int8)), "x": (dims, values[None])}, coords={"scheme": ["a"]}
    )
    figures.ecdf(data, "x", ax=ax)
    (line,) = ax.lines
    at, share = line.get_data()
    assert len(at) == 2001
    assert (at[0], at[-1], share[-1]) == (0.0, 28_999.0, 29_000 / 30_000)
    np.testing.assert_allclose(share[1:], (np.array(at[1:]) + 1) / 30_000)


def test_the_axes_are_those_of_a_new_figure_where_none_are_given_and_legends_are_outside_of_them(campaign):
    ax = figures.ecdf(campaign, "speb_m2", power_dbm=30)
    ax.figure.draw_without_rendering()
    box, data = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert box.y0 >= data.y1
    # the power of ten of an axis of small numbers keeps its place
    other = figures.convergence(campaign, power_dbm=30)
    other.figure.draw_without_rendering()
    power = other.yaxis.get_offset_text()
    assert power.get_text()
    assert not power.get_window_extent().overlaps(other.get_legend().get_window_extent())
    for each in (ax, other):
        matplotlib.pyplot.close(each.figure)


def test_mistakes_are_named(campaign):
    with pytest.raises(ValueError, match=r"^power_dbm is missing: expected one of 10, 20, 30$"):
        figures.convergence(campaign)
    data = open_campaign(campaign).drop_vars("trace")
    with pytest.raises(ValueError, match=r"^convergence: the campaign has no trace: expected solvers that leave one"):
        figures.convergence(data, power_dbm=10)
    with pytest.raises(ValueError, match=r"^metric 'peb' is unknown: did you mean 'peb_m'"):
        figures.tradeoff(campaign, x="peb", y="speb_m2", along="power_dbm")
    with pytest.raises(ValueError, match=r"^schemes has 'speb-min': expected a label of the campaign"):
        figures.ecdf(campaign, "peb_m", power_dbm=10, schemes=["speb-min"])


def test_matplotlib_is_imported_by_what_draws_alone():
    code = (
        "import sys, isaclib; isaclib.figures.ecdf; isaclib.figures.beampattern; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
