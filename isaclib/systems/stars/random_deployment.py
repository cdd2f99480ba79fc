"""The benchmark whose sensors are not designed: a fixed interval, a drawn number, beams for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from isaclib.systems.base import HAS_DESIGN, Status
from isaclib.systems.stars import closed_form, deployment, field
from isaclib.systems.stars.acceptance import judge
from isaclib.systems.stars.bound import cost_bound
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.riemannian.solver import RIEMANNIAN_OPTIONS, check_riemannian, riemannian
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

OPTIONS: Mapping[str, Any] = {"starts": closed_form.OPTIONS["starts"]}
DESCENT_OPTIONS: Mapping[str, Any] = {name: RIEMANNIAN_OPTIONS[name] for name in ("starts", "least_light")}


def check_descent(options: Mapping[str, Any]) -> None:
    """Refuse what `riemannian` refuses.

    Raises
    ------
    ValueError
        Naming the option and its value.
    """
    check_riemannian({**RIEMANNIAN_OPTIONS, **options})


def draw_sensors(p: Parameters, rng: Streams) -> tuple[np.ndarray, np.ndarray]:
    """Draw the sensors of every realisation: the smallest spacing allowed, their number uniform.

    d_r is half a wavelength, or `sensor_spacing_wavelengths` where that is named; N_r is uniform on 3 up
    to the smaller of `max_sensors` and what fits onto the surface, or `sensors` where that is named. One
    uniform number a realisation decides, the same at every grid point.

    Parameters
    ----------
    p : Parameters
        Limits of the deployment.
    rng : Streams
        Of B realisations.

    Returns
    -------
    count : ndarray of int, shape (B,)
        N_r.
    spacing_m : ndarray, shape (B,)
        d_r.
    """
    counts, least_m, _ = deployment.candidates(p)
    drawn = (rng.uniform(Stream.SENSOR_COUNT) * len(counts)).astype(np.int64)
    return counts[drawn], least_m[drawn]


def random_deployment(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Design beam and coefficients as `closed_form` does, for sensors as they were drawn.

    Of single beams the one that lights the target most is the best for any sensors. The bound is that of
    the cost of any design, any sensors: the gap is what is lost to it, and no design here is called
    optimal.

    Parameters
    ----------
    scenario : Scenario
        One user, one target on the other side, independent phases.
    options : mapping
        ``starts`` of the fixed point.
    rng : Streams
        Draws the sensors.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        For what `closed_form.check_parameters` refuses.
    """
    joint = closed_form.closed_form(scenario, {**closed_form.OPTIONS, **options}, rng)
    count, spacing = draw_sensors(scenario.parameters, rng)
    designed = np.isin(joint.status, HAS_DESIGN)
    return judge(
        scenario,
        active=joint.active,
        reflection=joint.reflection,
        transmission=joint.transmission,
        sensor_count=np.where(designed, count, 0),
        sensor_spacing_m=np.where(designed, spacing, np.nan),
        bound=joint.bound,
        illumination_bound=joint.illumination_bound,
        reachable_rate=joint.reachable_rate,
        status=np.where(designed, Status.FEASIBLE, joint.status),
        reason=joint.reason,
        iterations=joint.iterations,
    )


def random_deployment_descent(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Design beams and coefficients for the sensors as they were drawn, by `riemannian`.

    Two beams tell more than one where few sensors stand close. The bound is that of the cost of any
    design, any sensors, and no design here is called optimal.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        ``starts`` and ``least_light`` of `riemannian`.
    rng : Streams
        Draws the sensors and random starts.

    Returns
    -------
    Design
    """
    p = scenario.parameters
    count, spacing = draw_sensors(p, rng)
    designs = [
        riemannian(alone, {**RIEMANNIAN_OPTIONS, **options}, alone.streams)
        for alone in (_alone(scenario, row, int(count[row]), float(spacing[row])) for row in range(len(scenario)))
    ]

    def together(name: str) -> np.ndarray:
        return np.concatenate([getattr(design, name) for design in designs])

    starts, channels = closed_form.OPTIONS["starts"], scenario.channels
    strongest = closed_form.strongest_beams(channels, starts)
    most = closed_form.most_light(scenario, field.dual_weights(channels, strongest), starts=starts)
    status = together("status")
    return judge(
        scenario,
        active=together("active"),
        reflection=together("reflection"),
        transmission=together("transmission"),
        sensor_count=together("sensor_count"),
        sensor_spacing_m=together("sensor_spacing_m"),
        bound=cost_bound(scenario, most),
        illumination_bound=together("illumination_bound"),
        reachable_rate=together("reachable_rate"),
        status=np.where(np.isin(status, HAS_DESIGN), Status.FEASIBLE, status),
        reason=[design.reason[0] for design in designs],
        iterations=together("iterations"),
    )


def _alone(scenario: Scenario, row: int, count: int, spacing_m: float) -> Scenario:
    """One realisation with its sensors as parameters."""
    p = scenario.parameters
    placed = replace(p, sensors=count, sensor_spacing_wavelengths=spacing_m / p.wavelength_m)
    return replace(scenario.single(row), parameters=placed)
