from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from isaclib.physics import fisher, polar
from isaclib.systems.stars import SYSTEM, information
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario, centred, element_offsets_m

SMALL: dict[str, Any] = {"star_elements": 12, "bs_antennas": 4, "bs_distance_m": 0.3, "max_sensors": 9}


def draw(stop: int = 6, seed: int = 4, **values: Any) -> Scenario:
    return SYSTEM.draw(Parameters(**values), seed=seed, stop=stop)


def slopes(function: Callable[[float], np.ndarray], step: float) -> np.ndarray:
    """First derivative at 0 to fourth order."""
    near, far = function(step) - function(-step), function(2.0 * step) - function(-2.0 * step)
    return (8.0 * near - far) / (12.0 * step)


def test_terms_of_the_illumination(guess: Any) -> None:
    s = draw(targets=2, **SMALL)
    design = guess(s, beams=3, seed=1)
    light = information.illuminate(s, design.active, design.reflection)
    through = np.concatenate([s.target_response[..., None], s.target_gradient], axis=-1)
    field = np.swapaxes(through * design.reflection[:, None, :, None], -1, -2) @ s.bs_star_channel
    covariance = (design.active @ design.active.conj().swapaxes(-1, -2))[:, None]
    terms = field @ covariance @ field.conj().swapaxes(-1, -2)
    own = terms[..., 0, 0].real
    np.testing.assert_allclose(light.power, own, rtol=1e-12)
    np.testing.assert_allclose(light.turn, (1j * terms[..., 0, 1]).real, rtol=1e-9, atol=1e-12 * own.max())
    for i in (0, 1):
        raw = terms[..., i + 1, i + 1].real
        np.testing.assert_allclose(light.raw[..., i], raw, rtol=1e-12)
        aside = raw - np.abs(terms[..., i + 1, 0]) ** 2 / own
        np.testing.assert_allclose(light.aside[..., i], aside, rtol=1e-8)


def test_a_single_beam_changes_along_itself_alone(guess: Any) -> None:
    s = draw(**SMALL)
    design = guess(s, beams=1, seed=2)
    light = information.illuminate(s, design.active, design.reflection)
    assert np.all(light.aside == 0.0)
    idle = np.concatenate([design.active, 0.0 * design.active], axis=-1)
    with_idle = information.illuminate(s, idle, design.reflection)
    np.testing.assert_array_less(with_idle.aside, 1e-25 * light.raw)


@pytest.mark.parametrize("response", polar.RESPONSES)
@pytest.mark.parametrize("beams", [1, 2])
def test_every_term_of_the_information_is_that_of_the_echo(guess: Any, response: str, beams: int) -> None:
    s = draw(response=response, **SMALL)
    p, design = s.parameters, guess(s, beams=beams, seed=3)
    count, spacing = 7, 0.9 * p.wavelength_m
    light = information.illuminate(s, design.active, design.reflection)
    offsets = information.sensor_offsets_m(count, np.full(len(s), spacing))
    heard, hearing = information.sensor_response(p, offsets, s.target_range_m, s.target_angle_rad)
    found = fisher.echo_efim(
        heard,
        hearing,
        light.waveform[:, 0],
        light.gradient[:, 0],
        reflection=s.reflection,
        snapshots=p.snapshots,
        noise_power_w=p.noise_w,
    )
    lit = s.bs_star_channel @ design.active * design.reflection[..., None]

    def echo(dr: float = 0.0, dth: float = 0.0, dbeta: complex = 0.0) -> np.ndarray:
        place = s.target_range_m + dr, s.target_angle_rad + dth, p.wavelength_m
        b = polar.polar_response(offsets, *place, response=response, aside_m=p.sensor_offset_m)
        a = polar.polar_response(element_offsets_m(p), *place, response=response)
        mean = b[..., None] * (a[:, None] @ lit)
        return ((1.0 + dbeta) * s.reflection[:, None, None] * mean).reshape(len(s), -1)

    moves: list[tuple[Callable[[float], np.ndarray], float]] = [
        (lambda h: echo(dr=h), 1e-2),
        (lambda h: echo(dth=h), 1e-4),
        (lambda h: echo(dbeta=h), 0.1),
        (lambda h: echo(dbeta=1j * h), 0.1),
    ]
    steps = np.stack([slopes(*move) for move in moves], axis=-1)
    fim = 2.0 * p.snapshots / p.noise_w * (steps.conj().swapaxes(-1, -2) @ steps).real
    expected = fim[:, :2, :2] - fim[:, :2, 2:] @ np.linalg.solve(fim[:, 2:, 2:], fim[:, 2:, :2])
    scale = np.sqrt(np.diagonal(expected, axis1=-2, axis2=-1))
    apart = np.abs(found - expected) / (scale[..., None] * scale[..., None, :])
    assert apart.max() < 1e-7
    inverse = np.linalg.inv(found)
    speb = inverse[:, 0, 0] + s.target_range_m**2 * inverse[:, 1, 1]
    exact = information.exact_speb(s, light, np.full(len(s), count), np.full(len(s), spacing))
    np.testing.assert_allclose(exact[:, 0], speb, rtol=1e-9)


