"""The interactive page: what it holds, and what a person finds who opens it in a browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from typer.testing import CliRunner

from isaclib.campaign.identity import scheme_id
from isaclib.campaign.redesign import redesign
from isaclib.campaign.summary import summarise
from isaclib.campaign.tidy import open_summary
from isaclib.cli import app
from isaclib.figures.page import write_page
from isaclib.figures.style import SCHEMES
from isaclib.systems import get_system

BEAMS = ("sensing-only-fdbf", "sensing-only-hbf")


def with_scales(data: xr.Dataset) -> xr.Dataset:
    """Return a campaign with a second axis, of labels; the larger scale has twice the bound."""
    bare = data.drop_vars(["power_dbm", "user", "iteration"])
    larger = bare.assign(peb_m=bare.peb_m.copy(data=2.0 * bare.peb_m.values))
    wide = xr.concat([bare, larger], xr.Variable("scale", ["16x12", "64x3"]), data_vars="all")
    return wide.transpose("scheme", "scale", ...).assign_coords(power_dbm=data.power_dbm)


def with_identity(data: xr.Dataset) -> xr.Dataset:
    """Return a campaign whose designs can be made anew: closed forms of a small array."""
    system = get_system("hybrid")
    curves = [
        {
            "label": name,
            "scheme": name,
            "solver": "closed-form",
            "options": {},
            "parameters": {},
            "scheme_id": scheme_id(system.scheme(name), "closed-form", {}),
        }
        for name in data.scheme.values.tolist()
    ]
    axes = {"power_dbm": [[value, {"power_dbm": value}] for value in data.power_dbm.values.tolist()]}
    fixed = {name: {"elements": 8, "rf_chains": 2} for name in BEAMS}
    told = {"curves": curves, "axes": axes, "parameters": fixed}
    return data.assign_attrs({key: json.dumps(value) for key, value in told.items()})


@pytest.fixture(scope="module")
def results(synthetic_campaign: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page") / "results"
    for name, change, keys in (
        ("alone", lambda data: with_identity(data.isel(scheme=[0])), {"schemes": BEAMS}),
        ("beams", with_identity, {"schemes": BEAMS}),
        ("scales", with_scales, {}),
    ):
        folder = root / name
        folder.mkdir(parents=True)
        data = xr.load_dataset(synthetic_campaign(folder / "plain.nc", **keys))
        change(data).to_netcdf(folder / "campaign.nc")
        summarise(folder / "campaign.nc", folder / "summary.nc", folder / "summary.csv")
    folders = [root / name for name in ("scales", "alone", "beams")]
    assert len(write_page(folders, root / "page.html", draws=2)) == 1
    return root


def stored(results: Path, number: int) -> dict[str, Any]:
    packed = re.search(rf'id="campaign-{number}"[^>]*>([^<]*)<', (results / "page.html").read_text()).group(1)
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def array(told: dict[str, Any]) -> xr.DataArray:
    values = np.array([np.nan if value is None else value for value in told["values"]])
    return xr.DataArray(values.reshape(told["shape"]), dims=told["dims"])


def test_the_page_holds_the_numbers_of_the_summary_and_loads_nothing(results: Path) -> None:
    data, summary = stored(results, 0), open_summary(results / "scales" / "summary.nc")
    for name in ("peb_m", "rate"):
        told = data["metrics"][name]
        expected = summary[name].sel(statistic=data["dims"]["statistic"]["values"])
        np.testing.assert_allclose(array(told["values"]), expected.values, rtol=1e-5)
        np.testing.assert_array_equal(array(told["counts"]), summary[f"{name}_count"].values)
        np.testing.assert_allclose(array(told["paired"]), summary[f"{name}_paired"].values, rtol=1e-5, atol=1e-12)
    np.testing.assert_array_equal(array(data["status"]), summary["status_count"].values)
    assert data["dims"]["iteration"]["values"] == list(range(1, 13))
    page = (results / "page.html").read_text()
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)


def test_a_long_trace_is_thinned_and_equal_data_are_equal_pages(
    synthetic_campaign: Callable[..., Path], tmp_path: Path
) -> None:
    synthetic_campaign(tmp_path / "campaign.nc", iterations=500, realisations=8)
    summarise(tmp_path / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    for name in ("one.html", "two.html"):
        assert write_page([tmp_path], tmp_path / name, draws=0) == []
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    (tmp_path / "page.html").write_bytes((tmp_path / "one.html").read_bytes())
    data = stored(tmp_path, 0)
    steps = np.array(data["dims"]["iteration"]["values"])
    assert steps[0] == 1
    assert steps[-1] == 500
    assert len(steps) <= 40
    expected = open_summary(tmp_path / "summary.nc")["trace"].isel(iteration=steps - 1)
    expected = expected.sel(statistic=data["dims"]["statistic"]["values"])
    np.testing.assert_allclose(array(data["metrics"]["trace"]["values"]), expected.values, rtol=1e-5)


def test_what_is_missing_is_one_line(results: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^no campaign: expected at least one folder of results"):
        write_page([], tmp_path / "page.html")
    with pytest.raises(
        ValueError, match=r"summary.nc: missing: expected the summary of a finished campaign; \S+ makes"
    ):
        write_page([tmp_path], tmp_path / "page.html")
    (reason,) = write_page([results / "scales"], tmp_path / "page.html")
    assert reason.startswith("scales: no beam patterns: ")
    assert "\n" not in reason


def test_the_command_takes_every_campaign_under_results(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parent)
    done = CliRunner().invoke(app, ["page", "--draws", "0", "--output", "every.html"])
    assert done.output == "every.html\n"
    assert re.findall(r'data-campaign="(\w+)"', Path("every.html").read_text()) == ["alone", "beams", "scales"]


def opened(browser: Any, results: Path) -> None:
    browser.resize(1400, 1000)
    browser.open((results / "page.html").as_uri())
    browser.wait_for("document.body && document.body.dataset.shown === 'scales'")


def hovered(browser: Any, scheme: str, x: Any) -> list[str]:
    """Return what stands at a point of a curve when the mouse is on it."""
    left, top, _, _ = browser.box("#chart")
    at = browser.ask(
        "(() => { const { data, _fullLayout: { xaxis, yaxis } } = document.getElementById('chart');"
        f"const curve = data.find((each) => each.name === {json.dumps(scheme)});"
        f"const k = curve.x.findIndex((each) => each === {json.dumps(x)});"
        "return [xaxis._offset + xaxis.d2p(curve.x[k]), yaxis._offset + yaxis.d2p(curve.y[k])]; })()"
    )
    browser.hover(left + at[0], top + at[1])
    lines = "[...document.querySelectorAll('#chart .hovertext tspan.line')].map((each) => each.textContent)"
    # the label of the point before may still be there
    browser.wait_for(f"{lines}[0] === {json.dumps(scheme)} && {lines}[1].endsWith({json.dumps(f': {x}')})")
    return browser.ask(lines)


def numbers(text: str) -> list[float]:
    return [float(each) for each in re.findall(r"-?\d[\d.]*(?:e[+-]?\d+)?", text.replace("−", "-"))]


def test_a_person_chooses_and_reads_value_interval_and_counts(browser: Any, results: Path, tmp_path: Path) -> None:
    summary = open_summary(results / "scales" / "summary.nc")
    opened(browser, results)
    browser.choose("#metric", "Rate (bit/s/Hz): rate")
    browser.choose("#statistic", "75 % quantile")
    browser.choose("#at-user", "2")
    browser.choose("#population", "solved by each scheme itself")
    at = {"scheme": "speb-min-hbf", "power_dbm": 10.0, "scale": "64x3", "population": "own"}
    found = hovered(browser, "SPEB-min HBF", 10)
    expected = summary["rate"].isel(user=1).sel(at).sel(statistic="q75").values
    np.testing.assert_allclose([*numbers(found[2]), *numbers(found[3])[1:]], expected, rtol=1e-4)
    assert found[3].startswith("95 % interval: ")
    count = int(summary["rate_count"].isel(user=1).sel(at))
    status = summary["status_count"].sel({key: at[key] for key in ("scheme", "power_dbm", "scale")})
    assert found[4] == f"from {count} draws"
    words = ", ".join(f"{int(n)} {name}" for name, n in zip(status.status.values, status.values, strict=True) if n)
    assert found[5] == f"of 40: {words}"
    assert count < 40

    # another axis, and a statistic of pairs
    browser.choose("#metric", "Position error bound (m): peb_m")
    browser.choose("#x", "Scale")
    browser.choose("#statistic", "Median paired ratio to SPEB-min FDBF")
    assert browser.ask("document.getElementById('population').disabled")
    found = hovered(browser, "SNR-max HBF", "64x3")
    power = browser.ask("document.getElementById('at-power_dbm').selectedOptions[0].text")
    at = {"scheme": "snr-max-hbf", "power_dbm": float(power), "scale": "64x3"}
    expected = summary["peb_m_paired"].sel(at).sel(paired="ratio_median").values
    np.testing.assert_allclose([*numbers(found[2]), *numbers(found[3])[1:]], expected, rtol=1e-4)
    assert found[4] == f"from {int(summary['peb_m_pairs'].sel(at))} pairs"

    # the table says the same; a scheme that is not ticked is neither drawn nor in it
    cells = "[...document.querySelectorAll('#table tr:last-child td')].map((each) => each.firstChild.textContent)"
    assert numbers(browser.ask(cells)[2]) == pytest.approx([expected[0]], rel=1e-4)
    browser.photograph("#chart", tmp_path / "all.png")
    browser.click("#scheme-2")
    assert len(browser.ask(cells)) == summary.sizes["scheme"] - 1
    browser.photograph("#chart", tmp_path / "fewer.png")
    assert seen(tmp_path / "all.png", "snr-max-hbf") > 20
    assert seen(tmp_path / "fewer.png", "snr-max-hbf") == 0
    assert seen(tmp_path / "fewer.png", "two-stage-hbf") > 20

    # plotly's own buttons would send the chart to its makers
    buttons = "[...document.querySelectorAll('#chart .modebar-btn')].map((each) => each.dataset.title)"
    assert browser.ask(buttons) == ["Zoom", "Pan", "Reset axes"]
    assert browser.complaints == []
    assert browser.requests == [(results / "page.html").as_uri()]


def seen(picture: Path, scheme: str) -> int:
    """Count the pixels of a scheme's colour."""
    return int((np.abs(imread(picture)[..., :3] - to_rgb(SCHEMES[scheme][0])).max(axis=-1) < 0.01).sum())


