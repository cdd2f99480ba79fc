import numpy as np
import pytest

from isaclib.physics import arrays

WAVELENGTH = 299_792_458.0 / 28e9
ARRAY = arrays.uniform_linear(32, 0.5 / 31)
POSITIONS = np.array([[10.0, 0.0], [2.1, 0.5], [15.0, -12.0]])


def test_uniform_linear_is_centred_on_the_y_axis() -> None:
    np.testing.assert_allclose(arrays.uniform_linear(4, 2.0), [[0, -3], [0, -1], [0, 1], [0, 3]])


def test_spherical_response_is_the_phase_of_the_distance() -> None:
    distance = np.hypot(POSITIONS[:, None, 0] - ARRAY[:, 0], POSITIONS[:, None, 1] - ARRAY[:, 1])
    expected = np.exp(-2j * np.pi * distance / WAVELENGTH)
    np.testing.assert_allclose(arrays.spherical_response(ARRAY, POSITIONS, WAVELENGTH), expected, atol=1e-10)


@pytest.mark.parametrize("axis", [0, 1])
def test_spherical_gradient_is_the_central_difference(axis: int) -> None:
    step = 1e-6 * np.eye(2)[axis]
    ahead, behind = (arrays.spherical_response(ARRAY, POSITIONS + s * step, WAVELENGTH) for s in (1, -1))
    gradient = arrays.spherical_gradient(ARRAY, POSITIONS, WAVELENGTH)[..., axis]
    np.testing.assert_allclose(gradient, (ahead - behind) / 2e-6, atol=1e-4 * np.abs(gradient).max())


def test_planar_response_is_the_far_limit_of_the_spherical_one() -> None:
    angle, distance = np.array([-0.7, 0.0, 0.3]), 1e6
    far = arrays.spherical_response(ARRAY, distance * np.stack([np.cos(angle), np.sin(angle)], axis=-1), WAVELENGTH)
    planar = arrays.planar_response(ARRAY, angle, WAVELENGTH)
    alike = np.abs(np.sum(far.conj() * planar, axis=-1)) / len(ARRAY)
    np.testing.assert_allclose(alike, 1.0, atol=1e-6)
    np.testing.assert_allclose(planar[1], 1.0)
