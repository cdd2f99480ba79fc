from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems.base import Status
from isaclib.systems.stars import SYSTEM
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.reference import penalty_sdp
from isaclib.systems.stars.scenario import Scenario

pytestmark = pytest.mark.slow


def designed(stop: int = 2, options: dict[str, Any] | None = None, **values: Any) -> tuple[Scenario, Design]:
    values = {"star_elements": 8, "bs_antennas": 4, "power_dbm": 35.0, **values}
    s = SYSTEM.draw(Parameters(**values), seed=3, stop=stop)
    return s, SYSTEM.design(s, scheme="joint-design", solver="penalty-sdp", options=options)


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ({}, {"deployment": "enumerate"}),
        ({}, {"deployment": "joint-gp", "conic_solver": "CLARABEL"}),
        ({"min_rate_bps_hz": 9.0, "star_elements": 10}, {"deployment": "enumerate"}),
        ({"response": "exact", "target_range_m": (0.5, 1.0)}, {"deployment": "enumerate"}),
        ({"bs_star_channel": "rician", "rician_k_db": 0.0}, {"deployment": "enumerate"}),
        ({"min_rate_bps_hz": 0.0}, {"deployment": "enumerate"}),
        ({"weight": 0.0}, {}),
        ({"star_elements": 32, "bs_antennas": 8, "power_dbm": 20.0}, {"deployment": "enumerate"}),
    ],
    ids=[
        "enumerate",
        "joint-gp with CLARABEL",
        "high rate",
        "exact",
        "rician",
        "no rate",
        "no weight",
        "default sizes",
    ],
)
def test_cost_is_that_of_the_closed_form(values: dict[str, Any], options: dict[str, Any]) -> None:
    s, found = designed(3, options, **values)
    known = SYSTEM.design(s, scheme="joint-design")
    assert np.all(found.status <= Status.FEASIBLE)
    np.testing.assert_allclose(found.objective, known.objective, rtol=1e-3)


def test_a_known_reflection_is_worth_more_than_light_alone() -> None:
    """The closed form takes the beam of most light, which is not quite the best for that bound."""
    s, found = designed(3, {"deployment": "enumerate"}, bound="known-beta")
    known = SYSTEM.design(s, scheme="joint-design")
    share = 1.0 - found.objective / known.objective
    assert np.all(share > -1e-6)
    assert np.all(share < 0.1)


def test_algorithm_1_costs_more_than_the_enumeration() -> None:
    # few sensors are enough, and so many fit
    s, found = designed(2, power_dbm=60.0, star_elements=12, max_sensors=12)
    known = SYSTEM.design(s, scheme="joint-design")
    assert np.all(found.sensor_count > known.sensor_count)
    assert np.all(found.objective > 1.1 * known.objective)


@pytest.mark.parametrize(("together", "side"), [("sum", "reflection"), ("worst", "transmission")])
def test_several_users_and_targets_get_what_was_promised(together: str, side: str) -> None:
    _, found = designed(
        1,
        {"deployment": "joint-gp"},
        users=2,
        targets=2,
        target_side=side,
        speb_of_targets=together,
        min_rate_bps_hz=1.5,
        bs_star_channel="rician",
        rician_k_db=0.0,
    )
    assert np.all(found.status <= Status.FEASIBLE)
    assert np.all(found.objective >= found.bound)
    assert found.trace is not None
    # the alternation never rises, and gains
    steps = np.diff(found.trace, axis=-1)
    assert np.all(steps[np.isfinite(steps)] <= 0.0)
    assert np.all(np.nansum(steps, axis=-1) < 0.0)


def test_trace_ends_at_the_cost() -> None:
    _, found = designed(2, {"iterations": 3})
    assert found.trace is not None
    for row, cost, iterations in zip(found.trace, found.objective, found.iterations, strict=True):
        assert row[iterations - 1] == pytest.approx(cost, rel=1e-12)
    assert np.all(found.solve_seconds > 0.0)


def test_a_rate_out_of_reach_is_told_from_one_that_was_not_reached() -> None:
    _, beyond = designed(1, min_rate_bps_hz=20.0)
    assert beyond.status[0] == Status.INFEASIBLE
    assert beyond.reachable_rate[0] < 20.0
    assert "20 asked" in beyond.reason[0]
    # a second user in line with the first: nothing proves that both cannot have it
    _, missed = designed(1, {"iterations": 1, "inner_iterations": 1}, users=2, min_rate_bps_hz=4.0)
    assert missed.status[0] == Status.NOT_FOUND
    assert "4 asked" in missed.reason[0]


def test_a_failure_is_that_of_its_realisation_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = penalty_sdp.initial_layout

    def broken(one: Scenario) -> Any:
        if one.streams.start == 1:
            raise RuntimeError("no layout\nfor this one")
        return whole(one)

    monkeypatch.setattr(penalty_sdp, "initial_layout", broken)
    _, found = designed(2, {"iterations": 1})
    assert found.status[0] <= Status.FEASIBLE
    assert found.status[1] == Status.FAILED
    assert found.reason[1] == "RuntimeError: no layout"


def test_a_draw_without_memory_is_no_failed_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(one: Scenario) -> Any:
        raise MemoryError

    monkeypatch.setattr(penalty_sdp, "initial_layout", exhausted)
    with pytest.raises(MemoryError):
        designed(1, {"iterations": 1})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deployment": "all"}, "option deployment = 'all': expected one of"),
        ({"conic_solver": "MOSEK"}, "option conic_solver = 'MOSEK': expected one of auto, CLARABEL, SCS"),
        ({"iterations": 0}, "option iterations = 0: expected a whole number of at least 1"),
        ({"penalty_factor": 1.0}, "option penalty_factor = 1.0: expected a number between 0 and 1"),
        ({"tolerance": 0.0}, "option tolerance = 0.0: expected a number above 0"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        designed(1, options)


def test_coupled_phases_are_refused() -> None:
    with pytest.raises(ValueError, match=r"phase_shifts = 'coupled': expected independent .* riemannian"):
        designed(1, phase_shifts="coupled")
