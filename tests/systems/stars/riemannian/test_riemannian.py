from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.stars.scenario import Scenario

SYSTEM = get_system("stars")
SCATTERED: dict[str, Any] = {"bs_star_channel": "rician", "rician_k_db": 0.0}


def draw(stop: int = 8, start: int = 0, **values: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**values), seed=1, start=start, stop=stop)


def solve(scenario: Scenario, solver: str = "riemannian", **options: Any) -> Any:
    return SYSTEM.design(scenario, scheme="joint-design", solver=solver, options=options)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"response": "exact"},
        SCATTERED,
        {"bound": "known-beta"},
        {"star_elements": 60, "bs_antennas": 16},
        {"power_dbm": 10.0, "deployment": "joint-gp"},
    ],
    ids=str,
)
def test_reaches_the_closed_form(values: dict[str, Any]) -> None:
    values = dict(values)
    options = {"deployment": values.pop("deployment")} if "deployment" in values else {}
    s = draw(16, **values)
    closed, found = solve(s, "closed-form"), solve(s, **options)
    np.testing.assert_array_equal(closed.status == Status.INFEASIBLE, found.status == Status.INFEASIBLE)
    designed = closed.status <= Status.FEASIBLE
    assert designed.any()
    assert np.all(found.objective[designed] <= closed.objective[designed] * (1.0 + 1e-3))
    assert np.all(found.objective[designed] >= found.bound[designed] * (1.0 - 1e-9))
    np.testing.assert_allclose(found.reachable_rate, closed.reachable_rate, rtol=1e-9)
    assert np.all(found.status[closed.status == Status.OPTIMAL] == Status.OPTIMAL)


@pytest.mark.parametrize("values", [{"target_side": "transmission"}, {"phase_shifts": "coupled"}], ids=str)
def test_without_a_rate_neither_the_side_nor_the_coupling_matters(values: dict[str, Any]) -> None:
    # from co-phased starts, not from the closed form
    closed = solve(draw(min_rate_bps_hz=0.0), "closed-form")
    found = solve(draw(min_rate_bps_hz=0.0, **values))
    np.testing.assert_allclose(found.objective, closed.objective, rtol=1e-4)


def test_coupled_phases_cost_more_than_independent_ones() -> None:
    independent, s = solve(draw(), "closed-form"), draw(phase_shifts="coupled")
    coupled = solve(s)
    assert np.all(coupled.status == Status.FEASIBLE)
    assert np.abs((coupled.transmission * np.conj(coupled.reflection)).real).max() < 1e-12
    assert np.all(coupled.objective >= independent.objective)
    assert np.median(coupled.objective / independent.objective) < 1.1


@pytest.mark.parametrize(
    "values",
    [
        {"users": 2, "targets": 2},
        {"users": 3, "targets": 2, "speb_of_targets": "worst"},
        {"users": 2, "targets": 2, "target_side": "transmission", "phase_shifts": "coupled"},
    ],
    ids=str,
)
def test_several_users_and_targets_meet_their_constraints(values: dict[str, Any]) -> None:
    s = draw(min_rate_bps_hz=3.0, **SCATTERED, **values)
    data = SYSTEM.evaluate(s, solve(s))
    assert np.all(data.status == Status.FEASIBLE)
    assert np.all(data.user_rate >= 3.0 * (1.0 - 1e-6))
    assert data.violation.max() <= 1e-9
    assert np.all(data.cost >= data.bound)
    np.testing.assert_allclose(data.speb_closed_form_m2, data.speb_m2, rtol=0.02)


def test_the_worst_target_gains_by_being_counted() -> None:
    together, worst = (draw(targets=3, speb_of_targets=name, **SCATTERED) for name in ("sum", "worst"))
    of_sum, of_worst = (SYSTEM.evaluate(s, solve(s)).target_speb_m2 for s in (together, worst))
    assert np.all(of_worst.max("target") <= of_sum.max("target") * (1.0 + 1e-3))
    assert np.all(of_sum.sum("target") <= of_worst.sum("target") * (1.0 + 1e-3))


