"""Images side by side: a metric over two dimensions of its own, a panel for each value of a grid axis."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign import tidy
from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.images import DRAW
from isaclib.campaign.quantity_spec import QuantitySpec
from isaclib.figures.axes import named
from isaclib.figures.plot import quantity, units

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = "viridis"
"""Perceptually uniform, and told apart by readers with any colour vision."""

MINUS = "\N{MINUS SIGN}"

_MARK: dict[str, Any] = {"ls": "none", "marker": "+", "ms": 7, "mec": "#E8000B", "mew": 1.0}
_SUFFIXES = {"_m": "m", "_deg": "deg", "_hz": "Hz", "_s": "s"}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One image and the numbers printed in it.

    Parameters
    ----------
    scheme : str
        Label of the scheme.
    value : object
        Of the grid axis that tells the panels apart; None where there is just one.
    levels : ndarray, shape (rows, columns)
        The metric; NaN where the draw has none.
    printed : tuple of (QuantitySpec, ndarray, int)
        Quantity, its value with lower and upper end, realisations behind it.
    """

    scheme: str
    value: Any
    levels: np.ndarray
    printed: tuple[tuple[QuantitySpec, np.ndarray, int], ...]


def panels(summary: xr.Dataset, figure: FigureSpec) -> list[Panel]:
    """Return the panels of a figure of kind ``image``, in the order of its axis.

    Parameters
    ----------
    summary : xarray.Dataset
        From `isaclib.campaign.tidy.open_summary`.
    figure : FigureSpec
        What to draw.

    Returns
    -------
    list of Panel

    Raises
    ------
    ValueError
        For a metric, axis, scheme or draw the summary does not have, in one line.
    """
    axes = {axis: summary[axis].values.tolist() for axis in tidy.axes(summary)}
    labels = [str(label) for label in summary["scheme"].values]
    figure.check(axes=axes, schemes=labels, where=f"figure {figure.name}")
    images = [str(name) for name, values in summary.data_vars.items() if DRAW in values.dims]
    if figure.image not in images:
        known = ", ".join(images) or "none"
        raise ValueError(f"figure {figure.name}: image = {figure.image!r}: expected one of the summary's: {known}")
    draws = summary[DRAW].values.tolist()
    if figure.realisation not in draws:
        known = ", ".join(str(draw) for draw in sorted(draws)) or "none"
        raise ValueError(
            f"figure {figure.name}: realisation = {figure.realisation}: expected one whose image was kept: {known}"
        )
    (label,) = figure.schemes or labels
    found = []
    for value in axes[figure.panels] if figure.panels else [None]:
        at = {**{axis: values[0] for axis, values in axes.items()}, **figure.select}
        at |= {figure.panels: value} if figure.panels else {}
        place = {"scheme": labels.index(label), **{axis: axes[axis].index(chosen) for axis, chosen in at.items()}}
        printed = []
        for told in figure.printed:
            ends = tidy.metric(summary, told.metric).sel(statistic=told.statistic, population=figure.population)
            count = summary[f"{told.metric}_count"].sel(population=figure.population)
            numbers = ends.isel(place).values
            printed.append((told, numbers**0.5 if told.root else numbers, int(count.isel(place))))
        levels = summary[figure.image].isel({**place, DRAW: draws.index(figure.realisation)}).values
        found.append(Panel(scheme=label, value=value, levels=levels, printed=tuple(printed)))
    return found


def dimensions(summary: xr.Dataset, figure: FigureSpec) -> tuple[str, str]:
    """Return the names of the dimensions of an image: rows (upwards), columns (to the right)."""
    rows, columns = summary[figure.image].dims[-2:]
    return str(rows), str(columns)


def dimension_label(summary: xr.Dataset, dim: str) -> str:
    """Return what an axis of an image is called: ``range_from_target_m`` as "Range from target (m)"."""
    for suffix, unit in _SUFFIXES.items():
        if dim.endswith(suffix):
            return named(dim.removesuffix(suffix).replace("_", " "), unit)
    return named(dim.replace("_", " "), None)


