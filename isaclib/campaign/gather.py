"""One labelled dataset from many runs, one run in memory at a time."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from isaclib.campaign import store
from isaclib.campaign.channels import DRAWN
from isaclib.campaign.identity import plain
from isaclib.campaign.netcdf import CACHE_BYTES, CHUNK_BYTES, FLAGS, put_array, put_text, rows_a_chunk
from isaclib.campaign.provenance import distinct, provenance
from isaclib.campaign.run import REASON_LENGTH
from isaclib.campaign.selection import Piece, Selection, Variable, select
from isaclib.campaign.sidecar import read_sidecar
from isaclib.campaign.spec import Campaign
from isaclib.campaign.table import DESIGN, fill_value, is_timing, positions
from isaclib.campaign.writing import written
from isaclib.systems import get_system
from isaclib.systems.base import Status

SCHEMA = 1
"""Version of the layout of campaign.nc."""

TIMING, FAILURES = "timing", "failures"
"""Groups beside the data."""


def gather(root: str | Path, spec: Campaign, runs: Iterable[str], output: str | Path) -> None:
    """Write the dataset of a campaign from its finished runs.

    The dataset has the dimensions (scheme, the grid's axes, realisation, and whatever a metric
    has behind them); NaN, or ``not_run`` in ``status``, where there is nothing. It holds what
    the campaign names, and of what runs hold besides nothing. Times are in the group
    ``/timing``, reasons of failed draws in ``/failures``. Arrays kept by ``store`` stay in the
    runs. Attributes name the parameters of every curve, what gathered (``git_commit``, ...) and
    what made the runs (``runs_git_commits``, ...; see `isaclib.campaign.provenance.distinct`).

    Parameters
    ----------
    root : path
        ``results/<campaign>``.
    spec : Campaign
        What the dataset holds.
    runs : iterable of str
        Identities of the runs that are looked at.
    output : path
        ``campaign.nc``; written whole or not at all.

    Raises
    ------
    ValueError
        In one line, naming the run file that is missing or damaged.
    OSError
        Where `output` cannot be written.
    """
    folder, output = Path(root) / "runs", Path(output)
    selection = select(spec, [read_sidecar(folder / f"{run}.nc") for run in sorted(set(runs))])
    output.parent.mkdir(parents=True, exist_ok=True)
    with written(output) as partial, netCDF4.Dataset(partial, "w", format="NETCDF4") as file:
        file.set_auto_mask(False)
        file.setncatts(_attributes(spec))
        dims = _dimensions(file, spec, selection)
        variables = {name: _create(file, name, entry, dims) for name, entry in _described(selection).items()}
        _blank(variables["status"])
        failed = _create_failures(file, dims)
        made_by = []
        for run, pieces in selection.pieces.items():
            data = store.read(folder / f"{run}.nc")
            made_by.append(data.provenance)
            for piece in pieces:
                _copy(data, piece, selection, variables)
            _list_failures(data, pieces, failed)
            # the next file is read only when this one is forgotten
            del data
        file.setncatts(distinct(made_by))
        file.setncattr("complete", "yes")


def _attributes(spec: Campaign) -> dict[str, Any]:
    curves = spec.curves
    varied = {name for values in spec.axes.values() for _, chosen in values for name in chosen}
    # what the grid varies is on its axes; the rest is the same at every point of a curve
    resolved = {
        curve.label: {
            name: value
            for name, value in next(iter(spec.points(curve).values())).parameters.items()
            if name not in varied
        }
        for curve in curves
    }
    fields = ("label", "scheme", "solver", "options", "parameters", "realisations", "scheme_id")
    described = [
        {**{name: getattr(c, name) for name in fields}, "scheme_file": spec.model.scheme(c.scheme).file_id}
        for c in curves
    ]
    return {
        "Conventions": "CF-1.11",
        "title": spec.title,
        "schema_version": np.int32(SCHEMA),
        "campaign": spec.name,
        "system": spec.system,
        "system_version": np.int64(spec.model.version),
        "seed": np.int64(spec.seed),
        "sampling": spec.sampling,
        "channels": spec.channels.id if spec.channels else DRAWN,
        "realisations": np.int64(spec.realisations),
        "parameters": json.dumps(resolved),
        "axes": json.dumps({name: [[plain(value), plain(own)] for value, own in v] for name, v in spec.axes.items()}),
        "curves": json.dumps(described),
        "estimators": json.dumps(spec.estimators, default=dict),
        **provenance(),
    }


def _dimensions(file: Any, spec: Campaign, selection: Selection) -> dict[str, int]:
    """Create every dimension with its coordinate; return their sizes, the dataset's own first."""
    metadata = {f.name: f.metadata for f in dataclasses.fields(get_system(spec.system).Parameters)}
    sizes = {
        "scheme": len(spec.curves),
        **dict(zip(spec.axes, spec.shape, strict=True)),
        "realisation": spec.realisations,
    }
    for dim, size in sizes.items():
        file.createDimension(dim, size)
    put_text(file, "scheme", ("scheme",), np.array([curve.label for curve in spec.curves]), {"long_name": "scheme"})
    auxiliary = []
    for axis, entries in spec.axes.items():
        _put_coordinate(file, axis, axis, [value for value, _ in entries], metadata)
        # an axis of labels sets parameters that a figure may want to plot over
        for name in entries[0][1] if axis not in entries[0][1] else ():
            values = [chosen[name] for _, chosen in entries]
            if name not in sizes and all(isinstance(value, (int, float)) for value in values):
                _put_coordinate(file, name, axis, values, metadata)
                auxiliary.append(name)
    if auxiliary:
        file.setncattr("coordinates", " ".join(auxiliary))
    put_array(
        file,
        "realisation",
        ("realisation",),
        np.arange(sizes["realisation"]),
        {"long_name": "index of the random draw"},
        holes=False,
    )
    for dim, labels in selection.labels.items():
        file.createDimension(dim, len(labels))
        sizes[dim] = len(labels)
        if labels != list(range(len(labels))):
            _put_coordinate(file, dim, dim, labels, {})
    return sizes


