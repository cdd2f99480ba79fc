"""A stored campaign of any size to the statistics of its curves, by threads or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign import estimates
from isaclib.campaign.blocks import blocks_of
from isaclib.campaign.dataset import metric_names, open_campaign
from isaclib.campaign.estimates import TRACE, Found
from isaclib.campaign.images import is_image
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.population import LIMITS, POPULATIONS
from isaclib.campaign.statistics import CLUSTERED, STATISTICS
from isaclib.systems.base import Status, nearest

if TYPE_CHECKING:
    import xarray as xr

BLOCK = {"scheme": -1, "realisation": -1}
"""Chunks of a file: every scheme and realisation at once, which quantiles and pairs need; else the file's own."""


def summarise(
    campaign: str | Path | xr.Dataset,
    *,
    metrics: str | Sequence[str] | None = None,
    statistics: str | Sequence[str] | None = None,
    population: str = "common",
    client: Any = None,
) -> xr.Dataset:
    """Take the statistics of a campaign that may be larger than memory.

    The same numbers as in ``summary.nc``, to the last bit: a metric ``m`` becomes ``m`` (scheme,
    axes..., [user, ...], statistic, limit) with ``m_count``, and ``m_paired`` (scheme, axes...,
    [user, ...], paired, limit) with ``m_pairs``; ``trace`` has ``trace_running`` instead of the
    latter two. Beside them are ``status_count``, ``common_share`` and ``solved_share``. A thread
    or a worker holds one metric of all schemes and realisations at one grid point at a time; or
    at as many points as share the chunks of the file.

    Parameters
    ----------
    campaign : path or xarray.Dataset
        ``results/<campaign>`` or the file in it; or what `isaclib.open_campaign` returns, where a
        selection can be made first. A path, and a dataset in chunks, is reduced in parallel by
        dask's threads, or by the scheduler that dask is set to; any other dataset point by point.
    metrics : str or sequence of str, optional
        Nothing else but ``status`` is read. Default: every metric over scheme and realisation
        but the images, which have no statistics.
    statistics : str or sequence of str, optional
        Of `isaclib.campaign.statistics.STATISTICS` and `isaclib.campaign.pairing.PAIRED`;
        default: all.
    population : str
        ``common``: draws that every scheme of full length solved; ``own``: each scheme's own.
        Pairs are taken over the draws that both schemes solved.
    client : distributed.Client, optional
        Its workers do the work; they have to see the file under the same path.

    Returns
    -------
    xarray.Dataset
        In memory, with the attributes of the campaign.

    Raises
    ------
    ValueError
        In one line: for a dataset that is no campaign, an unknown metric, statistic or
        population, and for a client with a dataset that is not in chunks.
    TypeError
        For a client that is none of `distributed`.
    ModuleNotFoundError
        For a client where `distributed` is not installed.
    """
    _check_client(client)
    with ExitStack() as stack:
        if isinstance(campaign, (str, Path)):
            campaign = stack.enter_context(open_campaign(campaign, chunks=BLOCK))
        elif client is not None and not campaign.chunks:
            raise ValueError("campaign: a dataset that is not in chunks: with a client expected a path, or chunks={}")
        axes = _axes(campaign)
        names = _wanted(
            metrics, "metric", [name for name in metric_names(campaign) if not is_image(campaign[name], axes)]
        )
        kinds = _wanted(statistics, "statistic", [*STATISTICS, *PAIRED])
        if population not in POPULATIONS:
            raise ValueError(f"population {population!r} is unknown: {nearest(population, POPULATIONS)}")
        return _reduced(campaign, axes, names, kinds, population, client)


def _check_client(client: Any) -> None:
    if client is None:
        return
    try:
        known = import_module("distributed").Client
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "client: a distributed client was asked for, but the package distributed is not installed"
        ) from None
    if not isinstance(client, known):
        raise TypeError(f"client = {client!r}: expected a distributed.Client")


def _axes(data: xr.Dataset) -> list[str]:
    if "status" not in data or {"scheme", "realisation"} - set(data["status"].dims):
        raise ValueError("campaign: expected a variable status over scheme, grid axes and realisation")
    return [str(dim) for dim in data["status"].dims if dim not in ("scheme", "realisation")]


def _wanted(asked: str | Sequence[str] | None, what: str, known: list[str]) -> list[str]:
    """Return what is asked for, in the order of what is known."""
    if asked is None:
        return known
    chosen = [asked] if isinstance(asked, str) else list(asked)
    for name in chosen:
        if name not in known:
            raise ValueError(f"{what} {name!r} is unknown: {nearest(name, known)}")
    return [name for name in known if name in chosen]


