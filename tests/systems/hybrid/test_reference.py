from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from isaclib.physics import arrays, fisher, links
from isaclib.systems.base import Status
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.reference import sdr as sdr_module
from isaclib.systems.hybrid.reference.digital_sdr import DIGITAL_SDR_OPTIONS, digital_sdr
from isaclib.systems.hybrid.reference.outcome import Attempt, to_design
from isaclib.systems.hybrid.reference.programs import digital_relaxation
from isaclib.systems.hybrid.reference.recovery import (
    minimum_power_beams,
    received_gains,
    restore_rates,
    share_power,
    sinr_shortfall,
)
from isaclib.systems.hybrid.reference.sdr import SDR_OPTIONS, sdr
from isaclib.systems.hybrid.reference.sdr_bcd import SDR_BCD_OPTIONS, sdr_bcd, sdr_bcd_snr
from isaclib.systems.hybrid.scenario import Scenario, draw_scenario
from isaclib.systems.hybrid.two_stage import focusing_beamformer
from isaclib.systems.streams import Streams

FAST: Mapping[str, Any] = {**SDR_BCD_OPTIONS, "max_iterations": 3, "randomisations": 100}


def draw(start: int = 0, stop: int = 3, **values: Any) -> Scenario:
    return draw_scenario(Parameters(**{"elements": 8, **values}), Streams(1, start, stop))


