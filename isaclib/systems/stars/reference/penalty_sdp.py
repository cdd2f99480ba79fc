"""Algorithm 3: sensors, active and passive beamforming in turn, the latter two by the penalty method of Algorithm 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isaclib.numerics.conic import CONIC_SOLVERS
from isaclib.systems.parameters import complaint
from isaclib.systems.stars import acceptance, deployment
from isaclib.systems.stars.acceptance import Verdict
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.reference.active_sdp import best_beams
from isaclib.systems.stars.reference.deployment import sca_gp
from isaclib.systems.stars.reference.forms import Scales, channel_of
from isaclib.systems.stars.reference.outcome import Attempt, Layout, design_each
from isaclib.systems.stars.reference.passive_sdp import best_coefficients
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Streams

PENALTY_SDP_OPTIONS: Mapping[str, Any] = {
    "deployment": "sca-gp",
    "conic_solver": "auto",
    "iterations": 10,
    "inner_iterations": 10,
    "tolerance": 1e-5,
    "penalty": 10.0,
    "penalty_factor": 0.1,
    "rank_tolerance": 1e-6,
}

MOST_PENALTIES = 12

MOST_RAISED = 10
"""Programs that raise the rate of the worst user for one set of coefficients, at most."""

RAISED = 1e-3
"""Share by which each of them has to."""


def check_penalty_sdp(options: Mapping[str, Any]) -> None:
    """Refuse options that `penalty_sdp` cannot take.

    Raises
    ------
    ValueError
        Naming the option and its value.
    """
    deployment.check_method(options["deployment"])
    if options["conic_solver"] not in ("auto", *CONIC_SOLVERS):
        raise complaint("option conic_solver", options["conic_solver"], f"one of auto, {', '.join(CONIC_SOLVERS)}")
    for name in ("iterations", "inner_iterations"):
        if options[name] < 1:
            raise complaint(f"option {name}", options[name], "a whole number of at least 1")
    for name in ("tolerance", "penalty", "rank_tolerance"):
        if not 0.0 < options[name] < np.inf:
            raise complaint(f"option {name}", options[name], "a number above 0")
    if not 0.0 < options["penalty_factor"] < 1.0:
        raise complaint("option penalty_factor", options["penalty_factor"], "a number between 0 and 1")


def check_penalty_parameters(p: Parameters) -> None:
    """Refuse phases of transmission and reflection that depend on each other.

    Raises
    ------
    ValueError
        Naming the field, its value, and the solver to take instead.
    """
    if p.phase_shifts != "independent":
        raise complaint(
            "phase_shifts",
            p.phase_shifts,
            "independent for the solver penalty-sdp, whose lifted coefficients know no phase between the sides; "
            "the solver riemannian covers the rest",
        )


def penalty_sdp(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Design sensors, beams and coefficients by Algorithm 3.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `PENALTY_SDP_OPTIONS`: ``deployment``, one of
        `isaclib.systems.stars.deployment.METHODS`; ``conic_solver`` of the lifted programs for the
        surface (``auto``: SCS for one user and one target, where it takes a fiftieth of the time of
        CLARABEL, which is faster for several); largest numbers of ``iterations`` of Algorithm 3 and
        of active and passive programs under one penalty (``inner_iterations``); ``tolerance``, the
        relative change of the cost that ends either; first ``penalty`` eta and the
        ``penalty_factor`` it is multiplied with until what exceeds rank one is within
        ``rank_tolerance``.
    rng : Streams
        Not used.

    Returns
    -------
    Design
        Its trace has the cost after each iteration of Algorithm 3, NaN while constraints are missed.
    """
    check_penalty_sdp(options)
    check_penalty_parameters(scenario.parameters)
    p = scenario.parameters
    if options["conic_solver"] == "auto":
        options = {**options, "conic_solver": "SCS" if p.users == p.targets == 1 else "CLARABEL"}
    return design_each(scenario, lambda one: _algorithm_3(one, options))


@dataclass(frozen=True)
class _State:
    """A layout with what it attains."""

    layout: Layout
    verdict: Verdict

    @property
    def met(self) -> bool:
        """Whether it meets every constraint."""
        return bool(self.verdict.met[0])

    @property
    def cost(self) -> float:
        """Cost (22a)."""
        return float(self.verdict.cost[0])

    @property
    def rate(self) -> float:
        """Rate of the worst user."""
        return float(self.verdict.rate.min())

    @property
    def rank(self) -> tuple[bool, float]:
        """Least for the best: those that meet the constraints by cost, then the others by rate."""
        return (False, self.cost) if self.met else (True, -self.rate)

    def improves(self, before: _State, tolerance: float) -> bool:
        """Whether it is better than another by more than a share."""
        if self.met != before.met:
            return self.met
        if self.met:
            return before.cost - self.cost > tolerance * self.cost
        return self.rate - before.rate > tolerance * self.rate


def _assessed(one: Scenario, layout: Layout) -> _State:
    verdict = acceptance.assess(
        one,
        layout.active[None],
        layout.reflection[None],
        layout.transmission[None],
        np.array([layout.sensor_count]),
        np.array([layout.sensor_spacing_m]),
    )
    return _State(layout, verdict)


