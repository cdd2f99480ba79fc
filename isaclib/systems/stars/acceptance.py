"""Judging designs of the system ``stars`` from beams, coefficients and sensors alone.

What a solver says of itself is never believed: cost, rates, power and energy are recomputed here,
for the default and the reference solvers alike, and once more on evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isaclib.physics import links
from isaclib.systems.stars import deployment, information
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.information import Illumination, squares
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.verdict import relative_gap, verdict

RATE_TOLERANCE = 1e-6
POWER_TOLERANCE = 1e-9
ENERGY_TOLERANCE = 1e-9
DEPLOYMENT_TOLERANCE = 1e-9
CONSTRAINTS = ("rate", "power", "energy", "deployment")


@dataclass(frozen=True)
class Verdict:
    """What a design attains and by how much it misses its constraints.

    Attributes
    ----------
    light : Illumination
        Of the targets.
    speb : ndarray, shape (B, T)
        By the closed form of the cost, m^2.
    cost : ndarray, shape (B,)
        (22a).
    rate : ndarray, shape (B, U)
        Of every user, bit/s/Hz.
    violation : ndarray, shape (B, 4)
        Of `CONSTRAINTS`, each divided by its limit; negative is slack.
    met : ndarray of bool, shape (B,)
        Rates to 1e-6, power, energy and deployment to 1e-9 relative.
    """

    light: Illumination
    speb: np.ndarray
    cost: np.ndarray
    rate: np.ndarray
    violation: np.ndarray
    met: np.ndarray


def rates(scenario: Scenario, active: np.ndarray, transmission: np.ndarray) -> np.ndarray:
    """Rates (11) of the users, every other beam an interference, shape (B, U)."""
    channel = (scenario.user_channel * transmission[:, None]) @ scenario.bs_star_channel
    received = squares(channel @ active)
    wanted = np.diagonal(received, axis1=-2, axis2=-1)
    mask = np.eye(channel.shape[1], active.shape[-1], dtype=bool)
    interference = np.where(mask, 0.0, received).sum(axis=-1)
    return links.rate(wanted / (interference + scenario.parameters.noise_w))


def assess(
    scenario: Scenario,
    active: np.ndarray,
    reflection: np.ndarray,
    transmission: np.ndarray,
    sensor_count: np.ndarray,
    sensor_spacing_m: np.ndarray,
) -> Verdict:
    """Recompute cost, rates and violations of designs.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    active, reflection, transmission, sensor_count, sensor_spacing_m : ndarray
        As `Design` has them; NaN where there is no design.

    Returns
    -------
    Verdict
    """
    p = scenario.parameters
    light = information.illuminate(scenario, active, transmission if p.target_side == "transmission" else reflection)
    speb = information.closed_form_speb(scenario, light, sensor_count, sensor_spacing_m)
    rate = rates(scenario, active, transmission)
    missing = 1.0 - rate.min(axis=-1) / p.min_rate_bps_hz if p.min_rate_bps_hz > 0.0 else -np.ones(len(scenario))
    excess = np.sum(squares(active), axis=(-2, -1)) / p.power_w - 1.0
    energy = np.max(np.abs(squares(reflection) + squares(transmission) - 1.0), axis=-1)
    if p.phase_shifts == "coupled":
        # a quarter turn between them: Re[q_t conj q_r] = 0
        energy = np.maximum(energy, np.max(np.abs((transmission * np.conj(reflection)).real), axis=-1))
    placing = deployment.excess(p, sensor_count, sensor_spacing_m)
    met = (missing <= RATE_TOLERANCE) & (excess <= POWER_TOLERANCE)
    met &= (energy <= ENERGY_TOLERANCE) & (placing <= DEPLOYMENT_TOLERANCE)
    return Verdict(
        light=light,
        speb=speb,
        cost=information.cost(p, information.speb_of_targets(p, speb), sensor_count),
        rate=rate,
        violation=np.stack([missing, excess, energy, placing], axis=-1),
        met=met,
    )


def judge(
    scenario: Scenario,
    *,
    active: np.ndarray,
    reflection: np.ndarray,
    transmission: np.ndarray,
    sensor_count: np.ndarray,
    sensor_spacing_m: np.ndarray,
    bound: np.ndarray,
    illumination_bound: np.ndarray,
    reachable_rate: np.ndarray,
    status: np.ndarray,
    reason: Sequence[str],
    iterations: np.ndarray,
    trace: np.ndarray | None = None,
    solve_seconds: np.ndarray | None = None,
) -> Design:
    """Put a design together, its objective, violations, gap and status recomputed.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    active, reflection, transmission, sensor_count, sensor_spacing_m : ndarray
        As `Design` has them; `active` NaN where there is no design.
    bound : ndarray, shape (B,)
        Certified lower bound on the cost.
    illumination_bound, reachable_rate : ndarray, shape (B,)
        As `Design` has them.
    status : ndarray, shape (B,)
        Taken where the beams are NaN, and as the best a design may be called.
    reason : sequence of str
        Why there is no design.
    iterations : ndarray, shape (B,)
        Iterations of the solver.
    trace, solve_seconds : ndarray or None
        As `Design` has them.

    Returns
    -------
    Design
    """
    parts = (active, reflection, transmission, sensor_spacing_m)
    found = np.logical_and.reduce([np.isfinite(part).reshape(len(scenario), -1).all(axis=-1) for part in parts])
    if not found.all():
        active = np.where(found[:, None, None], active, np.nan)
        reflection, transmission = (np.where(found[:, None], q, np.nan) for q in (reflection, transmission))
        sensor_spacing_m, sensor_count = np.where(found, sensor_spacing_m, np.nan), np.where(found, sensor_count, 0)
    assessed = assess(scenario, active, reflection, transmission, sensor_count, sensor_spacing_m)
    gap = relative_gap(assessed.cost, bound)
    status, reason = verdict(status, reason, found=found, met=assessed.met, gap=gap)
    return Design(
        status=status,
        objective=np.where(found, assessed.cost, np.nan),
        bound=bound,
        gap=np.where(found, gap, np.nan),
        violation=assessed.violation,
        constraints=CONSTRAINTS,
        iterations=iterations,
        reason=reason,
        trace=trace,
        solve_seconds=solve_seconds,
        active=active,
        reflection=reflection,
        transmission=transmission,
        sensor_count=sensor_count,
        sensor_spacing_m=sensor_spacing_m,
        reachable_rate=reachable_rate,
        illumination_bound=illumination_bound,
    )
