from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isaclib.systems.stars import SYSTEM, closed_form, deployment, information
from isaclib.systems.stars.information import Illumination
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.reference.deployment import joint_gp, sca_gp
from isaclib.systems.stars.scenario import Scenario

pytestmark = pytest.mark.slow

APERTURE = 16.0
"""Of the default surface, in wavelengths."""


def lit(guess: Any, **values: Any) -> tuple[Scenario, Illumination]:
    values = {"star_elements": 20, "bs_antennas": 4, "bs_distance_m": 0.5, "max_sensors": 14, **values}
    s = SYSTEM.draw(Parameters(power_dbm=60.0, **values), seed=9, stop=6)
    design = guess(s, beams=2, seed=1)
    return s, information.illuminate(s, design.active, design.reflection)


def best_lit(**values: Any) -> tuple[Scenario, Illumination]:
    s = SYSTEM.draw(Parameters(**values), seed=3, stop=8)
    beams = closed_form.light_the_target(s, starts=3)
    return s, information.illuminate(s, beams.active[..., None], beams.reflection)


@pytest.mark.parametrize("bound", ["efim", "known-beta"])
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"speb_scale_m2": 1e-4},
        {"targets": 2},
        {"targets": 2, "speb_of_targets": "worst"},
        {"max_sensor_spacing_wavelengths": 1.2},
        {"sensors": 6},
        {"sensor_spacing_wavelengths": 0.8},
        {"sensors": 5, "sensor_spacing_wavelengths": 1.2},
        {"weight": 0.0},
        {"weight": 1.0},
    ],
    ids=lambda values: ", ".join(f"{key} {value}" for key, value in values.items()) or "free",
)
def test_the_joint_program_reaches_the_enumeration(guess: Any, bound: str, values: dict[str, Any]) -> None:
    s, light = lit(guess, bound=bound, **values)
    found, best = joint_gp(s, light), deployment.enumerate_deployments(s, light)
    assert deployment.excess(s.parameters, *found).max() <= 1e-9
    np.testing.assert_allclose(
        deployment.deployment_cost(s, light, *found), deployment.deployment_cost(s, light, *best), rtol=1e-6
    )


def test_the_better_end_of_the_interval_is_found_where_the_illumination_turns_against_the_sensors(guess: Any) -> None:
    s, light = lit(guess, bound="known-beta", sensors=8)
    # with one end the best for some draws, the other for the others
    against = replace(light, turn=-0.9 * np.sqrt(light.power * light.raw[..., 0]))
    found, best = joint_gp(s, against), deployment.enumerate_deployments(s, against)
    np.testing.assert_allclose(
        deployment.deployment_cost(s, against, *found), deployment.deployment_cost(s, against, *best), rtol=1e-6
    )


def test_algorithm_1_jams_at_the_aperture() -> None:
    """The interval takes all of the surface, and from there the number can only fall, never the other way."""
    s, light = best_lit()
    best = deployment.deployment_cost(s, light, *deployment.enumerate_deployments(s, light))
    ratios = {}
    for first in (32, 16):
        start = np.full(8, first), np.full(8, 0.5 * s.parameters.wavelength_m)
        count, spacing = sca_gp(s, light, start=start)
        np.testing.assert_allclose(count * spacing, APERTURE * s.parameters.wavelength_m, rtol=1e-6)
        assert np.all(count <= first)
        ratios[first] = deployment.deployment_cost(s, light, count, spacing) / best
        # nothing moves any more, wherever it has stopped
        again = sca_gp(s, light, start=(count, spacing))
        np.testing.assert_array_equal(again[0], count)
    # where it stops depends on where it starts, and half the draws stop well above the best of all
    assert ratios[32].min() >= 1.0 - 1e-6
    assert np.sum(ratios[32] > 1.1) >= 4
    assert ratios[16].max() > 1.1
    assert np.any(np.abs(ratios[32] - ratios[16]) > 0.1)


def test_algorithm_1_finds_the_number_where_the_spacing_is_not_designed() -> None:
    s, light = best_lit(sensor_spacing_wavelengths=0.5)
    for found in (
        sca_gp(s, light),
        sca_gp(s, light, start=(np.full(8, 3), np.full(8, 0.5 * s.parameters.wavelength_m))),
    ):
        np.testing.assert_array_equal(found[0], deployment.enumerate_deployments(s, light)[0])
