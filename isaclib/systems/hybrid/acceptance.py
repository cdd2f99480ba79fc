"""Judging designs of the system ``hybrid`` from their beamformers alone.

What a solver says of itself is never believed: objective, constraints and gap are recomputed here,
for the direct and the reference solvers alike, and once more on evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isaclib.physics import arrays, fisher, links
from isaclib.systems.hybrid.analog import connections
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.verdict import relative_gap, verdict

RATE_TOLERANCE_BPS_HZ = 1e-6
SPEB_TOLERANCE = 1e-6
POWER_TOLERANCE = 1e-9
MODULUS_TOLERANCE = 1e-12

OBJECTIVES = {
    "speb": ("m^2", "SPEB"),
    "polar": ("m^2 + rad^2", "joint distance-and-angle CRB"),
    "snr": ("1", "sensing SNR"),
    "sum-rate": ("bit/s/Hz", "sum-rate"),
}
"""Unit and name of every objective: eq. (22), the trace of the inverse polar EFIM,
|beta|^2 N a^H R a / sigma^2 and eq. (10); the last two are maximised, the others minimised."""

PROMISES = ("rate", "speb")
"""Constraints a scheme may promise besides power and modulus: R_k >= R_min, SPEB <= Gamma_s."""


def position_efim(scenario: Scenario, beamformers: np.ndarray) -> np.ndarray:
    """Equivalent Fisher information of the target position, shape (B, 2, 2)."""
    return fisher.position_efim(
        arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m),
        arrays.spherical_gradient(scenario.elements_m, scenario.target_m, scenario.wavelength_m),
        beamformers=beamformers,
        reflection=scenario.reflection,
        snapshots=scenario.parameters.snapshots,
        noise_power_w=scenario.parameters.noise_w,
    )


def sensing_snr(scenario: Scenario, beamformers: np.ndarray) -> np.ndarray:
    """Sensing SNR |beta|^2 N a^H R a / sigma^2, shape (B,)."""
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    illumination = np.sum(np.abs(np.conj(response) @ beamformers) ** 2, axis=-1)
    return abs(scenario.reflection) ** 2 * len(response) * illumination / scenario.parameters.noise_w


def user_rates(scenario: Scenario, beamformers: np.ndarray, *, dirty_paper: bool = False) -> np.ndarray:
    """Rate of each user in bit/s/Hz, shape (B, K), with linear precoding or dirty-paper coding."""
    sinr = links.dirty_paper_sinr if dirty_paper else links.sinr
    return links.rate(sinr(scenario.channels, beamformers, scenario.parameters.noise_w))


def objective_value(
    scenario: Scenario, beamformers: np.ndarray, objective: str, *, dirty_paper: bool = False
) -> np.ndarray:
    """Objective of beamformers.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    beamformers : ndarray of complex, shape (B, N, K)
        W; NaN gives NaN.
    objective : str
        A key of `OBJECTIVES`.
    dirty_paper : bool
        The streams are dirty-paper coded in the order of the users.

    Returns
    -------
    ndarray, shape (B,)
    """
    if objective == "sum-rate":
        return user_rates(scenario, beamformers, dirty_paper=dirty_paper).sum(axis=-1)
    if objective == "snr":
        return sensing_snr(scenario, beamformers)
    efim = position_efim(scenario, beamformers)
    return fisher.speb(fisher.polar_efim(efim, scenario.target_m) if objective == "polar" else efim)


def violations(
    scenario: Scenario,
    beamformers: np.ndarray,
    analog: np.ndarray | None = None,
    digital: np.ndarray | None = None,
    *,
    promises: Sequence[str] = ("rate",),
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Constraint violations of beamformers.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    beamformers : ndarray of complex, shape (B, N, K)
        W.
    analog : ndarray of complex, shape (B, N, N_RF), or None
        F_A.
    digital : ndarray of complex, shape (B, N_RF, K), or None
        F_D; together they must give the beamformers.
    promises : sequence of str
        Of `PROMISES`: what the scheme promises besides.

    Returns
    -------
    violation : ndarray, shape (B, C)
        Rate of the worst user, SPEB, power, modulus: each divided by its limit, negative is slack.
        The last counts what W differs from F_A F_D as well, in units of its largest entry.
    met : ndarray of bool, shape (B,)
        Rates to 1e-6 bit/s/Hz, SPEB to 1e-6 relative, power to 1e-9 relative, modulus to 1e-12.
    constraints : tuple of str
        Names of the C constraints.
    """
    p = scenario.parameters
    excess = np.sum(np.abs(beamformers) ** 2, axis=(-2, -1)) / p.power_w - 1.0
    columns, names = [excess], ["power"]
    met = excess <= POWER_TOLERANCE
    if "speb" in promises:
        excess = fisher.speb(position_efim(scenario, beamformers)) / p.max_speb_m2 - 1.0
        met &= excess <= SPEB_TOLERANCE
        columns.insert(0, excess)
        names.insert(0, "speb")
    if "rate" in promises:
        missing = p.min_rates_bps_hz - links.rate(links.sinr(scenario.channels, beamformers, p.noise_w))
        met &= np.max(missing, axis=-1) <= RATE_TOLERANCE_BPS_HZ
        columns.insert(0, np.max(missing / p.min_rates_bps_hz, axis=-1))
        names.insert(0, "rate")
    if analog is not None:
        chains = analog.shape[-1]
        block = connections(analog.shape[-2], chains)
        departure = np.max(np.abs(np.abs(analog) - block), axis=(-2, -1))
        if digital is not None:
            difference = np.max(np.abs(analog @ digital - beamformers), axis=(-2, -1))
            departure = np.maximum(departure, difference / np.max(np.abs(beamformers), axis=(-2, -1)))
        met &= departure <= MODULUS_TOLERANCE
        columns.append(departure)
        names.append("modulus")
    return np.stack(columns, axis=-1), met, tuple(names)


