"""Fully digital beamformers of largest sum-rate under a cap on the SPEB, with their bound.

The dual of `isaclib.systems.hybrid.communication.dual` is followed to its end, and the downlink
beams of its uplink are taken. With one or two users they nearly always meet the bound; what is left
is polished by the smooth problem of `isaclib.systems.hybrid.smooth`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np

from isaclib.systems.hybrid import smooth
from isaclib.systems.hybrid.communication import dual
from isaclib.systems.hybrid.communication.beams import downlink, restore_cap, sum_rate
from isaclib.systems.hybrid.communication.uplink import best_rate
from isaclib.systems.hybrid.descent import descend

TIGHT = 1e-7
"""Relative gap from which on beams are polished: a design counts as optimal below 1e-6."""

LOOSE = 1e-4
"""Relative gap from which on further starts are tried."""

LOOSE_CAPACITY = 1e-2
"""The same where the bound is that of successive decoding, which linear beams do not reach."""

DUAL_STARTS = (0.9, 0.5, 0.1, 0.01)
"""Largest eigenvalue of Z at the starts that are tried."""


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
    inverse: np.ndarray,
    x: np.ndarray,
) -> float:
    """Write the dual point that cuts off beams above the cap: X ~ M^-1 C M^-1, v = -s / q."""
    q, s, m = information(seen)
    # where hardly anything lights the target, a little light keeps M regular
    for i in range(2):
        m[i, i] += 1e-9
    inverted = np.linalg.inv(m)
    weight = inverted @ cost @ inverted
    v = -s / q
    size = np.sqrt(np.abs(v[0]) ** 2 + np.abs(v[1]) ** 2)
    if size > 10.0:
        v *= 10.0 / size
    side = np.zeros((3, 2), np.complex128)
    side[0, 0], side[0, 1] = v[0].conjugate(), v[1].conjugate()
    side[1, 0], side[2, 1] = 1.0, 1.0
    z = sensing @ side @ weight.astype(np.complex128) @ np.ascontiguousarray((sensing @ side).conj().T)
    trace = weight[0, 0] + weight[1, 1]
    for i in range(3):
        for j in range(3):
            z[i, j] += trace * sensing[i, 0] * sensing[j, 0].conjugate()
    top = np.linalg.eigvalsh(z)[-1]
    gradient = np.empty(dual.VARIABLES)
    best = np.inf
    trial = np.empty(dual.VARIABLES)
    trial[3], trial[4], trial[5], trial[6] = v[0].real, v[0].imag, v[1].real, v[1].imag
    for level in DUAL_STARTS:
        scale = level / top
        trial[0] = math.sqrt(weight[0, 0] * scale)
        trial[1] = weight[0, 1] * scale / trial[0]
        trial[2] = math.sqrt(max(0.0, weight[1, 1] * scale - trial[1] * trial[1]))
        value = dual.evaluate(trial, sensing, channels, rest, cost, cap, gradient, powers, inverse)
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
        x, 0, size, gains[:1], gains, cost, noise, np.zeros(users), smooth.SUM_RATE,
        math.log(cap) if capped else np.inf, multipliers, 10.0, 1e-8, 1e-6, 12, 200, np.empty(0),
    )  # fmt: skip
    for i in range(size):
        for k in range(users):
            beams[i, k] = complex(x[2 * (i * users + k)], x[2 * (i * users + k) + 1])
    f = restore_cap(gains[:3], cost, cap, beams)
    return sum_rate(gains[3:] @ beams, noise), f


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
    inverse = np.eye(3).astype(np.complex128)
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
        steps[b] = 1
        downlink(channels, channels.copy(), powers, beams[b])
        f = math.exp(smooth.objective_of(gains[:3] @ beams[b], cost, False))
        if f > cap:
            start = _dual_start(gains[:3] @ beams[b], sensing, seen, rest, cost, cap, powers, inverse, x)
            if start < np.inf:
                lower, evaluations = dual.descend(x, sensing, seen, rest, cost, cap, powers, inverse)
                steps[b] += evaluations
                bound[b] = min(bound[b], lower)
                spread = channels.copy()
                spread[:3] = inverse @ seen
                spread *= dual.scale(x, cost, cap)
                downlink(channels, spread, powers, beams[b])
            f = restore_cap(gains[:3], cost, cap, beams[b])
        value[b] = sum_rate(gains[3:] @ beams[b], noise[b])
        if f > cap:
            value[b] = -np.inf
        # number 0 goes on from the dual's beams, the others from without the cap and from each user alone
        for number in range(2 + users):
            enough = TIGHT if number == 0 else (LOOSE if users <= 2 else LOOSE_CAPACITY)
            if value[b] >= bound[b] * (1.0 - enough):
                break
            trial = beams[b].copy() if number == 0 else _other_start(channels, number - 1)
            polished, f = polish(v, cost, noise[b], cap, trial)
            if f <= cap and polished > value[b]:
                beams[b] = trial
                value[b] = polished


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
