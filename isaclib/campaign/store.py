"""The netCDF file of one run: written whole or not at all, read with nothing taken on trust."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from isaclib.campaign.cells import Cell, Run
from isaclib.campaign.netcdf import FLAGS, get_encoded, get_text, is_padded, plain_attrs, put_array, put_text
from isaclib.campaign.provenance import provenance
from isaclib.campaign.sidecar import SCHEMA, read_sidecar
from isaclib.campaign.table import Column, Table
from isaclib.campaign.writing import written


@dataclass(frozen=True)
class Failure:
    """A draw without a result, and why.

    Parameters
    ----------
    row : int
        Row of the run.
    reason : str
        One line: exception and message, or what the solver said.
    """

    row: int
    reason: str


@dataclass(frozen=True)
class RunData:
    """What a run file holds.

    Parameters
    ----------
    run : Run
        What was executed.
    points : ndarray of str, shape (rows,)
        Point of each row.
    realisations : ndarray of int, shape (rows,)
        Realisation of each row.
    columns : mapping of str to Column
        Metrics, and timings beside them.
    labels : mapping of str to list
        Labels of every dimension but the row.
    failures : tuple of Failure
        Draws without a result.
    shapes : mapping of str to mapping
        Array kept by ``store`` to its shape a realisation at every point.
    provenance : mapping of str to str
        Versions and commit that made the run.
    """

    run: Run
    points: np.ndarray
    realisations: np.ndarray
    columns: Mapping[str, Column]
    labels: Mapping[str, list[Any]]
    failures: tuple[Failure, ...]
    shapes: Mapping[str, Mapping[str, tuple[int, ...]]]
    provenance: Mapping[str, str]


def rows_of(cells: Sequence[Cell]) -> Iterator[tuple[Cell, slice]]:
    """Yield every cell with its rows: cells follow each other as the run lists them."""
    first = 0
    for cell in cells:
        yield cell, slice(first, first + len(cell))
        first += len(cell)


def write(
    path: str | Path,
    run: Run,
    table: Table,
    timings: Table,
    failures: Sequence[Failure] = (),
    shapes: Mapping[str, Mapping[str, tuple[int, ...]]] | None = None,
) -> None:
    """Write a run file: under another name first, checksummed, renamed once it is complete.

    Parameters
    ----------
    path : path
        ``<run id>.nc``; its folder exists.
    run : Run
        What was executed.
    table : Table
        Its metrics.
    timings : Table
        What differs from one execution to the next; goes to the group ``/timing``.
    failures : sequence of Failure
        Goes to the group ``/failures``.
    shapes : mapping, optional
        See `RunData`.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    path = Path(path)
    table.finish()
    timings.finish()
    manifest = json.dumps(
        {
            "run": run.to_json(),
            "rows": table.rows,
            "labels": table.labels,
            "variables": {"/": described(table), "timing": described(timings)},
            "failures": len(failures),
            "shapes": {
                name: {point: list(shape) for point, shape in at.items()} for name, at in (shapes or {}).items()
            },
        },
        separators=(",", ":"),
    )
    with written(path) as partial, netCDF4.Dataset(partial, "w", format="NETCDF4") as file:
        file.setncatts(
            {
                "Conventions": "CF-1.11",
                "schema_version": np.int32(SCHEMA),
                "title": f"isaclib run {run.id} of campaign {run.campaign}",
                "campaign": run.campaign,
                "system": run.system,
                "scheme": run.scheme,
                "solver": run.solver,
                "seed": np.int64(run.seed),
                "sampling": run.sampling,
                **provenance(),
            }
        )
        file.createDimension("row", table.rows)
        for dim, labels in table.labels.items():
            file.createDimension(dim, len(labels))
        points = np.concatenate([np.full(len(cell), cell.point) for cell in run.cells])
        realisations = np.concatenate([np.arange(cell.start, cell.stop) for cell in run.cells])
        put_text(
            file,
            "point",
            ("row",),
            points,
            {"long_name": "identity of the point; its parameters are in the manifest"},
        )
        put_array(file, "realisation", ("row",), realisations, {"long_name": "index of the random draw"}, holes=False)
        for name, column in table.columns.items():
            attrs = {**column.attrs, **FLAGS} if name == "status" else column.attrs
            put_array(file, name, ("row", *column.dims), column.values, attrs, holes=name != "status")
        # an attribute holds 64 kB, and no checksum guards it
        put_text(file.createGroup("manifest"), "json", (), np.array(manifest), {"long_name": "what the file holds"})
        if timings.columns:
            group = file.createGroup("timing")
            for name, column in timings.columns.items():
                put_array(group, name, ("row", *column.dims), column.values, column.attrs)
        if failures:
            group = file.createGroup("failures")
            group.createDimension("failure", len(failures))
            failed = np.array([failure.row for failure in failures])
            put_array(group, "failed_row", ("failure",), failed, {"long_name": "its row"}, holes=False)
            put_text(
                group,
                "reason",
                ("failure",),
                np.array([f.reason for f in failures]),
                {"long_name": "why it failed"},
            )
        file.setncattr("complete", "yes")


