"""Multi-start search for hybrid beamformers by the compiled smooth problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.hybrid import smooth
from isaclib.systems.hybrid.beams import RATE_SLIP, restore_rates
from isaclib.systems.hybrid.descent import descend_many
from isaclib.systems.streams import Stream, Streams

MAX_OUTER = 15
MAX_INNER = 100
TOLERANCES = ((1e-5, 1e-4), (1e-8, 1e-6))
"""Complementarity and gradient at which a descent stops. Where power is too scarce to make up the rates that the first
pair leaves missing, the descent goes on to the second."""

CLOSE = 1e-3
"""Complementarity above which a descent has ended at rates that cannot be met: going on is no use."""

FIRST_PENALTY = 0.3
PENALTY = 2.0
"""First penalty of one start (fast near its own best) and of many (best of all; see docs/performance.md)."""


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
    open_draws = np.arange(batch)
    for number in range(starts):
        if number == 1:
            open_draws = np.flatnonzero(found.value > bound + np.log1p(enough))
        if not len(open_draws):
            break
        phases, digital = _start(number, basis[open_draws], fully_digital[open_draws], chains, rows[open_draws], rng)
        _descend(found, open_draws, phases, digital, basis, cost, noise, gamma, chains, illumination, number)
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
) -> None:
    """Descend from one start a draw; keep what is better than before."""
    count = len(phases)
    x = packed(phases, digital)
    basis, cost, noise = (np.ascontiguousarray(array) for array in (basis, cost, noise))
    multipliers = np.zeros((count, len(gamma)))
    traces = np.full((count, found.trace.shape[1]), np.nan)
    steps = traces
    for tolerance, gradient_tolerance in TOLERANCES:
        value, residual = np.empty(len(draws)), np.empty(len(draws))
        evaluations = np.zeros(len(draws), dtype=np.int64)
        descend_many(
            x, draws, chains, basis, cost, noise, np.log1p(gamma),
            smooth.ILLUMINATION if illumination else smooth.SENSING_COST, np.inf, multipliers,
            PENALTY if number else FIRST_PENALTY, tolerance, gradient_tolerance, MAX_OUTER, MAX_INNER,
            value, residual, evaluations, steps,
        )  # fmt: skip
        found.evaluations[draws] += evaluations
        missed = [
            index
            for index, draw in enumerate(draws)
            if value[index] < found.value[draw]
            and not _keep(found, draw, x[index], traces[index], basis, cost, noise, gamma, chains, illumination)
            and residual[index] <= CLOSE
        ]
        if not missed:
            break
        draws, x, multipliers, traces = draws[missed], x[missed], multipliers[missed], traces[missed]
        # the trace is that of the first descent
        steps = np.empty((len(draws), 0))


def _keep(
    found: Found,
    draw: int,
    x: np.ndarray,
    trace: np.ndarray,
    basis: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    chains: int,
    illumination: bool,
) -> bool:
    """Restore the rates of where a descent ended; keep it if it is the best so far. False: a rate is missed."""
    elements = basis.shape[1]
    ends = x[elements:].reshape(chains, -1, 2)
    beam = np.ascontiguousarray(ends[..., 0] + 1j * ends[..., 1])
    gains = analog_gains(basis[draw : draw + 1], x[None, :elements], chains)[0]
    vectors = np.ascontiguousarray(np.conj(gains.T))
    margin = restore_rates(np.ascontiguousarray(vectors[:, 3:]), noise[draw], gamma, beam)
    if not margin >= -RATE_SLIP:
        return False
    exact = smooth.objective_of(np.ascontiguousarray(gains @ beam), cost, illumination)
    if exact < found.value[draw]:
        found.value[draw] = exact
        found.phases[draw] = x[:elements]
        found.digital[draw] = beam
        found.trace[draw] = trace
    return True


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
    dominant = np.linalg.svd(blocks, full_matrices=False)[0][..., 0]
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
