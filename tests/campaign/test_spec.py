"""Campaign files: what they mean, and what is refused before anything runs."""

from __future__ import annotations

import os
import re

import pytest

from isaclib.campaign import grid
from isaclib.campaign.document import CampaignError
from isaclib.campaign.reading import check_writable, load
from isaclib.campaign.spec import efforts_covering


def test_defaults_are_filled_in(campaign):
    spec = campaign(schemes="[plain]", estimators="{echo: }")
    (curve,) = spec.curves
    assert (curve.label, curve.solver, curve.options, curve.realisations) == ("plain", "direct", {"scale": 1.0}, 100)
    assert spec.estimators == {"echo": {"trials": 3}}
    assert spec.realisations == 100


def test_every_grid_index_has_a_point_with_all_parameters(campaign):
    spec = campaign(grid="{power_dbm: [10, 20], users: [1, 2, 3]}", parameters="{elements: 8}")
    points = spec.points(spec.curves[0])
    assert list(points) == [(i, k) for i in range(2) for k in range(3)]
    assert points[1, 2].parameters == {"elements": 8, "users": 3, "power_dbm": 20.0}
    assert len({point.id for point in points.values()}) == 6


def test_values_of_an_axis_have_the_type_of_the_parameter(campaign):
    spec = campaign(grid="{power_dbm: [10, 20], users: [1.0, 2]}")
    assert [type(value) for value in spec.values("power_dbm")] == [float, float]
    assert [type(value) for value in spec.values("users")] == [int, int]


def test_a_spaced_axis_includes_its_stop_and_does_not_drift():
    axes = grid.read_axes({"power_dbm": {"start": 0, "stop": 0.7, "step": 0.1}}, {"power_dbm"})
    assert [value for value, _ in axes["power_dbm"]] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    down = grid.read_axes({"users": {"start": 3, "stop": 1, "step": -1}}, {"users"})
    assert [value for value, _ in down["users"]] == [3, 2, 1]


def test_a_title_is_one_line(campaign):
    assert campaign(title='"over\\n two  lines\\n"').title == "over two lines"


@pytest.mark.parametrize(
    ("system", "scheme", "content", "complaint"),
    [
        ("hybrid", "speb-min-fdbf", "{peb_m: {a: {users: 1}, b: {users: 2}}}", "grid: 'peb_m'"),
        ("stars", "joint-design", "{kind: {a: {bound: efim}, b: {bound: known-beta}}}", "grid.kind: 'bound'"),
    ],
)
def test_an_axis_and_what_its_labels_set_are_no_metric(tmp_path, system, scheme, content, complaint):
    path = tmp_path / "odd.yaml"
    path.write_text(
        f"{{campaign: odd, system: {system}, seed: 1, realisations: 1, schemes: [{scheme}], grid: {content}}}"
    )
    with pytest.raises(CampaignError, match=rf"odd\.yaml: {re.escape(complaint)}: expected a name that no metric has"):
        load(path)


def test_an_axis_of_labels_sets_several_parameters(campaign):
    spec = campaign(grid="{scale: {small: {elements: 4, users: 1}, large: {elements: 16, users: 3}}}")
    assert spec.values("scale") == ("small", "large")
    assert spec.points(spec.curves[0])[(1,)].parameters == {"elements": 16, "users": 3, "power_dbm": 10.0}


