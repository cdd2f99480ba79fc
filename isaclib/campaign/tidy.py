"""Summaries as tables: the long CSV, and the small one a terminal shows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.writing import written
from isaclib.systems.base import nearest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_INNER = ("statistic", "paired", "limit", "population", "status", "iteration")


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
    import xarray as xr

    with (
        written(Path(summary_csv)) as partial,
        xr.open_dataset(summary_nc) as summary,
        partial.open("w", newline="", encoding="utf-8") as handle,
    ):
        grid = axes(summary)
        wanted = [name for name in metrics(summary) if "iteration" not in summary[name].dims]
        found = {str(dim) for name in wanted for dim in summary[name].dims}
        extra = sorted(found - {"scheme", *grid, *_INNER})
        keys = ["scheme", *grid, *extra]
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["metric", "units", "population", *keys, "statistic", "value", "lower", "upper", "count"])
        for name in wanted:
            for kind in summary["population"].values:
                chosen = summary[[name, f"{name}_count"]].sel(population=kind).load()
                writer.writerows(_rows(name, str(kind), chosen[name], chosen[f"{name}_count"], keys, "statistic"))
            together = summary[[f"{name}_paired", f"{name}_pairs"]].load()
            writer.writerows(
                _rows(name, "pairs", together[f"{name}_paired"], together[f"{name}_pairs"], keys, "paired")
            )
        writer.writerows(_status_rows(summary, keys))


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
    name: str, population: str, statistics: xr.DataArray, counts: xr.DataArray, keys: Sequence[str], inner: str
) -> Iterator[list[Any]]:
    outer = [key for key in keys if key in counts.dims]
    data = statistics.transpose(*outer, inner, "limit").values
    number = counts.transpose(*outer).values
    labels = {key: [_label(statistics, key, i) for i in range(statistics.sizes[key])] for key in outer}
    units = statistics.attrs.get("units", "1")
    for place in np.ndindex(*number.shape):
        at = dict(zip(outer, place, strict=True))
        where = [labels[key][at[key]] if key in at else "" for key in keys]
        for kind, ends in zip(statistics[inner].values, data[place], strict=True):
            unit = "1" if str(kind).startswith("ratio") else units
            yield [name, unit, population, *where, kind, *map(_number, ends), int(number[place])]


def _status_rows(summary: xr.Dataset, keys: Sequence[str]) -> Iterator[list[Any]]:
    amounts = summary["status_count"]
    for name, dims in (
        ("status", amounts.dims[:-1]),
        ("solved_share", amounts.dims[:-1]),
        ("common_share", amounts.dims[1:-1]),
    ):
        for place in np.ndindex(*(amounts.sizes[dim] for dim in dims)):
            at = dict(zip([str(dim) for dim in dims], place, strict=True))
            here = amounts.isel(at)
            where = [_label(summary, key, at[key]) if key in at else "" for key in keys]
            if name == "status":
                for kind, amount in zip(here["status"].values, here.values, strict=True):
                    yield ["status", "1", "", *where, kind, int(amount), "", "", int(here.sum())]
            else:
                tried = here.sel(status=here["status"] != "not_run").sum("status")
                ends = summary[name].isel(at).values
                yield [name, "1", "", *where, "share", *map(_number, ends), int(tried.max())]


def _label(data: Any, key: str, i: int) -> Any:
    """Value of a dimension at one place; its position where it has no values."""
    value = data[key].values[i] if key in data.coords else i
    return value if isinstance(value, str) else _number(value)


def _number(value: Any) -> str:
    return "" if np.isnan(value) else f"{value:.10g}"
