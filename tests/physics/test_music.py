from typing import Any

import numpy as np
import pytest

from isaclib.physics import arrays, music

WAVELENGTH = 299_792_458.0 / 28e9
ARRAY = arrays.uniform_linear(32, 0.5 / 31)
SECTOR: dict[str, Any] = {"angle_sector_rad": (-0.33, 0.33), "range_sector_m": (1.0, 46.0)}


def _echoes(position: tuple[float, float], noise: float, batch: int = 1, seed: int = 1) -> np.ndarray:
    """Echoes of a symbol stream of unit power from one target."""
    rng = np.random.default_rng(seed)
    response = arrays.spherical_response(ARRAY, np.array(position), WAVELENGTH)
    normal = rng.standard_normal((2, batch, 33, 50)) * np.sqrt(0.5)
    symbols, noises = np.split(normal[0] + 1j * normal[1], [1], axis=1)
    return response[:, None] * symbols + np.sqrt(noise) * noises


def _spectrum(echo: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """a^H (I - v v^H) a by the textbook: eigendecomposition, projection on the noise subspace."""
    subspace = np.linalg.eigh(echo @ echo.conj().T)[1][:, :-1]
    return np.sum(np.abs(responses.conj() @ subspace) ** 2, axis=-1)


@pytest.mark.parametrize("position", [(10.0, 0.0), (6.0, 0.0), (45.0, 0.0), (12.0, -0.9)])
def test_a_noiseless_target_is_found_below_the_grid(position: tuple[float, float]) -> None:
    found = music.locate(_echoes(position, noise=0.0), ARRAY, WAVELENGTH, **SECTOR)[0]
    # the far-field angle search is not exact off broadside: a known bias of the two-step method
    np.testing.assert_allclose(found, position, atol=1e-5 if position[1] == 0.0 else 1e-3)


@pytest.mark.parametrize("noise", [0.01, 1.0, 5.0, 1e4])
def test_both_steps_minimise_the_spectrum_of_the_textbook(noise: float) -> None:
    # the last noise level drowns the target: the eigenvalues no longer stand apart
    echoes = _echoes((10.0, 0.8), noise, batch=3)
    for echo, (x, y) in zip(echoes, music.locate(echoes, ARRAY, WAVELENGTH, **SECTOR), strict=True):
        angle, distance = np.arctan2(y, x), np.hypot(x, y)
        angles = np.arcsin(np.linspace(*np.sin(SECTOR["angle_sector_rad"]), 2001))
        far = _spectrum(echo, arrays.planar_response(ARRAY, np.append(angles, angle), WAVELENGTH))
        assert far[-1] <= far[:-1].min() + 1e-7
        ranges = 1.0 / np.linspace(1.0 / 46.0, 1.0, 2001)
        along = np.append(ranges, distance)[:, None] * [np.cos(angle), np.sin(angle)]
        near = _spectrum(echo, arrays.spherical_response(ARRAY, along, WAVELENGTH))
        assert near[-1] <= near[:-1].min() + 1e-7


def test_estimates_do_not_depend_on_the_batch() -> None:
    echoes = _echoes((10.0, 0.8), noise=1.0, batch=12)
    whole = music.locate(echoes.reshape(3, 4, 32, 50), ARRAY, WAVELENGTH, **SECTOR)
    assert whole.shape == (3, 4, 2)
    np.testing.assert_array_equal(music.locate(echoes[5], ARRAY, WAVELENGTH, **SECTOR), whole[1, 1])
    np.testing.assert_array_equal(music.locate(echoes[6:9], ARRAY, WAVELENGTH, **SECTOR), whole.reshape(12, 2)[6:9])


def test_estimates_stay_in_the_sector() -> None:
    narrow: dict[str, Any] = {"angle_sector_rad": (0.1, 0.2), "range_sector_m": (12.0, 15.0)}
    x, y = np.moveaxis(music.locate(_echoes((10.0, 0.0), 10.0, batch=20), ARRAY, WAVELENGTH, **narrow), -1, 0)
    assert ((np.arctan2(y, x) >= 0.1 - 1e-9) & (np.arctan2(y, x) <= 0.2 + 1e-9)).all()
    assert ((np.hypot(x, y) >= 12.0 - 1e-9) & (np.hypot(x, y) <= 15.0 + 1e-9)).all()


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_echoes_without_content_have_no_estimate(value: float) -> None:
    echoes = _echoes((10.0, 0.0), noise=0.01, batch=3)
    echoes[1] = value
    found = music.locate(echoes, ARRAY, WAVELENGTH, **SECTOR)
    np.testing.assert_array_equal(np.isnan(found).all(axis=-1), [False, True, False])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("angle_sector_rad", (0.3, 0.1)),
        ("angle_sector_rad", (-2.0, 0.1)),
        ("angle_sector_rad", (np.nan, 0.1)),
        ("range_sector_m", (0.0, 5.0)),
        ("range_sector_m", (5.0, 5.0)),
        ("range_sector_m", (1.0, np.inf)),
    ],
)
def test_a_sector_that_is_none_is_refused(name: str, value: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=name):
        music.locate(_echoes((10.0, 0.0), 0.0), ARRAY, WAVELENGTH, **{**SECTOR, name: value})
