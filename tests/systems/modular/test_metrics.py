"""Metrics and constraints of `modular`, held against the formulas written out here."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.scenario import Scenario

SYSTEM = get_system("modular")
SMALL: dict[str, Any] = {"subarrays": 3, "elements_per_subarray": 8, "user_antennas": 3, "streams": 2}
TWO: dict[str, Any] = {"target_range_m": (30.0, 25.0), "target_angle_deg": (10.0, -12.0), "min_scnr_db": 15.0}


def designed(scheme: str = "hybrid-beamforming", **values: Any) -> tuple[Scenario, Design]:
    scenario = SYSTEM.draw(SYSTEM.Parameters(**{**SMALL, **values}), seed=3, start=0, stop=3)
    return scenario, SYSTEM.design(scenario, scheme=scheme)


def scnr(scenario: Scenario, covariance: np.ndarray, w: np.ndarray, b: int, target: int) -> float:
    """Eq. (20)."""
    heard = []
    for q, reflection in enumerate(scenario.reflections):
        a, a_r = scenario.transmit[b, q], scenario.receive[b, q]
        heard.append(reflection**2 * abs(np.vdot(w, a_r)) ** 2 * np.vdot(a, covariance @ a).real)
    noise = scenario.sensing_noise_w * np.vdot(w, w).real
    return float(10.0 * np.log10(heard[target] / (sum(heard) - heard[target] + noise)))


@pytest.mark.parametrize("values", [{}, TWO, {"powers": "absolute", "min_scnr_db": -60.0, "noise_dbm": -90.0}])
def test_metrics_are_the_formulas_of_the_paper(values: dict[str, Any]) -> None:
    scenario, design = designed(**values)
    data = SYSTEM.evaluate(scenario, design)
    p = scenario.parameters
    for b, covariance in enumerate(design.covariance()):
        inside = np.eye(3) + scenario.channel[b] @ covariance @ scenario.channel[b].conj().T / scenario.noise_w
        assert data.spectral_efficiency[b] == pytest.approx(np.log2(np.linalg.det(inside).real), rel=1e-9)
        assert data.power[b] == pytest.approx(np.trace(covariance).real)
        assert data["rank"][b] == np.linalg.matrix_rank(covariance, tol=1e-10 * p.power_w)
        fixed, updated = [], []
        for t, w in enumerate(scenario.receive_filter[b]):
            fixed.append(scnr(scenario, covariance, w, b, t))
            sigma = scenario.sensing_noise_w * np.eye(p.elements, dtype=complex)
            for q, reflection in enumerate(scenario.reflections):
                if q != t:
                    a, a_r = scenario.transmit[b, q], scenario.receive[b, q]
                    sigma += reflection**2 * np.vdot(a, covariance @ a).real * np.outer(a_r, a_r.conj())
            updated.append(scnr(scenario, covariance, np.linalg.solve(sigma, scenario.receive[b, t]), b, t))
        np.testing.assert_allclose(data.target_scnr_db[b], fixed, rtol=1e-6)
        assert data.scnr_db[b] == pytest.approx(min(fixed), rel=1e-6)
        assert data.scnr_updated_db[b] == pytest.approx(min(updated), rel=1e-6)
        short = 1.0 - 10.0 ** ((min(fixed) - p.min_scnr_db) / 10.0)
        assert data.violation.sel(constraint="scnr")[b] == pytest.approx(short, abs=1e-6)
    assert set(data.data_vars) <= set(SYSTEM.metrics)


def test_the_best_filter_of_a_design_is_not_worse_than_the_fixed_one() -> None:
    scenario, design = designed(receive_filter="matched", min_scnr_db=5.0)
    data = SYSTEM.evaluate(scenario, design)
    assert np.all(data.scnr_updated_db >= data.scnr_db)


@pytest.mark.parametrize(("wavefront", "most"), [("hspm", 4), ("pwm", 2)])
def test_the_channel_keeps_the_rank_of_lemma_1(wavefront: str, most: int) -> None:
    # at most L (P + 1) against P + 1; a scattered path meets the user under one angle, so L + P of them
    values: dict[str, Any] = {
        "design_wavefront": wavefront,
        "true_wavefront": wavefront,
        "nlos_paths": 1,
        "user_antennas": 8,
    }
    scenario, design = designed(**values)
    assert np.all(SYSTEM.evaluate(scenario, design).channel_rank == most)
    singular = np.linalg.svd(scenario.channel)[1]
    assert np.all(np.sum(singular > 1e-9 * singular[:, :1], axis=-1) == most)


def test_evaluation_lowers_a_status_and_never_raises_it() -> None:
    scenario, design = designed()
    said = np.array([Status.OPTIMAL, Status.FEASIBLE, Status.OPTIMAL], dtype=np.int8)
    beams = design.beamformers.copy()
    beams[2] *= 1.1
    data = SYSTEM.evaluate(scenario, dataclasses.replace(design, status=said, beamformers=beams, blocks=None))
    np.testing.assert_array_equal(data.status, [Status.OPTIMAL, Status.FEASIBLE, Status.VIOLATING])
    assert data.violation.sel(constraint="power")[2] == pytest.approx(0.21)


def test_analog_and_digital_must_make_the_beamformers() -> None:
    scenario, design = designed()
    assert design.blocks is not None
    assert design.digital is not None
    spoilts: list[dict[str, Any]] = [{"digital": 1.01 * design.digital}, {"blocks": 1.01 * design.blocks}]
    for spoilt in spoilts:
        data = SYSTEM.evaluate(scenario, dataclasses.replace(design, **spoilt))
        assert np.all(data.status == Status.VIOLATING)
        np.testing.assert_allclose(data.violation.sel(constraint="modulus"), 0.01, rtol=1e-9)


def test_where_there_is_no_design_there_are_no_metrics() -> None:
    scenario, design = designed(min_scnr_db=60.0)
    data = SYSTEM.evaluate(scenario, design)
    assert np.all(data.status == Status.INFEASIBLE)
    for name in ("spectral_efficiency", "scnr_db", "scnr_updated_db", "rank", "power", "objective", "gap", "violation"):
        assert np.isnan(data[name]).all()
    # what could be reached is stored
    assert np.all((data.reachable_scnr_db > 25.0) & (data.reachable_scnr_db < 60.0))
