from typing import Any

import numpy as np
import pytest
import xarray as xr

from isaclib.physics import arrays, fisher
from isaclib.systems.base import Status
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.estimation import ESTIMATORS, search_sector
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.scenario import Scenario, draw_scenario
from isaclib.systems.streams import Streams

MUSIC = ESTIMATORS["music"]


def _scenario(start: int = 0, stop: int = 4, **parameters: Any) -> Scenario:
    return draw_scenario(Parameters(**parameters), Streams(11, start, stop))


def _sensing_only(scenario: Scenario, columns: int = 1) -> Design:
    """R = (P/N) a a^H: all the power on the target, in the first column."""
    p, batch = scenario.parameters, len(scenario)
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    beamformers = np.zeros((batch, p.elements, columns), dtype=complex)
    beamformers[..., 0] = np.sqrt(p.power_w / p.elements) * response
    none = np.zeros(batch)
    return Design(
        status=np.full(batch, Status.OPTIMAL, dtype=np.int8),
        objective=none,
        bound=none,
        gap=none,
        violation=np.zeros((batch, 0)),
        constraints=(),
        iterations=np.zeros(batch, dtype=int),
        reason=("",) * batch,
        beamformers=beamformers,
        speb_bound_m2=none,
    )


def _run(scenario: Scenario, design: Design | None = None, **options: Any) -> xr.Dataset:
    design = design or _sensing_only(scenario)
    return MUSIC.run(scenario, design, MUSIC.resolve(options), scenario.streams)


def test_sensing_only_attains_the_bound() -> None:
    scenario = _scenario(0, 512)
    p = scenario.parameters
    efim = fisher.position_efim(
        arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m),
        arrays.spherical_gradient(scenario.elements_m, scenario.target_m, scenario.wavelength_m),
        beamformers=_sensing_only(scenario).beamformers[0],
        reflection=scenario.reflection,
        snapshots=p.snapshots,
        noise_power_w=p.noise_w,
    )
    # symbols are random: given them the bound is SPEB / mean |s|^2, and E[1 / mean |s|^2] = T / (T - 1)
    bound = fisher.speb(efim) * p.snapshots / (p.snapshots - 1)
    squares = _run(scenario, trials=8).music_error_m.values.ravel() ** 2
    error = squares.std() / np.sqrt(squares.size)
    # 99.9 % interval of the mean square: one seed in a thousand would miss it; about 7 % wide
    assert error / bound < 0.025
    assert abs(squares.mean() - bound) < 3.29 * error


def test_dataset_is_labelled() -> None:
    data = _run(_scenario(10, 14), trials=3)
    assert dict(data.sizes) == {"realisation": 4, "trial": 3, "coordinate": 2}
    np.testing.assert_array_equal(data.realisation, [10, 11, 12, 13])
    assert list(data.coordinate.values) == ["x", "y"]
    for variable in data.data_vars.values():
        assert variable.attrs["units"] == "m"
        assert variable.attrs["long_name"]
    offset = data.music_position_m - xr.DataArray([10.0, 0.0], dims="coordinate")
    np.testing.assert_allclose(data.music_error_m, np.sqrt((offset**2).sum("coordinate")))


def test_more_trials_keep_the_first_ones_and_are_new() -> None:
    scenario = _scenario()
    few, many = _run(scenario, trials=2), _run(scenario, trials=4)
    xr.testing.assert_identical(many.isel(trial=slice(2)), few)
    assert len(np.unique(many.music_error_m)) == 16


@pytest.mark.parametrize(("start", "stop"), [(5, 6), (60, 70), (64, 128)])
def test_estimates_are_the_same_bits_however_they_are_batched(start: int, stop: int) -> None:
    whole = _run(_scenario(0, 140))
    part = _run(_scenario(start, stop))
    xr.testing.assert_identical(part, whole.sel(realisation=slice(start, stop - 1)))


def test_echoes_are_common_to_all_schemes() -> None:
    # a second, dark stream changes nothing: neither the first symbols nor the noise depend on the users
    scenario = _scenario()
    alone, beside = _run(scenario), _run(scenario, _sensing_only(scenario, columns=2))
    # the maximum of a spectrum is known to 1e-8 of its width only, far below the error bound of 1.6 cm
    np.testing.assert_allclose(beside.music_position_m, alone.music_position_m, rtol=0.0, atol=1e-5)


def test_no_design_no_estimate() -> None:
    scenario = _scenario(0, 7)
    design = _sensing_only(scenario)
    design.status[:] = [Status(value) for value in range(7)]
    design.beamformers[3:] = np.nan
    data = _run(scenario, design)
    np.testing.assert_array_equal(np.isnan(data.music_error_m.values[:, 0]), [False] * 3 + [True] * 4)
    np.testing.assert_array_equal(np.isnan(data.music_position_m.values[:, 0, 1]), [False] * 3 + [True] * 4)


def test_default_search_is_unambiguous_and_near_field() -> None:
    p = Parameters()
    angle, distance = search_sector(p, MUSIC.options)
    limit = np.arcsin(p.wavelength_m / (2.0 * p.element_spacing_m))
    np.testing.assert_allclose(angle, (-limit, limit))
    np.testing.assert_allclose(distance, (1.0, p.rayleigh_distance_m))
    dense, _ = search_sector(Parameters(elements=128, rf_chains=4), MUSIC.options)
    np.testing.assert_allclose(dense, (-np.pi / 2, np.pi / 2))


def test_search_follows_its_options() -> None:
    chosen = MUSIC.resolve({"angle_min_deg": -5, "angle_max_deg": 60.0, "range_min_m": 2.0, "range_max_m": 30})
    angle, distance = search_sector(Parameters(), chosen)
    np.testing.assert_allclose(angle, np.radians([-5.0, 60.0]))
    np.testing.assert_allclose(distance, (2.0, 30.0))


@pytest.mark.parametrize(
    ("options", "parameters", "complaint"),
    [
        ({"trials": 0}, {}, "trials = 0: expected a whole number of at least 1"),
        ({"trials": 1.5}, {}, "trials = 1.5"),
        ({"angle_min_deg": "left"}, {}, "angle_min_deg = 'left'"),
        ({"angle_min_deg": 30.0, "angle_max_deg": 10.0}, {}, "angle_min_deg, angle_max_deg"),
        ({"range_max_m": -3.0}, {}, "range_min_m, range_max_m"),
        ({}, {"target_m": (5.0, 5.0)}, r"target_m = \(5.0, 5.0\): expected a target where MUSIC searches"),
        ({"range_max_m": 9.0}, {}, r"target_m = \(10.0, 0.0\)"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        _run(_scenario(**parameters), **options)
