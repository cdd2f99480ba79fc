from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

import isaclib
from isaclib.systems.base import Status
from isaclib.systems.stars import SYSTEM, information
from isaclib.systems.stars.metrics import METRICS
from isaclib.systems.stars.parameters import Parameters


def simulated(stop: int = 5, **values: Any) -> xr.Dataset:
    return isaclib.simulate(system="stars", scheme="joint-design", parameters=Parameters(**values), seed=2, stop=stop)


def test_every_metric_is_declared_with_its_dimensions_and_has_a_unit() -> None:
    data = simulated()
    for name, variable in data.data_vars.items():
        assert variable.dims == ("realisation", *METRICS[str(name)])
        assert variable.attrs["long_name"]
        assert name == "status" or "units" in variable.attrs
    assert set(METRICS) - set(data.data_vars) == {"trace"}


def test_metrics_belong_together() -> None:
    s = SYSTEM.draw(Parameters(), seed=2, stop=5)
    p, design = s.parameters, SYSTEM.design(s, scheme="joint-design")
    data = SYSTEM.evaluate(s, design)
    np.testing.assert_array_equal(data.cost, data.objective)
    np.testing.assert_array_equal(data.gap, design.gap)
    expected = 0.5 * data.speb_closed_form_m2 / p.speb_scale_m2 + 0.5 * data.sensor_count / 32
    np.testing.assert_allclose(data.cost, expected, rtol=1e-14)
    np.testing.assert_allclose(data.rspeb_m**2, data.speb_m2, rtol=1e-14)
    np.testing.assert_array_equal(data.target_speb_m2[:, 0], data.speb_m2)
    np.testing.assert_allclose(data.power_w, p.power_w, rtol=1e-12)
    np.testing.assert_allclose(data.rate, 6.0, rtol=1e-12)
    np.testing.assert_array_equal(data["rank"], 1.0)
    assert np.abs(data.illumination_gap).max() < 1e-12
    assert data.energy_violation.max() < 1e-14
    light = information.illuminate(s, design.active, design.reflection)
    sensors = design.sensor_count, design.sensor_spacing_m
    for name, values in (
        ("speb_m2", information.exact_speb(s, light, *sensors)),
        ("speb_known_beta_m2", information.closed_form_speb(s, light, *sensors, bound="known-beta")),
        ("speb_far_field_m2", information.far_field_speb(s, light, *sensors)),
    ):
        np.testing.assert_allclose(data[name], values[:, 0], rtol=1e-12)


def test_beams_are_believed_and_nothing_else() -> None:
    s = SYSTEM.draw(Parameters(), seed=2, stop=3)
    design = SYSTEM.design(s, scheme="joint-design")
    boast = replace(design, objective=0.0 * design.objective, violation=0.0 * design.violation - 1.0)
    honest = SYSTEM.evaluate(s, replace(boast, active=2.0 * design.active))
    assert np.all(honest.status == Status.VIOLATING)
    np.testing.assert_allclose(honest.violation.sel(constraint="power"), 3.0, rtol=1e-12)
    assert np.all(honest.objective > 0.0)


def test_draws_without_a_design_have_no_metrics_but_what_could_be_reached() -> None:
    data = simulated(min_rate_bps_hz=30.0)
    assert np.all(data.status == Status.INFEASIBLE)
    kept = {"status", "reachable_rate", "bound", "iterations", "solve_seconds"}
    for name in set(data.data_vars) - kept:
        assert np.isnan(data[name]).all(), name
    assert np.all(data.reachable_rate < 30.0)


def test_several_users_and_targets(guess: Any) -> None:
    s = SYSTEM.draw(Parameters(users=2, targets=3, min_rate_bps_hz=0.0, speb_of_targets="worst"), seed=2, stop=4)
    one = SYSTEM.draw(Parameters(), seed=2, stop=4)
    random, frame = guess(s, beams=3, seed=1), SYSTEM.design(one, scheme="joint-design")
    data = SYSTEM.evaluate(s, replace(frame, **vars(random), status=np.full(4, Status.FEASIBLE)))
    assert data.user_rate.shape == (4, 2)
    assert data.target_speb_m2.shape == (4, 3)
    np.testing.assert_array_equal(data.rate, data.user_rate.min("user"))
    np.testing.assert_array_equal(data.speb_m2, data.target_speb_m2.max("target"))
    assert data["rank"].max() > 1.0


def test_trace_is_kept() -> None:
    s = SYSTEM.draw(Parameters(), seed=2, stop=3)
    data = SYSTEM.evaluate(s, SYSTEM.design(s, scheme="joint-design", options={"trace": 4}))
    assert data.trace.dims == ("realisation", "iteration")
    assert data.trace.shape == (3, 4)
