from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isaclib.physics import polar
from isaclib.systems.stars import SYSTEM
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario, element_offsets_m


@pytest.fixture
def scenario() -> Scenario:
    return SYSTEM.draw(Parameters(users=2, star_elements=6, bs_antennas=3), seed=2, stop=4)


def test_objects_have_an_axis_of_their_own_only_where_there_are_several(scenario: Scenario) -> None:
    assert scenario.user_range_m.shape == (4, 2)
    assert scenario.target_range_m.shape == (4,)
    assert scenario.user_channel.shape == (4, 2, 6)
    assert scenario.target_gradient.shape == (4, 1, 6, 2)
    assert scenario.of_targets(scenario.target_response).shape == (4, 1, 6)


def test_one_channel_or_one_each(scenario: Scenario) -> None:
    each = np.broadcast_to(scenario.bs_star_channel, (4, 6, 3))
    assert replace(scenario, bs_star_channel=each).bs_star_channel.shape == (4, 6, 3)


@pytest.mark.parametrize("response", ["fresnel", "exact"])
def test_gradient_is_that_of_the_response_drawn(response: str) -> None:
    p = Parameters(star_elements=8, response=response)
    s = SYSTEM.draw(p, seed=2, stop=3)

    def at(dr: float, dth: float) -> np.ndarray:
        place = s.target_range_m + dr, s.target_angle_rad + dth, p.wavelength_m
        return polar.polar_response(element_offsets_m(p), *place, response=response)

    step = 1e-6
    slopes = [(at(step, 0.0) - at(-step, 0.0)) / (2 * step), (at(0.0, step) - at(0.0, -step)) / (2 * step)]
    np.testing.assert_array_equal(at(0.0, 0.0), s.target_response)
    np.testing.assert_allclose(s.target_gradient[:, 0], np.stack(slopes, axis=-1), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("target_range_m", np.ones(3), r"target_range_m of shape \(3,\): expected \(4,\)"),
        ("bs_star_channel", np.ones((4, 3)), r"bs_star_channel of shape \(4, 3\): expected \(4, 6, 3\) or \(6, 3\)"),
        ("user_gain", np.full((4, 2), np.nan), r"user_gain of shape \(4, 2\): expected finite numbers"),
        ("target_range_m", np.zeros(4), "target_range_m = 0.0: expected positive numbers"),
        ("reflection", -np.ones(4), "reflection = -1.0: expected positive numbers"),
        (
            "user_angle_rad",
            np.full((4, 2), 2.0),
            "user_angle_rad = 2.0: expected angles between -pi/2 and pi/2, on the transmission side",
        ),
        ("user_gain", np.zeros((4, 2)), "user_gain = 0.0: expected some element of the surface that reaches each"),
        ("target_response", np.zeros((4, 6)), "target_response = 0.0: expected some element of the surface that"),
    ],
)
def test_arrays_that_cannot_be_are_named(scenario: Scenario, name: str, value: np.ndarray, message: str) -> None:
    changed: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(scenario, **changed)
