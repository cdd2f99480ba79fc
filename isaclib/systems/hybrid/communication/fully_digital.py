"""Fully digital beamformers of largest sum-rate under a cap on the SPEB, with their bound.

The dual of `isaclib.systems.hybrid.communication.dual` is followed to its end, and the downlink
beams of its uplink are taken. With two users they nearly always meet the bound; what is left is
polished by the smooth problem of `isaclib.systems.hybrid.smooth`, and the dual followed again from
there. One beam is turned towards the target: f is 1 / q.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np

from isaclib.systems.hybrid import smooth
from isaclib.systems.hybrid.communication import dual
from isaclib.systems.hybrid.communication.beams import downlink, normalise, restore_cap, sum_rate
from isaclib.systems.hybrid.communication.uplink import best_rate
from isaclib.systems.hybrid.descent import descend

TIGHT = 1e-7
"""Relative gap from which on beams are polished: a design counts as optimal below 1e-6."""

LOOSE = 1e-4
"""Relative gap from which on further starts are tried."""

LOOSE_CAPACITY = 1e-2
"""The same where the bound is that of successive decoding, which linear beams do not reach."""

DUAL_STARTS = (0.999, 0.99, 0.9, 0.5, 0.1, 0.01)
"""Largest eigenvalue of Z at the starts that are tried."""

LONGEST = 10.0
"""Longest v at a start: where beams leave the target dark it is anything."""


@numba.njit(cache=True)
def information(seen: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """q, s = b^H R a0 and M of beams seen by target and derivatives as (3, K)."""
    gram = seen @ np.ascontiguousarray(seen.conj().T)
    q = max(gram[0, 0].real, 1e-300)
    s = gram[1:, 0].copy()
    m = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            m[i, j] = (gram[1 + i, 1 + j] - s[i] * s[j].conjugate() / q).real + (q if i == j else 0.0)
    return q, s, m


@numba.njit(cache=True)
def _dual_start(
    seen: np.ndarray,
    sensing: np.ndarray,
    channels: np.ndarray,
    rest: np.ndarray,
    cost: np.ndarray,
    cap: float,
    powers: np.ndarray,
    weighted: np.ndarray,
    x: np.ndarray,
) -> float:
    """Write the dual point that cuts off beams, X ~ M^-1 C M^-1 and v = -s / q; its bound, or infinity."""
    q, s, m = information(seen)
    # where hardly anything lights the target, a little light keeps M regular
    for i in range(2):
        m[i, i] += 1e-9
    inverted = np.linalg.inv(m)
    weight = inverted @ cost @ inverted
    v = -s / q
    size = np.sqrt(np.abs(v[0]) ** 2 + np.abs(v[1]) ** 2)
    if size > LONGEST:
        v *= LONGEST / size
    point = np.empty(dual.VARIABLES)
    point[0] = math.sqrt(weight[0, 0])
    point[1] = weight[0, 1] / point[0]
    point[2] = math.sqrt(max(0.0, weight[1, 1] - point[1] * point[1]))
    w = (point[0] * v[0] + point[1] * v[1], point[2] * v[1])
    point[3], point[4], point[5], point[6] = w[0].real, w[0].imag, w[1].real, w[1].imag
    z = np.eye(3).astype(np.complex128) - dual.slack(point, sensing)
    point /= math.sqrt(np.linalg.eigvalsh(z)[-1])
    gradient = np.empty(dual.VARIABLES)
    best = np.inf
    for level in DUAL_STARTS:
        trial = math.sqrt(level) * point
        value = dual.evaluate(trial, sensing, channels, rest, cost, cap, gradient, powers, weighted)
        if value < best:
            best = value
            x[:] = trial
    return best


@numba.njit(cache=True)
def polish(
    vectors: np.ndarray, cost: np.ndarray, noise: np.ndarray, cap: float, beams: np.ndarray
) -> tuple[float, float]:
    """Descend from beams in the smooth problem; (sum-rate in nat, f) of what comes out."""
    size, users = beams.shape
    x = np.empty(2 * size * users)
    for i in range(size):
        for k in range(users):
            x[2 * (i * users + k)] = beams[i, k].real
            x[2 * (i * users + k) + 1] = beams[i, k].imag
    gains = np.ascontiguousarray(vectors.conj().T)
    capped = cap < np.inf
    multipliers = np.zeros(users + (1 if capped else 0))
    descend(
        x, gains, cost, noise, np.zeros(users), smooth.SUM_RATE,
        math.log(cap) if capped else np.inf, multipliers, 10.0, 1e-8, 1e-6, 12, 200,
    )  # fmt: skip
    for i in range(size):
        for k in range(users):
            beams[i, k] = complex(x[2 * (i * users + k)], x[2 * (i * users + k) + 1])
    f = restore_cap(gains[:3], cost, cap, beams)
    return sum_rate(gains[3:] @ beams, noise), f


@numba.njit(cache=True)
def _light_target(target: np.ndarray, cap: float, beam: np.ndarray) -> None:
    """Turn the only beam towards the target until f, which is 1 / q for one beam, is the cap."""
    light = math.sqrt(1.0 / cap)
    along = np.vdot(target, np.ascontiguousarray(beam[:, 0]))
    phase = along / abs(along) if abs(along) > 0.0 else 1.0 + 0.0j
    beam[:, 0] -= along * target
    normalise(beam)
    beam *= math.sqrt(1.0 - light * light)
    beam[:, 0] += light * phase * target


@numba.njit(cache=True)
def _other_start(channels: np.ndarray, number: int) -> np.ndarray:
    """Regularised zero-forcing beams, or such with one user far ahead of the others."""
    users = channels.shape[1]
    powers = np.full(users, 1.0 / users)
    beams = np.empty_like(channels)
    downlink(channels, channels.copy(), powers, beams)
    if number > 0:
        for k in range(users):
            if k != number - 1:
                beams[:, k] *= 0.1
    return beams


@numba.njit(cache=True)
def _solve(
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    cap: float,
    bound: np.ndarray,
    value: np.ndarray,
    steps: np.ndarray,
    beams: np.ndarray,
) -> None:
    users = noise.shape[1]
    powers = np.empty(users)
    weighted = np.empty((3, users), np.complex128)
    x = np.zeros(dual.VARIABLES)
    for b in range(vectors.shape[0]):
        v = vectors[b]
        gains = np.ascontiguousarray(v.conj().T)
        channels = v[:, 3:] / np.sqrt(noise[b])
        adjoint = np.ascontiguousarray(channels.conj().T)
        sensing = np.ascontiguousarray(v[:3, :3])
        seen = np.ascontiguousarray(channels[:3])
        rest = np.ascontiguousarray(adjoint[:, 3:]) @ np.ascontiguousarray(channels[3:])
        bound[b] = best_rate(adjoint @ channels, powers)
        value[b] = -np.inf
        steps[b] = 1
        downlink(channels, channels.copy(), powers, beams[b])
        capped = math.exp(smooth.objective_of(gains[:3] @ beams[b], cost, False)) > cap
        if capped and users == 1:
            _light_target(np.ascontiguousarray(v[:, 0]), cap, beams[b])
            bound[b] = sum_rate(gains[3:] @ beams[b], noise[b])
            capped = False
        if not capped:
            value[b] = sum_rate(gains[3:] @ beams[b], noise[b])
        follow = capped
        cut = beams[b].copy()
        # number 0 goes on from the beams of the dual, the others from without the cap and from each user alone
        for number in range(2 + users):
            if follow:
                # the dual is followed from the point that belongs to the best beams so far
                start = _dual_start(gains[:3] @ cut, sensing, seen, rest, cost, cap, powers, weighted, x)
                if start < np.inf:
                    lower, evaluations = dual.descend(x, sensing, seen, rest, cost, cap, powers, weighted)
                    steps[b] += evaluations
                    bound[b] = min(bound[b], lower)
                    spread = channels.copy()
                    spread[:3] = weighted
                    spread *= dual.scale(x, cost, cap)
                    downlink(channels, spread, powers, cut)
                f = restore_cap(gains[:3], cost, cap, cut)
                reached = sum_rate(gains[3:] @ cut, noise[b])
                if f <= cap and reached > value[b]:
                    beams[b] = cut
                    value[b] = reached
            enough = TIGHT if number == 0 else (LOOSE if users <= 2 else LOOSE_CAPACITY)
            if value[b] >= bound[b] * (1.0 - enough):
                break
            trial = beams[b].copy() if number == 0 else _other_start(channels, number - 1)
            polished, f = polish(v, cost, noise[b], cap, trial)
            # with many users the dual is dear and hardly changes
            follow = capped and (users == 2 or (f <= cap and polished > value[b] * (1.0 + LOOSE)))
            if f <= cap and polished > value[b]:
                beams[b] = trial
                value[b] = polished
            cut[:] = beams[b]


@dataclass(frozen=True)
class Solved:
    """Solution of a batch, in normalised units.

    Attributes
    ----------
    bound : ndarray, shape (B,)
        Upper bound in nat on the sum-rate of all beamformers, fully digital or hybrid, that meet
        the cap and the power.
    value : ndarray, shape (B,)
        Sum-rate of `beams` in nat; -inf where no beams met the cap.
    steps : ndarray of int, shape (B,)
        Evaluations of the dual.
    beams : ndarray of complex, shape (B, dim, K)
        Beams of unit power.
    """

    bound: np.ndarray
    value: np.ndarray
    steps: np.ndarray
    beams: np.ndarray


def solve(vectors: np.ndarray, cost: np.ndarray, noise: np.ndarray, cap: float) -> Solved:
    """Maximise the sum-rate of a batch under f <= cap.

    Parameters
    ----------
    vectors : ndarray of complex, shape (B, dim, 3 + K)
        Upper triangular factor of [a0, b1, b2, g_1, ..., g_K], dim >= 3: coordinates in which the
        transmit power is the squared norm and the sensing side is the first three.
    cost : ndarray, shape (2, 2)
        C.
    noise : ndarray, shape (B, K)
        Normalised noise.
    cap : float
        Largest f, at least 1; infinity: none.

    Returns
    -------
    Solved
    """
    batch, size, columns = vectors.shape
    bound, value = np.empty(batch), np.empty(batch)
    steps = np.zeros(batch, dtype=np.int64)
    beams = np.empty((batch, size, columns - 3), dtype=complex)
    _solve(
        np.ascontiguousarray(vectors), np.ascontiguousarray(cost), np.ascontiguousarray(noise), float(cap),
        bound, value, steps, beams,
    )  # fmt: skip
    return Solved(bound, value, steps, beams)