def test_two_beams_make_up_for_a_short_row_of_sensors() -> None:
    s = draw(sensors=8, sensor_spacing_wavelengths=0.5, weight=1.0, bs_star_channel="rician", rician_k_db=-20.0)
    one, two = solve(s, "closed-form"), solve(s)
    assert np.all(two.objective < 0.1 * one.objective)
    data = SYSTEM.evaluate(s, two)
    # the exact bound agrees, and the light that is asked for is there
    np.testing.assert_allclose(data.speb_m2, data.speb_closed_form_m2, rtol=0.02)
    assert np.all(data.illumination_w >= 0.0095 * SYSTEM.evaluate(s, one).illumination_w)
    assert np.all(data["rank"] == 2.0)


def test_an_estimator_follows_two_beams_with_light_but_not_in_the_dark() -> None:
    s = draw(8, star_elements=60, bs_antennas=16, max_sensor_spacing_wavelengths=1.0)
    one = solve(s, "closed-form")
    ratios = {}
    for light in (0.01, 0.0):
        design = solve(s, least_light=light)
        assert np.all(design.objective < 0.55 * one.objective)
        assert np.all(design.sensor_count < one.sensor_count)
        found = SYSTEM.estimate(s, design, estimator="ml", options={"trials": 4})
        error = np.sqrt((found.ml_error_m**2).mean("trial"))
        ratios[light] = float(np.median(error / SYSTEM.evaluate(s, design).rspeb_m))
    assert ratios[0.01] < 1.5
    assert ratios[0.0] > 20.0


def test_what_cannot_be_had() -> None:
    proven = solve(draw(users=2, power_dbm=-10.0))
    assert np.all(proven.status == Status.INFEASIBLE)
    assert all("6 bit/s/Hz" in text for text in proven.reason)
    # a line of sight alone hardly tells two users apart, which no certificate here shows
    open_ = solve(draw(2, users=2), starts=1)
    assert np.all(open_.status == Status.NOT_FOUND)
    assert all("none of 1 starts met the rates" in text for text in open_.reason)
    assert np.all(np.isnan(open_.objective))


def test_designs_do_not_depend_on_the_batch() -> None:
    values = {"users": 2, "targets": 2, "min_rate_bps_hz": 3.0, **SCATTERED}
    whole, part = solve(draw(6, **values), starts=2), solve(draw(6, start=3, **values), starts=2)
    np.testing.assert_array_equal(whole.objective[3:], part.objective)
    np.testing.assert_array_equal(whole.active[3:], part.active)


def test_trace_ends_at_the_cost() -> None:
    s = draw(targets=2)
    design = solve(s, trace=2000)
    for costs, objective in zip(design.trace, design.objective, strict=True):
        assert costs[np.isfinite(costs)][-1] == pytest.approx(objective, rel=1e-5)


@pytest.mark.parametrize(
    ("option", "value"), [("starts", 0), ("rounds", 0), ("trace", -1), ("least_light", 1.5), ("deployment", "guess")]
)
def test_options_that_mean_nothing(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"option {option} = {value!r}"):
        solve(draw(1), **{option: value})


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [
        {"users": 2},
        {"targets": 2, "speb_of_targets": "worst"},
        {"users": 2, "targets": 2, "target_side": "transmission"},
    ],
    ids=str,
)
def test_costs_no_more_than_algorithm_3(values: dict[str, Any]) -> None:
    small: dict[str, Any] = {
        "star_elements": 8,
        "bs_antennas": 4,
        "max_sensors": 8,
        "min_rate_bps_hz": 3.0,
        "power_dbm": 30.0,
    }
    s = draw(1, **small, **SCATTERED, **values)
    reference = solve(s, "penalty-sdp", deployment="enumerate")
    assert reference.status[0] == Status.FEASIBLE
    assert solve(s).objective[0] <= reference.objective[0] * (1.0 + 1e-3)