def plot_image(summary: xr.Dataset, figure: FigureSpec, found: Sequence[Panel]) -> Figure:
    """Draw a figure of kind ``image``.

    Parameters
    ----------
    summary : xarray.Dataset
        Where axes have their names and units from.
    figure : FigureSpec
        What to draw.
    found : sequence of Panel
        From `panels`.

    Returns
    -------
    matplotlib.figure.Figure
        Panels share their axes and one colour scale.
    """
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = min(2, len(found))
    rows = -(-len(found) // columns)
    width, _ = matplotlib.rcParams["figure.figsize"]
    # labels of the ticks at the edges of neighbours must not touch
    layout = ConstrainedLayoutEngine(wspace=0.07)
    page = Figure(figsize=(width, 0.75 + 1.32 * rows), layout=layout)
    grid = page.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    ticks = _ticks(found)
    corner = _darkest(found)
    across, along = (summary[dim].values for dim in reversed(dimensions(summary, figure)))
    attrs = summary[figure.image].attrs
    for axes, panel in zip(grid.flat, found, strict=False):
        mesh = axes.pcolormesh(
            across, along, panel.levels, vmin=ticks[0], vmax=ticks[-1], cmap=COLORS, shading="nearest", rasterized=True
        )
        level = np.inf if figure.contour is None else figure.contour
        if (panel.levels < level).any() and (panel.levels > level).any():
            axes.contour(across, along, panel.levels, [level], colors="white", linewidths=0.6, linestyles="solid")
        axes.grid(visible=False)
        axes.tick_params(color="white")
        axes.set_title(_title(summary, figure, panel), pad=3)
        _print(axes, summary, panel, corner)
        if "origin" in attrs:
            axes.plot(0.0, 0.0, **_MARK)
    for axes in list(grid.flat)[len(found) :]:
        axes.set_visible(False)
    row_label, column_label = (dimension_label(summary, dim) for dim in dimensions(summary, figure))
    page.supxlabel(figure.x_label or column_label, fontsize=matplotlib.rcParams["axes.labelsize"])
    page.supylabel(figure.y_label or row_label, fontsize=matplotlib.rcParams["axes.labelsize"])
    bar = page.colorbar(mesh, ax=grid, pad=0.02, aspect=14 * rows, ticks=ticks)
    bar.set_label(named(str(attrs.get("long_name", figure.image)), attrs.get("units")))
    bar.outline.set_linewidth(matplotlib.rcParams["axes.linewidth"])
    if handles := _keys(figure, attrs):
        page.legend(handles=handles, loc="outside upper center", ncols=2)
    return page


def _ticks(found: Sequence[Panel]) -> np.ndarray:
    """Round levels from below the smallest to above the largest: the ends of the colour scale."""
    from matplotlib.ticker import MaxNLocator

    seen = np.concatenate([panel.levels.ravel() for panel in found])
    seen = seen[np.isfinite(seen)]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    return np.asarray(MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high if high > low else low + 1.0))


def _darkest(found: Sequence[Panel]) -> tuple[str, str]:
    """Corner where the panels are darkest, taken together: white text is read best there."""
    total = np.sum([np.nan_to_num(panel.levels) for panel in found], axis=0)
    high, wide = total.shape[0] // 5 + 1, total.shape[1] * 3 // 4 + 1
    corners = {
        ("left", "bottom"): total[:high, :wide],
        ("left", "top"): total[-high:, :wide],
        ("right", "bottom"): total[:high, -wide:],
        ("right", "top"): total[-high:, -wide:],
    }
    return min(corners, key=lambda corner: float(corners[corner].mean()))


def _keys(figure: FigureSpec, attrs: Mapping[str, Any]) -> list[Any]:
    from matplotlib.lines import Line2D

    keys = []
    if "origin" in attrs:
        keys.append(Line2D([], [], **_MARK, label=str(attrs["origin"]).capitalize()))
    if figure.contour is not None:
        # white on the page is nothing
        level = f"{figure.contour:g} {attrs.get('units', '')}".strip().replace("-", MINUS)
        keys.append(Line2D([], [], color="0.6", lw=0.8, label=f"White line: {level}"))
    return keys


def _title(summary: xr.Dataset, figure: FigureSpec, panel: Panel) -> str:
    if figure.panels is None or isinstance(panel.value, str):
        return str(panel.value or "")
    unit = str(summary[figure.panels].attrs.get("units", "1"))
    words = figure.panels.replace("_", " ")
    # a number of things is said with their name, anything else with its unit
    if unit == "1":
        return f"{panel.value:g} {words}"
    return f"{words.removesuffix(' ' + unit.lower())} {panel.value:g} {unit}"


def printed_text(summary: xr.Dataset, told: QuantitySpec, ends: np.ndarray) -> str:
    """Return a printed quantity in words: "width 0.13 m"."""
    unit = units(summary, told)
    value = "none" if np.isnan(ends[0]) else f"{ends[0]:.2g}"
    text = f"{quantity(summary, told)} {value}" + (f" {unit}" if unit != "1" and value != "none" else "")
    return text.replace("-", MINUS) if text.startswith("-") else text


def _print(axes: Axes, summary: xr.Dataset, panel: Panel, corner: tuple[str, str]) -> None:
    from matplotlib.patheffects import withStroke

    lines = [textwrap.fill(printed_text(summary, told, ends), 28) for told, ends, _ in panel.printed]
    if not np.isfinite(panel.levels).any():
        lines.insert(0, "no design")
    across, along = corner
    axes.text(
        0.04 if across == "left" else 0.96,
        0.04 if along == "bottom" else 0.96,
        "\n".join(lines),
        transform=axes.transAxes,
        color="white",
        fontsize=7,
        ha=across,
        va=along,
        path_effects=[withStroke(linewidth=0.8, foreground="black")],
    )
