"""Pictures of one realisation: what their artists hold."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from isaclib import figures
from isaclib.systems import SYSTEMS, get_system

matplotlib.use("agg")

SMALL = {
    "hybrid": {"elements": 12, "power_dbm": 35.0, "target_m": (6.0, 0.4)},
    "modular": {"elements_per_subarray": 6, "snapshots": 16},
    "stars": {"star_elements": 12, "min_rate_bps_hz": 3.0, "power_dbm": 40.0},
}
SCHEME = {"hybrid": "speb-min-hbf", "modular": "hybrid-beamforming", "stars": "joint-design"}


@pytest.fixture(scope="module", params=SYSTEMS)
def designed(request):
    system = get_system(request.param)
    scenario = system.draw(system.Parameters(**SMALL[system.name]), seed=3, start=64, stop=66)
    return system, scenario, system.design(scenario, scheme=SCHEME[system.name])


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


def marked(ax):
    """Points of every mark, by its label."""
    return {line.get_label(): np.array(line.get_data()).T for line in ax.lines}


def test_a_pattern_shows_the_power_in_db_and_marks_what_it_is_meant_for(designed, ax):
    system, scenario, design = designed
    ranges, angles = np.linspace(2.0, 60.0, 12), np.linspace(-90.0, 270.0, 25)
    assert figures.beampattern(scenario, design, 65, ranges_m=ranges, angles_deg=angles, ax=ax) is ax
    (mesh,) = ax.collections
    power = system.pattern(scenario, design, 1, ranges, np.radians(angles))
    np.testing.assert_allclose(mesh.get_array().reshape(12, 25), 10.0 * np.log10(power / power.max()), rtol=1e-9)
    assert mesh.get_clim() == (-40.0, 0.0)
    behind = ", beyond 90 transmission side" if system.name == "stars" else ""
    assert ax.get_xlabel() == f"Angle (deg{behind})"
    assert ax.get_ylabel() == "Range (m)"
    assert ax.figure.axes[1].get_ylabel() == "Relative power (dB)"
    places = system.places(scenario, 1)
    found = marked(ax)
    kinds = [kind for kind in places if kind.rstrip("s") in ("user", "target", "interferer")]
    assert list(found) == kinds
    for kind in kinds:
        turned = found[kind][:, 1] * np.exp(1j * np.radians(found[kind][:, 0]))
        inside = [place for place in places[kind] if 2.0 <= np.hypot(*place) <= 60.0]
        np.testing.assert_allclose(np.stack([turned.real, turned.imag], axis=-1), inside, atol=1e-9)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [kind.capitalize() for kind in kinds]


def test_a_plan_has_the_same_levels_where_they_are_and_a_reference_of_ones_own(designed, ax):
    system, scenario, design = designed
    figures.beampattern(
        scenario, design, beam=0, view="plan", reference_w=2.0, dynamic_db=60.0,
        ranges_m=[10.0, 20.0, 30.0], angles_deg=[-10.0, 0.0, 10.0, 20.0], ax=ax,
    )  # fmt: skip
    (mesh,) = ax.collections
    corners = mesh.get_coordinates()
    np.testing.assert_allclose(
        np.hypot(*np.moveaxis(corners, -1, 0)), np.array([[5.0], [15.0], [25.0], [35.0]]) + np.zeros(5)
    )
    degrees = np.degrees(np.arctan2(corners[..., 1], corners[..., 0]))
    np.testing.assert_allclose(degrees, np.array([-15.0, -5.0, 5.0, 15.0, 25.0]) + np.zeros((4, 1)))
    power = system.pattern(scenario, design, 0, [10.0, 20.0, 30.0], np.radians([-10.0, 0.0, 10.0, 20.0]), beam=0)
    np.testing.assert_allclose(10.0 ** (mesh.get_array().reshape(3, 4) / 10.0), power / 2.0, rtol=1e-9)
    assert mesh.get_clim() == (-60.0, 0.0)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (m)", "y (m)")
    assert ax.figure.axes[1].get_ylabel() == "Power over 2 W (dB)"


def test_a_pattern_reaches_all_that_stands_around_by_itself(designed):
    system, scenario, design = designed
    ax = figures.beampattern(scenario, design)
    places = system.places(scenario, 0)
    around = [kind for kind in places if kind.rstrip("s") in ("user", "target", "interferer")]
    assert {kind: len(at) for kind, at in marked(ax).items()} == {kind: len(places[kind]) for kind in around}
    low, high = ax.get_xlim()
    np.testing.assert_allclose([low, high], [-90.0, 270.0 if system.name == "stars" else 90.0], atol=1.0)
    matplotlib.pyplot.close(ax.figure)


def test_a_spectrum_is_zero_db_at_the_estimate_and_marks_it_and_the_target(designed, ax):
    system, scenario, design = designed
    expected = system.spectrum(scenario, design, 1, trial=1)
    angle = np.degrees(expected.estimate[1])
    figures.music_spectrum(
        scenario,
        design,
        65,
        trial=1,
        ranges_m=expected.estimate[0] * np.array([0.99, 1.0, 1.01]),
        angles_deg=[angle - 0.01, angle, angle + 0.01],
        dynamic_db=3.0,
        ax=ax,
    )
    (mesh,) = ax.collections
    np.testing.assert_allclose(mesh.get_array().reshape(3, 3)[1, 1], 0.0, atol=1e-6)
    assert mesh.get_clim()[0] >= -3.0
    assert ax.figure.axes[1].get_ylabel() == "MUSIC spectrum (dB)"
    np.testing.assert_allclose(marked(ax)["estimate"], [[angle, expected.estimate[0]]])
    whole = figures.music_spectrum(scenario, design, 65, trial=1)
    np.testing.assert_allclose(marked(whole)["target"], [[np.degrees(expected.target[1]), expected.target[0]]])
    np.testing.assert_allclose(whole.collections[0].get_array().reshape(241, 241), expected.levels_db)
    matplotlib.pyplot.close(whole.figure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"realisation": 3}, r"^realisation = 3: expected one of the scenario's, 64 to 65$"),
        ({"view": "3d"}, r"^view = '3d': expected one of polar, plan$"),
        ({"dynamic_db": 0.0}, r"^dynamic_db = 0.0: expected a number above 0$"),
        ({"reference_w": -1.0}, r"^reference_w = -1.0: expected a number above 0$"),
        ({"ranges_m": [3.0]}, r"^ranges_m of shape \(1,\): expected at least two ascending numbers$"),
        ({"angles_deg": [3.0, 2.0]}, r"^angles_deg of shape \(2,\): expected at least two ascending numbers$"),
    ],
)
def test_mistakes_are_named(designed, options, message):
    _, scenario, design = designed
    with pytest.raises(ValueError, match=message):
        figures.beampattern(scenario, design, **options)


def test_a_scenario_of_no_system_is_refused():
    with pytest.raises(ValueError, match=r"^scenario = object: expected one of the systems hybrid, modular, stars$"):
        figures.geometry(object())


def test_a_geometry_has_every_place_one_scale_and_the_rayleigh_distance(designed, ax):
    system, scenario, _ = designed
    assert figures.geometry(scenario, 65, ax=ax) is ax
    found = marked(ax)
    arc = found.pop("Rayleigh distance", None)
    for kind, at in system.places(scenario, 1).items():
        np.testing.assert_array_equal(found.pop(kind), at)
    assert not found
    assert ax.get_aspect() == 1.0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (m)", "y (m)")
    told = ax.get_legend().get_texts()[-1].get_text()
    radius = scenario.parameters.rayleigh_distance_m
    if system.name == "modular":
        # far beyond the picture, it is told alone
        assert arc is None
        assert told == f"Rayleigh distance {radius / 1000.0:.3g} km, beyond"
    else:
        np.testing.assert_allclose(np.hypot(*arc.T), radius)
        assert told == f"Rayleigh distance {radius:.3g} m"
