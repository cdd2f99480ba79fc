from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.physics import arrays, fisher, links
from isaclib.systems.hybrid.certificate import fully_digital, sensing_and_channels, speb_lower_bound
from isaclib.systems.hybrid.feasibility import minimum_power_w
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.scenario import Scenario, draw_scenario
from isaclib.systems.streams import Streams


def draw(stop: int, **parameters: Any) -> Scenario:
    return draw_scenario(Parameters(**parameters), Streams(7, 0, stop))


def efim(scenario: Scenario, beamformers: np.ndarray) -> np.ndarray:
    geometry = (scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    return fisher.position_efim(
        arrays.spherical_response(*geometry),
        arrays.spherical_gradient(*geometry),
        beamformers=beamformers,
        reflection=scenario.reflection,
        snapshots=scenario.parameters.snapshots,
        noise_power_w=scenario.parameters.noise_w,
    )


def objective(scenario: Scenario, beamformers: np.ndarray, name: str) -> np.ndarray:
    if name == "snr":
        a = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
        light = np.sum(np.abs(a.conj() @ beamformers) ** 2, axis=-1)
        return abs(scenario.reflection) ** 2 * len(a) * light / scenario.parameters.noise_w
    information = efim(scenario, beamformers)
    return fisher.speb(fisher.polar_efim(information, scenario.target_m) if name == "polar" else information)


@pytest.mark.parametrize("name", ["speb", "polar", "snr"])
def test_bound_is_attained_in_physical_units(name: str) -> None:
    scenario = draw(32, target_m=(8.0, -3.0), power_dbm=27.0)
    p = scenario.parameters
    solution = fully_digital(scenario, name)
    beamformers = np.sqrt(p.power_w) * solution.beamformers(solution.relaxed.beams)
    np.testing.assert_allclose(objective(scenario, beamformers, name), solution.bound, rtol=1e-6)
    assert np.all(links.rate(links.sinr(scenario.channels, beamformers, p.noise_w)) > 5.0 - 1e-6)
    np.testing.assert_allclose(np.sum(np.abs(beamformers) ** 2, axis=(1, 2)), p.power_w, rtol=1e-12)


def test_no_beamformer_that_meets_the_rates_beats_the_bound() -> None:
    scenario = draw(16, elements=8, power_dbm=25.0, min_rate_bps_hz=2.0)
    p = scenario.parameters
    bound = speb_lower_bound(scenario)
    rng = np.random.default_rng(4)
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    met = 0
    # zero-forcing beams plus light on the target, in random shares
    forcing = np.linalg.pinv(np.conj(scenario.channels))
    forcing /= np.linalg.norm(forcing, axis=1, keepdims=True)
    for _ in range(200):
        noise = rng.standard_normal((2, 8, 2))
        beams = forcing * rng.uniform(0.1, 1.0, 2) * np.exp(2j * np.pi * rng.random(2))
        beams = beams + response[:, None] * rng.uniform(0.0, 0.4, 2) + 0.03 * (noise[0] + 1j * noise[1])
        beams *= np.sqrt(p.power_w) / np.linalg.norm(beams, axis=(1, 2), keepdims=True)
        good = np.all(links.rate(links.sinr(scenario.channels, beams, p.noise_w)) >= 2.0, axis=-1)
        met += good.sum()
        assert np.all(objective(scenario, beams[good], "speb") >= bound[good] * (1.0 - 1e-9))
    assert met > 300


def test_bound_lies_above_the_sensing_only_one_and_moves_as_it_must() -> None:
    base = draw(64, power_dbm=10.0)
    bound = speb_lower_bound(base)
    feasible = minimum_power_w(base.channels, base.parameters.min_rates_bps_hz, 1e-12) <= base.parameters.power_w
    np.testing.assert_array_equal(np.isnan(bound), ~feasible)
    assert 0 < feasible.sum() < 64
    speb0 = normalise(base).speb0
    assert np.all(bound[feasible] >= speb0)
    assert np.median(bound[feasible] / speb0) > 1.001
    louder, slower = (
        speb_lower_bound(draw(64, power_dbm=11.0)),
        speb_lower_bound(draw(64, power_dbm=10.0, min_rate_bps_hz=4.0)),
    )
    assert np.all(louder[feasible] < bound[feasible])
    assert np.all(slower[feasible] <= bound[feasible] * (1.0 + 1e-9))


def test_illumination_is_bounded_by_that_of_all_power() -> None:
    scenario = draw(16, min_rate_bps_hz=0.01)
    solution = fully_digital(scenario, "snr")
    snr0 = normalise(scenario).snr0
    assert np.all(solution.bound <= snr0)
    assert np.all(solution.bound > 0.999 * snr0)


def test_the_problem_sees_the_sensing_basis_and_the_channels() -> None:
    problem = normalise(draw(3))
    v = sensing_and_channels(problem)
    assert v.shape == (3, 32, 5)
    np.testing.assert_array_equal(v[1, :, 0], problem.a0)
    np.testing.assert_array_equal(v[1, :, 1:3], problem.b)
    np.testing.assert_array_equal(v[1, :, 4], problem.g[1, 1])