def initial_layout(one: Scenario) -> Layout:
    """Start of Algorithm 3: strongest beams of G, each element half for either side, as many sensors as may be.

    What the paper starts from is not known.

    Parameters
    ----------
    one : Scenario
        A single realisation.

    Returns
    -------
    Layout
        Users have the right singular vectors of G in turn, with equal power; the surface is
        co-phased for the first target and the first user under the first of them.
    """
    p = one.parameters
    channel = channel_of(one)
    _, _, rows = np.linalg.svd(channel)
    active = np.zeros((p.bs_antennas, p.users + 1), dtype=complex)
    for user in range(p.users):
        active[:, user] = np.sqrt(p.power_w / p.users) * np.conj(rows[user % p.bs_antennas])
    incident = channel @ active[:, 0]

    def towards(response: np.ndarray) -> np.ndarray:
        return np.sqrt(0.5) * np.exp(-1j * np.angle(response * incident))

    count, least, _ = deployment.candidates(p)
    target, user_side = towards(one.of_targets(one.target_response)[0, 0]), towards(one.user_channel[0, 0])
    reflection, transmission = (target, user_side) if p.target_side == "reflection" else (user_side, user_side)
    return Layout(active, reflection, transmission, int(count[-1]), float(least[-1]))


def _algorithm_3(one: Scenario, options: Mapping[str, Any]) -> Attempt:
    best = _assessed(one, initial_layout(one))
    trace: list[float] = []
    for _ in range(options["iterations"]):
        before = best
        placed = _assessed(one, _deployed(one, best, options["deployment"]))
        best = min(_algorithm_2(one, placed, options), placed, before, key=lambda state: state.rank)
        trace.append(best.cost if best.met else np.nan)
        if not best.improves(before, options["tolerance"]):
            break
    if not best.met:
        reason = f"{best.rate:.4g} bit/s/Hz after {len(trace)} iterations, {one.parameters.min_rate_bps_hz:g} asked"
        return Attempt(reason=reason, trace=tuple(trace), iterations=len(trace))
    return Attempt(layout=best.layout, trace=tuple(trace), iterations=len(trace))


def _deployed(one: Scenario, state: _State, method: str) -> Layout:
    """Sensors for the beams of a layout; Algorithm 1 goes on from the sensors it has."""
    layout, light = state.layout, state.verdict.light
    if method == "sca-gp":
        start = np.array([layout.sensor_count]), np.array([layout.sensor_spacing_m])
        count, spacing = sca_gp(one, light, start=start)
    else:
        count, spacing = deployment.deploy(one, light, method)
    return replace(layout, sensor_count=int(count[0]), sensor_spacing_m=float(spacing[0]))


def _algorithm_2(one: Scenario, state: _State, options: Mapping[str, Any]) -> _State:
    """Passive and active beamforming in turn, the penalty on ranks above one sharpened until there are none."""
    best = state
    penalty = options["penalty"]
    scales = Scales.of(one, state.layout.sensor_count, state.layout.sensor_spacing_m)
    for _ in range(MOST_PENALTIES):
        excess = np.inf
        for _ in range(options["inner_iterations"]):
            before = state
            state, excess = _turn(one, state, scales, penalty, options["conic_solver"])
            best = min(best, state, key=lambda found: found.rank)
            if not state.improves(before, options["tolerance"]):
                break
        if excess <= options["rank_tolerance"]:
            break
        penalty *= options["penalty_factor"]
    return best


def _turn(one: Scenario, state: _State, scales: Scales, penalty: float, solver: str) -> tuple[_State, float]:
    """Problem (50), then (44); where there is no solution, towards coefficients and beams that have the rates."""
    if not state.met:
        state = _served(one, state, scales)
    layout = state.layout
    now = layout.active, layout.reflection, layout.transmission
    surface = best_coefficients(one, *now, scales, penalty, solver)
    if surface.reflection is None:
        surface = best_coefficients(one, *now, scales, penalty, solver, reach=True)
    if surface.reflection is not None and surface.transmission is not None:
        layout = replace(layout, reflection=surface.reflection, transmission=surface.transmission)
    return _served(one, _assessed(one, layout), scales), surface.excess


def _served(one: Scenario, state: _State, scales: Scales) -> _State:
    """Beams of (44) for a layout's coefficients; where it has no solution the SINR of the worst user is raised."""
    for raising in range(MOST_RAISED + 1):
        layout = state.layout
        now = layout.active, layout.reflection, layout.transmission
        found = best_beams(one, *now, scales)
        if found.beams is not None:
            return _assessed(one, replace(layout, active=found.beams))
        if raising == MOST_RAISED:
            break
        found = best_beams(one, *now, scales, reach=True)
        if found.beams is None:
            break
        raised = _assessed(one, replace(layout, active=found.beams))
        if raised.rate <= state.rate * (1.0 + RAISED):
            break
        state = raised
    return state
