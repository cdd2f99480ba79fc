"""Metrics of the system ``stars``, recomputed from beams, coefficients and sensors alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from isaclib.systems.base import HAS_DESIGN, Status
from isaclib.systems.stars import acceptance, information
from isaclib.systems.stars.ambiguity import grating_lobes
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.verdict import labelled

if TYPE_CHECKING:
    import xarray as xr

METRICS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("cost", "deployment_cost", "sensor_count", "sensor_spacing_m", "spacing_wavelengths"), ()),
    **dict.fromkeys(("speb_m2", "rspeb_m", "speb_closed_form_m2", "speb_far_field_m2"), ()),
    **dict.fromkeys(("speb_known_beta_m2", "rspeb_known_beta_m"), ()),
    **dict.fromkeys(("rate", "reachable_rate", "power_w", "energy_violation", "ambiguity", "rank"), ()),
    **dict.fromkeys(("illumination_w", "illumination_gap"), ()),
    **dict.fromkeys(("status", "objective", "bound", "gap", "iterations", "solve_seconds"), ()),
    "user_rate": ("user",),
    "target_speb_m2": ("target",),
    "violation": ("constraint",),
    "trace": ("iteration",),
}
"""What `evaluate` returns, some for some schemes only: name to dimensions behind the realisation."""

RANK_TOLERANCE = 1e-6
"""Beams whose power is below this share of the strongest do not count towards the rank."""


def evaluate(scenario: Scenario, design: Design) -> xr.Dataset:
    """Recompute every metric and constraint of a design.

    Where channels were known with errors, objective, bound and gap are those of what was designed
    for; the rest is that of the truth.

    Parameters
    ----------
    scenario : Scenario
        The truth.
    design : Design
        What a scheme returned; its status may be lowered, never raised.

    Returns
    -------
    xarray.Dataset
        Over ``realisation`` (and ``user``, ``target``, ``constraint``, ``iteration``), units and
        long_name in attrs.
    """
    p = scenario.parameters
    judged = acceptance.judge(
        scenario.designed_for,
        active=design.active,
        reflection=design.reflection,
        transmission=design.transmission,
        sensor_count=design.sensor_count,
        sensor_spacing_m=design.sensor_spacing_m,
        bound=design.bound,
        illumination_bound=design.illumination_bound,
        reachable_rate=design.reachable_rate,
        status=design.status,
        reason=design.reason,
        iterations=design.iterations,
    )
    kept = np.isin(judged.status, HAS_DESIGN)
    active, count, spacing = judged.active, judged.sensor_count, judged.sensor_spacing_m
    assessed = acceptance.assess(scenario, active, judged.reflection, judged.transmission, count, spacing)
    status = np.where(kept & ~assessed.met, Status.VIOLATING, judged.status).astype(np.int8)
    light, deployed = assessed.light, (count, spacing)
    exact = information.exact_speb(scenario, light, *deployed)
    known = information.closed_form_speb(scenario, light, *deployed, bound="known-beta")
    far = information.far_field_speb(scenario, light, *deployed)
    lit = light.power.min(axis=-1)
    gram = np.conj(np.swapaxes(np.nan_to_num(active), -1, -2)) @ np.nan_to_num(active)
    powers = np.linalg.eigvalsh(gram)

    def together(speb: np.ndarray) -> np.ndarray:
        return of_designs(information.speb_of_targets(p, speb))

    def of_designs(values: np.ndarray) -> np.ndarray:
        return np.where(kept.reshape(-1, *(1,) * (values.ndim - 1)), values, np.nan)

    one = ("realisation",)
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, str, str]] = {
        "cost": (one, of_designs(assessed.cost), "1", "cost of position error and sensors"),
        "deployment_cost": (one, of_designs(count / p.max_sensors), "1", "share of the budget of sensors"),
        "sensor_count": (one, of_designs(count.astype(float)), "1", "number of sensors"),
        "sensor_spacing_m": (one, of_designs(spacing), "m", "distance of neighbouring sensors"),
        "spacing_wavelengths": (
            one,
            of_designs(spacing / p.wavelength_m),
            "1",
            "distance of neighbouring sensors in wavelengths",
        ),
        "speb_m2": (one, together(exact), "m^2", "squared position error bound, exact"),
        "rspeb_m": (one, np.sqrt(together(exact)), "m", "root of the squared position error bound, exact"),
        "speb_closed_form_m2": (one, together(assessed.speb), "m^2", "squared position error bound, closed form"),
        "speb_known_beta_m2": (
            one,
            together(known),
            "m^2",
            "squared position error bound, closed form of a known reflection",
        ),
        "rspeb_known_beta_m": (
            one,
            np.sqrt(together(known)),
            "m",
            "root of the squared position error bound, closed form of a known reflection",
        ),
        "speb_far_field_m2": (
            one,
            together(far),
            "m^2",
            "squared position error bound of planar waves, range known",
        ),
        "target_speb_m2": ((*one, "target"), of_designs(exact), "m^2", "squared position error bound of each target"),
        "rate": (one, of_designs(assessed.rate.min(axis=-1)), "bit/s/Hz", "rate of the worst user"),
        "user_rate": ((*one, "user"), of_designs(assessed.rate), "bit/s/Hz", "rate of each user"),
        "reachable_rate": (one, design.reachable_rate, "bit/s/Hz", "largest rate the user could have"),
        "power_w": (one, of_designs(np.sum(np.abs(active) ** 2, axis=(-2, -1))), "W", "transmit power"),
        "energy_violation": (
            one,
            of_designs(assessed.violation[:, acceptance.CONSTRAINTS.index("energy")]),
            "1",
            "departure of the surface's coefficients from energy conservation",
        ),
        "ambiguity": (
            one,
            of_designs(grating_lobes(scenario, *deployed).max(axis=-1)),
            "1",
            "highest grating lobe of the sensors in the sector of the targets",
        ),
        "rank": (
            one,
            of_designs(np.sum(powers > RANK_TOLERANCE * powers[:, -1:], axis=-1).astype(float)),
            "1",
            "rank of the transmit covariance",
        ),
        "illumination_w": (one, of_designs(lit), "W", "power at the target that is lit least, without its path loss"),
        "illumination_gap": (
            one,
            of_designs(1.0 - lit / design.illumination_bound),
            "1",
            "relative gap of the illumination to its bound",
        ),
        "violation": (
            (*one, "constraint"),
            of_designs(assessed.violation),
            "1",
            "constraint violation relative to its limit (negative: slack)",
        ),
        "objective": (one, of_designs(judged.objective), "1", "objective: cost"),
        "bound": (one, design.bound, "1", "certified lower bound on the cost"),
        "gap": (one, of_designs(judged.gap), "1", "relative gap between objective and bound"),
        "iterations": (one, design.iterations, "1", "iterations of the solver"),
    }
    if design.trace is not None:
        variables["trace"] = ((*one, "iteration"), design.trace, "1", "cost of position error and sensors")
    if design.solve_seconds is not None:
        variables["solve_seconds"] = (one, design.solve_seconds, "s", "time of the solver")
    return labelled(
        variables,
        status,
        {
            "realisation": np.arange(scenario.streams.start, scenario.streams.stop),
            "user": np.arange(p.users),
            "target": np.arange(p.targets),
            "constraint": list(judged.constraints),
        },
    )
