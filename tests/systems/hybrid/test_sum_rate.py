"""The direct solvers of the communication-oriented schemes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isaclib
from isaclib.physics import arrays
from isaclib.systems.base import Status
from isaclib.systems.hybrid.certificate import sensing_and_channels
from isaclib.systems.hybrid.communication import fully_digital
from isaclib.systems.hybrid.communication.bound import LEAST_EXCESS, sum_rate_bound
from isaclib.systems.hybrid.communication.direct import check_hybrid_rate
from isaclib.systems.hybrid.communication.search import search
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.scenario import Scenario

SYSTEM = isaclib.get_system("hybrid")


def draw(stop: int = 8, *, seed: int = 41, start: int = 0, **parameters: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**parameters), seed=seed, start=start, stop=stop)


def design(scenario: Scenario, scheme: str, **options: Any) -> Design:
    return SYSTEM.design(scenario, scheme=scheme, options=options)


def least_peb(**parameters: Any) -> float:
    """Position error bound with all power on the target."""
    return float(np.sqrt(normalise(draw(1, **parameters)).speb0))


def assert_kept(scenario: Scenario, found: Design) -> None:
    """Every draw has a design, within SPEB and power, and no better than its bound."""
    p = scenario.parameters
    data = SYSTEM.evaluate(scenario, found)
    assert np.all(found.status <= Status.FEASIBLE)
    np.testing.assert_array_equal(data.status, found.status)
    if "speb" in found.promises:
        assert np.all(data.speb_m2 <= p.max_speb_m2 * (1.0 + 1e-6))
    assert np.all(data.power_w <= p.power_w * (1.0 + 1e-9))
    np.testing.assert_allclose(data.sum_rate, found.objective, rtol=1e-12)
    assert np.all(found.objective <= found.bound * (1.0 + 1e-9))


# --- what the numbers are


@pytest.mark.parametrize(("power_dbm", "limited", "free"), [(10.0, 12.6, 14.5), (20.0, 21.1, 21.2), (30.0, 27.7, 27.7)])
def test_fully_digital_sum_rates_are_those_known(power_dbm: float, limited: float, free: float) -> None:
    scenario = draw(192, power_dbm=power_dbm)
    for scheme, mean in (("sca-bcd-fdbf", limited), ("communication-only-fdbf", free)):
        found = design(scenario, scheme)
        assert_kept(scenario, found)
        # known from 48 draws
        error = found.objective.std() * np.sqrt(1.0 / 48 + 1.0 / 192)
        assert found.objective.mean() == pytest.approx(mean, abs=2.5 * error)
        if scheme == "communication-only-fdbf":
            assert np.all(found.status == Status.OPTIMAL)
        else:
            assert np.median(found.gap) < 1e-8
            assert np.quantile(found.gap, 0.95) < 1e-4


@pytest.mark.parametrize(("power_dbm", "chains", "mean"), [(10.0, 4, 10.0), (20.0, 8, 19.8), (30.0, 4, 26.1)])
def test_hybrid_sum_rates_are_those_known(power_dbm: float, chains: int, mean: float) -> None:
    scenario = draw(32, power_dbm=power_dbm, rf_chains=chains)
    found = design(scenario, "sca-bcd-hbf")
    assert_kept(scenario, found)
    assert found.objective.mean() == pytest.approx(mean, abs=2.5 * found.objective.std() * np.sqrt(1.0 / 48 + 1.0 / 32))
    np.testing.assert_array_equal(found.bound, sum_rate_bound(scenario, speb=True))


# --- fully digital


@pytest.mark.parametrize(
    ("ratio", "power_dbm", "optimal"), [(1.05, 10.0, 22), (1.2, 30.0, 23), (2.0, 10.0, 20), (1.3, -20.0, 24)]
)
def test_no_beams_beat_the_bound_and_none_the_design(ratio: float, power_dbm: float, optimal: int) -> None:
    cap = ratio**2
    scenario = draw(24, power_dbm=power_dbm)
    problem = normalise(scenario)
    vectors = np.linalg.qr(sensing_and_channels(problem))[1]
    solved = fully_digital.solve(vectors, problem.weight, problem.noise, cap)
    assert np.sum(solved.value >= solved.bound * (1.0 - 1e-6)) >= optimal
    rng = np.random.default_rng(5)
    for b in range(0, 24, 3):
        best = -np.inf
        for _ in range(12):
            beams = rng.standard_normal((*solved.beams.shape[1:], 2)) @ [1.0, 1.0j]
            beams[:3] *= 10.0 ** rng.uniform(-1.0, 1.0)
            rate, f = fully_digital.polish(vectors[b], problem.weight, problem.noise[b], cap, beams)
            if f <= cap:
                best = max(best, rate)
        assert best <= solved.bound[b] * (1.0 + 1e-9)
        assert best <= solved.value[b] * (1.0 + 1e-6)


@pytest.mark.parametrize("power_dbm", [0.0, 40.0])
def test_sum_rate_grows_with_the_error_allowed_and_ends_without_a_limit(power_dbm: float) -> None:
    least = least_peb(power_dbm=power_dbm)
    free = design(draw(24, power_dbm=power_dbm), "communication-only-fdbf")
    rate, bound = np.zeros(24), np.zeros(24)
    for ratio in (1.02, 1.1, 1.3, 1.8, 3.0, 10.0, 1e3):
        scenario = draw(24, power_dbm=power_dbm, max_peb_m=ratio * least)
        found = design(scenario, "sca-bcd-fdbf")
        assert_kept(scenario, found)
        assert np.all(found.objective >= rate * (1.0 - 1e-4))
        assert np.all(found.bound >= bound * (1.0 - 1e-4))
        assert np.all(found.bound <= free.bound * (1.0 + 1e-9))
        rate, bound = found.objective, found.bound
    np.testing.assert_array_equal(rate, free.objective)
    dirty_paper = design(draw(24, power_dbm=power_dbm), "dpc-bound")
    assert np.all(free.bound <= dirty_paper.bound * (1.0 + 1e-9))


@pytest.mark.parametrize(("power_dbm", "max_peb_m"), [(10.0, 0.2), (20.0, 0.06), (30.0, 0.02)])
def test_the_two_halves_meet_on_one_curve(power_dbm: float, max_peb_m: float) -> None:
    """The least SPEB at the rates of a design of largest sum-rate is the SPEB it was allowed."""
    met = 0
    for realisation in range(6):
        scenario = draw(realisation + 1, start=realisation, power_dbm=power_dbm, max_peb_m=max_peb_m)
        found = design(scenario, "sca-bcd-fdbf")
        rates = SYSTEM.evaluate(scenario, found).rate.values[0]
        if rates.min() < 1e-6:
            continue
        back = replace(scenario, parameters=replace(scenario.parameters, min_rate_bps_hz=tuple(rates.tolist())))
        least = design(back, "speb-min-fdbf", tie_break=0.0)
        limit = scenario.parameters.max_speb_m2
        if found.status[0] == Status.OPTIMAL:
            assert least.objective[0] == pytest.approx(limit, rel=1e-4)
            assert least.bound[0] == pytest.approx(limit, rel=1e-4)
            met += 1
        else:
            # a gap here is one there
            assert least.objective[0] >= limit * (1.0 - 1e-4)
    assert met >= 4


@pytest.mark.parametrize(("max_peb_m", "cut"), [(0.06, 16), (0.6, 11)])
def test_one_user_gets_what_is_left_of_the_target(max_peb_m: float, cut: int) -> None:
    scenario = draw(16, users=1, power_dbm=20.0, max_peb_m=max_peb_m)
    p, problem = scenario.parameters, normalise(scenario)
    found = design(scenario, "sca-bcd-fdbf")
    assert_kept(scenario, found)
    # the SPEB of one beam is that of all power on the target over the share of it that falls there
    between = np.arccos(np.abs(problem.g[:, 0] @ np.conj(problem.a0)))
    allowed = np.arccos(np.sqrt(problem.speb0 / p.max_speb_m2))
    gain = np.cos(np.maximum(0.0, between - allowed)) ** 2
    np.testing.assert_allclose(found.objective, np.log2(1.0 + gain / problem.noise[:, 0]), rtol=1e-9)
    assert np.all(found.status == Status.OPTIMAL)
    assert np.sum(between > allowed) == cut


@pytest.mark.parametrize(("users", "elements", "chains"), [(3, 8, 4), (4, 4, 4), (3, 3, 3), (8, 16, 8)])
def test_many_users_stay_below_a_bound_that_knows_the_limit(users: int, elements: int, chains: int) -> None:
    sizes: dict[str, Any] = {"users": users, "elements": elements, "rf_chains": chains, "power_dbm": 20.0}
    scenario = draw(4, max_peb_m=1.3 * least_peb(**sizes), **sizes)
    found = design(scenario, "sca-bcd-fdbf")
    assert_kept(scenario, found)
    free, dirty_paper = design(scenario, "communication-only-fdbf"), design(scenario, "dpc-bound")
    assert_kept(scenario, free)
    np.testing.assert_allclose(free.bound, dirty_paper.bound, rtol=1e-9)
    assert np.all(found.bound <= dirty_paper.bound * (1.0 + 1e-9))
    assert np.any(found.bound < dirty_paper.bound * 0.998)
    assert np.all(found.objective > 0.4 * found.bound)


# --- limits of the limit


@pytest.mark.parametrize("scheme", ["sca-bcd-fdbf", "sca-bcd-hbf"])
def test_a_limit_below_the_sensing_only_bound_is_proven_infeasible(scheme: str) -> None:
    found = design(draw(3, max_peb_m=least_peb() * (1.0 - 1e-6)), scheme)
    assert np.all(found.status == Status.INFEASIBLE)
    assert all(reason.startswith("no beamformer has a position error bound below 0.0158 m") for reason in found.reason)
    for values in (found.objective, found.bound, found.gap, found.beamformers):
        assert np.isnan(values).all()
    # what has no limit is not concerned
    assert np.all(design(draw(3, max_peb_m=1e-6), scheme.replace("sca-bcd", "communication-only")).status <= 1)


@pytest.mark.parametrize("scheme", ["sca-bcd-fdbf", "sca-bcd-hbf"])
@pytest.mark.parametrize("sizes", [{}, {"users": 1, "rf_chains": 1}, {"users": 3}])
@pytest.mark.parametrize("excess", [0.0, 1e-9, 1e-5])
def test_the_sensing_only_bound_itself_can_be_met(scheme: str, sizes: dict[str, int], excess: float) -> None:
    scenario = draw(2, power_dbm=10.0, max_peb_m=least_peb(power_dbm=10.0, **sizes) * (1.0 + excess), **sizes)
    found = design(scenario, scheme)
    assert_kept(scenario, found)
    assert np.all(found.violation[:, 0] <= LEAST_EXCESS * (1.0 + 1e-3))
    assert np.all(found.objective > 0.0)


@pytest.mark.parametrize("scheme", ["fdbf", "hbf"])
def test_no_limit_is_communication_alone(scheme: str) -> None:
    scenario = draw(max_peb_m=None)
    limited, free = design(scenario, f"sca-bcd-{scheme}"), design(scenario, f"communication-only-{scheme}")
    np.testing.assert_array_equal(limited.beamformers, free.beamformers)
    np.testing.assert_array_equal(limited.bound, free.bound)
    assert np.all(limited.violation <= 1e-9)


# --- hybrid


def test_a_limit_costs_hybrid_beamformers_sum_rate_and_never_pays() -> None:
    loose = draw(24, power_dbm=30.0)
    limited, free = design(loose, "sca-bcd-hbf"), design(loose, "communication-only-hbf")
    assert_kept(loose, limited)
    assert_kept(loose, free)
    np.testing.assert_allclose(limited.objective, free.objective, rtol=2e-3)
    assert np.all(limited.objective <= free.objective * (1.0 + 1e-5))
    tight = draw(24, power_dbm=30.0, max_peb_m=0.02)
    assert np.all(design(tight, "sca-bcd-hbf").objective <= limited.objective * (1.0 + 1e-3))


def test_one_antenna_a_chain_is_fully_digital() -> None:
    scenario = draw(4, elements=16, rf_chains=16, power_dbm=20.0, max_peb_m=0.12)
    hybrid, digital = design(scenario, "sca-bcd-hbf"), design(scenario, "sca-bcd-fdbf")
    assert_kept(scenario, hybrid)
    np.testing.assert_allclose(hybrid.objective, digital.objective, rtol=1e-6)
    np.testing.assert_array_equal(hybrid.bound, digital.bound)


def test_more_starts_never_hurt_and_are_counted() -> None:
    scenario = draw(12, power_dbm=20.0, max_peb_m=0.06)
    few, more = (design(scenario, "sca-bcd-hbf", starts=starts, again=0) for starts in (3, 10))
    assert np.all(more.objective >= few.objective)
    assert np.any(more.objective > few.objective)
    assert np.all(more.iterations > few.iterations)


def test_an_optimum_found_again_and_again_spares_the_further_starts() -> None:
    scenario = draw(24, power_dbm=20.0, max_peb_m=0.06)
    once, twice, every = (design(scenario, "sca-bcd-hbf", starts=10, again=again) for again in (1, 2, 0))
    assert np.all(once.iterations <= twice.iterations)
    assert np.all(twice.iterations <= every.iterations)
    assert once.iterations.sum() < twice.iterations.sum() < every.iterations.sum()
    assert np.all(once.objective <= twice.objective)
    assert np.all(twice.objective <= every.objective)
    # what spares a draw its starts is no other draw
    alone = design(draw(8, start=7, power_dbm=20.0, max_peb_m=0.06), "sca-bcd-hbf", starts=10, again=1)
    np.testing.assert_array_equal(alone.objective, once.objective[7:8])


def test_the_trace_ends_at_the_design() -> None:
    scenario = draw(6, power_dbm=20.0)
    found = design(scenario, "sca-bcd-hbf", trace=400)
    assert found.trace is not None
    assert found.trace.shape == (6, 400)
    last = np.array([row[np.isfinite(row)][-1] for row in found.trace])
    np.testing.assert_allclose(last, found.objective, rtol=1e-3)
    assert design(scenario, "sca-bcd-hbf").trace is None


@pytest.mark.parametrize("bad", [{"starts": 0}, {"again": -1}, {"trace": -1}])
def test_starts_and_trace_are_checked(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"option (starts|again|trace) = .*: expected a whole number of at least"):
        check_hybrid_rate({"starts": 1, "again": 0, "trace": 0, **bad})


def test_a_descent_that_cannot_meet_the_limit_is_turned_to_the_target() -> None:
    scenario = draw(8, users=1, rf_chains=1, power_dbm=20.0)
    problem = normalise(scenario)
    basis, cap = sensing_and_channels(problem), 1.0 + LEAST_EXCESS
    away = np.conj(problem.g[:, 0])[:, :, None]
    found = search(
        basis, problem.weight, problem.noise, cap, 1, projected=(away,), starts=1, rng=scenario.streams, trace=0
    )
    assert np.all(np.isfinite(found.value))
    beams = np.exp(1j * found.phases)[:, :, None] * found.digital / np.sqrt(32)
    assert np.all(problem.cost(problem.gram(beams)) <= cap * (1.0 + 1e-9))


# --- realisations


@pytest.mark.parametrize("scheme", ["sca-bcd-fdbf", "sca-bcd-hbf"])
def test_designs_do_not_depend_on_the_batch(scheme: str) -> None:
    sizes: dict[str, Any] = {"elements": 16, "power_dbm": 20.0, "max_peb_m": 0.12}
    whole = design(draw(70, start=60, **sizes), scheme)
    parts = [design(draw(stop, start=start, **sizes), scheme) for start, stop in ((60, 61), (61, 66), (66, 70))]
    for name in ("beamformers", "objective", "bound", "iterations", "status"):
        together = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(getattr(whole, name), together, err_msg=name)


@pytest.mark.parametrize("scheme", ["sca-bcd-fdbf", "sca-bcd-hbf"])
def test_odd_channels_are_designed_for_as_well(scheme: str) -> None:
    drawn = draw(6, power_dbm=20.0, max_peb_m=0.06)
    target = arrays.spherical_response(drawn.elements_m, drawn.target_m, drawn.wavelength_m)
    channels = drawn.channels.copy()
    channels[0, 1] = (0.3 - 0.4j) * channels[0, 0]
    channels[1, 1] = channels[1, 0] * (1.0 + 1e-9 * np.arange(32))
    channels[2, 1] *= 1e-12
    channels[3, 0] = 1e-5 * target
    channels[4] = 1e-5 * np.outer([1.0, 2.0], target)
    channels[5] -= np.outer(channels[5] @ np.conj(target), target) / 32.0
    scenario = replace(drawn, channels=channels)
    found = design(scenario, scheme)
    assert_kept(scenario, found)
    if scheme == "sca-bcd-fdbf":
        assert np.all(found.gap < 1e-3)
        # both users where the target is: it costs nothing to sense
        alone = np.log2(1.0 + 4e-10 * 32 * scenario.parameters.power_w / scenario.parameters.noise_w)
        assert found.objective[4] == pytest.approx(alone, rel=1e-9)
