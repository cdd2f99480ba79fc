from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import minimize

from isaclib.systems.stars import field, passive


@dataclass(frozen=True)
class Shared:
    beams: np.ndarray
    transmission: np.ndarray
    reflection: np.ndarray
    amplitudes: np.ndarray
    reachable: np.ndarray
    iterations: np.ndarray
    outcome: np.ndarray


def share(
    channel: np.ndarray, target: np.ndarray, user: np.ndarray, needed: float, most: int = 1000, starts: int = 3
) -> Shared:
    batch, elements = target.shape
    first, values = np.empty((len(channel), channel.shape[2]), dtype=complex), np.empty(len(channel))
    field.strongest_beams(channel, starts, 1000, first, values)
    beams = np.full((batch, channel.shape[2]), np.nan + 0j)
    coefficients = np.full((2, batch, elements), np.nan + 0j)
    numbers, counts = np.full((2, batch), np.nan), np.zeros((2, batch), dtype=np.int64)
    passive.share_surfaces(channel, first, target, user, needed, most, beams, *coefficients, *numbers, *counts)
    return Shared(beams, *coefficients, *numbers, *counts)


def case(batch: int, elements: int, antennas: int, spread: float, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Channel, responses of target and user; amplitudes over the surface differ by up to e^spread."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        parts = rng.standard_normal((2, *shape))
        return parts[0] + 1j * parts[1]

    def response() -> np.ndarray:
        return np.exp(spread * rng.random((batch, elements)) + 2j * np.pi * rng.random((batch, elements)))

    # close to one direction, as a surface in line of sight of its base station is
    channel = normal(batch, elements, 1) * normal(batch, 1, antennas) + 0.2 * normal(batch, elements, antennas)
    return channel, response(), response()


def brute(channel: np.ndarray, target: np.ndarray, user: np.ndarray, needed: float, seed: int) -> float:
    """Best amplitude over beam, phases and split by a general solver from a few starts."""
    rng = np.random.default_rng(seed)
    elements, antennas = channel.shape

    def amplitudes(x: np.ndarray) -> tuple[float, float]:
        beam = x[:antennas] + 1j * x[antennas : 2 * antennas]
        split, front, behind = x[2 * antennas :].reshape(3, elements)
        lit = channel @ beam / np.linalg.norm(beam)
        return (
            abs(np.sum(target * np.cos(split) * np.exp(1j * front) * lit)),
            abs(np.sum(user * np.sin(split) * np.exp(1j * behind) * lit)),
        )

    best = 0.0
    for _ in range(6):
        found = minimize(
            lambda x: -amplitudes(x)[0],
            rng.standard_normal(2 * antennas + 3 * elements),
            method="SLSQP",
            constraints=[{"type": "ineq", "fun": lambda x: amplitudes(x)[1] - needed}],
            options={"maxiter": 200, "ftol": 1e-12},
        )
        if amplitudes(found.x)[1] >= needed * (1.0 - 1e-7):
            best = max(best, -found.fun)
    return best


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.5])
def test_no_general_solver_does_better(spread: float) -> None:
    channel, target, user = case(3, 3, 2, spread)
    reach = share(channel, target, user, 0.0).reachable.min()
    needed = 0.5 * reach
    found = share(channel, target, user, needed)
    best = [brute(channel[b], target[b], user[b], needed, b) for b in range(3)]
    np.testing.assert_allclose(found.amplitudes, best, rtol=1e-5)


def test_flat_amplitudes_have_the_printed_optimum() -> None:
    # p00 = L^2 - gamma sigma^2 / alpha^2 at unit power
    channel, target, user = case(20, 12, 4, 0.0)
    alpha, needed = 0.3, 1.7
    found = share(channel, target, alpha * user, needed)
    first, largest = np.empty((20, 4), dtype=complex), np.empty(20)
    field.strongest_beams(channel, 3, 1000, first, largest)
    assert np.all(found.outcome == passive.FOUND)
    np.testing.assert_allclose(found.reachable, alpha * largest, rtol=1e-12)
    np.testing.assert_allclose(found.amplitudes**2, largest**2 - (needed / alpha) ** 2, rtol=1e-10)


@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_coefficients_do_what_they_are_for(spread: float) -> None:
    channel, target, user = case(20, 12, 4, spread)
    found = share(channel, target, user, 8.0)
    assert np.all(found.outcome == passive.FOUND)
    lit = (channel @ found.beams[..., None])[..., 0]
    np.testing.assert_allclose(np.linalg.norm(found.beams, axis=-1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(found.reflection) ** 2 + np.abs(found.transmission) ** 2, 1.0, rtol=1e-14)
    np.testing.assert_allclose(np.abs(np.sum(user * found.transmission * lit, axis=-1)), 8.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(np.sum(target * found.reflection * lit, axis=-1)), found.amplitudes, rtol=1e-10)


def test_turns_only_ever_gain() -> None:
    # target and user want different halves of the surface: the best beam for one multiplier needs another
    channel, target, user = case(60, 12, 4, 0.0, seed=5)
    target[:, :6] *= 0.05
    user[:, 6:] *= 0.05
    needed = 0.8 * share(channel, target, user, 0.0).reachable.min()
    amplitudes = [share(channel, target, user, needed, most=most).amplitudes for most in (0, 1000)]
    reached = np.isfinite(amplitudes[0])
    assert reached.sum() > 5
    assert np.all(amplitudes[1][reached] >= amplitudes[0][reached])


def test_without_a_user_to_serve_everything_is_reflected() -> None:
    channel, target, user = case(5, 6, 3, 0.5)
    found = share(channel, target, user, 0.0)
    assert np.all(found.transmission == 0.0)
    np.testing.assert_allclose(np.abs(found.reflection), 1.0, rtol=1e-14)


def test_out_of_reach_says_what_could_be_reached() -> None:
    channel, target, user = case(5, 6, 3, 0.5)
    reachable = share(channel, target, user, 0.0).reachable
    just = share(channel, target, user, float(reachable[0]) * (1.0 - 1e-9))
    assert just.outcome[0] == passive.FOUND
    lit = (channel @ just.beams[..., None])[..., 0]
    assert np.abs(np.sum(user * just.transmission * lit, axis=-1))[0] == pytest.approx(reachable[0], rel=2e-9)
    beyond = share(channel, target, user, float(reachable.max()) * (1.0 + 1e-9))
    assert np.all(beyond.outcome == passive.OUT_OF_REACH)
    assert np.isnan(beyond.beams).all()
    np.testing.assert_array_equal(beyond.reachable, reachable)


def test_elements_that_are_not_seen_serve_the_user() -> None:
    channel, target, user = case(5, 6, 3, 0.0)
    target[:, 2] = 0.0
    user[:, 4] = 0.0
    channel[:, 5] = 0.0
    found = share(channel, target, user, 3.0)
    np.testing.assert_allclose(np.abs(found.transmission[:, 2]), 1.0, rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.reflection[:, 4]), 1.0, rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.reflection) ** 2 + np.abs(found.transmission) ** 2, 1.0, rtol=1e-14)


def test_a_channel_for_all_is_one_for_each() -> None:
    channel, target, user = case(3, 6, 3, 0.2)
    one = share(channel[:1], target, user, 2.0)
    each = share(np.repeat(channel[:1], 3, axis=0), target, user, 2.0)
    np.testing.assert_array_equal(one.reflection, each.reflection)
