from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isaclib.systems.stars import SYSTEM, deployment, information
from isaclib.systems.stars.information import Illumination
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario


def lit(guess: Any, stop: int = 12, beams: int = 2, **values: Any) -> tuple[Scenario, Illumination]:
    values = {"star_elements": 20, "bs_antennas": 4, "bs_distance_m": 0.5, "max_sensors": 14, **values}
    s = SYSTEM.draw(Parameters(**values), seed=9, stop=stop)
    design = guess(s, beams=beams, seed=1)
    return s, information.illuminate(s, design.active, design.reflection)


def least_cost(s: Scenario, light: Illumination) -> np.ndarray:
    """Least cost over every number and 801 spacings of it, each held against the limits."""
    p = s.parameters
    costs = []
    for count in range(1, p.max_sensors + 3):
        for wavelengths in np.unique([*np.linspace(0.4, p.aperture_wavelengths / count, 801), 0.5, 0.8, 1.2]):
            spacing = wavelengths * p.wavelength_m
            if deployment.excess(p, np.array(count), np.array(spacing)) <= 1e-9:
                costs.append(deployment.deployment_cost(s, light, np.array([count]), np.array([spacing])))
    return np.min(costs, axis=0)


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
        {"weight": 0.02},
    ],
    ids=lambda values: ", ".join(f"{key} {value}" for key, value in values.items()) or "free",
)
def test_enumeration_finds_the_least_cost(guess: Any, bound: str, values: dict[str, Any]) -> None:
    s, light = lit(guess, **{"power_dbm": 60.0, "bound": bound, **values})
    count, spacing = deployment.enumerate_deployments(s, light)
    assert deployment.excess(s.parameters, count, spacing).max() <= 1e-9
    found, brute = deployment.deployment_cost(s, light, count, spacing), least_cost(s, light)
    assert np.all(found <= brute * (1.0 + 1e-12))
    np.testing.assert_allclose(found, brute, rtol=1e-3)


def test_a_spacing_between_the_ends_is_found_where_the_illumination_turns_against_the_sensors(guess: Any) -> None:
    s, light = lit(guess, stop=1, beams=1, bound="known-beta", sensors=3, weight=1.0, power_dbm=60.0)
    count, least, most = (values[0] for values in deployment.candidates(s.parameters))
    # J_rr = 3 p_rr - 4 kappa x sqrt(p00 p_rr) + ... falls with x, J_thth grows: in balance in the middle
    kappa, slope = information.curvature(s)
    middle = (0.5 * (least + most)) ** 2
    raw = light.power * (8.0 / 9.0 * kappa * (slope * middle / s.target_range_m) ** 2) ** (2.0 / 3.0)
    light = replace(light, turn=-np.sqrt(light.power * raw), raw=np.stack([raw, np.zeros_like(raw)], axis=-1))
    spacings = np.linspace(least, most, 20001)
    costs = deployment.deployment_cost(s, light, np.array([[count]]), spacings[:, None])[:, 0]
    found = deployment.enumerate_deployments(s, light)[1]
    assert deployment.deployment_cost(s, light, np.array([count]), found)[0] == pytest.approx(costs.min(), rel=1e-9)
    assert found[0] == pytest.approx(spacings[np.argmin(costs)], rel=1e-3)
    assert 1.05 * least < found[0] < 0.95 * most


def test_sensors_reach_to_the_edges_of_the_surface(guess: Any) -> None:
    # the corrected Proposition 2: d_r = N d_s / N_r
    s, light = lit(guess, stop=64)
    count, spacing = deployment.enumerate_deployments(s, light)
    np.testing.assert_allclose(count * spacing, s.parameters.aperture_m, rtol=1e-14)


def test_dearer_sensors_are_fewer(guess: Any) -> None:
    counts = []
    for weight in (0.9, 0.5, 0.1):
        s, light = lit(guess, weight=weight, power_dbm=65.0)
        counts.append(deployment.enumerate_deployments(s, light)[0])
    assert np.all(np.diff(counts, axis=0) <= 0)
    assert np.any(np.diff(counts, axis=0) < 0)


def test_candidates_keep_their_limits() -> None:
    p = Parameters(star_elements=12, max_sensors=9, max_sensor_spacing_wavelengths=1.0)
    count, least, most = deployment.candidates(p)
    np.testing.assert_array_equal(count, np.arange(3, 10))
    np.testing.assert_allclose(least, 0.5 * p.wavelength_m)
    np.testing.assert_allclose(most / p.wavelength_m, np.minimum(1.0, 6.0 / count))
    fixed = deployment.candidates(Parameters(star_elements=12, sensor_spacing_wavelengths=1.5))
    np.testing.assert_array_equal(fixed[0], [3, 4])


@pytest.mark.parametrize(
    ("values", "count", "wavelengths", "expected"),
    [
        ({}, 8, 2.5, 0.25),
        ({}, 8, 0.4, 0.2),
        ({"max_sensors": 16}, 20, 0.5, 0.25),
        ({}, 2, 1.0, 1.0 / 3.0),
        ({"max_sensor_spacing_wavelengths": 1.0}, 8, 1.5, 0.5),
        ({"sensors": 10}, 8, 1.0, 0.2),
        ({"sensor_spacing_wavelengths": 1.0}, 8, 0.9, 0.1),
        ({}, 8, 2.0, 0.0),
    ],
)
def test_excess_of_every_limit(values: dict[str, Any], count: int, wavelengths: float, expected: float) -> None:
    p = Parameters(**values)
    found = deployment.excess(p, np.array([count]), np.array([wavelengths * p.wavelength_m]))
    np.testing.assert_allclose(found, [expected], atol=1e-12)


def test_unlit_draws_keep_no_other_from_its_sensors(guess: Any) -> None:
    s, light = lit(guess, stop=3)
    expected = deployment.enumerate_deployments(s, light)
    gone = {name: getattr(light, name).copy() for name in ("power", "raw", "aside", "turn")}
    for values in gone.values():
        values[1] = np.nan
    found = deployment.enumerate_deployments(s, replace(light, **gone))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one[[0, 2]], other[[0, 2]])


def test_an_unknown_method_is_named() -> None:
    message = "option deployment = 'greedy': expected one of enumerate, sca-gp, joint-gp"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        deployment.check_method("greedy")
