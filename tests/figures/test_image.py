import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.summary import summarise
from isaclib.campaign.tidy import open_summary
from isaclib.figures import style
from isaclib.figures.campaign import draw
from isaclib.figures.caption import image_caption
from isaclib.figures.image import panels, plot_image

IMAGE: dict[str, Any] = {
    "name": "spectra",
    "kind": "image",
    "image": "spectrum_db",
    "panels": "power_dbm",
    "realisation": 1,
    "schemes": ["speb-min-hbf"],
    "contour": -3,
    "printed": {"metric": "peb_m", "label": "PEB"},
}
RANGES, ANGLES = np.linspace(-1.0, 1.0, 7), np.linspace(-0.2, 0.2, 9)


@pytest.fixture(scope="module")
def summary_nc(synthetic_campaign: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    data = xr.load_dataset(synthetic_campaign(folder / "plain.nc"))
    levels = np.full((*data["peb_m"].shape, 7, 9), np.nan)
    # a lobe along the diagonal that narrows with the power; the third panel's draw has no design
    for point, sharp in enumerate((20.0, 80.0)):
        levels[1, point, 1] = -sharp * (RANGES[:, None] - 5.0 * ANGLES) ** 2
    dims = ("scheme", "power_dbm", "realisation", "range_from_target_m", "angle_from_target_deg")
    attrs = {"units": "dB", "long_name": "spectrum", "origin": "target"}
    data["spectrum_db"] = (dims, levels, attrs)
    data = data.assign_coords(range_from_target_m=RANGES, angle_from_target_deg=ANGLES)
    data.to_netcdf(folder / "campaign.nc")
    summarise(folder / "campaign.nc", folder / "summary.nc", folder / "summary.csv")
    return folder / "summary.nc"


def page_of(summary: xr.Dataset, entry: dict[str, Any]) -> Figure:
    figure = FigureSpec.read(entry)
    with style.context():
        page = plot_image(summary, figure, panels(summary, figure))
        page.draw_without_rendering()
    return page


def test_an_image_is_four_files_whose_bytes_repeat(summary_nc: Path, tmp_path: Path) -> None:
    files = draw(summary_nc, IMAGE, tmp_path / "one" / "spectra")
    assert [path.suffix for path in files] == [".pdf", ".png", ".csv", ".rst"]
    again = draw(summary_nc, IMAGE, tmp_path / "two" / "spectra")
    for first, second in zip(files, again, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_the_csv_holds_the_printed_numbers_and_every_point_of_the_image(summary_nc: Path, tmp_path: Path) -> None:
    files = draw(summary_nc, IMAGE, tmp_path / "spectra")
    with files[2].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    summary = open_summary(summary_nc)
    printed = [row for row in rows if row["metric"] == "peb_m"]
    expected = summary["peb_m"].sel(scheme="speb-min-hbf", population="common", statistic="median")
    for row, ends in zip(printed, expected.values, strict=True):
        np.testing.assert_allclose([float(row[end]) for end in ("value", "lower", "upper")], ends, rtol=1e-9)
        assert row["range_from_target_m"] == ""
    points = [row for row in rows if row["metric"] == "spectrum_db"]
    assert len(points) == 3 * 7 * 9
    image = summary["spectrum_db"].sel(scheme="speb-min-hbf", realisation=1)
    for row in points[5:126:20]:
        at = {key: float(row[key]) for key in ("power_dbm", "range_from_target_m", "angle_from_target_deg")}
        assert float(row["value"]) == pytest.approx(float(image.sel(at, method="nearest")), rel=1e-5)


def test_panels_share_axes_and_colours_and_say_what_they_are(summary_nc: Path) -> None:
    page = page_of(open_summary(summary_nc), IMAGE)
    shown = [axes for axes in page.axes if axes.get_visible()]
    *images, bar = shown
    assert [axes.get_title() for axes in images] == ["power 10 dBm", "power 20 dBm", "power 30 dBm"]
    # from the round level below the lowest to the peak, in steps a reader can divide
    assert {axes.collections[0].get_clim() for axes in images} == {(-400.0, 0.0)}
    assert bar.get_yticks().tolist() == [-400.0, -300.0, -200.0, -100.0, 0.0]
    assert images[0].get_shared_x_axes().joined(images[0], images[2])
    assert bar.get_ylabel() == "Spectrum (dB)"
    assert page.get_supxlabel() == "Angle from target (deg)"
    assert page.get_supylabel() == "Range from target (m)"
    for axes in images:
        (mark,) = axes.lines
        assert (mark.get_xdata(), mark.get_ydata()) == ([0.0], [0.0])
    texts = [axes.texts[0].get_text() for axes in images]
    assert all("PEB 0." in text and text.endswith(" m") for text in texts)
    assert [text.startswith("no design") for text in texts] == [False, False, True]
    # the text stands where no lobe runs: along the other diagonal
    places = {(axes.texts[0].get_horizontalalignment(), axes.texts[0].get_verticalalignment()) for axes in images}
    assert len(places) == 1
    assert places <= {("right", "bottom"), ("left", "top")}


def test_the_contour_encloses_the_lobe(summary_nc: Path) -> None:
    def contours(entry: dict[str, Any]) -> list[int]:
        return [len(axes.collections) - 1 for axes in page_of(open_summary(summary_nc), entry).axes[:3]]

    assert contours(IMAGE) == [1, 1, 0]
    assert contours({**IMAGE, "contour": None}) == [0, 0, 0]


def test_one_panel_needs_no_axis(summary_nc: Path) -> None:
    page = page_of(open_summary(summary_nc), {**IMAGE, "panels": None, "select": {"power_dbm": 20.0}})
    assert [axes.get_title() for axes in page.axes][:1] == [""]
    assert len(page.axes) == 2


def test_the_caption_says_which_draw_and_what_is_marked_and_printed(summary_nc: Path) -> None:
    summary, figure = open_summary(summary_nc), FigureSpec.read(IMAGE)
    text = image_caption(summary, figure, panels(summary, figure))
    for said in (
        "Spectrum over range from target and angle from target, of draw 1 under \u201cSPEB-min HBF\u201d.",
        "A panel for each value of the axis transmit power, on one colour scale.",
        "Cross: the target. White line: -3 dB.",
        "Printed: median position error bound, over ",
        "Draws without a design, of ",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"realisation": 7}, "figure spectra: realisation = 7: expected one whose image was kept: 1"),
        ({"image": "peb_m"}, "figure spectra: image = 'peb_m': expected one of the summary's: spectrum_db"),
        ({"printed": {"metric": "peb"}}, "metric 'peb' is unknown; did you mean 'peb_m'?"),
    ],
)
def test_what_the_summary_does_not_have_is_refused(summary_nc: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        panels(open_summary(summary_nc), FigureSpec.read({**IMAGE, **change}))
    assert message.replace("unknown;", "unknown:") in str(refused.value)
