"""What the paper proves or takes for granted: Theorem 1, Lemma 1, and its simplified power (39)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isaclib
from isaclib.systems.modular.analog import Analog
from isaclib.systems.modular.dual import solve_many
from isaclib.systems.modular.reference.problem import Problem
from isaclib.systems.modular.reference.sdr_rrs import relaxed_covariance
from isaclib.systems.modular.scenario import Scenario

SYSTEM = isaclib.get_system("modular")


def draw(count: int, **values: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**values), seed=1, start=0, stop=count)


@pytest.mark.slow
def test_theorem_1_full_relaxation_reduced_relaxation_and_dual_agree() -> None:
    scenario = draw(2, subarrays=3, elements_per_subarray=8, subarray_spacing_m=0.5, nlos_paths=1)
    bounds = SYSTEM.design(scenario, scheme="hybrid-beamforming").bound
    analog = Analog(scenario)
    for index, bound in enumerate(bounds):
        behind = Problem.of(scenario, analog, index)
        full = replace(
            behind,
            channel=scenario.channel[index] * np.sqrt(scenario.parameters.power_w / scenario.noise_w),
            steering=scenario.transmit[index],
        )
        assert (full.size, behind.size) == (24, 15)
        for problem in (full, behind, behind.within(behind.span())):
            covariance, status, _ = relaxed_covariance(problem, "CLARABEL")
            assert covariance is not None
            assert status.has_solution
            channel = problem.channel
            value = np.linalg.slogdet(np.eye(4) + channel @ covariance @ np.conj(channel.T))[1] / np.log(2.0)
            assert value == pytest.approx(bound, rel=2e-7)


@pytest.mark.parametrize("min_scnr_db", [0.0, 20.0, 29.0])
def test_theorem_1_hybrid_with_all_chains_is_fully_digital(min_scnr_db: float) -> None:
    scenario = draw(32, min_scnr_db=min_scnr_db)
    hybrid, digital = (SYSTEM.design(scenario, scheme=name) for name in ("hybrid-beamforming", "fully-digital"))
    np.testing.assert_allclose(hybrid.objective, digital.objective, rtol=1e-8)


def test_fewer_chains_cost_spectral_efficiency() -> None:
    served = ("los", "nlos-2", "nlos-3", "target-1", "interferer-1", "interferer-2")
    some = SYSTEM.design(draw(32, served_responses=served), scheme="hybrid-beamforming")
    every = SYSTEM.design(draw(32), scheme="hybrid-beamforming")
    assert np.all(some.objective <= every.objective * (1.0 + 1e-9))
    assert np.any(some.objective < every.objective * (1.0 - 1e-6))


def test_simplified_power_overspends_and_beats_the_fully_digital_bound() -> None:
    """M |F_D|^2 <= P (39) takes the columns of F_A for orthogonal; they spend tr(F_D^H F_A^H F_A F_D)."""
    scenario = draw(64)
    p = scenario.parameters
    root = np.sqrt(p.elements_per_subarray)
    analog = SYSTEM.design(scenario, scheme="hybrid-beamforming").analog / root
    weights = scenario.weights[:, 0]
    signed = -p.min_scnr * weights
    signed[:, 0] = weights[:, 0]
    scaled = np.empty((len(scenario), p.rf_chains, p.streams), dtype=complex)
    bound, reach = np.empty(len(scenario)), np.empty(len(scenario))
    solve_many(
        np.ascontiguousarray(scenario.channel @ analog / np.sqrt(scenario.noise_w)),
        np.ascontiguousarray(scenario.transmit @ np.conj(analog)),
        np.ascontiguousarray(signed),
        np.ascontiguousarray(p.min_scnr * scenario.filter_noise[:, 0]),
        p.power_w,
        scaled,
        bound,
        reach,
        np.empty(len(scenario), dtype=np.int64),
    )
    np.testing.assert_allclose(np.sum(np.abs(scaled) ** 2, axis=(1, 2)), p.power_w, rtol=1e-9)
    spent = np.sum(np.abs(analog @ scaled) ** 2, axis=(1, 2)) / p.power_w
    # by 3 to 56 % on these draws
    assert 1.02 < spent.min() < 1.05
    assert 1.05 < np.median(spent) < 1.2
    assert 1.4 < spent.max() < 1.8
    digital = SYSTEM.design(scenario, scheme="fully-digital").bound
    assert np.all(bound / np.log(2.0) > digital * (1.0 + 1e-3))


def channel_rank(**values: Any) -> np.ndarray:
    scenario = draw(8, **values)
    design = SYSTEM.design(scenario, scheme="fully-digital")
    return SYSTEM.evaluate(scenario, design)["channel_rank"].values


@pytest.mark.parametrize("user_range_m", [10.0, 40.0])
def test_lemma_1_a_line_of_sight_has_the_rank_of_its_subarrays(user_range_m: float) -> None:
    values = {"nlos_paths": 0, "user_antennas": 4, "user_range_m": user_range_m, "min_scnr_db": 0.0}
    for subarrays in (2, 4):
        assert np.all(channel_rank(**values, subarrays=subarrays) == subarrays)
    plane = channel_rank(**values, design_wavefront="pwm", true_wavefront="pwm")
    assert np.all(plane == 1)


@pytest.mark.parametrize("nlos_paths", [1, 3])
def test_lemma_1_rank_with_scattered_paths(nlos_paths: int) -> None:
    values = {"nlos_paths": nlos_paths, "user_antennas": 8, "user_range_m": 10.0, "min_scnr_db": 0.0}
    hybrid = channel_rank(**values)
    plane = channel_rank(**values, design_wavefront="pwm", true_wavefront="pwm")
    assert np.all(plane == nlos_paths + 1)
    assert np.all(hybrid <= min(8, 4 * (nlos_paths + 1)))
    # the line of sight has a rank for each subarray; a scattered path, planar at the user, adds one
    assert np.all(hybrid == 4 + nlos_paths)
