from typing import Any

import numpy as np
import pytest
import xarray as xr

from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.estimation import check_music
from isaclib.systems.modular.scenario import Scenario

SYSTEM = get_system("modular")
SMALL: dict[str, Any] = {"elements_per_subarray": 16, "subarray_spacing_m": 0.8, "scatterer_range_m": (8.0, 25.0)}


def spotlights(scenario: Scenario) -> Design:
    """A beam with a stream of its own on every object, with equal powers."""
    beams = np.swapaxes(scenario.transmit, 1, 2)
    beams = beams / np.linalg.norm(beams, axis=1, keepdims=True)
    beams = beams * np.sqrt(scenario.parameters.power_w / beams.shape[2])
    none = np.zeros(len(scenario))
    return Design(
        status=np.full(len(scenario), Status.FEASIBLE, dtype=np.int8),
        objective=none,
        bound=none,
        gap=none,
        violation=np.zeros((len(scenario), 0)),
        constraints=(),
        iterations=np.zeros(len(scenario), dtype=int),
        reason=("",) * len(scenario),
        beamformers=beams,
        reachable_scnr=np.ones((len(scenario), 1)),
    )


def estimate(stop: int, *, start: int = 0, options: dict[str, Any] | None = None, **parameters: Any) -> xr.Dataset:
    scenario = SYSTEM.draw(SYSTEM.Parameters(**{**SMALL, **parameters}), seed=11, start=start, stop=stop)
    return SYSTEM.estimate(scenario, spotlights(scenario), estimator="music", options=options)


def test_estimates_are_the_same_however_they_are_batched_and_whatever_follows_them() -> None:
    whole = estimate(67, options={"trials": 2}, layout="random", subarrays=3)
    assert np.isfinite(whole["music_error_m"]).all()
    assert dict(whole.sizes) == {"realisation": 67, "trial": 2}
    part = estimate(67, start=62, layout="random", subarrays=3)
    xr.testing.assert_equal(part.isel(trial=0), whole.sel(realisation=part["realisation"]).isel(trial=0))


def test_the_error_is_made_of_range_and_angle_and_falls_with_the_sensing_snr() -> None:
    weak, strong = (estimate(48, sensing_snr_db=snr) for snr in (30.0, 50.0))
    ratio = np.sqrt(float((weak["music_error_m"] ** 2).mean() / (strong["music_error_m"] ** 2).mean()))
    # 20 dB: ten times as accurate
    assert 6.0 < ratio < 16.0
    tangential = 30.0 * np.radians(strong["music_angle_error_deg"])
    np.testing.assert_allclose(strong["music_error_m"], np.hypot(strong["music_range_error_m"], tangential), rtol=1e-3)


def test_the_main_lobe_narrows_with_the_number_of_subarrays_around_the_target() -> None:
    data = [estimate(32, subarrays=subarrays) for subarrays in (3, 4, 6)]
    widths = [float(d["music_width_m"].median()) for d in data]
    assert widths[0] > 1.2 * widths[1]
    assert widths[1] > 1.4 * widths[2]
    for each, width in zip(data, widths, strict=True):
        assert float(each["music_range_error_m"].median()) < width


def test_one_subarray_tells_the_range_by_the_spherical_wave_inside_it() -> None:
    one: dict[str, Any] = {"subarrays": 1, "elements_per_subarray": 96, "target_range_m": (6.0,)}
    data = estimate(8, design_wavefront="swm", true_wavefront="swm", sensing_snr_db=50.0, **one)
    assert float(data["music_range_error_m"].max()) < 0.02


def test_images_are_kept_of_the_first_draws_around_the_target() -> None:
    options = {"trials": 2, "spectrum": 21, "spectrum_draws": 2, "spectrum_range_m": 0.5, "spectrum_angle_deg": 0.2}
    data = estimate(4, options=options)
    image = data["music_spectrum_db"]
    assert image.dims == ("realisation", "range_from_target_m", "angle_from_target_deg")
    assert image["range_from_target_m"].values[[0, 10, 20]].tolist() == [-0.5, 0.0, 0.5]
    assert image["angle_from_target_deg"].values[[0, 10, 20]].tolist() == [-0.2, 0.0, 0.2]
    assert np.isfinite(image[:2]).all()
    assert np.isnan(image[2:]).all()
    assert (image[:2] <= 0.0).all()
    # the target in the middle is close to the peak, the corners are not
    assert (image[:2, 10, 10] > -10.0).all()
    assert (image[:2, ::20, ::20] < -10.0).all()
    assert {name: values.dims[1:] for name, values in data.data_vars.items()} == SYSTEM.estimators["music"].metrics
    assert "music_spectrum_db" not in estimate(1)


def test_draws_without_a_design_have_no_estimate() -> None:
    scenario = SYSTEM.draw(SYSTEM.Parameters(**SMALL), seed=11, start=0, stop=3)
    design = spotlights(scenario)
    design.status[1:] = Status.FEASIBLE, Status.NOT_FOUND
    found = SYSTEM.estimate(scenario, design, estimator="music")
    for name in ("music_error_m", "music_width_m"):
        assert np.isnan(found[name].values).ravel().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("parameters", "options", "message"),
    [
        ({}, {"trials": 0}, "trials = 0: expected a whole number of at least 1"),
        ({}, {"spectrum": -1}, "spectrum = -1: expected a whole number of at least 0"),
        ({}, {"spectrum_range_m": 0.0}, "spectrum_range_m = 0.0: expected a number above 0"),
        ({}, {"spectrum": 5, "spectrum_range_m": 28.0}, "spectrum_range_m = 28.0: expected less than the"),
        ({}, {"range_min_m": "near"}, "range_min_m = 'near': expected a number, or none"),
        ({}, {"range_min_m": 1.0}, "range_min_m, range_max_m = .*outside the arrays"),
        ({}, {"angle_max_deg": 100.0}, "angle_min_deg, angle_max_deg = .*within -90 to 90"),
        ({}, {"range_min_m": 31.0}, "target_range_m, target_angle_deg = .*a first target where MUSIC searches"),
        ({}, {"angle_min_deg": -80.0, "angle_max_deg": 80.0, "range_min_m": 5.0}, "a narrower sector"),
        ({"design_wavefront": "pwm"}, {}, "design_wavefront = 'pwm': expected hspm or swm"),
        ({"subarrays": 1}, {}, "subarrays = 1: expected at least 2 for MUSIC"),
        ({"snapshots": 3}, {}, "snapshots = 3: expected more snapshots"),
    ],
)
def test_what_music_cannot_work_with_is_refused(
    parameters: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    music = SYSTEM.estimators["music"]
    with pytest.raises(ValueError, match=message):
        check_music(SYSTEM.Parameters(**parameters), music.resolve(options))
