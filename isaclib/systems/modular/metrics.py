"""Metrics of the system ``modular``, recomputed from the beamformers alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from isaclib.systems.base import HAS_DESIGN, Status
from isaclib.systems.modular import acceptance
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.scenario import Scenario, mvdr
from isaclib.systems.verdict import labelled

if TYPE_CHECKING:
    import xarray as xr

METRICS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("spectral_efficiency", "scnr_db", "scnr_updated_db", "reachable_scnr_db"), ()),
    **dict.fromkeys(("channel_rank", "power", "rank"), ()),
    **dict.fromkeys(("status", "objective", "bound", "gap", "iterations", "solve_seconds"), ()),
    "target_scnr_db": ("target",),
    "violation": ("constraint",),
    "trace": ("iteration",),
}
"""What `evaluate` returns, some for some schemes only: name to dimensions behind the realisation."""

RANK_TOLERANCE = 1e-6
"""Singular values below this share of the largest do not count towards a rank."""


def decibel(ratio: np.ndarray) -> np.ndarray:
    """10 log10 of a power ratio; -inf for nothing."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(ratio)


def numerical_rank(matrices: np.ndarray) -> np.ndarray:
    """Singular values above `RANK_TOLERANCE` of the largest, shape (B,), for wide matrices (B, m, n)."""
    squares = np.linalg.eigvalsh(matrices @ np.conj(np.swapaxes(matrices, -1, -2)))
    return np.sum(squares > RANK_TOLERANCE**2 * squares[:, -1:], axis=-1)


def evaluate(scenario: Scenario, design: Design) -> xr.Dataset:
    """Recompute every metric and constraint of a design.

    Where the designer took another wavefront, or another channel, for true, objective, bound and gap are those of what
    was designed for; spectral efficiency, SCNR and violations are those of the truth.

    Parameters
    ----------
    scenario : Scenario
        The truth.
    design : Design
        What a scheme returned; its status may be lowered, never raised.

    Returns
    -------
    xarray.Dataset
        Over ``realisation`` (and ``target``, ``constraint``, ``iteration``), units and long_name
        in attrs.
    """
    if design.receive_filter is not None:
        scenario = scenario.filtered_by(design.receive_filter)
    known = scenario.designed_for
    judged = acceptance.judge(
        known,
        beamformers=design.beamformers,
        bound=design.bound,
        reachable_scnr=design.reachable_scnr,
        status=design.status,
        reason=design.reason,
        iterations=design.iterations,
        blocks=design.blocks,
        digital=design.digital,
    )
    kept = np.isin(judged.status, HAS_DESIGN)
    beams = np.where(kept[:, None, None], design.beamformers, np.nan)
    violation, constraints, status = judged.violation, judged.constraints, judged.status
    efficiency = judged.objective
    if known is not scenario:
        violation, met, constraints = acceptance.violations(scenario, beams, design.blocks, design.digital)
        status = np.where(kept & ~met, Status.VIOLATING, judged.status)
        efficiency = acceptance.spectral_efficiency(scenario, beams)
    scnr = acceptance.scnr(scenario, beams)
    targets = scnr.shape[-1]
    lit = scenario.reflections**2 * acceptance.illumination(scenario, np.nan_to_num(beams))
    filters = mvdr(scenario.receive, lit, targets, scenario.sensing_noise_w)
    heard = np.abs(np.conj(filters) @ np.swapaxes(scenario.receive, 1, 2)) ** 2 * lit[:, None]
    own = heard[:, np.arange(targets), np.arange(targets)]
    clutter = np.where(np.eye(targets, heard.shape[2], dtype=bool), 0.0, heard).sum(axis=-1)
    updated = own / (clutter + scenario.sensing_noise_w * np.sum(np.abs(filters) ** 2, axis=-1))
    adjoint = np.conj(np.swapaxes(np.nan_to_num(beams), -1, -2))

    def of_designs(values: np.ndarray) -> np.ndarray:
        return np.where(kept.reshape(-1, *(1,) * (values.ndim - 1)), values, np.nan)

    one = ("realisation",)
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, str, str]] = {
        "spectral_efficiency": (one, of_designs(efficiency), "bit/s/Hz", "spectral efficiency"),
        "scnr_db": (one, of_designs(decibel(scnr.min(axis=-1))), "dB", "SCNR of the worst target"),
        "target_scnr_db": ((*one, "target"), of_designs(decibel(scnr)), "dB", "SCNR of each target"),
        "scnr_updated_db": (
            one,
            of_designs(decibel(updated.min(axis=-1))),
            "dB",
            "SCNR of the worst target, receive filter recomputed from the design",
        ),
        "reachable_scnr_db": (
            one,
            decibel(design.reachable_scnr.min(axis=-1)),
            "dB",
            "largest SCNR the architecture can reach",
        ),
        "channel_rank": (one, numerical_rank(scenario.channel).astype(float), "1", "rank of the channel"),
        "rank": (one, of_designs(numerical_rank(adjoint).astype(float)), "1", "rank of the transmit covariance"),
        "power": (one, np.sum(np.abs(beams) ** 2, axis=(-2, -1)), "W", "transmit power"),
        "violation": (
            (*one, "constraint"),
            of_designs(violation),
            "1",
            "constraint violation relative to its limit (negative: slack)",
        ),
        "objective": (one, of_designs(judged.objective), "bit/s/Hz", "objective: spectral efficiency"),
        "bound": (one, design.bound, "bit/s/Hz", "certified bound on the spectral efficiency"),
        "gap": (one, of_designs(judged.gap), "1", "relative gap between objective and bound"),
        "iterations": (one, design.iterations, "1", "iterations of the solver"),
    }
    if design.trace is not None:
        variables["trace"] = ((*one, "iteration"), design.trace, "bit/s/Hz", "spectral efficiency")
    if design.solve_seconds is not None:
        variables["solve_seconds"] = (one, design.solve_seconds, "s", "time of the solver")
    return labelled(
        variables,
        status.astype(np.int8),
        {
            "realisation": np.arange(scenario.streams.start, scenario.streams.stop),
            "target": np.arange(targets),
            "constraint": list(constraints),
        },
    )
