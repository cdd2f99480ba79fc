import math

import numpy as np
import pytest

from isaclib.physics import music_2d, wavefronts

WAVELENGTH = 0.0107
OFFSETS = (np.arange(12) - 5.5) * WAVELENGTH / 2.0
CENTRES = np.array([[-1.0, -1.7, -2.2, -3.0], [-1.1, -1.5, -2.4, -2.9]])
PLACES = np.array([[21.0, math.radians(10.4)], [17.7, math.radians(9.3)]])
SECTOR = music_2d.Sector(range_m=(15.0, 25.0), angle_rad=(math.radians(8.0), math.radians(12.0)))


def response(place: np.ndarray, wavefront: str) -> np.ndarray:
    """Shape (B, N)."""
    r, angle = place.T
    position = np.stack([r * np.cos(angle), r * np.sin(angle)], axis=-1)
    return wavefronts.modular_response(CENTRES, OFFSETS, position, WAVELENGTH, wavefront).reshape(len(place), -1)


def echoes(rng: np.random.Generator, places: np.ndarray, *, noise: float) -> np.ndarray:
    far = np.array([[21.0, math.radians(-30.0)]] * len(places))
    mixing = np.stack([response(places, "hspm"), 3.0 * response(far, "hspm")], axis=-1)
    symbols, white = (
        rng.standard_normal((len(places), size, 64, 2)).view(complex)[..., 0] for size in (2, mixing.shape[1])
    )
    return mixing @ symbols + noise * white


def aperture(wavefront: str) -> music_2d.Aperture:
    return music_2d.Aperture.of(CENTRES, OFFSETS, WAVELENGTH, wavefront, length_m=2.1, nearest_m=15.0)


@pytest.mark.parametrize("wavefront", ["hspm", "swm"])
def test_without_noise_the_peak_is_the_target(wavefront: str) -> None:
    near = response(PLACES, wavefront)
    far = response(PLACES + np.array([0.0, -0.6]), wavefront)
    subspace = np.linalg.qr(np.stack([near, far], axis=-1))[0]
    found = music_2d.locate(subspace, aperture(wavefront), SECTOR)
    np.testing.assert_allclose(found[:, 0], PLACES[:, 0], atol=1e-4)
    np.testing.assert_allclose(found[:, 1], PLACES[:, 1], atol=1e-6)


def test_the_peak_is_the_largest_value_of_the_spectrum_among_its_grating_lobes() -> None:
    subspace = music_2d.signal_subspace(echoes(np.random.default_rng(1), PLACES, noise=1.0), 2)
    array = aperture("hspm")
    found = music_2d.locate(subspace, array, SECTOR)
    assert np.abs(found[:, 0] - PLACES[:, 0]).max() < 0.5
    ranges, angles = (np.linspace(*limits, 301) for limits in (SECTOR.range_m, SECTOR.angle_rad))
    spectrum = music_2d.spectrum_db(subspace, array, found, ranges, angles)
    # a grid point comes close to the peak, none above it
    assert (spectrum.max(axis=(1, 2)) <= 0.0).all()
    assert (spectrum.max(axis=(1, 2)) > -1.0).all()
    refined = music_2d.spectrum_db(subspace, array, found, found[:, 0] + 1e-3, found[:, 1])
    assert (refined < 0.0).all()


def test_the_width_ends_where_the_spectrum_is_half_its_peak() -> None:
    subspace = music_2d.signal_subspace(echoes(np.random.default_rng(2), PLACES, noise=0.3), 2)
    array = aperture("hspm")
    found = music_2d.locate(subspace, array, SECTOR)
    widths = music_2d.range_width(subspace, array, found)
    for row, ((distance, angle), width) in enumerate(zip(found, widths, strict=True)):
        ranges = distance + width * np.linspace(-1.0, 1.0, 4001)
        cut = music_2d.spectrum_db(
            subspace[[row]], array.rows(np.array([row])), found[[row]], ranges, np.array([angle])
        )[0, :, 0]
        above = ranges[cut >= -10.0 * math.log10(2.0)]
        assert above[-1] - above[0] == pytest.approx(width, rel=2e-3)


@pytest.mark.parametrize("snapshots", [20, 90])
def test_the_signal_subspace_is_that_of_the_singular_vectors(snapshots: int) -> None:
    rng = np.random.default_rng(3)
    values = rng.standard_normal((3, 40, snapshots, 2)).view(complex)[..., 0]
    values[2] = 0.0
    found = music_2d.signal_subspace(values, 3)
    assert np.isnan(found[2]).all()
    left = np.linalg.svd(values[:2])[0][..., :3]
    for u in (found[:2], left):
        np.testing.assert_allclose(np.conj(np.swapaxes(u, 1, 2)) @ u, np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(
        found[:2] @ np.conj(np.swapaxes(found[:2], 1, 2)), left @ np.conj(np.swapaxes(left, 1, 2)), atol=1e-10
    )


def test_no_subspace_no_peak() -> None:
    nothing = np.full((2, 48, 1), np.nan + 0j)
    found = music_2d.locate(nothing, aperture("hspm"), SECTOR)
    assert np.isnan(found).all()
    assert np.isnan(music_2d.range_width(nothing, aperture("hspm"), found)).all()
    assert np.isnan(music_2d.spectrum_db(nothing, aperture("hspm"), found, np.array([20.0]), np.array([0.1]))).all()


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(ValueError, match="wavefront = 'pwm': expected hspm or swm"):
        aperture("pwm")
    with pytest.raises(ValueError, match=r"range_m = \(3.0, 2.0\)"):
        music_2d.Sector(range_m=(3.0, 2.0), angle_rad=(0.0, 1.0))
    with pytest.raises(ValueError, match=r"angle_rad = \(0.0, 2.0\)"):
        music_2d.Sector(range_m=(1.0, 2.0), angle_rad=(0.0, 2.0))
    wide = music_2d.Sector(range_m=(0.01, 100.0), angle_rad=(-1.5, 1.5))
    with pytest.raises(ValueError, match="expected a narrower sector"):
        music_2d.check_size(aperture("hspm"), wide)
