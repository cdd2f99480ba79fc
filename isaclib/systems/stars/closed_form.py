"""The default solver of ``stars``: the best beam by a fixed point, co-phased coefficients, sensors by enumeration.

It lights the target. Where the sensors are few and close together the Fisher information has a lower
optimum still, with the target in the dark: the main beam cancels there and changes fast around it,
while next to nothing of a second beam tells the reflection. Such designs come close to the bound on the
cost, which holds for them too, and nothing is left of the echo. They are not looked for; the gap shows
where they are, and the status is then `feasible`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isaclib.systems.base import Status
from isaclib.systems.parameters import complaint
from isaclib.systems.stars import deployment, field, information, passive
from isaclib.systems.stars.acceptance import judge
from isaclib.systems.stars.bound import Ceiling, ceiling, cost_bound
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Streams

MOST_ITERATIONS = 1000
OPTIONS: Mapping[str, Any] = {"starts": 3, "deployment": "enumerate", "trace": 0}


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse values that mean nothing, of the options that a solver has.

    Raises
    ------
    ValueError
        Naming the option and its value.
    """
    for name, least in (("starts", 1), ("trace", 0)):
        if name in options and options[name] < least:
            raise complaint(f"option {name}", options[name], f"a whole number of at least {least}")
    if "deployment" in options:
        deployment.check_method(options["deployment"])


COVERED = (("users", 1), ("targets", 1), ("target_side", "reflection"), ("phase_shifts", "independent"))
"""What the closed form takes for granted."""


def covers(p: Parameters) -> bool:
    """Tell whether the closed form applies."""
    return all(getattr(p, name) == covered for name, covered in COVERED)


def check_parameters(p: Parameters, *, other: str = "; the solver riemannian covers the rest") -> None:
    """Refuse what the closed form does not cover.

    Parameters
    ----------
    p : Parameters
        Of the scenario.
    other : str
        What to do instead; nothing where a scheme has no other solver.

    Raises
    ------
    ValueError
        Naming the field, its value, and what to do instead.
    """
    for name, covered in COVERED:
        value = getattr(p, name)
        if value != covered:
            raise complaint(name, value, f"{covered} for the solver closed-form{other}")


def strongest_beams(channels: np.ndarray, starts: int, most: int = MOST_ITERATIONS) -> np.ndarray:
    """Return the beam of norm one that brings most field onto the surface, for each channel.

    Parameters
    ----------
    channels : ndarray of complex, shape (B, N, M)
        G.
    starts : int
        Starts of the fixed point.
    most : int
        Largest number of its iterations.

    Returns
    -------
    ndarray of complex, shape (B, M)
    """
    beams, sums = np.empty((len(channels), channels.shape[-1]), dtype=complex), np.empty(len(channels))
    field.strongest_beams(np.ascontiguousarray(channels), starts, most, beams, sums)
    return beams


@dataclass(frozen=True)
class Beams:
    """Beam and coefficients of every realisation, and the certificate of the channel.

    Attributes
    ----------
    active : ndarray of complex, shape (B, M)
        Beam of power P.
    reflection, transmission : ndarray of complex, shape (B, N)
        q_r and q_t.
    iterations : ndarray of int, shape (B,)
        Of the fixed point.
    outcome : ndarray of int, shape (B,)
        `passive.FOUND` or `passive.OUT_OF_REACH`.
    reachable : ndarray, shape (B,)
        Largest amplitude found at the user, sqrt(W).
    most : Ceiling
        Bound on the illumination.
    unreachable : ndarray of bool, shape (B,)
        The rate is proven to be out of reach.
    """

    active: np.ndarray
    reflection: np.ndarray
    transmission: np.ndarray
    iterations: np.ndarray
    outcome: np.ndarray
    reachable: np.ndarray
    most: Ceiling
    unreachable: np.ndarray


