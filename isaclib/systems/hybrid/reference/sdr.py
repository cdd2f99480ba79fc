"""Fully digital SPEB minimisation by semidefinite relaxation at full size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isaclib.numerics.conic import check_solver
from isaclib.systems.hybrid.certificate import speb_lower_bound
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.reference.outcome import Attempt, attempt_each, to_design, unattainable
from isaclib.systems.hybrid.reference.programs import digital_relaxation
from isaclib.systems.hybrid.reference.recovery import beams_from_covariances
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.streams import Streams

SDR_OPTIONS: Mapping[str, Any] = {"conic_solver": "CLARABEL"}


def check_sdr(options: Mapping[str, Any]) -> None:
    """Refuse a conic solver that there is not.

    Raises
    ------
    ValueError
        For a name that is none of `isaclib.numerics.conic.CONIC_SOLVERS`.
    """
    check_solver(options["conic_solver"])


def sdr(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Minimise the SPEB over K covariances of size N x N, then take their principal eigenvectors.

    Problem (38) with F_A = I. No random numbers are used.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `SDR_OPTIONS`.
    rng : Streams
        Not used.

    Returns
    -------
    Design
        Fully digital.
    """
    solver = check_solver(options["conic_solver"])
    problem = normalise(scenario)

    def one(index: int) -> Attempt:
        relaxed = digital_relaxation(problem, index, None, objective="error", solver=solver)
        if not relaxed.status.has_solution:
            return Attempt(reason=f"{solver} ended: {relaxed.status.value}")
        beams, met = beams_from_covariances(relaxed.covariances, problem.g[index], problem.noise[index], problem.gamma)
        return Attempt(digital=beams, trace=(float(problem.cost(problem.gram(beams))),) if met else (float("nan"),))

    attempts = attempt_each(unattainable(scenario, problem), one)
    bound = speb_lower_bound(scenario)
    return to_design(scenario, problem, attempts, objective="speb", hybrid=False, bound=bound, speb_bound_m2=bound)