def judge(
    scenario: Scenario,
    *,
    objective: str,
    beamformers: np.ndarray,
    bound: np.ndarray,
    speb_bound_m2: np.ndarray,
    status: np.ndarray,
    reason: Sequence[str],
    iterations: np.ndarray,
    analog: np.ndarray | None = None,
    digital: np.ndarray | None = None,
    certified: np.ndarray | None = None,
    promises: Sequence[str] = ("rate",),
    dirty_paper: bool = False,
    trace: np.ndarray | None = None,
    solve_seconds: np.ndarray | None = None,
) -> Design:
    """Put a design together, its objective, violations, gap and status recomputed.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    objective : str
        A key of `OBJECTIVES`.
    beamformers, analog, digital, certified : ndarray or None
        As `Design` has them; NaN where there is no design.
    bound, speb_bound_m2 : ndarray, shape (B,)
        Certified bounds on the objective and on the SPEB.
    status : ndarray, shape (B,)
        Taken where the beamformers are NaN, and as the best a design may be called.
    reason : sequence of str
        Why there is no design.
    iterations : ndarray, shape (B,)
        Iterations of the solver.
    promises, dirty_paper
        As `Design` has them.
    trace, solve_seconds : ndarray or None
        As `Design` has them.

    Returns
    -------
    Design
    """
    found = np.isfinite(beamformers).all(axis=(-2, -1))
    beamformers = np.where(found[:, None, None], beamformers, np.nan)
    violation, met, constraints = violations(scenario, beamformers, analog, digital, promises=promises)
    if certified is not None:
        _, certified_met, _ = violations(scenario, certified, promises=promises)
        met &= certified_met
    value = objective_value(
        scenario, beamformers if certified is None else certified, objective, dirty_paper=dirty_paper
    )
    gap = relative_gap(value, bound)
    status, reason = verdict(status, reason, found=found, met=met, gap=gap)
    return Design(
        status=status,
        objective=np.where(found, value, np.nan),
        bound=bound,
        gap=np.where(found, gap, np.nan),
        violation=violation,
        constraints=constraints,
        iterations=iterations,
        reason=reason,
        trace=trace,
        solve_seconds=solve_seconds,
        beamformers=beamformers,
        analog=analog,
        digital=digital,
        speb_bound_m2=speb_bound_m2,
        certified=certified,
        objective_name=objective,
        promises=tuple(promises),
        dirty_paper=dirty_paper,
    )
