"""From every realisation to statistics: campaign.nc to summary.nc, a few grid points at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import netCDF4
import numpy as np

from isaclib.campaign import estimates
from isaclib.campaign.blocks import blocks_of
from isaclib.campaign.estimates import TRACE, Found
from isaclib.campaign.images import Images, is_image
from isaclib.campaign.netcdf import put_text
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.population import LIMITS, POPULATIONS
from isaclib.campaign.statistics import CLUSTERED, STATISTICS
from isaclib.campaign.stored import Stored, stored
from isaclib.campaign.tidy import write_csv
from isaclib.campaign.writing import written
from isaclib.systems.base import Status

TIMING = "timing"
"""Group of what differs from one execution to the next."""

SLAB_BYTES = 1 << 21
"""Numbers of a metric that are reduced together: as many grid points as have so many, one at least."""

T = TypeVar("T")

Estimates: TypeAlias = tuple[dict[str, Found], Found]
"""What `isaclib.campaign.estimates.metric` returns."""


def summarise(campaign_nc: str | Path, summary_nc: str | Path, summary_csv: str | Path, *, workers: int = 1) -> None:
    """Write the statistics of every metric, scheme and grid point.

    A metric ``m`` becomes ``m`` (scheme, axes..., population, [user, ...], statistic, limit),
    ``m_count`` (the realisations behind it), ``m_paired`` (scheme, axes..., paired, limit) and
    ``m_pairs``; beside them ``status_count`` (scheme, axes..., status), ``common_share``
    (axes..., limit) and ``solved_share`` (scheme, axes..., limit). A metric over two dimensions of
    its own is an image: it has no statistics, and is kept as it is for the draws that have one,
    (scheme, axes..., realisation, ...). Times are in the group ``timing``, and not in the CSV: the
    rest is the same in every execution of a plan. One metric at one grid point, or at several small
    ones, is in memory at a time; one a worker and one more where there are several.

    Parameters
    ----------
    campaign_nc : path
        What gather wrote.
    summary_nc, summary_csv : path
        Written whole or not at all.
    workers : int
        Threads that take statistics; they change no bit.

    Raises
    ------
    ValueError
        Where `campaign_nc` has no variable ``status`` over scheme, grid axes and realisation, or is damaged.
    OSError
        Where a file cannot be written.
    """
    with ExitStack() as stack:
        data, groups = stack.enter_context(stored(Path(campaign_nc)))
        status = groups["/"].get("status")
        if status is None or {"scheme", "realisation"} - set(status.dims):
            raise ValueError(f"{campaign_nc}: expected a variable status over scheme, grid axes and realisation")
        Path(summary_nc).parent.mkdir(parents=True, exist_ok=True)
        out = stack.enter_context(netCDF4.Dataset(stack.enter_context(written(Path(summary_nc))), "w"))
        axes = [dim for dim in status.dims if dim not in ("scheme", "realisation")]
        _write_coordinates(out, data, groups["/"])
        named = groups["/"].get("realisation")
        drawn = named.labels() if named else np.arange(data.dimensions["realisation"].size)
        blocks = blocks_of(getattr(data, "sampling", "random"), drawn)
        metrics = [entry for entry in groups["/"].values() if entry.is_metric]
        sheets = [_Sheet(out, entry, axes) for entry in metrics if not is_image(entry, axes)]
        images = [Images(out, entry, axes, drawn) for entry in metrics if is_image(entry, axes)]
        if TIMING in groups:
            group = out.createGroup(TIMING)
            sheets += [_Sheet(group, entry, axes) for entry in groups[TIMING].values() if entry.is_metric]
        shape = [data.dimensions[axis].size for axis in axes]
        amount = status.variable.size // max(prod(shape), 1) * np.dtype(float).itemsize
        draws = _Draws(out, status, axes)
        for slab in slabs(shape, SLAB_BYTES // max(amount, 1)):
            here = draws.write(slab, blocks)
            masks = estimates.populations(here)
            jobs = (job for sheet in sheets for job in sheet.jobs(slab, masks, blocks))
            for write, found in _in_turn(jobs, workers):
                write(found)
        for index in np.ndindex(*shape):
            for image in images:
                image.write(index)
    write_csv(summary_nc, summary_csv)


def slabs(shape: Sequence[int], most: int) -> Iterator[tuple[slice, ...]]:
    """Cut a grid into boxes of at most so many points, one at least, each consecutive in memory."""
    if not shape:
        yield ()
        return
    inner = prod(shape[1:])
    together = most // max(inner, 1)
    if together >= 1:
        for first in range(0, shape[0], together):
            yield (slice(first, min(first + together, shape[0])), *(slice(0, size) for size in shape[1:]))
    else:
        for i in range(shape[0]):
            yield from ((slice(i, i + 1), *rest) for rest in slabs(shape[1:], most))


def _in_turn(
    jobs: Iterable[tuple[Callable[[T], None], Callable[[], T]]], workers: int
) -> Iterator[tuple[Callable[[T], None], T]]:
    """Do jobs by threads, of which files know nothing: they are read as a job is taken, written as it is yielded."""
    if workers == 1:
        yield from ((write, take()) for write, take in jobs)
        return
    waiting: deque[tuple[Callable[[T], None], Future[T]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for write, take in jobs:
            waiting.append((write, pool.submit(take)))
            if len(waiting) > workers:
                write, job = waiting.popleft()
                yield write, job.result()
        yield from ((write, job.result()) for write, job in waiting)


def _write_coordinates(out: Any, data: netCDF4.Dataset, variables: Mapping[str, Stored]) -> None:
    # what made the draws made their statistics; what is said of the file itself is not copied
    kept = [name for name in data.ncattrs() if name not in ("schema_version", "complete", "coordinates")]
    out.setncatts({name: data.getncattr(name) for name in kept})
    used = {dim for entry in variables.values() for dim in entry.dims}
    gone = ("realisation", "part", *CLUSTERED)
    sizes = {name: dim.size for name, dim in data.dimensions.items() if name in used and name not in gone}
    labels = {"population": POPULATIONS, "statistic": STATISTICS, "paired": PAIRED, "limit": LIMITS}
    labels["status"] = tuple(status.name.lower() for status in Status)
    for dim, size in (*sizes.items(), *((name, len(values)) for name, values in labels.items())):
        out.createDimension(dim, size)
    for name, entry in variables.items():
        # what is the same for every draw: labels, solvers, values of the axes
        if entry.dims and set(entry.dims) <= set(sizes):
            _write_label(out, name, entry.dims, entry.labels(), entry.attrs)
    named = [data, *(entry.variable for entry in variables.values())]
    said = " ".join(handle.coordinates for handle in named if "coordinates" in handle.ncattrs()).split()
    auxiliary = [name for name in dict.fromkeys(said) if name not in sizes and name in out.variables]
    if auxiliary:
        out.setncattr("coordinates", " ".join(auxiliary))
    for name, values in labels.items():
        _write_label(out, name, (name,), np.array(values), {})


def _write_label(out: Any, name: str, dims: tuple[str, ...], values: np.ndarray, attrs: Any) -> None:
    if values.dtype.kind in "OUT":
        put_text(out, name, dims, values, attrs)
    else:
        variable = out.createVariable(name, values.dtype, dims, fletcher32=True, fill_value=False)
        variable.setncatts(dict(attrs))
        variable[...] = values


class _Draws:
    """What became of the draws: counts by status, and shares."""

    def __init__(self, out: Any, status: Stored, axes: Sequence[str]) -> None:
        self.status, self.axes = status, axes
        about = {"long_name": "draws of each status", "units": "1"}
        self.amount = _create(out, "status_count", ("scheme", *axes, "status"), about, "i8")
        about = {"long_name": "share of draws every scheme of full length solved", "units": "1"}
        self.agreed = _create(out, "common_share", (*axes, "limit"), about)
        about = {"long_name": "share of draws the scheme solved", "units": "1"}
        self.solved = _create(out, "solved_share", ("scheme", *axes, "limit"), about)

    def write(self, slab: tuple[slice, ...], blocks: np.ndarray | None) -> np.ndarray:
        """Write some points; return the status of their draws."""
        here = estimates.run_status(self.status.read(dict(zip(self.axes, slab, strict=True))))
        found = estimates.draws(here, blocks)
        self.amount[(slice(None), *slab)] = found["status_count"]
        self.agreed[slab if slab else ...] = found["common_share"]
        self.solved[(slice(None), *slab)] = found["solved_share"]
        return here


class _Sheet:
    """The statistics of one metric."""

    def __init__(self, out: Any, metric: Stored, axes: Sequence[str]) -> None:
        self.metric, self.axes = metric, axes
        name, known = metric.name, metric.attrs
        attrs: dict[str, Any] = {key: known[key] for key in ("long_name", "units") if key in known}
        extra = tuple(dim for dim in metric.dims if dim not in ("scheme", "realisation", *axes, *CLUSTERED))
        dims = ("scheme", *axes, "population", *extra)
        self.values = _create(out, name, (*dims, "statistic", "limit"), attrs)
        about = {"long_name": f"realisations behind {name}", "units": "1"}
        self.count = _create(out, f"{name}_count", dims, about, "i8")
        if name == TRACE:
            about = {"long_name": "draws whose solver has not stopped", "units": "1"}
            self.running = _create(out, f"{name}_running", dims, about, "i8")
        else:
            about = {**attrs, "long_name": f"{attrs.get('long_name', name)}, paired with the first scheme"}
            self.paired = _create(out, f"{name}_paired", ("scheme", *axes, *extra, "paired", "limit"), about)
            about = {"long_name": f"realisations behind {name}_paired", "units": "1"}
            self.pairs = _create(out, f"{name}_pairs", ("scheme", *axes, *extra), about, "i8")

    def jobs(
        self, slab: tuple[slice, ...], masks: Mapping[str, np.ndarray], blocks: np.ndarray | None
    ) -> Iterator[tuple[Callable[[Estimates], None], Callable[[], Estimates]]]:
        """Read a slab, as many points at a time as memory is for; yield what writes and what takes statistics."""
        shape = [part.stop - part.start for part in slab]
        inner = prod(
            size for dim, size in zip(self.metric.dims, self.metric.variable.shape, strict=True) if dim not in self.axes
        )
        for part in slabs(shape, SLAB_BYTES // max(8 * inner, 1)):
            at = tuple(
                slice(whole.start + own.start, whole.start + own.stop) for whole, own in zip(slab, part, strict=True)
            )
            here = {name: mask[(slice(None), *part)] for name, mask in masks.items()}
            trace = self.metric.name == TRACE
            yield (
                partial(self.write, at),
                partial(
                    estimates.metric,
                    self.metric.read(dict(zip(self.axes, at, strict=True))),
                    self.metric.dims,
                    here,
                    pairs=None if trace else here["own"],
                    trace=trace,
                    blocks=blocks,
                ),
            )

    def write(self, slab: tuple[slice, ...], found: Estimates) -> None:
        """Write some points."""
        each, compared = found
        at = (slice(None), *slab)
        for i, kind in enumerate(POPULATIONS):
            self.values[(*at, i)] = each[kind][""]
            self.count[(*at, i)] = each[kind]["_count"]
            if "_running" in each[kind]:
                self.running[(*at, i)] = each[kind]["_running"]
        if compared:
            self.paired[at] = compared["_paired"]
            self.pairs[at] = compared["_pairs"]


def _create(out: Any, name: str, dims: tuple[str, ...], attrs: dict[str, Any], kind: str = "f8") -> Any:
    fill = {"fill_value": np.nan} if kind == "f8" else {}
    variable = out.createVariable(name, kind, dims, zlib=True, complevel=2, fletcher32=True, **fill)
    variable.setncatts(attrs)
    return variable
