from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from isaclib.systems.stars import SYSTEM, acceptance, bound, deployment, field, information
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Streams

SMALL: dict[str, Any] = {"star_elements": 8, "bs_antennas": 4, "max_sensors": 8, "min_rate_bps_hz": 0.5}


def lower_bound(s: Scenario) -> np.ndarray:
    p = s.parameters
    channels = s.bs_star_channel.reshape(-1, p.star_elements, p.bs_antennas)
    beams, values = np.empty((len(channels), p.bs_antennas), dtype=complex), np.empty(len(channels))
    field.strongest_beams(channels, 3, 1000, beams, values)
    return bound.cost_bound(s, bound.ceiling(s, field.dual_weights(channels, beams)))


@pytest.mark.parametrize("closed_form", ["efim", "known-beta"])
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"bs_distance_m": 0.1},
        {"bs_star_channel": "rician", "rician_k_db": -5.0},
        {"response": "exact", "target_range_m": (0.1, 0.5)},
        {"users": 2, "targets": 3, "bs_distance_m": 0.1},
        {"targets": 2, "speb_of_targets": "worst", "target_side": "transmission"},
        {"phase_shifts": "coupled"},
        {"max_sensor_spacing_wavelengths": 0.5, "sensors": 3, "weight": 1.0, "bs_distance_m": 0.1},
    ],
    ids=lambda values: ", ".join(f"{key} {value}" for key, value in values.items()) or "plain",
)
def test_no_random_design_costs_less(guess: Any, values: dict[str, Any], closed_form: str) -> None:
    p = Parameters(**{**SMALL, "power_dbm": 50.0, "bound": closed_form, **values})
    s = SYSTEM.draw(p, seed=5, stop=40)
    least, served = lower_bound(s), 0
    for seed in range(30):
        design = guess(s, beams=1 + seed % 3 if p.users == 1 else 2 + seed % 2, seed=seed)
        found = acceptance.assess(s, **vars(design))
        served += found.met.sum()
        assert np.all(found.cost[found.met] >= least[found.met])
    assert served > 100


def optimised(p: Parameters, seed: int, starts: int, *, dark: bool = False) -> tuple[float, float]:
    """Cost of two beams, coefficients and sensors by a general solver, and the power at the target; no rate.

    From random beams, or from one whose coefficients cancel at the target, and a weak second one.
    """
    one = SYSTEM.draw(p, seed=seed)
    m, n = p.bs_antennas, p.star_elements
    size = 4 * m + n
    several = {
        name: np.repeat(getattr(one, name), 2 * size + 1, axis=0)
        for name in vars(one)
        if name not in ("parameters", "streams", "bs_star_channel", "user_channel", "target_gradient")
    }
    s = replace(one, **several, streams=Streams(0, 0, 2 * size + 1))

    def light(x: np.ndarray, s: Scenario) -> information.Illumination:
        beams = (x[:, : 2 * m] + 1j * x[:, 2 * m : 4 * m]).reshape(-1, m, 2)
        beams *= np.sqrt(p.power_w) / np.linalg.norm(beams, axis=(-2, -1), keepdims=True)
        return information.illuminate(s, beams, np.exp(1j * x[:, 4 * m :]))

    def costs(x: np.ndarray) -> np.ndarray:
        lit = light(x, s)
        return deployment.deployment_cost(s, lit, *deployment.enumerate_deployments(s, lit))

    def logarithm(x: np.ndarray) -> tuple[float, np.ndarray]:
        steps = 1e-6 * np.eye(size)
        values = np.log(costs(np.concatenate([x[None], x + steps, x - steps])))
        return values[0], (values[1 : size + 1] - values[size + 1 :]) / 2e-6

    rng = np.random.default_rng(seed)
    begin = rng.standard_normal((starts, size))
    if dark:
        single = SYSTEM.design(one, scheme="joint-design")
        beams = np.concatenate([single.active[0, :, :1] / np.sqrt(p.power_w), 0.05 * begin[0, :m, None]], axis=-1)
        across = 2.0 * np.pi * np.linspace(-0.5, 0.5, n, endpoint=False)
        phases = np.angle(single.reflection[0]) + np.angle(np.cos(across) + 0.8j * np.sin(across))
        begin = 0.02 * begin + np.concatenate([beams.real.ravel(), beams.imag.ravel(), phases])
    found = [minimize(logarithm, x, jac=True, method="L-BFGS-B", options={"maxiter": 400}) for x in begin]
    best = min(found, key=lambda result: result.fun)
    return float(np.exp(best.fun)), float(light(best.x[None], one).power[0, 0])