def light_the_target(scenario: Scenario, *, starts: int, most: int = MOST_ITERATIONS) -> Beams:
    """Find the beam and the coefficients that light the target most while the user has its rate.

    p00 = L^2 - gamma sigma^2 / alpha^2 where amplitudes do not vary over the surface, L the largest
    sum_n |(G f)_n|. A channel that all realisations share is solved once.

    Parameters
    ----------
    scenario : Scenario
        One user, one target on the other side.
    starts : int
        Starts of the fixed point; 0: from the first antenna alone, whose field is spread evenly.
    most : int
        Largest number of its iterations.

    Returns
    -------
    Beams
    """
    p = scenario.parameters
    batch = len(scenario)
    channels = scenario.channels
    if starts:
        first = strongest_beams(channels, starts, most)
    else:
        first = np.tile(np.eye(1, p.bs_antennas, dtype=complex), (len(channels), 1))
    user = scenario.user_channel[:, 0]
    beams = np.full((batch, p.bs_antennas), np.nan + 0j)
    transmission = np.full((batch, p.star_elements), np.nan + 0j)
    reflection = transmission.copy()
    limits, reachable = np.full(batch, np.nan), np.empty(batch)
    iterations, outcome = np.empty((2, batch), dtype=np.int64)
    needed = np.sqrt(p.min_sinr * p.noise_w / p.power_w)
    passive.share_surfaces(
        channels, first, np.ascontiguousarray(scenario.target_response), user, needed, most,
        beams, transmission, reflection, limits, reachable, iterations, outcome,
    )  # fmt: skip
    # co-phased coefficients have |q_r,n| = |a_n| / w_n
    target, lit = np.abs(scenario.target_response), (outcome == passive.FOUND)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.where(lit & (target > 0.0), target / np.abs(reflection), target)
    weights = field.scaled_weights(channels, sizes, np.where(lit, beams, first), first)
    at_user = np.sum(weights * np.abs(user) ** 2, axis=-1)
    return Beams(
        active=np.sqrt(p.power_w) * beams,
        reflection=reflection,
        transmission=transmission,
        iterations=iterations,
        outcome=outcome,
        reachable=np.sqrt(p.power_w) * reachable,
        most=ceiling(scenario, weights),
        unreachable=p.power_w * at_user < p.min_sinr * p.noise_w,
    )


def most_light(scenario: Scenario, weights: np.ndarray, *, starts: int) -> Ceiling:
    """Bound the illumination by the weights of the closed form, or by those given where it does not apply.

    The closed form's are tight for amplitudes that vary over the surface, too.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    weights : ndarray, shape (1 or B, N)
        y of `field.dual_weights`.
    starts : int
        Starts of the fixed point.

    Returns
    -------
    Ceiling
    """
    if covers(scenario.parameters):
        return light_the_target(scenario, starts=starts).most
    return ceiling(scenario, weights)


def closed_form(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, sensing_beam: bool = True) -> Design:
    """Design sensors, beam and coefficients of least cost (22).

    Parameters
    ----------
    scenario : Scenario
        One user, one target on the other side, independent phases.
    options : mapping
        ``starts`` of the fixed point; ``deployment``, one of `deployment.METHODS`; ``trace``: the cost
        after each of so many iterations from a beam that lights nothing in particular.
    rng : Streams
        Not used.
    sensing_beam : bool
        Whether `active` has a column for a beam of sensing alone, which has no power here.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        For what `check_parameters` refuses.
    """
    p = scenario.parameters
    check_parameters(p)
    beams = light_the_target(scenario, starts=options["starts"])
    columns = 2 if sensing_beam else 1
    active = np.zeros((len(scenario), p.bs_antennas, columns), dtype=complex)
    active[..., 0] = beams.active
    found = beams.outcome == passive.FOUND
    count, spacing = np.zeros(len(scenario), dtype=np.int64), np.full(len(scenario), np.nan)
    if found.any():
        with np.errstate(invalid="ignore"):
            light = information.illuminate(scenario, active, beams.reflection)
            chosen = deployment.deploy(scenario, light, options["deployment"])
        count[found], spacing[found] = chosen[0][found], chosen[1][found]
    status = np.where(found, Status.OPTIMAL, np.where(beams.unreachable, Status.INFEASIBLE, Status.NOT_FOUND))
    reachable = np.log2(1.0 + beams.reachable**2 / p.noise_w)
    return judge(
        scenario,
        active=active,
        reflection=beams.reflection,
        transmission=beams.transmission,
        sensor_count=count,
        sensor_spacing_m=spacing,
        bound=cost_bound(scenario, beams.most),
        illumination_bound=beams.most.power[:, 0],
        reachable_rate=reachable,
        status=status,
        reason=[
            "" if ok else f"at most {most:.4g} bit/s/Hz can be reached, {p.min_rate_bps_hz:g} asked"
            for ok, most in zip(found, reachable, strict=True)
        ],
        iterations=beams.iterations,
        trace=_trace(scenario, int(options["trace"])) if options["trace"] else None,
    )


def _trace(scenario: Scenario, length: int) -> np.ndarray:
    """Cost after each iteration of the fixed point, shape (B, length); NaN while the user has not its rate."""
    costs = np.full((len(scenario), length), np.nan)
    for iterations in range(length):
        beams = light_the_target(scenario, starts=0, most=iterations)
        lit = np.flatnonzero(beams.outcome == passive.FOUND)
        if not len(lit):
            continue
        with np.errstate(invalid="ignore"):
            light = information.illuminate(scenario, beams.active[..., None], beams.reflection)
            chosen = deployment.enumerate_deployments(scenario, light)
            costs[lit, iterations] = deployment.deployment_cost(scenario, light, *chosen)[lit]
    return costs
