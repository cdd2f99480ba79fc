"""Reference solvers of the scheme hybrid-beamforming against the dual, on a small array where they can be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isaclib
from isaclib.systems.base import Status
from isaclib.systems.modular.analog import Analog
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.reference.problem import Problem, adjoint, principal_factor
from isaclib.systems.modular.reference.rgd_full_range import Sphere
from isaclib.systems.modular.reference.rm_jgd import RowSpace, nearest_unitary
from isaclib.systems.modular.reference.sdr_rrs import restore_scnr
from isaclib.systems.modular.reference.starts import interior_starts
from isaclib.systems.modular.reference.trust_regions import hessian_product
from isaclib.systems.modular.scenario import Scenario

SYSTEM = isaclib.get_system("modular")
SMALL = {"subarrays": 3, "elements_per_subarray": 8, "subarray_spacing_m": 0.5, "nlos_paths": 1}
REFERENCES = ("sdr-rrs", "rm-jgd", "rgd-full-range", "trust-regions")


def draw(count: int = 3, **values: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**{**SMALL, **values}), seed=1, start=0, stop=count)


def design(scenario: Scenario, solver: str, **options: Any) -> Design:
    return SYSTEM.design(scenario, scheme="hybrid-beamforming", solver=solver, options=options)


def problems(scenario: Scenario) -> list[Problem]:
    analog = Analog(scenario)
    return [Problem.of(scenario, analog, index) for index in range(len(scenario))]


def assert_acceptable(scenario: Scenario, found: Design) -> None:
    """Power and SCNR (20) of every realisation, from the covariance."""
    p = scenario.parameters
    assert set(found.status) <= {Status.OPTIMAL, Status.FEASIBLE}
    covariance = found.covariance()
    np.testing.assert_allclose(np.trace(covariance, axis1=1, axis2=2).real, p.power_w, rtol=1e-9)
    lit = np.einsum("bqn,bnm,bqm->bq", np.conj(scenario.transmit), covariance, scenario.transmit).real
    for target in range(len(p.target_range_m)):
        heard = np.abs(np.einsum("bn,bqn->bq", np.conj(scenario.receive_filter[:, target]), scenario.receive)) ** 2
        echoes = scenario.reflections**2 * heard * lit
        noise = scenario.sensing_noise_w * np.sum(np.abs(scenario.receive_filter[:, target]) ** 2, axis=-1)
        scnr = echoes[:, target] / (np.delete(echoes, target, axis=1).sum(axis=1) + noise)
        assert np.all(scnr >= p.min_scnr * (1.0 - 1e-6))


@pytest.mark.slow
@pytest.mark.parametrize("dimension", ["seed", "span"])
@pytest.mark.parametrize("conic_solver", ["CLARABEL", "SCS"])
def test_relaxation_with_the_eigen_candidate_attains_the_dual(conic_solver: str, dimension: str) -> None:
    scenario = draw()
    found = design(scenario, "sdr-rrs", conic_solver=conic_solver, dimension=dimension, randomisations=0)
    assert_acceptable(scenario, found)
    assert np.all(found.gap <= 1e-6)
    assert np.all(found.iterations > 0)
    np.testing.assert_array_equal(found.bound, design(scenario, "dual").bound)


@pytest.mark.slow
def test_conic_accuracy_costs_no_eigen_candidate_its_scnr() -> None:
    # on some of these draws the eigenpairs miss the SCNR by more than its tolerance before it is restored
    scenario = SYSTEM.draw(SYSTEM.Parameters(scatterer_overlap=2), seed=3, start=0, stop=5)
    found = design(scenario, "sdr-rrs", randomisations=0)
    assert_acceptable(scenario, found)
    assert np.all(found.gap <= 1e-6)


@pytest.mark.slow
def test_randomised_candidates_alone_stay_below_the_dual() -> None:
    scenario = draw(min_scnr_db=15.0)
    found = design(scenario, "sdr-rrs", eigen_candidate=False, randomisations=200)
    assert_acceptable(scenario, found)
    # where the relaxation has more than rank one, samples miss it
    assert found.objective[0] < found.bound[0] * (1.0 - 1e-4)
    assert np.all(found.objective > 0.9 * found.bound)
    more = design(scenario, "sdr-rrs", eigen_candidate=False, randomisations=400)
    assert np.all(more.objective >= found.objective)


@pytest.mark.slow
def test_no_candidate_that_meets_the_scnr_is_said_to_be_one() -> None:
    scenario = SYSTEM.draw(SYSTEM.Parameters(), seed=1, start=0, stop=8)
    found = design(scenario, "sdr-rrs", eigen_candidate=False, randomisations=1)
    missed = found.status == Status.NOT_FOUND
    assert 0 < missed.sum() < 8
    assert all(
        text == ("none of 1 candidates meets the SCNR" if lost else "")
        for text, lost in zip(found.reason, missed, strict=True)
    )
    np.testing.assert_array_equal(np.isnan(found.objective), missed)


@pytest.mark.slow
def test_fewer_streams_than_the_span_and_more() -> None:
    few = draw(streams=2)
    assert_acceptable(few, design(few, "sdr-rrs"))
    # a plane wave, one target and no interferer: two dimensions for four streams
    values = {"nlos_paths": 0, "interferer_range_m": (), "interferer_angle_deg": (), "subarrays": 4}
    plane = draw(**values, design_wavefront="pwm", true_wavefront="pwm")
    for solver in ("sdr-rrs", "rgd-full-range"):
        found = design(plane, solver)
        assert_acceptable(plane, found)
        assert np.all(found.gap <= 1e-6)


@pytest.mark.parametrize("solver", ["rgd-full-range", "trust-regions"])
@pytest.mark.parametrize(
    "values", [{"min_scnr_db": 0.0}, {"min_scnr_db": 20.0}, {"min_scnr_db": 29.0}, {"streams": 2}, {"user_antennas": 6}]
)
def test_manifold_methods_over_the_whole_range_reach_the_dual(solver: str, values: dict[str, Any]) -> None:
    scenario = draw(count=2, **values)
    found = design(scenario, solver)
    assert_acceptable(scenario, found)
    assert np.all(found.gap <= 1e-6)
    assert np.all(found.objective <= found.bound * (1.0 + 1e-12))
    last = [row[np.isfinite(row)][-1] for row in found.trace]
    np.testing.assert_allclose(last, found.objective, rtol=1e-12)


@pytest.mark.slow
def test_two_targets_are_both_met() -> None:
    scenario = draw(target_range_m=(30.0, 30.0), target_angle_deg=(10.0, -10.0), min_scnr_db=15.0)
    relaxed, descended = design(scenario, "sdr-rrs"), design(scenario, "rgd-full-range")
    for found in (relaxed, descended):
        assert_acceptable(scenario, found)
    np.testing.assert_allclose(relaxed.objective, descended.objective, rtol=2e-6)


def test_as_printed_no_start_meets_a_scnr_that_the_row_space_cannot_reach() -> None:
    scenario = SYSTEM.draw(SYSTEM.Parameters(), seed=1, start=0, stop=4)
    found, exact = design(scenario, "rm-jgd"), design(scenario, "dual")
    assert np.all(exact.status == Status.OPTIMAL)
    assert np.all(found.status == Status.NOT_FOUND)
    for index, (reason, problem) in enumerate(zip(found.reason, problems(scenario), strict=True)):
        row = problem.within(problem.span(sensing=False))
        reached = 20.0 + 10.0 * np.log10(row.reach()[0])
        assert 2.0 < reached < 20.0
        assert reason == f"at most {reached:.4g} dB of SCNR in the row space of the channel, 20 dB asked"
        np.testing.assert_allclose(problem.reach() * 100.0, exact.reachable_scnr[index], rtol=1e-9)


def test_as_printed_beams_lie_in_the_row_space_of_the_channel() -> None:
    scenario = draw(min_scnr_db=0.0, user_antennas=2, streams=2)
    found = design(scenario, "rm-jgd", starts=2)
    assert_acceptable(scenario, found)
    inside = np.linalg.pinv(scenario.channel) @ scenario.channel @ found.beamformers
    np.testing.assert_allclose(inside, found.beamformers, atol=1e-9)
    counted = np.isfinite(found.trace).sum(axis=1)
    np.testing.assert_array_equal(found.iterations, counted)
    # a little of the power is left over by the barrier; the design uses it up
    assert all(row[n - 1] < value for row, n, value in zip(found.trace, counted, found.objective, strict=True))


def test_a_weaker_barrier_ends_nearer_to_the_optimum() -> None:
    scenario = draw(min_scnr_db=0.0, user_antennas=2, streams=2)
    gaps = [design(scenario, "rm-jgd", barrier=t, starts=2).gap for t in (0.5, 10.0, 100.0)]
    assert np.all(gaps[2] < gaps[1])
    assert np.all(gaps[1] < gaps[0])
    assert np.all(gaps[2] < 1e-4)


@pytest.mark.slow
def test_descent_from_the_relaxation_ends_next_to_it() -> None:
    scenario = draw(min_scnr_db=0.0)
    found = design(scenario, "rm-jgd", start="sdr-rrs", barrier=100.0)
    assert np.all(found.gap < 0.01)


@pytest.mark.parametrize("solver", ["rm-jgd", "rgd-full-range", "trust-regions"])
def test_starts_are_numbered(solver: str) -> None:
    scenario = draw(count=2, min_scnr_db=0.0)
    options = {"max_iterations": 5, "barrier": 10.0}
    both = design(scenario, solver, starts=2, **options).objective
    singly = [design(scenario, solver, starts=1, first_start=k, **options).objective for k in (0, 1)]
    assert np.all(singly[0] != singly[1])
    np.testing.assert_allclose(both, np.maximum(*singly), rtol=1e-9)


@pytest.mark.parametrize("solver", REFERENCES)
def test_what_theory_rules_out_is_infeasible(solver: str) -> None:
    scenario = draw(count=2, min_scnr_db=31.0)
    found, exact = design(scenario, solver), design(scenario, "dual")
    assert np.all(found.status == Status.INFEASIBLE)
    assert found.reason == exact.reason
    np.testing.assert_array_equal(found.reachable_scnr, exact.reachable_scnr)


@pytest.mark.parametrize("solver", ["rgd-full-range", "rm-jgd"])
def test_designs_are_for_the_wavefront_that_the_designer_takes_for_true(solver: str) -> None:
    scenario = draw(design_wavefront="hspm", true_wavefront="swm", min_scnr_db=0.0)
    options = {"max_iterations": 20}
    found, assumed = design(scenario, solver, **options), design(scenario.assumed, solver, **options)
    np.testing.assert_array_equal(found.beamformers, assumed.beamformers)


def test_one_failure_is_not_the_batch_s(monkeypatch: pytest.MonkeyPatch) -> None:
    from isaclib.systems.modular.reference import rgd_full_range as module

    calls = []

    def fails_once(problem: Problem, wanted: np.ndarray) -> np.ndarray | None:
        calls.append(1)
        if len(calls) == 1:
            raise np.linalg.LinAlgError("no convergence")
        return interior_starts(problem, wanted)

    monkeypatch.setattr(module, "interior_starts", fails_once)
    found = design(draw(count=2), "rgd-full-range", barrier=10.0)
    assert list(found.status) == [Status.FAILED, Status.FEASIBLE]
    assert found.reason == ("LinAlgError: no convergence", "")


def test_a_draw_without_memory_is_no_failed_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    from isaclib.systems.modular.reference import rgd_full_range as module

    def exhausted(problem: Problem, wanted: np.ndarray) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "interior_starts", exhausted)
    with pytest.raises(MemoryError):
        design(draw(count=1), "rgd-full-range", barrier=10.0)


@pytest.mark.parametrize(
    ("solver", "options"),
    [
        ("sdr-rrs", {"conic_solver": "MOSEK"}),
        ("sdr-rrs", {"dimension": "full"}),
        ("sdr-rrs", {"randomisations": -1}),
        ("sdr-rrs", {"randomisations": 0, "eigen_candidate": False}),
        ("rm-jgd", {"start": "zeros"}),
        ("rm-jgd", {"barrier": 0.0}),
        ("rm-jgd", {"starts": 0}),
        ("rgd-full-range", {"barrier": float("inf")}),
        ("rgd-full-range", {"first_start": -1}),
        ("rgd-full-range", {"tolerance": float("nan")}),
        ("trust-regions", {"max_iterations": 0}),
    ],
)
def test_bad_options_are_refused_when_they_are_read(solver: str, options: dict[str, Any]) -> None:
    (name, *_) = options
    with pytest.raises(ValueError, match=rf"option {name} = .*: expected"):
        SYSTEM.scheme("hybrid-beamforming").solver(solver).resolve(options)


def random_beams(problem: Problem, *, seed: int, count: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (count, problem.size, problem.streams)
    beams = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    found = interior_starts(problem, beams)
    assert found is not None
    return found


def test_starts_have_unit_norm_and_room() -> None:
    for problem in problems(draw(min_scnr_db=29.5)):
        beams = random_beams(problem, seed=1)
        np.testing.assert_allclose(np.linalg.norm(beams, axis=(1, 2)), 1.0, rtol=1e-12)
        assert np.all(problem.margins(beams) > 0.0)


def test_a_missed_scnr_is_restored_at_little_cost() -> None:
    for problem in problems(draw(target_range_m=(30.0, 30.0), target_angle_deg=(10.0, -10.0), min_scnr_db=15.0)):
        beams = random_beams(problem, seed=7)[0]
        # scaled so that the worse target misses its SCNR by one part in ten thousand
        scaled = replace(problem, signed=problem.signed * (1.0 - 1e-4) / (1.0 + problem.margins(beams).min()))
        assert scaled.margins(beams).min() == pytest.approx(-1e-4)
        restored = restore_scnr(scaled, beams)
        assert scaled.margins(restored).min() >= 0.0
        assert np.linalg.norm(restored) == pytest.approx(1.0)
        assert np.linalg.norm(restored - beams) < 1e-3


def test_principal_factor_keeps_the_largest_eigenpairs() -> None:
    values, axes = np.array([4.0, 3.0, 1.0]), np.linalg.qr(np.random.default_rng(2).standard_normal((3, 3)))[0]
    covariance = (axes * values) @ axes.T + 0j
    for streams in (1, 2, 3, 5):
        factor = principal_factor(covariance, streams)
        assert factor.shape == (3, streams)
        kept = values * (np.arange(3) < streams)
        np.testing.assert_allclose(factor @ adjoint(factor), (axes * kept) @ axes.T, atol=1e-12)


@pytest.mark.parametrize("targets", [(10.0,), (10.0, -10.0)])
def test_derivatives_on_the_sphere(targets: tuple[float, ...]) -> None:
    scenario = draw(count=1, target_range_m=(30.0,) * len(targets), target_angle_deg=targets, min_scnr_db=10.0)
    (problem,) = problems(scenario)
    surface = Sphere(problem, 5.0)
    beams = random_beams(problem, seed=3)
    direction = random_beams(problem, seed=4)
    h = 1e-6
    ahead, behind = beams + h * direction, beams - h * direction
    slope = np.sum((np.conj(surface.ambient_gradient(beams)) * direction).real, axis=(1, 2))
    np.testing.assert_allclose((surface.cost((ahead,)) - surface.cost((behind,))) / (2.0 * h), slope, rtol=1e-6)
    bend = (surface.ambient_gradient(ahead[0]) - surface.ambient_gradient(behind[0])) / (2.0 * h)
    product = hessian_product(surface, beams[0], direction[0])
    np.testing.assert_allclose(product, bend, atol=1e-6 * np.abs(bend).max())
    (tangent,) = surface.gradient((beams,))
    np.testing.assert_allclose(np.sum((np.conj(tangent) * beams).real, axis=(1, 2)), 0.0, atol=1e-10)


def test_derivatives_in_the_row_space() -> None:
    (problem,) = problems(draw(count=1, min_scnr_db=0.0))
    problem = replace(problem, streams=3)
    surface = RowSpace.of(problem, 5.0)
    row = problem.within(surface.axes)
    point = surface.point(surface.axes @ random_beams(row, seed=5) * np.sqrt(0.9))
    beams = surface.beams(point)
    np.testing.assert_allclose(surface.objective(point), problem.capacity(beams), rtol=1e-9)
    left = 1.0 - np.linalg.norm(beams, axis=(1, 2)) ** 2
    cost = -problem.capacity(beams) - (np.log(left) + np.log(problem.margins(beams)[:, 0])) / 5.0
    np.testing.assert_allclose(surface.cost(point), cost, rtol=1e-9)
    of_powers, tangent = surface.gradient(point)
    along = adjoint(point[1]) @ tangent
    np.testing.assert_allclose(along, -adjoint(along), atol=1e-12)
    # along the gradient itself, scaled so that both parts count
    h = 1e-8 / np.sqrt(np.sum(of_powers**2, axis=1) + np.sum(np.abs(tangent) ** 2, axis=(1, 2)))
    steps = np.stack([h, h], axis=-1)
    costs = [surface.cost(surface.move(point, (of_powers, tangent), sign * steps)) for sign in (-1.0, 1.0)]
    slope = np.sum(of_powers**2, axis=1) + np.sum(np.abs(tangent) ** 2, axis=(1, 2))
    np.testing.assert_allclose((costs[0] - costs[1]) / (2.0 * h), slope, rtol=1e-5)


def test_nearest_unitary_matrix() -> None:
    rng = np.random.default_rng(6)
    matrix = rng.standard_normal((3, 4, 4)) + 1j * rng.standard_normal((3, 4, 4))
    found = nearest_unitary(matrix)
    np.testing.assert_allclose(adjoint(found) @ found, np.broadcast_to(np.eye(4), (3, 4, 4)), atol=1e-12)
    # the polar factor leaves a positive definite rest
    rest = adjoint(found) @ matrix
    np.testing.assert_allclose(rest, adjoint(rest), atol=1e-12)
    assert np.all(np.linalg.eigvalsh(rest) > 0.0)
