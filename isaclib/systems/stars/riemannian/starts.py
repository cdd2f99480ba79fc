"""Where the Riemannian solver starts: the closed form where it applies, co-phased combinations elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.stars import closed_form, passive
from isaclib.systems.stars.riemannian.problem import Normalised
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

FIELD_STARTS = 8
"""Starts of the fixed point for the beam that lights the surface most."""

SMALL_SHARE, SHARE = 0.01, 0.3
"""Power of the beam of sensing. Without any it would never gain any: its information is of second order in its
amplitude."""

ANGLE_SHARE = 0.3
REWEIGHTED = 20
LEAST, MOST = 0.1, 0.5
"""Share of the light that a start gives to the users, where both sides are served."""


@dataclass(frozen=True)
class Point:
    """A point of sphere x (S^3)^N for every realisation.

    Attributes
    ----------
    beams : ndarray of complex, shape (B, M, K)
        F of unit power.
    transmission, reflection : ndarray of complex, shape (B, N)
        q_t and q_r.
    """

    beams: np.ndarray
    transmission: np.ndarray
    reflection: np.ndarray


def start_point(scenario: Scenario, normalised: Normalised, strongest: np.ndarray, number: int, rng: Streams) -> Point:
    """Make the start of a number.

    The first is the closed form where there is one user, one target and nothing in its way; else
    the light is focused on all users and all targets alike. The others start from random beams and
    focus on random combinations, in turn of derivatives, with the targets in the dark, and of the
    targets' responses. Their numbers depend on seed and realisation only.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    normalised : Normalised
        Of the scenario.
    strongest : ndarray of complex, shape (1 or B, M)
        Beams that bring most field onto the surface.
    number : int
        0, 1, ...
    rng : Streams
        Random numbers of the realisations.

    Returns
    -------
    Point
    """
    p = scenario.parameters
    users, targets, antennas = p.users, p.targets, p.bs_antennas
    # users, targets with both derivatives, beam: one number each, those that a grid may grow apart
    of_users = rng.complex_normal(Stream.SOLVER_START, (users,), number, 0)
    of_targets = rng.complex_normal(Stream.SOLVER_START, (targets, 3), number, 1)
    of_beam = rng.complex_normal(Stream.SOLVER_START, (antennas,), number, 2)
    base = np.broadcast_to(strongest, of_beam.shape)
    if number:
        base = base + of_beam / np.sqrt(antennas)
    rows = _rows(scenario)
    field = (normalised.channels @ base[..., None])[..., 0]
    if number == 0:
        of_users, wanted = np.ones_like(of_users), rows[:, :, 0]
    elif number % 2:
        wanted = _in_the_dark(rows, np.abs(field), of_targets)
    else:
        wanted = of_targets[..., :1] * rows[:, :, 0]
    to_users = np.einsum("bun,bu->bn", np.conj(normalised.user_rows), of_users)
    to_targets = np.sum(np.conj(wanted), axis=1)
    transmission, reflection = _surface(scenario, normalised, base, field, to_users, to_targets)
    own = None
    if number == 0 and closed_form.covers(p):
        known = closed_form.light_the_target(scenario, starts=FIELD_STARTS)
        found = known.outcome == passive.FOUND
        transmission = np.where(found[:, None], known.transmission, transmission)
        reflection = np.where(found[:, None], known.reflection, reflection)
        own = np.where(found[:, None], known.active, base)[..., None]
    coefficients = transmission if p.target_side == "transmission" else reflection
    if own is None:
        own = _regular(normalised, transmission)
    seen = np.einsum("btin,bti->bn", np.conj(rows), of_targets) * np.conj(coefficients)
    sensing = np.conj(np.swapaxes(normalised.channels, -1, -2)) @ seen[..., None]
    share = SHARE if number and number % 2 == 0 else SMALL_SHARE
    beams = np.concatenate([np.sqrt(1.0 - share) * _unit(own), np.sqrt(share) * _unit(sensing)], axis=-1)
    return Point(beams, transmission, reflection)


def _unit(beams: np.ndarray) -> np.ndarray:
    return beams / np.linalg.norm(beams, axis=(-2, -1), keepdims=True)


def _rows(scenario: Scenario) -> np.ndarray:
    """Bring a, and its derivatives off a, to norm one, shape (B, T, 3, N)."""
    response = scenario.of_targets(scenario.target_response)[:, :, None]
    gradient = np.moveaxis(scenario.target_gradient, -1, -2)
    response = response / np.linalg.norm(response, axis=-1, keepdims=True)
    gradient = gradient - response * np.sum(np.conj(response) * gradient, axis=-1, keepdims=True)
    return np.concatenate([response, gradient / np.linalg.norm(gradient, axis=-1, keepdims=True)], axis=2)


def _in_the_dark(rows: np.ndarray, sizes: np.ndarray, of_targets: np.ndarray) -> np.ndarray:
    """Combine derivatives of each target's response so that light focused on them cancels at the target.

    Coefficients in phase with u - x a bring sum_n |S_n| |u - x a|_n of u, and nothing of a where that
    is least over x: the weighted median, by reweighted means.

    Parameters
    ----------
    rows : ndarray of complex, shape (B, T, 3, N)
        As `_rows` has them.
    sizes : ndarray, shape (1 or B, N)
        |S|.
    of_targets : ndarray of complex, shape (B, T, 3)
        Random numbers.

    Returns
    -------
    ndarray of complex, shape (B, T, N)
        u - x a.
    """
    response = rows[:, :, 0]
    # range is what is hard to know
    slope = of_targets[..., 1:2] * rows[:, :, 1] + ANGLE_SHARE * of_targets[..., 2:] * rows[:, :, 2]
    off = slope
    for _ in range(REWEIGHTED):
        distance = np.abs(off)
        weight = sizes[:, None] / np.maximum(distance, 1e-3 * distance.max(axis=-1, keepdims=True))
        centre = np.sum(weight * np.conj(response) * slope, axis=-1) / np.sum(weight * np.abs(response) ** 2, axis=-1)
        off = slope - centre[..., None] * response
    return off


def _surface(
    scenario: Scenario,
    normalised: Normalised,
    beam: np.ndarray,
    field: np.ndarray,
    to_users: np.ndarray,
    to_targets: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """q_t and q_r that focus the field of a beam on combinations of users and of targets, shape (B, N) each."""
    p = scenario.parameters
    back = np.exp(-1j * np.angle(field))
    to_users = to_users * back / np.sqrt(np.mean(np.abs(to_users) ** 2, axis=-1, keepdims=True))
    to_targets = to_targets * back / np.sqrt(np.mean(np.abs(to_targets) ** 2, axis=-1, keepdims=True))
    if p.target_side == "transmission":
        return np.exp(1j * np.angle(to_users + to_targets)), np.zeros_like(field)
    reached = np.sum(np.abs(normalised.user_rows * field[:, None]), axis=-1) ** 2 / np.sum(
        np.abs(beam) ** 2, axis=-1, keepdims=True
    )
    share = np.clip(np.sum(p.min_sinr * normalised.noise / reached, axis=-1), LEAST, MOST)[:, None]
    if p.phase_shifts == "coupled":
        turn = np.exp(1j * np.angle(to_targets))
        side = np.where((to_users * np.conj(1j * turn)).real >= 0.0, 1.0, -1.0)
        return 1j * turn * side * np.sqrt(share), turn * np.sqrt(1.0 - share)
    sizes = np.sqrt(share * np.abs(to_users) ** 2 + (1.0 - share) * np.abs(to_targets) ** 2)
    return np.sqrt(share) * to_users / sizes, np.sqrt(1.0 - share) * to_targets / sizes


def _regular(normalised: Normalised, transmission: np.ndarray) -> np.ndarray:
    """Regularised zero forcing for the users behind a surface, shape (B, M, U)."""
    seen = (normalised.user_rows * transmission[:, None]) @ normalised.channels
    adjoint = np.conj(np.swapaxes(seen, -1, -2))
    users = seen.shape[1]
    gram = seen @ adjoint + (users * normalised.noise[:, :, None]) * np.eye(users)
    beams = adjoint @ np.linalg.inv(gram)
    return beams / np.linalg.norm(beams, axis=-2, keepdims=True)


def packed(point: Point, *, coupled: bool) -> np.ndarray:
    """Free numbers of a point, as `evaluation.expand` has them, shape (B, n)."""
    batch = len(point.beams)
    beams = np.stack([point.beams.real, point.beams.imag], axis=-1).reshape(batch, -1)
    t, r = point.transmission, point.reflection
    if coupled:
        # cos phi of q_r not negative; an element that only transmits knows psi from q_t
        turn = np.where(np.abs(r) > np.abs(t), np.angle(r), np.angle(-1j * t))
        lifted = np.exp(-1j * turn)
        surface = np.stack([turn, np.arctan2((-1j * t * lifted).real, (r * lifted).real)], axis=-1)
    else:
        surface = np.stack([t.real, t.imag, r.real, r.imag], axis=-1)
    return np.ascontiguousarray(np.concatenate([beams, surface.reshape(batch, -1)], axis=1))
