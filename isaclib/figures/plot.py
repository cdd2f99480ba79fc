"""Lines, bands and markers on paper."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.quantity_spec import QuantitySpec
from isaclib.figures import style
from isaclib.figures.axes import named, set_metric, set_x
from isaclib.figures.lines import Line, is_text
from isaclib.figures.region import confidence_region

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_WORDS = {
    "rms": "RMS",
    "std": "standard deviation",
    "standard_error": "standard error",
    "q05": "5 % quantile",
    "q25": "25 % quantile",
    "q75": "75 % quantile",
    "q95": "95 % quantile",
    "difference_mean": "mean paired difference",
    "difference_median": "median paired difference",
    "ratio_median": "median paired ratio",
}
_DASHES: dict[str, Any] = {"dashed": (0, (4.5, 2)), "dotted": (0, (1, 1.3))}


def plot(summary: xr.Dataset, figure: FigureSpec, lines: Sequence[Line]) -> Figure:
    """Draw a figure.

    Parameters
    ----------
    summary : xarray.Dataset
        Where axes have their names and units from.
    figure : FigureSpec
        What to draw.
    lines : sequence of Line
        From `isaclib.figures.lines.lines`.

    Returns
    -------
    matplotlib.figure.Figure
        Legends stand outside the data: schemes above, quantities below where there are several.
    """
    from matplotlib.figure import Figure

    page = Figure(figsize=_size(len(_looks(summary, lines)), len(figure.y)), layout="constrained")
    schemes, quantities = draw_lines(page.add_subplot(), summary, figure, lines)
    if schemes:
        page.legend(handles=schemes, loc="outside upper center", ncols=legend_columns(schemes))
    if quantities:
        page.legend(handles=quantities, loc="outside lower center", ncols=legend_columns(quantities, widest=28))
    return page


def draw_lines(
    axes: Axes, summary: xr.Dataset, figure: FigureSpec, lines: Sequence[Line]
) -> tuple[list[Line2D], list[Line2D]]:
    """Draw a figure on axes, all but its legends.

    Parameters
    ----------
    axes : matplotlib Axes
        Scaled and labelled here.
    summary, figure, lines
        As for `plot`.

    Returns
    -------
    schemes, quantities : list of matplotlib Line2D
        What legends would show: the schemes, and the quantities where there are several.
    """
    looks = _looks(summary, lines)
    for line in lines:
        _draw(axes, line, looks[legend_label(summary, line)], figure)
    if lines:
        if figure.kind == "tradeoff":
            set_metric(axes, "x", log=figure.log_x)
        else:
            labels = None
            if figure.axis is not None and is_text(summary[figure.axis].values):
                labels = summary[figure.axis].values.tolist()
            values = np.concatenate([line.x for line in lines])
            set_x(axes, values, labels, log=figure.log_x, continuous=figure.kind == "convergence")
        set_metric(axes, "y", log=figure.log_y)
    # a column is about so many letters wide, and its data so many high
    axes.set_xlabel(textwrap.fill(x_label(summary, figure), 56))
    axes.set_ylabel(textwrap.fill(y_label(summary, figure), 42))
    return _schemes(summary, figure, lines, looks), _quantities(summary, figure)


def legend_columns(handles: Sequence[Line2D], *, widest: int = 30) -> int:
    """Return how many columns a legend has room for: two where no label has more letters than `widest`."""
    return 1 if max(len(str(handle.get_label())) for handle in handles) > widest else 2


def _looks(summary: xr.Dataset, lines: Sequence[Line]) -> dict[str, style.Look]:
    curves = list(dict.fromkeys((line.scheme, line.solver, legend_label(summary, line)) for line in lines))
    return dict(zip((label for _, _, label in curves), style.looks(curves), strict=True))


def legend_label(summary: xr.Dataset, line: Line) -> str:
    """Return what the legend calls a curve: its scheme and, where it has one, its series."""
    label = style.display(line.label)
    if not line.series:
        return label
    axis, value = line.series
    if isinstance(value, str):
        return f"{label}, {value}"
    attrs = summary[axis].attrs
    name = attrs.get("long_name", axis).split(";")[0]
    unit = attrs.get("units", "1")
    return f"{label}, {value:g} {name}" if unit == "1" else f"{label}, {name} {value:g} {unit}"


def quantity(summary: xr.Dataset, curve: QuantitySpec) -> str:
    """Return what the legend and the caption call a quantity."""
    if curve.label:
        return curve.label
    name = summary[curve.metric].attrs.get("long_name", curve.metric).split(";")[0]
    if curve.root:
        name = f"root of the {name}"
    if curve.statistic in ("mean", "median"):
        return f"{curve.statistic} {name}"
    first = style.display(str(summary["scheme"].values[0]))
    against = {"difference": f" from {first}", "ratio": f" to {first}"}
    return f"{_WORDS[curve.statistic]} of the {name}{against.get(curve.statistic.split('_')[0], '')}"


def x_label(summary: xr.Dataset, figure: FigureSpec) -> str:
    """Return the label of the x axis."""
    if figure.x_label:
        return figure.x_label
    if isinstance(figure.x, QuantitySpec):
        return named(quantity(summary, figure.x), units(summary, figure.x))
    if figure.x is None:
        return "Iteration"
    attrs = summary[figure.x].attrs
    return named(attrs.get("long_name", figure.x), attrs.get("units"))


def y_label(summary: xr.Dataset, figure: FigureSpec) -> str:
    """Return the label of the y axis: the quantities, and their unit where they share it."""
    if figure.y_label:
        return figure.y_label
    names = list(dict.fromkeys(quantity(summary, curve) for curve in figure.y))
    shared = {units(summary, curve) for curve in figure.y}
    return named(", ".join(names), shared.pop() if len(shared) == 1 else None)


def units(summary: xr.Dataset, curve: QuantitySpec) -> str:
    """Return the unit of a quantity, "1" where it has none."""
    unit = str(summary[curve.metric].attrs.get("units", "1"))
    if curve.statistic == "ratio_median":
        return "1"
    if curve.root:
        return {"m^2": "m", "1": "1"}.get(unit, f"({unit})^0.5")
    return unit


def _size(curves: int, quantities: int) -> tuple[float, float]:
    import matplotlib

    width, height = matplotlib.rcParams["figure.figsize"]
    rows = -(-curves // 2) + (1 if quantities > 1 else 0)
    return width, height + 0.14 * rows


def _draw(axes: Axes, line: Line, look: style.Look, figure: FigureSpec) -> None:
    import matplotlib
    from matplotlib.patheffects import withStroke

    value, lower, upper = line.ends.T
    curve = line.curve
    # a region may be hardly wider than the line in it
    width = look.width * matplotlib.rcParams["lines.linewidth"] * (1.0 if line.across is None else 0.7)
    # a thin bound is seen on top of a curve that attains it, a broad one behind
    order = (3.5 if look.width < 1.0 else 1.8) if look.bound else 3.0
    if curve.line == "none":
        # hollow: markers of close schemes must not hide each other
        axes.errorbar(
            line.x,
            value,
            _errors(line.ends),
            None if line.across is None else _errors(line.across),
            color=look.color,
            ls="none",
            marker=look.marker,
            mfc="none",
            elinewidth=0.8,
            zorder=order + 1,
            clip_on=False,
        )
        return
    dashes = look.dashes if curve.line == "solid" else _DASHES[curve.line]
    # where two quantities of a scheme coincide, the second is seen on the first
    first = curve.line == "solid" or not any(other.line == "solid" for other in figure.y)
    color = look.color if first else style.darker(look.color)
    marker = look.marker if curve.marker and not look.bound else None
    # a thin white edge tells a line from the bands of others
    edged = dashes == "solid" and not look.bound and line.across is None
    edge = [withStroke(linewidth=width + 0.5, foreground="white")] if edged else None
    axes.plot(
        line.x,
        value,
        color=color,
        ls=dashes,
        lw=width,
        path_effects=edge,
        marker=marker,
        mfc="white",
        zorder=order,
        clip_on=marker is None,
    )
    alpha = 0.12 if curve.band == "quartiles" or look.bound else 0.2
    if line.across is not None:
        _fill(axes, line, alpha=alpha, color=look.color, log_x=figure.log_x, log_y=figure.log_y)
    elif not np.isnan(lower).all():
        axes.fill_between(line.x, lower, upper, color=look.color, alpha=alpha, lw=0, zorder=1.5)


def _errors(ends: np.ndarray) -> np.ndarray:
    """Lengths below and above a value, as matplotlib wants them; none where there is no interval."""
    return np.abs(np.nan_to_num(ends[:, [0, 2]] - ends[:, [1, 0]])).T


def _fill(axes: Axes, line: Line, *, alpha: float, color: str, log_x: bool, log_y: bool) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if line.across is None:
        return
    polygons = [p for p in confidence_region(line.across, line.ends, log_x=log_x, log_y=log_y) if len(p) > 2]
    if polygons:
        outline = Path.make_compound_path(*(Path(np.vstack([p, p[:1]]), closed=True) for p in polygons))
        axes.add_patch(PathPatch(outline, color=color, alpha=alpha, lw=0, zorder=1.5))


def _schemes(
    summary: xr.Dataset, figure: FigureSpec, lines: Sequence[Line], looks: dict[str, style.Look]
) -> list[Line2D]:
    from matplotlib.lines import Line2D

    handles = []
    for label, look in looks.items():
        own = [line.curve for line in lines if legend_label(summary, line) == label]
        drawn = [curve for curve in own if curve.line != "none"]
        dashes: Any = "none"
        if drawn:
            # with several quantities the line style is theirs, and their own legend explains it
            dashes = look.dashes if drawn[0].line == "solid" or len(figure.y) > 1 else _DASHES[drawn[0].line]
        marker = look.marker if any(curve.marker for curve in own) and not look.bound else None
        handles.append(
            Line2D([], [], color=look.color, ls=dashes, lw=1.2 * look.width, marker=marker, mfc="white", label=label)
        )
    return handles


def _quantities(summary: xr.Dataset, figure: FigureSpec) -> list[Line2D]:
    from matplotlib.lines import Line2D

    # quantities of one look (the same drawn for other schemes) are one entry
    quantities = {(quantity(summary, curve), curve.line, curve.marker): curve for curve in figure.y}
    if len({key[1:] for key in quantities}) == 1 and len({key[0] for key in quantities}) == 1:
        return []
    return [
        Line2D(
            [],
            [],
            color="0.25",
            ls=_DASHES.get(line, "none" if line == "none" else "solid"),
            marker="o" if marker else None,
            mfc="white",
            label=textwrap.fill(name[:1].upper() + name[1:], 60),
        )
        for name, line, marker in quantities
    ]
