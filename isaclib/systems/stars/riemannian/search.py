"""Descents from several starts, and sensors and beams in turn from the best of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from isaclib.systems.base import OPTIMAL_GAP
from isaclib.systems.stars import deployment, information
from isaclib.systems.stars.acceptance import RATE_TOLERANCE
from isaclib.systems.stars.riemannian.descent import descend_many
from isaclib.systems.stars.riemannian.problem import Normalised, sense
from isaclib.systems.stars.riemannian.starts import packed, start_point
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Streams

FIRST_PENALTY = 1.0
ROUGH = (1e-3, 1e-3, 10, 60)
FINE = (1e-6, 1e-5, 15, 200)
"""Complementarity and gradient at which a descent stops, multiplier updates, and L-BFGS steps between them, from every
start and from the best."""

ATTAINED = 0.7
"""Share of the bound on p_ii - |p_i0|^2 / p00 that is hoped for where the sensors of such a start are chosen."""

RATE_SLIP = 0.1 * RATE_TOLERANCE
"""Share of a rate that may be missing in the end."""


@dataclass(frozen=True)
class Found:
    """The best design of every realisation.

    Attributes
    ----------
    cost : ndarray, shape (B,)
        (22a); infinity where no start met the rates.
    active : ndarray of complex, shape (B, M, K)
        F.
    transmission, reflection : ndarray of complex, shape (B, N)
        q_t and q_r.
    count, spacing_m : ndarray, shape (B,)
        N_r and d_r.
    missing : ndarray, shape (B,)
        Smallest share of a rate that a start left missing; negative: none.
    evaluations : ndarray of int, shape (B,)
        Of all descents.
    trace : ndarray, shape (B, iteration)
        Cost after each L-BFGS step and each choice of sensors from the best start on, NaN-padded.
    """

    cost: np.ndarray
    active: np.ndarray
    transmission: np.ndarray
    reflection: np.ndarray
    count: np.ndarray
    spacing_m: np.ndarray
    missing: np.ndarray
    evaluations: np.ndarray
    trace: np.ndarray


@dataclass(frozen=True)
class _State:
    """Where the best descent ended, to go on from there with other sensors."""

    x: np.ndarray
    multipliers: np.ndarray
    sensors: np.ndarray
    traced: np.ndarray


def search(
    scenario: Scenario,
    normalised: Normalised,
    strongest: np.ndarray,
    rows: np.ndarray,
    *,
    change: np.ndarray,
    bound: np.ndarray,
    starts: int,
    rounds: int,
    least_light: float,
    trace: int,
    rng: Streams,
) -> Found:
    """Descend roughly from every start, then finely from the best with the sensors that suit it.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    normalised : Normalised
        Of the scenario.
    strongest : ndarray of complex, shape (1 or B, M)
        Beams that bring most field onto the surface.
    rows : ndarray of int, shape (J,)
        Realisations to solve.
    change : ndarray, shape (B, T, 2)
        Bound on p_ii - |p_i0|^2 / p00, W.
    bound : ndarray, shape (B,)
        On the cost: no further start where it is attained.
    starts, rounds : int
        At most so many rough descents, each from a start, and fine ones, each from the one before.
    least_light : float
        Share of the light of the first start that every target keeps.
    trace : int
        L-BFGS steps whose cost is kept.
    rng : Streams
        Random starts.

    Returns
    -------
    Found
    """
    p, batch = scenario.parameters, len(scenario)
    _, worst, coupled, _ = normalised.flags
    beams = p.users + 1
    size = 2 * p.bs_antennas * beams + (2 if coupled else 4) * p.star_elements + worst
    found = Found(
        cost=np.full(batch, np.inf),
        active=np.full((batch, p.bs_antennas, beams), np.nan + 0j),
        transmission=np.full((batch, p.star_elements), np.nan + 0j),
        reflection=np.full((batch, p.star_elements), np.nan + 0j),
        count=np.zeros(batch, dtype=np.int64),
        spacing_m=np.full(batch, np.nan),
        missing=np.full(batch, np.inf),
        evaluations=np.zeros(batch, dtype=np.int64),
        trace=np.full((batch, trace), np.nan),
    )
    state = _State(
        x=np.empty((batch, size)),
        multipliers=np.zeros((batch, p.users + (1 + worst) * p.targets)),
        sensors=np.zeros(batch, dtype=np.int64),
        traced=np.zeros(batch, dtype=np.int64),
    )
    everyone = rows
    for number in range(starts):
        rows = everyone[found.cost[everyone] > bound[everyone] * (1.0 + OPTIMAL_GAP)]
        if not len(rows):
            break
        point = start_point(scenario, normalised, strongest, number, rng)
        lit = point.transmission if p.target_side == "transmission" else point.reflection
        light = information.illuminate(scenario, np.sqrt(p.power_w) * point.beams, lit)
        if number == 0:
            with np.errstate(divide="ignore"):
                log_light = np.log(least_light * light.power / normalised.light_unit(p.power_w))
        if number % 2:
            # with the targets in the dark: what this may come to, not what the start has of it
            light = replace(light, power=0.0 * light.power, aside=ATTAINED * change)
        count, spacing = deployment.enumerate_deployments(scenario, light)
        x = packed(point, coupled=coupled)
        multipliers = np.zeros((batch, p.users + (1 + worst) * p.targets))
        if worst:
            speb = information.closed_form_speb(scenario, light, count, spacing)
            x = np.concatenate([x, np.log(speb.max(axis=-1, keepdims=True))], axis=1)
            multipliers[:, -p.targets :] = 1.0 / p.targets
        traces, begun = np.full((batch, trace), np.nan), np.zeros(batch, dtype=np.int64)
        _descend(
            scenario,
            normalised,
            rows,
            x[rows],
            multipliers[rows],
            count,
            spacing,
            log_light,
            traces[rows],
            begun[rows],
            ROUGH,
            found,
            state,
        )
    rows = everyone
    for number in range(rounds):
        rows = rows[np.isfinite(found.cost[rows]) & ((number == 0) | (found.count[rows] != state.sensors[rows]))]
        if not len(rows):
            break
        before = found.cost[rows]
        x, multipliers = state.x[rows], state.multipliers[rows]
        traces, begun = found.trace[rows], state.traced[rows]
        count, spacing = found.count.copy(), found.spacing_m.copy()
        _descend(
            scenario, normalised, rows, x, multipliers, count, spacing, log_light, traces, begun, FINE, found, state
        )
        rows = rows[found.cost[rows] < before]
    return found


def _descend(
    scenario: Scenario,
    normalised: Normalised,
    rows: np.ndarray,
    x: np.ndarray,
    multipliers: np.ndarray,
    count: np.ndarray,
    spacing_m: np.ndarray,
    log_light: np.ndarray,
    traces: np.ndarray,
    begun: np.ndarray,
    effort: tuple[float, float, int, int],
    found: Found,
    state: _State,
) -> None:
    """Descend with given sensors; keep, with the sensors that then suit best, what is better than before."""
    p, batch = scenario.parameters, len(scenario)
    sensing = sense(scenario, normalised, np.maximum(count, 3), np.where(count > 0, spacing_m, p.wavelength_m))
    margin, evaluations = np.empty(len(rows)), np.zeros(len(rows), dtype=np.int64)
    beams = np.empty((len(rows), *found.active.shape[1:]), dtype=complex)
    transmission, reflection = np.empty((2, len(rows), p.star_elements), dtype=complex)
    was = begun.copy()
    descend_many(
        x, rows, normalised.channels, normalised.user_rows, sensing.rows, normalised.noise, sensing.weights,
        sensing.cross, log_light, normalised.log_rate, normalised.flags, multipliers, FIRST_PENALTY, *effort,
        margin, evaluations, traces, begun, beams, transmission, reflection,
    )  # fmt: skip
    found.evaluations[rows] += evaluations
    # log SPEB of the steps, as cost
    steps = (np.arange(traces.shape[1]) >= was[:, None]) & (np.arange(traces.shape[1]) < begun[:, None])
    costs = information.cost(p, np.exp(np.where(steps, traces, 0.0)), count[rows][:, None])
    traces = np.where(steps, costs, traces)
    found.missing[rows] = np.minimum(found.missing[rows], -margin)
    active = np.full((batch, *found.active.shape[1:]), np.nan + 0j)
    surface = np.full((batch, p.star_elements), np.nan + 0j)
    active[rows] = np.sqrt(p.power_w) * beams
    surface[rows] = transmission if p.target_side == "transmission" else reflection
    with np.errstate(invalid="ignore"):
        light = information.illuminate(scenario, active, surface)
        sensors, spacing = deployment.enumerate_deployments(scenario, light)
        cost = deployment.deployment_cost(scenario, light, sensors, spacing)
    if traces.shape[1]:
        # the choice of the sensors is a step too
        begun = np.minimum(begun, traces.shape[1] - 1)
        traces[np.arange(len(rows)), begun] = cost[rows]
        begun += 1
    kept = (margin >= -RATE_SLIP) & (cost[rows] < found.cost[rows])
    to = rows[kept]
    found.cost[to], found.active[to] = cost[to], active[to]
    found.transmission[to], found.reflection[to] = transmission[kept], reflection[kept]
    found.count[to], found.spacing_m[to] = sensors[to], spacing[to]
    found.trace[to] = traces[kept]
    state.x[to], state.multipliers[to], state.sensors[to], state.traced[to] = (
        x[kept], multipliers[kept], count[to], begun[kept],
    )  # fmt: skip
