from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import isaclib
from isaclib.physics import arrays
from isaclib.systems.base import Status
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.reference.programs import digital_relaxation
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.hybrid.two_stage import focusing_beamformer

SYSTEM = isaclib.get_system("hybrid")
DIRECT = ("speb-min-fdbf", "speb-min-hbf", "snr-max-hbf", "crb-min-hbf", "two-stage-hbf")


def draw(start: int, stop: int, **parameters: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**parameters), seed=11, start=start, stop=stop)


def design(scenario: Scenario, scheme: str, **options: Any) -> Design:
    return SYSTEM.design(scenario, scheme=scheme, options=options)


def same(part: Design, whole: Design, rows: slice) -> None:
    for name in ("status", "objective", "bound", "gap", "violation", "iterations", "beamformers", "speb_bound_m2"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows], err_msg=name)
    for name in ("analog", "digital", "certified", "trace"):
        if getattr(whole, name) is not None:
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows], err_msg=name)
    assert part.reason == whole.reason[rows]


@pytest.mark.parametrize("scheme", DIRECT)
@pytest.mark.parametrize(("start", "stop"), [(3, 8), (60, 68), (5, 6)])
def test_designs_are_the_same_bits_however_they_are_batched(scheme: str, start: int, stop: int) -> None:
    # hard enough that starts are drawn, and that some draws are infeasible
    options = {"starts": 3} if scheme.endswith("min-hbf") or scheme.startswith("snr") else {}
    whole = design(draw(0, 72, power_dbm=11.0), scheme, **options)
    same(design(draw(start, stop, power_dbm=11.0), scheme, **options), whole, slice(start, stop))


