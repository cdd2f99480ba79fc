from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems.stars import SYSTEM, field
from isaclib.systems.stars.parameters import Parameters


def channels(batch: int, elements: int, antennas: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    parts = rng.standard_normal((2, batch, elements, antennas))
    return parts[0] + 1j * parts[1]


def drawn(stop: int = 64, **values: Any) -> np.ndarray:
    p = Parameters(**values)
    return SYSTEM.draw(p, seed=3, stop=stop).bs_star_channel.reshape(-1, p.star_elements, p.bs_antennas)


def strongest(channel: np.ndarray, starts: int = 3) -> tuple[np.ndarray, np.ndarray]:
    beams, values = np.empty((len(channel), channel.shape[2]), dtype=complex), np.empty(len(channel))
    field.strongest_beams(channel, starts, 1000, beams, values)
    return beams, values


def test_beam_and_its_sum_belong_together() -> None:
    channel = channels(20, 12, 4)
    beams, values = strongest(channel)
    np.testing.assert_allclose(np.linalg.norm(beams, axis=-1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(channel @ beams[..., None])[..., 0].sum(axis=-1), values, rtol=1e-12)


def test_every_iteration_gains() -> None:
    (channel,) = channels(1, 12, 4)
    weights, start = np.linspace(0.5, 1.5, 12), channels(1, 4, 1, seed=1)[0, :, 0]
    values = [field.climb(channel, weights, start.copy(), most)[0] for most in range(12)]
    assert np.all(np.diff(values) > 0.0)
    final, iterations = field.climb(channel, weights, start, 10_000)
    assert values[-1] < final
    assert 12 < iterations < 10_000
    # where it ends is where it stays
    assert field.climb(channel, weights, start, 10_000) == (pytest.approx(final, rel=1e-14), 0)


def test_no_beam_of_a_dense_grid_is_stronger() -> None:
    channel = channels(10, 6, 2)
    share, phase = np.meshgrid(np.linspace(0.0, np.pi / 2.0, 181), np.linspace(0.0, 2.0 * np.pi, 361))
    beams = np.stack([np.cos(share), np.sin(share) * np.exp(1j * phase)]).reshape(2, -1)
    best = np.abs(channel @ beams).sum(axis=1).max(axis=-1)
    values = strongest(channel, starts=6)[1]
    assert np.all(values >= best)
    np.testing.assert_allclose(values, best, rtol=1e-3)


def test_more_starts_are_never_worse() -> None:
    # three starts have the middle element of one start among theirs
    channel = channels(40, 18, 6)
    one, three = strongest(channel, starts=1)[1], strongest(channel, starts=3)[1]
    assert np.all(three >= one)
    assert np.any(three > one * 1.001)


@pytest.mark.parametrize("kind", ["los", "rician", "random", "few elements", "poor beam", "dark element"])
def test_certificate_holds_for_any_channel_and_beam(kind: str) -> None:
    if kind in ("los", "rician"):
        channel = drawn(stop=8, bs_star_channel=kind, rician_k_db=-5.0)
    else:
        channel = channels(8, 3 if kind == "few elements" else 10, 5)
    beams = channels(len(channel), 5, 1, seed=2)[..., 0] if kind == "poor beam" else strongest(channel)[0]
    if kind == "dark element":
        channel[:, 4] = 0.0
        channel[:, 5] -= (channel[:, 5:6] @ beams[..., None])[:, 0] * beams.conj()
    weights = field.dual_weights(channel, beams / np.linalg.norm(beams, axis=-1, keepdims=True))
    slack = np.eye(channel.shape[1]) * weights[:, None] - channel @ channel.conj().swapaxes(-1, -2)
    lowest = np.linalg.eigvalsh(slack)[:, 0]
    assert np.all(lowest >= -1e-12 * weights.max(axis=-1))


def test_certificate_is_tight_in_line_of_sight() -> None:
    for elements, antennas, distance in ((32, 8, 5.0), (60, 16, 5.0), (16, 4, 2.0)):
        channel = drawn(stop=1, star_elements=elements, bs_antennas=antennas, bs_distance_m=distance)
        beams, values = strongest(channel)
        assert field.dual_weights(channel, beams).sum() == pytest.approx(values[0] ** 2, rel=1e-9)


def test_certificate_is_tight_where_line_of_sight_prevails() -> None:
    for k_db in (10.0, 0.0):
        channel = drawn(bs_star_channel="rician", rician_k_db=k_db)
        beams, values = strongest(channel)
        np.testing.assert_allclose(field.dual_weights(channel, beams).sum(axis=-1), values**2, rtol=1e-9)


def test_certificate_falls_back_to_the_strongest_singular_value() -> None:
    channel = channels(6, 10, 5)
    beams = channels(6, 5, 1, seed=2)[..., 0]
    weights = field.dual_weights(channel, beams / np.linalg.norm(beams, axis=-1, keepdims=True))
    largest = np.linalg.svd(channel, compute_uv=False)[:, :1] ** 2
    np.testing.assert_allclose(weights, np.broadcast_to(largest, weights.shape), rtol=1e-12)
