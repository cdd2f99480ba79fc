"""Judging designs of the system ``modular`` from their beamformers alone.

What a solver says of itself is never believed: spectral efficiency, SCNR, power and modulus are
recomputed here, for the default and the reference solvers alike, and once more on evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isaclib.systems.modular.departures import departures
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.scenario import Scenario, distinct
from isaclib.systems.verdict import relative_gap, verdict

SCNR_TOLERANCE = 1e-6
POWER_TOLERANCE = 1e-9
MODULUS_TOLERANCE = 1e-12


def _squares(values: np.ndarray) -> np.ndarray:
    return values.real**2 + values.imag**2


def illumination(scenario: Scenario, beamformers: np.ndarray) -> np.ndarray:
    """a_q^H R a_q of every object, shape (B, Q)."""
    return np.sum(_squares(np.conj(distinct(scenario.transmit)) @ beamformers), axis=-1)


def scnr(scenario: Scenario, beamformers: np.ndarray) -> np.ndarray:
    """SCNR (20) of every target, shape (B, T).

    For a target the other targets are clutter like the interferers.
    """
    heard = scenario.weights * illumination(scenario, beamformers)[:, None]
    targets = heard.shape[1]
    own = heard[:, np.arange(targets), np.arange(targets)]
    # masked, not total minus own: a strong echo would wipe out a weak clutter
    clutter = np.where(np.eye(targets, heard.shape[2], dtype=bool), 0.0, heard).sum(axis=-1)
    return own / (clutter + scenario.filter_noise)


def spectral_efficiency(scenario: Scenario, beamformers: np.ndarray) -> np.ndarray:
    """Spectral efficiency (14), log2 det(I + H R H^H / sigma_c^2) in bit/s/Hz, shape (B,)."""
    received = scenario.channel @ beamformers / np.sqrt(scenario.noise_w)
    inner = np.conj(np.swapaxes(received, -1, -2)) @ received
    with np.errstate(invalid="ignore"):
        nat = np.linalg.slogdet(np.eye(inner.shape[-1]) + inner)[1]
    # next to nothing has no digits left beside one
    weak = nat < 0.1
    if weak.any():
        nat[weak] = np.sum(np.log1p(np.maximum(np.linalg.eigvalsh(inner[weak]), 0.0)), axis=-1)
    return nat / np.log(2.0)


def violations(
    scenario: Scenario, beamformers: np.ndarray, blocks: np.ndarray | None = None, digital: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Constraint violations of beamformers.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    beamformers : ndarray of complex, shape (B, N, N_s)
        F.
    blocks : ndarray of complex, shape (B, L, M, N_RF / L), or None
        F_1..F_L of F_A = blkdiag(F_1..F_L).
    digital : ndarray of complex, shape (B, N_RF, N_s), or None
        F_D; together they must give the beamformers.

    Returns
    -------
    violation : ndarray, shape (B, C)
        SCNR of the worst target, power, modulus: each divided by its limit, negative is slack. The
        last counts what F differs from F_A F_D as well, in units of its largest entry.
    met : ndarray of bool, shape (B,)
        SCNR to 1e-6 relative, power to 1e-9 relative, modulus to 1e-12.
    constraints : tuple of str
        Names of the C constraints.
    """
    p = scenario.parameters
    missing = 1.0 - np.min(scnr(scenario, beamformers), axis=-1) / p.min_scnr
    excess = np.sum(_squares(beamformers), axis=(-2, -1)) / p.power_w - 1.0
    met = (missing <= SCNR_TOLERANCE) & (excess <= POWER_TOLERANCE)
    columns, names = [missing, excess], ["scnr", "power"]
    if blocks is not None and digital is not None:
        modulus, difference, largest = departures(np.swapaxes(blocks, -1, -2), digital, beamformers)
        departure = np.maximum(modulus, difference / largest)
        met &= departure <= MODULUS_TOLERANCE
        columns.append(departure)
        names.append("modulus")
    return np.stack(columns, axis=-1), met, tuple(names)


def judge(
    scenario: Scenario,
    *,
    beamformers: np.ndarray,
    bound: np.ndarray,
    reachable_scnr: np.ndarray,
    status: np.ndarray,
    reason: Sequence[str],
    iterations: np.ndarray,
    blocks: np.ndarray | None = None,
    digital: np.ndarray | None = None,
    trace: np.ndarray | None = None,
    solve_seconds: np.ndarray | None = None,
) -> Design:
    """Put a design together, its objective, violations, gap and status recomputed.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    beamformers, blocks, digital : ndarray or None
        As `Design` has them; NaN where there is no design.
    bound : ndarray, shape (B,)
        Certified upper bound on the spectral efficiency, bit/s/Hz.
    reachable_scnr : ndarray, shape (B, T)
        As `Design` has it.
    status : ndarray, shape (B,)
        Taken where the beamformers are NaN, and as the best a design may be called.
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
    found = np.isfinite(beamformers).all(axis=(-2, -1))
    if not found.all():
        beamformers = np.where(found[:, None, None], beamformers, np.nan)
    violation, met, constraints = violations(scenario, beamformers, blocks, digital)
    value = spectral_efficiency(scenario, beamformers)
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
        blocks=blocks,
        digital=digital,
        reachable_scnr=reachable_scnr,
    )
