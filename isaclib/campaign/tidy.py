"""Summaries as tables: the long CSV, and the small one a terminal shows."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.stored import Stored, stored
from isaclib.campaign.writing import written
from isaclib.systems.base import Status, nearest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_KINDS = ("population", "statistic", "paired", "status")
_INNER = (*_KINDS, "limit", "iteration")


def open_summary(summary_nc: str | Path) -> xr.Dataset:
    """Open a summary, its times among the other metrics.

    Parameters
    ----------
    summary_nc : path
        What `isaclib.campaign.summary.summarise` wrote.

    Returns
    -------
    xarray.Dataset
        In memory; the file is closed.

    Raises
    ------
    ValueError
        Where the file is no summary.
    """
    import netCDF4
    import xarray as xr

    with netCDF4.Dataset(summary_nc) as handle:
        groups = list(handle.groups)
        if "statistic" not in handle.dimensions:
            raise ValueError(
                f"{summary_nc}: expected a summary (a dimension statistic); isaclib writes it from campaign.nc"
            )
    with xr.open_dataset(summary_nc) as root:
        data = root.load()
    for group in groups:
        with xr.open_dataset(summary_nc, group=group) as more:
            data = data.assign(more.load().data_vars)
    return data


def axes(summary: xr.Dataset) -> list[str]:
    """Return the grid axes of a summary, in the order of the campaign file."""
    return [str(dim) for dim in summary["status_count"].dims if dim not in ("scheme", "status")]


def metrics(summary: xr.Dataset) -> list[str]:
    """Return the metrics of a summary."""
    return [str(name) for name in summary.data_vars if f"{name}_count" in summary.data_vars]


def metric(summary: xr.Dataset, name: str) -> xr.DataArray:
    """Return the statistics of one metric.

    Raises
    ------
    ValueError
        For a metric the summary does not have, with the nearest it has.
    """
    if name not in metrics(summary):
        raise ValueError(f"metric {name!r} is unknown: {nearest(name, metrics(summary))}")
    return summary[name]


def write_csv(summary_nc: str | Path, summary_csv: str | Path) -> None:
    """Write the long table: one row a statistic.

    Columns: metric, units, population, scheme, the grid axes, further dimensions (``user``, ...;
    empty where a metric has none), statistic, value, lower, upper, count. Rows of the metric
    ``status`` count the draws of each status; ``common_share`` and ``solved_share`` are shares
    of the draws. Traces and times are in summary.nc alone.

    Parameters
    ----------
    summary_nc : path
        What to read; one variable is in memory at a time.
    summary_csv : path
        Written whole or not at all.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    with (
        written(Path(summary_csv)) as partial,
        stored(Path(summary_nc)) as (_, groups),
        partial.open("w", newline="", encoding="utf-8") as handle,
    ):
        summary = groups["/"]
        wanted = [n for n, entry in summary.items() if "statistic" in entry.dims[:-1] and "iteration" not in entry.dims]
        grid = [dim for dim in summary["status_count"].dims if dim not in ("scheme", "status")]
        found = {dim for name in wanted for dim in summary[name].dims}
        keys = ["scheme", *grid, *sorted(found - {"scheme", *grid, *_INNER})]
        labels = {dim: _labels(summary, dim) for dim in (*keys, *_KINDS)}
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["metric", "units", "population", *keys, "statistic", "value", "lower", "upper", "count"])
        for name in wanted:
            for i, kind in enumerate(labels["population"]):
                at = {"population": slice(i, i + 1)}
                writer.writerows(_rows(name, kind, summary[name], summary[f"{name}_count"], at, labels, keys))
            pairs = summary[f"{name}_paired"], summary[f"{name}_pairs"]
            writer.writerows(_rows(name, "pairs", *pairs, {}, labels, keys))
        writer.writerows(_status_rows(summary, labels, keys))


