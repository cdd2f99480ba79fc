from typing import Any

import pytest

from isaclib.campaign.figure_spec import FigureSpec

RMSE = {
    "name": "rmse",
    "x": "power_dbm",
    "y": [
        {"metric": "peb_m", "statistic": "rms", "line": "dashed"},
        {"metric": "music_error_m", "line": "none", "marker": True},
    ],
    "log_y": True,
}
TRADEOFF = {
    "name": "tradeoff",
    "kind": "tradeoff",
    "x": {"metric": "peb_m", "statistic": "median"},
    "along": "power_dbm",
    "y": {"metric": "sum_rate", "statistic": "mean"},
}
IMAGE = {
    "name": "spectra",
    "kind": "image",
    "image": "spectrum_db",
    "panels": "power_dbm",
    "schemes": ["hbf"],
    "select": {"rf_chains": 4},
    "printed": {"metric": "width_m"},
}


def test_an_entry_becomes_a_figure_with_its_defaults() -> None:
    figure = FigureSpec.read(RMSE)
    assert (figure.kind, figure.population, figure.log_x, figure.log_y) == ("curves", "common", False, True)
    assert [(curve.statistic, curve.line, curve.band) for curve in figure.y] == [
        ("rms", "dashed", "interval"),
        ("median", "none", "interval"),
    ]


def test_convergence_draws_the_median_trace_unless_told_otherwise() -> None:
    (curve,) = FigureSpec.read({"name": "convergence", "kind": "convergence"}).y
    assert (curve.metric, curve.statistic, curve.band) == ("trace", "median", "quartiles")


