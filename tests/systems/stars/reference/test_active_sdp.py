from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isaclib.systems.stars import SYSTEM, acceptance, closed_form, information
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.reference.active_sdp import best_beams, recovered
from isaclib.systems.stars.reference.forms import Scales


def covariances(users: int, size: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """R_u, R_s of a given rank each, and users' channels."""
    rng = np.random.default_rng(4)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)

    roots = normal(users + 1, size, rank)
    return roots @ np.conj(np.swapaxes(roots, -1, -2)), normal(users, size)


def sinrs(parts: np.ndarray, users: np.ndarray, noise: float) -> np.ndarray:
    received = np.einsum("un,pnm,um->up", np.conj(users), parts, users).real
    wanted = np.diagonal(received)
    return wanted / (received.sum(axis=-1) - wanted + noise)


@pytest.mark.parametrize("users", [1, 2])
def test_recovery_keeps_the_covariance_and_no_user_has_less(users: int) -> None:
    parts, channels = covariances(users, 5, 1)
    beams = recovered(parts, channels)
    np.testing.assert_allclose(beams @ np.conj(beams.T), parts.sum(axis=0), atol=1e-10 * np.abs(parts).max())
    own = beams.T[:, :, None] * np.conj(beams.T[:, None])
    assert np.all(sinrs(own, channels, 3.0) >= sinrs(parts, channels, 3.0) * (1.0 - 1e-9))
    # Proposition 4: the user does not hear the beam for sensing
    scale = np.linalg.norm(channels[-1]) * np.linalg.norm(beams[:, -1])
    assert abs(np.vdot(channels[-1], beams[:, -1])) <= 1e-7 * scale


def test_a_second_stream_beyond_recovery_is_cut_to_its_largest_eigenpair() -> None:
    parts, channels = covariances(1, 5, 2)
    beams = recovered(parts, channels)
    rest = parts.sum(axis=0) - np.outer(beams[:, 0], np.conj(beams[:, 0]))
    assert np.sum(np.abs(beams[:, 1]) ** 2) == pytest.approx(np.linalg.eigvalsh(rest)[-1], rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("bound", ["efim", "known-beta"])
@pytest.mark.parametrize(
    "values",
    [{}, {"users": 2, "targets": 2, "min_rate_bps_hz": 0.3}, {"targets": 2, "speb_of_targets": "worst"}],
    ids=["one", "several", "worst"],
)
def test_no_beams_are_better_for_given_coefficients(guess: Any, bound: str, values: dict[str, Any]) -> None:
    values = {"min_rate_bps_hz": 1.0, **values}
    p = Parameters(star_elements=8, bs_antennas=4, power_dbm=45.0, bs_distance_m=0.3, bound=bound, **values)
    one = SYSTEM.draw(p, seed=5, stop=3).single(2)
    start = guess(one, beams=p.users + 1, seed=6)
    count, spacing = int(start.sensor_count[0]), float(start.sensor_spacing_m[0])
    now = start.active[0], start.reflection[0], start.transmission[0]
    found = best_beams(one, *now, Scales.of(one, count, spacing))
    assert found.beams is not None
    assert found.covariance is not None

    def verdict(active: np.ndarray) -> acceptance.Verdict:
        many = len(active)
        repeated = replace(
            one,
            streams=replace(one.streams, stop=one.streams.start + many),
            **{
                name: np.repeat(getattr(one, name), many, axis=0)
                for name in (
                    "target_range_m", "target_angle_rad", "user_range_m", "user_angle_rad", "target_response",
                    "user_response", "user_gain", "reflection",
                )
            },
        )  # fmt: skip
        parts = (np.repeat(part, many, axis=0) for part in (start.reflection, start.transmission))
        return acceptance.assess(repeated, active, *parts, np.full(many, count), np.full(many, spacing))

    best = verdict(found.beams[None])
    assert best.met[0]
    rng = np.random.default_rng(7)
    # directions everywhere, and about what was found
    others = rng.standard_normal((2, 4000, *found.beams.shape))
    others = others[0] + 1j * others[1]
    others *= np.linalg.norm(found.beams) / np.linalg.norm(others, axis=(-2, -1), keepdims=True)
    others = found.beams + 10.0 ** rng.uniform(-3.0, 1.0, (4000, 1, 1)) * others
    others *= np.sqrt(p.power_w) / np.linalg.norm(others, axis=(-2, -1), keepdims=True)
    rivals = verdict(others)
    assert rivals.met.any()
    error = information.speb_of_targets(p, rivals.speb[rivals.met])
    assert np.all(error >= information.speb_of_targets(p, best.speb)[0] * (1.0 - 1e-4))
    # what the program promised of its covariances, the beams keep
    values, vectors = np.linalg.eigh(found.covariance)
    lifted = verdict((vectors * np.sqrt(np.maximum(values, 0.0)))[None])
    np.testing.assert_allclose(best.speb[0], lifted.speb[0], rtol=1e-3)


@pytest.mark.slow
def test_a_rate_that_is_missed_is_raised(guess: Any) -> None:
    p = Parameters(star_elements=8, bs_antennas=4, users=2, bs_distance_m=0.3, min_rate_bps_hz=12.0)
    one = SYSTEM.draw(p, seed=5, stop=1)
    start = guess(one, beams=3, seed=6)
    scales = Scales.of(one, int(start.sensor_count[0]), float(start.sensor_spacing_m[0]))
    now = start.active[0], start.reflection[0], start.transmission[0]
    assert best_beams(one, *now, scales).beams is None
    raised = best_beams(one, *now, scales, reach=True).beams
    assert raised is not None
    before, after = (acceptance.rates(one, beams[None], start.transmission).min() for beams in (now[0], raised))
    assert after > 2.0 * before


@pytest.mark.slow
def test_a_single_beam_is_that_of_the_closed_form() -> None:
    p = Parameters(star_elements=12, bs_antennas=4, power_dbm=30.0)
    s = SYSTEM.draw(p, seed=3, stop=1)
    known = closed_form.light_the_target(s, starts=3)
    # the coefficients leave no more than was asked, a conic solver wants an interior
    s = replace(s, parameters=replace(p, min_rate_bps_hz=5.999))
    active = np.column_stack([known.active[0], np.zeros(4)])
    scales = Scales.of(s, 12, 0.5 * p.wavelength_m)
    found = best_beams(s, active, known.reflection[0], known.transmission[0], scales)
    assert found.beams is not None
    lit = [information.illuminate(s, beams[None], known.reflection).power[0, 0] for beams in (found.beams, active)]
    assert lit[0] == pytest.approx(lit[1], rel=1e-5)
    # nothing is left for a beam of sensing alone
    assert np.linalg.norm(found.beams[:, 1]) <= 1e-3 * np.linalg.norm(found.beams[:, 0])
