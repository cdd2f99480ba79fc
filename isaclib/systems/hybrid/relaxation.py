"""Bound and beamformers of the sensing problems at a given digital dimension.

The relaxation of `isaclib.systems.hybrid.dual_problem` is nearly always tight: beams
w_k = R_k g_k / (g_k^H R_k g_k)^1/2 taken from the end of its central path meet the bound to
1e-7. What is left (degenerate draws, where the R_k of the path have a higher rank although beams
as good exist) is polished by the smooth problem of `isaclib.systems.hybrid.smooth`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np

from isaclib.systems.hybrid import smooth
from isaclib.systems.hybrid.beams import RATE_SLIP, beam_cost, restore_rates
from isaclib.systems.hybrid.central_path import Draws, Solutions, Warm, follow
from isaclib.systems.hybrid.descent import descend
from isaclib.systems.hybrid.dual_problem import COST, ILLUMINATION, SENSING, TIE_BREAK
from isaclib.systems.hybrid.feasibility import uplink_powers

TIGHT = 1e-6
"""Gap from which on beams are polished: a design counts as optimal below it."""


@numba.njit(cache=True)
def _polish(
    draws: Draws, b: int, mode: int, cap: float, beams: np.ndarray, multipliers: np.ndarray, value: float
) -> tuple[float, float, float]:
    """Descend from the beams of draw b in the smooth problem; (value, rate margin, f) of what comes out."""
    vectors, cost, noise, gamma = draws.vectors[b], draws.cost, draws.noise[b], draws.gamma
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
    descend(
        x, gains, cost, noise, np.log1p(gamma), smooth.SENSING_COST if mode == COST else smooth.ILLUMINATION,
        math.log(cap) if tied else np.inf, weights, 1.0, 1e-9, 1e-7, 15, 300,
    )  # fmt: skip
    for i in range(size):
        for k in range(users):
            beams[i, k] = complex(x[2 * (i * users + k)], x[2 * (i * users + k) + 1])
    margin = restore_rates(channels, noise, gamma, beams)
    f, q = beam_cost(vectors, cost, beams)
    return (f if mode == COST else q), margin, f


@numba.njit(cache=True)
def _need(draws: Draws, needed: np.ndarray) -> None:
    """Write uplink powers, and the power the rates take."""
    for b in range(needed.size):
        channels = np.ascontiguousarray(draws.vectors[b, :, 3:])
        gram = np.ascontiguousarray(channels.conj().T) @ channels
        needed[b] = uplink_powers(gram, draws.noise[b], draws.gamma, 1.0, draws.uplink[b])


@numba.njit(cache=True)
def _polish_loose(draws: Draws, chosen: np.ndarray, mode: int, out: Solutions) -> None:
    """Polish beams that miss the bound."""
    trial = np.empty(out.beams.shape[1:], np.complex128)
    for b in chosen:
        bound, value, margin = out.bound[b], out.value[b], out.margin[b]
        if abs(value - bound) > TIGHT * bound or margin < -RATE_SLIP:
            trial[:] = out.beams[b]
            polished, slip, _ = _polish(draws, b, mode, 0.0, trial, out.multipliers[b], value)
            better = polished < value if mode == COST else polished > value
            if slip >= -RATE_SLIP and (better or margin < -RATE_SLIP):
                out.beams[b] = trial
                out.value[b] = polished
                out.margin[b] = slip


@numba.njit(cache=True)
def _settle_ties(draws: Draws, chosen: np.ndarray, tied: Solutions, beams: np.ndarray) -> None:
    """Leave in `tied.beams` what lights the target more than the beams do, or the beams."""
    for b in chosen:
        cap, trial = draws.cap[b], tied.beams[b]
        value, slip = tied.value[b], tied.margin[b]
        f, _ = beam_cost(draws.vectors[b], draws.cost, trial)
        if f > cap * (1.0 + TIGHT) or slip < -RATE_SLIP:
            tied.multipliers[b] = 0.0
            value, slip, f = _polish(draws, b, TIE_BREAK, cap, trial, tied.multipliers[b], 1.0)
        _, q = beam_cost(draws.vectors[b], draws.cost, beams[b])
        if not (f <= cap * (1.0 + TIGHT) and slip >= -RATE_SLIP and value > q):
            trial[:] = beams[b]


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
    mode = ILLUMINATION if illumination else COST
    draws = Draws(
        np.ascontiguousarray(vectors), np.ascontiguousarray(cost), np.ascontiguousarray(noise), gamma,
        np.empty((batch, users)), np.full(batch, np.inf),
    )  # fmt: skip
    needed = np.empty(batch)
    _need(draws, needed)
    chosen = np.flatnonzero(needed <= 1.0)
    kept = batch if tie_break > 0.0 else 0
    warm = Warm(
        np.empty((kept, SENSING + 2 * users + 1)), np.empty((kept, users, size, size, 2)),
        np.empty((kept, 3, 3, 2)), np.empty((kept, 2, 2, 2)),
    )  # fmt: skip
    solved = _no_solutions(batch, size, users)
    follow(draws, chosen, mode, warm, solved)
    _polish_loose(draws, chosen, mode, solved)
    if not kept:
        return Relaxed(needed, solved.bound, solved.value, solved.margin, solved.steps, solved.beams, None)
    draws.cap[:] = (1.0 + tie_break) * solved.value
    # where a path ends without beams they stay what they were
    tied = _no_solutions(batch, size, users)._replace(beams=solved.beams.copy(), steps=solved.steps)
    follow(draws, chosen, TIE_BREAK, warm, tied)
    _settle_ties(draws, chosen, tied, solved.beams)
    return Relaxed(needed, solved.bound, solved.value, solved.margin, solved.steps, solved.beams, tied.beams)


def _no_solutions(batch: int, size: int, users: int) -> Solutions:
    bound, value, margin = (np.full(batch, np.nan) for _ in range(3))
    beams = np.full((batch, size, users), np.nan + 0j)
    return Solutions(bound, value, margin, np.zeros(batch, dtype=np.int64), beams, np.zeros((batch, users)))
