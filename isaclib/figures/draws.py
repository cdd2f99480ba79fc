"""What became of the draws, and what they took, as tables of a page: none is left out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign import tidy
from isaclib.campaign.spent import Spent
from isaclib.figures.html import Html, shaded, table
from isaclib.systems.base import HAS_DESIGN, Status

if TYPE_CHECKING:
    import xarray as xr

REASONS = 3
"""Reasons for missing designs that are told of a curve, the most frequent first."""

SOLVER_TIME = "solve_seconds"

_WITHOUT = tuple(status for status in Status if status not in HAS_DESIGN and status is not Status.NOT_RUN)
_COLOURS = {
    Status.VIOLATING: "#f5ecc8",
    Status.INFEASIBLE: "#f5ecc8",
    Status.NOT_FOUND: "#f6d9d5",
    Status.FAILED: "#f6d9d5",
    Status.NOT_RUN: "#f6d9d5",
}

_NONE = Html("<small>0</small>")

STATUSES = tuple(status.name.lower().replace("_", " ") for status in Status)
"""Every status, as pages call it."""


def counts(summary: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the draws of every curve by status, over all points.

    Parameters
    ----------
    summary : xarray.Dataset
        From `isaclib.campaign.tidy.open_summary`.

    Returns
    -------
    dict of str to ndarray, shape (status,)
        By label. Not run are those that were asked for; a curve shorter than others asks for less.
    """
    amounts = summary["status_count"]
    inner = [dim for dim in amounts.dims if dim not in ("scheme", "status")]
    points = math.prod(amounts.sizes[dim] for dim in inner)
    asked = {curve["label"]: curve["realisations"] * points for curve in json.loads(summary.attrs["curves"])}
    found = {}
    for label in map(str, amounts["scheme"].values):
        numbers = amounts.sel(scheme=label).sum(inner).values.copy()
        numbers[Status.NOT_RUN] = max(asked[label] - numbers[: Status.NOT_RUN].sum(), 0)
        found[label] = numbers
    return found


def status_cells(numbers: np.ndarray) -> list[object]:
    """Return the draws of each status; what has no design, or breaks a constraint, on a colour."""
    return [
        shaded(f"{number:,}", _COLOURS[status]) if number and status in _COLOURS else f"{number:,}" if number else _NONE
        for status, number in zip(Status, numbers.tolist(), strict=True)
    ]


def status_table(summary: xr.Dataset) -> Html:
    """Return the draws of every curve by status, with the share that has a design."""
    rows = []
    for label, numbers in counts(summary).items():
        share = numbers[list(HAS_DESIGN)].sum() / max(numbers.sum(), 1)
        rows.append([label, f"{numbers.sum():,}", *status_cells(numbers), percent(share)])
    return table(["scheme", "draws", *STATUSES, "with a design"], rows)


def missing_table(summary: xr.Dataset) -> Html | None:
    """Return the points at which draws have no design or break a constraint; None where there is no such point."""
    amounts = summary["status_count"].transpose("scheme", ..., "status")
    axes = tidy.axes(summary)
    told = [Status.VIOLATING, *_WITHOUT]
    rows = []
    for place in np.ndindex(*amounts.shape[:-1]):
        numbers = amounts.values[place]
        if numbers[told].any():
            values = [summary[axis].values[i] for axis, i in zip(axes, place[1:], strict=True)]
            cells = status_cells(numbers)
            shown = [value if isinstance(value, str) else f"{value:g}" for value in values]
            draws = numbers[: Status.NOT_RUN].sum()
            rows.append([str(summary["scheme"].values[place[0]]), *shown, f"{draws:,}", *(cells[s] for s in told)])
    if not rows:
        return None
    head = ["scheme", *(_axis(summary[axis]) for axis in axes), "draws", *(STATUSES[s] for s in told)]
    return table(head, rows, words=1 + len(axes))


def reasons(curves: Iterable[Spent]) -> list[str]:
    """Say for every curve why draws have no design, the most frequent reasons first."""
    said = []
    for curve in curves:
        known = [f"{reason} ({number})" for reason, number in curve.reasons.most_common(REASONS)]
        more = len(curve.reasons) - len(known)
        if known:
            said.append(f"{curve.label}: {'; '.join(known)}{f'; {more} more' if more > 0 else ''}")
    return said


def time_table(curves: Sequence[Spent], summary: xr.Dataset) -> Html:
    """Return what every curve took: core time, time of a realisation, of its solver alone, memory."""
    solver = dict(_solver_times(summary))
    rows = [
        [curve.label, curve.solver, f"{curve.draws:,}", *cost_cells([curve]), solver.get(curve.label, "")]
        for curve in curves
    ]
    return table(["scheme", "solver", "draws", *COSTS, "solver alone, median"], rows, words=2)


COSTS = ("core time", "each", "peak memory")
"""Columns of `cost_cells`."""


def cost_cells(curves: Sequence[Spent]) -> list[object]:
    """Return core time, time of a realisation and peak memory of some curves together."""
    total, draws = sum(curve.seconds for curve in curves), sum(curve.draws for curve in curves)
    memory = max((curve.peak_memory_mb for curve in curves), default=0.0)
    return [duration(total), duration(total / draws) if draws else "", f"{memory:,.0f} MB"]


def duration(seconds: float) -> str:
    """Return a time with three digits, or two, in the unit that suits it."""
    for unit, size in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} \u00b5s"


def percent(share: float) -> str:
    """Return a share in per cent; what is not all, or nothing, does not look like it."""
    return f"{100.0 * share:.3g} %" if share in (0.0, 1.0) or 0.01 < share < 0.99 else f"{100.0 * share:.4g} %"


def _axis(values: xr.DataArray) -> str:
    name = str(values.attrs.get("long_name", values.name)).split(";")[0]
    unit = values.attrs.get("units", "1")
    return name if unit == "1" else f"{name} ({unit})"


def _solver_times(summary: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield for every curve its solver's median time of a draw, from the fastest point to the slowest."""
    if SOLVER_TIME not in summary:
        return
    medians: Any = summary[SOLVER_TIME].sel(population="own", statistic="median", limit="value")
    for label in map(str, summary["scheme"].values):
        known = medians.sel(scheme=label).values
        known = known[~np.isnan(known)]
        if known.size:
            low, high = duration(known.min()), duration(known.max())
            yield label, low if low == high else f"{low} to {high}"
