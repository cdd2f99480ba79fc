"""Bound and beamformers of the sensing problems at a given digital dimension.

The relaxation of `isaclib.systems.hybrid.dual_barrier` is nearly always tight: beams
w_k = R_k g_k / (g_k^H R_k g_k)^1/2 taken from the end of its central path meet the bound to about
1e-9. What is left (degenerate draws, where the R_k of the path have a higher rank although beams
as good exist) is polished by the smooth problem of `isaclib.systems.hybrid.kernel`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np

from isaclib.systems.hybrid import kernel
from isaclib.systems.hybrid.dual_barrier import (
    COST,
    ILLUMINATION,
    SENSING,
    TIE_BREAK,
    centre,
    dual_matrix,
    invert,
    sensing_value,
    start,
    units,
)
from isaclib.systems.hybrid.feasibility import uplink_powers

SHRINK = 0.15
"""Factor between two barrier parameters."""

PRECISION = 1e-10
"""Last barrier parameter, relative to the dual variable of the power."""

TIGHT = 1e-6
"""Gap from which on beams are polished: a design counts as optimal below it."""

RATE_SLIP = 1e-7
"""Rate in nat that beams may miss: a seventh of what acceptance allows."""


@numba.njit(cache=True)
def restore_rates(channels, noise, gamma, beams):
    """Scale beams to unit power and make up missing rates along zero-forcing directions.

    An increment along a zero-forcing direction disturbs no other user.

    Parameters
    ----------
    channels : ndarray of complex, shape (dim, K)
        Channels in the coordinates of the beams.
    noise, gamma : ndarray, shape (K,)
        Normalised noise and SINR thresholds.
    beams : ndarray of complex, shape (dim, K)
        Overwritten.

    Returns
    -------
    float
        Smallest log(1 + SINR_k) - log(1 + Gamma_k).
    """
    size, users = channels.shape
    adjoint = np.ascontiguousarray(channels.conj().T)
    gram = adjoint @ channels
    for k in range(users):
        gram[k, k] += 1e-15
    zero_forcing = channels @ np.linalg.inv(gram)
    margin = -np.inf
    for attempt in range(20):
        norm = 0.0
        for i in range(size):
            for k in range(users):
                norm += beams[i, k].real ** 2 + beams[i, k].imag ** 2
        norm = 1.0 / math.sqrt(norm)
        for i in range(size):
            for k in range(users):
                beams[i, k] *= norm
        seen = adjoint @ beams
        margin = np.inf
        rests = np.empty(users)
        for k in range(users):
            rests[k] = noise[k]
            for j in range(users):
                if j != k:
                    rests[k] += seen[k, j].real ** 2 + seen[k, j].imag ** 2
            own = abs(seen[k, k])
            margin = min(margin, math.log(1.0 + own * own / rests[k]) - math.log(1.0 + gamma[k]))
        if margin >= 0.0 or attempt == 19:
            break
        for k in range(users):
            own = abs(seen[k, k])
            needed = math.sqrt(gamma[k] * rests[k]) * (1.0 + 1e-10)
            if 0.0 < own < needed:
                for i in range(size):
                    beams[i, k] += zero_forcing[i, k] * ((needed - own) / own) * seen[k, k]
    return margin


@numba.njit(cache=True)
def beam_cost(vectors, cost, beams):
    """tr(C M^-1) and q of beams (dim, K) of unit power."""
    seen = np.ascontiguousarray(vectors[:, :3].conj().T) @ beams
    users = beams.shape[1]
    q = 1e-300
    s1 = 0.0j
    s2 = 0.0j
    for k in range(users):
        q += seen[0, k].real ** 2 + seen[0, k].imag ** 2
        s1 += seen[1, k] * seen[0, k].conjugate()
        s2 += seen[2, k] * seen[0, k].conjugate()
    m11 = m22 = q
    m12 = 0.0
    for k in range(users):
        u1 = seen[1, k] - s1 / q * seen[0, k]
        u2 = seen[2, k] - s2 / q * seen[0, k]
        m11 += u1.real**2 + u1.imag**2
        m22 += u2.real**2 + u2.imag**2
        m12 += u1.real * u2.real + u1.imag * u2.imag
    value = (cost[0, 0] * m22 - 2.0 * cost[0, 1] * m12 + cost[1, 1] * m11) / (m11 * m22 - m12 * m12)
    return value, q


@numba.njit(cache=True)
def _rank_one(vectors, noise, gamma, inverses, beams):
    """Write beams R_k g_k / (g_k^H R_k g_k)^1/2 with rates restored; return the rate margin.

    w_k w_k^H <= R_k, so that the rates hold as they do for R_k, up to rounding.
    """
    size, n_basis = vectors.shape
    users = n_basis - 3
    channels = np.ascontiguousarray(vectors[:, 3:])
    for k in range(users):
        gain = 0.0
        for i in range(size):
            t = 0.0j
            for j in range(size):
                t += inverses[k, i, j] * channels[j, k]
            beams[i, k] = t
            gain += (channels[i, k].conjugate() * t).real
        for i in range(size):
            beams[i, k] /= math.sqrt(gain)
    return restore_rates(channels, noise, gamma, beams)


@numba.njit(cache=True)
def _follow(vectors, cost, noise, gamma, uplink, mode, cap, beams, multipliers):
    """Follow the central path: (bound, value of the beams, rate margin, Newton steps)."""
    users = noise.size
    size = vectors.shape[0]
    first = 0 if mode == ILLUMINATION else SENSING
    dual = np.empty(first + users + 1)
    last = dual.size - 1
    unit_matrices = units()
    matrix = np.zeros((size, size), np.complex128)
    inverted = np.zeros((size, size), np.complex128)
    inverses = np.zeros((users, size, size), np.complex128)
    trial = np.empty((size, users), np.complex128)
    slope = np.empty(3)
    curve = np.empty((3, 3))
    start(dual, cost, uplink, mode)
    mu = 0.1
    steps = 0
    bound = -np.inf if mode == COST else np.inf
    best = np.inf if mode == COST else -np.inf
    best_margin = -np.inf
    while True:
        final = mu <= PRECISION * dual[last]
        # rounding may spoil the last centre: the one before it is judged as well
        near = mu <= PRECISION * dual[last] / SHRINK
        enough = 1e-8 if near else 1e-2
        steps += centre(dual, vectors, cost, noise, gamma, mode, cap, mu, enough, unit_matrices, matrix, inverted)
        if near:
            value = dual[last]
            for k in range(users):
                value -= dual[first + k] * noise[k]
            if mode != ILLUMINATION:
                value -= sensing_value(dual[5], dual[6], dual[7], cost, mode, cap, slope, curve)
            bound = max(bound, -value) if mode == COST else min(bound, value)
            for k in range(users):
                dual_matrix(vectors, dual, gamma, k, mode, matrix)
                invert(matrix, inverted)
                inverses[k] = inverted
            margin = _rank_one(vectors, noise, gamma, inverses, trial)
            f, q = beam_cost(vectors, cost, trial)
            better = f < best if mode == COST else q > best
            if best_margin < -RATE_SLIP:
                better = margin > best_margin
            elif margin < -RATE_SLIP:
                better = False
            if better:
                best = f if mode == COST else q
                best_margin = margin
                beams[:] = trial
                for k in range(users):
                    multipliers[k] = dual[first + k]
        if final:
            break
        mu *= SHRINK
    return bound, best, best_margin, steps


@numba.njit(cache=True)
def _polish(vectors, cost, noise, gamma, mode, cap, beams, multipliers, value):
    """Descend from the beams in the smooth problem; (value, rate margin, f) of what comes out."""
    size, users = beams.shape
    x = np.empty(2 * size * users)
    for i in range(size):
        for k in range(users):
            x[2 * (i * users + k)] = beams[i, k].real
            x[2 * (i * users + k) + 1] = beams[i, k].imag
    gains = np.ascontiguousarray(vectors.conj().T)
    channels = np.ascontiguousarray(vectors[:, 3:])
    seen = np.ascontiguousarray(channels.conj().T) @ beams
    tied = mode == TIE_BREAK
    weights = np.zeros(users + (1 if tied else 0))
    for k in range(users):
        received = noise[k]
        for j in range(users):
            received += seen[k, j].real ** 2 + seen[k, j].imag ** 2
        # from the relaxation's multiplier to that of the logarithmic constraint
        weights[k] = multipliers[k] * received / (value * gamma[k])
    trace = np.empty(15)
    kernel.descend(
        x, 0, size, gains[:1], gains, cost, noise, np.log1p(gamma),
        kernel.SENSING_COST if mode == COST else kernel.ILLUMINATION,
        math.log(cap) if tied else np.inf, weights, 1.0, 1e-9, 1e-7, 15, 300, trace,
    )  # fmt: skip
    for i in range(size):
        for k in range(users):
            beams[i, k] = complex(x[2 * (i * users + k)], x[2 * (i * users + k) + 1])
    margin = restore_rates(channels, noise, gamma, beams)
    f, q = beam_cost(vectors, cost, beams)
    return (f if mode == COST else q), margin, f


@numba.njit(cache=True)
def _relax(vectors, cost, noise, gamma, mode, slack, bound, value, margin, steps, needed, beams, ties):
    users = gamma.size
    uplink = np.empty(users)
    multipliers = np.empty(users)
    trial = np.empty(beams.shape[1:], np.complex128)
    for b in range(vectors.shape[0]):
        channels = np.ascontiguousarray(vectors[b, :, 3:])
        gram = np.ascontiguousarray(channels.conj().T) @ channels
        needed[b] = uplink_powers(gram, noise[b], gamma, 1.0, uplink)
        if not needed[b] <= 1.0:
            continue
        v = vectors[b]
        bound[b], value[b], margin[b], steps[b] = _follow(
            v, cost, noise[b], gamma, uplink, mode, 0.0, beams[b], multipliers
        )
        if abs(value[b] - bound[b]) > TIGHT * bound[b] or margin[b] < -RATE_SLIP:
            trial[:] = beams[b]
            polished, slip, _ = _polish(v, cost, noise[b], gamma, mode, 0.0, trial, multipliers, value[b])
            better = polished < value[b] if mode == COST else polished > value[b]
            if slip >= -RATE_SLIP and (better or margin[b] < -RATE_SLIP):
                beams[b] = trial
                value[b] = polished
                margin[b] = slip
        if slack > 0.0:
            ties[b] = beams[b]
            cap = (1.0 + slack) * value[b]
            _, brighter, slip, more = _follow(v, cost, noise[b], gamma, uplink, TIE_BREAK, cap, trial, multipliers)
            steps[b] += more
            f, _ = beam_cost(v, cost, trial)
            if f > cap * (1.0 + TIGHT) or slip < -RATE_SLIP:
                multipliers[:] = 0.0
                brighter, slip, f = _polish(v, cost, noise[b], gamma, TIE_BREAK, cap, trial, multipliers, 1.0)
            _, q = beam_cost(v, cost, beams[b])
            if f <= cap * (1.0 + TIGHT) and slip >= -RATE_SLIP and brighter > q:
                ties[b] = trial


@dataclass(frozen=True)
class Relaxed:
    """Solution of a batch of relaxations, in normalised units.

    Attributes
    ----------
    needed : ndarray, shape (B,)
        Least power that meets the rates, in units of the transmit power; above one the draw is
        infeasible and the rest NaN.
    bound, value : ndarray, shape (B,)
        Bound on the objective, and the objective of `beams`.
    margin : ndarray, shape (B,)
        Smallest rate margin of `beams` in nat.
    steps : ndarray of int, shape (B,)
        Newton steps.
    beams : ndarray of complex, shape (B, dim, K)
        Beams of unit power.
    ties : ndarray of complex, shape (B, dim, K), or None
        Beams that light the target most among those whose cost is at most 1 + slack times `value`.
    """

    needed: np.ndarray
    bound: np.ndarray
    value: np.ndarray
    margin: np.ndarray
    steps: np.ndarray
    beams: np.ndarray
    ties: np.ndarray | None

    @property
    def feasible(self) -> np.ndarray:
        """Draws whose rates can be met with the power there is."""
        return self.needed <= 1.0


def relax(
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    *,
    illumination: bool = False,
    tie_break: float = 0.0,
) -> Relaxed:
    """Solve the relaxation for a batch.

    Parameters
    ----------
    vectors : ndarray of complex, shape (B, dim, 3 + K)
        [a0, b1, b2, g_1, ..., g_K] in coordinates in which the transmit power is the squared norm.
    cost : ndarray, shape (2, 2)
        C.
    noise : ndarray, shape (B, K)
        Normalised noise.
    gamma : ndarray, shape (K,)
        SINR thresholds.
    illumination : bool
        Maximise a0^H R a0 instead of minimising tr(C M^-1).
    tie_break : float
        Relative slack of the cost within which the illumination is then maximised; 0: not.

    Returns
    -------
    Relaxed
    """
    batch, size, n_basis = vectors.shape
    users = n_basis - 3
    bound, value, margin, needed = (np.full(batch, np.nan) for _ in range(4))
    steps = np.zeros(batch, dtype=np.int64)
    beams = np.full((batch, size, users), np.nan + 0j)
    ties = np.full((batch, size, users), np.nan + 0j)
    _relax(
        np.ascontiguousarray(vectors),
        np.ascontiguousarray(cost),
        np.ascontiguousarray(noise),
        gamma,
        ILLUMINATION if illumination else COST,
        tie_break,
        bound,
        value,
        margin,
        steps,
        needed,
        beams,
        ties,
    )
    return Relaxed(needed, bound, value, margin, steps, beams, ties if tie_break > 0.0 else None)
