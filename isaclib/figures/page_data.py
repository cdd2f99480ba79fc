"""A summary as what an interactive page takes: numbers by name, and how curves look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign import tidy
from isaclib.campaign.pairing import PAIRED
from isaclib.figures.axes import named
from isaclib.figures.style import display, looks

if TYPE_CHECKING:
    import xarray as xr

DIGITS = 6
"""Significant digits that the page keeps: more than an interval warrants."""

STEPS = 40
"""Entries of a long dimension (iterations) that the page keeps, evenly on a logarithmic scale."""

_STATISTICS = {
    "median": "Median",
    "mean": "Mean",
    "rms": "RMS",
    "q05": "5 % quantile",
    "q25": "25 % quantile",
    "q75": "75 % quantile",
    "q95": "95 % quantile",
    "std": "Standard deviation",
}
"""Statistics offered, in this order; what a standard error says the interval says."""

_PAIRED = {
    "ratio_median": "Median paired ratio to",
    "difference_median": "Median paired difference to",
    "difference_mean": "Mean paired difference to",
}

_SYMBOLS = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "<": "triangle-left",
    ">": "triangle-right",
    "D": "diamond",
    "d": "diamond-tall",
    "P": "cross",
    "X": "x",
    "*": "star",
    "p": "pentagon",
    "h": "hexagon",
    "H": "hexagon2",
    "8": "octagon",
}
"""Markers of matplotlib under their names in plotly."""


def page_data(summary: xr.Dataset) -> dict[str, Any]:
    """Return the statistics of a campaign as plain lists and mappings.

    Parameters
    ----------
    summary : xarray.Dataset
        From `isaclib.campaign.tidy.open_summary`.

    Returns
    -------
    dict
        ``dims``: name and values of every dimension; ``metrics``: of each its words and its arrays
        ``values``, ``counts``, ``paired``, ``pairs``. An array is its dimensions, shape and values
        in C order, None where there is no number. Images are left out.
    """
    grid = tidy.axes(summary)
    names = tidy.metrics(summary)
    first = display(str(summary["scheme"].values[0]))
    kept = summary.sel(statistic=list(_STATISTICS))
    thinned = {dim: _steps(size) for dim, size in summary.sizes.items() if dim == "iteration"}
    arrays = kept.isel(thinned)
    metrics: dict[str, dict[str, Any]] = {}
    for name in names:
        metrics[name] = {
            "label": named(str(summary[name].attrs.get("long_name", name)), summary[name].attrs.get("units")),
            "values": _array(arrays[name]),
            "counts": _array(arrays[f"{name}_count"]),
        }
        if f"{name}_paired" in arrays:
            metrics[name]["paired"] = _array(arrays[f"{name}_paired"])
            metrics[name]["pairs"] = _array(arrays[f"{name}_pairs"])
    metrics["solved_share"] = {"label": "Share of draws solved", "values": _array(arrays["solved_share"])}
    used = {dim for each in metrics.values() for dim in each["values"]["dims"]} | set(grid)
    dims = {str(dim): _dimension(arrays, str(dim), thinned) for dim in arrays.dims if dim in used and dim != "limit"}
    dims["statistic"] = {"values": list(_STATISTICS), "texts": list(_STATISTICS.values())}
    dims["paired"] = {"values": list(PAIRED), "texts": [f"{_PAIRED[name]} {first}" for name in PAIRED]}
    return {
        "title": str(summary.attrs.get("title", summary.attrs["campaign"])),
        "made": ", ".join(
            f"{key.replace('_', ' ')} {summary.attrs[key]}"
            for key in ("campaign", "system", "seed", "sampling", "isaclib_version", "git_commit")
            if key in summary.attrs
        ),
        "axes": grid,
        "dims": dims,
        "looks": _looks(summary),
        "metrics": metrics,
        "status": _array(summary["status_count"]),
        "statuses": [str(name).replace("_", " ") for name in summary["status"].values],
    }


def compact(content: Mapping[str, Any]) -> str:
    """Return JSON without a space, and without what is no number in it."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _steps(size: int) -> np.ndarray:
    return np.unique(np.geomspace(1, size, STEPS).round().astype(int)) - 1


def _array(values: xr.DataArray) -> dict[str, Any]:
    numbers = values.values
    if "limit" in values.dims:
        values = values.transpose(..., "limit")
        numbers = values.values
    return {"dims": [str(dim) for dim in values.dims], "shape": list(numbers.shape), "values": _plain(numbers)}


def _plain(numbers: np.ndarray) -> list[float | int | None]:
    if numbers.dtype.kind in "iu":
        return [int(number) for number in numbers.ravel()]
    return [_short(number) if np.isfinite(number) else None for number in numbers.ravel().tolist()]


def _short(number: float) -> float | int:
    rounded = float(f"{number:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _dimension(data: xr.Dataset, dim: str, thinned: Mapping[Any, np.ndarray]) -> dict[str, Any]:
    """Name and values of a dimension; where it has none of its own they are counted from 1."""
    attrs = data[dim].attrs if dim in data.coords else {}
    label = named(str(attrs.get("long_name", dim.replace("_", " "))), attrs.get("units"))
    if dim in thinned:
        values: Sequence[Any] = (thinned[dim] + 1).tolist()
    elif dim in data.coords:
        values = data[dim].values.tolist()
    else:
        values = list(range(1, data.sizes[dim] + 1))
    return {"label": label, "values": [_short(v) if isinstance(v, float) else v for v in values]}


def _looks(summary: xr.Dataset) -> list[dict[str, Any]]:
    about = {entry["label"]: entry for entry in json.loads(summary.attrs.get("curves", "[]"))}
    labels = [str(label) for label in summary["scheme"].values]
    curves = [(about.get(each, {}).get("scheme", each), about.get(each, {}).get("solver", ""), each) for each in labels]
    return [
        {
            "label": display(label),
            "color": look.color,
            "symbol": _SYMBOLS[look.marker],
            "dash": "solid" if look.dashes == "solid" else ",".join(f"{1.6 * length:g}px" for length in look.dashes[1]),
            "width": 2.0 * look.width,
            "marked": not look.bound,
        }
        for label, look in zip(labels, looks(curves), strict=True)
    ]
