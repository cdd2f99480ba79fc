"""Runs that a campaign no longer names: what is left after a parameter was changed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from isaclib.campaign.coverage import named_realisations, serves
from isaclib.campaign.plan import Plan, complete_marker
from isaclib.campaign.progress import MARK, SILENT_SECONDS, log_path
from isaclib.campaign.sidecar import Sidecar, read_sidecars
from isaclib.campaign.spec import Campaign
from isaclib.campaign.writing import PARTIAL, abandoned

ABANDONED_SECONDS = 3600.0
"""A file that was being written so long ago belongs to a process that died."""


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What can go, or went.

    Parameters
    ----------
    runs : tuple of Sidecar
        Runs that hold nothing the campaign names.
    leftovers : tuple of Path
        Temporary files of processes that died.
    bytes : int
        Size of them all.
    deleted : bool
        Whether they are gone.
    """

    runs: tuple[Sidecar, ...]
    leftovers: tuple[Path, ...]
    bytes: int
    deleted: bool

    def __str__(self) -> str:
        """Return the lines that the command prints."""
        if not self.runs and not self.leftovers:
            return "nothing to prune: every run holds something the campaign names"
        lines = [
            f"{s.run}  {s.bytes / 1e6:8.2f} MB  {s.scheme} ({s.solver}), "
            f"{sum(len(cell) for cell in s.cells)} realisations" + ("" if s.designs else " of estimates")
            for s in self.runs
        ]
        lines += [f"{path}: left behind" for path in self.leftovers]
        what = f"{len(self.runs)} runs and {len(self.leftovers)} leftovers, {self.bytes / 1e6:.2f} MB"
        lines.append(f"deleted: {what}" if self.deleted else f"would delete {what}; add --delete to do so")
        return "\n".join(lines)


def prune(root: str | Path, spec: Campaign, *, dry_run: bool = True) -> Pruned:
    """Find, and delete where asked to, the runs that hold nothing a campaign names in any effort.

    Parameters
    ----------
    root : path
        ``results/<campaign>``; need not exist.
    spec : Campaign
        In any effort.
    dry_run : bool
        Delete nothing.

    Returns
    -------
    Pruned

    Raises
    ------
    ValueError
        Naming a plan that is damaged; nothing is deleted then.
    """
    root = Path(root)
    folder = root / "runs"
    named = named_realisations(spec)
    runs = tuple(sidecar for sidecar in read_sidecars(folder) if not serves(spec, sidecar, named))
    leftovers = tuple(sorted(path for path in root.rglob("*") if _abandoned(path)))
    size = sum(sidecar.bytes + (folder / f"{sidecar.run}.json").stat().st_size for sidecar in runs)
    size += sum(path.stat().st_size for path in leftovers)
    if not dry_run:
        _unmark(root, {sidecar.run for sidecar in runs})
        for sidecar in runs:
            # the sidecar first: a run without one does not count as done
            (folder / f"{sidecar.run}.json").unlink(missing_ok=True)
            (folder / f"{sidecar.run}.nc").unlink(missing_ok=True)
            log_path(folder / f"{sidecar.run}.nc").unlink(missing_ok=True)
        for path in leftovers:
            path.unlink(missing_ok=True)
    return Pruned(runs=runs, leftovers=leftovers, bytes=size, deleted=not dry_run)


def _abandoned(path: Path) -> bool:
    limit = {PARTIAL: ABANDONED_SECONDS, MARK: SILENT_SECONDS}.get(path.suffix)
    return limit is not None and (abandoned(path) or time.time() - path.stat().st_mtime > limit)


def _unmark(root: Path, gone: set[str]) -> None:
    """Remove the markers that vouch for runs about to go: the file may name them again one day."""
    for path in root.glob("plan/*/*.json"):
        plan = Plan.read(path)
        if not gone.isdisjoint(plan.run_ids):
            complete_marker(root, plan.digest).unlink(missing_ok=True)
