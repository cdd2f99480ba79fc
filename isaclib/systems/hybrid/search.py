"""Multi-start search for hybrid beamformers by the compiled smooth problem."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from isaclib.systems.hybrid import smooth
from isaclib.systems.hybrid.beams import RATE_SLIP, restore_rates
from isaclib.systems.hybrid.simultaneous_descent import Effort, descend_many
from isaclib.systems.streams import Stream, Streams

MAX_OUTER = 15
MAX_INNER = 100
MAX_INNER_LATER = 50
"""L-BFGS steps between two updates of the multipliers, for the first start and the others."""

TOLERANCES = ((1e-5, 1e-4), (1e-8, 1e-6))
"""Complementarity and gradient at which a descent stops. Where power is too scarce to make up the rates that the first
pair leaves missing, the descent goes on to the second."""

CLOSE = 1e-3
"""Complementarity above which a descent has ended at rates that cannot be met: going on is no use."""

SAME = 1e-4
"""Difference of the objective up to which two starts have found the same optimum."""

WORSE = 1e-2
"""Excess over the best so far at which a descent is given up."""

FIRST_PENALTY = 0.1
PENALTY = 0.3
"""First penalty of the first start, near its own best, and of the others: a third as many evaluations as 2 takes where
power is plenty; with 0.1 fewer of them end at the best optimum where it is scarce."""


@dataclass(frozen=True)
class Found:
    """Best hybrid beamformer of every draw, in normalised units.

    Attributes
    ----------
    value : ndarray, shape (B,)
        Objective: log tr(C M^-1) or -log q, infinity where no start met the rates; for a search of
        the largest sum-rate that in nat, -inf where no start met the cap.
    phases : ndarray, shape (B, N)
        Phases of the analog beamformer.
    digital : ndarray of complex, shape (B, N_RF, K)
        Digital beamformer of unit power in front of F_A / sqrt(M).
    evaluations : ndarray of int, shape (B,)
        Evaluations of all starts.
    trace : ndarray, shape (B, iteration)
        Value of the best start after each L-BFGS step, NaN-padded.
    """

    value: np.ndarray
    phases: np.ndarray
    digital: np.ndarray
    evaluations: np.ndarray
    trace: np.ndarray


def search(
    basis: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    chains: int,
    *,
    fully_digital: np.ndarray,
    bound: np.ndarray,
    illumination: bool,
    starts: int,
    enough: float,
    rows: np.ndarray,
    rng: Streams,
    again: int = 0,
    trace: int = 0,
) -> Found:
    """Search from one start, and from more where the bound stays out of reach.

    The starts are the phases of the fully digital beamformer, those of the target, and random
    combinations of what the draw asks for (target, its derivatives, users) on each subarray.

    Parameters
    ----------
    basis : ndarray of complex, shape (B, N, 3 + K)
        V.
    cost : ndarray, shape (2, 2)
        C.
    noise : ndarray, shape (B, K)
        Normalised noise.
    gamma : ndarray, shape (K,)
        SINR thresholds.
    chains : int
        RF chains.
    fully_digital : ndarray of complex, shape (B, N, K)
        Beams of the fully digital optimum.
    bound : ndarray, shape (B,)
        Its bound, on the scale of ``value``.
    illumination : bool
        Maximise q instead of minimising tr(C M^-1).
    starts : int
        At most so many starts.
    enough : float
        No further start where the objective is within this ratio of the bound.
    rows : ndarray of int, shape (B,)
        Which realisations of `rng` the draws are.
    rng : Streams
        Random starts.
    again : int
        No further start either once the best optimum has been found again so often; 0: no such end.
    trace : int
        L-BFGS steps whose value is kept.

    Returns
    -------
    Found
    """
    batch, elements, _ = basis.shape
    users = noise.shape[1]
    found = Found(
        value=np.full(batch, np.inf),
        phases=np.zeros((batch, elements)),
        digital=np.zeros((batch, chains, users), dtype=complex),
        evaluations=np.zeros(batch, dtype=np.int64),
        trace=np.full((batch, trace), np.nan),
    )
    basis, cost, noise = (np.ascontiguousarray(array) for array in (basis, cost, noise))
    times_found = np.zeros(batch, dtype=np.int64)
    open_draws = np.arange(batch)
    for number in range(starts):
        if number == 1:
            open_draws = np.flatnonzero(found.value > bound + np.log1p(enough))
        if number and again:
            near = found.value[open_draws] <= bound[open_draws] + np.log1p(enough)
            open_draws = open_draws[~near & (times_found[open_draws] <= again)]
        if not len(open_draws):
            break
        phases, digital = _start(number, basis[open_draws], fully_digital[open_draws], chains, rows[open_draws], rng)
        before = found.value[open_draws]
        ended = _descend(found, open_draws, phases, digital, basis, cost, noise, gamma, chains, illumination, number)
        # a better optimum starts the count anew; inf - inf where neither start gave a design
        with np.errstate(invalid="ignore"):
            times_found[open_draws[before - ended > SAME]] = 0
        same = np.isfinite(ended) & (ended <= found.value[open_draws] + SAME)
        times_found[open_draws[same]] += 1
    return found


def _descend(
    found: Found,
    draws: np.ndarray,
    phases: np.ndarray,
    digital: np.ndarray,
    basis: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    chains: int,
    illumination: bool,
    number: int,
) -> np.ndarray:
    """Descend from one start a draw, keep what is better than before; return where each ended."""
    elements = basis.shape[1]
    x = packed(phases, digital)
    ended = np.full(len(draws), np.inf)
    where = np.arange(len(draws))
    multipliers = np.zeros((len(draws), len(gamma)))
    traces = np.full((len(draws), found.trace.shape[1]), np.nan)
    steps = traces
    for tolerance, gradient_tolerance in TOLERANCES:
        value, residual, margin, exact = np.empty((4, len(draws)))
        evaluations = np.zeros(len(draws), dtype=np.int64)
        descend_many(
            x, draws, chains, basis, cost, noise, np.log1p(gamma),
            smooth.ILLUMINATION if illumination else smooth.SENSING_COST, np.inf, multipliers,
            Effort(
                PENALTY if number else FIRST_PENALTY, tolerance, gradient_tolerance, MAX_OUTER,
                MAX_INNER_LATER if number else MAX_INNER,
            ),
            value, residual, evaluations, steps, found.value[draws] + WORSE,
        )  # fmt: skip
        found.evaluations[draws] += evaluations
        parts = x[:, elements:].reshape(len(draws), chains, -1, 2)
        beams = np.ascontiguousarray(parts[..., 0] + 1j * parts[..., 1])
        gains = np.ascontiguousarray(analog_gains(basis[draws], x[:, :elements], chains))
        _finish(gains, cost, noise[draws], gamma, illumination, np.isfinite(value), beams, margin, exact)
        met = margin >= -RATE_SLIP
        ended[where[met]] = exact[met]
        better = met & (exact < found.value[draws])
        found.value[draws[better]] = exact[better]
        found.phases[draws[better]] = x[better, :elements]
        found.digital[draws[better]] = beams[better]
        found.trace[draws[better]] = traces[better]
        missed = ~met & (value < found.value[draws]) & (residual <= CLOSE)
        if not missed.any():
            break
        draws, where, x, multipliers, traces = (a[missed] for a in (draws, where, x, multipliers, traces))
        # the trace is that of the first descent
        steps = np.empty((len(draws), 0))
    return ended


@numba.njit(cache=True)
def _finish(
    gains: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    illumination: bool,
    wanted: np.ndarray,
    beams: np.ndarray,
    margin: np.ndarray,
    value: np.ndarray,
) -> None:
    """Restore the rates of beams (J, N_RF, K) behind V^H F_A (J, 3 + K, N_RF); their margins and objectives."""
    for j in range(beams.shape[0]):
        margin[j], value[j] = -np.inf, np.inf
        if wanted[j]:
            channels = np.ascontiguousarray(gains[j, 3:].conj().T)
            margin[j] = restore_rates(channels, noise[j], gamma, beams[j])
            value[j] = smooth.objective_of(gains[j] @ beams[j], cost, illumination)


def analog_gains(basis: np.ndarray, phases: np.ndarray, chains: int) -> np.ndarray:
    """V^H F_A / sqrt(M), shape (B, 3 + K, N_RF)."""
    batch, elements, count = basis.shape
    per_chain = elements // chains
    rotors = np.exp(1j * phases).reshape(batch, chains, per_chain) / np.sqrt(per_chain)
    return np.einsum("bcmp,bcm->bpc", np.conj(basis).reshape(batch, chains, per_chain, count), rotors)


def packed(phases: np.ndarray, digital: np.ndarray) -> np.ndarray:
    """Variables of a descent, shape (B, N + 2 N_RF K), from phases and digital beamformers."""
    parts = np.stack([digital.real, digital.imag], axis=-1).reshape(len(digital), -1)
    return np.ascontiguousarray(np.concatenate([phases, parts], axis=1))


def project(fully_digital: np.ndarray, chains: int) -> tuple[np.ndarray, np.ndarray]:
    """Phases (B, N) and digital beamformers (B, N_RF, K) near fully digital beams (B, N, K)."""
    batch, elements, _ = fully_digital.shape
    per_chain = elements // chains
    blocks = fully_digital.reshape(batch, chains, per_chain, -1)
    # the dominant left singular vector, from the small Gram matrix
    dominant = blocks @ np.linalg.eigh(np.conj(np.swapaxes(blocks, -1, -2)) @ blocks)[1][..., -1:]
    phases = np.angle(dominant).reshape(batch, elements)
    rotors = np.exp(1j * phases).reshape(batch, chains, per_chain)
    return phases, np.einsum("bcm,bcmk->bck", np.conj(rotors), blocks) / np.sqrt(per_chain)


def mixed_phases(basis: np.ndarray, mixture: np.ndarray) -> np.ndarray:
    """Phases (B, N) of combinations (B, N_RF, 3 + K) of what target, derivatives and users ask for."""
    batch, elements, count = basis.shape
    # half a share for the derivatives of the response
    mixture[:, :, 1:3] *= 0.5
    blocks = basis.reshape(batch, mixture.shape[1], -1, count)
    return np.angle(np.einsum("bcmp,bcp->bcm", blocks, mixture)).reshape(batch, elements)


def _start(
    number: int, basis: np.ndarray, fully_digital: np.ndarray, chains: int, rows: np.ndarray, rng: Streams
) -> tuple[np.ndarray, np.ndarray]:
    """Phases (B, N) and digital beamformers (B, N_RF, K) of a start."""
    if number == 0:
        return project(fully_digital, chains)
    if number == 1:
        return np.angle(basis[:, :, 0]), _matched(basis, np.angle(basis[:, :, 0]), chains, 0.7)
    phases = mixed_phases(basis, rng.complex_normal(Stream.SOLVER_START, (chains, basis.shape[2]), number)[rows])
    return phases, _matched(basis, phases, chains, 0.5)


def _matched(basis: np.ndarray, phases: np.ndarray, chains: int, share: float) -> np.ndarray:
    """Digital columns matched to the target (with `share`) and to each user."""
    gains = np.conj(analog_gains(basis, phases, chains))
    unit = gains / np.linalg.norm(gains, axis=-1, keepdims=True)
    columns = share * unit[:, :1] + (1.0 - share) * unit[:, 3:]
    return np.ascontiguousarray(np.swapaxes(columns, 1, 2))
