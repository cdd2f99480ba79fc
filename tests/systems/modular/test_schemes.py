"""What the designs of `modular` owe: certificates, statuses, Theorem 1, one answer however they are batched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.modular.analog import Analog
from isaclib.systems.modular.scenario import Scenario

SYSTEM = get_system("modular")
SCHEMES = pytest.mark.parametrize("scheme", ["hybrid-beamforming", "fully-digital"])
SMALL: dict[str, Any] = {"subarrays": 3, "elements_per_subarray": 8}
TWO: dict[str, Any] = {"target_range_m": (30.0, 25.0), "target_angle_deg": (10.0, -12.0), "min_scnr_db": 15.0}
HARD = [
    {},
    {"streams": 1},
    {"user_antennas": 8, "streams": 3},
    {"interferer_range_m": (), "interferer_angle_deg": ()},
    {"interferer_range_m": (30.0, 30.0), "interferer_angle_deg": (40.0, 40.0)},
    {"scatterer_overlap": 2},
    {"nlos_paths": 0, "streams": 2},
    {"receive_filter": "matched", "min_scnr_db": 5.0},
    {"snr_db": 40.0, "layout": "collocated"},
    {"layout": "random", "snr_db": -100.0},
    {"snr_db": 100.0, "sensing_snr_db": 150.0, "min_scnr_db": 149.0},
    {"subarrays": 2, "elements_per_subarray": 1, "user_antennas": 8, "streams": 2, "min_scnr_db": 3.0},
    TWO,
]


def draw(start: int = 0, stop: int = 4, **values: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**{**SMALL, **values}), seed=9, start=start, stop=stop)


@SCHEMES
@pytest.mark.parametrize("values", HARD, ids=str)
def test_designs_are_certified(scheme: str, values: dict[str, Any]) -> None:
    scenario = draw(**values)
    design = SYSTEM.design(scenario, scheme=scheme)
    data = SYSTEM.evaluate(scenario, design)
    assert np.all(data.status == Status.OPTIMAL)
    assert data.gap.max() <= 1e-9
    assert data.violation.max() <= 1e-6
    assert design.reason == ("",) * 4


@pytest.mark.parametrize("values", [{}, {"streams": 2, "scatterer_overlap": 1}, TWO])
def test_all_chains_are_as_good_as_all_antennas(values: dict[str, Any]) -> None:
    scenario = draw(**values)
    hybrid, digital = (SYSTEM.design(scenario, scheme=s) for s in ("hybrid-beamforming", "fully-digital"))
    np.testing.assert_allclose(hybrid.objective, digital.objective, rtol=1e-9)
    np.testing.assert_allclose(hybrid.reachable_scnr, digital.reachable_scnr, rtol=1e-9)
    # the same covariance even
    np.testing.assert_allclose(hybrid.covariance(), digital.covariance(), atol=1e-6)


def test_fewer_chains_are_worse() -> None:
    names = ["los", "nlos-1", "target-1"]
    some, every = (
        SYSTEM.design(draw(served_responses=served), scheme="hybrid-beamforming") for served in (names, "all")
    )
    assert some.digital is not None
    assert some.digital.shape == (4, 9, 4)
    assert np.all(some.objective < every.objective)


def test_analog_beamformers_are_phases_in_blocks() -> None:
    scenario = draw()
    design = SYSTEM.design(scenario, scheme="hybrid-beamforming")
    assert design.analog is not None
    for b in range(4):
        for block in range(3):
            inside = design.analog[b, 8 * block : 8 * block + 8, 7 * block : 7 * block + 7]
            np.testing.assert_allclose(np.abs(inside), 1.0, rtol=1e-12)
            np.testing.assert_array_equal(inside, scenario.subarray_responses[b, block])
    assert np.count_nonzero(design.analog) == 4 * 3 * 8 * 7
    np.testing.assert_allclose(design.analog @ design.digital, design.beamformers, atol=1e-12)
    assert SYSTEM.design(scenario, scheme="fully-digital").analog is None


def test_power_taken_for_that_of_orthogonal_columns_is_overspent() -> None:
    # (39) counts M |F_D|^2; the designs at full power show what it takes them for
    design = SYSTEM.design(draw(0, 32, elements_per_subarray=16), scheme="hybrid-beamforming")
    power = np.sum(np.abs(design.beamformers) ** 2, axis=(1, 2))
    np.testing.assert_allclose(power, 1.0, rtol=1e-9)
    counted = 16.0 * np.sum(np.abs(design.digital) ** 2, axis=(1, 2))
    assert np.median(np.abs(power / counted - 1.0)) > 0.03


@SCHEMES
@pytest.mark.parametrize("values", [{}, TWO, {"layout": "random", "true_wavefront": "swm"}], ids=["one", "two", "swm"])
def test_designs_are_the_same_bits_however_they_are_batched(scheme: str, values: dict[str, Any]) -> None:
    whole, part = (draw(start, 7, **values) for start in (0, 3))
    first, second = (SYSTEM.design(scenario, scheme=scheme) for scenario in (whole, part))
    for name in ("beamformers", "bound", "objective", "violation", "reachable_scnr", "status", "iterations"):
        np.testing.assert_array_equal(getattr(first, name)[3:], getattr(second, name))
    one, other = SYSTEM.evaluate(whole, first), SYSTEM.evaluate(part, second)
    for metric in one.data_vars:
        if metric != "solve_seconds":
            np.testing.assert_array_equal(one[metric][3:], other[metric])


@SCHEMES
def test_a_threshold_just_in_reach_is_kept_and_one_just_out_of_it_is_not(scheme: str) -> None:
    reach = SYSTEM.design(draw(0, 1), scheme=scheme).reachable_scnr[0, 0]
    # the largest SCNR does not depend on the threshold
    for factor, status in ((1.0 - 1e-6, Status.OPTIMAL), (1.0 + 1e-6, Status.INFEASIBLE)):
        design = SYSTEM.design(draw(0, 1, min_scnr_db=10.0 * np.log10(factor * reach)), scheme=scheme)
        assert design.status[0] == status
        assert design.reachable_scnr[0, 0] == pytest.approx(reach, rel=1e-9)
    assert design.reason[0].startswith("at most")
    assert "dB of SCNR can be reached" in design.reason[0]


def test_targets_that_cannot_have_their_scnr_at_once_are_infeasible() -> None:
    alone = SYSTEM.design(draw(**TWO), scheme="fully-digital").reachable_scnr.min()
    together = draw(**{**TWO, "min_scnr_db": 10.0 * np.log10(0.9 * alone)})
    design = SYSTEM.design(together, scheme="fully-digital")
    assert np.all(design.status == Status.INFEASIBLE)
    assert design.reason[0].startswith("the targets can reach their SCNR one by one, not at once")


def test_designs_for_another_wavefront_are_judged_by_the_truth() -> None:
    found = {}
    for wavefront in ("swm", "hspm", "pwm"):
        scenario = SYSTEM.draw(
            SYSTEM.Parameters(true_wavefront="swm", design_wavefront=wavefront), seed=9, start=0, stop=16
        )
        design = SYSTEM.design(scenario, scheme="fully-digital")
        assert np.all(design.status == Status.OPTIMAL)
        found[wavefront] = SYSTEM.evaluate(scenario, design)
    assert np.all(found["swm"].status == Status.OPTIMAL)
    assert np.any(found["hspm"].status == Status.VIOLATING)
    assert np.all(found["pwm"].status == Status.VIOLATING)
    # close to what it took for true, and far from it
    assert np.abs(found["hspm"].scnr_db - 20.0).max() < 0.5
    assert found["pwm"].scnr_db.mean() < 15.0
    assert found["pwm"].spectral_efficiency.mean() < 0.8 * found["swm"].spectral_efficiency.mean()


@pytest.mark.slow
def test_theorem_1_whole_and_reduced_programs_and_the_dual_agree() -> None:
    import cvxpy as cp

    scenario = draw(0, 1, subarrays=2, elements_per_subarray=6, nlos_paths=1, user_antennas=2, streams=2)
    p, analog = scenario.parameters, Analog(scenario)
    spaces = {
        "whole": (scenario.channel[0] / np.sqrt(scenario.noise_w), scenario.transmit[0]),
        "reduced": (analog.channel[0], analog.steering[0]),
    }
    signed = -p.min_scnr * scenario.weights[0, 0]
    signed[0] = scenario.weights[0, 0, 0]
    signed = signed / (p.min_scnr * scenario.filter_noise[0, 0])
    expected = SYSTEM.design(scenario, scheme="hybrid-beamforming").objective[0]
    for channel, steering in spaces.values():
        size = channel.shape[1]
        covariance = cp.Variable((size, size), hermitian=True)
        matrix = np.einsum("q,qn,qm->nm", signed, steering, steering.conj())
        program = cp.Problem(
            cp.Maximize(cp.log_det(np.eye(2) + channel @ covariance @ channel.conj().T)),
            [covariance >> 0, cp.real(cp.trace(covariance)) <= 1.0, cp.real(cp.trace(matrix @ covariance)) >= 1.0],
        )
        assert program.solve(solver=cp.SCS, eps=1e-7, max_iters=20_000) / np.log(2.0) == pytest.approx(
            expected, rel=1e-4
        )
