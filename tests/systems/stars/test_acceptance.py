from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems.base import Status
from isaclib.systems.stars import SYSTEM, acceptance
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario

PARTS = ("active", "reflection", "transmission", "sensor_count", "sensor_spacing_m")


def draw(stop: int = 4, **values: Any) -> Scenario:
    return SYSTEM.draw(Parameters(**values), seed=6, stop=stop)


def assessed(s: Scenario, design: Any, **changes: np.ndarray) -> acceptance.Verdict:
    return acceptance.assess(s, **{**{name: getattr(design, name) for name in PARTS}, **changes})


def judged(s: Scenario, design: Design, **changes: Any) -> Design:
    names = (*PARTS, "bound", "illumination_bound", "reachable_rate", "status", "reason", "iterations")
    return acceptance.judge(s, **{**{name: getattr(design, name) for name in names}, **changes})


def test_rates_count_every_other_beam(guess: Any) -> None:
    s = draw(users=2, power_dbm=60.0, bs_distance_m=0.5)
    design = guess(s, beams=3, seed=1)
    found = acceptance.rates(s, design.active, design.transmission)
    for b in range(4):
        for u in range(2):
            heard = s.user_gain[b, u] * (s.user_response[b, u] * design.transmission[b]) @ s.bs_star_channel
            powers = np.abs(heard @ design.active[b]) ** 2
            sinr = powers[u] / (powers.sum() - powers[u] + s.parameters.noise_w)
            assert found[b, u] == pytest.approx(np.log2(1.0 + sinr), rel=1e-9)


def test_what_is_seen_of_a_design_that_keeps_everything() -> None:
    s = draw()
    found = assessed(s, SYSTEM.design(s, scheme="joint-design"))
    assert found.met.all()
    assert found.violation.shape == (4, len(acceptance.CONSTRAINTS))
    assert np.abs(found.violation).max() < 1e-9


@pytest.mark.parametrize(
    ("name", "change", "constraint", "expected"),
    [
        ("active", lambda f: 0.9 * f, "power", 0.81 - 1.0),
        ("active", lambda f: 1.01 * f, "power", 1.01**2 - 1.0),
        ("transmission", lambda q: 0.5 * q, "rate", 1.0 - np.log2(1.0 + 63.0 / 4.0) / 6.0),
        ("reflection", lambda q: 0.0 * q, "energy", None),
        ("sensor_spacing_m", lambda d: 1.02 * d, "deployment", 0.02),
        ("sensor_count", lambda n: 0 * n + 2, "deployment", 1.0 / 3.0),
    ],
)
def test_each_constraint_is_seen(name: str, change: Any, constraint: str, expected: float | None) -> None:
    s = draw()
    design = SYSTEM.design(s, scheme="joint-design")
    found = assessed(s, design, **{name: change(getattr(design, name))})
    column = found.violation[:, acceptance.CONSTRAINTS.index(constraint)]
    if expected is None:
        expected = np.max(np.abs(design.reflection) ** 2, axis=-1)
    np.testing.assert_allclose(column, expected, rtol=1e-6)
    assert not np.any(found.met[column > 1e-6])


def test_coupled_phases_are_a_quarter_turn_apart(guess: Any) -> None:
    s = draw(phase_shifts="coupled", min_rate_bps_hz=0.0)
    design = guess(s, beams=2, seed=2)
    assert assessed(s, design).met.all()
    turned = assessed(s, design, transmission=design.transmission * np.exp(0.1j))
    expected = np.max(np.abs(design.transmission * design.reflection), axis=-1) * np.sin(0.1)
    np.testing.assert_allclose(turned.violation[:, acceptance.CONSTRAINTS.index("energy")], expected, rtol=1e-9)
    assert not turned.met.any()
    free = draw(min_rate_bps_hz=0.0)
    assert assessed(free, design, transmission=design.transmission * np.exp(0.1j)).met.all()


def test_targets_behind_the_surface_are_lit_through_it(guess: Any) -> None:
    front, behind = draw(), draw(target_side="transmission")
    design = guess(front, beams=1, seed=3)
    swapped = {"reflection": design.transmission, "transmission": design.reflection}
    one = assessed(front, design).light.power
    np.testing.assert_array_equal(assessed(behind, design, **swapped).light.power, one)


def test_without_a_rate_there_is_none_to_miss(guess: Any) -> None:
    s = draw(min_rate_bps_hz=0.0)
    found = assessed(s, guess(s, beams=1, seed=4))
    np.testing.assert_array_equal(found.violation[:, 0], -1.0)


def test_a_status_is_lowered_and_never_raised() -> None:
    s = draw(stop=6)
    design = SYSTEM.design(s, scheme="joint-design")
    best = design.status == Status.OPTIMAL
    assert best.any()
    assert np.all(judged(s, design, bound=0.5 * design.bound).status == Status.FEASIBLE)
    assert np.all(judged(s, design, active=1.1 * design.active).status == Status.VIOLATING)
    modest = np.full(6, Status.FEASIBLE)
    assert np.all(judged(s, design, status=modest).status == Status.FEASIBLE)


def test_what_is_not_finite_has_failed_with_all_its_parts() -> None:
    s = draw()
    design = SYSTEM.design(s, scheme="joint-design")
    spacing = design.sensor_spacing_m.copy()
    spacing[1] = np.nan
    found = judged(s, design, sensor_spacing_m=spacing)
    assert found.status[1] == Status.FAILED
    assert found.reason[1] == "beamformers are not finite"
    assert found.sensor_count[1] == 0
    for part in (found.active, found.reflection, found.transmission, found.objective, found.gap):
        assert np.isnan(part[1]).all()
        assert np.isfinite(part[[0, 2, 3]]).all()


def test_a_proof_that_there_is_none_stays_one() -> None:
    s = draw(min_rate_bps_hz=40.0)
    design = SYSTEM.design(s, scheme="joint-design")
    again = judged(s, design)
    np.testing.assert_array_equal(again.status, Status.INFEASIBLE)
    assert again.reason == design.reason
