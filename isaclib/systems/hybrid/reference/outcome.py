"""From what a reference solver found, draw by draw, to a design of the batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from isaclib.systems.base import Status
from isaclib.systems.hybrid.acceptance import judge
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.feasibility import minimum_power_w
from isaclib.systems.hybrid.normalisation import NormalisedProblem
from isaclib.systems.hybrid.scenario import Scenario


@dataclass(frozen=True)
class Attempt:
    """What a reference solver found for one realisation, in normalised units.

    Attributes
    ----------
    analog : ndarray of complex, shape (N, N_RF), or None
        F_A; None when fully digital or not found.
    digital : ndarray of complex, shape (N_RF, K) or (N, K), or None
        F_D, or W when fully digital, for unit transmit power; None where nothing was found.
    status : Status
        Taken where there are no beamformers.
    reason : str
        Why there are none.
    trace : tuple of float
        Objective after each iteration, the SPEB and the sensing SNR normalised, the sum-rate in
        bit/s/Hz; NaN where the promised constraints were not met.
    seconds : float
        Time spent.
    """

    analog: np.ndarray | None = None
    digital: np.ndarray | None = None
    status: Status = Status.NOT_FOUND
    reason: str = ""
    trace: tuple[float, ...] = ()
    seconds: float = 0.0


def unattainable(
    scenario: Scenario, problem: NormalisedProblem, promises: Sequence[str] = ("rate",)
) -> tuple[str, ...]:
    """Why a promise cannot be kept on a realisation by any beamformer; empty where it can.

    Rates alone are attainable if their least power is within the budget; the SPEB alone, if the
    sensing-only optimum meets it, which does not depend on the channels.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    problem : NormalisedProblem
        Its scales.
    promises : sequence of str
        Of `isaclib.systems.hybrid.acceptance.PROMISES`.

    Returns
    -------
    tuple of str, length B
    """
    p = scenario.parameters
    reasons = [""] * len(scenario)
    if "rate" in promises:
        needed_w = minimum_power_w(scenario.channels, p.min_rates_bps_hz, p.noise_w)
        reasons = [f"the rates need {x:.3g} W of {p.power_w:.3g} W" if x > p.power_w else "" for x in needed_w]
    if "speb" in promises and p.max_speb_m2 < problem.speb0:
        least = np.sqrt(problem.speb0)
        reason = f"no beamformer has a position error bound below {least:.3g} m, {p.max_peb_m:g} m asked"
        reasons = [reason] * len(scenario)
    return tuple(reasons)


def attempt_each(reasons: Sequence[str], one: Callable[[int], Attempt]) -> list[Attempt]:
    """Run a solver on every realisation that `unattainable` leaves open.

    An exception on one realisation is its failure, not the batch's.

    Parameters
    ----------
    reasons : sequence of str
        From `unattainable`.
    one : callable
        ``one(index) -> Attempt``.

    Returns
    -------
    list of Attempt
        One a realisation, timed.
    """
    attempts = []
    for index, reason in enumerate(reasons):
        began = time.perf_counter()
        if reason:
            found = Attempt(status=Status.INFEASIBLE, reason=reason)
        else:
            try:
                found = one(index)
            except MemoryError:  # the machine's fault, not the draw's
                raise
            except Exception as error:  # one draw may fail in any other way; the others go on
                found = Attempt(status=Status.FAILED, reason=f"{type(error).__name__}: {error}".splitlines()[0])
        attempts.append(replace(found, seconds=time.perf_counter() - began))
    return attempts


def to_design(
    scenario: Scenario,
    problem: NormalisedProblem,
    attempts: list[Attempt],
    *,
    objective: str,
    hybrid: bool,
    bound: np.ndarray,
    speb_bound_m2: np.ndarray,
    promises: Sequence[str] = ("rate",),
) -> Design:
    """Put the attempts together and have them judged from their beamformers alone.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    problem : NormalisedProblem
        Its scales.
    attempts : list of Attempt
        One a realisation.
    objective : str
        A key of `isaclib.systems.hybrid.acceptance.OBJECTIVES`.
    hybrid : bool
        Whether the attempts carry an analog beamformer.
    bound, speb_bound_m2 : ndarray, shape (B,)
        Certified bounds on the objective and on the SPEB.
    promises : sequence of str
        Of `isaclib.systems.hybrid.acceptance.PROMISES`: what the scheme promises.

    Returns
    -------
    Design
    """
    p = scenario.parameters
    batch = len(scenario)
    beamformers = np.full((batch, p.elements, p.users), np.nan + 0j)
    analog = np.full((batch, p.elements, p.rf_chains), np.nan + 0j) if hybrid else None
    digital = np.full((batch, p.rf_chains, p.users), np.nan + 0j) if hybrid else None
    scale = {"snr": problem.snr0, "sum-rate": 1.0}.get(objective, problem.cost0)
    trace = np.full((batch, max(1, *(len(attempt.trace) for attempt in attempts))), np.nan)
    for index, attempt in enumerate(attempts):
        trace[index, : len(attempt.trace)] = scale * np.asarray(attempt.trace)
        if attempt.digital is None:
            continue
        scaled = attempt.digital * np.sqrt(p.power_w)
        if analog is not None and digital is not None and attempt.analog is not None:
            analog[index], digital[index] = attempt.analog, scaled
            scaled = attempt.analog @ scaled
        beamformers[index] = scaled
    return judge(
        scenario,
        objective=objective,
        beamformers=beamformers,
        analog=analog,
        digital=digital,
        bound=bound,
        speb_bound_m2=speb_bound_m2,
        status=np.array([attempt.status if attempt.digital is None else Status.OPTIMAL for attempt in attempts]),
        reason=[attempt.reason for attempt in attempts],
        promises=promises,
        iterations=np.array([len(attempt.trace) for attempt in attempts]),
        trace=trace,
        solve_seconds=np.array([attempt.seconds for attempt in attempts]),
    )
