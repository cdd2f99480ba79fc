from __future__ import annotations

import numpy as np
import pytest

from isaclib.physics import arrays, polar

WAVELENGTH = 0.01
K0 = 2.0 * np.pi / WAVELENGTH
PLACES = np.array([[3.0, 0.0], [4.5, 0.9], [6.0, -1.0], [0.4, 0.3]])


def offsets(count: int, spacing_wavelengths: float = 0.5) -> np.ndarray:
    return arrays.uniform_linear(count, spacing_wavelengths * WAVELENGTH)[:, 1]


def test_exact_response_is_that_of_the_distances() -> None:
    y, z = offsets(9, 2.0), 0.05
    for r, angle in PLACES:
        point = np.array([r * np.cos(angle), r * np.sin(angle), 0.0])
        apart = np.linalg.norm(point - np.stack([0.0 * y, y, 0.0 * y + z], axis=-1), axis=-1)
        expected = r / apart * np.exp(-1j * K0 * (apart - r))
        found = polar.polar_response(y, r, angle, WAVELENGTH, response="exact", aside_m=z)
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_fresnel_is_the_exact_phase_to_second_order() -> None:
    # the next term of the phase is k0 y^3 sin cos^2 / (2 r^2): three orders a decade of y, two a decade of r
    r, angle = 5.0, 0.7
    errors = []
    for scale in (1.0, 0.1):
        y = scale * offsets(33)
        exact = polar.polar_response(y, r, angle, WAVELENGTH, response="exact")
        errors.append(np.abs(np.angle(exact / polar.polar_response(y, r, angle, WAVELENGTH))).max())
        cubic = K0 * np.abs(y[0]) ** 3 * np.sin(angle) * np.cos(angle) ** 2 / (2.0 * r**2)
        assert errors[-1] == pytest.approx(cubic, rel=0.03)
    np.testing.assert_allclose(np.abs(polar.polar_response(y, r, angle, WAVELENGTH)), 1.0, rtol=1e-14)


@pytest.mark.parametrize("response", polar.RESPONSES)
def test_gradient_is_that_of_central_differences(response: str) -> None:
    y, step = offsets(12), 1e-5
    r, angle = PLACES.T

    def at(dr: float, dth: float) -> np.ndarray:
        return polar.polar_response(y, r + dr, angle + dth, WAVELENGTH, response=response, aside_m=0.02)

    differences = np.stack(
        [(at(step, 0.0) - at(-step, 0.0)) / (2.0 * step), (at(0.0, step) - at(0.0, -step)) / (2.0 * step)], axis=-1
    )
    gradient = polar.polar_gradient(y, r, angle, WAVELENGTH, response=response, aside_m=0.02)
    apart = np.abs(gradient - differences).max(axis=-2)
    np.testing.assert_array_less(apart / np.abs(gradient).max(axis=-2), 1e-6)


def test_one_point_of_many_is_itself() -> None:
    y = offsets(7)
    r, angle = PLACES.T
    for k, function in enumerate((polar.polar_response, polar.polar_gradient)):
        together = function(y, r[:, None], angle[:, None], WAVELENGTH, response="exact", aside_m=0.05)
        assert together.shape == (4, 1, 7, 2)[: 3 + k]
        alone = function(y, r[2], angle[2], WAVELENGTH, response="exact", aside_m=0.05)
        np.testing.assert_array_equal(together[2, 0], alone)
