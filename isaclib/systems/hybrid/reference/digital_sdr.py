"""Two-stage hybrid beamforming: analog focusing, then a digital stage by semidefinite relaxation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.numerics.conic import check_solver
from isaclib.systems.base import Status
from isaclib.systems.hybrid.certificate import sensing_and_channels, speb_lower_bound
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.reference.outcome import Attempt, attempt_each, to_design, unattainable
from isaclib.systems.hybrid.reference.programs import digital_relaxation
from isaclib.systems.hybrid.reference.recovery import beams_from_covariances
from isaclib.systems.hybrid.relaxation import relax
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.hybrid.two_stage import focusing_beamformer
from isaclib.systems.streams import Streams

DIGITAL_SDR_OPTIONS: Mapping[str, Any] = {"conic_solver": "CLARABEL"}


def check_digital_sdr(options: Mapping[str, Any]) -> None:
    """Refuse a conic solver that there is not.

    Raises
    ------
    ValueError
        For a name that is none of `isaclib.numerics.conic.CONIC_SOLVERS`.
    """
    check_solver(options["conic_solver"])


def digital_sdr(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Minimise the joint bound on distance and angle over F_D, with F_A from `focusing_beamformer`.

    Problem (38) with the weight (T T^T)^-1 on J_e^-1. With F_A fixed, a realisation whose rates
    need more power than there is through F_A has no design of this scheme: `infeasible`.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `DIGITAL_SDR_OPTIONS`.
    rng : Streams
        Not used.

    Returns
    -------
    Design
        Hybrid; the objective is the trace of the joint bound, m^2 + rad^2.
    """
    solver = check_solver(options["conic_solver"])
    problem = normalise(scenario, polar=True)
    p = scenario.parameters
    analog = focusing_beamformer(scenario)
    root = np.sqrt(p.elements // p.rf_chains)
    bases = analog / root
    certified = relax(
        np.conj(np.swapaxes(bases, 1, 2)) @ sensing_and_channels(problem), problem.weight, problem.noise, problem.gamma
    )

    def one(index: int) -> Attempt:
        if certified.needed[index] > 1.0:
            needed_w = certified.needed[index] * p.power_w
            reason = f"through the focused subarrays the rates need {needed_w:.3g} W of {p.power_w:.3g} W"
            return Attempt(status=Status.INFEASIBLE, reason=reason)
        basis = bases[index]
        relaxed = digital_relaxation(problem, index, basis, objective="error", solver=solver)
        if not relaxed.status.has_solution:
            return Attempt(reason=f"{solver} ended: {relaxed.status.value}")
        channels = problem.g[index] @ np.conj(basis)
        beams, met = beams_from_covariances(relaxed.covariances, channels, problem.noise[index], problem.gamma)
        value = float(problem.cost(problem.gram(basis @ beams))) if met else float("nan")
        return Attempt(analog=analog[index], digital=beams / root, trace=(value,))

    return to_design(
        scenario,
        problem,
        attempt_each(unattainable(scenario, problem), one),
        objective="polar",
        hybrid=True,
        bound=problem.cost0 * certified.bound,
        speb_bound_m2=speb_lower_bound(scenario),
    )
