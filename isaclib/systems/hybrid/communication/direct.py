"""The direct solvers of the communication-oriented schemes: sum-rate under SPEB <= Gamma_s, problem (24).

`sum_rate_fully_digital` solves the dual and certifies its beams; `sum_rate_hybrid` searches phases and digital
beamformer together, and its distance to the fully digital bound is the price of the hybrid structure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.systems.base import Status
from isaclib.systems.hybrid.acceptance import judge
from isaclib.systems.hybrid.analog import block_diagonal
from isaclib.systems.hybrid.certificate import sensing_and_channels
from isaclib.systems.hybrid.communication.bound import FullyDigital, fully_digital
from isaclib.systems.hybrid.communication.search import search
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.streams import Streams

FULLY_DIGITAL_RATE_OPTIONS: Mapping[str, Any] = {}
HYBRID_RATE_OPTIONS: Mapping[str, Any] = {"starts": 12, "again": 4, "trace": 0}


def check_hybrid_rate(options: Mapping[str, Any]) -> None:
    """Refuse options that `sum_rate_hybrid` cannot take.

    Raises
    ------
    ValueError
        For fewer than one start, or a negative `again` or `trace`.
    """
    if options["starts"] < 1:
        raise ValueError(f"option starts = {options['starts']!r}: expected a whole number of at least 1")
    if options["again"] < 0:
        raise ValueError(f"option again = {options['again']!r}: expected a whole number of at least 0")
    if options["trace"] < 0:
        raise ValueError(f"option trace = {options['trace']!r}: expected a whole number of at least 0")


def _promises(speb: bool) -> tuple[str, ...]:
    return ("speb",) if speb else ()


def _outcome(scenario: Scenario, digital: FullyDigital, found: np.ndarray, what: str) -> tuple[np.ndarray, list[str]]:
    """Status and reason of every draw: the limit is out of reach by theory, or no beamformer met it."""
    if digital.solved is None:
        least = np.sqrt(digital.problem.speb0)
        reason = (
            f"no beamformer has a position error bound below {least:.3g} m, {scenario.parameters.max_peb_m:g} m asked"
        )
        return np.full(len(scenario), Status.INFEASIBLE), [reason] * len(scenario)
    return np.where(found, Status.OPTIMAL, Status.NOT_FOUND), ["" if ok else what for ok in found]


def sum_rate_fully_digital(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, speb: bool) -> Design:
    """Maximise the sum-rate fully digitally, with a certificate.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        None are taken.
    rng : Streams
        Not used.
    speb : bool
        Under SPEB <= Gamma_s, or without that constraint.

    Returns
    -------
    Design
        The objective is the sum-rate (10) in bit/s/Hz.
    """
    solution = fully_digital(scenario, speb=speb)
    beamformers = np.sqrt(scenario.parameters.power_w) * solution.beamformers()
    found = np.isfinite(beamformers).all(axis=(-2, -1))
    status, reason = _outcome(scenario, solution, found, "no beams met the limit on the SPEB")
    return judge(
        scenario,
        objective="sum-rate",
        beamformers=beamformers,
        bound=solution.bound,
        speb_bound_m2=np.full(len(scenario), solution.problem.speb0),
        status=status,
        reason=reason,
        iterations=np.zeros(len(scenario), dtype=np.int64) if solution.solved is None else solution.solved.steps,
        promises=_promises(speb),
    )


def sum_rate_hybrid(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, speb: bool) -> Design:
    """Search phases and digital beamformer as one smooth problem.

    Without the SPEB constraint the search is the same, from the same starts: a limit that no start feels changes
    nothing.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        ``starts``: at most so many, one less without the constraint, where the first two are the same;
        ``again``: no more once the best optimum has been found again so often (0: all of them);
        ``trace``: steps of the best start whose sum-rate is kept.
    rng : Streams
        Random starts.
    speb : bool
        Under SPEB <= Gamma_s, or without that constraint.

    Returns
    -------
    Design
        The objective is the sum-rate (10) in bit/s/Hz, `bound` that of the fully digital beamformers.

    Raises
    ------
    ValueError
        For fewer than one start, or a negative `again` or `trace`.
    """
    check_hybrid_rate(options)
    starts, steps = int(options["starts"]), int(options["trace"])
    p, batch = scenario.parameters, len(scenario)
    solution = fully_digital(scenario, speb=speb)
    problem = solution.problem
    analog = np.full((batch, p.elements, p.rf_chains), np.nan + 0j)
    digital = np.full((batch, p.rf_chains, p.users), np.nan + 0j)
    evaluations = np.zeros(batch, dtype=np.int64)
    trace = np.full((batch, steps), np.nan)
    if solution.solved is not None:
        projected = [solution.beamformers()]
        if solution.cap < np.inf:
            unlimited = fully_digital(scenario, speb=False).beamformers()
            projected = [np.where(np.isfinite(projected[0]), projected[0], unlimited), unlimited]
        result = search(
            sensing_and_channels(problem),
            problem.weight,
            problem.noise,
            solution.cap,
            p.rf_chains,
            projected=tuple(projected),
            # without the constraint the first two starts are one
            starts=max(1, starts - 2 + len(projected)),
            rng=rng,
            again=int(options["again"]),
            trace=steps,
        )
        kept = np.isfinite(result.value)
        analog[kept] = block_diagonal(np.exp(1j * result.phases[kept]), p.rf_chains)
        digital[kept] = np.sqrt(p.power_w / (p.elements // p.rf_chains)) * result.digital[kept]
        evaluations = result.evaluations
        trace = result.trace / np.log(2.0)
    beamformers = analog @ digital
    found = np.isfinite(beamformers).all(axis=(-2, -1))
    status, reason = _outcome(scenario, solution, found, f"none of {starts} starts met the limit on the SPEB")
    return judge(
        scenario,
        objective="sum-rate",
        beamformers=beamformers,
        analog=analog,
        digital=digital,
        bound=solution.bound,
        speb_bound_m2=np.full(batch, problem.speb0),
        status=status,
        reason=reason,
        iterations=evaluations,
        trace=trace if steps else None,
        promises=_promises(speb),
    )
