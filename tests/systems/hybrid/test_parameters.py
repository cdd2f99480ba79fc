from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from isaclib.systems.hybrid.parameters import Parameters


def test_table_ii_is_the_default() -> None:
    p = Parameters()
    assert (p.elements, p.rf_chains, p.users, p.snapshots, p.nlos_paths) == (32, 4, 2, 100, 3)
    assert p.power_w == pytest.approx(1.0)
    assert p.noise_w == pytest.approx(1e-12)
    assert p.wavelength_m == pytest.approx(0.0107, abs=5e-5)
    assert p.rayleigh_distance_m == pytest.approx(46.7, abs=0.05)
    assert p.element_spacing_m / p.wavelength_m == pytest.approx(1.506, abs=5e-4)
    # 10 m from a target of 1 m^2: sqrt(lambda^2 / (4 pi)^3) / 100
    assert p.reflection == pytest.approx(2.4034e-6, rel=1e-3)
    np.testing.assert_array_equal(p.min_rates_bps_hz, [5.0, 5.0])


def test_a_spacing_fixes_the_aperture() -> None:
    p = Parameters(spacing_m=0.005, elements=64)
    assert p.element_spacing_m == 0.005
    assert p.rayleigh_distance_m == pytest.approx(2.0 * (63 * 0.005) ** 2 / p.wavelength_m)


def test_reflection_falls_with_the_square_of_the_distance() -> None:
    near, far = Parameters(target_m=(3.0, 4.0), rcs_m2=4.0), Parameters(target_m=(10.0, 0.0))
    assert near.reflection / far.reflection == pytest.approx(8.0)


def test_rates_may_differ_between_users() -> None:
    p = Parameters(min_rate_bps_hz=[1, 3.5])
    assert p.min_rate_bps_hz == (1.0, 3.5)
    np.testing.assert_array_equal(p.min_rates_bps_hz, [1.0, 3.5])


def test_fields_have_units_and_a_line_of_documentation() -> None:
    for field in dataclasses.fields(Parameters):
        assert field.metadata["unit"], field.name
        assert field.metadata["doc"], field.name


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"elements": 2, "rf_chains": 1, "users": 1}, "elements = 2: expected a whole number from 3 to 65536"),
        ({"rf_chains": 5}, "rf_chains = 5: expected a divisor of elements = 32"),
        ({"rf_chains": 64}, "rf_chains = 64: expected a divisor of elements = 32"),
        ({"users": 5}, "users = 5: expected at most rf_chains = 4"),
        ({"users": -1}, "users = -1: expected a whole number of at least 1"),
        ({"nlos_paths": -1}, "nlos_paths = -1: expected a whole number from 0 to 10000"),
        ({"snapshots": 0}, "snapshots = 0: expected a whole number from 1 to 1e+07"),
        ({"target_m": (0.0, 0.1)}, "target_m = (0.0, 0.1): expected a position in front of the array, x above 0 m"),
        ({"target_m": (-10.0, 0.0)}, "target_m = (-10.0, 0.0): expected a position in front of the array"),
        ({"target_m": (10.0, float("nan"))}, "target_m = (10.0, nan): expected 2 numbers m"),
        ({"power_dbm": 1000.0}, "power_dbm = 1000.0: expected a number from -60 to 80 dBm"),
        ({"carrier_hz": 28}, "carrier_hz = 28: expected a number from 1e+08 to 1e+13 Hz"),
        ({"min_rate_bps_hz": (5.0,)}, "min_rate_bps_hz = (5.0,): expected one number, or one for each of the 2 users"),
        ({"min_rate_bps_hz": 0.0}, "min_rate_bps_hz = 0.0: expected one number, or one a user, above 0 up to 40"),
        ({"scatterer_range_m": (20.0, 5.0)}, "scatterer_range_m = (20.0, 5.0): expected (min, max) with min <= max"),
        ({"los_gain": "free space"}, "los_gain = 'free space': expected one of random, free-space"),
    ],
)
def test_nonsense_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        Parameters(**values)
