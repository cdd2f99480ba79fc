"""Axes a reader can read numbers from: names with units, ticks at sensible values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.ticker import ScalarFormatter

_UNITS = {"1": "", "m^2": "m²", "bit/s/Hz": "bit/s/Hz"}


def named(name: str, units: str | None) -> str:
    """Return "Name (unit)", the first letter a capital, the unit left out where there is none.

    Parameters
    ----------
    name : str
        A long_name; what follows a semicolon is explanation and left out.
    units : str or None
        As in the file.

    Returns
    -------
    str
    """
    text = name.split(";")[0].strip()
    # "m-ary" stays, "transmit power" becomes "Transmit power"
    text = text[:1].upper() + text[1:]
    unit = _UNITS.get(units or "1", units or "")
    return f"{text} ({unit})" if unit else text


def given_or_new(ax: Axes | None) -> Axes:
    """Return the axes, or those of a new figure of `matplotlib.pyplot`, which a notebook shows."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def legend_above(axes: Axes, handles: Sequence[Line2D], columns: int) -> None:
    """Put a legend over the axes, outside of the data."""
    if not handles:
        return
    # a power of ten over the y axis keeps its place
    formatter = axes.yaxis.get_major_formatter()
    formatter.set_locs(list(axes.yaxis.get_majorticklocs()))
    bottom = 1.07 if formatter.get_offset() else 1.0
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, bottom), ncols=columns, handlelength=1.8)


def set_x(axes: Axes, values: np.ndarray, labels: Sequence[Any] | None, *, log: bool, continuous: bool) -> None:
    """Scale the x axis and put its ticks.

    Parameters
    ----------
    axes : matplotlib Axes
        Drawn already.
    values : ndarray
        Every x that is drawn.
    labels : sequence, optional
        Texts of an axis of labels, at 0, 1, ...
    log : bool
        Logarithmic.
    continuous : bool
        Iterations: ticks anywhere; else at the grid's values while they do not collide.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    low, high = float(values.min()), float(values.max())
    if labels is not None:
        axes.set_xticks(range(len(labels)), [str(label) for label in labels])
        axes.set_xlim(-0.3, len(labels) - 0.7)
        axes.xaxis.set_minor_locator(NullLocator())
        return
    if log:
        axes.set_xscale("log")
        axes.set_xlim(low if continuous else low / 1.06, high if continuous else high * 1.06)
    elif high > low:
        pad = 0.0 if continuous else 0.03 * (high - low)
        axes.set_xlim(low - pad, high + pad)
    ticks = np.unique(values)
    place = np.log(ticks) if log else ticks
    if not continuous and 1 < len(ticks) <= 12 and (_gaps(ticks) < np.diff(place) / (place[-1] - place[0])).all():
        axes.xaxis.set_major_locator(FixedLocator(ticks.tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
        # the minus sign that matplotlib writes on the other axes
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "\N{MINUS SIGN}")))
    elif log:
        _log_ticks(axes.xaxis, low, high)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=continuous))


def _gaps(ticks: np.ndarray) -> np.ndarray:
    """Least distance of neighbouring tick labels, as a share of the axis: they must not touch."""
    widths = np.array([len(f"{tick:g}") for tick in ticks])
    return 0.016 * (widths[:-1] + widths[1:]) / 2.0 + 0.02


def set_metric(axes: Axes, which: str, *, log: bool) -> None:
    """Scale an axis that shows a metric and put its ticks.

    Parameters
    ----------
    axes : matplotlib Axes
        Drawn already.
    which : str
        ``x`` or ``y``.
    log : bool
        Logarithmic; below two decades with ticks at 1, 2 and 5.
    """
    axis = axes.xaxis if which == "x" else axes.yaxis
    limits, set_limits = (axes.get_xlim, axes.set_xlim) if which == "x" else (axes.get_ylim, axes.set_ylim)
    if log:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    low, high = limits()
    if low > 0.0 and high / low < 1.02:
        # a nearly constant curve is no cliff
        low, high = set_limits(low / 1.01, high * 1.01)
    if log:
        _log_ticks(axis, low, high)
    else:
        axis.set_major_formatter(_plain_numbers())


def _plain_numbers() -> ScalarFormatter:
    """Write numbers out, a power of ten apart where they are small: never an offset to add in the head."""
    from matplotlib.ticker import ScalarFormatter

    formatter = ScalarFormatter(useOffset=False, useMathText=True)
    formatter.set_powerlimits((-3, 5))
    return formatter


def _log_ticks(axis: Any, low: float, high: float) -> None:
    from matplotlib.ticker import (
        FuncFormatter,
        LogFormatterMathtext,
        LogLocator,
        MaxNLocator,
        NullFormatter,
        NullLocator,
    )

    decades = math.log10(high / low)
    subs = (1.0, 2.0, 5.0) if decades > 0.8 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
    tens = np.arange(math.floor(math.log10(low)), math.log10(high))
    ticks = np.outer(10.0**tens, subs)
    if decades > 2.5:
        axis.set_major_locator(LogLocator(10.0, numticks=12))
        axis.set_minor_locator(LogLocator(10.0, subs=tuple(range(2, 10)), numticks=12))
        plain = low >= 1e-3 and high <= 1e4
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}") if plain else LogFormatterMathtext())
    elif np.count_nonzero((ticks >= low) & (ticks <= high)) > 2:
        axis.set_major_locator(LogLocator(10.0, subs=subs, numticks=30))
        axis.set_minor_locator(LogLocator(10.0, subs=tuple(range(2, 10)), numticks=30))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    else:
        axis.set_major_locator(MaxNLocator(6))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(_plain_numbers())
    axis.set_minor_formatter(NullFormatter())
