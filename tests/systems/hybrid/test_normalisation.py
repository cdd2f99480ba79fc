from __future__ import annotations

import numpy as np
import pytest

from isaclib.physics import arrays, fisher
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.scenario import Scenario, draw_scenario
from isaclib.systems.streams import Streams


def draw(**values: object) -> Scenario:
    return draw_scenario(Parameters(**values), Streams(3, 0, 2))  # type: ignore[arg-type]


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


@pytest.mark.parametrize("target_m", [(10.0, 0.0), (2.5, 1.0), (40.0, -20.0)])
@pytest.mark.parametrize("polar", [False, True])
def test_cost_is_the_bound_in_units_of_the_sensing_only_bound(target_m: tuple[float, float], polar: bool):
    scenario = draw(target_m=target_m)
    problem = normalise(scenario, polar=polar)
    rng = np.random.default_rng(1)
    beamformers = rng.standard_normal((5, 32, 2)) + 1j * rng.standard_normal((5, 32, 2))
    beamformers /= np.linalg.norm(beamformers, axis=(1, 2), keepdims=True)
    information = efim(scenario, beamformers * np.sqrt(scenario.parameters.power_w))
    if polar:
        information = fisher.polar_efim(information, scenario.target_m)
    cost = problem.cost(problem.gram(beamformers))
    np.testing.assert_allclose(problem.cost0 * cost, fisher.speb(information), rtol=1e-9)


def test_all_power_on_the_target_costs_one_and_nothing_costs_less():
    problem = normalise(draw())
    assert problem.cost(problem.gram(problem.a0[:, None])) == pytest.approx(1.0, rel=1e-12)
    rng = np.random.default_rng(2)
    near = problem.a0[:, None] + 0.1 * (rng.standard_normal((20, 32, 1)) + 1j * rng.standard_normal((20, 32, 1)))
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    assert np.all(problem.cost(problem.gram(near)) > 1.0)


def test_nothing_sent_towards_the_target_costs_infinity():
    problem = normalise(draw())
    assert problem.cost(np.zeros((3, 3), dtype=complex)) == np.inf


def test_basis_is_orthonormal_and_weight_has_trace_one():
    problem = normalise(draw(target_m=(6.0, 2.0)))
    np.testing.assert_allclose((np.conj(problem.b.T) @ problem.b).real, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(np.conj(problem.a0) @ problem.b, 0.0, atol=1e-9)
    assert np.trace(problem.weight) == pytest.approx(1.0)


def test_sinr_is_the_same_in_units_of_the_power():
    scenario = draw(min_rate_bps_hz=(1.0, 3.0))
    problem = normalise(scenario)
    np.testing.assert_allclose(problem.gamma, [1.0, 7.0])
    norms = np.linalg.norm(scenario.channels, axis=-1)
    np.testing.assert_allclose(problem.g * norms[..., None], scenario.channels, rtol=1e-14)
    np.testing.assert_allclose(problem.noise, scenario.parameters.noise_w / scenario.parameters.power_w / norms**2)
