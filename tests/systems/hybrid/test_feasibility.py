from __future__ import annotations

import numpy as np
import pytest

from isaclib.physics import links
from isaclib.systems.hybrid.feasibility import minimum_power_w
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.scenario import draw_scenario
from isaclib.systems.streams import Streams

NOISE_W = 1e-3


def random_channels(batch: int, users: int, elements: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    shape = (batch, users, elements)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def test_one_user_needs_a_matched_beam() -> None:
    channels = random_channels(5, 1, 4)
    gain = np.sum(np.abs(channels[:, 0]) ** 2, axis=-1)
    np.testing.assert_allclose(minimum_power_w(channels, np.array([3.0]), NOISE_W), 7.0 * NOISE_W / gain, rtol=1e-9)


def test_orthogonal_users_add_up() -> None:
    channels = np.array([[[2.0, 0.0, 0.0], [0.0, 0.5j, 0.0], [0.0, 0.0, 1.0]]])
    rates = np.array([1.0, 2.0, 3.0])
    expected = NOISE_W * (1.0 / 4.0 + 3.0 / 0.25 + 7.0)
    np.testing.assert_allclose(minimum_power_w(channels, rates, NOISE_W), expected, rtol=1e-9)


def test_two_correlated_users_agree_with_a_dense_search() -> None:
    # the optimum has the form w_k ~ (I + sum_j lambda_j h_j h_j^H)^-1 h_k: search lambda by brute force
    channels, rates = random_channels(1, 2, 2), np.array([1.5, 2.0])
    gamma = 2.0**rates - 1.0
    h = channels[0]
    needed = minimum_power_w(channels, rates, NOISE_W)[0]
    best = np.inf
    for first in np.geomspace(1e-2, 1e2, 120):
        for second in np.geomspace(1e-2, 1e2, 120):
            inverse = np.linalg.inv(
                np.eye(2) + first * np.outer(h[0], h[0].conj()) + second * np.outer(h[1], h[1].conj())
            )
            beams = inverse @ h.T
            gains = np.abs(h.conj() @ (beams / np.linalg.norm(beams, axis=0))) ** 2
            coupling = np.diag(np.diag(gains) / gamma) - gains * (1.0 - np.eye(2))
            powers = np.linalg.solve(coupling, np.full(2, NOISE_W))
            if (powers > 0.0).all():
                best = min(best, powers.sum())
    assert needed <= best
    assert best == pytest.approx(needed, rel=1e-3)


def test_power_grows_with_the_rates_and_with_the_noise() -> None:
    channels = random_channels(6, 3, 4)
    base = minimum_power_w(channels, np.array([2.0, 2.0, 2.0]), NOISE_W)
    assert np.all(minimum_power_w(channels, np.array([2.0, 2.1, 2.0]), NOISE_W) > base)
    np.testing.assert_allclose(minimum_power_w(channels, np.full(3, 2.0), 1e-9 * NOISE_W), 1e-9 * base, rtol=1e-9)


@pytest.mark.parametrize("strength", [1.0, 1e-6])
def test_parallel_channels_are_served_only_up_to_a_product_of_sinrs_of_one(strength: float) -> None:
    h = strength * np.ones((1, 2, 4), dtype=complex)
    assert minimum_power_w(h, np.array([1.0, 1.5]), NOISE_W)[0] == np.inf
    # p_k |h|^2 = Gamma (p_j |h|^2 + noise): p = Gamma noise / ((1 - Gamma) |h|^2)
    gamma = 2.0**0.5 - 1.0
    expected = 2.0 * gamma / (1.0 - gamma) * NOISE_W / (4.0 * strength**2)
    np.testing.assert_allclose(minimum_power_w(h, np.array([0.5, 0.5]), NOISE_W), expected, rtol=1e-7)


def test_more_users_than_antennas_can_be_beyond_any_power() -> None:
    channels = random_channels(1, 3, 2)
    assert minimum_power_w(channels, np.full(3, 5.0), NOISE_W)[0] == np.inf
    assert np.isfinite(minimum_power_w(channels, np.full(3, 0.1), NOISE_W)[0])


@pytest.mark.slow
def test_power_of_drawn_channels_agrees_with_a_cone_program() -> None:
    import cvxpy as cp

    p = Parameters(elements=8, rf_chains=4, users=3)
    scenario = draw_scenario(p, Streams(2, 0, 4))
    rates = np.array([5.0, 4.0, 3.0])
    needed = minimum_power_w(scenario.channels, rates, p.noise_w)
    for channels, power in zip(scenario.channels, needed, strict=True):
        # beams in units that make the least power one
        h = channels * np.sqrt(power / p.noise_w)
        beams = cp.Variable((8, 3), complex=True)
        received = np.conj(h) @ beams
        constraints = []
        for k in range(3):
            others = [received[k, j] for j in range(3) if j != k]
            constraints.append(
                cp.norm(cp.hstack([*others, 1.0])) <= cp.real(received[k, k]) / np.sqrt(2.0 ** rates[k] - 1.0)
            )
        problem = cp.Problem(cp.Minimize(cp.norm(beams, "fro")), constraints)
        assert problem.solve(solver="CLARABEL") == pytest.approx(1.0, rel=1e-6)
        sinr = links.sinr(h, np.asarray(beams.value), 1.0)
        np.testing.assert_allclose(links.rate(sinr), rates, atol=1e-5)