def test_exact_bound_of_a_draw_does_not_depend_on_the_others(guess: Any) -> None:
    s = draw(stop=6, **SMALL)
    design = guess(s, beams=2, seed=5)
    light = information.illuminate(s, design.active, design.reflection)
    together = information.exact_speb(s, light, design.sensor_count, design.sensor_spacing_m)
    alone = SYSTEM.draw(s.parameters, seed=4, start=2, stop=3)
    light = information.illuminate(alone, design.active[2:3], design.reflection[2:3])
    single = information.exact_speb(alone, light, design.sensor_count[2:3], design.sensor_spacing_m[2:3])
    np.testing.assert_array_equal(single, together[2:3])


def focused(s: Scenario) -> tuple[information.Illumination, np.ndarray, np.ndarray]:
    design = SYSTEM.design(s, scheme="joint-design")
    return information.illuminate(s, design.active, design.reflection), design.sensor_count, design.sensor_spacing_m


def test_closed_form_is_within_a_thousandth_for_focused_beams() -> None:
    s = draw(stop=512, seed=1)
    light, *sensors = focused(s)
    exact, closed = information.exact_speb(s, light, *sensors), information.closed_form_speb(s, light, *sensors)
    assert np.abs(closed / exact - 1.0).max() < 1e-3


def test_share_of_random_beams_whose_closed_form_is_within_a_hundredth(guess: Any) -> None:
    shares = []
    for distance in (5.0, 0.3):
        s = draw(stop=512, seed=1, bs_distance_m=distance)
        design = guess(s, beams=2, seed=6)
        light = information.illuminate(s, design.active, design.reflection)
        sensors = design.sensor_count, design.sensor_spacing_m
        exact, closed = information.exact_speb(s, light, *sensors), information.closed_form_speb(s, light, *sensors)
        shares.append(np.mean(np.abs(closed / exact - 1.0) < 0.01))
    # 92 % at 5 m; with the base station at 0.3 m two beams differ enough to tie range and angle, 59 %
    assert shares == pytest.approx([0.92, 0.59], abs=0.01)


def test_information_of_focused_beams_is_diagonal() -> None:
    # Proposition 1: the squared correlation of range and angle
    s = draw(stop=256, seed=1)
    p, (light, count, spacing) = s.parameters, focused(s)
    squared = []
    for k in range(len(s)):
        offsets = centred(int(count[k])) * spacing[k]
        heard = information.sensor_response(p, offsets, s.target_range_m[k], s.target_angle_rad[k])
        scale: dict[str, Any] = {"reflection": 1.0, "snapshots": 1, "noise_power_w": 1.0}
        efim = fisher.echo_efim(*heard, light.waveform[k, 0], light.gradient[k, 0], **scale)
        squared.append(efim[0, 1] ** 2 / (efim[0, 0] * efim[1, 1]))
    assert max(squared) < 2e-4


def test_known_reflection_is_six_times_too_optimistic_at_equal_apertures() -> None:
    # (S4 + 3 S2^2 / N) / (S4 - S2^2 / N) tends to 6, 7.8 dB
    s = draw(stop=64, sensors=32, sensor_spacing_wavelengths=0.5)
    light, *sensors = focused(s)
    along = [
        information.diagonal_information(s, light.power, change, light.turn, *sensors, bound=bound)[0]
        for bound, change in (("known-beta", light.raw), ("efim", light.aside))
    ]
    np.testing.assert_allclose(along[0] / along[1], 6.0, rtol=0.02)
    closed = [information.closed_form_speb(s, light, *sensors, bound=bound) for bound in ("known-beta", "efim")]
    np.testing.assert_allclose(10.0 * np.log10(closed[1] / closed[0]), 7.8, atol=0.3)


