"""A campaign's figures as files: PDF, PNG, the numbers behind them and a caption."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.quantity_spec import QuantitySpec
from isaclib.campaign.summary import TRACE
from isaclib.campaign.tidy import axes, open_summary
from isaclib.campaign.writing import write_atomically, written
from isaclib.figures import style
from isaclib.figures.caption import caption, image_caption
from isaclib.figures.image import Panel, dimensions, panels, plot_image
from isaclib.figures.lines import Line, is_text, lines
from isaclib.figures.plot import plot


def draw(
    summary_nc: str | Path,
    figure: FigureSpec | Mapping[str, Any],
    stem: str | Path,
    *,
    schemes: Collection[str] = (),
) -> tuple[Path, ...]:
    """Draw one figure of a campaign.

    Parameters
    ----------
    summary_nc : path
        What `isaclib.campaign.summary.summarise` wrote.
    figure : FigureSpec or mapping
        An entry of the campaign file's ``figures``.
    stem : path
        Files are named after it.
    schemes : collection of str
        Every label of the campaign: one that the figure names and the summary lacks was left out of the effort;
        the figure is drawn without it, and its caption says so.

    Returns
    -------
    tuple of Path
        ``stem.pdf``, ``stem.png``, ``stem.csv`` (the numbers drawn), ``stem.rst`` (the caption).
        The same summary gives the same bytes.

    Raises
    ------
    ValueError
        For a metric, axis or scheme the summary does not have, in one line.
    OSError
        Where a file cannot be written.
    """
    import matplotlib

    matplotlib.use("agg")
    if not isinstance(figure, FigureSpec):
        figure = FigureSpec.read(figure, "figure")
    summary = _with_left_out(open_summary(summary_nc), figure, schemes)
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = tuple(stem.with_name(f"{stem.name}.{kind}") for kind in ("pdf", "png", "csv", "rst"))
    with style.context():
        if figure.kind == "image":
            shown = panels(summary, figure)
            page = plot_image(summary, figure, shown)
            words = image_caption(summary, figure, shown)
            table = _image_rows(summary, figure, shown)
        else:
            drawn = lines(summary, figure)
            page = plot(summary, figure, drawn)
            words = caption(summary, figure, drawn)
            table = _curve_rows(summary, figure, drawn)
        # dates and versions in the metadata would change the bytes of an equal figure
        with written(files[0]) as partial:
            page.savefig(partial, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": "isaclib"})
        with written(files[1]) as partial:
            page.savefig(partial, format="png", metadata={"Software": "isaclib"})
    with written(files[2]) as partial, partial.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(table)
    write_atomically(files[3], words.encode())
    return files


def _with_left_out(summary: Any, figure: FigureSpec, schemes: Collection[str]) -> Any:
    """Add the curves that the figure names and the effort left out, as curves of no draw."""
    named = dict.fromkeys(label for labels in (figure.schemes, *(c.schemes for c in figure.y)) for label in labels)
    missing = [label for label in named if label in schemes and label not in summary["scheme"].values]
    if not missing:
        return summary
    none = {str(name): 0 for name, values in summary.data_vars.items() if values.dtype.kind in "iu"}
    summary = summary.reindex(scheme=[*summary["scheme"].values, *missing], fill_value=none)
    if figure.kind == "convergence" and TRACE not in summary:
        # no solver that has a trace was run
        dims = ["scheme", *axes(summary), "population", "iteration"]
        count = np.zeros([*(summary.sizes[dim] for dim in dims[:-1]), 1], dtype=np.int64)
        ends = np.full((*count.shape, summary.sizes["statistic"], summary.sizes["limit"]), np.nan)
        summary = summary.assign({TRACE: ([*dims, "statistic", "limit"], ends)})
        summary = summary.assign({f"{TRACE}_{of}": (dims, count) for of in ("count", "running")})
    return summary


def _image_rows(summary: Any, figure: FigureSpec, shown: Sequence[Panel]) -> Iterator[list[Any]]:
    """Rows of the numbers printed in a panel, then of its image, row by row."""
    dims = dimensions(summary, figure)
    axis = [figure.panels] if figure.panels else []
    yield ["scheme", *axis, "metric", "statistic", *dims, "value", "lower", "upper", "count"]
    up, right = (summary[dim].values for dim in dims)
    for panel in shown:
        value = panel.value if isinstance(panel.value, str) else f"{panel.value:.10g}" if axis else ""
        head = [panel.scheme, *([value] if axis else [])]
        for told, ends, count in panel.printed:
            yield [*head, *_told(told)[:2], "", "", *_numbers(ends), count]
        for i, j in np.ndindex(*panel.levels.shape):
            at = [f"{value:.6g}" for value in (up[i], right[j], panel.levels[i, j])]
            yield [*head, figure.image, f"draw {figure.realisation}", *at, "", "", ""]


def _curve_rows(summary: Any, figure: FigureSpec, drawn: Sequence[Line]) -> Iterator[list[Any]]:
    axis = figure.axis or "iteration"
    labels = summary[axis].values if axis in summary.coords and is_text(summary[axis].values) else None
    columns = ["metric", "statistic", "band", axis, "value", "lower", "upper", "count"]
    if across := figure.quantities.get("x"):
        columns += ["x_metric", "x_statistic", "x_band", "x", "x_lower", "x_upper"]
    series = [figure.series] if figure.series else []
    yield ["scheme", *series, *columns]
    for line in drawn:
        head = [line.label, *line.series[1:], *_told(line.curve)]
        for i, at in enumerate(line.steps):
            place = labels[int(at)] if labels is not None else f"{at:.10g}"
            row = [*head, place, *_numbers(line.ends[i]), int(line.count[i])]
            if across and line.across is not None:
                row += [*_told(across), *_numbers(line.across[i])]
            yield row


def _told(quantity: QuantitySpec) -> list[str]:
    metric = f"sqrt({quantity.metric})" if quantity.root else quantity.metric
    return [metric, quantity.statistic, quantity.band]


def _numbers(ends: Iterable[float]) -> list[str]:
    return ["" if end != end else f"{end:.10g}" for end in ends]
