"""The direct solvers of ``hybrid``: structure instead of semidefinite programs.

`fully_digital_direct` solves the reduced relaxation and certifies it; `hybrid_direct` searches
phases and digital beamformer together and reports its distance to the fully digital bound, which
is the price of the hybrid structure; `two_stage_direct` solves the digital stage behind focusing
subarrays exactly; `sensing_only` is closed form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.physics import arrays
from isaclib.systems.base import Status
from isaclib.systems.hybrid import certificate
from isaclib.systems.hybrid.acceptance import judge
from isaclib.systems.hybrid.analog import block_diagonal
from isaclib.systems.hybrid.beams import RATE_SLIP
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.hybrid_bound import speb_lower_bound
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.relaxation import relax
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.hybrid.search import search
from isaclib.systems.hybrid.two_stage import focusing_beamformer
from isaclib.systems.streams import Streams

FULLY_DIGITAL_OPTIONS: Mapping[str, Any] = {"tie_break": 1e-4}
HYBRID_OPTIONS: Mapping[str, Any] = {"starts": 32, "again": 7, "enough": 0.05, "trace": 0}
SPEB_HYBRID_OPTIONS: Mapping[str, Any] = {**HYBRID_OPTIONS, "bound": "fully-digital"}
BOUNDS = ("fully-digital", "hybrid")
"""What the objective is held against: every beamformer, or every hybrid one."""


def check_fully_digital(options: Mapping[str, Any]) -> None:
    """Refuse options that `fully_digital_direct` cannot take.

    Raises
    ------
    ValueError
        For a `tie_break` outside 0 to 1.
    """
    slack = options["tie_break"]
    if not 0.0 <= slack < 1.0:
        raise ValueError(f"option tie_break = {slack!r}: expected a number from 0 to below 1")


def check_hybrid(options: Mapping[str, Any]) -> None:
    """Refuse options that `hybrid_direct` cannot take.

    Raises
    ------
    ValueError
        For fewer than one start, or a negative `again`, `enough` or `trace`.
    """
    starts, again, enough, steps = (options[name] for name in ("starts", "again", "enough", "trace"))
    if again % 1 or again < 0:
        raise ValueError(f"option again = {again!r}: expected a whole number of at least 0")
    if steps % 1 or steps < 0:
        raise ValueError(f"option trace = {steps!r}: expected a whole number of at least 0")
    if starts % 1 or starts < 1:
        raise ValueError(f"option starts = {starts!r}: expected a whole number of at least 1")
    if not 0.0 <= enough < math.inf:
        raise ValueError(f"option enough = {enough!r}: expected a number of at least 0")


def check_speb_hybrid(options: Mapping[str, Any]) -> None:
    """Refuse options that `hybrid_direct` cannot take with the SPEB as objective.

    Raises
    ------
    ValueError
        As `check_hybrid` does, or for an unknown `bound`.
    """
    check_hybrid(options)
    if options["bound"] not in BOUNDS:
        raise ValueError(f"option bound = {options['bound']!r}: expected one of {', '.join(BOUNDS)}")


def _reasons(scenario: Scenario, needed: np.ndarray, found: np.ndarray, what: str) -> list[str]:
    power_w = scenario.parameters.power_w
    return [
        "" if ok else what if need <= 1.0 else f"the rates need {need * power_w:.3g} W of {power_w:.3g} W"
        for ok, need in zip(found, needed, strict=True)
    ]


def _statuses(needed: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.where(found, Status.OPTIMAL, np.where(needed <= 1.0, Status.NOT_FOUND, Status.INFEASIBLE))


def fully_digital_direct(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Minimise the SPEB fully digitally, with a certificate, then break ties.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        ``tie_break``: relative SPEB given up to light the target as much as possible (the optimum
        is nearly non-unique and estimators are not indifferent); 0 keeps the optimum itself.
    rng : Streams
        Not used.

    Returns
    -------
    Design
        `certified` holds the optimum itself where ties were broken.

    Raises
    ------
    ValueError
        For a negative `tie_break`.
    """
    check_fully_digital(options)
    solution = certificate.fully_digital(scenario, tie_break=options["tie_break"])
    relaxed = solution.relaxed
    found = relaxed.feasible & (relaxed.margin >= -RATE_SLIP)
    amplitude = np.sqrt(scenario.parameters.power_w)
    optimum = amplitude * solution.beamformers(relaxed.beams)
    final = optimum if relaxed.ties is None else amplitude * solution.beamformers(relaxed.ties)
    optimum[~found] = np.nan
    final[~found] = np.nan
    return judge(
        scenario,
        objective="speb",
        beamformers=final,
        certified=None if relaxed.ties is None else optimum,
        bound=solution.bound,
        speb_bound_m2=solution.bound,
        status=_statuses(relaxed.needed, found),
        reason=_reasons(scenario, relaxed.needed, found, "no beams met the rates"),
        iterations=relaxed.steps,
    )


