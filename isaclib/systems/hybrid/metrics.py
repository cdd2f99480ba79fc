"""Metrics of the system ``hybrid``, recomputed from the beamformers alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from isaclib.physics import fisher
from isaclib.systems.base import HAS_DESIGN, Status
from isaclib.systems.hybrid import acceptance
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.verdict import labelled

if TYPE_CHECKING:
    import xarray as xr

METRICS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("speb_m2", "peb_m", "speb_bound_m2", "speb_certified_m2", "price_of_hybrid"), ()),
    **dict.fromkeys(("sum_rate", "lowest_rate", "sensing_snr", "power_w"), ()),
    **dict.fromkeys(("status", "objective", "bound", "gap", "iterations", "solve_seconds"), ()),
    "rate": ("user",),
    "violation": ("constraint",),
    "trace": ("iteration",),
}
"""What `evaluate` returns, some for some schemes only: name to dimensions behind the realisation."""


def evaluate(scenario: Scenario, design: Design) -> xr.Dataset:
    """Recompute every metric and constraint of a design.

    Where channels were known with errors, objective, bound and gap are those of what was designed
    for; rates and violations are those of the truth.

    Parameters
    ----------
    scenario : Scenario
        The truth.
    design : Design
        What a scheme returned; its status may be lowered, never raised.

    Returns
    -------
    xarray.Dataset
        Over ``realisation`` (and ``user``, ``constraint``, ``iteration``), units and long_name
        in attrs.
    """
    judged = acceptance.judge(
        scenario.designed_for,
        objective=design.objective_name,
        beamformers=design.beamformers,
        bound=design.bound,
        speb_bound_m2=design.speb_bound_m2,
        status=design.status,
        reason=design.reason,
        iterations=design.iterations,
        analog=design.analog,
        digital=design.digital,
        certified=design.certified,
        promises=design.promises,
        dirty_paper=design.dirty_paper,
    )
    kept = np.isin(judged.status, HAS_DESIGN)
    blank = np.where(kept[:, None, None], design.beamformers, np.nan)
    violation, status = judged.violation, judged.status
    if scenario.assumed is not None:
        violation, met, _ = acceptance.violations(
            scenario, blank, design.analog, design.digital, promises=design.promises
        )
        status = np.where(kept & ~met, Status.VIOLATING, status).astype(np.int8)
    speb = fisher.speb(acceptance.position_efim(scenario, blank))
    speb = np.where(kept, speb, np.nan)
    rate = acceptance.user_rates(scenario, blank, dirty_paper=design.dirty_paper)
    objective_unit, objective_name = acceptance.OBJECTIVES[design.objective_name]

    one = ("realisation",)
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, str, str]] = {
        "speb_m2": (one, speb, "m^2", "squared position error bound"),
        "peb_m": (one, np.sqrt(speb), "m", "position error bound"),
        "speb_bound_m2": (one, design.speb_bound_m2, "m^2", "certified lower bound on the SPEB of any beamformer"),
        "rate": ((*one, "user"), rate, "bit/s/Hz", "rate of each user"),
        "sum_rate": (one, rate.sum(axis=-1), "bit/s/Hz", "sum-rate"),
        "lowest_rate": (one, rate.min(axis=-1), "bit/s/Hz", "rate of the worst user"),
        "sensing_snr": (one, acceptance.sensing_snr(scenario, blank), "1", "sensing SNR"),
        "power_w": (one, np.sum(np.abs(blank) ** 2, axis=(-2, -1)), "W", "transmit power"),
        "violation": (
            (*one, "constraint"),
            np.where(kept[:, None], violation, np.nan),
            "1",
            "constraint violation relative to its limit (negative: slack)",
        ),
        "objective": (one, np.where(kept, judged.objective, np.nan), objective_unit, f"objective: {objective_name}"),
        "bound": (one, design.bound, objective_unit, f"certified bound on the {objective_name}"),
        "gap": (one, np.where(kept, judged.gap, np.nan), "1", "relative gap between objective and bound"),
        "iterations": (one, design.iterations, "1", "iterations of the solver"),
    }
    if design.analog is not None and design.objective_name == "speb":
        excess = speb / design.speb_bound_m2 - 1.0
        variables["price_of_hybrid"] = (one, excess, "1", "price of hybrid: SPEB above the fully digital bound")
    if design.analog is not None and design.objective_name == "sum-rate":
        missing = 1.0 - judged.objective / design.bound
        variables["price_of_hybrid"] = (
            one,
            np.where(kept, missing, np.nan),
            "1",
            "price of hybrid at most: sum-rate below the fully digital bound",
        )
    if design.certified is not None:
        certified = np.where(kept[:, None, None], design.certified, np.nan)
        optimum = fisher.speb(acceptance.position_efim(scenario, certified))
        variables["speb_certified_m2"] = (
            one,
            np.where(kept, optimum, np.nan),
            "m^2",
            "squared position error bound before ties were broken",
        )
    if design.trace is not None:
        variables["trace"] = ((*one, "iteration"), design.trace, objective_unit, objective_name)
    if design.solve_seconds is not None:
        variables["solve_seconds"] = (one, design.solve_seconds, "s", "time of the solver")

    return labelled(
        variables,
        status,
        {
            "realisation": np.arange(scenario.streams.start, scenario.streams.stop),
            "user": np.arange(rate.shape[-1]),
            "constraint": list(judged.constraints),
        },
    )
