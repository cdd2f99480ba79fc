"""Power patterns: at the places that metrics know they are what the metrics count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isaclib.systems import SYSTEMS, get_system
from isaclib.systems.base import Status
from isaclib.systems.modular import acceptance

SMALL = {
    "hybrid": {"elements": 12, "power_dbm": 35.0},
    "modular": {"elements_per_subarray": 6, "layout": "random", "design_wavefront": "pwm", "true_wavefront": "swm"},
    "stars": {"star_elements": 12, "min_rate_bps_hz": 3.0, "response": "exact", "bs_star_channel": "rician"},
}
SCHEME = {"hybrid": "speb-min-hbf", "modular": "hybrid-beamforming", "stars": "joint-design"}


def designed(name, sampling="random", **further):
    system = get_system(name)
    scenario = system.draw(system.Parameters(**SMALL[name], **further), seed=3, start=64, stop=67, sampling=sampling)
    return system, scenario, system.design(scenario, scheme=SCHEME[name])


def place(position):
    return [np.hypot(*position)], [np.arctan2(position[1], position[0])]


def test_hybrid_patterns_have_the_illumination_of_the_sensing_snr():
    system, scenario, design = designed("hybrid", target_m=(6.0, 2.0))
    p = scenario.parameters
    snr = system.evaluate(scenario, design)["sensing_snr"].values
    for index in range(3):
        (power,) = system.pattern(scenario, design, index, *place(p.target_m))
        np.testing.assert_allclose(abs(scenario.reflection) ** 2 * p.elements * power / p.noise_w, snr[index])


@pytest.mark.parametrize("sampling", ["random", "sobol"])
def test_modular_patterns_have_the_illumination_of_every_object_under_the_true_wavefront(sampling):
    system, scenario, design = designed("modular", sampling)
    p = scenario.parameters
    ranges, angles = np.array([30.0]), np.deg2rad(p.target_angle_deg + p.interferer_angle_deg)
    assert p.target_range_m + p.interferer_range_m == (30.0, 30.0, 30.0)
    lit = acceptance.illumination(scenario, design.beamformers)
    for index in range(3):
        np.testing.assert_allclose(system.pattern(scenario, design, index, ranges, angles)[0], lit[index])


@pytest.mark.parametrize("side", ["reflection", "transmission"])
def test_stars_patterns_have_the_illumination_on_the_side_of_the_target_and_the_users_power_behind(side):
    name = SCHEME["stars"]
    system = get_system("stars")
    scenario = system.draw(system.Parameters(**SMALL["stars"], target_side=side), seed=3, start=64, stop=67)
    design = system.design(scenario, scheme=name, solver=None if side == "reflection" else "riemannian")
    lit = system.evaluate(scenario, design)["illumination_w"].values
    for index in range(3):
        angle = scenario.target_angle_rad[index]
        at = [scenario.target_range_m[index]], [angle if side == "reflection" else np.pi - angle]
        np.testing.assert_allclose(system.pattern(scenario, design, index, *at)[0, 0], lit[index])
        user = [scenario.user_range_m[index]], [np.pi - scenario.user_angle_rad[index]]
        through = design.transmission[index] * scenario.user_channel[index, 0]
        received = np.abs(through @ scenario.channels[index] @ design.active[index]) ** 2
        gain = np.abs(scenario.user_gain[index]) ** 2
        beams = [system.pattern(scenario, design, index, *user, beam=k)[0, 0] for k in range(len(received))]
        np.testing.assert_allclose(np.array(beams) * gain, received, rtol=1e-9, atol=1e-12 * received.max())


@pytest.mark.parametrize("name", SYSTEMS)
def test_beams_add_up_and_mistakes_are_named(name):
    system, scenario, design = designed(name)
    at = scenario, design, 1, np.array([5.5, 9.0, 20.0]), np.array([-0.4, 0.0, 0.3, 0.5])
    together = system.pattern(*at)
    assert together.shape == (3, 4)
    count = (design.active if name == "stars" else design.beamformers).shape[-1]
    np.testing.assert_allclose(sum(system.pattern(*at, beam=k) for k in range(count)), together)
    with pytest.raises(ValueError, match=f"^beam = {count}: expected one from 0 to {count - 1}, or none for all$"):
        system.pattern(*at, beam=count)
    with pytest.raises(ValueError, match=r"^index = 3: expected a row of the batch, 0 to 2$"):
        system.pattern(scenario, design, 3, *at[3:])
    lost = replace(design, status=np.full(3, Status.INFEASIBLE, dtype=np.int8))
    with pytest.raises(ValueError, match=r"^index = 1: expected a row that has a design, this one is infeasible$"):
        system.pattern(scenario, lost, *at[2:])