def table(summary: xr.Dataset, name: str, statistic: str = "median", *, population: str = "common") -> pd.DataFrame:
    """Return one statistic of one metric as a table to print: a row a point, a column a scheme.

    Parameters
    ----------
    summary : xarray.Dataset
        From `open_summary`.
    name : str
        The metric.
    statistic : str
        One of ``summary.statistic``.
    population : str
        ``common`` or ``own``.

    Returns
    -------
    pandas.DataFrame
        Index: the grid axes (and ``user``, ...); entries "value [lower, upper]", "-" where there
        is nothing; the last column is the share of draws in the common population.

    Raises
    ------
    ValueError
        For a metric or statistic the summary does not have, and for a metric over iterations.
    """
    import pandas as pd

    values = metric(summary, name)
    for key, asked in (("statistic", statistic), ("population", population)):
        known = [str(v) for v in summary[key].values]
        if asked not in known:
            raise ValueError(f"{key} {asked!r} is unknown: {nearest(asked, known)}")
    if "iteration" in values.dims:
        raise ValueError(f"metric {name!r} is a curve over iterations: expected one number a draw")
    chosen = values.sel(statistic=statistic, population=population)
    grid = axes(summary)
    index = [str(dim) for dim in chosen.dims if dim not in ("scheme", "limit")]
    share = summary["common_share"]
    rows: dict[str, list[Any]] = {key: [] for key in index}
    columns: dict[str, list[str]] = {str(label): [] for label in summary["scheme"].values}
    shares = []
    for place in np.ndindex(*(chosen.sizes[key] for key in index)):
        at = dict(zip(index, place, strict=True))
        for key, i in at.items():
            rows[key].append(_label(chosen, key, i))
        for label, (value, lower, upper) in zip(
            columns, chosen.isel(at).transpose("scheme", "limit").values, strict=True
        ):
            ends = "" if np.isnan(lower) else f" [{lower:.4g}, {upper:.4g}]"
            columns[label].append("-" if np.isnan(value) else f"{value:.4g}{ends}")
        common = float(share.isel({axis: at[axis] for axis in grid}).sel(limit="value"))
        shares.append("-" if np.isnan(common) else f"{common:.1%}")
    frame = pd.DataFrame({**rows, **columns, "common draws": shares})
    return frame.set_index(index) if index else frame


def _rows(
    name: str,
    population: str,
    statistics: Stored,
    counts: Stored,
    at: Mapping[str, slice],
    labels: Mapping[str, Sequence[str]],
    keys: Sequence[str],
) -> Iterator[list[Any]]:
    outer = [key for key in keys if key in counts.dims]
    inner = statistics.dims[-2]
    data = _ordered(statistics, [*at, *outer, inner, "limit"], at)
    number = _ordered(counts, [*at, *outer], at).reshape(-1).tolist()
    units = statistics.attrs.get("units", "1")
    places = product(*(labels[key] for key in outer))
    for place, each, amount in zip(places, data.reshape(len(number), -1, 3).tolist(), number, strict=True):
        known = dict(zip(outer, place, strict=True))
        where = [known.get(key, "") for key in keys]
        for kind, ends in zip(labels[inner], each, strict=True):
            unit = "1" if kind.startswith("ratio") else units
            yield [name, unit, population, *where, kind, *map(_number, ends), amount]


def _status_rows(
    summary: Mapping[str, Stored], labels: Mapping[str, Sequence[str]], keys: Sequence[str]
) -> Iterator[list[Any]]:
    amounts = summary["status_count"].read({})
    grid = summary["status_count"].dims[1:-1]
    tried = amounts.sum(axis=-1) - amounts[..., int(Status.NOT_RUN)]
    for name, dims in (("status", ("scheme", *grid)), ("solved_share", ("scheme", *grid)), ("common_share", grid)):
        ends = None if name == "status" else summary[name].read({})
        for place in np.ndindex(*(len(labels[dim]) for dim in dims)):
            known = {dim: labels[dim][i] for dim, i in zip(dims, place, strict=True)}
            where = [known.get(key, "") for key in keys]
            if ends is None:
                for kind, amount in zip(labels["status"], amounts[place].tolist(), strict=True):
                    yield ["status", "1", "", *where, kind, amount, "", "", int(amounts[place].sum())]
            else:
                most = tried[place] if name == "solved_share" else tried[(slice(None), *place)].max()
                yield [name, "1", "", *where, "share", *map(_number, ends[place].tolist()), int(most)]


def _ordered(entry: Stored, dims: Sequence[str], at: Mapping[str, slice]) -> np.ndarray:
    return entry.read(at).transpose([entry.dims.index(dim) for dim in dims])


def _labels(summary: Mapping[str, Stored], dim: str) -> list[str]:
    """Values of a dimension as text; positions where it has no values."""
    if dim in summary:
        values = summary[dim].labels().tolist()
    else:
        owner = next(entry for entry in summary.values() if dim in entry.dims)
        values = list(range(owner.variable.shape[owner.dims.index(dim)]))
    return [value if isinstance(value, str) else _number(value) for value in values]


def _label(data: Any, key: str, i: int) -> Any:
    """Value of a dimension at one place; its position where it has no values."""
    value = data[key].values[i] if key in data.coords else i
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.10g}"
