import csv
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.image import imread

from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.summary import summarise
from isaclib.campaign.tidy import open_summary
from isaclib.figures import style
from isaclib.figures.campaign import draw
from isaclib.figures.caption import caption
from isaclib.figures.lines import lines
from isaclib.figures.plot import plot
from isaclib.systems.base import Status

RMSE = {
    "name": "rmse",
    "x": "power_dbm",
    "log_y": True,
    "y": [
        {"metric": "peb_m", "statistic": "rms", "line": "dashed", "label": "PEB"},
        {"metric": "music_error_m", "statistic": "rms", "line": "none", "marker": True, "label": "RMSE"},
    ],
}
CONVERGENCE = {"name": "convergence", "kind": "convergence", "select": {"power_dbm": 20.0}}
TRADEOFF = {
    "name": "tradeoff",
    "kind": "tradeoff",
    "x": {"metric": "peb_m", "statistic": "median"},
    "along": "power_dbm",
    "y": {"metric": "speb_m2", "statistic": "mean", "marker": True},
    "log_x": True,
    "log_y": True,
}


@pytest.fixture(scope="module")
def summary_nc(synthetic_campaign: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    summarise(synthetic_campaign(folder / "campaign.nc"), folder / "summary.nc", folder / "summary.csv")
    return folder / "summary.nc"


def page_of(summary: xr.Dataset, entry: dict[str, Any]) -> Figure:
    figure = FigureSpec.read(entry)
    with style.context():
        page = plot(summary, figure, lines(summary, figure))
        page.draw_without_rendering()
    return page


def test_a_figure_is_four_files_whose_bytes_repeat(summary_nc: Path, tmp_path: Path) -> None:
    files = draw(summary_nc, RMSE, tmp_path / "one" / "rmse")
    assert [path.name for path in files] == ["rmse.pdf", "rmse.png", "rmse.csv", "rmse.rst"]
    again = draw(summary_nc, RMSE, tmp_path / "two" / "rmse")
    for first, second in zip(files, again, strict=True):
        assert first.read_bytes() == second.read_bytes()
    assert imread(files[1]).shape[1] == 1400


def test_the_csv_holds_what_is_drawn(summary_nc: Path, tmp_path: Path) -> None:
    files = draw(summary_nc, RMSE, tmp_path / "rmse")
    with files[2].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    summary = open_summary(summary_nc)
    assert len(rows) == 2 * summary.sizes["scheme"] * summary.sizes["power_dbm"]
    for row in rows:
        at = {"scheme": row["scheme"], "power_dbm": float(row["power_dbm"]), "population": "common"}
        expected = summary[row["metric"]].sel(at).sel(statistic="rms")
        np.testing.assert_allclose([float(row[end]) for end in ("value", "lower", "upper")], expected, rtol=1e-9)
        assert int(row["count"]) == summary[f"{row['metric']}_count"].sel(at)


def test_the_csv_of_a_tradeoff_holds_both_coordinates_and_where_they_are_taken(
    summary_nc: Path, tmp_path: Path
) -> None:
    files = draw(summary_nc, TRADEOFF, tmp_path / "tradeoff")
    with files[2].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    summary = open_summary(summary_nc)
    assert len(rows) == summary.sizes["scheme"] * summary.sizes["power_dbm"]
    for row in rows:
        at = {"scheme": row["scheme"], "power_dbm": float(row["power_dbm"]), "population": "common"}
        x = summary["peb_m"].sel(at).sel(statistic="median")
        np.testing.assert_allclose([float(row[end]) for end in ("x", "x_lower", "x_upper")], x, rtol=1e-9)
        y = summary["speb_m2"].sel(at).sel(statistic="mean")
        np.testing.assert_allclose([float(row[end]) for end in ("value", "lower", "upper")], y, rtol=1e-9)
        assert (row["x_metric"], row["x_statistic"], row["metric"]) == ("peb_m", "median", "speb_m2")


def test_a_tradeoff_has_a_region_for_every_scheme_and_says_what_it_is(summary_nc: Path) -> None:
    summary = open_summary(summary_nc)
    page = page_of(summary, TRADEOFF)
    (axes,) = page.axes
    assert axes.get_xlabel() == "Median position error bound (m)"
    assert axes.get_ylabel() == "Mean squared position error bound (m²)"
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert len(axes.patches) == len(axes.lines) == summary.sizes["scheme"]
    for curve, region in zip(axes.lines, axes.patches, strict=True):
        inside = region.get_path().get_extents()
        assert inside.x0 <= min(curve.get_xdata()) <= max(curve.get_xdata()) <= inside.x1
        assert inside.y0 <= min(curve.get_ydata()) <= max(curve.get_ydata()) <= inside.y1
    figure = FigureSpec.read(TRADEOFF)
    text = caption(summary, figure, lines(summary, figure))
    for said in (
        "Mean squared position error bound against the median position error bound, a point for each",
        "Bands of median position error bound: 95 % confidence intervals (order statistics)",
        "Bands of mean squared position error bound: 95 % confidence intervals (Student's t)",
    ):
        assert said in text


def test_a_tradeoff_with_markers_alone_has_error_bars_both_ways(summary_nc: Path) -> None:
    y = {"metric": "speb_m2", "line": "none", "marker": True}
    page = page_of(open_summary(summary_nc), {**TRADEOFF, "y": y})
    (axes,) = page.axes
    assert not axes.patches
    assert all(container.has_xerr and container.has_yerr for container in axes.containers)


def test_a_point_without_one_of_its_coordinates_is_left_out(summary_nc: Path) -> None:
    summary = open_summary(summary_nc)
    summary["peb_m"].loc[{"scheme": "speb-min-hbf", "power_dbm": 20.0}] = np.nan
    drawn = lines(summary, FigureSpec.read(TRADEOFF))
    assert drawn[0].steps.tolist() == [10.0, 20.0, 30.0]
    assert drawn[1].steps.tolist() == [10.0, 30.0]


@pytest.mark.parametrize("entry", [RMSE, CONVERGENCE, TRADEOFF], ids=lambda entry: entry["name"])
def test_legends_and_labels_lie_outside_the_data_and_inside_the_page(summary_nc: Path, entry: dict[str, Any]) -> None:
    page = page_of(open_summary(summary_nc), entry)
    (axes,) = page.axes
    frame = axes.get_window_extent()
    for legend in page.legends:
        box = legend.get_window_extent()
        assert not box.overlaps(frame)
        assert page.bbox.x0 <= box.x0 < box.x1 <= page.bbox.x1
        assert page.bbox.y0 <= box.y0 < box.y1 <= page.bbox.y1
    for label in (axes.xaxis.label, axes.yaxis.label):
        box = label.get_window_extent()
        assert page.bbox.y0 <= box.y0 < box.y1 <= page.bbox.y1
    ticks = [tick.get_window_extent() for tick in axes.get_xticklabels()]
    assert not any(left.overlaps(right) for left, right in itertools.pairwise(ticks))


def test_bound_and_estimate_have_a_legend_of_their_own(summary_nc: Path) -> None:
    page = page_of(open_summary(summary_nc), RMSE)
    schemes, quantities = ([text.get_text() for text in legend.get_texts()] for legend in page.legends)
    assert schemes[:2] == ["SPEB-min FDBF", "SPEB-min HBF"]
    assert quantities == ["PEB", "RMSE"]
    (axes,) = page.axes
    assert axes.get_xlabel() == "Transmit power (dBm)"
    assert axes.get_ylabel() == "PEB, RMSE (m)"
    assert axes.get_yscale() == "log"
    assert len(axes.containers) == 5


def test_a_second_quantity_is_seen_where_it_coincides_with_the_first(summary_nc: Path) -> None:
    y = [{"metric": "peb_m"}, {"metric": "peb_m", "statistic": "mean", "line": "dotted"}]
    page = page_of(open_summary(summary_nc), {"name": "f", "x": "power_dbm", "y": y, "schemes": ["speb-min-hbf"]})
    first, second = page.axes[0].lines
    assert first.get_color() == style.SCHEMES["speb-min-hbf"][0]
    assert second.get_color() == style.darker(first.get_color())


def test_a_convergence_curve_ends_where_its_draws_have_stopped(summary_nc: Path) -> None:
    summary = open_summary(summary_nc)
    figure = FigureSpec.read({**CONVERGENCE, "y": {"metric": "trace", "band": "quartiles", "root": True}})
    drawn = lines(summary, figure)
    running = summary.trace_running.sel(scheme="speb-min-fdbf", power_dbm=20.0, population="common").values
    first = drawn[0]
    assert first.x.tolist() == list(range(1, 1 + int(np.flatnonzero(running)[-1]) + 1))
    middle = summary.trace.sel(scheme="speb-min-fdbf", power_dbm=20.0, population="common", limit="value")
    expected = np.sqrt(middle.sel(statistic=["median", "q25", "q75"]))[: len(first.x)]
    np.testing.assert_allclose(first.ends, expected)
    page = page_of(summary, {**CONVERGENCE, "y": {"metric": "trace", "root": True}})
    assert page.axes[0].get_ylabel() == "Median root of the objective (m)"


def test_a_paired_ratio_is_one_for_the_first_scheme_and_says_which_that_is(summary_nc: Path) -> None:
    entry = {"name": "ratio", "x": "power_dbm", "y": {"metric": "peb_m", "statistic": "ratio_median"}}
    summary = open_summary(summary_nc)
    drawn = lines(summary, FigureSpec.read(entry))
    assert (drawn[0].ends == 1.0).all()
    assert (drawn[1].ends[:, 1] > 1.0).all()
    label = page_of(summary, entry).axes[0].get_ylabel()
    assert label.replace("\n", " ") == "Median paired ratio of the position error bound to SPEB-min FDBF"


def test_bands_of_two_kinds_are_told_apart_in_the_caption(summary_nc: Path) -> None:
    summary = open_summary(summary_nc)
    y = [
        {"metric": "peb_m", "band": "quartiles", "label": "PEB"},
        {"metric": "speb_m2", "statistic": "mean", "label": "SPEB"},
    ]
    figure = FigureSpec.read({"name": "two", "x": "power_dbm", "y": y})
    text = caption(summary, figure, lines(summary, figure))
    assert "Bands of PEB: 25 to 75 % of the draws. Bands of SPEB: 95 % confidence intervals (Student's t)." in text


def test_a_grid_axis_can_be_a_series_and_an_axis_can_have_labels(
    synthetic_campaign: Callable[..., Path], tmp_path: Path
) -> None:
    data = xr.load_dataset(synthetic_campaign(tmp_path / "one.nc", schemes=("a", "b"))).drop_vars("power_dbm")
    wide = xr.concat([data, data], xr.Variable("scale", ["16x12", "64x3"]), data_vars="all").transpose(
        "scheme", "scale", ...
    )
    wide.drop_vars(["user", "iteration"]).assign_coords(power_dbm=data.power_dbm).to_netcdf(tmp_path / "campaign.nc")
    summarise(tmp_path / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    summary = open_summary(tmp_path / "summary.nc")
    page = page_of(summary, {"name": "f", "x": "power_dbm", "series": "scale", "y": {"metric": "peb_m"}})
    assert [text.get_text() for text in page.legends[0].get_texts()] == ["a, 16x12", "a, 64x3", "b, 16x12", "b, 64x3"]
    page = page_of(summary, {"name": "f", "x": "scale", "series": "power_dbm", "y": {"metric": "peb_m"}})
    assert [text.get_text() for text in page.axes[0].get_xticklabels()] == ["16x12", "64x3"]


def test_the_caption_says_what_is_shown_over_which_draws_and_what_failed(summary_nc: Path) -> None:
    summary = open_summary(summary_nc)
    figure = FigureSpec.read({**RMSE, "title": "Accuracy over power"})
    text = caption(summary, figure, lines(summary, figure))
    share = summary.common_share.sel(power_dbm=10.0).values
    low = int(summary.peb_m_count.sel(population="common").min())
    for said in (
        "Accuracy over power. PEB (dashed lines) and RMSE (markers) over the transmit power.",
        "Bands and error bars: 95 % confidence intervals (delta method",
        f"Realisations behind a point: {low} to 40",
        f"{100 * share[0]:.3g} % of all (95 % interval {100 * share[1]:.3g} % to {100 * share[2]:.3g} %)",
        "failed: 1 of “SPEB-min HBF”",
        "infeasible: ",
        "shown nevertheless: violating: 120 of “Sensing-only FDBF”",
        "seed 5",
    ):
        assert said in text


def test_the_caption_says_so_where_a_scheme_was_run_on_a_subset(
    synthetic_campaign: Callable[..., Path], tmp_path: Path
) -> None:
    data = xr.load_dataset(synthetic_campaign(tmp_path / "full.nc", schemes=("a", "b")))
    data["status"][1, :, 4:] = Status.NOT_RUN
    data.to_netcdf(tmp_path / "campaign.nc")
    summarise(tmp_path / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    summary = open_summary(tmp_path / "summary.nc")
    figure = FigureSpec.read({"name": "f", "x": "power_dbm", "y": {"metric": "peb_m"}})
    text = caption(summary, figure, lines(summary, figure))
    assert "the draws solved by every scheme that was run on all draws: " in text
    assert "over the draws that every compared scheme solved" not in text


def test_the_caption_counts_only_the_points_that_are_shown(summary_nc: Path) -> None:
    summary = open_summary(summary_nc)
    figure = FigureSpec.read({**CONVERGENCE, "select": {"power_dbm": 30.0}})
    assert "Every one of the 200 designs" in caption(summary, figure, lines(summary, figure))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": "power"}, "figure rmse.x = 'power': expected an axis of the grid; did you mean 'power_dbm'?"),
        ({"y": {"metric": "peb"}}, "metric 'peb' is unknown: did you mean 'peb_m'?"),
        ({"y": {"metric": "trace"}}, "figure rmse: metric 'trace' belongs in a figure of kind convergence"),
        ({"y": {"metric": "rate"}}, "figure rmse: metric 'rate' has one value for each user: expected one a draw"),
    ],
)
def test_a_figure_that_cannot_be_drawn_says_why_in_one_line(
    summary_nc: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        draw(summary_nc, {**RMSE, **change}, tmp_path / "rmse")
    assert str(refused.value) == message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("entry", [RMSE, CONVERGENCE, TRADEOFF], ids=lambda entry: entry["name"])
def test_a_curve_that_an_effort_leaves_out_is_told_in_the_caption(
    summary_nc: Path, tmp_path: Path, entry: dict[str, Any]
) -> None:
    named = {**entry, "schemes": ["speb-min-hbf", "sdr", "snr-max-hbf"]}
    files = draw(summary_nc, named, tmp_path / "f", schemes=["sdr", *open_summary(summary_nc)["scheme"].values])
    assert "none for “sdr”" in files[3].read_text()
    with files[2].open(newline="") as handle:
        assert {row["scheme"] for row in csv.DictReader(handle)} == {"speb-min-hbf", "snr-max-hbf"}
    drawn = draw(summary_nc, {**entry, "schemes": ["speb-min-hbf", "snr-max-hbf"]}, tmp_path / "g")
    assert files[1].read_bytes() == drawn[1].read_bytes()
    alone = {**entry, "schemes": ["sdr"]}
    open_summary(summary_nc).drop_dims("iteration").to_netcdf(tmp_path / "summary.nc")
    files = draw(tmp_path / "summary.nc", alone, tmp_path / "alone", schemes=["sdr"])
    assert "No draw is in the population shown" in files[3].read_text()
    # a label of no campaign is a mistake
    with pytest.raises(ValueError, match=r"schemes has 'sdr': expected a label of the campaign"):
        draw(summary_nc, named, tmp_path / "f")


def test_a_scheme_that_failed_everywhere_is_named(summary_nc: Path) -> None:
    summary = open_summary(summary_nc)
    summary["status_count"].loc[{"scheme": "snr-max-hbf"}] = [0, 0, 0, 0, 0, 40, 0]
    for name in ("peb_m", "music_error_m"):
        summary[name].loc[{"scheme": "snr-max-hbf"}] = np.nan
    figure = FigureSpec.read({**RMSE, "population": "own"})
    drawn = lines(summary, figure)
    assert len(drawn) == 2 * (summary.sizes["scheme"] - 1)
    text = caption(summary, figure, drawn)
    assert "none for “SNR-max HBF”" in text
    assert "failed: 1 of “SPEB-min HBF”, 120 of “SNR-max HBF”" in text
    page = page_of(summary, {**RMSE, "schemes": ["snr-max-hbf"]})
    assert page.axes[0].get_xlabel() == "Transmit power (dBm)"
