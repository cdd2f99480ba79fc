from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.stars import information
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.estimation import check
from isaclib.systems.stars.scenario import Scenario

SYSTEM = get_system("stars")
DENSE: dict[str, Any] = {"sensors": 32, "sensor_spacing_wavelengths": 0.5, "min_rate_bps_hz": 2.0}
AT_THREE: dict[str, Any] = {**DENSE, "target_range_m": (3.0, 3.0), "target_angle_deg": (0.0, 0.0)}


def designed(stop: int, *, start: int = 0, **parameters: Any) -> tuple[Scenario, Design]:
    scenario = SYSTEM.draw(SYSTEM.Parameters(**parameters), seed=4, start=start, stop=stop)
    return scenario, SYSTEM.design(scenario, scheme="joint-design")


def estimate(pair: tuple[Scenario, Design], estimator: str, **options: Any) -> xr.Dataset:
    return SYSTEM.estimate(*pair, estimator=estimator, options=options)


def exact_bound(scenario: Scenario, design: Design) -> np.ndarray:
    light = information.illuminate(scenario, design.active, design.reflection)
    return information.exact_speb(scenario, light, design.sensor_count, design.sensor_spacing_m)[:, 0]


@pytest.mark.parametrize("estimator", ["ml", "music"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"noise_dbm": -140.0, "snapshots": 50},
        {"noise_dbm": -120.0, "snapshots": 50},
        {"noise_dbm": -120.0},
        {"noise_dbm": -140.0, "response": "exact", "target_angle_deg": (-40.0, 40.0)},
    ],
)
def test_the_refined_estimators_attain_the_bound(estimator: str, parameters: dict[str, Any]) -> None:
    scenario, design = designed(512, **{**AT_THREE, **parameters})
    error = estimate((scenario, design), estimator, trials=4)[f"{estimator}_error_m"].values
    ratio = float(np.mean(error**2 / exact_bound(scenario, design)[:, None]))
    # e^2 / SPEB has a variance of at most 2 (all error in one coordinate): an error rate of 1e-4 at 3.9 deviations
    assert abs(ratio - 1.0) < 3.9 * np.sqrt(2.0 / error.size)


def test_ml_makes_use_of_what_a_second_beam_tells_of_the_range_and_music_does_not() -> None:
    scattered: dict[str, Any] = {"bs_star_channel": "rician", "rician_k_db": -30.0, "noise_dbm": -160.0}
    scenario, design = designed(256, **{**AT_THREE, **scattered, "sensors": 6})
    # a beam along the slope of the first one's light in range
    first = design.active[..., 0]
    slope = scenario.target_gradient[:, 0, :, 0] * design.reflection
    second = np.conj(slope[:, None] @ scenario.bs_star_channel)[:, 0]
    second *= np.linalg.norm(first, axis=1, keepdims=True) / np.linalg.norm(second, axis=1, keepdims=True)
    alone = replace(design, active=design.active[..., :1])
    design = replace(design, active=np.stack([first, second], axis=-1))
    bound = exact_bound(scenario, design)
    assert np.mean(bound) < 0.25 * np.mean(exact_bound(scenario, alone))
    error = estimate((scenario, design), "ml", trials=4)["ml_error_m"].values
    # error rate 1e-4, as above
    assert abs(np.mean(error**2 / bound[:, None]) - 1.0) < 3.9 * np.sqrt(2.0 / error.size)
    assert float((estimate((scenario, design), "music")["music_error_m"] ** 2).mean()) > 2.0 * np.mean(bound)


def test_without_refinement_the_error_stays_at_that_of_the_grid() -> None:
    pair = designed(256, **DENSE, noise_dbm=-160.0, target_range_m=(3.0, 4.0), target_angle_deg=(-20.0, 20.0))
    step_m, step_deg = 0.1, 0.2
    data = estimate(pair, "music", refine=False, range_step_m=step_m, angle_step_deg=step_deg)
    assert float(data["music_angle_error_deg"].max()) < 0.51 * step_deg
    # even: rms of a step over sqrt(12); the range makes up for part of the angle's error
    rms = {name: float(np.sqrt(np.mean(values.values**2))) for name, values in data.items()}
    assert rms["music_angle_error_deg"] == pytest.approx(step_deg / np.sqrt(12.0), rel=0.15)
    assert rms["music_range_error_m"] == pytest.approx(step_m / np.sqrt(12.0), rel=0.15)
    assert rms["music_error_m"] > 20.0 * float(np.sqrt(np.mean(exact_bound(*pair))))
    refined = estimate(pair, "music")
    assert rms["music_error_m"] > 20.0 * float(np.sqrt((refined["music_error_m"] ** 2).mean()))