def _put_coordinate(
    file: Any, name: str, dim: str, values: list[Any], metadata: Mapping[str, Mapping[str, Any]]
) -> None:
    about = metadata.get(name, {})
    attrs = {"long_name": about.get("doc", name.replace("_", " "))}
    numbers = np.array(values)
    if numbers.dtype.kind in "fi":
        put_array(file, name, (dim,), numbers, {**attrs, "units": about.get("unit", "1")}, holes=False)
    else:
        put_text(file, name, (dim,), np.array([str(value) for value in values]), attrs)


def _described(selection: Selection) -> dict[str, Variable]:
    status = Variable((), "int8", {"long_name": "what became of the draw"}, DESIGN)
    return {"status": status, **selection.variables}


def _create(file: Any, name: str, entry: Variable, dims: Mapping[str, int]) -> Any:
    group = file
    if is_timing(name):
        group = file.groups.get(TIMING) or file.createGroup(TIMING)
    outer = [dim for dim in dims if dim in _outer(dims)]
    dtype = np.dtype(entry.dtype)
    variable = group.createVariable(
        name,
        dtype,
        (*outer, *entry.dims),
        fletcher32=True,
        zlib=entry.padded,
        complevel=1,
        chunksizes=_chunks([dims[dim] for dim in outer], [dims[dim] for dim in entry.dims], dtype.itemsize),
        fill_value=False if name == "status" else fill_value(dtype),
    )
    variable.setncatts({**entry.attrs, **FLAGS} if name == "status" else entry.attrs)
    variable.set_var_chunk_cache(size=CACHE_BYTES)
    return variable


def _outer(dims: Mapping[str, int]) -> list[str]:
    names = list(dims)
    return names[: names.index("realisation") + 1]


