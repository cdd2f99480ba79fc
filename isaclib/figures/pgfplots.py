"""Curves of a campaign for LaTeX: the tables that pgfplots reads, and the lines that draw them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isaclib.campaign import tidy
from isaclib.campaign.writing import written
from isaclib.figures.style import Look, display, looks
from isaclib.systems.base import nearest

if TYPE_CHECKING:
    import xarray as xr


def export_pgfplots(
    campaign: str | Path,
    folder: str | Path,
    *,
    metric: str,
    statistic: str = "median",
    population: str = "common",
) -> list[Path]:
    r"""Write a statistic of a metric over the last grid axis, with its ``\addplot`` lines.

    A table has a row a grid value and, for each scheme, the columns value, lower and upper end of the
    interval; the ``.tex`` beside it draws the curves with their bands, in the colours of every other
    figure. Each value of the axes before the last has files of its own.

    Parameters
    ----------
    campaign : path
        ``results/<campaign>``, with its ``summary.nc``.
    folder : path
        Gets ``<metric>-<statistic>.dat`` and ``.tex``.
    metric : str
        One number a draw.
    statistic, population : str
        As in ``isaclib show``.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        For what the summary does not have, or a metric of more than one number a draw.
    OSError
        Where a file cannot be written.
    """
    summary = tidy.open_summary(Path(campaign) / "summary.nc")
    *outer, axis = tidy.axes(summary)
    values = tidy.metric(summary, metric)
    if extra := set(map(str, values.dims)) - {"scheme", "statistic", "population", "limit", *outer, axis}:
        raise ValueError(f"metric {metric!r} is over {', '.join(sorted(extra))}: expected one number a draw")
    for key, asked in (("statistic", statistic), ("population", population)):
        if asked not in (known := [str(value) for value in summary[key].values]):
            raise ValueError(f"{key} {asked!r} is unknown: {nearest(asked, known)}")
    chosen = values.sel(statistic=statistic, population=population).transpose(*outer, axis, "scheme", "limit")
    curves = [(curve["scheme"], curve["solver"], curve["label"]) for curve in json.loads(summary.attrs["curves"])]
    folder, files = Path(folder), []
    folder.mkdir(parents=True, exist_ok=True)
    for place in np.ndindex(*(chosen.sizes[dim] for dim in outer)):
        stem = f"{metric}-{statistic}"
        for dim, i in zip(outer, place, strict=True):
            if chosen.sizes[dim] > 1:
                stem += "-" + re.sub(r"[^\w.=-]+", "", f"{dim}={chosen[dim].values[i]}")
        table, drawing = folder / f"{stem}.dat", folder / f"{stem}.tex"
        with written(table) as partial:
            partial.write_text("".join(_rows(chosen[place], axis)), encoding="utf-8")
        with written(drawing) as partial:
            partial.write_text("".join(_plots(table.name, chosen[place], axis, curves)), encoding="utf-8")
        files += [table, drawing]
    return files


def _rows(values: xr.DataArray, axis: str) -> Iterator[str]:
    names = _identifiers([str(label) for label in values["scheme"].values])
    yield " ".join([axis, *(f"{name}{end}" for name in names for end in ("", "_lower", "_upper"))]) + "\n"
    for where, row in zip(values[axis].values, values.values, strict=True):
        # braces keep a label with spaces together
        yield " ".join([f"{{{where}}}", *(f"{number:.10g}" for number in row.reshape(-1))]) + "\n"


def _plots(table: str, values: xr.DataArray, axis: str, curves: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    labels = [str(label) for label in values["scheme"].values]
    shown: dict[str, Look] = dict(zip([label for _, _, label in curves], looks(curves), strict=True))
    yield "% \\usepackage{pgfplots} \\usepgfplotslibrary{fillbetween}; inside an axis"
    if values[axis].dtype.kind not in "iuf":
        yield " with symbolic x coords={" + ",".join(str(value) for value in values[axis].values) + "}"
    yield "\n"
    for name, label in zip(_identifiers(labels), labels, strict=True):
        color = f"isaclib{name.replace('_', '')}"
        line = "solid" if shown[label].dashes == "solid" else "dashed"
        yield f"\\definecolor{{{color}}}{{HTML}}{{{shown[label].color.lstrip('#')}}}\n"
        for end in (f"{name}_lower", f"{name}_upper"):
            yield f"\\addplot[draw=none, forget plot, name path={end}] table[x={axis}, y={end}] {{{table}}};\n"
        yield f"\\addplot[{color}, fill opacity=0.2, forget plot] fill between[of={name}_lower and {name}_upper];\n"
        yield f"\\addplot[{color}, {line}, mark=*, mark size=1pt] table[x={axis}, y={name}] {{{table}}};\n"
        yield f"\\addlegendentry{{{_escaped(display(label))}}}\n"


def _escaped(text: str) -> str:
    return re.sub(r"([#$%&_{}])", r"\\\1", text)


def _identifiers(labels: Sequence[str]) -> list[str]:
    """Names of columns: letters, digits and underscores, each once."""
    found: list[str] = []
    for label in labels:
        name = stem = re.sub(r"\W+", "_", label).strip("_") or "scheme"
        number = 2
        while name in found:
            name, number = f"{stem}_{number}", number + 1
        found.append(name)
    return found
