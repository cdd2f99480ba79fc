"""The solver ``riemannian``: descents from several starts, sensors by enumeration, in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.systems.base import Status
from isaclib.systems.parameters import complaint
from isaclib.systems.stars import deployment, field, information
from isaclib.systems.stars.acceptance import judge
from isaclib.systems.stars.bound import cost_bound
from isaclib.systems.stars.closed_form import MOST_ITERATIONS, most_light, strongest_beams
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.riemannian.problem import Normalised, normalise
from isaclib.systems.stars.riemannian.search import Found, search
from isaclib.systems.stars.riemannian.starts import FIELD_STARTS
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Streams

RIEMANNIAN_OPTIONS: Mapping[str, Any] = {
    "starts": 12,
    "rounds": 4,
    "least_light": 0.01,
    "deployment": "enumerate",
    "trace": 0,
}
"""A hundredth of the light: ML attains the bound of two beams there, and does not at a thousandth (60 elements, 16
antennas, sensors at most a wavelength apart)."""


def check_riemannian(options: Mapping[str, Any]) -> None:
    """Refuse numbers of starts, rounds or traced iterations that mean nothing.

    Raises
    ------
    ValueError
        Naming the option and its value.
    """
    for name, least in (("starts", 1), ("rounds", 1), ("trace", 0)):
        if options[name] < least:
            raise complaint(f"option {name}", options[name], f"a whole number of at least {least}")
    if not 0.0 <= options["least_light"] <= 1.0:
        raise complaint("option least_light", options["least_light"], "a share between 0 and 1")
    deployment.check_method(options["deployment"])


def riemannian(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Design sensors, beams and surface of least cost (22) for any users, targets, side and phases.

    What is minimised has the entry J_rth of the information as well, which the closed form of the
    cost neglects: a single beam has none, but two can be made to show range and angle by the same
    change of the light, and would be credited with both.

    From every start beams and surface are optimised, roughly, for the sensors that suit the start;
    from the best of them on, finely, in turn with the sensors until these no longer change.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        ``starts``: at most so many, none once the bound is attained; ``rounds``: at most so many
        descents from the best start, each with the sensors that suit the one before;
        ``least_light``: share of the p00 of the first start that every target keeps. Without any, a
        beam that leaves the target in the dark and another of next to no power come close to a bound
        that no estimator follows; ``deployment``, one of `deployment.METHODS`, for the sensors in
        the end; ``trace``: iterations from the best start whose cost is kept, sometimes below what
        can be had since rates are still missing.
    rng : Streams
        Random starts.

    Returns
    -------
    Design
    """
    p = scenario.parameters
    normalised = normalise(scenario)
    strongest = strongest_beams(normalised.channels, FIELD_STARTS)
    dual = field.dual_weights(normalised.channels, strongest) * normalised.scale[:, None] ** 2
    most = most_light(scenario, dual, starts=FIELD_STARTS)
    # every user's beam takes its share of P at least
    reach = p.power_w * np.sum(dual[:, None] * np.abs(scenario.user_channel) ** 2, axis=-1)
    impossible = np.sum(p.min_sinr * p.noise_w / reach, axis=-1) > 1.0
    bound = cost_bound(scenario, most)
    best = search(
        scenario,
        normalised,
        strongest,
        np.flatnonzero(~impossible),
        change=most.change,
        bound=bound,
        starts=options["starts"],
        rounds=options["rounds"],
        least_light=options["least_light"],
        trace=options["trace"],
        rng=rng,
    )
    found = np.isfinite(best.cost)
    count, spacing = best.count, best.spacing_m
    if options["deployment"] != "enumerate" and found.any():
        with np.errstate(invalid="ignore"):
            chosen = deployment.deploy(scenario, _light(scenario, best), options["deployment"])
        count, spacing = np.where(found, chosen[0], count), np.where(found, chosen[1], spacing)
    reason = [""] * len(scenario)
    for row in np.flatnonzero(~found):
        reason[row] = (
            f"{p.min_rate_bps_hz:g} bit/s/Hz take more than the power that can reach the users"
            if impossible[row]
            else f"none of {int(options['starts'])} starts met the rates; the nearest missed "
            f"{100.0 * best.missing[row]:.3g} % of one"
        )
    return judge(
        scenario,
        active=best.active,
        reflection=best.reflection,
        transmission=best.transmission,
        sensor_count=count,
        sensor_spacing_m=spacing,
        bound=bound,
        illumination_bound=most.power.min(axis=-1),
        reachable_rate=_reachable_rate(scenario, normalised, strongest),
        status=np.where(found, Status.OPTIMAL, np.where(impossible, Status.INFEASIBLE, Status.NOT_FOUND)),
        reason=reason,
        iterations=best.evaluations,
        trace=best.trace if options["trace"] else None,
    )


def _reachable_rate(scenario: Scenario, normalised: Normalised, strongest: np.ndarray) -> np.ndarray:
    """Rate of a single user that has everything, bit/s/Hz, shape (B,); NaN for several."""
    p = scenario.parameters
    rate = np.full(len(scenario), np.nan)
    if p.users > 1:
        return rate
    for b, sizes in enumerate(np.abs(normalised.user_rows[:, 0])):
        shared = b if len(normalised.channels) > 1 else 0
        amplitude, _ = field.climb(normalised.channels[shared], sizes, strongest[shared].copy(), MOST_ITERATIONS)
        rate[b] = np.log2(1.0 + amplitude**2 / normalised.noise[b, 0])
    return rate


def _light(scenario: Scenario, best: Found) -> information.Illumination:
    on_their_side = best.transmission if scenario.parameters.target_side == "transmission" else best.reflection
    return information.illuminate(scenario, best.active, on_their_side)
