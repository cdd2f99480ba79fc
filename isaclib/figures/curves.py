"""Convergence and trade-off of a stored campaign, one call each, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.point import at_point
from isaclib.campaign.reduction import TRACE, summarise
from isaclib.campaign.statistics import STATISTICS
from isaclib.figures.axes import given_or_new, legend_above
from isaclib.figures.lines import lines
from isaclib.figures.plot import draw_lines, legend_columns

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def convergence(
    campaign: str | Path | xr.Dataset,
    *,
    statistic: str = "median",
    band: str = "interval",
    schemes: Sequence[str] = (),
    series: str | None = None,
    population: str = "common",
    log_x: bool = False,
    log_y: bool = False,
    ax: Axes | None = None,
    **point: Any,
) -> Axes:
    """Draw the objective over the iterations of the solvers.

    Parameters
    ----------
    campaign : path or xarray.Dataset
        ``results/<campaign>``, its ``campaign.nc``, or what `isaclib.open_campaign` returned.
    statistic : str
        Of the objective over the draws, one of `isaclib.campaign.statistics.STATISTICS`; a draw that has
        stopped keeps its last value.
    band : str
        ``interval`` (95 % confidence), ``quartiles`` (25 to 75 % of the draws) or ``none``.
    schemes : sequence of str
        Labels drawn, in this order; empty: all that have a trace.
    series : str, optional
        Grid axis with a curve for each of its values.
    population : str
        ``common`` (draws that every scheme of full length solved) or ``own``.
    log_x, log_y : bool
        Logarithmic axes.
    ax : matplotlib Axes, optional
        Drawn on; default: those of a new figure.
    **point
        Value, or label, of each other axis of the grid; an axis of one value need not be named.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        In one line: what the campaign does not have, or solvers that left no trace.

    Examples
    --------
    >>> isaclib.figures.convergence("results/hybrid-fig2", series="rf_chains", log_x=True)  # doctest: +SKIP
    """
    y = {"metric": TRACE, "statistic": statistic, "band": band}
    entry = {"name": "convergence", "kind": "convergence", "y": y, "log_x": log_x, "log_y": log_y}
    return _drawn(campaign, entry, schemes, series, population, point, ax)


def tradeoff(
    campaign: str | Path | xr.Dataset,
    *,
    x: str | Mapping[str, Any],
    y: str | Mapping[str, Any],
    along: str,
    statistic: str = "median",
    band: str = "interval",
    schemes: Sequence[str] = (),
    series: str | None = None,
    population: str = "common",
    log_x: bool = False,
    log_y: bool = False,
    ax: Axes | None = None,
    **point: Any,
) -> Axes:
    """Draw a statistic of one metric against that of another, along an axis of the grid.

    Parameters
    ----------
    campaign : path or xarray.Dataset
        ``results/<campaign>``, its ``campaign.nc``, or what `isaclib.open_campaign` returned.
    x, y : str or mapping
        Metrics; a mapping says more, as the figures of a campaign file do: ``{"metric": "speb_m2", "root": True}``.
    along : str
        Grid axis whose values are the points of a curve.
    statistic : str
        Of both metrics over the draws, where they do not say.
    band : str
        ``interval`` (95 % confidence, in both directions), ``quartiles`` or ``none``, where they do not say.
    schemes : sequence of str
        Labels drawn, in this order; empty: all.
    series : str, optional
        A further grid axis with a curve for each of its values.
    population : str
        ``common`` (draws that every scheme of full length solved) or ``own``.
    log_x, log_y : bool
        Logarithmic axes.
    ax : matplotlib Axes, optional
        Drawn on; default: those of a new figure.
    **point
        Value, or label, of each other axis of the grid; an axis of one value need not be named.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        In one line: what the campaign does not have.

    Examples
    --------
    >>> isaclib.figures.tradeoff(  # doctest: +SKIP
    ...     "results/hybrid-tradeoff", x="peb_m", y="sum_rate", along="level", log_x=True
    ... )
    """
    across, up = (
        {"statistic": statistic, "band": band, **({"metric": told} if isinstance(told, str) else told)}
        for told in (x, y)
    )
    entry = {"name": "tradeoff", "kind": "tradeoff", "x": across, "y": {"marker": True, **up}, "along": along}
    return _drawn(campaign, {**entry, "log_x": log_x, "log_y": log_y}, schemes, series, population, point, ax)


def _drawn(
    campaign: str | Path | xr.Dataset,
    entry: dict[str, Any],
    schemes: Sequence[str],
    series: str | None,
    population: str,
    point: Mapping[str, Any],
    ax: Axes | None,
) -> Axes:
    further: dict[str, Any] = {"series": series} if series else {}
    name = entry["name"]
    figure = FigureSpec.read({**entry, "schemes": list(schemes), "population": population, **further}, name)
    data = at_point(campaign, point, keep=tuple(axis for axis in (figure.axis, series) if axis))
    metrics = list(dict.fromkeys(told.metric for told in figure.quantities.values()))
    if metrics == [TRACE] and TRACE not in data:
        raise ValueError(f"{name}: the campaign has no {TRACE}: expected solvers that leave one, as with option trace")
    asked = {told.statistic for told in figure.quantities.values()}
    if any(told.band == "quartiles" for told in figure.quantities.values()):
        asked |= {"q25", "q75"}
    kinds = [kind for kind in (*STATISTICS, *PAIRED) if kind in asked]
    summary = summarise(data, metrics=metrics, statistics=kinds, population=population)
    # figures choose among populations; this summary has the one
    parts = [metric + part for metric in metrics for part in ("", "_count", "_running") if metric + part in summary]
    summary = summary.assign({part: summary[part].expand_dims("population") for part in parts})
    drawn = lines(summary, figure)
    if not drawn:
        raise ValueError(f"{name}: expected a scheme with draws, in the population {population!r}")
    axes = given_or_new(ax)
    handles, _ = draw_lines(axes, summary, figure, drawn)
    legend_above(axes, handles, legend_columns(handles))
    return axes