@pytest.mark.parametrize("scheme", ["speb-min-hbf", "snr-max-hbf", "two-stage-hbf", "sensing-only-hbf"])
def test_hybrid_beamformers_are_phases_in_blocks_times_digital(scheme: str) -> None:
    scenario = draw(0, 8)
    found = design(scenario, scheme)
    assert found.analog is not None
    assert found.digital is not None
    assert np.isin(found.status, (Status.OPTIMAL, Status.FEASIBLE)).all()
    block = np.repeat(np.eye(4), 8, axis=0)
    np.testing.assert_allclose(np.abs(found.analog), np.broadcast_to(block, (8, 32, 4)), atol=1e-14)
    np.testing.assert_allclose(found.analog @ found.digital, found.beamformers, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(8.0 * np.sum(np.abs(found.digital) ** 2, axis=(1, 2)), 1.0, rtol=1e-12)


def test_fully_digital_optimum_stands_beside_the_design_with_ties_broken() -> None:
    scenario = draw(0, 32, power_dbm=24.0)
    tied, plain = design(scenario, "speb-min-fdbf"), design(scenario, "speb-min-fdbf", tie_break=0)
    assert plain.certified is None
    assert tied.certified is not None
    np.testing.assert_array_equal(tied.certified, plain.beamformers)
    np.testing.assert_array_equal(tied.objective, plain.objective)
    assert np.all(tied.status == Status.OPTIMAL)
    data = SYSTEM.evaluate(scenario, tied)
    np.testing.assert_allclose(data.speb_certified_m2, tied.objective, rtol=1e-12)
    assert np.all(data.speb_m2 <= (1.0 + 1.01e-4) * data.speb_certified_m2)
    brighter = data.sensing_snr / SYSTEM.evaluate(scenario, plain).sensing_snr
    assert np.all(brighter >= 1.0 - 1e-12)
    assert brighter.max() > 1.01


def test_price_of_hybrid_falls_with_the_rf_chains_and_ends_at_nothing() -> None:
    price = []
    for chains in (2, 4, 8):
        scenario = draw(0, 24, elements=8, rf_chains=chains, power_dbm=28.0)
        found = design(scenario, "speb-min-hbf", starts=6, enough=0.0)
        price.append(SYSTEM.evaluate(scenario, found).price_of_hybrid.values)
        assert np.nanmin(price[-1]) >= -1e-9
    assert np.nanmedian(price[0]) > np.nanmedian(price[1]) > np.nanmedian(price[2])
    assert np.nanmedian(price[2]) < 1e-3


def test_trace_is_in_units_of_the_objective() -> None:
    scenario = draw(0, 4)
    for scheme in ("speb-min-hbf", "snr-max-hbf", "crb-min-hbf"):
        found = design(scenario, scheme, starts=1, trace=1000)
        assert found.trace is not None
        assert found.trace.shape == (4, 1000)
        last = [steps[np.isfinite(steps)][-1] for steps in found.trace]
        np.testing.assert_allclose(last, found.objective, rtol=1e-3)
    assert design(scenario, "speb-min-hbf", starts=1).trace is None


def test_each_hybrid_scheme_is_best_at_its_own_objective() -> None:
    scenario = draw(0, 32, power_dbm=20.0, elements=16)
    data = {
        scheme: SYSTEM.evaluate(scenario, design(scenario, scheme, starts=8, enough=0.0))
        for scheme in ("speb-min-hbf", "snr-max-hbf")
    }
    speb, light = data["speb-min-hbf"], data["snr-max-hbf"]
    assert float(speb.speb_m2.median()) < float(light.speb_m2.median())
    assert float(speb.sensing_snr.median()) < float(light.sensing_snr.median())


@pytest.mark.parametrize("hybrid", [False, True])
def test_sensing_only_attains_its_closed_form_and_ignores_the_users(hybrid: bool) -> None:
    scenario = draw(0, 3, target_m=(8.0, 4.0), min_rate_bps_hz=30.0, power_dbm=23.0)
    p = scenario.parameters
    geometry = (scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    a, gradient = arrays.spherical_response(*geometry), arrays.spherical_gradient(*geometry)
    # SPEB_0 = tr(Gm^-1) / (w P N) with Gm in long form
    tangent = gradient - np.outer(a, a.conj() @ gradient) / 32
    w = 2 * p.snapshots * scenario.reflection**2 / p.noise_w
    speb0 = np.trace(np.linalg.inv((tangent.conj().T @ tangent).real)) / (w * p.power_w * 32)
    found = design(scenario, "sensing-only-hbf" if hybrid else "sensing-only-fdbf")
    assert np.all(found.status == Status.OPTIMAL)
    for values in (found.objective, found.bound, found.speb_bound_m2):
        np.testing.assert_allclose(values, speb0, rtol=1e-8)
    covariance = found.beamformers[1] @ found.beamformers[1].conj().T
    np.testing.assert_allclose(covariance, p.power_w / 32 * np.outer(a, a.conj()), atol=1e-12)
    assert "rate" not in found.constraints
    assert (found.analog is not None) == hybrid


def test_infeasible_draws_say_what_they_need() -> None:
    scenario = draw(0, 64, power_dbm=5.0)
    for scheme in ("speb-min-fdbf", "speb-min-hbf", "two-stage-hbf"):
        found = design(scenario, scheme, **({"starts": 1} if scheme == "speb-min-hbf" else {}))
        none = found.status == Status.INFEASIBLE
        assert none.any()
        assert all(
            reason.startswith("the rates need") and reason.endswith("W of 0.00316 W")
            for reason, bad in zip(found.reason, none, strict=True)
            if bad
        )
        assert np.all(np.isnan(found.beamformers[none]))
        assert np.all(np.isnan(found.objective[none]))
    # what the search did not find is not called infeasible
    missed = design(scenario, "speb-min-hbf", starts=1)
    assert "none of 1 starts met the rates" in missed.reason
    feasible = design(scenario, "speb-min-fdbf").status != Status.INFEASIBLE
    np.testing.assert_array_equal(missed.status == Status.INFEASIBLE, ~feasible)


@pytest.mark.parametrize(
    ("scheme", "options", "message"),
    [
        ("speb-min-fdbf", {"tie_break": -1e-4}, "option tie_break = -0.0001: expected a number from 0 to below 1"),
        ("speb-min-hbf", {"starts": 0}, "option starts = 0: expected a whole number of at least 1"),
        ("speb-min-hbf", {"starts": 2.5}, "option starts = 2.5"),
        ("speb-min-hbf", {"again": -1}, "option again = -1: expected a whole number of at least 0"),
        ("speb-min-hbf", {"starts": float("inf")}, "option starts = inf"),
        ("snr-max-hbf", {"trace": -1}, "option trace = -1: expected a whole number of at least 0"),
        ("crb-min-hbf", {"enough": float("nan")}, "option enough = nan"),
    ],
)
def test_bad_options_are_named(scheme: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        design(draw(0, 1), scheme, **options)


def test_subarrays_that_all_look_at_users_leave_a_certificate() -> None:
    # as many users as RF chains: little light on the target, an SPEB of dozens of times the bound
    found = design(draw(0, 64, users=4), "two-stage-hbf")
    assert np.sum(found.status == Status.OPTIMAL) > 55
    assert not np.any(found.status == Status.FEASIBLE)


@pytest.mark.slow
def test_digital_stage_of_two_stage_is_that_of_the_semidefinite_program() -> None:
    scenario = draw(0, 4, target_m=(9.0, 3.0))
    found = design(scenario, "two-stage-hbf")
    problem, focusing = normalise(scenario, polar=True), focusing_beamformer(scenario)
    np.testing.assert_array_equal(found.analog, focusing)
    for i in range(4):
        exact = digital_relaxation(problem, i, focusing[i] / np.sqrt(8.0), objective="error", solver="CLARABEL").value
        assert found.objective[i] == pytest.approx(problem.cost0 * exact, rel=1e-5)
        assert found.bound[i] == pytest.approx(problem.cost0 * exact, rel=1e-5)
