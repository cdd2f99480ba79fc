"""The small JSON file beside every run: what `status`, packing and coverage read instead of the run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isaclib.campaign.cells import Cell
from isaclib.campaign.table import Table
from isaclib.campaign.writing import write_atomically

SCHEMA = 1
"""Version of the layout of run files and sidecars; a reader refuses any other."""


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """What a finished run says of itself.

    Parameters
    ----------
    schema : int
        `SCHEMA` of the file.
    run : str
        Identity of the run, its file name.
    campaign, system, scheme, solver, scheme_id : str
        As in the run.
    seed : int
        As in the run.
    designs : bool
        False: only estimates.
    estimators : mapping of str to str
        Name to identity.
    cells : tuple of Cell
        What the run covers.
    cell_seconds : tuple of float
        Time of each cell.
    cell_counts : tuple of mapping of str to int
        Realisations of each cell by status (``optimal``, ...); empty for estimates.
    seconds : float
        Time of the whole run, without the start of Python.
    peak_memory_mb : float
        Largest resident memory of the process.
    failures : int
        Draws with a recorded reason of failure.
    reasons : tuple of mapping
        The last few: ``point``, ``realisation``, ``reason``.
    variables : mapping of str to mapping
        Metric to ``dims`` (behind the row), ``dtype``, ``attrs`` and ``owner``.
    extents : mapping of str to mapping
        Owner, point and dimension to its labels; a number where those are positions.
    bytes : int
        Size of the run file.
    checksum : str
        SHA-256 of the run file.
    draw_seconds : float, optional
        Limit under which its draws were solved.
    timeouts : int
        Draws that failed by it.
    """

    schema: int
    run: str
    campaign: str
    system: str
    seed: int
    scheme: str
    solver: str
    scheme_id: str
    designs: bool
    estimators: Mapping[str, str]
    cells: tuple[Cell, ...]
    cell_seconds: tuple[float, ...]
    cell_counts: tuple[Mapping[str, int], ...]
    seconds: float
    peak_memory_mb: float
    failures: int
    reasons: tuple[Mapping[str, Any], ...]
    variables: Mapping[str, Mapping[str, Any]]
    extents: Mapping[str, Mapping[str, Mapping[str, int | list[Any]]]]
    bytes: int
    checksum: str
    draw_seconds: float | None = None
    timeouts: int = 0

    def cut_short(self, limit: float | None) -> bool:
        """Tell whether a draw failed by a limit that is lower than this one; None is no limit."""
        return self.timeouts > 0 and self.draw_seconds is not None and (limit is None or self.draw_seconds < limit)

    @property
    def counts(self) -> dict[str, int]:
        """Realisations of the run by status."""
        total: dict[str, int] = {}
        for counts in self.cell_counts:
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count
        return total

    def write(self, path: str | Path) -> None:
        """Write the sidecar of the run file `path`, atomically."""
        content = asdict(self)
        content["cells"] = [[cell.point, cell.start, cell.stop] for cell in self.cells]
        content["counts"] = self.counts
        write_atomically(Path(path).with_suffix(".json"), json.dumps(content, indent=1).encode())


def compact(*tables: Table) -> dict[str, dict[str, dict[str, int | list[Any]]]]:
    """Return the extents of tables as a sidecar keeps them; of the later table where both have one."""
    found: dict[str, dict[str, dict[str, int | list[Any]]]] = {}
    for table in tables:
        for owner, points in table.extents.items():
            for point, dims in points.items():
                here = found.setdefault(owner, {}).setdefault(point, {})
                here.update(
                    {dim: len(labels) if labels == list(range(len(labels))) else labels for dim, labels in dims.items()}
                )
    return found


def read_sidecar(path: str | Path) -> Sidecar:
    """Read the sidecar of a run file.

    Parameters
    ----------
    path : path
        Of the run file or of the sidecar itself.

    Returns
    -------
    Sidecar

    Raises
    ------
    ValueError
        Naming the file, where it is missing, damaged or of another layout.
    """
    path = Path(path).with_suffix(".json")
    try:
        content = json.loads(path.read_bytes())
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema = {content['schema']!r}: expected {SCHEMA}")
        content.pop("counts", None)
        for name in ("cell_seconds", "cell_counts", "reasons"):
            content[name] = tuple(content[name])
        content["cells"] = tuple(Cell(point, start, stop) for point, start, stop in content["cells"])
        found = Sidecar(**content)
    except FileNotFoundError:
        raise ValueError(f"{path}: missing: expected the sidecar that every finished run has") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: not a sidecar of this version ({_line(error)})") from error
    if found.run != path.stem:
        raise ValueError(f"{path}: belongs to run {found.run}: the file was renamed or copied")
    return found


def read_sidecars(folder: str | Path) -> list[Sidecar]:
    """Read the sidecars of all finished runs; damaged ones count as runs that are not there.

    Parameters
    ----------
    folder : path
        ``results/<campaign>/runs``.

    Returns
    -------
    list of Sidecar
        Sorted by run; only those whose run file is there with the recorded size.
    """
    found = []
    try:
        sizes = {
            entry.name: entry.stat().st_size for entry in os.scandir(folder) if entry.name.endswith((".nc", ".json"))
        }
    except FileNotFoundError:
        return []
    for name in sorted(sizes):
        if not name.endswith(".json") or (data := name[: -len(".json")] + ".nc") not in sizes:
            continue
        try:
            sidecar = read_sidecar(Path(folder) / name)
        except ValueError:
            continue
        if sidecar.bytes == sizes[data]:
            found.append(sidecar)
    return found


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