def test_the_keyboard_is_enough_and_what_a_log_axis_cannot_show_is_not_offered(browser: Any, results: Path) -> None:
    opened(browser, results)
    scale = "document.getElementById('chart')._fullLayout.yaxis.type"
    before = browser.ask(scale)
    browser.ask("document.getElementById('log-y').focus()")
    browser.press(" ")
    assert {before, browser.ask(scale)} == {"linear", "log"}
    browser.ask("document.getElementById('statistic').focus()")
    browser.press("ArrowDown")
    browser.wait_for("document.getElementById('shown').textContent.startsWith('Mean ')")
    assert not browser.ask("document.getElementById('log-x').disabled")
    browser.choose("#x", "Scale")
    assert browser.ask("document.getElementById('log-x').disabled")
    labels = "[...document.querySelectorAll('select, input')].map((each) => each.labels[0]?.textContent.trim())"
    assert all(browser.ask(labels))


def test_patterns_of_two_schemes_are_those_of_the_library(browser: Any, results: Path) -> None:
    opened(browser, results)
    assert browser.ask("document.getElementById('pair').hidden")
    assert "None: " in browser.ask("document.getElementById('missing').textContent")
    for name, hidden in (("alone", True), ("beams", False)):
        browser.choose("#campaign", name)
        browser.wait_for(f"document.body.dataset.shown === '{name}'")
        assert browser.ask("document.getElementById('right-figure').hidden") is hidden
    # the left one had all of the width before the right one came
    edges = (
        "['left', 'right'].map((side) => document.querySelector(`#${side}-pattern .main-svg`).getBoundingClientRect())"
    )
    browser.wait_for(f"(([left, right]) => left.right <= right.left)({edges})")
    browser.choose("#draw", "1")
    browser.choose("#view", "around the target")
    browser.choose("#left", "Sensing-only HBF")
    browser.choose("#right", "Sensing-only FDBF")
    scales = []
    for side, scheme in (("left", "sensing-only-hbf"), ("right", "sensing-only-fdbf")):
        drawn = f"document.getElementById('{side}-pattern').data[0]"
        image = browser.ask(f"(({{ x, y, z, zmin, zmax }}) => ({{ x, y, z, zmin, zmax }}))({drawn})")
        made = redesign(results / "beams", scheme=scheme, realisation=1, power_dbm=20.0)
        power = made.system.pattern(made.scenario, made.design, 0, np.array(image["y"]), np.radians(image["x"]))
        levels = np.maximum(10.0 * np.log10(power), image["zmax"] - 50.0)
        np.testing.assert_allclose(np.maximum(image["z"], image["zmax"] - 50.0), levels, atol=0.26)
        scales.append((image["zmin"], image["zmax"]))
    assert scales[0] == scales[1]
    # the target stands where the parameters put it
    places = browser.ask("document.getElementById('left-pattern').data.slice(1).map(({ name, x, y }) => [name, x, y])")
    assert [name for name, _, _ in places] == ["users", "target"]
    assert places[1][1:] == [[0], [10]]
    assert len(places[0][1]) == 2
    assert browser.complaints == []