def _chunks(outer: list[int], inner: list[int], itemsize: int) -> tuple[int, ...]:
    """Return chunks of one curve; of one point where a curve is too large; of a part of it else."""
    axes, realisations = [max(size, 1) for size in outer[1:-1]], max(outer[-1], 1)
    inner = [max(size, 1) for size in inner]
    row = int(np.prod(inner, dtype=np.int64)) * itemsize
    if row * realisations * int(np.prod(axes, dtype=np.int64)) > CHUNK_BYTES:
        axes = [1] * len(axes)
    return (1, *axes, rows_a_chunk(realisations, row), *inner)


def _blank(status: Any) -> None:
    # no fill value: its flags are all it can be, also for readers that know no fill values
    for scheme in range(status.shape[0]):
        for index in np.ndindex(*status.shape[1:-1]):
            for first in range(0, status.shape[-1], CHUNK_BYTES):
                last = min(first + CHUNK_BYTES, status.shape[-1])
                status[(scheme, *index, slice(first, last))] = np.full(last - first, Status.NOT_RUN, dtype=np.int8)


def _copy(data: store.RunData, piece: Piece, selection: Selection, variables: Mapping[str, Any]) -> None:
    at = slice(piece.row, piece.row + piece.stop - piece.start)
    target = (piece.place.scheme, *piece.place.index, slice(piece.start, piece.stop))
    for name, column in data.columns.items():
        if column.owner != piece.owner:
            continue
        values = column.values[at]
        inner = []
        for axis, dim in enumerate(column.dims, start=1):
            # labels of points the campaign no longer names are not in the dataset
            known = {label: i for i, label in enumerate(selection.labels[dim])}
            kept = [i for i, label in enumerate(data.labels[dim]) if label in known]
            where = positions(selection.labels[dim], [data.labels[dim][i] for i in kept])
            values = values if len(kept) == values.shape[axis] else np.take(values, kept, axis=axis)
            inner.append(where)
        if not all(values.shape[1:]):
            continue
        if all(isinstance(where, slice) for where in inner):
            variables[name][(*target, *inner)] = values
        else:
            sizes = [len(selection.labels[dim]) for dim in column.dims]
            block = np.full((len(values), *sizes), fill_value(values.dtype), values.dtype)
            axes = [np.arange(size)[where] for where, size in zip(inner, sizes, strict=True)]
            block[np.ix_(np.arange(len(values)), *axes)] = values
            variables[name][(*target, *(slice(None),) * len(sizes))] = block


def _create_failures(file: Any, dims: Mapping[str, int]) -> dict[str, Any]:
    group = file.createGroup(FAILURES)
    group.createDimension("failure", None)
    group.createDimension("reason_length", REASON_LENGTH)
    failed = {
        dim: group.createVariable(f"failed_{dim}", "i8", ("failure",), fletcher32=True, chunksizes=(1024,))
        for dim in _outer(dims)
    }
    for dim, variable in failed.items():
        variable.setncattr("long_name", f"index along {dim}")
    failed["reason"] = group.createVariable(
        "reason", "S1", ("failure", "reason_length"), fletcher32=True, zlib=True, chunksizes=(1024, REASON_LENGTH)
    )
    failed["reason"].setncatts({"long_name": "why the draw, or its estimate, failed", "_Encoding": "utf-8"})
    return failed


def _list_failures(data: store.RunData, pieces: list[Piece], failed: Mapping[str, Any]) -> None:
    if not data.failures:
        return
    outer = [name for name in failed if name != "reason"]
    # a draw is listed once, whether its design or several of its estimates were taken
    found = {
        (p.place.scheme, *p.place.index, p.start + f.row - p.row): f.reason
        for p in pieces
        for f in data.failures
        if p.row <= f.row < p.row + p.stop - p.start
    }
    for place, reason in sorted(found.items()):
        count = failed["reason"].shape[0]
        for dim, value in zip(outer, place, strict=True):
            failed[dim][count] = value
        # cut between characters, not within one
        text = reason.encode()[:REASON_LENGTH].decode(errors="ignore").encode()
        failed["reason"][count] = np.frombuffer(text.ljust(REASON_LENGTH, b"\0"), "S1")
