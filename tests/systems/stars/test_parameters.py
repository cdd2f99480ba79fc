from __future__ import annotations

import re
from typing import Any

import pytest

from isaclib.systems.parameters import SPEED_OF_LIGHT
from isaclib.systems.stars.closed_form import check_parameters
from isaclib.systems.stars.parameters import Parameters


def test_derived_quantities() -> None:
    p = Parameters(star_elements=20, element_spacing_wavelengths=0.7, power_dbm=30.0, noise_dbm=-90.0)
    assert p.wavelength_m == SPEED_OF_LIGHT / 28e9
    assert p.aperture_m == pytest.approx(14.0 * p.wavelength_m)
    assert p.rayleigh_distance_m == pytest.approx(2.0 * 14.0**2 * p.wavelength_m)
    assert (p.power_w, p.noise_w) == pytest.approx((1.0, 1e-12))
    assert p.min_sinr == 63.0
    assert p.most_sensors == 28
    assert Parameters(max_sensors=9).most_sensors == 9


def test_sensors_may_fill_the_surface_exactly() -> None:
    # 0.7 * 30 / 0.7 is 30 but for rounding
    p = Parameters(star_elements=30, element_spacing_wavelengths=0.7, sensors=30, sensor_spacing_wavelengths=0.7)
    assert p.sensors == 30


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_sensors": 2}, "max_sensors = 2: expected a whole number from 3 to 4096"),
        ({"sensors": 2}, "sensors = 2: expected a whole number of at least 3 or none"),
        ({"star_elements": 2}, "star_elements = 2: expected a whole number from 3 to 4096"),
        (
            {"star_elements": 5, "element_spacing_wavelengths": 0.25},
            "star_elements = 5: expected a surface of at least 3 half wavelengths: a range takes 3 sensors",
        ),
        (
            {"sensor_spacing_wavelengths": 0.4},
            "sensor_spacing_wavelengths = 0.4: expected a number of at least 0.5 or none",
        ),
        (
            {"max_sensor_spacing_wavelengths": 0.4},
            "max_sensor_spacing_wavelengths = 0.4: expected a number of at least 0.5 or none",
        ),
        (
            {"sensor_spacing_wavelengths": 2.0, "max_sensor_spacing_wavelengths": 1.0},
            "sensor_spacing_wavelengths = 2.0: expected at most max_sensor_spacing_wavelengths = 1",
        ),
        (
            {"sensors": 20, "sensor_spacing_wavelengths": 1.0},
            "sensor_spacing_wavelengths = 1.0: expected 20 sensors no wider than the surface of 16 wavelengths",
        ),
        (
            {"sensor_spacing_wavelengths": 6.0},
            "sensor_spacing_wavelengths = 6.0: expected 3 sensors no wider than the surface of 16 wavelengths",
        ),
        (
            {"sensors": 33, "max_sensors": 40},
            "sensors = 33: expected 33 sensors no wider than the surface of 16 wavelengths",
        ),
        ({"sensors": 9, "max_sensors": 8}, "sensors = 9: expected at most max_sensors = 8"),
        (
            {"user_angle_deg": (-60.0, 120.0)},
            "user_angle_deg = (-60.0, 120.0): expected angles between -90 and 90 deg, on the transmission side: "
            "beyond lies the other side of the surface",
        ),
        (
            {"target_angle_deg": (-90.0, 0.0)},
            "target_angle_deg = (-90.0, 0.0): expected angles between -90 and 90 deg, on the reflection side: "
            "beyond lies the other side of the surface",
        ),
        ({"target_range_m": (6.0, 3.0)}, "target_range_m = (6.0, 3.0): expected (min, max) with min <= max"),
        (
            {"user_range_m": (0.05, 3.0)},
            "user_range_m = (0.05, 3.0): expected ranges above 0.085655 m, outside the surface",
        ),
        ({"target_side": "front"}, "target_side = 'front': expected one of reflection, transmission"),
        ({"weight": 1.5}, "weight = 1.5: expected a number from 0 to 1"),
    ],
)
def test_what_cannot_be_is_answered_with_field_value_and_expectation(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Parameters(**values)


@pytest.mark.parametrize(
    ("name", "value", "covered"),
    [
        ("users", 2, "1"),
        ("targets", 3, "1"),
        ("target_side", "transmission", "reflection"),
        ("phase_shifts", "coupled", "independent"),
    ],
)
def test_the_closed_form_says_what_it_does_not_cover(name: str, value: Any, covered: str) -> None:
    changed: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=rf"^{name} = {value!r}: expected {covered} for the solver closed-form; the"):
        check_parameters(Parameters(**changed))
