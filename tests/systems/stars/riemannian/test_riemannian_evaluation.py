from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems.stars import SYSTEM, information
from isaclib.systems.stars.acceptance import rates
from isaclib.systems.stars.riemannian.descent import restore
from isaclib.systems.stars.riemannian.evaluation import Problem, Work, forward, room
from isaclib.systems.stars.riemannian.gradient import backward
from isaclib.systems.stars.riemannian.problem import normalise, sense
from isaclib.systems.stars.riemannian.starts import Point, packed
from isaclib.systems.stars.scenario import Scenario

NEAR: dict[str, Any] = {
    "star_elements": 9,
    "bs_antennas": 3,
    "bs_distance_m": 0.3,
    "bs_star_channel": "rician",
    "rician_k_db": 0.0,
    "max_sensors": 7,
}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"bound": "known-beta", "response": "exact"},
    {"users": 2, "targets": 2, "speb_of_targets": "worst", "phase_shifts": "coupled"},
    {"users": 2, "targets": 3, "target_side": "transmission", "min_rate_bps_hz": 0.0},
]


def problem_at(guess: Any, **values: Any) -> tuple[Scenario, Any, Problem, np.ndarray, Work]:
    """Draw one realisation, a random design of it, and both as the kernel takes them."""
    s = SYSTEM.draw(SYSTEM.Parameters(**NEAR, **values), seed=3)
    design = guess(s, beams=s.parameters.users + 1, seed=1)
    n = normalise(s)
    q = sense(s, n, design.sensor_count, design.sensor_spacing_m)
    one = (
        n.channels[0],
        n.user_rows[0],
        q.rows[0],
        n.noise[0],
        q.weights[0],
        q.cross[0],
        np.full(s.parameters.targets, -3.0),
    )
    problem = Problem(*one, n.log_rate, *n.flags)
    point = Point(design.active / np.sqrt(s.parameters.power_w), design.transmission, design.reflection)
    x = packed(point, coupled=n.flags[2])[0]
    if problem.worst:
        x = np.append(x, -1.0)
    return s, design, problem, x, room(problem)


@pytest.mark.parametrize("values", SETTINGS, ids=str)
def test_gradient_against_differences(guess: Any, values: dict[str, Any]) -> None:
    _, _, problem, x, work = problem_at(guess, **values)
    weight = np.random.default_rng(0).random(len(work.constraint))
    gradient = np.empty(len(x))
    forward(x, problem, work)
    backward(x, problem, work, 0.7, weight, gradient)

    def lagrangian(x: np.ndarray) -> float:
        return 0.7 * forward(x, problem, work) - weight @ work.constraint

    def central(step: np.ndarray) -> float:
        return float((lagrangian(x + step) - lagrangian(x - step)) / (2.0 * np.linalg.norm(step)))

    slopes = [(4.0 * central(1e-5 * e) - central(2e-5 * e)) / 3.0 for e in np.eye(len(x))]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-7, atol=1e-7 * np.abs(gradient).max())


@pytest.mark.parametrize("values", SETTINGS, ids=str)
def test_values_are_those_of_the_model(guess: Any, values: dict[str, Any]) -> None:
    s, design, problem, x, work = problem_at(guess, **values)
    forward(x, problem, work)
    p = s.parameters
    light = information.illuminate(
        s, design.active, design.transmission if p.target_side == "transmission" else design.reflection
    )
    sensors = design.sensor_count, design.sensor_spacing_m
    speb = information.closed_form_speb(s, light, *sensors)[0]
    if p.bound == "efim":
        # with the entry off the diagonal, N_r c0 Re[p_rth - p_r0 p_0th / p00]
        change = light.aside
        along, across = information.diagonal_information(s, light.power, change, light.turn, *sensors, bound="efim")
        w, d = light.waveform[0], light.gradient[0]
        off = d - w[..., None] * (np.conj(w)[..., None] * d).sum(axis=-2, keepdims=True) / light.power[0, :, None, None]
        both = (
            sensors[0] * information.information_scale(s)[0] * np.sum(np.conj(off[..., 0]) * off[..., 1], axis=-1).real
        )
        speb = speb / (1.0 - both**2 / (along[0] * across[0]))
    np.testing.assert_allclose(work.speb, speb, rtol=1e-10)
    expected = rates(s, design.active, design.transmission)[0] * np.log(2.0) - problem.log_rate
    np.testing.assert_allclose(work.constraint[: p.users], expected / (problem.log_rate or 1.0), rtol=1e-9, atol=1e-12)


def test_missing_rates_are_made_up(guess: Any) -> None:
    _, _, problem, x, work = problem_at(guess, targets=2)
    before = forward(x, problem, work)
    # ask for a little more than the user has
    problem = problem._replace(log_rate=1.001 * problem.log_rate * (1.0 + work.constraint[0]))
    forward(x, problem, work)
    assert work.constraint[0] == pytest.approx(-0.001, rel=0.01)
    assert 0.0 <= restore(x, problem, work) < 1e-6
    assert forward(x, problem, work) == pytest.approx(before, abs=0.1)
    np.testing.assert_allclose(np.sum(np.abs(work.beams) ** 2), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(work.transmission) ** 2 + np.abs(work.reflection) ** 2, 1.0, rtol=1e-12)
