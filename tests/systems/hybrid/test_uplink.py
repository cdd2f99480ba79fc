from __future__ import annotations

import numpy as np
import pytest

from isaclib.physics import links
from isaclib.systems.hybrid.communication.beams import downlink, sum_rate
from isaclib.systems.hybrid.communication.uplink import best_rate, rate_slope

STRENGTHS = (1e-8, 1e-2, 1.0, 30.0, 1e4, 1e9)


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def gram_of(factor: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.conj(factor.T) @ factor)


def linear_rate(gram: np.ndarray, powers: np.ndarray) -> float:
    """Sum over users of log det(I + Lambda A) - log det(I + Lambda_-k A)."""
    total = 0.0
    for k in range(len(powers)):
        others = np.where(np.arange(len(powers)) == k, 0.0, powers)
        eye = np.eye(len(powers))
        total += np.linalg.slogdet(eye + powers[:, None] * gram)[1] - np.linalg.slogdet(eye + others[:, None] * gram)[1]
    return total


def searched(gram: np.ndarray) -> float:
    """Best linear rate of two users on a fine grid of shares, finer at its ends."""
    ends = np.geomspace(1e-12, 0.5, 400)
    shares = np.concatenate([[0.0, 1.0], np.linspace(0.0, 1.0, 401), ends, 1.0 - ends])
    return max(linear_rate(gram, np.array([share, 1.0 - share])) for share in shares)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_two_users_have_the_best_linear_rate_of_all_shares(strength: float) -> None:
    rng = np.random.default_rng(3)
    powers = np.empty(2)
    for alike in (0.0, 0.9, 1.0):
        factor = normal(rng, 4, 2) * np.sqrt(strength)
        factor[:, 1] = (1.0 - alike) * factor[:, 1] + alike * factor[:, 0] * (0.7 - 0.6j)
        for ratio in (1.0, 1e-3, 1e3):
            gram = gram_of(factor * [ratio, 1.0])
            rate = best_rate(gram, powers)
            assert np.all(powers >= 0.0)
            assert powers.sum() == pytest.approx(1.0, rel=1e-15)
            grid = searched(gram)
            # determinants of a tiny signal are rounded to one
            assert rate >= grid - 1e-9 * grid - 1e-15
            assert rate == pytest.approx(linear_rate(gram, powers), rel=1e-9, abs=1e-14)


def test_two_users_of_two_maxima_get_the_larger() -> None:
    # parallel channels: each alone is a maximum
    powers = np.empty(2)
    for first, second in ((3.0, 3.1), (3.1, 3.0)):
        gram = gram_of(np.array([[first, second]], dtype=complex))
        assert best_rate(gram, powers) == pytest.approx(np.log1p(3.1**2), rel=1e-14)
        np.testing.assert_array_equal(powers, [float(first > second), float(second > first)])


def test_a_user_alone_has_all_the_power() -> None:
    powers = np.empty(1)
    assert best_rate(np.array([[7.0 + 0.0j]]), powers) == pytest.approx(np.log(8.0), rel=1e-15)
    assert powers[0] == 1.0


@pytest.mark.parametrize("users", [3, 5])
def test_more_users_are_bounded_by_successive_decoding(users: int) -> None:
    rng = np.random.default_rng(users)
    powers = np.empty(users)
    for strength in (1e-2, 30.0, 1e4):
        gram = gram_of(normal(rng, users, users) * np.sqrt(strength))
        bound = best_rate(gram, powers)
        assert bound == pytest.approx(np.linalg.slogdet(np.eye(users) + powers[:, None] * gram)[1], rel=1e-9)
        assert powers.sum() == pytest.approx(1.0, rel=1e-12)
        for some in rng.dirichlet(np.ones(users), 50):
            assert linear_rate(gram, some) <= bound


@pytest.mark.parametrize("users", [1, 2, 3])
def test_slope_is_that_of_central_differences(users: int) -> None:
    rng = np.random.default_rng(users)
    powers, unused = np.empty(users), np.empty(users)
    gram = gram_of(normal(rng, users, users) * 3.0)
    best_rate(gram, powers)
    slope = np.empty((users, users), dtype=complex)
    rate_slope(gram, powers, slope)
    np.testing.assert_array_equal(slope, np.conj(slope.T))
    for _ in range(5):
        change = normal(rng, users, users)
        change = change + np.conj(change.T)
        step = 1e-5
        numeric = (best_rate(gram + step * change, unused) - best_rate(gram - step * change, unused)) / (2.0 * step)
        assert np.trace(slope @ change).real == pytest.approx(numeric, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("users", [1, 2, 4])
def test_downlink_beams_have_the_rates_of_the_uplink_under_its_constraint(users: int) -> None:
    rng = np.random.default_rng(users)
    size = users + 3
    channels = 5.0 * normal(rng, size, users)
    root = normal(rng, size, size)
    q = root @ np.conj(root.T) / size + 0.2 * np.eye(size)
    spread = np.linalg.solve(q, channels)
    gram = np.ascontiguousarray(np.conj(channels.T) @ spread)
    powers = np.full(users, 1.0 / users)
    if users <= 2:
        best_rate(gram, powers)
    beams = np.empty((size, users), dtype=complex)
    downlink(channels, spread, powers, beams)
    assert np.linalg.norm(beams) == pytest.approx(1.0, rel=1e-14)
    # scaled to tr(Q R) = 1 they have the sum-rate of the uplink
    scaled = beams / np.sqrt(np.trace(np.conj(beams.T) @ q @ beams).real)
    rates = np.log1p(links.sinr(channels.T, scaled, 1.0))
    assert rates.sum() == pytest.approx(linear_rate(gram, powers), rel=1e-12)
    seen = np.ascontiguousarray(np.conj(channels.T) @ scaled)
    assert sum_rate(seen, np.ones(users)) == pytest.approx(rates.sum(), rel=1e-14)
    if users > 2:
        return
    # and nothing else under the constraint has more
    for trial in range(2000):
        other = scaled + normal(rng, size, users) * 10.0 ** rng.uniform(-4.0, 1.0) if trial % 2 else spread.copy()
        other = other * rng.uniform(0.0, 1.0, users)
        other /= np.sqrt(np.trace(np.conj(other.T) @ q @ other).real)
        assert np.log1p(links.sinr(channels.T, other, 1.0)).sum() <= rates.sum() * (1.0 + 1e-12)