def hybrid_direct(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, objective: str) -> Design:
    """Search phases and digital beamformer as one smooth problem.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        ``starts``: at most so many; ``again``: no more once the best optimum has been found again so often (0: all
        of them); ``enough``: one start suffices within this ratio of the fully
        digital bound; ``trace``: steps of the best start whose objective is kept; with the SPEB as
        objective ``bound``: ``hybrid`` tightens `bound` by the convex bound that knows the
        structure, so that `gap` is left by the solver and the convexity alone.
    rng : Streams
        Random starts.
    objective : str
        A key of `isaclib.systems.hybrid.acceptance.OBJECTIVES`.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        For fewer than one start, a negative `again`, `enough` or `trace`, or an unknown `bound`.
    """
    if objective == "speb":
        check_speb_hybrid(options)
    else:
        check_hybrid(options)
    starts, enough, steps = options["starts"], options["enough"], options["trace"]
    p = scenario.parameters
    digital_solution = certificate.fully_digital(scenario, objective)
    problem, relaxed = digital_solution.problem, digital_solution.relaxed
    speb_bound = digital_solution.bound if objective == "speb" else certificate.speb_lower_bound(scenario)
    rows = np.flatnonzero(relaxed.feasible)
    sign = -1.0 if objective == "snr" else 1.0
    result = search(
        certificate.sensing_and_channels(problem)[rows],
        problem.weight,
        problem.noise[rows],
        problem.gamma,
        p.rf_chains,
        fully_digital=digital_solution.beamformers(relaxed.beams)[rows],
        bound=sign * np.log(np.maximum(relaxed.bound[rows], np.finfo(float).tiny)),
        illumination=objective == "snr",
        starts=int(starts),
        enough=float(enough),
        again=int(options["again"]),
        rows=rows,
        rng=rng,
        trace=int(steps),
    )
    found = np.zeros(len(scenario), dtype=bool)
    found[rows] = np.isfinite(result.value)
    analog, digital, beamformers = _blank(scenario)
    phases = np.zeros((len(scenario), p.elements))
    phases[rows] = result.phases
    analog[found] = block_diagonal(np.exp(1j * phases[found]), p.rf_chains)
    scale = np.sqrt(p.power_w / (p.elements // p.rf_chains))
    digital[rows] = scale * result.digital
    digital[~found] = np.nan
    beamformers[found] = analog[found] @ digital[found]
    trace = np.full((len(scenario), int(steps)), np.nan)
    trace[rows] = np.exp(sign * result.trace) * (problem.snr0 if objective == "snr" else problem.cost0)
    evaluations = np.zeros(len(scenario), dtype=np.int64)
    evaluations[rows] = result.evaluations
    bound = digital_solution.bound
    if objective == "speb" and options["bound"] == "hybrid":
        bound = speb_lower_bound(scenario, method="convex").bound_m2
    status = _statuses(relaxed.needed, found)
    reason = _reasons(scenario, relaxed.needed, found, f"none of {int(starts)} starts met the rates")
    for row in np.flatnonzero(np.isposinf(bound) & ~found):
        status[row], reason[row] = Status.INFEASIBLE, "no hybrid beamformer meets the rates"
    return judge(
        scenario,
        objective=objective,
        beamformers=beamformers,
        analog=analog,
        digital=digital,
        bound=bound,
        speb_bound_m2=speb_bound,
        status=status,
        reason=reason,
        iterations=evaluations,
        trace=trace if steps else None,
    )


def two_stage_direct(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Focus subarrays on users and target, then solve the digital stage with its certificate.

    The digital stage minimises the joint bound on distance and angle; `bound` is that of the
    digital stage behind the given analog one.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        None are taken.
    rng : Streams
        Not used.

    Returns
    -------
    Design
    """
    p = scenario.parameters
    problem = normalise(scenario, polar=True)
    focusing = focusing_beamformer(scenario)
    per_chain = p.elements // p.rf_chains
    seen = np.conj(np.swapaxes(focusing, 1, 2)) @ certificate.sensing_and_channels(problem) / np.sqrt(per_chain)
    # Subarrays focused elsewhere see little of the target, and costs of hundreds cost the bound its
    # digits: with the brightest sensing direction at norm one they are of order one again.
    light = np.max(np.linalg.norm(seen[:, :, :3], axis=1), axis=-1)
    seen[:, :, :3] /= light[:, None, None]
    relaxed = relax(seen, problem.weight, problem.noise, problem.gamma)
    found = relaxed.feasible & (relaxed.margin >= -RATE_SLIP)
    analog, digital, beamformers = _blank(scenario)
    analog[found] = focusing[found]
    digital[found] = np.sqrt(p.power_w / per_chain) * relaxed.beams[found]
    beamformers[found] = analog[found] @ digital[found]
    return judge(
        scenario,
        objective="polar",
        beamformers=beamformers,
        analog=analog,
        digital=digital,
        bound=problem.cost0 * relaxed.bound / light**2,
        speb_bound_m2=certificate.speb_lower_bound(scenario),
        status=_statuses(relaxed.needed, found),
        reason=_reasons(scenario, relaxed.needed, found, "no digital beamformer met the rates"),
        iterations=relaxed.steps,
    )


def sensing_only(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, hybrid: bool) -> Design:
    """Light the target with all power: R = (P / N) a a^H, SPEB_0 = tr(Gm^-1) / (w P N).

    A hybrid beamformer attains it with the phases of the target on every subarray.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations; its users are ignored.
    options : mapping
        None are taken.
    rng : Streams
        Not used.
    hybrid : bool
        Return the analog and digital beamformer too.

    Returns
    -------
    Design
    """
    p = scenario.parameters
    batch = len(scenario)
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    beamformers = np.zeros((batch, p.elements, p.users), dtype=complex)
    analog = digital = None
    if hybrid:
        analog = np.repeat(block_diagonal(response, p.rf_chains)[None], batch, axis=0)
        digital = np.zeros((batch, p.rf_chains, p.users), dtype=complex)
        digital[:, :, 0] = np.sqrt(p.power_w / p.elements)
        beamformers = analog @ digital
    else:
        beamformers[:, :, 0] = np.sqrt(p.power_w / p.elements) * response
    bound = np.full(batch, normalise(scenario).speb0)
    return judge(
        scenario,
        objective="speb",
        beamformers=beamformers,
        analog=analog,
        digital=digital,
        bound=bound,
        speb_bound_m2=bound,
        status=np.full(batch, Status.OPTIMAL),
        reason=[""] * batch,
        iterations=np.zeros(batch, dtype=np.int64),
        promises=(),
    )


def _blank(scenario: Scenario) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    p, batch = scenario.parameters, len(scenario)
    return (
        np.full((batch, p.elements, p.rf_chains), np.nan + 0j),
        np.full((batch, p.rf_chains, p.users), np.nan + 0j),
        np.full((batch, p.elements, p.users), np.nan + 0j),
    )