def test_bound_falls_with_the_spacing_of_the_sensors(guess: Any) -> None:
    # Proposition 2, whatever the beams: the reflection unknown
    s = draw(stop=64, **{**SMALL, "star_elements": 24})
    design = guess(s, beams=2, seed=7)
    light = information.illuminate(s, design.active, design.reflection)
    spacing = np.linspace(0.5, 24 * 0.5 / 6, 40)[:, None] * s.parameters.wavelength_m
    speb = information.closed_form_speb(s, light, np.array([[6]]), spacing)
    assert speb.shape == (40, 64, 1)
    assert np.all(np.diff(speb, axis=0) < 0.0)
    # with the paper's own it may rise, where the turn of the illumination works against that of the sensors
    known = information.closed_form_speb(s, light, np.array([[6]]), spacing, bound="known-beta")
    rising = np.any(np.diff(known, axis=0) > 0.0, axis=0)[:, 0]
    assert 0.0 < rising.mean() < 1.0
    assert np.all(light.turn[rising] < 0.0)


def designed_speb(**values: Any) -> float:
    """Exact SPEB of a design for one place, sensors given."""
    values = {"target_range_m": (4.0, 4.0), "target_angle_deg": (20.0, 20.0), "sensors": 16, **values}
    s = draw(stop=1, sensor_spacing_wavelengths=0.5, **values)
    light, *sensors = focused(s)
    return float(information.exact_speb(s, light, *sensors)[0, 0])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("star_elements", (60, 32, 24, 16)),
        ("sensors", (32, 24, 16, 8)),
        ("target_range_m", ((3.0, 3.0), (4.0, 4.0), (5.0, 5.0), (6.0, 6.0))),
        ("target_angle_deg", ((0.0, 0.0), (20.0, 20.0), (40.0, 40.0), (60.0, 60.0))),
    ],
)
def test_bound_grows_with_range_and_angle_and_falls_with_elements_and_sensors(name: str, values: Any) -> None:
    # Remark 2
    speb = [designed_speb(**{name: value}) for value in values]
    assert np.all(np.diff(speb) > 0.0)


def test_sensors_weigh_more_than_elements() -> None:
    # Remark 2: halving the sensors costs more than halving the elements
    few_sensors, few_elements = designed_speb(sensors=8), designed_speb(star_elements=16)
    assert few_sensors > 5.0 * few_elements


def test_far_field_bound_is_that_of_planar_waves_with_the_range_known() -> None:
    s = draw(stop=8)
    light, count, spacing = focused(s)
    found = information.far_field_speb(s, light, count, spacing)
    for k in range(8):
        offsets = centred(int(count[k])) * spacing[k]
        slope = s.parameters.wavenumber * offsets * np.cos(s.target_angle_rad[k])
        scale = 2.0 * s.parameters.snapshots * s.reflection[k] ** 2 / s.parameters.noise_w
        information_of_angle = scale * light.power[k, 0] * np.sum(slope**2)
        assert found[k, 0] == pytest.approx(s.target_range_m[k] ** 2 / information_of_angle, rel=1e-12)


def test_cost_of_several_targets() -> None:
    speb = np.array([[0.01, 0.04], [0.03, 0.02]])
    together = [information.speb_of_targets(Parameters(speb_of_targets=word), speb) for word in ("sum", "worst")]
    np.testing.assert_allclose(together, [[0.05, 0.05], [0.04, 0.03]])
    p = Parameters(weight=0.25, speb_scale_m2=0.1, max_sensors=10)
    np.testing.assert_allclose(information.cost(p, np.array([0.2, 0.4]), np.array([5, 10])), [0.875, 1.75])


def test_where_the_error_has_no_weight_an_unlit_target_costs_nothing() -> None:
    p = Parameters(weight=0.0)
    assert information.cost(p, np.array([np.inf]), np.array([16]))[0] == 0.5
