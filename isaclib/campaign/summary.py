"""From every realisation to statistics: campaign.nc to summary.nc, one grid point at a time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign import population
from isaclib.campaign.blocks import blocks_of
from isaclib.campaign.dataset import loaded, metric_names, real_values
from isaclib.campaign.images import Images, is_image
from isaclib.campaign.netcdf import put_text
from isaclib.campaign.pairing import PAIRED, paired
from isaclib.campaign.population import LIMITS, POPULATIONS
from isaclib.campaign.statistics import CLUSTERED, STATISTICS, carry_forward, count, describe
from isaclib.campaign.tidy import write_csv
from isaclib.campaign.writing import written
from isaclib.systems.base import Status

if TYPE_CHECKING:
    import xarray as xr

TIMING = "timing"
"""Group of what differs from one execution to the next."""

TRACE = "trace"
"""The metric over iterations: carried forward, neither paired nor in the CSV."""


def summarise(campaign_nc: str | Path, summary_nc: str | Path, summary_csv: str | Path) -> None:
    """Write the statistics of every metric, scheme and grid point.

    A metric ``m`` becomes ``m`` (scheme, axes..., population, [user, ...], statistic, limit),
    ``m_count`` (the realisations behind it), ``m_paired`` (scheme, axes..., paired, limit) and
    ``m_pairs``; beside them ``status_count`` (scheme, axes..., status), ``common_share``
    (axes..., limit) and ``solved_share`` (scheme, axes..., limit). A metric over two dimensions of
    its own is an image: it has no statistics, and is kept as it is for the draws that have one,
    (scheme, axes..., realisation, ...). Times are in the group ``timing``, and not in the CSV: the
    rest is the same in every execution of a plan. One metric at one grid point is in memory at a
    time.

    Parameters
    ----------
    campaign_nc : path
        What gather wrote.
    summary_nc, summary_csv : path
        Written whole or not at all.

    Raises
    ------
    ValueError
        Where `campaign_nc` has no variable ``status`` over scheme, grid axes and realisation, or is damaged.
    OSError
        Where a file cannot be written.
    """
    import netCDF4
    import xarray as xr

    with ExitStack() as stack:
        data = stack.enter_context(xr.open_dataset(campaign_nc))
        if "status" not in data or {"scheme", "realisation"} - set(data["status"].dims):
            raise ValueError(f"{campaign_nc}: expected a variable status over scheme, grid axes and realisation")
        Path(summary_nc).parent.mkdir(parents=True, exist_ok=True)
        out = stack.enter_context(netCDF4.Dataset(stack.enter_context(written(Path(summary_nc))), "w"))
        # what made the draws made their statistics; what is said of the file itself is not copied
        out.setncatts({key: value for key, value in data.attrs.items() if key not in ("schema_version", "complete")})
        axes = [str(dim) for dim in data["status"].dims if dim not in ("scheme", "realisation")]
        _write_coordinates(out, data)
        blocks = blocks_of(data.attrs.get("sampling", "random"), data["realisation"].values)
        draws = _Draws(out, data["status"], axes, blocks)
        images = [Images(out, data[name], axes) for name in metric_names(data) if is_image(data[name], axes)]
        sheets = [
            _Sheet(out, data[name], axes, blocks) for name in metric_names(data) if not is_image(data[name], axes)
        ]
        if TIMING in _groups(campaign_nc):
            timing = stack.enter_context(xr.open_dataset(campaign_nc, group=TIMING))
            sheets += [_Sheet(out.createGroup(TIMING), timing[name], axes, blocks) for name in metric_names(timing)]
        for index in np.ndindex(*(data.sizes[axis] for axis in axes)):
            masks = draws.write(index)
            for sheet in sheets:
                sheet.write(index, masks)
            for image in images:
                image.write(index)
    write_csv(summary_nc, summary_csv)


def _write_coordinates(out: Any, data: xr.Dataset) -> None:
    sizes = {str(dim): size for dim, size in data.sizes.items() if dim not in ("realisation", "part", *CLUSTERED)}
    labels = {"population": POPULATIONS, "statistic": STATISTICS, "paired": PAIRED, "limit": LIMITS}
    labels["status"] = tuple(status.name.lower() for status in Status)
    for dim, size in (*sizes.items(), *((name, len(values)) for name, values in labels.items())):
        out.createDimension(dim, size)
    for name, coordinate in data.variables.items():
        # what is the same for every draw: labels, solvers, values of the axes
        if coordinate.dims and set(coordinate.dims) <= set(sizes):
            _write_label(
                out, str(name), tuple(str(dim) for dim in coordinate.dims), coordinate.values, coordinate.attrs
            )
    auxiliary = [str(name) for name in data.coords if name not in data.dims and name in out.variables]
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
    """What became of the draws: counts by status, shares, and who is in which population."""

    def __init__(self, out: Any, status: xr.DataArray, axes: list[str], blocks: np.ndarray | None) -> None:
        self.status, self.axes, self.blocks = _bare(status), axes, blocks
        about = {"long_name": "draws of each status", "units": "1"}
        self.amount = _create(out, "status_count", ("scheme", *axes, "status"), about, "i8")
        about = {"long_name": "share of draws every scheme of full length solved", "units": "1"}
        self.agreed = _create(out, "common_share", (*axes, "limit"), about)
        about = {"long_name": "share of draws the scheme solved", "units": "1"}
        self.solved = _create(out, "solved_share", ("scheme", *axes, "limit"), about)

    def write(self, index: tuple[int, ...]) -> dict[str, xr.DataArray]:
        """Write one point; return the draws of each population."""
        # padding, like a draw nobody asked for, was not run
        here = real_values(loaded(self.status.isel(dict(zip(self.axes, index, strict=True)))))
        here = here.fillna(float(Status.NOT_RUN)).astype(np.int8)
        self.amount[(slice(None), *index)] = population.counts(here).transpose("scheme", "status").values
        self.agreed[index] = population.common_share(here, blocks=self.blocks).values
        solved = population.solved_share(here, blocks=self.blocks)
        self.solved[(slice(None), *index)] = solved.transpose("scheme", "limit").values
        return {"common": population.common(here), "own": population.own(here)}


class _Sheet:
    """The statistics of one metric."""

    def __init__(self, out: Any, metric: xr.DataArray, axes: list[str], blocks: np.ndarray | None) -> None:
        self.metric, self.axes, self.blocks = _bare(metric), axes, blocks
        name = self.name = str(metric.name)
        attrs = {key: metric.attrs[key] for key in ("long_name", "units") if key in metric.attrs}
        extra = self.extra = tuple(
            str(dim) for dim in metric.dims if dim not in ("scheme", "realisation", *axes, *CLUSTERED)
        )
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

    def write(self, index: tuple[int, ...], masks: dict[str, xr.DataArray]) -> None:
        """Write one point."""
        at, order = (slice(None), *index), ("scheme", *self.extra)
        values = real_values(loaded(self.metric.isel(dict(zip(self.axes, index, strict=True)))))
        carried = carry_forward(values) if self.name == TRACE else values
        done: list[tuple[xr.DataArray, xr.DataArray]] = []
        for i, kind in enumerate(POPULATIONS):
            mask = masks[kind]
            # where every scheme has solved every draw the populations are one: sorting a million draws takes its time
            known = [found for other, found in done if other.broadcast_equals(mask)]
            found = known[0] if known else describe(carried, mask, blocks=self.blocks)
            done.append((mask, found))
            self.values[(*at, i)] = found.transpose(*order, "statistic", "limit").values
            self.count[(*at, i)] = count(carried, mask).transpose(*order).values
            if self.name == TRACE:
                self.running[(*at, i)] = count(values, mask).transpose(*order).values
        if self.name != TRACE:
            statistics, pairs = paired(values, masks["own"], blocks=self.blocks)
            self.paired[at] = statistics.transpose(*order, "paired", "limit").values
            self.pairs[at] = pairs.transpose(*order).values


def _create(out: Any, name: str, dims: tuple[str, ...], attrs: dict[str, Any], kind: str = "f8") -> Any:
    fill = {"fill_value": np.nan} if kind == "f8" else {}
    variable = out.createVariable(name, kind, dims, zlib=True, complevel=2, fletcher32=True, **fill)
    variable.setncatts(attrs)
    return variable


def _bare(values: xr.DataArray) -> xr.DataArray:
    """Drop coordinates: aligning them at every operation takes longer than the statistics."""
    return values.drop_vars(list(values.coords))


def _groups(path: str | Path) -> set[str]:
    import netCDF4

    with netCDF4.Dataset(path) as handle:
        return set(handle.groups)
