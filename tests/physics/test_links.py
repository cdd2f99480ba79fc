import numpy as np
import pytest

from isaclib.physics import links


def _normal(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def test_sinr_is_its_definition() -> None:
    channels, beamformers, noise = _normal(1, 5, 3, 8), _normal(2, 5, 8, 3), np.array([0.1, 0.2, 0.3])
    got = links.sinr(channels, beamformers, noise)
    for b in range(5):
        for k in range(3):
            power = [abs(np.vdot(channels[b, k], beamformers[b, :, j])) ** 2 for j in range(3)]
            assert got[b, k] == pytest.approx(power[k] / (sum(power) - power[k] + noise[k]))


def test_sinr_keeps_an_interference_sixteen_orders_below_the_signal() -> None:
    got = links.sinr(np.eye(2), np.array([[1e9, 1e-3], [0.0, 1e9]]), 1e-12)
    assert got[0] == pytest.approx(1e18 / (1e-6 + 1e-12))


def test_sinr_of_a_slice_is_the_slice_bit_for_bit() -> None:
    channels, beamformers = _normal(3, 70, 3, 32), _normal(4, 70, 32, 3)
    whole = links.sinr(channels, beamformers, 0.1)
    for part in (slice(0, 1), slice(5, 7), slice(3, 67)):
        np.testing.assert_array_equal(links.sinr(channels[part], beamformers[part], 0.1), whole[part])


def test_rate_is_the_binary_logarithm() -> None:
    np.testing.assert_allclose(links.rate(np.array([0.0, 1.0, 31.0])), [0.0, 1.0, 5.0])


def test_rate_of_a_tiny_sinr_does_not_vanish() -> None:
    assert links.rate(np.array(1e-20)) == pytest.approx(1e-20 / np.log(2.0))


def test_spectral_efficiency_is_the_sum_over_eigenmodes() -> None:
    channel, noise = _normal(5, 4, 3, 6), np.array([0.5, 1.0, 2.0, 4.0])
    factor = _normal(6, 4, 6, 2)
    covariance = factor @ factor.conj().swapaxes(-1, -2)
    modes = np.linalg.svd(channel @ factor, compute_uv=False)
    expected = np.log2(1.0 + modes**2 / noise[:, None]).sum(axis=-1)
    np.testing.assert_allclose(links.spectral_efficiency(channel, covariance, noise), expected)


def test_dirty_paper_coding_frees_a_user_of_the_users_before_it() -> None:
    channels, beamformers, noise = _normal(7, 5, 3, 8), _normal(8, 5, 8, 3), np.array([0.1, 0.2, 0.3])
    got = links.dirty_paper_sinr(channels, beamformers, noise)
    for b in range(5):
        for k in range(3):
            power = [abs(np.vdot(channels[b, k], beamformers[b, :, j])) ** 2 for j in range(3)]
            assert got[b, k] == pytest.approx(power[k] / (sum(power[k + 1 :]) + noise[k]))


def test_dirty_paper_coding_changes_nothing_for_one_user() -> None:
    channels, beamformers = _normal(9, 5, 1, 8), _normal(10, 5, 8, 1)
    np.testing.assert_allclose(
        links.dirty_paper_sinr(channels, beamformers, 0.1), links.sinr(channels, beamformers, 0.1)
    )
