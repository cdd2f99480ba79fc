from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems.stars import SYSTEM
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario

DRAWN = ("target_range_m", "target_angle_rad", "user_range_m", "user_angle_rad")


def draw(start: int = 0, stop: int = 3, **values: Any) -> Scenario:
    return SYSTEM.draw(Parameters(**values), seed=11, start=start, stop=stop)


@pytest.mark.parametrize("channel", ["los", "rician"])
def test_a_draw_is_the_same_however_it_is_batched(channel: str) -> None:
    values: dict[str, Any] = {"users": 2, "targets": 3, "bs_star_channel": channel, "star_elements": 5}
    together, alone = draw(60, 70, **values), draw(66, 67, **values)
    for name in (*DRAWN, "target_response", "user_response", "user_gain", "reflection"):
        np.testing.assert_array_equal(getattr(together, name)[6:7], getattr(alone, name))
    if channel == "rician":
        np.testing.assert_array_equal(together.bs_star_channel[6:7], alone.bs_star_channel)
    else:
        np.testing.assert_array_equal(together.bs_star_channel, alone.bs_star_channel)


def test_places_do_not_depend_on_the_grid() -> None:
    few = draw(users=2, targets=2)
    many = draw(users=5, targets=4, star_elements=60, bs_antennas=16, max_sensors=9, power_dbm=0.0, min_rate_bps_hz=1.0)
    for name in DRAWN:
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:, :2])
    single = draw()
    assert single.target_range_m.shape == (3,)
    np.testing.assert_array_equal(single.user_angle_rad, few.user_angle_rad[:, 0])


def test_scattering_keeps_its_first_elements_and_antennas() -> None:
    def scattered(elements: int, antennas: int) -> np.ndarray:
        return draw(
            bs_star_channel="rician", rician_k_db=-100.0, star_elements=elements, bs_antennas=antennas
        ).bs_star_channel

    few, many = scattered(8, 3), scattered(12, 5)
    np.testing.assert_allclose(few, many[:, :8, :3], atol=2e-5 * np.abs(many).max())
    assert many.shape == (3, 12, 5)


def test_places_fill_their_intervals() -> None:
    s = draw(stop=2000, target_range_m=(3.0, 4.0), target_angle_deg=(-10.0, 30.0))
    for values, low, high in ((s.target_range_m, 3.0, 4.0), (np.degrees(s.target_angle_rad), -10.0, 30.0)):
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high >= values.max() > high - 0.01 * (high - low)
        # five standard errors of a uniform number
        assert values.mean() == pytest.approx((low + high) / 2.0, abs=5.0 * (high - low) / np.sqrt(12.0 * 2000))


def test_line_of_sight_is_friis_at_every_pair() -> None:
    p = Parameters(bs_distance_m=0.3, bs_angle_deg=40.0, star_elements=4, bs_antennas=3, bs_spacing_wavelengths=0.6)
    channel = SYSTEM.draw(p, seed=1).bs_star_channel
    surface = np.array([[0.0, y * p.wavelength_m] for y in (-0.75, -0.25, 0.25, 0.75)])
    station = 0.3 * np.array([np.cos(np.radians(40.0)), np.sin(np.radians(40.0))])
    antennas = station + np.array([[0.0, y * p.wavelength_m] for y in (-0.6, 0.0, 0.6)])
    apart = np.linalg.norm(surface[:, None] - antennas, axis=-1)
    expected = p.wavelength_m / (4.0 * np.pi * apart) * np.exp(-1j * p.wavenumber * apart)
    np.testing.assert_allclose(channel, expected, rtol=1e-10)


def test_rician_moments() -> None:
    values: dict[str, Any] = {"star_elements": 6, "bs_antennas": 2, "rician_k_db": 3.0}
    drawn = draw(stop=4000, bs_star_channel="rician", **values).bs_star_channel
    direct, ratio = draw(**values).bs_star_channel, 10.0**0.3
    p = Parameters()
    strength = p.wavelength_m / (4.0 * np.pi * p.bs_distance_m)
    error = strength / np.sqrt(4000 * (1.0 + ratio))
    # five standard errors: of the mean, and of a variance whose draws have the standard deviation of the variance
    assert np.abs(drawn.mean(axis=0) - np.sqrt(ratio / (1.0 + ratio)) * direct).max() < 5.0 * error
    spread = np.mean(np.abs(drawn - np.sqrt(ratio / (1.0 + ratio)) * direct) ** 2, axis=0)
    np.testing.assert_allclose(spread, strength**2 / (1.0 + ratio), rtol=5.0 / np.sqrt(4000))


def test_gains_of_user_and_echo() -> None:
    s = draw(rcs_m2=2.0)
    p = s.parameters
    expected = p.wavelength_m / (4.0 * np.pi * s.user_range_m) * np.exp(-1j * p.wavenumber * s.user_range_m)
    np.testing.assert_allclose(s.user_gain, expected, rtol=1e-12)
    squared = p.wavelength_m**2 * 2.0 / ((4.0 * np.pi) ** 3 * s.target_range_m**4)
    np.testing.assert_allclose(s.reflection**2, squared, rtol=1e-12)
