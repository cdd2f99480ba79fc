"""Spectra and places: those that the estimators search, and those that scenarios are drawn with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isaclib.systems import SYSTEMS, get_system

SMALL = {
    # a sparse array whose MUSIC has one peak in the sector
    "hybrid": {"elements": 12, "power_dbm": 35.0, "target_m": (6.0, 0.4)},
    "modular": {"elements_per_subarray": 6, "layout": "random", "snapshots": 16},
    "stars": {"star_elements": 12, "min_rate_bps_hz": 3.0, "power_dbm": 40.0},
}
SCHEME = {"hybrid": "speb-min-hbf", "modular": "hybrid-beamforming", "stars": "joint-design"}


@pytest.fixture(scope="module", params=[(name, "random") for name in SYSTEMS] + [("modular", "sobol")], ids="-".join)
def designed(request):
    name, sampling = request.param
    system = get_system(name)
    scenario = system.draw(system.Parameters(**SMALL[name]), seed=3, start=64, stop=67, sampling=sampling)
    return system, scenario, system.design(scenario, scheme=SCHEME[name])


def test_the_spectrum_is_of_the_echoes_of_the_trial_and_peaks_where_the_estimator_says(designed):
    system, scenario, design = designed
    options = {"trials": 2}
    errors = system.estimate(scenario, design, estimator="music", options=options)["music_error_m"].values
    for index, trial in ((0, 0), (2, 1)):
        found = system.spectrum(scenario, design, index, trial=trial, options=options)
        distance, angle = found.estimate
        off = distance * np.exp(1j * angle) - found.target[0] * np.exp(1j * found.target[1])
        np.testing.assert_allclose(abs(off), errors[index, trial], rtol=1e-6, atol=1e-9)
        near = system.spectrum(
            scenario,
            design,
            index,
            trial=trial,
            options=options,
            ranges_m=distance * np.array([0.9999, 1.0, 1.0001]),
            angles_rad=np.array([angle - 1e-4, angle, angle + 1e-4]),
        )
        np.testing.assert_allclose(near.levels_db[1, 1], 0.0, atol=1e-9)
        # hybrid searches the angle with responses of the far field: along the range alone it is a peak
        around = near.levels_db[:, 1] if system.name == "hybrid" else near.levels_db
        assert around.max() < 1e-9
        assert found.levels_db.shape == (len(found.ranges_m), len(found.angles_rad))
        assert found.ranges_m[0] < distance < found.ranges_m[-1]
        assert found.angles_rad[0] < angle < found.angles_rad[-1]


def test_mistakes_are_named(designed):
    system, scenario, design = designed
    with pytest.raises(ValueError, match=rf"^system '{system.name}' has no spectrum of 'musik': did you mean 'music'"):
        system.spectrum(scenario, design, 0, estimator="musik")
    with pytest.raises(ValueError, match=r"^trial = -1: expected a whole number of at least 0$"):
        system.spectrum(scenario, design, 0, trial=-1)
    with pytest.raises(ValueError, match=r"^index = 3: expected a row of the batch, 0 to 2$"):
        system.places(scenario, 3)


def test_hybrid_channels_are_those_of_its_places():
    system = get_system("hybrid")
    p = system.Parameters(elements=8, nlos_paths=2, los_gain="free-space")
    scenario = system.draw(p, seed=1, start=5, stop=8)
    found = system.places(scenario, 1)
    assert {name: len(at) for name, at in found.items()} == {"antennas": 8, "users": 2, "target": 1, "scatterers": 4}
    # what is left of the line of sight lies in the span of the responses to the scatterers of each user
    k0 = 2.0 * np.pi / p.wavelength_m

    def response(place):
        return np.exp(-1j * k0 * np.linalg.norm(found["antennas"] - place, axis=-1))

    for user in range(2):
        left = scenario.channels[1, user] - p.wavelength_m / (4 * np.pi * 20.0) * response(found["users"][user])
        span = np.stack([response(place) for place in found["scatterers"][2 * user : 2 * user + 2]], axis=-1)
        residual = left - span @ np.linalg.lstsq(span, left, rcond=None)[0]
        assert np.linalg.norm(residual) < 1e-9 * np.linalg.norm(left)
    assert "scatterers" not in system.places(replace(scenario, scatterers_m=None), 1)


def test_modular_places_are_those_that_objects_and_scatterers_are_drawn_at():
    system = get_system("modular")
    p = system.Parameters(
        elements_per_subarray=4, layout="random", true_wavefront="swm", design_wavefront="swm", scatterer_overlap=2
    )
    scenario = system.draw(p, seed=1, start=5, stop=8)
    found = system.places(scenario, 1)
    for kind, places in (("transmit antennas", scenario.transmit), ("receive antennas", np.conj(scenario.receive))):
        apart = np.linalg.norm(found[kind] - found["target"][0], axis=-1)
        expected = 30.0 / apart * np.exp(2j * np.pi / p.wavelength_m * apart)
        np.testing.assert_allclose(places[1, 0], expected, rtol=1e-7)
    np.testing.assert_allclose(found["scatterers"][:2], found["interferers"])
    middle = found["transmit antennas"].mean(axis=0)
    np.testing.assert_allclose(found["user"][0] - middle, [p.user_range_m, 0.0], atol=1e-9)


@pytest.mark.parametrize("side", ["reflection", "transmission"])
def test_stars_places_are_at_the_drawn_ranges_on_their_sides(side):
    system = get_system("stars")
    p = system.Parameters(star_elements=8, users=2, target_side=side)
    scenario = system.draw(p, seed=1, start=5, stop=8)
    found = system.places(scenario, 1)
    at = scenario.user_range_m[1] * np.exp(1j * scenario.user_angle_rad[1])
    np.testing.assert_allclose(found["users"], np.stack([-at.real, at.imag], axis=-1))
    at = scenario.target_range_m[1] * np.exp(1j * scenario.target_angle_rad[1])
    np.testing.assert_allclose(found["target"], [[at.real if side == "reflection" else -at.real, at.imag]])
    apart = np.linalg.norm(found["surface"][:, None] - found["base station"], axis=-1)
    np.testing.assert_allclose(np.abs(scenario.bs_star_channel), p.wavelength_m / (4 * np.pi * apart))
