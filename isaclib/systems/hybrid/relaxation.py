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
from isaclib.systems.hybrid.central_path import follow
from isaclib.systems.hybrid.descent import descend
from isaclib.systems.hybrid.dual_problem import COST, ILLUMINATION, SENSING, TIE_BREAK
from isaclib.systems.hybrid.feasibility import uplink_powers

TIGHT = 1e-6
"""Gap from which on beams are polished: a design counts as optimal below it."""


@numba.njit(cache=True)
def _polish(
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    mode: int,
    cap: float,
    beams: np.ndarray,
    multipliers: np.ndarray,
    value: float,
) -> tuple[float, float, float]:
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
def _relax(
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    mode: int,
    slack: float,
    bound: np.ndarray,
    value: np.ndarray,
    margin: np.ndarray,
    steps: np.ndarray,
    needed: np.ndarray,
    beams: np.ndarray,
    ties: np.ndarray,
) -> None:
    users = gamma.size
    uplink = np.empty(users)
    multipliers = np.empty(users)
    size = vectors.shape[1]
    trial = np.empty((size, users), np.complex128)
    # where the path passed a thousandth above the bound: ties are broken from there
    warm_dual = np.empty(SENSING + 2 * users + 1)
    warm_matrices = np.empty((users, size, size), np.complex128)
    warm_corner = np.empty((3, 3), np.complex128)
    warm_root = np.empty((2, 2), np.complex128)
    for b in range(vectors.shape[0]):
        channels = np.ascontiguousarray(vectors[b, :, 3:])
        gram = np.ascontiguousarray(channels.conj().T) @ channels
        needed[b] = uplink_powers(gram, noise[b], gamma, 1.0, uplink)
        if not needed[b] <= 1.0:
            continue
        v = vectors[b]
        multipliers[:] = 0.0
        bound[b], value[b], margin[b], steps[b] = follow(
            v, cost, noise[b], gamma, uplink, mode, 0.0, beams[b], multipliers,
            warm_dual, warm_matrices, warm_corner, warm_root,
        )  # fmt: skip
        if abs(value[b] - bound[b]) > TIGHT * bound[b] or margin[b] < -RATE_SLIP:
            trial[:] = beams[b]
            polished, slip, _ = _polish(v, cost, noise[b], gamma, mode, 0.0, trial, multipliers, value[b])
            better = polished < value[b] if mode == COST else polished > value[b]
            if slip >= -RATE_SLIP and (better or margin[b] < -RATE_SLIP):
                beams[b] = trial
                value[b] = polished
                margin[b] = slip
        if slack > 0.0:
            # also where the path ends without beams: nothing of another draw may remain
            ties[b] = beams[b]
            trial[:] = beams[b]
            cap = (1.0 + slack) * value[b]
            _, brighter, slip, more = follow(
                v, cost, noise[b], gamma, uplink, TIE_BREAK, cap, trial, multipliers,
                warm_dual, warm_matrices, warm_corner, warm_root,
            )  # fmt: skip
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