def test_a_curve_sets_its_own_parameters_and_realisations(campaign):
    schemes = "[plain, {scheme: plain, label: wide, parameters: {elements: 9}, realisations: {quick: 0, paper: 5}}]"
    quick, paper = campaign(schemes=schemes), campaign(effort="paper", schemes=schemes)
    assert [curve.label for curve in quick.curves] == ["plain"]
    assert [(curve.label, curve.realisations) for curve in paper.curves] == [("plain", 200), ("wide", 5)]
    assert paper.points(paper.curves[1])[(0,)].parameters["elements"] == 9
    assert [curve.realisations for curve in quick.named().curves] == [200, 5]
    assert [larger.effort for larger in efforts_covering(quick)] == ["paper"]
    assert list(efforts_covering(paper)) == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"campaign": "other"}, "campaign: 'other': expected 'tiny-1'"),
        ({"titel": "x"}, "key 'titel' is unknown: did you mean 'title'?"),
        ({"system": "tini"}, "system 'tini' is unknown: did you mean 'tiny'?"),
        ({"seed": "-1"}, "seed: -1: expected a whole number of at least 0"),
        ({"seed": ".nan"}, "seed: nan: expected a whole number of at least 0"),
        ({"seed": "1e300"}, "seed: 1e+300: expected a whole number of at most 9223372036854775807"),
        ({"realisations": "1e12"}, "realisations: 1000000000000.0: expected a whole number of at most 10000000"),
        ({"parameters": "{userz: 3}"}, "parameters: 'userz' is no parameter of the system: did you mean 'users'?"),
        ({"parameters": "{users: 0.5}"}, "parameters.users: 0.5: expected a whole number from 1 to 64"),
        ({"parameters": "{power_dbm: 10}"}, "parameters.power_dbm: the grid sets it too"),
        ({"grid": "{}"}, "grid: empty: expected at least one axis"),
        ({"grid": "{power_dbm: []}"}, "grid.power_dbm: empty: expected at least one value"),
        ({"grid": "{power_dbm: [10, 1000]}"}, "grid.power_dbm: 1000: expected a number from -60 to 80 dBm"),
        ({"grid": "{power_dbm: [10, loud]}"}, "grid.power_dbm: 'loud': expected a number from -60 to 80 dBm"),
        ({"grid": "{power_dbm: [10, 10]}"}, "grid.power_dbm: 10 stands twice"),
        ({"grid": "{power: [10]}"}, "grid.power: 'power' is no parameter of the system: did you mean 'power_dbm'?"),
        ({"grid": "{scheme: {a: {users: 1}}}"}, "grid.scheme: 'scheme' cannot name an axis"),
        ({"grid": "{limit: {a: {users: 1}}}"}, "grid.limit: 'limit' cannot name an axis"),
        ({"grid": "{target: {a: {users: 1}}}"}, "grid.target: 'target' cannot name an axis"),
        ({"grid": "{users: {a: {elements: 2}}}"}, "grid.users: 'users': expected labels that set it"),
        ({"grid": "{power_dbm: {start: 10, stop: 40, stepp: 5}}"}, "key 'stepp' is unknown: did you mean 'step'?"),
        (
            {"grid": "{power_dbm: {start: 10, stop: 42, step: 5}}"},
            "power_dbm.stop: 42: expected a whole number of steps",
        ),
        ({"grid": "{power_dbm: {start: 10, stop: 40, step: 0}}"}, "power_dbm.step: 0: expected a step that leads"),
        ({"grid": "{power_dbm: {start: 0, stop: 40, step: 0.0001}}"}, "step: 0.0001: expected at most 10000 values"),
        ({"grid": "{s: {a: {users: 1}, b: {elements: 2}}}"}, "grid.s.b: ['elements']: expected the same parameters"),
        ({"grid": "{s: {a: {users: 99}}}"}, "grid.s.a.users: 99: expected a whole number from 1 to 64"),
        ({"grid": "{s: {a: {users: 1}}, users: [2]}"}, "grid.users: users is set by axis 's' too"),
        ({"schemes": "[]"}, "schemes: []: expected a list of at least one scheme"),
        ({"schemes": "[plane]"}, "schemes[0]: system 'tiny' has no scheme 'plane': did you mean 'plain'?"),
        ({"schemes": "[{scheme: plain, solver: dirct}]"}, "no solver 'dirct': did you mean 'direct'?"),
        ({"schemes": "[{scheme: plain, options: {scal: 2}}]"}, "option 'scal' is unknown: did you mean 'scale'?"),
        ({"schemes": "[{scheme: plain, option: {scale: 2}}]"}, "key 'option' is unknown: did you mean 'options'?"),
        (
            {"schemes": "[{scheme: plain, parameters: {users: 99}}]"},
            "schemes[0].parameters.users: 99: expected a whole",
        ),
        (
            {"schemes": "[plain, {scheme: plain, options: {scale: 2}}]"},
            "schemes[1]: label 'plain' is taken by schemes[0]",
        ),
        (
            {"schemes": "[plain, {scheme: plain, label: b}]"},
            "schemes[1]: the same scheme, solver, options and parameters",
        ),
        ({"realisations": "0"}, "realisations: 0: expected a whole number of at least 1"),
        ({"realisations": "{quick: 0}"}, "realisations.quick: 0: expected a whole number of at least 1"),
        ({"realisations": "{quik: 8}"}, "realisations: key 'quik' is unknown: did you mean 'quick'?"),
        ({"realisations": "{paper: 8}"}, "effort 'quick' is missing: expected a number for it; there is paper"),
        ({"schemes": "[{scheme: plain, realisations: 0}]"}, "realisations: no scheme has any in effort 'quick'"),
        ({"estimators": "{ecco: }"}, "system 'tiny' has no estimator 'ecco': did you mean 'echo'?"),
        ({"estimators": "{echo: {trials: many}}"}, "estimators.echo: option trials = 'many': expected"),
        ({"store": "[beams]"}, "store: ['beams']: expected a list of beamformers"),
        ({"figures": "[{name: f, x: power, y: {metric: peb_m}}]"}, "did you mean 'power_dbm'?"),
        (
            {"figures": "[&f {name: f, x: power_dbm, y: {metric: peb_m}}, *f]"},
            "figures[1].name: 'f': expected a name no",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_field_value_and_expectation(campaign, tmp_path, keys, message):
    with pytest.raises(CampaignError) as caught:
        campaign(**keys)
    assert str(caught.value).startswith(f"{tmp_path / 'tiny-1.yaml'}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_solver_is_held_against_every_point(tmp_path):
    path = tmp_path / "crowd.yaml"
    path.write_text(
        "{campaign: crowd, system: stars, seed: 1, realisations: 1, grid: {power_dbm: [10], targets: [1, 2]},"
        " schemes: [joint-design]}"
    )
    with pytest.raises(CampaignError) as caught:
        load(path)
    expected = f"{path}: schemes[0]: targets = 2: expected 1 for the solver closed-form; the solver riemannian covers"
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


def test_an_estimator_is_held_against_every_point(tmp_path):
    path = tmp_path / "sector.yaml"
    path.write_text(
        "{campaign: sector, system: hybrid, seed: 1, realisations: 1, schemes: [speb-min-fdbf],"
        " grid: {near: {a: {target_m: [10, 0]}, b: {target_m: [4, 4]}}},"
        " estimators: {music: {angle_max_deg: 30}}}"
    )
    with pytest.raises(CampaignError, match=r"sector\.yaml: estimators\.music: target_m = .4.0, 4.0.: expected a tar"):
        load(path)


def test_a_missing_key_is_named(tmp_path):
    from isaclib.campaign.reading import load

    path = tmp_path / "a.yaml"
    path.write_text("campaign: a")
    with pytest.raises(CampaignError, match=r"a\.yaml: system is missing: expected `system: \.\.\.`$"):
        load(path)


def test_results_that_cannot_be_written_are_refused(tmp_path):
    check_writable(tmp_path / "not" / "yet" / "there")
    (tmp_path / "file").write_text("")
    with pytest.raises(CampaignError, match=r"expected a folder, .*file' is a file"):
        check_writable(tmp_path / "file" / "results")
    if os.path.isdir("/proc"):
        with pytest.raises(CampaignError, match="expected a folder that can be written"):
            check_writable("/proc/results")


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ("x: power_dbm, y: {metric: pebm}", "'pebm': expected a metric; did you mean 'peb_m'?"),
        ("x: power_dbm, y: {metric: music_error_m}", "this one comes from the estimator 'music', which the campaign"),
        ("x: power_dbm, y: {metric: rate}", "'rate': expected one number a draw, this one has one for each user"),
        ("x: power_dbm, y: {metric: trace}", "'trace': expected one number a draw"),
        ("x: power_dbm, y: {metric: status}", "'status': expected a metric"),
        ("kind: convergence, series: power_dbm, y: {metric: peb_m}", "'peb_m': expected a metric over iterations"),
    ],
)
def test_a_figure_of_what_no_run_has_is_refused(tmp_path, figure, message):
    path = tmp_path / "drawn.yaml"
    path.write_text(
        "{campaign: drawn, system: hybrid, seed: 1, realisations: 1, schemes: [speb-min-fdbf],"
        f" grid: {{power_dbm: [20, 30]}}, figures: [{{name: f, {figure}}}]}}"
    )
    with pytest.raises(CampaignError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: figures[0].y[0].metric: ")
    assert message in str(caught.value)


def test_the_metric_on_the_x_axis_is_one_number_a_draw_too(tmp_path):
    path = tmp_path / "drawn.yaml"
    path.write_text(
        "{campaign: drawn, system: hybrid, seed: 1, realisations: 1, schemes: [speb-min-fdbf], grid: {power_dbm: [20]},"
        " figures: [{name: f, kind: tradeoff, x: {metric: rate}, along: power_dbm, y: {metric: peb_m}}]}"
    )
    with pytest.raises(CampaignError, match=r"figures\[0\]\.x\.metric: 'rate': expected one number a draw"):
        load(path)


@pytest.mark.parametrize(
    ("options", "figure", "message"),
    [
        ("spectrum: 9", "image: music_spectrum_db, printed: {metric: music_width_m}", None),
        ("trials: 2", "image: music_spectrum_db", "image: 'music_spectrum_db': expected the option spectrum"),
        ("spectrum: 9", "image: music_width_m", "image: 'music_width_m': expected a metric over two dimensions"),
        (
            "spectrum: 9",
            "image: music_spectrum_db, printed: {metric: music_spectrum_db}",
            "printed[0].metric: 'music_spectrum_db': expected one number a draw",
        ),
        (
            "spectrum: 9",
            "image: music_spectrum_db, realisation: 3",
            "realisation: 3: expected less than the 3 there are",
        ),
    ],
)
def test_an_image_is_a_metric_over_two_dimensions_that_is_asked_for(tmp_path, options, figure, message):
    path = tmp_path / "drawn.yaml"
    path.write_text(
        "{campaign: drawn, system: modular, seed: 1, realisations: 3, schemes: [hybrid-beamforming],"
        f" grid: {{snr_db: [0]}}, estimators: {{music: {{{options}}}}}, figures: [{{name: f, kind: image, {figure}}}]}}"
    )
    if message is None:
        assert load(path).figures[0].image == "music_spectrum_db"
        return
    with pytest.raises(CampaignError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: figures[0].{message}")


@pytest.mark.parametrize(
    ("scheme", "hint"),
    [
        (
            "{scheme: speb-min-hbf, label: h, options: {trace: 0}}",
            "a scheme that keeps a trace, as 'h' with option trace",
        ),
        ("speb-min-fdbf", "a scheme that keeps a trace"),
        ("{scheme: speb-min-hbf, options: {trace: 9}}", None),
        ("{scheme: speb-min-hbf, solver: sdr-bcd}", None),
    ],
)
def test_a_convergence_figure_needs_a_trace(tmp_path, scheme, hint):
    path = tmp_path / "drawn.yaml"
    path.write_text(
        "{campaign: drawn, system: hybrid, seed: 1, realisations: 1, grid: {power_dbm: [20]},"
        f" schemes: [{scheme}], figures: [{{name: f, kind: convergence}}]}}"
    )
    if hint is None:
        assert load(path).figures[0].kind == "convergence"
        return
    with pytest.raises(CampaignError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: figures[0].y[0]: 'trace': expected {hint}")
