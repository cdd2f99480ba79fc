"""What the reference solvers return, judged from the beamformers alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from isaclib.physics import arrays, fisher, links
from isaclib.systems.base import OPTIMAL_GAP, Status
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.feasibility import minimum_power_w
from isaclib.systems.hybrid.normalisation import NormalisedProblem
from isaclib.systems.hybrid.scenario import Scenario

RATE_TOLERANCE_BPS_HZ = 1e-6
POWER_TOLERANCE = 1e-9
MODULUS_TOLERANCE = 1e-12


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
        Normalised objective after each iteration; NaN where the rates were not met.
    """

    analog: np.ndarray | None = None
    digital: np.ndarray | None = None
    status: Status = Status.NOT_FOUND
    reason: str = ""
    trace: tuple[float, ...] = ()
    seconds: float = 0.0


def attempt_each(scenario: Scenario, one: Callable[[int], Attempt]) -> list[Attempt]:
    """Run a solver on every realisation that the minimum-power test leaves open.

    An exception on one realisation is its failure, not the batch's.
    """
    p = scenario.parameters
    needed_w = minimum_power_w(scenario.channels, p.min_rates_bps_hz, p.noise_w)
    attempts = []
    for index in range(len(scenario)):
        began = time.perf_counter()
        if needed_w[index] > p.power_w:
            found = Attempt(
                status=Status.INFEASIBLE, reason=f"the rates need {needed_w[index]:.3g} W of {p.power_w:.3g} W"
            )
        else:
            try:
                found = one(index)
            except Exception as error:  # one draw may fail in any way; the others go on
                found = Attempt(status=Status.FAILED, reason=f"{type(error).__name__}: {error}".splitlines()[0])
        attempts.append(replace(found, seconds=time.perf_counter() - began))
    return attempts


def to_design(
    scenario: Scenario, problem: NormalisedProblem, attempts: list[Attempt], *, objective: str, hybrid: bool
) -> Design:
    """Recompute objective and constraints of every attempt and put them together.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    problem : NormalisedProblem
        Its scales.
    attempts : list of Attempt
        One a realisation.
    objective : str
        ``"speb"`` (m^2), ``"polar"`` (m^2 + rad^2, joint bound on distance and angle) or
        ``"snr"`` (sensing SNR, to be maximised).
    hybrid : bool
        Whether the attempts carry an analog beamformer.

    Returns
    -------
    Design
    """
    p = scenario.parameters
    batch, elements, users = len(scenario), len(scenario.elements_m), p.users
    beamformers = np.full((batch, elements, users), np.nan + 0j)
    analog = np.full((batch, elements, p.rf_chains), np.nan + 0j) if hybrid else None
    digital = np.full((batch, p.rf_chains, users), np.nan + 0j) if hybrid else None
    for index, attempt in enumerate(attempts):
        if attempt.digital is None:
            continue
        scaled = attempt.digital * np.sqrt(p.power_w)
        if analog is not None and digital is not None and attempt.analog is not None:
            analog[index], digital[index] = attempt.analog, scaled
            scaled = attempt.analog @ scaled
        beamformers[index] = scaled

    found = np.array([attempt.digital is not None for attempt in attempts])
    violation, met = _violation(scenario, beamformers, analog)
    value = _objective(scenario, beamformers, objective)
    bound, speb_bound = _bounds(scenario, problem, objective)
    gap = np.abs(value - bound) / np.abs(bound)
    with_design = np.where(met, np.where(gap <= OPTIMAL_GAP, Status.OPTIMAL, Status.FEASIBLE), Status.VIOLATING)
    scale = problem.snr0 if objective == "snr" else problem.cost0
    trace = np.full((batch, max(1, *(len(attempt.trace) for attempt in attempts))), np.nan)
    for index, attempt in enumerate(attempts):
        trace[index, : len(attempt.trace)] = scale * np.asarray(attempt.trace)
    return Design(
        status=np.where(found, with_design, [attempt.status for attempt in attempts]).astype(np.int8),
        objective=value,
        bound=bound,
        gap=gap,
        violation=violation,
        constraints=("rate", "power", "modulus") if hybrid else ("rate", "power"),
        iterations=np.array([len(attempt.trace) for attempt in attempts]),
        reason=tuple(attempt.reason for attempt in attempts),
        trace=trace,
        solve_seconds=np.array([attempt.seconds for attempt in attempts]),
        beamformers=beamformers,
        analog=analog,
        digital=digital,
        speb_bound_m2=speb_bound,
    )


def _violation(scenario: Scenario, beamformers: np.ndarray, analog: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    p = scenario.parameters
    missing = p.min_rates_bps_hz - links.rate(links.sinr(scenario.channels, beamformers, p.noise_w))
    excess = np.sum(np.abs(beamformers) ** 2, axis=(-2, -1)) / p.power_w - 1.0
    met = (np.max(missing, axis=-1) <= RATE_TOLERANCE_BPS_HZ) & (excess <= POWER_TOLERANCE)
    violation = [np.max(missing / p.min_rates_bps_hz, axis=-1), excess]
    if analog is not None:
        chains = analog.shape[-1]
        block = np.repeat(np.eye(chains, dtype=bool), analog.shape[-2] // chains, axis=0)
        departure = np.max(np.abs(np.abs(analog) - block), axis=(-2, -1))
        met &= departure <= MODULUS_TOLERANCE
        violation.append(departure)
    return np.stack(violation, axis=-1), met


def _objective(scenario: Scenario, beamformers: np.ndarray, objective: str) -> np.ndarray:
    p = scenario.parameters
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    if objective == "snr":
        illumination = np.sum(np.abs(np.conj(response) @ beamformers) ** 2, axis=-1)
        return abs(scenario.reflection) ** 2 * len(response) * illumination / p.noise_w
    gradient = arrays.spherical_gradient(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    efim = fisher.position_efim(
        response,
        gradient,
        beamformers=beamformers,
        reflection=scenario.reflection,
        snapshots=p.snapshots,
        noise_power_w=p.noise_w,
    )
    return fisher.speb(fisher.polar_efim(efim, scenario.target_m) if objective == "polar" else efim)


def _bounds(scenario: Scenario, problem: NormalisedProblem, objective: str) -> tuple[np.ndarray, np.ndarray]:
    speb_bound = np.full(len(scenario), problem.speb0)
    if objective == "speb":
        return speb_bound, speb_bound
    return np.full(len(scenario), problem.snr0 if objective == "snr" else problem.cost0), speb_bound
