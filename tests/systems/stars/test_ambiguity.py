from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isaclib.physics import polar
from isaclib.systems.stars import SYSTEM
from isaclib.systems.stars.ambiguity import grating_lobes
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario, centred


def draw(stop: int, **values: Any) -> Scenario:
    return SYSTEM.draw(Parameters(**values), seed=8, stop=stop)


def dense(s: Scenario, b: int, count: int, spacing: float) -> float:
    """Highest overlap in the sector further from the target than its main lobe, in sine."""
    p = s.parameters
    low, high = np.sin(np.radians(p.target_angle_deg))
    sines = np.linspace(low, high, 801)
    ranges = 1.0 / np.linspace(1.0 / p.target_range_m[1], 1.0 / p.target_range_m[0], 21)
    y = centred(count) * spacing
    own = polar.polar_response(y, s.target_range_m[b], s.target_angle_rad[b], p.wavelength_m)
    others = polar.polar_response(y, ranges[:, None], np.arcsin(sines), p.wavelength_m)
    overlap = np.abs(others @ own.conj()) ** 2 / count**2
    outside = np.abs(sines - np.sin(s.target_angle_rad[b])) > 1.5 * p.wavelength_m / (count * spacing)
    return float(overlap[:, outside].max())


@pytest.mark.parametrize(("count", "wavelengths"), [(16, 1.0), (12, 1.3), (8, 2.0), (24, 0.65)])
def test_lobes_are_those_of_a_dense_search_of_the_sector(count: int, wavelengths: float) -> None:
    s = draw(8)
    p = s.parameters
    spacing = wavelengths * p.wavelength_m
    found = grating_lobes(s, np.full(8, count), np.full(8, spacing))[:, 0]
    highest = np.array([dense(s, b, count, spacing) for b in range(8)])
    some = found > 0.0
    assert some.sum() >= 3
    np.testing.assert_allclose(found[some], highest[some], atol=2e-3)
    # side lobes of a uniform array stay 13 dB below
    assert np.all(highest[~some] < 0.06)


def test_half_a_wavelength_has_no_lobe() -> None:
    s = draw(20)
    assert np.all(grating_lobes(s, np.full(20, 32), np.full(20, 0.5 * s.parameters.wavelength_m)) == 0.0)


def test_bending_tells_places_apart_that_directions_do_not() -> None:
    # sensors two wavelengths apart over a large surface: at a lobe the range that would fit is out of the sector
    s = draw(50, star_elements=200, max_sensors=50, target_range_m=(1.0, 1.2))
    lobes = grating_lobes(s, np.full(50, 50), np.full(50, 2.0 * s.parameters.wavelength_m))
    assert np.all(lobes > 0.0)
    assert lobes.min() < 0.1


def test_a_lobe_just_outside_of_the_sector_reaches_into_it() -> None:
    spacing = 0.6
    for beyond, height in ((0.0, 1.0), (0.5, (2.0 / np.pi) ** 2), (1.01, 0.0)):
        # in units of the first null, lambda / (N_r d_r); the lobe is at sin th - lambda / d_r
        sine = np.sin(np.radians(-60.0)) + 1.0 / spacing - beyond / (30 * spacing)
        angle = float(np.degrees(np.arcsin(sine)))
        s = draw(1, target_angle_deg=(-60.0, angle), max_sensors=30, star_elements=40)
        s = replace(s, target_angle_rad=np.radians([angle]))
        lobe = grating_lobes(s, np.array([30]), np.array([spacing * s.parameters.wavelength_m]))
        assert lobe[0, 0] == pytest.approx(height, abs=0.01)


def test_every_draw_has_its_own_sensors() -> None:
    s = draw(4, targets=2)
    count, spacing = np.array([8, 0, 16, 5]), np.array([2.0, np.nan, 1.0, 3.2]) * s.parameters.wavelength_m
    together = grating_lobes(s, count, spacing)
    assert together.shape == (4, 2)
    assert np.isnan(together[1]).all()
    alone = SYSTEM.draw(s.parameters, seed=8, start=2, stop=3)
    np.testing.assert_array_equal(grating_lobes(alone, count[2:3], spacing[2:3]), together[2:3])


def test_a_narrower_sector_has_no_higher_lobes() -> None:
    wide, narrow = Parameters(), draw(60, target_angle_deg=(-15.0, 15.0))
    # the same sensors, and targets that are in both sectors
    sensors = np.full(60, 16), np.full(60, wide.wavelength_m)
    both = replace(narrow, parameters=wide)
    assert np.all(grating_lobes(narrow, *sensors) <= grating_lobes(both, *sensors))