def test_a_tradeoff_has_metrics_on_both_axes_and_runs_along_a_third() -> None:
    figure = FigureSpec.read(TRADEOFF)
    assert figure.axis == "power_dbm"
    assert {key: (shown.metric, shown.statistic) for key, shown in figure.quantities.items()} == {
        "x": ("peb_m", "median"),
        "y[0]": ("sum_rate", "mean"),
    }
    assert FigureSpec.read(RMSE).axis == "power_dbm"
    assert list(FigureSpec.read(RMSE).quantities) == ["y[0]", "y[1]"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nmae": "a"}, "figures[3]: key 'nmae' is unknown: did you mean 'name'?"),
        ({"name": "a b"}, "figures[3].name = 'a b': expected letters"),
        ({"kind": "curve"}, "figures[3].kind = 'curve': expected one of curves, convergence, tradeoff, image"),
        ({"kind": "convergence"}, "figures[3].x = 'power_dbm': expected none"),
        (
            {"kind": "convergence", "x": None, "y": {"metric": "trace", "statistic": "ratio_median"}},
            "figures[3].y[0].statistic = 'ratio_median': expected one of mean",
        ),
        ({"x": None}, "figures[3].x is missing: expected the name of a grid axis"),
        ({"y": []}, "figures[3].y is missing"),
        ({"y": "peb_m"}, "figures[3].y = 'peb_m': expected a list"),
        ({"y": [{"statistic": "rms"}]}, "figures[3].y[0]: metric is missing"),
        ({"y": [{"metric": "peb_m", "statistic": "rmse"}]}, "figures[3].y[0].statistic = 'rmse': expected one of mean"),
        (
            {"y": {"metric": "peb_m", "line": "none"}},
            "figures[3].y[0].marker = False: expected true where line is none",
        ),
        (
            {"y": {"metric": "speb_m2", "statistic": "mean", "root": True}},
            "figures[3].y[0].root = True: expected a quantile",
        ),
        (
            {"along": "power_dbm"},
            "figures[3].along = 'power_dbm': expected none, only a figure of kind tradeoff has it",
        ),
        ({"x": {"metric": "peb_m"}}, "figures[3].x = {'metric': 'peb_m'}: expected the name of a grid axis"),
        ({"log_y": "yes"}, "figures[3].log_y = 'yes': expected true or false"),
        ({"schemes": "speb-min-hbf"}, "figures[3].schemes = 'speb-min-hbf': expected a list of labels"),
    ],
)
def test_a_bad_entry_gets_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        FigureSpec.read({**RMSE, **change}, "figures[3]")
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": "power_dbm"}, "figures[3].x = 'power_dbm': expected a metric, {metric: ..., statistic: ...}"),
        ({"x": None}, "figures[3].x is missing: expected a metric"),
        ({"x": {"statistic": "median"}}, "figures[3].x: metric is missing"),
        ({"x": {"metric": "peb_m", "line": "solid"}}, "figures[3].x: key 'line' is unknown"),
        ({"x": {"metric": "peb_m", "statistic": "rmse"}}, "figures[3].x.statistic = 'rmse': expected one of mean"),
        ({"along": None}, "figures[3].along is missing: expected the name of the grid axis"),
    ],
)
def test_a_bad_tradeoff_gets_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        FigureSpec.read({**TRADEOFF, **change}, "figures[3]")
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": None}, "figures[3].image is missing: expected the name of a metric over two dimensions"),
        ({"x": "power_dbm"}, "figures[3].x = 'power_dbm': expected none in a figure of kind image"),
        ({"y": {"metric": "peb_m"}}, "figures[3].y = (CurveSpec("),
        ({"log_y": True}, "figures[3].log_y = True: expected none in a figure of kind image"),
        ({"realisation": -1}, "figures[3].realisation = -1: expected a whole number of at least 0"),
        ({"realisation": 0.5}, "figures[3].realisation = 0.5: expected a whole number"),
        ({"contour": "low"}, "figures[3].contour = 'low': expected a number"),
        ({"printed": "width_m"}, "figures[3].printed = 'width_m': expected a list"),
        ({"printed": {"metric": "width_m", "line": "solid"}}, "figures[3].printed[0]: key 'line' is unknown"),
        (
            {"printed": {"metric": "width_m", "statistic": "ratio_median"}},
            "figures[3].printed[0].statistic = 'ratio_median': expected one of mean",
        ),
        ({"kind": "curves"}, "figures[3].image = 'spectrum_db': expected none, only a figure of kind image has it"),
    ],
)
def test_a_bad_image_gets_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        FigureSpec.read({**IMAGE, **change}, "figures[3]")
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"panels": "level"}, "figures[0].panels = 'level': expected an axis of the grid"),
        ({"select": {}}, "figures[0]: axis 'rf_chains' has 2 values: expected it as panels or in select"),
        ({"schemes": []}, "figures[0].schemes = []: expected one of fdbf, hbf"),
    ],
)
def test_an_image_is_held_against_its_campaign(change: dict[str, Any], message: str) -> None:
    axes, schemes = {"power_dbm": [10, 20], "rf_chains": [4, 8]}, ["fdbf", "hbf"]
    FigureSpec.read(IMAGE).check(axes=axes, schemes=schemes)
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        FigureSpec.read({**IMAGE, **change}).check(axes=axes, schemes=schemes)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": "power"}, "figures[0].x = 'power': expected an axis of the grid; did you mean 'power_dbm'?"),
        ({"series": "chains"}, "figures[0].series = 'chains': expected an axis of the grid"),
        ({"select": {"rf_chains": 5}}, "figures[0].select.rf_chains = 5: expected one of 4, 8"),
        ({"schemes": ["fdbf"]}, "figures[0].schemes has 'fdbf': expected a label of the campaign"),
        ({"y": {"metric": "peb_m", "schemes": ["hbf"]}}, "figures[0].y[0].schemes has 'hbf'"),
        ({}, "figures[0]: axis 'rf_chains' has 2 values: expected it as x, as series or in select"),
    ],
)
def test_a_figure_is_held_against_its_campaign(change: dict[str, Any], message: str) -> None:
    axes, schemes = {"power_dbm": [10, 20], "rf_chains": [4, 8]}, ["speb-min-fdbf", "speb-min-hbf"]
    FigureSpec.read({**RMSE, "series": "rf_chains"}).check(axes=axes, schemes=schemes)
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        FigureSpec.read({**RMSE, **change}).check(axes=axes, schemes=schemes)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"along": "level"}, "figures[0].along = 'level': expected an axis of the grid"),
        ({}, "figures[0]: axis 'rf_chains' has 2 values: expected it as along, as series or in select"),
    ],
)
def test_a_tradeoff_is_held_against_its_campaign(change: dict[str, Any], message: str) -> None:
    axes = {"power_dbm": [10, 20], "rf_chains": [4, 8]}
    FigureSpec.read({**TRADEOFF, "series": "rf_chains"}).check(axes=axes, schemes=[])
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared below
        FigureSpec.read({**TRADEOFF, **change}).check(axes=axes, schemes=[])
    assert str(refused.value).startswith(message)