def _reduced(
    data: xr.Dataset, axes: list[str], names: list[str], kinds: list[str], population: str, client: Any
) -> xr.Dataset:
    import xarray as xr

    out = _labels(data, axes, names, kinds, population)
    first = ("scheme", *axes)
    blocks = blocks_of(data.attrs.get("sampling", "random"), data["realisation"].values)
    draws = {
        "status_count": ((*first, "status"), "draws of each status"),
        "common_share": ((*axes, "limit"), "share of draws every scheme of full length solved"),
        "solved_share": ((*first, "limit"), "share of draws the scheme solved"),
    }
    for name, values in _grid(partial(_draws, blocks=blocks), [data["status"]], axes, client).items():
        dims, about = draws[name]
        out[name] = xr.Variable(dims, _placed(values, dims, axes), {"long_name": about, "units": "1"})
    for name in names:
        metric = data[name]
        extra = tuple(str(dim) for dim in metric.dims if dim not in (*first, "realisation", *CLUSTERED))
        inner = tuple(str(dim) for dim in metric.dims if dim not in (*first, "realisation"))
        reduce = partial(_metric, name=name, inner=inner, kinds=tuple(kinds), population=population, blocks=blocks)
        attrs = {key: metric.attrs[key] for key in ("long_name", "units") if key in metric.attrs}
        parts = {
            "": ((*first, *extra, "statistic", "limit"), attrs),
            "_count": ((*first, *extra), {"long_name": f"realisations behind {name}", "units": "1"}),
            "_running": ((*first, *extra), {"long_name": "draws whose solver has not stopped", "units": "1"}),
            "_paired": (
                (*first, *extra, "paired", "limit"),
                {**attrs, "long_name": f"{attrs.get('long_name', name)}, paired with the first scheme"},
            ),
            "_pairs": ((*first, *extra), {"long_name": f"realisations behind {name}_paired", "units": "1"}),
        }
        for part, values in _grid(reduce, [metric, data["status"]], axes, client).items():
            dims, about_part = parts[part]
            out[name + part] = xr.Variable(dims, _placed(values, dims, axes), about_part)
    return out


def _labels(data: xr.Dataset, axes: list[str], names: list[str], kinds: list[str], population: str) -> xr.Dataset:
    """Return the dataset to fill: what is the same for every draw."""
    import xarray as xr

    gone = ("realisation", "part", *CLUSTERED)
    dims = {"scheme", *axes, *(str(dim) for name in names for dim in data[name].dims)} - set(gone)
    coords: dict[str, Any] = {
        str(name): coordinate.variable.load()
        for name, coordinate in data.coords.items()
        if coordinate.dims and set(coordinate.dims) <= dims
    }
    coords["limit"], coords["population"] = list(LIMITS), population
    coords["status"] = [status.name.lower() for status in Status]
    for dim, known in (("statistic", STATISTICS), ("paired", PAIRED)):
        if chosen := [kind for kind in known if kind in kinds]:
            coords[dim] = chosen
    attrs = {key: value for key, value in data.attrs.items() if key not in ("schema_version", "complete")}
    return xr.Dataset(coords=coords, attrs=attrs)


def _grid(reduce: Callable[..., Found], arrays: list[xr.DataArray], axes: list[str], client: Any) -> Found:
    """Reduce every grid point; return the results of all, stacked along the point."""
    found = list(_points(reduce, arrays, axes, client))
    shape = tuple(arrays[0].sizes[axis] for axis in axes)
    return {
        name: np.stack([point[name] for point in found]).reshape(*shape, *values.shape)
        for name, values in (found[0] if found else {}).items()
    }


def _points(reduce: Callable[..., Found], arrays: list[xr.DataArray], axes: list[str], client: Any) -> Iterator[Found]:
    shape = tuple(arrays[0].sizes[axis] for axis in axes)
    blocks = (
        [_block(array.isel(dict(zip(axes, index, strict=True)))) for array in arrays] for index in np.ndindex(*shape)
    )
    if not any(array.chunks for array in arrays):
        return (reduce(*(block.values for block in point)) for point in blocks)
    import dask

    tasks = [dask.delayed(reduce, traverse=False)(*(block.data for block in point)) for point in blocks]
    if client is None:
        return iter(dask.compute(*tasks))
    return iter(client.gather(client.compute(tasks)))


def _block(here: xr.DataArray) -> xr.DataArray:
    """Order what is at one point as the reduction names it, which is how a campaign's file has it."""
    return here.transpose("scheme", "realisation", ...)


def _placed(values: np.ndarray, dims: tuple[str, ...], axes: list[str]) -> np.ndarray:
    """Put the scheme, the first behind the grid's axes, before them."""
    return np.moveaxis(values, len(axes), 0) if dims[0] == "scheme" else values


def _draws(status: np.ndarray, *, blocks: np.ndarray | None) -> Found:
    return estimates.draws(estimates.run_status(status), blocks)


def _metric(
    values: np.ndarray,
    status: np.ndarray,
    *,
    name: str,
    inner: tuple[str, ...],
    kinds: tuple[str, ...],
    population: str,
    blocks: np.ndarray | None,
) -> Found:
    masks = estimates.populations(estimates.run_status(status))
    statistics = [i for i, kind in enumerate(STATISTICS) if kind in kinds]
    pairs = [i for i, kind in enumerate(PAIRED) if kind in kinds and name != TRACE]
    each, compared = estimates.metric(
        values,
        ("scheme", "realisation", *inner),
        {population: masks[population]} if statistics else {},
        pairs=masks["own"] if pairs else None,
        trace=name == TRACE,
        blocks=blocks,
    )
    found = {**each.get(population, {}), **compared}
    if statistics:
        found[""] = found[""][..., statistics, :]
    if pairs:
        found["_paired"] = found["_paired"][..., pairs, :]
    return found
