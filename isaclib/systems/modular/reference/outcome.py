"""From what a reference solver found, draw by draw, to a design of the batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from isaclib.systems.base import Status
from isaclib.systems.modular.acceptance import judge
from isaclib.systems.modular.analog import Analog
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.direct import dual
from isaclib.systems.modular.reference.problem import Problem
from isaclib.systems.modular.scenario import Scenario


@dataclass(frozen=True)
class Attempt:
    """What a reference solver found for one realisation.

    Attributes
    ----------
    beams : ndarray of complex, shape (n, N_s), or None
        X of `Problem`, brought to unit norm; None where nothing was found.
    status : Status
        Taken where there are no beams.
    reason : str
        Why there are none.
    trace : tuple of float
        Spectral efficiency after each iteration, nat.
    iterations : int
        Iterations of the solver.
    seconds : float
        Time spent.
    """

    beams: np.ndarray | None = None
    status: Status = Status.NOT_FOUND
    reason: str = ""
    trace: tuple[float, ...] = ()
    iterations: int = 0
    seconds: float = 0.0


def design_each(scenario: Scenario, one: Callable[[Problem, int], Attempt]) -> Design:
    """Run a solver on every realisation whose SCNR can be reached; have the designs judged.

    The bound and what is out of reach come from the dual. An exception on one realisation is its
    failure, not the batch's.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    one : callable
        ``one(problem, index) -> Attempt``.

    Returns
    -------
    Design
        With the trace that the attempts have, if any has one.
    """
    p = scenario.parameters
    theory = dual(scenario, {}, scenario.streams, hybrid=True)
    analog = Analog(scenario)
    coordinates = np.full((len(scenario), p.rf_chains, p.streams), np.nan + 0j)
    attempts = []
    for index, status in enumerate(theory.status):
        began = time.perf_counter()
        if status == Status.INFEASIBLE:
            found = Attempt(status=Status.INFEASIBLE, reason=theory.reason[index])
        else:
            try:
                found = one(Problem.of(scenario, analog, index), index)
            except MemoryError:  # the machine's fault, not the draw's
                raise
            except Exception as error:  # one draw may fail in any other way; the others go on
                found = Attempt(status=Status.FAILED, reason=f"{type(error).__name__}: {error}".splitlines()[0])
        attempts.append(replace(found, seconds=time.perf_counter() - began))
        if found.beams is not None:
            coordinates[index] = found.beams * (np.sqrt(p.power_w) / np.linalg.norm(found.beams))
    digital, beamformers = analog.expand(coordinates)
    longest = max(len(attempt.trace) for attempt in attempts)
    trace = np.full((len(scenario), longest), np.nan) if longest else None
    if trace is not None:
        for row, attempt in zip(trace, attempts, strict=True):
            row[: len(attempt.trace)] = np.asarray(attempt.trace) / np.log(2.0)
    return judge(
        scenario,
        beamformers=beamformers,
        blocks=analog.blocks,
        digital=digital,
        bound=theory.bound,
        reachable_scnr=theory.reachable_scnr,
        status=np.array([attempt.status if attempt.beams is None else Status.OPTIMAL for attempt in attempts]),
        reason=[attempt.reason for attempt in attempts],
        iterations=np.array([attempt.iterations for attempt in attempts]),
        trace=trace,
        solve_seconds=np.array([attempt.seconds for attempt in attempts]),
    )