def speb(scenario: Scenario, beamformers: np.ndarray) -> np.ndarray:
    geometry = (scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    p = scenario.parameters
    efim = fisher.position_efim(
        arrays.spherical_response(*geometry),
        arrays.spherical_gradient(*geometry),
        beamformers=beamformers,
        reflection=scenario.reflection,
        snapshots=p.snapshots,
        noise_power_w=p.noise_w,
    )
    return fisher.speb(efim)


def assert_acceptable(scenario: Scenario, design: Design) -> None:
    p = scenario.parameters
    rates = links.rate(links.sinr(scenario.channels, design.beamformers, p.noise_w))
    assert np.all(rates >= p.min_rates_bps_hz - 1e-6)
    power_w = np.sum(np.abs(design.beamformers) ** 2, axis=(1, 2))
    np.testing.assert_allclose(power_w, p.power_w, rtol=1e-9)
    if design.analog is not None and design.digital is not None:
        block = np.repeat(np.eye(p.rf_chains), p.elements // p.rf_chains, axis=0)
        np.testing.assert_allclose(np.abs(design.analog), np.broadcast_to(block, design.analog.shape), atol=1e-12)
        np.testing.assert_allclose(design.beamformers, design.analog @ design.digital, rtol=1e-12)


@pytest.mark.parametrize("conic_solver", ["CLARABEL", "SCS"])
def test_sdr_attains_its_relaxation(conic_solver: str):
    scenario = draw()
    design = sdr(scenario, {"conic_solver": conic_solver}, scenario.streams)
    assert set(design.status) <= {Status.OPTIMAL, Status.FEASIBLE}
    assert_acceptable(scenario, design)
    np.testing.assert_allclose(design.objective, speb(scenario, design.beamformers), rtol=1e-12)
    np.testing.assert_allclose(design.bound, design.objective, rtol=1e-5)
    assert np.all(design.bound <= design.objective * (1.0 + 1e-8))
    problem = normalise(scenario)
    for index in range(len(scenario)):
        # the optimum lies in the span of the sensing basis and the channels
        span = np.linalg.qr(np.column_stack([problem.sensing_basis, problem.g[index].T]))[0]
        least = digital_relaxation(problem, index, span, objective="error", solver="CLARABEL")
        assert design.objective[index] == pytest.approx(least.value * problem.cost0, rel=1e-5)


def test_sdr_bcd_improves_its_start_and_stays_above_the_fully_digital_optimum():
    scenario = draw()
    design = sdr_bcd(scenario, {**FAST, "max_iterations": 5}, scenario.streams)
    assert set(design.status) == {Status.FEASIBLE}
    assert_acceptable(scenario, design)
    np.testing.assert_allclose(design.objective, speb(scenario, design.beamformers), rtol=1e-12)
    assert design.trace is not None
    np.testing.assert_allclose(np.nanmin(design.trace, axis=1), design.objective, rtol=1e-9)
    assert np.all(design.objective < design.trace[:, 0])
    least = sdr(scenario, SDR_OPTIONS, scenario.streams).objective
    assert np.all(design.objective > least)
    assert np.all(design.objective < 1.5 * least)


def test_snr_variant_nears_the_fully_digital_sensing_snr():
    scenario = draw()
    design = sdr_bcd_snr(scenario, {**FAST, "max_iterations": 8}, scenario.streams)
    assert set(design.status) == {Status.FEASIBLE}
    assert_acceptable(scenario, design)
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    seen = np.sum(np.abs(np.conj(response) @ design.beamformers) ** 2, axis=-1)
    expected = abs(scenario.reflection) ** 2 * len(response) * seen / scenario.parameters.noise_w
    np.testing.assert_allclose(design.objective, expected, rtol=1e-12)
    problem = normalise(scenario)
    for index in range(len(scenario)):
        most = problem.snr0 * digital_relaxation(problem, index, None, objective="snr", solver="CLARABEL").value
        assert 0.9 * most < design.objective[index] < most
    assert np.all(design.bound >= design.objective)


def test_a_realisation_is_solved_alike_alone_and_in_a_batch():
    together = sdr_bcd(draw(0, 3), FAST, Streams(1, 0, 3))
    alone = sdr_bcd(draw(1, 2), FAST, Streams(1, 1, 2))
    np.testing.assert_array_equal(together.beamformers[1], alone.beamformers[0])


def test_infeasible_draws_are_told_by_the_minimum_power_and_the_others_solved():
    scenario = draw(power_dbm=10.0)
    design = sdr(scenario, SDR_OPTIONS, scenario.streams)
    assert design.status[0] == Status.INFEASIBLE
    assert np.all(design.status[1:] <= Status.FEASIBLE)
    assert design.reason[0].startswith("the rates need 0.15")
    assert design.reason[1] == ""
    assert np.isnan(design.objective[0])
    assert np.all(np.isnan(design.beamformers[0]))


def test_rates_beyond_a_fixed_analog_beamformer_are_infeasible_for_two_stage():
    scenario = draw(power_dbm=10.0)
    design = digital_sdr(scenario, DIGITAL_SDR_OPTIONS, scenario.streams)
    assert list(design.status) == [Status.INFEASIBLE] * 3
    assert "focused subarrays" in design.reason[1]


def test_unattained_rates_are_not_found():
    scenario = draw(2, 3, power_dbm=10.0)
    design = sdr_bcd(scenario, FAST, scenario.streams)
    assert list(design.status) == [Status.NOT_FOUND]
    assert design.reason == ("no iterate met the rates",)


def test_an_exception_fails_its_draw_alone(monkeypatch: pytest.MonkeyPatch):
    def broken(problem: Any, index: int, *arguments: Any, **options: Any) -> Any:
        if index == 1:
            raise RuntimeError("numbers ran out\nsecond line")
        return digital_relaxation(problem, index, *arguments, **options)

    monkeypatch.setattr(sdr_module, "digital_relaxation", broken)
    scenario = draw()
    design = sdr(scenario, SDR_OPTIONS, scenario.streams)
    assert design.status[1] == Status.FAILED
    assert np.all(design.status[[0, 2]] <= Status.FEASIBLE)
    assert design.reason[1] == "RuntimeError: numbers ran out"


def test_a_draw_without_memory_is_no_failed_draw(monkeypatch: pytest.MonkeyPatch):
    def exhausted(*arguments: Any, **options: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(sdr_module, "digital_relaxation", exhausted)
    scenario = draw()
    with pytest.raises(MemoryError):
        sdr(scenario, SDR_OPTIONS, scenario.streams)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("conic_solver", "MOSEK", "expected one of CLARABEL, SCS"),
        ("max_iterations", 0, "expected a whole number of at least 1"),
        ("randomisations", 2.5, "expected a whole number of at least 1"),
        ("tolerance", 0.0, "expected a number above 0"),
    ],
)
def test_bad_options_are_named(name: str, value: Any, expected: str):
    scenario = draw()
    with pytest.raises(ValueError, match=f"option {name} = {value!r}: {expected}"):
        sdr_bcd(scenario, {**FAST, name: value}, scenario.streams)


def test_focusing_beamformer_gives_each_subarray_its_largest_gain():
    scenario = draw(rf_chains=4)
    analog = focusing_beamformer(scenario)
    for user in range(2):
        part = scenario.channels[:, user, 2 * user : 2 * user + 2]
        gain = np.abs(np.sum(np.conj(scenario.channels[:, user]) * analog[:, :, user], axis=-1))
        np.testing.assert_allclose(gain, np.abs(part).sum(axis=-1), rtol=1e-12)
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    np.testing.assert_allclose(np.abs(np.conj(response) @ analog[:, :, 2:]), 2.0, rtol=1e-12)


def test_two_stage_digital_stage_beats_its_neighbours():
    scenario = draw(0, 1)
    design = digital_sdr(scenario, DIGITAL_SDR_OPTIONS, scenario.streams)
    assert_acceptable(scenario, design)
    np.testing.assert_allclose(design.analog, focusing_beamformer(scenario), rtol=1e-12)
    problem = normalise(scenario, polar=True)
    basis = focusing_beamformer(scenario)[0] / np.sqrt(2.0)
    channels = problem.g[0] @ np.conj(basis)
    assert design.digital is not None
    best = design.digital[0] * np.sqrt(2.0 / scenario.parameters.power_w)
    rng = np.random.default_rng(6)
    costs = []
    for scale in np.geomspace(1e-3, 1.0, 200):
        step = rng.standard_normal(best.shape) + 1j * rng.standard_normal(best.shape)
        beams, met = restore_rates(best + scale * step, channels, problem.noise[0], problem.gamma)
        assert met
        costs.append(problem.cost0 * problem.cost(problem.gram(basis @ beams)))
    assert np.min(costs) > design.objective[0] * (1.0 - 1e-6)
    assert design.bound[0] == pytest.approx(design.objective[0], rel=1e-5)


class TestRecovery:
    def case(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        problem = normalise(draw(1, 2, power_dbm=15.0))
        return problem.g[0], problem.noise[0], problem.gamma

    def test_least_power_meets_every_sinr_exactly(self):
        channels, noise, gamma = self.case()
        beams = minimum_power_beams(channels, noise, gamma)
        assert beams is not None
        gains = received_gains(channels, beams)
        own = np.diag(gains)
        np.testing.assert_allclose(own / (gains.sum(axis=1) - own + noise), gamma, rtol=1e-9)
        rng = np.random.default_rng(8)
        for _ in range(50):
            other = beams + 0.02 * np.linalg.norm(beams) * (rng.standard_normal(beams.shape) + 0j)
            other *= np.linalg.norm(beams) * (1.0 - 1e-6) / np.linalg.norm(other)
            assert sinr_shortfall(received_gains(channels, other), noise, gamma) > 0.0

    def test_rates_no_power_can_meet(self):
        channels, noise, gamma = self.case()
        assert minimum_power_beams(np.stack([channels[0], channels[0]]), noise, gamma) is None

    def test_restored_beams_meet_the_rates_and_stay_near(self):
        channels, noise, gamma = self.case()
        least = minimum_power_beams(channels, noise, gamma)
        assert least is not None
        broken = least / np.linalg.norm(least) * [1.0, 0.02]
        restored, met = restore_rates(broken, channels, noise, gamma)
        assert met
        assert sinr_shortfall(received_gains(channels, restored), noise, gamma) == pytest.approx(0.0, abs=1e-9)
        assert np.linalg.norm(restored) == pytest.approx(1.0, rel=1e-12)

    def test_beams_that_meet_the_rates_are_kept(self):
        channels, noise, gamma = self.case()
        least = minimum_power_beams(channels, noise, gamma)
        assert least is not None
        fine = least / np.linalg.norm(least)
        restored, met = restore_rates(fine, channels, noise, gamma)
        assert met
        np.testing.assert_allclose(received_gains(channels, restored), received_gains(channels, fine), rtol=1e-12)

    def test_shared_power_takes_the_longest_step_to_the_wish(self):
        gains = np.array([[1.0, 0.1], [0.2, 0.8]])
        noise, gamma = np.array([0.05, 0.05]), np.array([2.0, 1.0])
        powers, met = share_power(gains, noise, gamma, np.array([[0.5, 0.5], [0.1, 0.9]]))
        assert met.tolist() == [True, True]
        np.testing.assert_allclose(powers[0], 0.5)
        np.testing.assert_allclose(powers.sum(axis=1), 1.0)
        # the wish gives user 0 too little: it gets just enough
        assert powers[1, 0] == pytest.approx(2.0 * (0.1 * powers[1, 1] + 0.05))

    def test_unattainable_sinrs_leave_the_wish(self):
        gains = np.array([[[1.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]])
        wish = np.array([[0.3, 0.7], [0.3, 0.7]])
        powers, met = share_power(gains, np.array([0.1, 0.1]), np.array([2.0, 2.0]), wish)
        assert not met.any()
        np.testing.assert_allclose(powers, wish)


@pytest.mark.slow
def test_sdr_bcd_comes_close_to_fully_digital_at_sixteen_antennas():
    scenario = draw(1, 2, elements=16)
    options = {**SDR_BCD_OPTIONS, "max_iterations": 10}
    design = sdr_bcd(scenario, options, scenario.streams)
    assert_acceptable(scenario, design)
    least = sdr(scenario, SDR_OPTIONS, scenario.streams).objective
    assert np.all(design.objective < 1.06 * least)


def test_a_single_user_and_rates_by_user():
    scenario = draw(users=1, rf_chains=2, min_rate_bps_hz=(7.0,))
    for solver, options in ((sdr, SDR_OPTIONS), (sdr_bcd, FAST)):
        assert_acceptable(scenario, solver(scenario, options, scenario.streams))
    assert_acceptable(scenario, digital_sdr(scenario, DIGITAL_SDR_OPTIONS, scenario.streams))


def test_a_design_that_breaks_a_constraint_is_violating():
    scenario = draw(0, 1)
    problem = normalise(scenario)
    bound = np.array([problem.speb0])
    loud = Attempt(digital=2.0 * sdr(scenario, SDR_OPTIONS, scenario.streams).beamformers[0])
    design = to_design(scenario, problem, [loud], objective="speb", hybrid=False, bound=bound, speb_bound_m2=bound)
    assert scenario.parameters.power_w == 1.0
    assert list(design.status) == [Status.VIOLATING]
    assert dict(zip(design.constraints, design.violation[0], strict=True))["power"] == pytest.approx(3.0)
