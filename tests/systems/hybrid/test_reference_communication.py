from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from isaclib.physics import arrays, fisher, links
from isaclib.systems.base import Status
from isaclib.systems.hybrid.communication.direct import HYBRID_RATE_OPTIONS, sum_rate_hybrid
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.reference.fp_bcd import FP_BCD_OPTIONS, best_streams, check_fp_bcd, fp_bcd, turn_phases
from isaclib.systems.hybrid.reference.fractional import (
    analog_quadratic,
    auxiliary_variables,
    digital_quadratic,
    received_signals,
    sum_rate,
)
from isaclib.systems.hybrid.reference.programs import sensing_functionals
from isaclib.systems.hybrid.reference.sca_bcd import (
    SCA_BCD_AS_PRINTED_OPTIONS,
    SCA_BCD_OPTIONS,
    check_sca_bcd,
    sca_bcd,
)
from isaclib.systems.hybrid.reference.sum_rate_programs import Subproblem, linearised_program, relaxed_program
from isaclib.systems.hybrid.scenario import Scenario, draw_scenario
from isaclib.systems.streams import Stream, Streams

TIGHT_PEB_M = 0.06
"""12 % above the sensing-only PEB of eight antennas: random starts miss it."""


def draw(start: int = 0, stop: int = 2, **values: Any) -> Scenario:
    return draw_scenario(Parameters(**{"elements": 8, **values}), Streams(1, start, stop))