def test_a_target_in_the_dark_can_cost_less_but_not_less_than_the_bound() -> None:
    # sensors too close together to know the range: the Fisher information is larger where the main beam
    # cancels at the target and changes fast, while next to nothing of a second one tells the reflection
    p = Parameters(**{**SMALL, "min_rate_bps_hz": 0.0}, sensors=3, sensor_spacing_wavelengths=0.5, weight=1.0)
    s = SYSTEM.draw(p, seed=5)
    single = SYSTEM.design(s, scheme="joint-design")
    least, (pair, power) = lower_bound(s)[0], optimised(p, 5, 3, dark=True)
    assert least < pair < 0.05 * single.objective[0]
    assert power < 1e-4 * single.illumination_bound[0]


def test_one_beam_is_best_where_the_surface_is_wide_enough() -> None:
    p = Parameters(**{**SMALL, "star_elements": 6, "min_rate_bps_hz": 0.0})
    s = SYSTEM.draw(p, seed=5)
    assert optimised(p, 5, 2)[0] == pytest.approx(lower_bound(s)[0], rel=1e-8)


def test_bound_is_the_least_over_all_splits_of_power() -> None:
    s = SYSTEM.draw(Parameters(max_sensors=3, weight=1.0), seed=5, stop=30)
    rng = np.random.default_rng(1)
    most = bound.Ceiling(rng.uniform(0.5, 2.0, (30, 1)), 10.0 ** rng.uniform(-8.0, 4.0, (30, 1, 2)))
    count, _, spacing = deployment.candidates(s.parameters)
    brute = np.full(30, np.inf)
    best = np.zeros(30)
    for share in np.linspace(0.0, 1.0, 20001):
        along, across = information.diagonal_information(
            s, (1.0 - share) * most.power, share * most.change, most.power, count, spacing, bound="efim"
        )
        cost = information.cost(s.parameters, (1.0 / along + s.target_range_m[:, None] ** 2 / across)[:, 0], count)
        best = np.where(cost < brute, share, best)
        brute = np.minimum(brute, cost)
    # on both ends and in between
    assert np.sum(best == 0.0) > 2
    assert np.sum(best == 1.0) > 2
    assert np.sum((best > 0.0) & (best < 1.0)) > 2
    found = bound.cost_bound(s, most)
    assert np.all(found <= brute * (1.0 + 1e-12))
    np.testing.assert_allclose(found, brute, rtol=1e-3)


def test_users_take_their_share_of_the_light() -> None:
    # flat amplitudes: gamma sigma^2 / alpha^2 each, whatever the beams
    values: dict[str, Any] = {**SMALL, "min_rate_bps_hz": 3.0}
    one, two = (SYSTEM.draw(Parameters(**values, users=users), seed=5, stop=4) for users in (1, 2))
    weights = np.ones((1, 8))
    for s in (one, two):
        p = s.parameters
        taken = np.sum(p.min_sinr * p.noise_w / np.abs(s.of_users(s.user_gain)) ** 2, axis=-1)
        np.testing.assert_allclose(bound.ceiling(s, weights).power[:, 0], 8.0 * p.power_w - taken, rtol=1e-10)
    behind = SYSTEM.draw(Parameters(**values, target_side="transmission"), seed=5, stop=4)
    np.testing.assert_allclose(bound.ceiling(behind, weights).power, 8.0 * behind.parameters.power_w)
