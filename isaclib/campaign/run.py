"""Executing a run: draw, design, evaluate, estimate, cell by cell, into one file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign import inputs, store
from isaclib.campaign.cells import Cell, Run
from isaclib.campaign.channels import Channels
from isaclib.campaign.designs import StoredDesigns
from isaclib.campaign.limited import TIMEOUT, Limited, Stopped
from isaclib.campaign.memory import peak_memory_mb
from isaclib.campaign.progress import Progress
from isaclib.campaign.sidecar import SCHEMA, Sidecar, compact
from isaclib.campaign.table import DESIGN, STORED, Table, is_timing
from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.own import with_scheme_files
from isaclib.systems.streams import BLOCK
from isaclib.systems.system import System

if TYPE_CHECKING:
    import xarray as xr

REASON_LENGTH = 300
"""Longest reason kept of a failed draw."""

REASONS_KEPT = 5
"""Reasons a sidecar repeats; the run file has all."""

BATCH_SECONDS, MOST_BLOCKS = 0.5, 16
"""Blocks that are solved together: as many as take so long, and at most so many. What is cheap takes up to four
times as long block by block; what takes long, or much memory, is solved block by block."""

UNEXPLAINED = "the solver claimed a design, evaluation found none"
"""Reason of a status that evaluation lowered: the solver gave none."""


@dataclass(frozen=True)
class Batch:
    """What the realisations [start, stop) of one point gave.

    Parameters
    ----------
    start, stop : int
        First realisation and one past the last.
    datasets : mapping of str to xarray.Dataset
        Owner (`DESIGN` or an estimator) to its metrics; absent where that stage failed.
    reasons : mapping of int to str
        Realisation to why it, or its estimate, failed.
    arrays : mapping of str to ndarray
        What ``store`` keeps, realisations first.
    """

    start: int
    stop: int
    datasets: dict[str, xr.Dataset] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


def execute(run: Run, path: str | Path, *, progress: bool = True) -> Sidecar:
    """Execute a run and write its file and sidecar.

    Draws and designs are made in whole blocks, whatever part of a block a cell covers, so
    that packing changes no bit; a solver that takes long (`Solver.seconds`) works one
    realisation at a time. A draw that raises is recorded as ``failed`` with its reason, and
    the run goes on; so is one that takes longer than the run's `draw_seconds`.

    Parameters
    ----------
    run : Run
        What to execute.
    path : path
        ``results/<campaign>/runs/<run id>.nc``.
    progress : bool
        Show rate and time left: a bar on a terminal, plain lines elsewhere.

    Returns
    -------
    Sidecar

    Raises
    ------
    ValueError
        For a system, scheme, solver, estimator, option or parameter that does not exist, a
        file not named after its run, an input that is missing or damaged, or an array to store that the
        designs do not have.
    OSError
        Where the folder cannot be written, or a solver's own process died.
    MemoryError
        Where a draw, a solver or an estimator has too little memory: that says nothing of the draw.
    """
    path = Path(path)
    if path.name != f"{run.id}.nc":
        raise ValueError(f"{path}: expected the file name {run.id}.nc")
    began = time.perf_counter()
    job = _Job(run, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    table, timings = Table(run.realisations), Table(run.realisations)
    failures: list[store.Failure] = []
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    seconds: list[float] = []
    counts: list[dict[str, int]] = []
    label = f"{run.campaign} {run.scheme} ({run.solver}) {run.id}"
    with closing(job), Progress(run.realisations, label=label, path=path, visible=progress) as shown:
        for cell, rows in store.rows_of(run.cells):
            started = time.perf_counter()
            for batch in job.batches(cell):
                at = slice(rows.start + batch.start - cell.start, rows.start + batch.stop - cell.start)
                _enter(batch, at, table, timings, cell.point, run.designs)
                failures += [
                    store.Failure(at.start + r - batch.start, reason) for r, reason in sorted(batch.reasons.items())
                ]
                for name, values in batch.arrays.items():
                    shapes.setdefault(name, {})[cell.point] = values.shape[1:]
                shown.advance(batch.stop - batch.start)
            seconds.append(round(time.perf_counter() - started, 6))
            counts.append(_counted(table, rows) if run.designs else {})
        store.write(path, run, table, timings, failures, shapes)
        sidecar = Sidecar(
            schema=SCHEMA,
            run=run.id,
            campaign=run.campaign,
            system=run.system,
            seed=run.seed,
            scheme=run.scheme,
            solver=run.solver,
            scheme_id=run.scheme_id,
            designs=run.designs,
            estimators={name: entry["id"] for name, entry in run.estimators.items()},
            cells=run.cells,
            cell_seconds=tuple(seconds),
            cell_counts=tuple(counts),
            seconds=round(time.perf_counter() - began, 3),
            peak_memory_mb=peak_memory_mb(),
            failures=len(failures),
            reasons=tuple(
                {"point": cell.point, "realisation": cell.start + f.row - rows.start, "reason": f.reason}
                for f in failures[-REASONS_KEPT:]
                for cell, rows in store.rows_of(run.cells)
                if rows.start <= f.row < rows.stop
            ),
            variables=store.described(table, timings),
            extents=compact(table, timings),
            bytes=path.stat().st_size,
            checksum=store.checksum(path),
            draw_seconds=run.draw_seconds,
            timeouts=sum(f.reason.startswith(TIMEOUT) for f in failures),
        )
        sidecar.write(path)
    return sidecar


class _Job:
    """A run with everything looked up that its cells share."""

    def __init__(self, run: Run, path: Path) -> None:
        self.run = run
        self.system: System = get_system(run.system)
        root = path.parent.parent
        if run.scheme_file:
            file = inputs.kept(root, inputs.scheme_name(run.scheme_file))
            self.system = with_scheme_files(self.system, [file])
        self.channels: Channels | None = None
        if run.channels:
            self.channels = Channels.open(inputs.kept(root, inputs.channels_name(run.channels)), self.system)
        solver = self.system.scheme(run.scheme).solver(run.solver)
        solver.resolve(run.options)
        self.one_by_one = solver.seconds is not None
        # the package's own solvers end in the same bits however draws are batched; of others nobody knows
        made_by = getattr(solver.run, "func", solver.run)
        self.together = run.designs and made_by.__module__.startswith("isaclib.")
        for name, entry in run.estimators.items():
            self.system.estimators[name].resolve(entry["options"])
        self.limited = (
            Limited(self._made, seconds=run.draw_seconds, describe=_line) if run.draw_seconds is not None else None
        )
        self.parameters = {point: self.system.Parameters(**values) for point, values in run.points.items()}
        self.stored = (
            None
            if run.designs
            else StoredDesigns(path.parent, scheme_id=run.scheme_id, seed=run.seed, kept=self.system.kept)
        )

    def close(self) -> None:
        """End what was started for the run."""
        if self.limited is not None:
            self.limited.close()

    def batches(self, cell: Cell) -> Iterator[Batch]:
        """Yield the cell's realisations, in order."""
        if self.one_by_one:
            for r in range(cell.start, cell.stop):
                yield self._single(cell, r)
            return
        first, blocks = cell.start // BLOCK * BLOCK, 1
        while first < cell.stop:
            start, stop = max(cell.start, first), min(cell.stop, first + blocks * BLOCK)
            # blocks are solved whole; the last one of a file of channels may be shorter
            last = -(-stop // BLOCK) * BLOCK
            last = min(last, self.channels.realisations) if self.channels else last
            began = time.perf_counter()
            try:
                whole = self._measure(cell, first, last)
            except MemoryError:
                raise
            # whatever else a solver raises must not cost the other draws
            except Exception:
                if blocks > 1:
                    blocks = 1
                    continue
                for r in range(start, stop):
                    yield self._single(cell, r)
            else:
                yield _cut(whole, start, stop)
            first = last
            if self.together:
                seconds = (time.perf_counter() - began) / blocks
                blocks = int(min(max(BATCH_SECONDS / seconds, 1.0), MOST_BLOCKS))

    def _single(self, cell: Cell, realisation: int) -> Batch:
        batch = Batch(realisation, realisation + 1)
        try:
            return self._measure(cell, realisation, realisation + 1, into=batch)
        # the machine's fault, not the draw's: the run ends, and comes again with more memory
        except (MemoryError, ChildProcessError):
            raise
        except Exception as error:
            batch.reasons[realisation] = _line(error)
            return batch

    def _measure(self, cell: Cell, start: int, stop: int, *, into: Batch | None = None) -> Batch:
        """Draw, design, evaluate and estimate; what is done before an exception stays in `into`."""
        batch = Batch(start, stop) if into is None else into
        run, system = self.run, self.system
        scenario = self._drawn(cell.point, start, stop)
        design: Any = self.stored.find(cell.point, start, stop) if self.stored else None
        if design is None:
            limited = self.limited
            design = limited(cell.point, start, stop) if limited is not None else self._designed(scenario)
        if run.designs:
            data = _completed(system.evaluate(scenario, design), design)
            batch.datasets[DESIGN] = data
            status = np.asarray(data["status"].values)
            for r, reason in enumerate(design.reason):
                if status[r] in (Status.FAILED, Status.NOT_FOUND):
                    batch.reasons[start + r] = " ".join((reason or UNEXPLAINED).split())[:REASON_LENGTH]
            for name in run.store:
                # what is a metric too is in the file already
                if name not in data:
                    batch.arrays[name] = _kept(design, name)
        for name, entry in run.estimators.items():
            batch.datasets[name] = system.estimate(scenario, design, estimator=name, options=entry["options"])
        return batch

    def _drawn(self, point: str, start: int, stop: int) -> Any:
        run, parameters = self.run, self.parameters[point]
        channels = self.channels.read(start, stop) if self.channels else None
        return self.system.draw(
            parameters, seed=run.seed, start=start, stop=stop, sampling=run.sampling, channels=channels
        )

    def _designed(self, scenario: Any) -> Any:
        run = self.run
        return self.system.design(scenario, scheme=run.scheme, solver=run.solver, options=run.options)

    def _made(self, point: str, start: int, stop: int) -> Any:
        return self._designed(self._drawn(point, start, stop))


def _completed(data: xr.Dataset, design: Any) -> xr.Dataset:
    """Add what the design says of its computation and the evaluation left out."""
    said: dict[str, tuple[Any, ...]] = {
        name: ("realisation", values)
        for name in ("status", "objective", "bound", "gap", "iterations", "solve_seconds")
        if (values := getattr(design, name)) is not None
    }
    if design.trace is not None:
        said["trace"] = (("realisation", "iteration"), design.trace, {"long_name": "objective after each iteration"})
    return data.assign({name: value for name, value in said.items() if name not in data})


def _kept(design: Any, name: str) -> np.ndarray:
    values = getattr(design, name, None)
    if values is None:
        raise ValueError(f"store names {name!r}, which the designs of this scheme do not have")
    return np.asarray(values)


def _cut(batch: Batch, start: int, stop: int) -> Batch:
    if (start, stop) == (batch.start, batch.stop):
        return batch
    part = slice(start - batch.start, stop - batch.start)
    return Batch(
        start,
        stop,
        {owner: data.isel(realisation=part) for owner, data in batch.datasets.items()},
        {r: reason for r, reason in batch.reasons.items() if start <= r < stop},
        {name: values[part] for name, values in batch.arrays.items()},
    )


def _enter(batch: Batch, at: slice, table: Table, timings: Table, point: str, designs: bool) -> None:
    for owner, data in batch.datasets.items():
        times = {name for name in data.data_vars if is_timing(str(name))}
        table.put_dataset(at, data, set(data.data_vars) - times, point=point, owner=owner)
        timings.put_dataset(at, data, times, point=point, owner=owner)
    for name, values in batch.arrays.items():
        table.put(name, at, [f"{name}_{axis}" for axis in range(values.ndim - 1)], values, point=point, owner=STORED)
    if designs and DESIGN not in batch.datasets:
        table.put(
            "status",
            at,
            (),
            np.full(at.stop - at.start, Status.FAILED, dtype=np.int8),
            attrs={"long_name": "what became of the draw"},
        )


def _counted(table: Table, rows: slice) -> dict[str, int]:
    values, numbers = np.unique(table.columns["status"].values[rows], return_counts=True)
    return {Status(int(value)).name.lower(): int(number) for value, number in zip(values, numbers, strict=True)}


def _line(error: BaseException) -> str:
    text = str(error) if isinstance(error, Stopped) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:REASON_LENGTH]
