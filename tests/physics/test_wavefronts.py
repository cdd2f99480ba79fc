from __future__ import annotations

import numpy as np
import pytest

from isaclib.physics.wavefronts import WAVEFRONTS, modular_response, path_response, subarray_phase, subarray_response

WAVELENGTH = 0.01
K0 = 2.0 * np.pi / WAVELENGTH
CENTRES = np.array([1.0, 1.7, 2.9])
PLACE = np.array([12.0, -4.0])


def offsets(elements: int) -> np.ndarray:
    return (np.arange(elements) - (elements - 1) / 2.0) * WAVELENGTH / 2.0


def test_each_wavefront_has_its_formula_element_by_element() -> None:
    r, theta = np.hypot(*PLACE), np.arctan2(PLACE[1], PLACE[0])
    g = {wavefront: modular_response(CENTRES, offsets(4), PLACE, WAVELENGTH, wavefront) for wavefront in WAVEFRONTS}
    for i, y_l in enumerate(CENTRES):
        for m, offset in enumerate(offsets(4)):
            y = y_l + offset
            r_lm = np.sqrt(r**2 - 2.0 * r * y * np.sin(theta) + y**2)
            r_l = np.sqrt(r**2 - 2.0 * r * y_l * np.sin(theta) + y_l**2)
            sine = (r * np.sin(theta) - y_l) / r_l
            np.testing.assert_allclose(g["pwm"][i, m], np.exp(1j * K0 * y * np.sin(theta)), rtol=1e-10)
            np.testing.assert_allclose(g["swm"][i, m], r / r_lm * np.exp(-1j * K0 * r_lm), rtol=1e-10)
            hspm = r / r_l * np.exp(-1j * K0 * r_l) * np.exp(1j * K0 * offset * sine)
            np.testing.assert_allclose(g["hspm"][i, m], hspm, rtol=1e-10)


def test_a_hybrid_wavefront_becomes_spherical_as_subarrays_shrink() -> None:
    apart = []
    for elements in (1, 8, 64):
        hybrid, spherical = (modular_response(CENTRES, offsets(elements), PLACE, WAVELENGTH, w) for w in WAVEFRONTS[:2])
        apart.append(np.abs(hybrid - spherical).max())
    assert apart[0] < 1e-12
    # the neglected phase k0 (m d)^2 cos^2 / (2 r) grows with the square of the width
    assert apart[1] < 0.02 < 30.0 * apart[1] < apart[2]


def test_far_away_all_wavefronts_agree_up_to_one_phase() -> None:
    far = 1e7 * np.array([np.cos(0.3), np.sin(0.3)])
    responses = [modular_response(CENTRES, offsets(8), far, WAVELENGTH, w).ravel() for w in WAVEFRONTS]
    for response in responses[:2]:
        assert abs(np.vdot(response, responses[2])) / 24.0 == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("wavefront", ["hspm", "swm"])
def test_a_mirrored_array_hears_the_mirrored_place(wavefront: str) -> None:
    here = modular_response(CENTRES, offsets(5), PLACE, WAVELENGTH, wavefront)
    there = modular_response(-CENTRES, -offsets(5), PLACE * [1.0, -1.0], WAVELENGTH, wavefront)
    np.testing.assert_allclose(there, here, rtol=1e-10)


def test_paths_are_the_phases_of_responses() -> None:
    for wavefront in ("hspm", "swm"):
        g = modular_response(CENTRES, offsets(6), PLACE, WAVELENGTH, wavefront)
        path = path_response(CENTRES, offsets(6), np.array(0.0), PLACE, WAVELENGTH, wavefront)
        np.testing.assert_allclose(path, g / np.abs(g), rtol=1e-9)
    inside = subarray_response(CENTRES, offsets(6), PLACE, WAVELENGTH)
    path = path_response(CENTRES, offsets(6), np.array(0.0), PLACE, WAVELENGTH, "hspm")
    np.testing.assert_allclose(subarray_phase(CENTRES, PLACE, WAVELENGTH)[:, None] * inside, path, rtol=1e-12)


def test_a_planar_path_counts_from_its_reference() -> None:
    reference = np.array(1.9)
    path = path_response(np.array([1.9]), offsets(3), reference, PLACE, WAVELENGTH, "pwm")[0]
    away = PLACE - [0.0, 1.9]
    apart = np.hypot(*away)
    np.testing.assert_allclose(path, np.exp(-1j * K0 * (apart - offsets(3) * away[1] / apart)), rtol=1e-10)


def test_leading_axes_broadcast() -> None:
    places = np.random.default_rng(1).uniform(5.0, 20.0, (7, 2, 2))
    many = modular_response(CENTRES, offsets(4), places, WAVELENGTH, "hspm")
    assert many.shape == (7, 2, 3, 4)
    np.testing.assert_array_equal(many[3, 1], modular_response(CENTRES, offsets(4), places[3, 1], WAVELENGTH, "hspm"))


def test_an_unknown_wavefront_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^wavefront = 'flat': expected one of hspm, swm, pwm$"):
        modular_response(CENTRES, offsets(2), PLACE, WAVELENGTH, "flat")
    with pytest.raises(ValueError, match=r"^wavefront = 'flat'"):
        path_response(CENTRES, offsets(2), np.array(0.0), PLACE, WAVELENGTH, "flat")


@pytest.mark.parametrize("count", [1, 2, 7, 48, 1024])
def test_planar_responses_are_to_rounding_those_of_each_element(count: int) -> None:
    for places in (offsets(count), np.cumsum(np.linspace(0.4, 0.6, count)) * WAVELENGTH):
        along = PLACE[1] - CENTRES
        sine = along / np.hypot(PLACE[0], along)
        expected = np.exp(2j * np.pi / WAVELENGTH * sine[:, None] * places)
        found = subarray_response(CENTRES, places, PLACE, WAVELENGTH)
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-16 * (10.0 + 4.0 * np.pi * count))
        np.testing.assert_allclose(np.abs(found), 1.0, rtol=0.0, atol=1e-15)
