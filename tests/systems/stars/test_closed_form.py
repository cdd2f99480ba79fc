from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from isaclib.systems.base import Status
from isaclib.systems.stars import SYSTEM, closed_form, information
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario


def draw(start: int = 0, stop: int = 64, seed: int = 1, **values: Any) -> Scenario:
    return SYSTEM.draw(Parameters(**values), seed=seed, start=start, stop=stop)


def design(s: Scenario, sensing_beam: bool = True, **options: Any) -> Design:
    filled = {**closed_form.OPTIONS, **options}
    return closed_form.closed_form(s, filled, s.streams, sensing_beam=sensing_beam)


def test_most_draws_are_certified_optimal() -> None:
    found = design(draw(stop=512))
    assert np.mean(found.status == Status.OPTIMAL) == pytest.approx(0.9, abs=0.02)
    assert set(found.status) == {Status.OPTIMAL, Status.FEASIBLE}
    assert found.gap[found.status == Status.OPTIMAL].max() < 1e-12
    assert np.all(found.objective >= found.bound * (1.0 - 1e-12))


def test_light_is_the_printed_optimum_and_the_user_has_just_its_rate() -> None:
    s = draw()
    p, found = s.parameters, design(s)
    light = information.illuminate(s, found.active, found.reflection)
    beam = found.active[:, :, 0] / np.sqrt(p.power_w)
    largest = p.power_w * np.abs(s.bs_star_channel @ beam.T).sum(axis=0) ** 2
    expected = largest - p.min_sinr * p.noise_w / np.abs(s.user_gain) ** 2
    np.testing.assert_allclose(light.power[:, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(light.power[:, 0], found.illumination_bound, rtol=1e-12)
    rate = found.violation[:, found.constraints.index("rate")]
    np.testing.assert_allclose(rate, 0.0, atol=1e-12)


@pytest.mark.parametrize("channel", ["los", "rician"])
def test_blocks_are_designed_alike_alone_and_together(channel: str) -> None:
    together, alone = (design(draw(start, 192, bs_star_channel=channel)) for start in (0, 64))
    for field in fields(Design):
        one, other = getattr(together, field.name), getattr(alone, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one[64:], other)


def test_what_is_out_of_reach_is_proven_and_says_what_is_not() -> None:
    found = design(draw(stop=8, min_rate_bps_hz=30.0))
    assert np.all(found.status == Status.INFEASIBLE)
    assert np.all(np.isnan(found.active))
    assert np.all(found.sensor_count == 0)
    for reason, most in zip(found.reason, found.reachable_rate, strict=True):
        assert reason == f"at most {most:.4g} bit/s/Hz can be reached, 30 asked"
    # the same draws, asked for a little less and a little more than what the first of them can have
    for share, status in ((1.0 - 1e-9, Status.FEASIBLE), (1.0 + 1e-9, Status.INFEASIBLE)):
        asked = design(draw(stop=1, min_rate_bps_hz=share * float(found.reachable_rate[0])))
        assert max(asked.status[0], Status.FEASIBLE) == status


def test_between_what_was_found_and_what_is_proven_nothing_is_claimed() -> None:
    values: dict[str, Any] = {"bs_star_channel": "rician", "rician_k_db": -20.0}
    reachable = design(draw(stop=16, **values)).reachable_rate
    asked = design(draw(stop=16, min_rate_bps_hz=float(reachable.min()) * 1.0001, **values))
    at = np.argmin(reachable)
    assert asked.status[at] == Status.NOT_FOUND
    assert asked.reason[at] != ""


@pytest.mark.parametrize(
    "values",
    [
        {"response": "exact"},
        {"response": "exact", "target_range_m": (0.1, 0.5), "user_range_m": (0.1, 0.5), "bs_distance_m": 0.5},
        {"bs_star_channel": "rician", "rician_k_db": -10.0},
        {"bound": "known-beta"},
        {"min_rate_bps_hz": 0.0},
        {"weight": 0.0},
        {"weight": 1.0},
        {"sensors": 4, "sensor_spacing_wavelengths": 1.0},
        {"star_elements": 60, "bs_antennas": 16, "max_sensor_spacing_wavelengths": 0.5},
        {"bs_antennas": 1, "min_rate_bps_hz": 3.0},
    ],
    ids=lambda values: ", ".join(f"{key} {value}" for key, value in values.items()),
)
def test_every_setting_has_designs_that_keep_their_constraints(values: dict[str, Any]) -> None:
    found = design(draw(stop=32, **values))
    assert np.all(found.status <= Status.FEASIBLE)
    assert np.all(found.objective >= found.bound * (1.0 - 1e-12))


def test_a_beam_for_sensing_alone_gets_nothing() -> None:
    s = draw()
    both, one = design(s), design(s, sensing_beam=False)
    assert both.active.shape == (64, 8, 2)
    assert one.active.shape == (64, 8, 1)
    assert np.all(both.active[..., 1] == 0.0)
    np.testing.assert_allclose(one.objective, both.objective, rtol=1e-14)


@pytest.mark.parametrize("channel", ["los", "rician"])
def test_trace_falls_to_the_objective(channel: str) -> None:
    found = design(draw(stop=16, bs_star_channel=channel), trace=60)
    assert found.trace is not None
    steps = np.diff(found.trace, axis=1)
    assert np.all(steps[np.isfinite(steps)] <= 1e-12)
    # a rate out of the first beam's reach leaves a hole
    assert np.nanmin(found.trace[:, 0] / found.objective) > 1.01
    np.testing.assert_allclose(found.trace[:, -1], found.objective, rtol=1e-6)
    assert design(draw(stop=2)).trace is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"starts": 0}, "option starts = 0: expected a whole number of at least 1"),
        ({"trace": -1}, "option trace = -1: expected a whole number of at least 0"),
        ({"deployment": "best"}, "option deployment = 'best': expected one of enumerate, sca-gp, joint-gp"),
    ],
)
def test_options_that_mean_nothing_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SYSTEM.design(draw(stop=1), scheme="joint-design", options=options)
