"""A stored campaign in the formats of other programs: CSV and MATLAB."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.dataset import loaded, metric_names, open_campaign, real_values
from isaclib.campaign.writing import written
from isaclib.systems.base import Status, nearest

if TYPE_CHECKING:
    import xarray as xr

MAT_BYTES = 2**31 - 1
"""A variable of a MATLAB 5 file cannot be larger."""

MAT_NAME = 63
"""Longest name that MATLAB takes."""


def export_csv(campaign: str | Path, output: str | Path, *, metrics: Sequence[str] = ()) -> None:
    """Write every realisation as a table: a row a draw, a column a metric.

    Columns: scheme, the grid axes, realisation, status (in words), then the metrics; one with further
    dimensions has a column for each entry, ``rate[user=0]``. Missing numbers are empty. A curve at one
    point is in memory at a time.

    Parameters
    ----------
    campaign : path
        ``results/<campaign>``.
    output : path
        Written whole or not at all.
    metrics : sequence of str
        Default: all.

    Raises
    ------
    ValueError
        For a metric that the campaign does not have.
    OSError
        Where `output` cannot be written.
    """
    with open_campaign(campaign) as data:
        names = _chosen(data, metrics)
        axes = _axes(data)
        columns = [column for name in names for column in _columns(data[name], axes)]
        with written(Path(output)) as partial, partial.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(["scheme", *axes, "realisation", "status", *columns])
            for place in np.ndindex(*(data.sizes[dim] for dim in ("scheme", *axes))):
                writer.writerows(_rows(data.isel(dict(zip(("scheme", *axes), place, strict=True))), names, axes))


def export_mat(campaign: str | Path, output: str | Path, *, metrics: Sequence[str] = ()) -> None:
    """Write the arrays of a campaign for MATLAB.

    One array a metric, in the dataset's order of dimensions; the struct ``dims`` has the names of
    these, ``coords`` their values, ``units`` the metrics' units, ``about`` title, seed and versions.

    Parameters
    ----------
    campaign : path
        ``results/<campaign>``.
    output : path
        ``.mat``, version 5; written whole or not at all.
    metrics : sequence of str
        Default: all.

    Raises
    ------
    ValueError
        For a metric that the campaign does not have, or one larger than the format allows.
    OSError
        Where `output` cannot be written.
    """
    from scipy.io import savemat

    with open_campaign(campaign) as data:
        names = _chosen(data, metrics)
        for name in names:
            if (size := data[name].size * 8) > MAT_BYTES:
                raise ValueError(
                    f"metric {name!r} has {size} bytes: expected at most {MAT_BYTES} in a MATLAB file; "
                    "choose others by --metric, or take csv"
                )
        arrays = {name: real_values(data[name]).values for name in names}
        content: dict[str, Any] = {
            **arrays,
            "status": data["status"].values,
            "status_names": _cell([status.name.lower() for status in Status]),
            "dims": {name: _cell(data[name].dims) for name in [*names, "status"]},
            "coords": {str(name): _plain(data[name].values) for name in data.coords},
            "units": {name: data[name].attrs.get("units", "1") for name in names},
            "about": {
                key: str(value) for key, value in data.attrs.items() if len(key) <= MAT_NAME and isinstance(value, str)
            }
            | {"seed": float(data.attrs["seed"])},
        }
    with written(Path(output)) as partial, partial.open("wb") as handle:
        savemat(handle, content, long_field_names=True, do_compression=True)


def _chosen(data: xr.Dataset, metrics: Sequence[str]) -> list[str]:
    known = metric_names(data)
    for name in metrics:
        if name not in known:
            raise ValueError(f"metric {name!r} is unknown: {nearest(name, known)}")
    return list(metrics) or known


def _axes(data: xr.Dataset) -> list[str]:
    return [str(dim) for dim in data["status"].dims if dim not in ("scheme", "realisation")]


def _columns(metric: xr.DataArray, axes: Sequence[str]) -> list[str]:
    extra = [str(dim) for dim in metric.dims if dim not in ("scheme", "realisation", *axes)]
    labels = [metric[dim].values if dim in metric.coords else range(metric.sizes[dim]) for dim in extra]
    places = np.ndindex(*(metric.sizes[dim] for dim in extra))
    inner = (
        ",".join(f"{dim}={label[i]}" for dim, label, i in zip(extra, labels, place, strict=True)) for place in places
    )
    return [f"{metric.name}[{entry}]" if entry else str(metric.name) for entry in inner]


def _rows(curve: xr.Dataset, names: Sequence[str], axes: Sequence[str]) -> Iterator[list[Any]]:
    where = [str(curve["scheme"].item()), *(curve[axis].item() for axis in axes)]
    count = curve.sizes["realisation"]
    status = loaded(curve["status"]).values
    numbers = [
        real_values(loaded(curve[name])).transpose("realisation", ...).values.reshape(count, -1) for name in names
    ]
    table = np.concatenate(numbers, axis=1) if numbers else np.empty((count, 0))
    for index, code, row in zip(curve["realisation"].values, status, table, strict=True):
        if code != Status.NOT_RUN:
            shown = ["" if np.isnan(value) else repr(float(value)) for value in row]
            yield [*where, int(index), Status(int(code)).name.lower(), *shown]


def _cell(values: Sequence[Any]) -> np.ndarray:
    cell = np.empty(len(values), dtype=object)
    cell[:] = [str(value) for value in values]
    return cell


def _plain(values: np.ndarray) -> np.ndarray:
    return values if values.dtype.kind in "iufb" else _cell(list(np.atleast_1d(values)))
