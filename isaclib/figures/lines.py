"""From a summary to the lines of a figure: numbers and what they mean, nothing of their looks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign import tidy
from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.quantity_spec import CurveSpec, QuantitySpec
from isaclib.campaign.summary import TRACE

if TYPE_CHECKING:
    import xarray as xr

CONVERGED = 0.01
"""A convergence curve ends where fewer than this share of the draws still iterate."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve: a scheme, a quantity, values over x.

    Parameters
    ----------
    scheme, solver, label : str
        Name of the scheme, its solver, its label in the campaign.
    series : tuple
        Axis and value that tell it from curves of the same scheme; empty where there is none.
    curve : CurveSpec
        The quantity.
    steps : ndarray, shape (X,)
        Values of the grid axis (their positions where they are labels), or iterations.
    ends : ndarray, shape (X, 3)
        Value, lower and upper end of the band; NaN where there is none.
    across : ndarray, shape (X, 3), or None
        The same of the metric on the x axis; None where `steps` are on it.
    count : ndarray of int, shape (X,)
        Realisations behind each value.
    """

    scheme: str
    solver: str
    label: str
    series: tuple[str, Any] | tuple[()]
    curve: CurveSpec
    steps: np.ndarray
    ends: np.ndarray
    across: np.ndarray | None
    count: np.ndarray

    @property
    def x(self) -> np.ndarray:
        """Where the points stand on the x axis, shape (X,)."""
        return self.steps if self.across is None else self.across[:, 0]


def lines(summary: xr.Dataset, figure: FigureSpec) -> list[Line]:
    """Return the lines of a figure, quantity by quantity, in the order of the schemes.

    Parameters
    ----------
    summary : xarray.Dataset
        From `isaclib.campaign.tidy.open_summary`.
    figure : FigureSpec
        What to draw.

    Returns
    -------
    list of Line
        Without those that have no value at all.

    Raises
    ------
    ValueError
        For a metric, axis or scheme the summary does not have, in one line.
    """
    grid = tidy.axes(summary)
    axes = {axis: summary[axis].values.tolist() for axis in grid}
    labels = [str(label) for label in summary["scheme"].values]
    figure.check(axes=axes, schemes=labels, where=f"figure {figure.name}")
    about = {entry["label"]: entry for entry in json.loads(summary.attrs.get("curves", "[]"))}
    across = _quantity(summary, figure, figure.x)[0] if isinstance(figure.x, QuantitySpec) else None
    drawn = []
    for curve in figure.y:
        values, count, running = _quantity(summary, figure, curve)
        for label in asked(summary, figure, curve):
            for series in _series(axes, figure.series):
                at = {
                    **{axis: v[0] for axis, v in axes.items() if axis != figure.axis},
                    **figure.select,
                    **dict([series] if series else []),
                }
                place = {"scheme": labels.index(label), **{axis: axes[axis].index(value) for axis, value in at.items()}}
                ends, number = values.isel(place).values, count.isel(place).values
                number = np.broadcast_to(number, ends.shape[:1])
                keep = np.ones(len(ends), dtype=bool)
                if running is not None:
                    keep = _still_running(running.isel(place).values, number)
                other = None
                if across is not None:
                    other = across.isel(place).values
                    # a point needs both of its coordinates
                    keep = ~np.isnan(ends[:, 0]) & ~np.isnan(other[:, 0])
                if np.isnan(ends[keep, 0]).all():
                    continue
                drawn.append(
                    Line(
                        scheme=about.get(label, {}).get("scheme", label),
                        solver=about.get(label, {}).get("solver", ""),
                        label=label,
                        series=series,
                        curve=curve,
                        steps=_positions(summary, figure)[keep],
                        ends=ends[keep],
                        across=None if other is None else other[keep],
                        count=number[keep],
                    )
                )
    return drawn


def asked(summary: xr.Dataset, figure: FigureSpec, curve: CurveSpec) -> tuple[str, ...]:
    """Return the labels a quantity is to be drawn for, whether they have values or not."""
    return curve.schemes or figure.schemes or tuple(str(label) for label in summary["scheme"].values)


def is_text(values: np.ndarray) -> bool:
    """Tell whether an axis has labels instead of numbers."""
    return values.dtype.kind in "OUST"


def _positions(summary: xr.Dataset, figure: FigureSpec) -> np.ndarray:
    if figure.kind == "convergence":
        steps = summary["iteration"].values if "iteration" in summary.coords else np.arange(summary.sizes["iteration"])
        # the first entry is the objective after the first iteration
        return steps.astype(float) + (1.0 - float(steps[0]))
    values = summary[figure.axis].values
    return np.arange(len(values), dtype=float) if is_text(values) else values.astype(float)


def _quantity(
    summary: xr.Dataset, figure: FigureSpec, curve: QuantitySpec
) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray | None]:
    """Value and ends (..., axis, limit), realisations, and draws still running of one quantity."""
    along = figure.axis or "iteration"
    population: dict[str, Any] = {"population": figure.population}
    metric = tidy.metric(summary, curve.metric)
    if ("iteration" in metric.dims) != (along == "iteration"):
        kind = "convergence" if along != "iteration" else "curves or tradeoff"
        raise ValueError(f"figure {figure.name}: metric {curve.metric!r} belongs in a figure of kind {kind}")
    if curve.statistic in PAIRED:
        values = summary[f"{curve.metric}_paired"].sel(paired=curve.statistic)
        count = summary[f"{curve.metric}_pairs"]
    else:
        values = metric.sel(statistic=curve.statistic, **population)
        count = summary[f"{curve.metric}_count"].sel(**population)
        if curve.band == "quartiles":
            middle = metric.sel(**population)
            values = values.copy()
            values.loc[{"limit": "lower"}] = middle.sel(statistic="q25", limit="value")
            values.loc[{"limit": "upper"}] = middle.sel(statistic="q75", limit="value")
    if curve.band == "none":
        values = values.where(values["limit"] == "value")
    extra = [str(dim) for dim in count.dims if dim not in ("scheme", along, *tidy.axes(summary))]
    if extra:
        raise ValueError(
            f"figure {figure.name}: metric {curve.metric!r} has one value for each {extra[0]}: expected one a draw"
        )
    if curve.root:
        values = values**0.5
    running = summary[f"{TRACE}_running"].sel(**population) if along == "iteration" else None
    inner = ("scheme", *tidy.axes(summary))
    order = [dim for dim in inner if dim != along]
    return values.transpose(*order, along, "limit"), count.transpose(*order, along), running


def _series(axes: dict[str, list[Any]], axis: str | None) -> list[tuple[str, Any] | tuple[()]]:
    return [()] if axis is None else [(axis, value) for value in axes[axis]]


def _still_running(running: np.ndarray, count: np.ndarray) -> np.ndarray:
    active = np.flatnonzero(running >= np.maximum(CONVERGED * count, 1.0))
    return np.arange(len(running)) <= (active[-1] if active.size else -1)
