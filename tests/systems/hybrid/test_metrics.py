from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import isaclib
from isaclib.systems.base import Status
from isaclib.systems.hybrid.acceptance import OBJECTIVES
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario

SYSTEM = isaclib.get_system("hybrid")
SCHEMES = {
    "speb-min-fdbf": "speb",
    "speb-min-hbf": "speb",
    "snr-max-hbf": "snr",
    "two-stage-hbf": "polar",
    "sca-bcd-fdbf": "sum-rate",
    "sca-bcd-hbf": "sum-rate",
}
TRACED = ("speb-min-hbf", "snr-max-hbf", "sca-bcd-hbf")


def solved(
    scheme: str, start: int = 60, stop: int = 66, power_dbm: float = 30.0
) -> tuple[Scenario, Design, xr.Dataset]:
    scenario = SYSTEM.draw(SYSTEM.Parameters(elements=8, power_dbm=power_dbm), seed=3, start=start, stop=stop)
    design = SYSTEM.design(scenario, scheme=scheme, options={"trace": 7} if scheme in TRACED else {})
    return scenario, design, SYSTEM.evaluate(scenario, design)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_variable_is_labelled(scheme: str) -> None:
    _, _, data = solved(scheme)
    for name, variable in data.data_vars.items():
        assert variable.dims[0] == "realisation", name
        assert variable.attrs["long_name"], name
        assert name == "status" or variable.attrs["units"], name
    np.testing.assert_array_equal(data.realisation, np.arange(60, 66))
    np.testing.assert_array_equal(data.user, [0, 1])
    assert data.objective.attrs["units"] == data.bound.attrs["units"] == OBJECTIVES[SCHEMES[scheme]][0]
    assert ("trace" in data) == (scheme in TRACED)
    if "trace" in data:
        assert data.trace.dims == ("realisation", "iteration")
        assert data.trace.attrs["units"] == data.objective.attrs["units"]
    assert ("price_of_hybrid" in data) == (scheme in ("speb-min-hbf", "sca-bcd-hbf"))
    assert ("speb_certified_m2" in data) == (scheme == "speb-min-fdbf")


def test_status_is_a_flag_variable() -> None:
    _, _, data = solved("speb-min-fdbf")
    assert data.status.dtype == np.int8
    meanings = data.status.attrs["flag_meanings"].split()
    assert dict(zip(meanings, data.status.attrs["flag_values"], strict=True)) == {
        "optimal": 0,
        "feasible": 1,
        "violating": 2,
        "infeasible": 3,
        "not_found": 4,
        "failed": 5,
        "not_run": 6,
    }
    assert data.status.attrs["flag_values"].dtype == np.int8


def test_metrics_belong_together() -> None:
    scenario, design, data = solved("speb-min-hbf")
    np.testing.assert_allclose(data.peb_m**2, data.speb_m2)
    np.testing.assert_allclose(data.sum_rate, data.rate.sum("user"))
    np.testing.assert_allclose(data.objective, data.speb_m2)
    np.testing.assert_allclose(data.gap, data.objective / data.bound - 1.0)
    np.testing.assert_allclose(data.price_of_hybrid, data.speb_m2 / data.speb_bound_m2 - 1.0)
    worst = 1.0 - data.rate.min("user") / 5.0
    np.testing.assert_allclose(data.violation.sel(constraint="rate"), worst, atol=1e-12)
    np.testing.assert_array_equal(data.iterations, design.iterations)
    a = np.exp(-2j * np.pi * np.linalg.norm(scenario.elements_m - scenario.target_m, axis=1) / scenario.wavelength_m)
    light = np.sum(np.abs(a.conj() @ design.beamformers) ** 2, axis=-1)
    np.testing.assert_allclose(data.sensing_snr, scenario.reflection**2 * 8 * light / 1e-12, rtol=1e-9)


def test_the_price_of_hybrid_is_the_sum_rate_missing_to_the_bound() -> None:
    _, design, data = solved("sca-bcd-hbf")
    np.testing.assert_allclose(data.objective, data.sum_rate, rtol=1e-12)
    np.testing.assert_allclose(data.price_of_hybrid, 1.0 - data.sum_rate / design.bound, rtol=1e-9)
    assert np.all(data.price_of_hybrid > 0.0)
    assert list(data.constraint.values) == ["speb", "power", "modulus"]
    np.testing.assert_allclose(data.violation.sel(constraint="speb"), data.speb_m2 / 0.2**2 - 1.0, rtol=1e-9)


def test_what_a_design_says_of_itself_changes_no_metric() -> None:
    scenario, design, data = solved("speb-min-hbf")
    wrong = np.full(6, 1e-30)
    boasting = replace(design, objective=wrong, gap=wrong, violation=-np.ones((6, 3)))
    xr.testing.assert_identical(SYSTEM.evaluate(scenario, boasting), data)


def test_without_a_design_there_are_no_metrics() -> None:
    _, design, data = solved("speb-min-fdbf", 0, 40, power_dbm=18.0)
    none = design.status == Status.INFEASIBLE
    assert 0 < none.sum() < 40
    measured = set(data.data_vars) - {"status", "iterations", "solve_seconds"}
    for name in measured:
        missing = np.isnan(data[name].values.reshape(40, -1))
        np.testing.assert_array_equal(missing.all(axis=1), none, err_msg=str(name))
        np.testing.assert_array_equal(missing.any(axis=1), none, err_msg=str(name))


@pytest.mark.parametrize("status", [Status.INFEASIBLE, Status.NOT_FOUND, Status.FAILED, Status.NOT_RUN])
def test_beamformers_without_a_status_to_show_them_are_not_measured(status: Status) -> None:
    scenario, design, _ = solved("two-stage-hbf")
    data = SYSTEM.evaluate(scenario, replace(design, status=np.full(6, status)))
    for name in ("speb_m2", "peb_m", "rate", "sum_rate", "sensing_snr", "power_w", "violation", "objective", "gap"):
        assert np.isnan(data[name]).all(), name
    assert not np.isnan(data.bound).any()
