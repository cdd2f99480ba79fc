"""A campaign's figures as files: PDF, PNG, the numbers behind them and a caption."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.tidy import open_summary
from isaclib.figures import style
from isaclib.figures.caption import caption
from isaclib.figures.lines import Line, is_text, lines
from isaclib.figures.plot import plot


def draw(summary_nc: str | Path, figure: FigureSpec | Mapping[str, Any], stem: str | Path) -> tuple[Path, ...]:
    """Draw one figure of a campaign.

    Parameters
    ----------
    summary_nc : path
        What `isaclib.campaign.summary.summarise` wrote.
    figure : FigureSpec or mapping
        An entry of the campaign file's ``figures``.
    stem : path
        Files are named after it.

    Returns
    -------
    tuple of Path
        ``stem.pdf``, ``stem.png``, ``stem.csv`` (the numbers drawn), ``stem.rst`` (the caption).
        The same summary gives the same bytes.

    Raises
    ------
    ValueError
        For a metric, axis or scheme the summary does not have, in one line.
    """
    import matplotlib

    matplotlib.use("agg")
    if not isinstance(figure, FigureSpec):
        figure = FigureSpec.read(figure, "figure")
    summary = open_summary(summary_nc)
    drawn = lines(summary, figure)
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = tuple(stem.with_name(f"{stem.name}.{kind}") for kind in ("pdf", "png", "csv", "rst"))
    with style.context():
        page = plot(summary, figure, drawn)
        # dates and versions in the metadata would change the bytes of an equal figure
        page.savefig(files[0], metadata={"CreationDate": None, "Producer": None, "Creator": "isaclib"})
        page.savefig(files[1], metadata={"Software": "isaclib"})
    _write_numbers(files[2], summary, figure, drawn)
    files[3].write_text(caption(summary, figure, drawn), encoding="utf-8")
    return files


def _write_numbers(path: Path, summary: Any, figure: FigureSpec, drawn: Sequence[Line]) -> None:
    x = "iteration" if figure.kind == "convergence" else str(figure.x)
    labels = summary[x].values if x in summary.coords and is_text(summary[x].values) else None
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with partial.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        series = [figure.series] if figure.series else []
        writer.writerow(["scheme", *series, "metric", "statistic", "band", x, "value", "lower", "upper", "count"])
        for line in drawn:
            curve = line.curve
            metric = f"sqrt({curve.metric})" if curve.root else curve.metric
            head = [line.label, *line.series[1:], metric, curve.statistic, curve.band]
            for at, ends, count in zip(line.x, line.ends, line.count, strict=True):
                place = labels[int(at)] if labels is not None else f"{at:.10g}"
                writer.writerow([*head, place, *("" if end != end else f"{end:.10g}" for end in ends), int(count)])
    os.replace(partial, path)