def read(path: str | Path) -> RunData:
    """Read a run file and verify it: checksums, layout, identity, counts, completion.

    Parameters
    ----------
    path : path
        ``<run id>.nc``.

    Returns
    -------
    RunData

    Raises
    ------
    ValueError
        In one line, naming the file and what is wrong with it.
    """
    path = Path(path)
    if path.with_suffix(".json").exists():
        verify_bytes(path)
    try:
        with netCDF4.Dataset(path) as file:
            file.set_auto_mask(False)
            return _read(file, path.stem)
    except FileNotFoundError:
        raise ValueError(f"{path}: missing: expected a run file") from None
    except OSError as error:
        raise ValueError(f"{path}: not a netCDF-4 file, or cut short ({error.strerror or error})") from error
    # the library says RuntimeError for a checksum that fails, AttributeError and KeyError for what is absent
    except (RuntimeError, ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
        text = " ".join(str(error).split()) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{path}: {text}") from error


def check(path: str | Path) -> Run:
    """Verify a finished run: its file, its sidecar, and that they belong together.

    Parameters
    ----------
    path : path
        ``<run id>.nc``.

    Returns
    -------
    Run
        What was executed.

    Raises
    ------
    ValueError
        In one line, naming the file and what is wrong with it.
    """
    sidecar = read_sidecar(path)
    data = read(path)
    if sidecar.cells != data.run.cells:
        raise ValueError(f"{path}: holds other cells than its sidecar lists")
    return data.run


def verify_bytes(path: Path) -> None:
    """Compare size and SHA-256 of a run file with its sidecar.

    Raises
    ------
    ValueError
        Naming the file, where they differ or the file is missing.
    """
    sidecar = read_sidecar(path)
    try:
        size = path.stat().st_size
        if size != sidecar.bytes:
            raise ValueError(f"{path}: {size} bytes: expected {sidecar.bytes}")
        if checksum(path) != sidecar.checksum:
            raise ValueError(f"{path}: damaged: its SHA-256 is not the one recorded when it was written")
    except FileNotFoundError:
        raise ValueError(f"{path}: missing: expected a run file") from None


def described(*tables: Table) -> dict[str, dict[str, Any]]:
    """Return dims, type, shape, attributes, owner of every column and whether it is padded, as plain JSON values."""
    return {name: _described(column) for table in tables for name, column in table.columns.items()}


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _described(column: Column) -> dict[str, Any]:
    return {
        "dims": list(column.dims),
        "dtype": str(column.values.dtype),
        "shape": list(column.values.shape),
        "attrs": plain_attrs(column.attrs),
        "owner": column.owner,
        "padded": is_padded(column.values),
    }


def _read(file: netCDF4.Dataset, stem: str) -> RunData:
    if "schema_version" not in file.ncattrs() or "manifest" not in file.groups:
        raise ValueError("not a run file of isaclib: it has no schema_version or manifest")
    if file.schema_version != SCHEMA:
        raise ValueError(f"schema_version = {file.schema_version}: expected {SCHEMA}")
    if "complete" not in file.ncattrs() or file.complete != "yes":
        raise ValueError("not complete: it was never closed")
    manifest = json.loads(get_text(file["manifest"], "json").item())
    run = Run.from_json(manifest["run"])
    if run.id != stem:
        raise ValueError(f"holds run {run.id}: the file was renamed or copied")
    if not manifest["rows"] == run.realisations == len(file.dimensions["row"]):
        raise ValueError(f"{len(file.dimensions['row'])} rows: expected {run.realisations}")
    encoded, realisations = get_encoded(file, "point"), file["realisation"][:]
    for cell, at in rows_of(run.cells):
        if (encoded[at] != cell.point.encode()).any() or (realisations[at] != np.arange(cell.start, cell.stop)).any():
            raise ValueError(f"rows {at.start} to {at.stop - 1} are not the realisations of their cell")
    points = np.repeat([cell.point for cell in run.cells], [len(cell) for cell in run.cells])
    columns = {}
    for group, described in manifest["variables"].items():
        for name, entry in described.items():
            variable = file[group].variables[name] if group != "/" else file.variables[name]
            if (
                variable.dimensions != ("row", *entry["dims"])
                or variable.dtype != entry["dtype"]
                or list(variable.shape) != entry["shape"]
            ):
                expected = f"{entry['dtype']} {tuple(entry['shape'])}"
                raise ValueError(f"variable {name!r} is {variable.dtype} {variable.shape}: expected {expected}")
            columns[name] = Column(tuple(entry["dims"]), variable[:], entry["attrs"], entry["owner"])
    failures: tuple[Failure, ...] = ()
    if manifest["failures"]:
        rows, reasons = file["failures/failed_row"][:], get_text(file["failures"], "reason")
        failures = tuple(Failure(int(row), str(reason)) for row, reason in zip(rows, reasons, strict=True))
    if len(failures) != manifest["failures"]:
        raise ValueError(f"{len(failures)} reasons of failed draws: expected {manifest['failures']}")
    shapes = {name: {point: tuple(shape) for point, shape in at.items()} for name, at in manifest["shapes"].items()}
    made_by = {name: str(file.getncattr(name)) for name in provenance()}
    return RunData(run, points, realisations, columns, manifest["labels"], failures, shapes, made_by)
