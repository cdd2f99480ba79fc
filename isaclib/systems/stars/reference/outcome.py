"""From what a reference solver found, draw by draw, to a design of the batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from isaclib.systems.base import Status
from isaclib.systems.stars import field
from isaclib.systems.stars.acceptance import judge
from isaclib.systems.stars.bound import Ceiling, cost_bound
from isaclib.systems.stars.closed_form import MOST_ITERATIONS, most_light, strongest_beams
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.scenario import Scenario

STARTS = 3
"""Of the fixed point whose beam certifies the channel."""


@dataclass(frozen=True)
class Layout:
    """Beams, coefficients and sensors of one realisation.

    Attributes
    ----------
    active : ndarray of complex, shape (M, U + 1)
        F.
    reflection, transmission : ndarray of complex, shape (N,)
        q_r and q_t.
    sensor_count : int
        N_r.
    sensor_spacing_m : float
        d_r.
    """

    active: np.ndarray
    reflection: np.ndarray
    transmission: np.ndarray
    sensor_count: int
    sensor_spacing_m: float


@dataclass(frozen=True)
class Attempt:
    """What a reference solver found for one realisation.

    Attributes
    ----------
    layout : Layout or None
        None where nothing was found.
    status : Status
        Taken where there is no layout.
    reason : str
        Why there is none.
    trace : tuple of float
        Cost after each iteration.
    iterations : int
        Iterations of the solver.
    seconds : float
        Time spent.
    """

    layout: Layout | None = None
    status: Status = Status.NOT_FOUND
    reason: str = ""
    trace: tuple[float, ...] = ()
    iterations: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Limits:
    """What no design of a scenario can exceed.

    Attributes
    ----------
    most : Ceiling
        Of the illumination.
    reasons : tuple of str
        Why a rate is proven to be out of reach; empty where it is not.
    reachable_rate : ndarray, shape (B,)
        Largest rate found for a single user; NaN for several.
    """

    most: Ceiling
    reasons: tuple[str, ...]
    reachable_rate: np.ndarray


def limits(scenario: Scenario) -> Limits:
    """Certify the channels, and with them what can reach targets and users.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.

    Returns
    -------
    Limits
    """
    p = scenario.parameters
    channels = scenario.channels
    beams = strongest_beams(channels, STARTS)
    weights = field.dual_weights(channels, beams)
    sizes = np.abs(scenario.user_channel)
    # no user has more than all power through all of the surface
    ceilings = np.log2(1.0 + p.power_w * np.min(np.sum(weights[:, None] * sizes**2, axis=-1), axis=-1) / p.noise_w)
    reachable = np.full(len(scenario), np.nan)
    if p.users == 1:
        for index in range(len(scenario)):
            own = min(index, len(channels) - 1)
            value, _ = field.climb(channels[own], sizes[index, 0], beams[own].copy(), MOST_ITERATIONS)
            reachable[index] = np.log2(1.0 + p.power_w * value**2 / p.noise_w)
    reasons = tuple(
        f"at most {most:.4g} bit/s/Hz can be reached, {p.min_rate_bps_hz:g} asked" if most < p.min_rate_bps_hz else ""
        for most in ceilings
    )
    return Limits(most_light(scenario, weights, starts=STARTS), reasons, reachable)


def design_each(scenario: Scenario, one: Callable[[Scenario], Attempt]) -> Design:
    """Run a solver on every realisation whose rates are not proven to be out of reach; have the designs judged.

    An exception on one realisation is its failure, not the batch's.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    one : callable
        ``one(scenario of one realisation) -> Attempt``.

    Returns
    -------
    Design
        With the trace that the attempts have, if any has one.
    """
    p = scenario.parameters
    theory = limits(scenario)
    batch = len(scenario)
    active = np.full((batch, p.bs_antennas, p.users + 1), np.nan + 0j)
    reflection, transmission = np.full((2, batch, p.star_elements), np.nan + 0j)
    count, spacing = np.zeros(batch, dtype=np.int64), np.full(batch, np.nan)
    attempts = []
    for index, reason in enumerate(theory.reasons):
        began = time.perf_counter()
        if reason:
            found = Attempt(status=Status.INFEASIBLE, reason=reason)
        else:
            try:
                found = one(scenario.single(index))
            except MemoryError:  # the machine's fault, not the draw's
                raise
            except Exception as error:  # one draw may fail in any other way; the others go on
                found = Attempt(status=Status.FAILED, reason=f"{type(error).__name__}: {error}".splitlines()[0])
        attempts.append(replace(found, seconds=time.perf_counter() - began))
        if found.layout is not None:
            layout = found.layout
            active[index], reflection[index], transmission[index] = (
                layout.active,
                layout.reflection,
                layout.transmission,
            )
            count[index], spacing[index] = layout.sensor_count, layout.sensor_spacing_m
    longest = max(len(attempt.trace) for attempt in attempts)
    trace = np.full((batch, longest), np.nan) if longest else None
    if trace is not None:
        for row, attempt in zip(trace, attempts, strict=True):
            row[: len(attempt.trace)] = attempt.trace
    return judge(
        scenario,
        active=active,
        reflection=reflection,
        transmission=transmission,
        sensor_count=count,
        sensor_spacing_m=spacing,
        bound=cost_bound(scenario, theory.most),
        illumination_bound=theory.most.power.min(axis=-1),
        reachable_rate=theory.reachable_rate,
        status=np.array([attempt.status if attempt.layout is None else Status.OPTIMAL for attempt in attempts]),
        reason=[attempt.reason for attempt in attempts],
        iterations=np.array([attempt.iterations for attempt in attempts]),
        trace=trace,
        solve_seconds=np.array([attempt.seconds for attempt in attempts]),
    )
