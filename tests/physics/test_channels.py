import numpy as np
import pytest

from isaclib.physics import channels


def test_path_losses_at_one_and_ten_metres() -> None:
    np.testing.assert_allclose(channels.los_path_loss_db(np.array([1.0, 10.0])), [61.4, 81.4])
    np.testing.assert_allclose(channels.nlos_path_loss_db(np.array([1.0, 10.0])), [72.0, 101.2])


def test_amplitude_squared_is_the_power_lost() -> None:
    assert channels.amplitude(30.0) ** 2 == pytest.approx(1e-3)


def test_free_space_gain_is_friis() -> None:
    assert channels.free_space_gain(5.0, 0.01) == pytest.approx(0.01 / (4 * np.pi * 5.0))


def test_saleh_valenzuela_sums_the_paths() -> None:
    rng = np.random.default_rng(1)
    gains = rng.standard_normal((3, 2, 4)) + 1j * rng.standard_normal((3, 2, 4))
    responses = rng.standard_normal((3, 2, 4, 5)) + 1j * rng.standard_normal((3, 2, 4, 5))
    expected = sum(gains[..., path, None] * responses[..., path, :] for path in range(4))
    np.testing.assert_allclose(channels.saleh_valenzuela(gains, responses), expected)


def test_monostatic_echo_is_the_two_way_channel_on_the_waveform() -> None:
    rng = np.random.default_rng(2)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)

    response, beamformers, symbols, noise = normal(6), normal(3, 6, 2), normal(3, 2, 7), normal(3, 6, 7)
    echo = channels.monostatic_echo(response, beamformers, symbols, noise, 0.5j)
    expected = 0.5j * np.outer(response, response.conj()) @ (beamformers @ symbols) + noise
    np.testing.assert_allclose(echo, expected)