def complex_normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def speb(scenario: Scenario, beamformers: np.ndarray) -> np.ndarray:
    geometry = (scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    efim = fisher.position_efim(
        arrays.spherical_response(*geometry),
        arrays.spherical_gradient(*geometry),
        beamformers=beamformers,
        reflection=scenario.reflection,
        snapshots=scenario.parameters.snapshots,
        noise_power_w=scenario.parameters.noise_w,
    )
    return fisher.speb(efim)


def assert_acceptable(scenario: Scenario, design: Design) -> None:
    p = scenario.parameters
    assert set(design.status) <= {Status.OPTIMAL, Status.FEASIBLE}
    rates = links.rate(links.sinr(scenario.channels, design.beamformers, p.noise_w))
    np.testing.assert_allclose(design.objective, rates.sum(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(np.sum(np.abs(design.beamformers) ** 2, axis=(1, 2)), p.power_w, rtol=1e-9)
    assert np.all(design.objective <= design.bound * (1.0 + 1e-9))
    if design.promises:
        assert np.all(speb(scenario, design.beamformers) <= p.max_speb_m2 * (1.0 + 1e-6))
    if design.analog is not None and design.digital is not None:
        block = np.repeat(np.eye(p.rf_chains), p.elements // p.rf_chains, axis=0)
        np.testing.assert_allclose(np.abs(design.analog), np.broadcast_to(block, design.analog.shape), atol=1e-12)
        np.testing.assert_allclose(design.beamformers, design.analog @ design.digital, rtol=1e-12)
    assert design.trace is not None
    for trace, objective in zip(design.trace, design.objective, strict=True):
        met = trace[np.isfinite(trace)]
        assert np.all(np.diff(met) >= -1e-9)
        assert met[-1] == pytest.approx(objective, rel=1e-9)


class TestFractionalProgramming:
    """The quadratics bound the sum-rate from below and touch it where they were taken."""

    def case(self) -> tuple[np.random.Generator, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(2)
        channels, noise = complex_normal(rng, 3, 6), np.array([0.1, 0.4, 0.2])
        return rng, channels, noise, complex_normal(rng, 6, 3), np.exp(1j * rng.uniform(0.0, 6.0, 6))

    def surrogate(self, quadratic: float, gamma: np.ndarray, mu: np.ndarray, noise: np.ndarray) -> float:
        rest = np.sum(np.log1p(gamma) - gamma - np.abs(mu) ** 2 * noise)
        return float(rest - quadratic) / np.log(2.0)

    @pytest.mark.parametrize("moved", [0.0, 0.1, 1.0])
    def test_of_the_digital_beamformer(self, moved: float):
        rng, channels, noise, streams, _ = self.case()
        gamma, mu = auxiliary_variables(received_signals(channels, streams), noise)
        factor, linear = digital_quadratic(channels, gamma, mu)
        streams = streams + moved * complex_normal(rng, *streams.shape)
        quadratic = np.sum(np.abs(np.conj(factor.T) @ streams) ** 2) - 2.0 * np.vdot(linear, streams).real
        rate = sum_rate(received_signals(channels, streams), noise)
        assert self.surrogate(quadratic, gamma, mu, noise) <= rate + 1e-12
        assert moved or self.surrogate(quadratic, gamma, mu, noise) == pytest.approx(rate, rel=1e-12)

    @pytest.mark.parametrize("moved", [0.0, 0.1, 1.0])
    def test_of_the_phases(self, moved: float):
        rng, channels, noise, spread, phasors = self.case()
        gamma, mu = auxiliary_variables(received_signals(channels, phasors[:, None] * spread), noise)
        factor, linear = analog_quadratic(channels, spread, gamma, mu)
        phasors = phasors * np.exp(1j * moved * rng.standard_normal(6))
        quadratic = np.sum(np.abs(np.conj(factor.T) @ phasors) ** 2) - 2.0 * np.vdot(linear, phasors).real
        rate = sum_rate(received_signals(channels, phasors[:, None] * spread), noise)
        assert self.surrogate(quadratic, gamma, mu, noise) <= rate + 1e-12
        assert moved or self.surrogate(quadratic, gamma, mu, noise) == pytest.approx(rate, rel=1e-12)


class TestClosedForm:
    def test_a_sweep_leaves_no_phase_that_alone_could_do_better(self):
        rng = np.random.default_rng(3)
        factor, linear = complex_normal(rng, 2, 5, 4), 3.0 * complex_normal(rng, 2, 5)
        phasors = np.ones((2, 5), dtype=complex)

        def value(f: np.ndarray) -> np.ndarray:
            seen = np.sum(np.conj(factor) * f[:, :, None], axis=1)
            return np.sum(np.abs(seen) ** 2, axis=-1) - 2.0 * np.sum(np.conj(linear) * f, axis=1).real

        for _ in range(200):
            turned = turn_phases(phasors, factor, linear)
            assert np.all(value(turned) <= value(phasors) + 1e-9)
            phasors = turned
        np.testing.assert_allclose(np.abs(phasors), 1.0, rtol=1e-14)
        for antenna in range(5):
            for angle in np.linspace(0.0, 2.0 * np.pi, 50):
                other = phasors.copy()
                other[:, antenna] *= np.exp(1j * angle)
                assert np.all(value(other) >= value(phasors) - 1e-9)

    def test_streams_beat_every_other_within_the_power(self):
        rng = np.random.default_rng(4)
        # strong linear terms: all the power is wanted
        factor = complex_normal(rng, 1, 4, 2)
        linear = 10.0 * factor @ complex_normal(rng, 1, 2, 2)

        def value(s: np.ndarray) -> float:
            return float(np.sum(np.abs(np.conj(factor[0].T) @ s) ** 2) - 2.0 * np.vdot(linear[0], s).real)

        best = best_streams(factor, linear)[0]
        assert np.linalg.norm(best) == pytest.approx(1.0, rel=1e-12)
        for scale in np.geomspace(1e-4, 1.0, 100):
            other = best + scale * complex_normal(rng, 4, 2)
            assert value(other / max(1.0, np.linalg.norm(other))) >= value(best) - 1e-12

    @pytest.mark.parametrize("hybrid", [True, False])
    def test_fp_bcd_climbs_towards_the_bound(self, hybrid: bool):
        scenario = draw(0, 4, power_dbm=10.0)
        design = fp_bcd(scenario, FP_BCD_OPTIONS, scenario.streams, hybrid=hybrid)
        assert design.promises == ()
        assert_acceptable(scenario, design)
        # two users: the bound is the fully digital optimum
        assert np.all(design.objective > (0.8 if hybrid else 0.9999) * design.bound)
        assert design.trace is not None
        assert np.all(design.trace[:, 0] < design.objective)

    @pytest.mark.parametrize("hybrid", [True, False])
    def test_a_realisation_is_solved_alike_alone_and_in_a_batch(self, hybrid: bool):
        options = {**FP_BCD_OPTIONS, "max_iterations": 50}
        together = fp_bcd(draw(0, 3), options, Streams(1, 0, 3), hybrid=hybrid)
        alone = fp_bcd(draw(1, 2), options, Streams(1, 1, 2), hybrid=hybrid)
        np.testing.assert_allclose(together.beamformers[1], alone.beamformers[0], rtol=1e-9)


@pytest.mark.parametrize("convexification", ["linearised", "penalty"])
@pytest.mark.parametrize("hybrid", [True, False])
def test_sca_bcd_reaches_the_limit_from_starts_that_miss_it(hybrid: bool, convexification: str):
    scenario = draw(max_peb_m=TIGHT_PEB_M)
    options = {**SCA_BCD_OPTIONS, "max_iterations": 40, "convexification": convexification}
    design = sca_bcd(scenario, options, scenario.streams, hybrid=hybrid, as_printed=False)
    start = sca_bcd(scenario, SCA_BCD_AS_PRINTED_OPTIONS, scenario.streams, hybrid=hybrid, as_printed=True)
    assert list(start.status) == [Status.VIOLATING] * 2
    assert_acceptable(scenario, design)
    assert np.all(design.objective > (0.75 if hybrid else 0.9) * design.bound)


def test_without_a_limit_sca_bcd_is_fractional_programming():
    scenario = draw(power_dbm=10.0, max_peb_m=None)
    design = sca_bcd(scenario, SCA_BCD_OPTIONS, scenario.streams, hybrid=False, as_printed=False)
    closed = fp_bcd(scenario, FP_BCD_OPTIONS, scenario.streams, hybrid=False)
    assert_acceptable(scenario, design)
    np.testing.assert_allclose(design.objective, closed.objective, rtol=2e-3)


@pytest.mark.parametrize("max_peb_m", [TIGHT_PEB_M, 10.0])
@pytest.mark.parametrize("hybrid", [True, False])
def test_as_printed_it_cannot_move(hybrid: bool, max_peb_m: float):
    scenario = draw(max_peb_m=max_peb_m)
    p = scenario.parameters
    design = sca_bcd(scenario, SCA_BCD_AS_PRINTED_OPTIONS, scenario.streams, hybrid=hybrid, as_printed=True)
    start = scenario.streams.complex_normal(Stream.SOLVER_START, (p.rf_chains if hybrid else p.elements, p.users))
    if hybrid:
        assert design.analog is not None
        block = np.repeat(np.eye(p.rf_chains), p.elements // p.rf_chains, axis=0)
        np.testing.assert_allclose(design.analog, np.broadcast_to(block, design.analog.shape), atol=1e-3)
        start = block @ start
    else:
        # its part in the span of the target's response, its gradient and the channels
        problem = normalise(scenario)
        spans = [np.linalg.qr(np.column_stack([problem.sensing_basis, g.T]))[0] for g in problem.g]
        start = np.stack([q @ np.conj(q.T) @ s for q, s in zip(spans, start, strict=True)])
    start = start / np.linalg.norm(start, axis=(1, 2), keepdims=True) * np.sqrt(p.power_w)
    np.testing.assert_allclose(design.beamformers, start, atol=1e-3)
    # what a limit nobody misses allows to be called feasible is the random start
    expected = Status.VIOLATING if max_peb_m == TIGHT_PEB_M else Status.FEASIBLE
    assert list(design.status) == [expected] * 2
    assert np.all(design.objective < 0.6 * design.bound)


class TestSubproblems:
    def numbers(self, **values: Any) -> tuple[Any, np.ndarray, Subproblem]:
        """Digital subproblem from beams that miss the SPEB by half."""
        scenario = draw(0, 1)
        problem = normalise(scenario)
        basis = np.repeat(np.eye(4), 2, axis=0) / np.sqrt(2.0)
        streams = complex_normal(np.random.default_rng(5), 4, 2)
        streams /= np.linalg.norm(streams)
        channels = problem.g[0] @ basis
        gamma, mu = auxiliary_variables(received_signals(channels, streams), problem.noise[0])
        factor, linear = digital_quadratic(channels, gamma, mu)
        numbers = Subproblem(
            **{
                "factor": factor,
                "linear": linear,
                "previous": streams,
                "sensing": sensing_functionals(basis.T @ problem.sensing_basis),
                "weight": problem.weight,
                "cap": float(problem.cost(problem.gram(basis @ streams))) / 1.5,
                "penalty": 1.0,
                "price": 100.0,
                "scale": max(1.0, float(gamma.sum())),
                **values,
            }
        )
        return problem, basis, numbers

    def test_the_dearer_the_slack_the_nearer_the_step_to_none(self):
        program = relaxed_program(4, 2, unit_modulus=False, sensing=False, as_printed=False)
        steps = []
        for penalty in (1.0, 10.0, 100.0):
            _, _, numbers = self.numbers(penalty=penalty, cap=np.inf)
            _, found = program.solve(numbers, "CLARABEL")
            assert found is not None
            steps.append(float(np.linalg.norm(found - numbers.previous)))
        assert steps[0] > 1.5 * steps[1] > 4.5 * steps[2]

    def test_linearised_information_is_never_too_much(self):
        problem, basis, numbers = self.numbers()
        program = linearised_program(4, 2, 2, unit_modulus=False, sensing=True)
        _, found = program.solve(numbers, "CLARABEL")
        assert found is not None
        assert problem.cost(problem.gram(basis @ found)) <= numbers.cap * (1.0 + 1e-6)


def test_limits_below_the_sensing_only_bound_are_infeasible():
    scenario = draw(max_peb_m=0.05)
    design = sca_bcd(scenario, SCA_BCD_OPTIONS, scenario.streams, hybrid=True, as_printed=False)
    assert list(design.status) == [Status.INFEASIBLE] * 2
    assert design.reason[0].startswith("no beamformer has a position error bound below 0.0536 m")
    assert np.all(np.isnan(design.beamformers))
    unlimited = fp_bcd(scenario, {**FP_BCD_OPTIONS, "max_iterations": 5}, scenario.streams, hybrid=True)
    assert list(unlimited.status) == [Status.FEASIBLE] * 2


@pytest.mark.parametrize("users", [1, 4])
def test_other_numbers_of_users(users: int):
    scenario = draw(users=users, max_peb_m=TIGHT_PEB_M)
    options: Mapping[str, Any] = {**SCA_BCD_OPTIONS, "max_iterations": 10}
    for hybrid in (True, False):
        assert_acceptable(scenario, sca_bcd(scenario, options, scenario.streams, hybrid=hybrid, as_printed=False))
        closed = fp_bcd(scenario, {**FP_BCD_OPTIONS, "max_iterations": 10}, scenario.streams, hybrid=hybrid)
        assert_acceptable(scenario, closed)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("conic_solver", "MOSEK", "expected one of CLARABEL, SCS"),
        ("convexification", "exact", "expected one of linearised, penalty"),
        ("max_iterations", 0, "expected a whole number of at least 1"),
        ("ccp_iterations", 2.5, "expected a whole number of at least 1"),
        ("tolerance", 0.0, "expected a number above 0"),
        ("penalty", -1.0, "expected a number above 0"),
        ("growth", 0.5, "expected a number of at least 1"),
    ],
)
def test_bad_options_of_sca_bcd_are_named(name: str, value: Any, expected: str):
    with pytest.raises(ValueError, match=f"option {name} = {value!r}: {expected}"):
        check_sca_bcd({**SCA_BCD_OPTIONS, name: value})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("max_iterations", 0, "expected a whole number of at least 1"),
        ("tolerance", -1.0, "expected a number of at least 0"),
    ],
)
def test_bad_options_of_fp_bcd_are_named(name: str, value: Any, expected: str):
    with pytest.raises(ValueError, match=f"option {name} = {value!r}: {expected}"):
        check_fp_bcd({**FP_BCD_OPTIONS, name: value})


@pytest.mark.slow
def test_the_reference_never_beats_the_direct_solver_at_sixteen_antennas():
    scenario = draw(0, 3, elements=16, power_dbm=20.0, max_peb_m=0.11)
    reference = sca_bcd(
        scenario, {**SCA_BCD_OPTIONS, "max_iterations": 200}, scenario.streams, hybrid=True, as_printed=False
    )
    assert_acceptable(scenario, reference)
    direct = sum_rate_hybrid(scenario, HYBRID_RATE_OPTIONS, scenario.streams, speb=True)
    assert np.all(direct.objective > reference.objective)
    assert np.all(reference.objective > 0.85 * direct.objective)
