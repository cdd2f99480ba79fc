"""Finished runs of other campaigns that hold what a campaign lacks: taken over, not solved again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np

from isaclib.campaign.cells import Cell, Run
from isaclib.campaign.coverage import Coverage, held_identities, missing_cells
from isaclib.campaign.sidecar import Sidecar, read_sidecars
from isaclib.campaign.spec import Campaign
from isaclib.campaign.store import check
from isaclib.campaign.writing import written


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """A finished run of another campaign.

    Parameters
    ----------
    folder : str
        Name of the folder under ``results`` that it was found in.
    run : Run
        What was executed: with it the run can be made again where its file is lost.
    realisations : int
        Those that were missing: of designs, or of estimates where the run holds only these.
    """

    folder: str
    run: Run
    realisations: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON content."""
        return {"folder": self.folder, "realisations": self.realisations, "run": self.run.to_json()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Adopted:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            As `Run.from_json` does.
        """
        return cls(folder=content["folder"], realisations=content["realisations"], run=Run.from_json(content["run"]))


def siblings(root: str | Path) -> list[Path]:
    """Return the folders of the campaigns that lie beside one.

    Parameters
    ----------
    root : path
        ``results/<campaign>``; need not exist.
    """
    root = Path(root)
    return sorted(runs.parent for runs in root.parent.glob("*/runs") if runs.parent != root)


def adopt(
    campaign: Campaign, own: Sequence[Sidecar], folders: Iterable[Path]
) -> tuple[tuple[Adopted, ...], list[Sidecar]]:
    """Find finished runs of other campaigns that hold what a campaign lacks; copies nothing.

    What counts is what would count of the campaign's own: same point (system, model version,
    parameters, seed), same scheme or estimator with solver, options and version, what `store`
    asks for, and no draw cut short by a lower limit of time.

    Parameters
    ----------
    campaign : Campaign
        In the effort asked for.
    own : sequence of Sidecar
        Its own finished runs.
    folders : iterable of path
        ``results/<another campaign>``.

    Returns
    -------
    tuple
        What is taken over, and the sidecars of it. A file that is damaged is not taken.
    """
    held = list(own)
    if not missing_cells(campaign, Coverage(held, campaign.store)):
        return (), []
    found: list[Adopted] = []
    others = list(_candidates(campaign, {sidecar.run for sidecar in own}, folders))
    # which estimates are lacking shows only when the designs are there: hence twice
    for _ in range(2):
        lacking = _lacking(campaign, held)
        for sidecar, folder in others:
            filled = [parts for cell in sidecar.cells if (parts := _filled(sidecar, cell, lacking, campaign.store))]
            if not filled or (run := _sound(folder / "runs" / f"{sidecar.run}.nc")) is None:
                continue
            realisations = sum(int(np.any(parts, axis=0).sum()) for parts in filled)
            for part in chain.from_iterable(filled):
                part[:] = False
            held.append(sidecar)
            found.append(Adopted(folder=folder.name, run=run, realisations=realisations))
        taken = {entry.run.id for entry in found}
        others = [(sidecar, folder) for sidecar, folder in others if sidecar.run not in taken]
    return tuple(found), held[len(own) :]


def take_over(adopted: Iterable[Adopted], root: str | Path) -> None:
    """Bring adopted runs into a campaign's own folder.

    Each file gets a second name, and no second copy where the file system can do so: files of
    runs are never written to, so either campaign can be pruned, or deleted, without the other.

    Parameters
    ----------
    adopted : iterable of Adopted
        As planned.
    root : path
        ``results/<campaign>``.

    Raises
    ------
    OSError
        In one line, naming the file, where it cannot be written.
    """
    root = Path(root)
    for entry in adopted:
        source = root.parent / entry.folder / "runs" / f"{entry.run.id}.nc"
        (root / "runs").mkdir(parents=True, exist_ok=True)
        # pruned since it was found: then it is solved here, as the plan names it
        with suppress(FileNotFoundError):
            # the sidecar last: a run without one does not count as done
            for path in (source, source.with_suffix(".json")):
                _link(path, root / "runs" / path.name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    # another disk, a file system without links, or what a run that was killed left under this name
    except OSError:
        with written(target) as partial:
            shutil.copyfile(source, partial)


def _candidates(campaign: Campaign, own: set[str], folders: Iterable[Path]) -> Iterator[tuple[Sidecar, Path]]:
    """Yield the finished runs of other campaigns that the campaign may count; in several folders where taken over."""
    for folder in folders:
        try:
            sidecars = read_sidecars(folder / "runs")
        # a folder that may not be read is no reason not to plan
        except OSError:
            continue
        for sidecar in sidecars:
            same = (sidecar.system, sidecar.seed) == (campaign.system, campaign.seed)
            if same and sidecar.run not in own and not sidecar.cut_short(campaign.draw_seconds):
                yield sidecar, folder


def _lacking(campaign: Campaign, held: Iterable[Sidecar]) -> dict[tuple[str, str], np.ndarray]:
    """Map identity of scheme or estimator, and point, to which of its draws are missing, shape (draws,)."""
    estimators = {curve.scheme_id: campaign.estimator_ids(curve) for curve in campaign.curves}
    lacking: dict[tuple[str, str], np.ndarray] = {}
    for task, cells in missing_cells(campaign, Coverage(held, campaign.store)).items():
        named = [task.scheme_id] if task.designs else [estimators[task.scheme_id][name] for name in task.estimators]
        for identity, cell in product(named, cells):
            draws = lacking.setdefault((identity, cell.point), np.zeros(campaign.realisations, dtype=bool))
            draws[cell.start : cell.stop] = True
    return lacking


def _filled(
    sidecar: Sidecar, cell: Cell, lacking: Mapping[tuple[str, str], np.ndarray], store: tuple[str, ...]
) -> list[np.ndarray]:
    """Return views of the missing draws that a cell of a run holds, one for each identity."""
    keys = [(identity, cell.point) for identity in held_identities(sidecar, store)]
    parts = [lacking[key][cell.start : cell.stop] for key in keys if key in lacking]
    return [part for part in parts if part.any()]


def _sound(path: Path) -> Run | None:
    try:
        return check(path)
    except (OSError, ValueError):
        return None
