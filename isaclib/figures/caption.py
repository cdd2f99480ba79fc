"""What a figure shows, in words: quantities, intervals, draws, failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from isaclib.campaign import tidy
from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.quantity_spec import QuantitySpec
from isaclib.campaign.statistics import QUANTILES
from isaclib.figures.image import Panel, dimension_label, dimensions
from isaclib.figures.lines import Line, asked
from isaclib.figures.plot import legend_label, quantity, x_label
from isaclib.figures.style import display
from isaclib.systems.base import HAS_DESIGN, Status

if TYPE_CHECKING:
    import xarray as xr

_METHODS = {
    "mean": "Student's t",
    "rms": "delta method, realisations as the sampling unit",
    "difference_mean": "Student's t on pairs",
    "difference_median": "order statistics of pairs",
    "ratio_median": "order statistics of pairs",
}


def caption(summary: xr.Dataset, figure: FigureSpec, lines: Sequence[Line]) -> str:
    """Return the caption of a figure as reStructuredText.

    Parameters
    ----------
    summary : xarray.Dataset
        From `isaclib.campaign.tidy.open_summary`.
    figure : FigureSpec
        What was drawn.
    lines : sequence of Line
        What was drawn, as numbers.

    Returns
    -------
    str
        One paragraph, then the draws that have no design, then what made it.
    """
    parts = [
        figure.title or str(summary.attrs.get("title", figure.name)),
        _shown(summary, figure),
        *_bands(summary, figure),
    ]
    parts.append(_draws(summary, figure, lines))
    parts.extend(_populations(summary, figure, bool(lines)))
    labels = list(dict.fromkeys(label for curve in figure.y for label in asked(summary, figure, curve)))
    return _assembled(summary, parts, _missing(summary, figure, labels))


def image_caption(summary: xr.Dataset, figure: FigureSpec, panels: Sequence[Panel]) -> str:
    """Return the caption of a figure of kind ``image``, as `caption` does.

    Parameters
    ----------
    summary : xarray.Dataset
        From `isaclib.campaign.tidy.open_summary`.
    figure : FigureSpec
        What was drawn.
    panels : sequence of Panel
        What was drawn, as numbers.

    Returns
    -------
    str
    """
    attrs = summary[figure.image].attrs
    rows, columns = (dimension_label(summary, dim).split(" (")[0].lower() for dim in dimensions(summary, figure))
    name = str(attrs.get("long_name", figure.image)).split(";")[0]
    selected = ", ".join(f"{axis} = {value}" for axis, value in figure.select.items())
    shown = f"{name[:1].upper()}{name[1:]} over {rows} and {columns}" + (f" at {selected}" if selected else "")
    parts = [
        figure.title or str(summary.attrs.get("title", figure.name)),
        f"{shown}, of draw {figure.realisation} under {_quoted(display(panels[0].scheme))}",
    ]
    if figure.panels:
        axis = str(summary[figure.panels].attrs.get("long_name", figure.panels)).split(";")[0]
        parts.append(f"A panel for each value of the axis {axis}, on one colour scale")
    if "origin" in attrs:
        parts.append(f"Cross: the {attrs['origin']}")
    if figure.contour is not None:
        parts.append(f"White line: {figure.contour:g} {attrs.get('units', '')}")
    for k, told in enumerate(figure.printed):
        counts = [panel.printed[k][2] for panel in panels]
        behind = f"over {_span((min(counts), max(counts)))} draws"
        parts.append(f"Printed: {_in_full(summary, told)}, {behind}")
    if figure.printed:
        parts.extend(_populations(summary, figure, True))
    return _assembled(summary, parts, _missing(summary, figure, [panels[0].scheme]))


def _in_full(summary: xr.Dataset, told: QuantitySpec) -> str:
    """Name a quantity whatever short label it has."""
    return quantity(summary, replace(told, label=None))


def _assembled(summary: xr.Dataset, parts: Sequence[str], missing: str) -> str:
    text = " ".join(part.rstrip(".") + "." for part in parts if part)
    made = [
        f"{key.replace('_', ' ')} {summary.attrs[key]}"
        for key in ("campaign", "seed", "sampling", "isaclib_version", "git_commit")
        if key in summary.attrs
    ]
    return f"{_plain(text)}\n\n{_plain(missing)}\n" + (f"\n*{_plain(', '.join(made))}*\n" if made else "")


def _shown(summary: xr.Dataset, figure: FigureSpec) -> str:
    several = len(figure.y) > 1
    words = []
    for curve in figure.y:
        look = "markers" if curve.line == "none" else f"{curve.line} lines"
        words.append(quantity(summary, curve) + (f" ({look})" if several else ""))
    what = " and ".join(dict.fromkeys(words))
    selected = ", ".join(f"{axis} = {value}" for axis, value in figure.select.items())
    if isinstance(figure.x, QuantitySpec):
        steps = str(summary[figure.axis].attrs.get("long_name", figure.axis)).split(";")[0]
        over = f"against the {quantity(summary, figure.x)}, a point for each value of the axis {steps}"
    else:
        over = x_label(summary, figure).split(" (")[0]
        over = over if over[:2].isupper() else over[:1].lower() + over[1:]
        over = f"over the {'iterations' if figure.kind == 'convergence' else over}"
    return f"{what[:1].upper()}{what[1:]} {over}" + (f" at {selected}" if selected else "")


def _bands(summary: xr.Dataset, figure: FigureSpec) -> list[str]:
    marks: dict[str, list[tuple[str, str]]] = {}
    for shown in figure.quantities.values():
        if shown.band == "quartiles":
            meaning = "25 to 75 % of the draws"
        elif shown.band == "interval" and (shown.statistic in _METHODS or shown.statistic in QUANTILES):
            meaning = f"95 % confidence intervals ({_METHODS.get(shown.statistic, 'order statistics')})"
        else:
            continue
        curves = figure.y if shown is figure.x else [shown]
        looks = ["error bars" if getattr(curve, "line", "") == "none" else "bands" for curve in curves]
        marks.setdefault(meaning, []).extend((mark, quantity(summary, shown)) for mark in looks)
    said = []
    for meaning, drawn in marks.items():
        names = " and ".join(dict.fromkeys(mark for mark, _ in drawn)).capitalize()
        of = f" of {', '.join(dict.fromkeys(name for _, name in drawn))}" if len(marks) > 1 else ""
        said.append(f"{names}{of}: {meaning}")
    if any(shown.statistic in PAIRED for shown in figure.quantities.values()):
        said.append("Pairs: the same draws under a scheme and under the first of the campaign")
    if figure.kind == "convergence":
        said.append("A draw whose solver has stopped keeps its last value; curves end where under 1 % still iterate")
    return said


def _draws(summary: xr.Dataset, figure: FigureSpec, lines: Sequence[Line]) -> str:
    """Say how many realisations are behind a point, and which curves have another number."""
    spans: dict[str, tuple[int, int]] = {}
    for line in lines:
        here = line.count[~np.isnan(line.ends[:, 0])]
        label = legend_label(summary, line)
        low, high = spans.get(label, (int(here.min()), int(here.max())))
        spans[label] = (min(low, int(here.min())), max(high, int(here.max())))
    groups: dict[tuple[int, int], list[str]] = {}
    for label, span in spans.items():
        groups.setdefault(span, []).append(_quoted(label))
    if not groups:
        return "No draw is in the population shown"
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    told = [_span(ordered[0][0]), *(f"{_span(span)} for {', '.join(labels)}" for span, labels in ordered[1:])]
    drawn = {line.label for line in lines}
    lacking = {label: None for curve in figure.y for label in asked(summary, figure, curve) if label not in drawn}
    if lacking:
        told.append(f"none for {', '.join(_quoted(display(label)) for label in lacking)}")
    return f"Realisations behind a {'curve' if figure.kind == 'convergence' else 'point'}: {'; '.join(told)}"


def _populations(summary: xr.Dataset, figure: FigureSpec, any_shown: bool) -> list[str]:
    if figure.population == "own":
        return ["Statistics are over each scheme's own solved draws, which differ from curve to curve"]
    share = _at(summary, figure, summary["common_share"])
    value = share.sel(limit="value").values.ravel()
    if not any_shown or not np.isfinite(value).any():
        return []
    worst = int(np.nanargmin(value))
    lower, upper = (share.sel(limit=end).values.ravel()[worst] for end in ("lower", "upper"))
    told = "Statistics are over the draws that every compared scheme solved"
    amount = summary["status_count"]
    tried = amount.sel(status=amount["status"] != "not_run").sum([dim for dim in amount.dims if dim != "scheme"])
    if (tried < tried.max()).any():
        told = "Statistics are over the draws solved by every scheme that was run on all draws"
    least = f"{_percent(value[worst])} of all (95 % interval {_percent(lower)} to {_percent(upper)})"
    if np.ptp(value[np.isfinite(value)]) == 0.0:
        return [f"{told}: {least}"]
    return [f"{told}: {least} at the hardest point, {_percent(np.nanmax(value))} at the easiest"]


def _missing(summary: xr.Dataset, figure: FigureSpec, labels: Sequence[str]) -> str:
    """Count the draws without a design, and the designs that break a constraint, over all points."""
    counted = _at(summary, figure, summary["status_count"])
    counted = counted.sum([dim for dim in counted.dims if dim not in ("scheme", "status")])
    told = {}
    for status in Status:
        name = status.name.lower()
        numbers = {label: int(counted.sel(scheme=label, status=name)) for label in labels}
        if any(numbers.values()):
            each = ", ".join(f"{n} of {_quoted(display(label))}" for label, n in numbers.items() if n)
            told[status] = f"{name.replace('_', ' ')}: {each}"
    total = int(counted.sel(scheme=list(labels), status=counted["status"] != "not_run").sum())
    without = [text for status, text in told.items() if status not in (*HAS_DESIGN, Status.NOT_RUN)]
    said = f"Every one of the {total} designs behind this figure was found." if total else "Nothing was run."
    if without:
        said = f"Draws without a design, of {total} over all points and schemes: {'; '.join(without)}."
    if Status.VIOLATING in told:
        said += f" Designs that break a constraint, shown nevertheless: {told[Status.VIOLATING]}."
    return said


def _at(summary: xr.Dataset, figure: FigureSpec, values: xr.DataArray) -> xr.DataArray:
    """Keep the points of the grid the figure shows."""
    for axis in tidy.axes(summary):
        if axis in figure.select:
            values = values.isel({axis: summary[axis].values.tolist().index(figure.select[axis])})
    return values


def _quoted(label: str) -> str:
    return f"\u201c{label}\u201d"


def _span(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]} to {span[1]}"


def _percent(share: float) -> str:
    # 99.97 % is not all of them
    return f"{100.0 * share:.3g} %" if share in (0.0, 1.0) or 0.01 < share < 0.99 else f"{100.0 * share:.4g} %"


def _plain(text: str) -> str:
    """Escape what reStructuredText (and the report's template) would take for markup."""
    for mark in ("\\", "*", "`", "|", "_"):
        text = text.replace(mark, "\\" + mark)
    return text.replace("{", "(").replace("}", ")")
