"""Hybrid beamforming by matrix approximation, the benchmark [44], for subarrays.

The fully digital beamformer W is approached by phases F_A and a digital beamformer F_D,

    min ||W - F_A F_D||_F^2 = sum_r sum_{i in r} ||W_{i,:} - e^{j phi_i} F_D(r,:)||^2,

subarray r by subarray r, by turns and in closed form on either side:

    phi_i = arg(W_{i,:} F_D(r,:)^H),   F_D = F_A^H W / M,   M antennas a subarray.

Neither the sum-rate nor the SPEB enters: the result is scaled to the full power and judged, and may
break the limit on the SPEB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from isaclib.systems.base import HAS_DESIGN, Status
from isaclib.systems.hybrid.acceptance import judge
from isaclib.systems.hybrid.analog import block_diagonal
from isaclib.systems.hybrid.communication.direct import FULLY_DIGITAL_RATE_OPTIONS, sum_rate_fully_digital
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.streams import Streams

MATRIX_APPROXIMATION_OPTIONS: Mapping[str, Any] = {"max_iterations": 200, "tolerance": 1e-9}


def check_matrix_approximation(options: Mapping[str, Any]) -> None:
    """Refuse options that `matrix_approximation` cannot take.

    Raises
    ------
    ValueError
        For fewer than one iteration, or a tolerance that is not between 0 and 1.
    """
    limit, tolerance = options["max_iterations"], options["tolerance"]
    if limit % 1 or limit < 1:
        raise ValueError(f"option max_iterations = {limit!r}: expected a whole number of at least 1")
    if not 0.0 < tolerance < 1.0:
        raise ValueError(f"option tolerance = {tolerance!r}: expected a number between 0 and 1")


@dataclass(frozen=True)
class Approximation:
    """Hybrid beamformers close to given ones.

    Attributes
    ----------
    analog : ndarray of complex, shape (B, N, N_RF)
        F_A, block-diagonal with entries of modulus one.
    digital : ndarray of complex, shape (B, N_RF, K)
        F_D.
    error : ndarray, shape (B, max_iterations + 1)
        ||W - F_A F_D||_F^2 / ||W||_F^2 at the start and after each iteration, NaN-padded.
    iterations : ndarray of int, shape (B,)
        Iterations until the error had settled.
    """

    analog: np.ndarray
    digital: np.ndarray
    error: np.ndarray
    iterations: np.ndarray


@numba.njit(cache=True)
def _turn_phases(target: np.ndarray, digital: np.ndarray, analog: np.ndarray) -> None:
    """f_i = e^{j arg(W_{i,:} F_D(r,:)^H)}: the best phases for a digital beamformer."""
    elements, streams = target.shape
    per_chain = elements // digital.shape[0]
    for i in range(elements):
        r = i // per_chain
        t = 0.0j
        for k in range(streams):
            t += target[i, k] * digital[r, k].conjugate()
        size = abs(t)
        # an antenna that the target leaves dark is as well with the phase it has
        if size > 0.0:
            analog[i] = t / size


@numba.njit(cache=True)
def _project(target: np.ndarray, analog: np.ndarray, digital: np.ndarray) -> float:
    """F_D = F_A^H W / M: the best digital beamformer for given phases; return M ||F_D||^2."""
    elements, streams = target.shape
    chains = digital.shape[0]
    per_chain = elements // chains
    kept = 0.0
    for r in range(chains):
        for k in range(streams):
            t = 0.0j
            for i in range(r * per_chain, (r + 1) * per_chain):
                t += analog[i].conjugate() * target[i, k]
            t /= per_chain
            digital[r, k] = t
            kept += per_chain * (t.real * t.real + t.imag * t.imag)
    return kept


@numba.njit(cache=True)
def _alternate(
    targets: np.ndarray,
    starts: np.ndarray,
    tolerance: float,
    analog: np.ndarray,
    digital: np.ndarray,
    error: np.ndarray,
    iterations: np.ndarray,
) -> None:
    limit = error.shape[1] - 1
    for b in range(targets.shape[0]):
        target = targets[b]
        power = 0.0
        for w in target.flat:
            power += w.real * w.real + w.imag * w.imag
        digital[b] = starts[b]
        analog[b] = 1.0
        for step in range(limit + 1):
            _turn_phases(target, digital[b], analog[b])
            # the digital beamformer is a projection: what it keeps and what it loses add up
            error[b, step] = max(0.0, 1.0 - _project(target, analog[b], digital[b]) / power)
            iterations[b] = step
            if step > 0 and error[b, step - 1] - error[b, step] <= tolerance * error[b, step]:
                break


def approximate(
    target: np.ndarray, chains: int, *, max_iterations: int = 200, tolerance: float = 1e-9
) -> Approximation:
    """Approach beamformers by phases on subarrays and a digital beamformer.

    The start is the dominant left singular vector of each subarray's rows, reduced to its phases.

    Parameters
    ----------
    target : ndarray of complex, shape (B, N, K)
        W.
    chains : int
        RF chains, a divisor of N.
    max_iterations : int
        At most so many.
    tolerance : float
        The error has settled when an iteration lowers it by no more than this share of itself.

    Returns
    -------
    Approximation
    """
    batch, elements, streams = target.shape
    blocks = target.reshape(batch, chains, elements // chains, streams)
    # u = W v / |W v|: the phases of u are those that the right singular vector v^H, as F_D(r,:), asks for
    _, vectors = np.linalg.eigh(np.conj(np.swapaxes(blocks, -1, -2)) @ blocks)
    starts = np.conj(vectors[..., -1])
    phases = np.empty((batch, elements), dtype=complex)
    digital = np.empty((batch, chains, streams), dtype=complex)
    error = np.full((batch, max_iterations + 1), np.nan)
    iterations = np.empty(batch, dtype=np.int64)
    _alternate(
        np.ascontiguousarray(target), np.ascontiguousarray(starts), tolerance, phases, digital, error, iterations
    )
    return Approximation(analog=block_diagonal(phases, chains), digital=digital, error=error, iterations=iterations)


def matrix_approximation(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Approach the fully digital design of largest sum-rate, scale to the full power, and judge.

    Nothing is tuned or repaired: a draw that then breaks the limit on the SPEB is `violating`.
    `bound` is that of the fully digital design: it holds for every beamformer that meets the limit,
    so that the gap of a `violating` design tells nothing.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        ``max_iterations`` and ``tolerance``, as `approximate` takes them.
    rng : Streams
        Handed to the fully digital solver.

    Returns
    -------
    Design
        Draws without a fully digital design keep its status and reason.

    Raises
    ------
    ValueError
        For fewer than one iteration, or a tolerance that is not between 0 and 1.
    """
    check_matrix_approximation(options)
    p = scenario.parameters
    goal = sum_rate_fully_digital(scenario, FULLY_DIGITAL_RATE_OPTIONS, rng, speb=True)
    found = np.isin(goal.status, HAS_DESIGN)
    per_chain = p.elements // p.rf_chains
    analog = np.full((len(scenario), p.elements, p.rf_chains), np.nan + 0j)
    digital = np.full((len(scenario), p.rf_chains, p.users), np.nan + 0j)
    iterations = np.zeros(len(scenario), dtype=np.int64)
    near = approximate(
        goal.beamformers[found],
        p.rf_chains,
        max_iterations=int(options["max_iterations"]),
        tolerance=options["tolerance"],
    )
    analog[found], iterations[found] = near.analog, near.iterations
    power = per_chain * np.sum(np.abs(near.digital) ** 2, axis=(-2, -1), keepdims=True)
    digital[found] = near.digital * np.sqrt(p.power_w / power)
    return judge(
        scenario,
        objective="sum-rate",
        beamformers=analog @ digital,
        analog=analog,
        digital=digital,
        bound=goal.bound,
        speb_bound_m2=goal.speb_bound_m2,
        status=np.where(found, Status.OPTIMAL, goal.status),
        reason=["" if ok else text for ok, text in zip(found, goal.reason, strict=True)],
        iterations=iterations,
        promises=("speb",),
    )
