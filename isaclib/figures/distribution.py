"""The distribution of a metric over the draws of a stored campaign."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.distribution import distributions
from isaclib.campaign.intervals import LEVEL
from isaclib.campaign.point import at_point
from isaclib.figures import style
from isaclib.figures.axes import given_or_new, legend_above, named, set_metric
from isaclib.figures.plot import legend_columns
from isaclib.systems.base import nearest

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

MOST_STEPS = 2000
"""Steps of a curve: more are finer than a page, and too many for a renderer."""


def ecdf(
    campaign: str | Path | xr.Dataset,
    metric: str,
    *,
    schemes: Sequence[str] = (),
    population: str = "common",
    level: float = LEVEL,
    log_x: bool = False,
    ax: Axes | None = None,
    **point: Any,
) -> Axes:
    """Draw the empirical distribution of a metric for every scheme, with its confidence band.

    The band holds all of the distribution at once, whatever its law (Dvoretzky, Kiefer, Wolfowitz,
    Massart); there is none under the sampling ``sobol``, whose draws are not independent.

    Parameters
    ----------
    campaign : path or xarray.Dataset
        ``results/<campaign>``, its ``campaign.nc``, or what `isaclib.open_campaign` returned.
    metric : str
        Its name.
    schemes : sequence of str
        Labels drawn, in this order; empty: all.
    population : str
        ``common`` (draws that every scheme of full length solved) or ``own``.
    level : float
        Confidence level of the band.
    log_x : bool
        Logarithmic axis of the metric.
    ax : matplotlib Axes, optional
        Drawn on; default: those of a new figure.
    **point
        Value, or label, of each axis of the grid, and of dimensions of the metric (``user=0``); one of a
        single value need not be named.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        In one line: what the campaign does not have, or a metric of several numbers a draw.

    Examples
    --------
    >>> isaclib.figures.ecdf("results/hybrid-fig3", "peb_m", power_dbm=20, log_x=True)  # doctest: +SKIP
    """
    from matplotlib.lines import Line2D

    data = at_point(campaign, point)
    found = {each.label: each for each in distributions(data, metric, population=population, level=level)}
    labels = [str(label) for label in data["scheme"].values]
    for label in schemes:
        if label not in labels:
            raise ValueError(f"schemes has {label!r}: expected a label of the campaign; {nearest(label, labels)}")
    drawn = [label for label in schemes or labels if label in found and np.isfinite(found[label].values).any()]
    if not drawn:
        raise ValueError(f"metric {metric!r}: expected a scheme with finite draws, in the population {population!r}")
    about = {entry["label"]: entry for entry in json.loads(data.attrs.get("curves", "[]"))}
    curves = [
        (about.get(label, {}).get("scheme", label), about.get(label, {}).get("solver", ""), label) for label in drawn
    ]
    axes = given_or_new(ax)
    handles = []
    for label, look in zip(drawn, style.looks(curves), strict=True):
        each = found[label]
        text = style.display(label)
        # what is infinite keeps the curve below one
        shown = _thinned(int(np.isfinite(each.values).sum()))
        values, share = each.values[shown], each.share[shown]
        (line,) = axes.step(
            [values[0], *values], [0.0, *share], where="post", color=look.color, ls=look.dashes, label=text
        )
        axes.fill_between(
            values,
            each.lower[shown],
            each.upper[shown],
            step="post",
            color=look.color,
            alpha=0.2,
            lw=0,
            zorder=1.5,
        )
        handles.append(Line2D([], [], color=line.get_color(), ls=look.dashes, label=text))
    set_metric(axes, "x", log=log_x)
    axes.set_ylim(0.0, 1.02)
    attrs = data[metric].attrs
    axes.set_xlabel(named(str(attrs.get("long_name", metric)), attrs.get("units")))
    axes.set_ylabel("Share of draws at or below")
    legend_above(axes, handles, legend_columns(handles))
    return axes


def _thinned(count: int) -> np.ndarray:
    """Positions of at most `MOST_STEPS` of so many draws, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_STEPS)).astype(int))