def test_a_prior_sector_removes_grating_lobes() -> None:
    # four sensors, eight half wavelengths apart: four directions in the sector look almost alike
    pair = designed(64, noise_dbm=-130.0, sensors=4, min_rate_bps_hz=2.0)
    bound = np.sqrt(np.mean(exact_bound(*pair)))
    lost = float(np.sqrt((estimate(pair, "ml")["ml_error_m"] ** 2).mean()))
    kept = float(np.sqrt((estimate(pair, "ml", prior_angle_deg=5.0)["ml_error_m"] ** 2).mean()))
    assert kept < 1.5 * bound < 4.0 * bound < lost


@pytest.mark.parametrize("options", [{}, {"refine": False}])
def test_estimates_are_the_same_however_they_are_batched_and_whatever_follows_them(options: dict[str, Any]) -> None:
    parameters: dict[str, Any] = {"noise_dbm": -115.0, "min_rate_bps_hz": 2.0, "response": "exact"}
    for estimator in ("ml", "music"):
        whole = estimate(designed(67, **parameters), estimator, trials=2, **options)
        assert dict(whole.sizes) == {"realisation": 67, "trial": 2}
        assert {name: values.dims[1:] for name, values in whole.items()} == SYSTEM.estimators[estimator].metrics
        part = estimate(designed(67, start=60, **parameters), estimator, **options)
        xr.testing.assert_equal(part.isel(trial=0), whole.sel(realisation=part["realisation"]).isel(trial=0))


def test_the_error_is_made_of_range_and_angle_and_missing_without_a_design() -> None:
    scenario, design = designed(3, **DENSE, noise_dbm=-130.0)
    design = replace(design, status=np.array([Status.VIOLATING, Status.OPTIMAL, Status.NOT_FOUND], dtype=np.int8))
    data = estimate((scenario, design), "ml", trials=3)
    assert np.isnan(data["ml_error_m"].values).all(axis=1).tolist() == [False, False, True]
    across = scenario.target_range_m[:2, None] * np.radians(data["ml_angle_error_deg"][:2])
    np.testing.assert_allclose(data["ml_error_m"][:2], np.hypot(data["ml_range_error_m"][:2], across), rtol=5e-3)


def test_of_several_targets_the_first_answers() -> None:
    scenario, design = designed(4, **DENSE, noise_dbm=-130.0)
    p = replace(scenario.parameters, targets=2)

    def beside(values: np.ndarray) -> np.ndarray:
        return np.stack([values, values[::-1]], axis=1)

    names = ("target_range_m", "target_angle_rad", "target_response", "reflection")
    changed: dict[str, Any] = {name: beside(getattr(scenario, name)) for name in names}
    several = replace(scenario, parameters=p, **changed)
    xr.testing.assert_equal(estimate((several, design), "ml"), estimate((scenario, design), "ml"))


@pytest.mark.parametrize(
    ("parameters", "options", "message"),
    [
        ({}, {"trials": 0}, "trials = 0: expected a whole number of at least 1"),
        ({}, {"range_step_m": 0.0}, "range_step_m = 0.0: expected a number above 0"),
        ({}, {"prior_angle_deg": -1}, "prior_angle_deg = -1: expected a number above 0, or none"),
        ({}, {"prior_range_m": "near"}, "prior_range_m = 'near': expected a number, or none"),
        ({}, {"angle_min_deg": True}, "angle_min_deg = True: expected a number, or none"),
        ({}, {"range_min_m": 0.05}, "range_min_m, range_max_m = .*outside the surface"),
        ({}, {"angle_max_deg": 100}, "angle_min_deg, angle_max_deg = .*within -90 to 90 deg"),
        ({}, {"range_min_m": 3.5}, r"target_range_m = \(3.0, 6.0\): expected targets where the estimators search"),
        ({}, {"angle_max_deg": 30.0}, r"target_angle_deg = \(-60.0, 60.0\): expected .* -60 to 30 deg"),
        ({}, {"refine": False, "angle_step_deg": 1e-4}, "range_step_m, angle_step_deg = .*at most"),
        (
            {"star_elements": 1024},
            {"range_min_m": 2.8, "range_max_m": 7.0},
            "expected a narrower sector or a coarser grid",
        ),
    ],
)
def test_what_the_estimators_cannot_work_with_is_refused(
    parameters: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check(SYSTEM.Parameters(**parameters), SYSTEM.estimators["ml"].resolve(options))


def test_a_target_at_one_place_is_searched_around_it() -> None:
    # a wide search finds it where it is, not at a border
    data = estimate(designed(32, **AT_THREE, noise_dbm=-120.0), "ml")
    assert 0.0 < float(data["ml_error_m"].max()) < 0.1
