"""Finding damaged or missing files, so that the workflow makes them again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4

from isaclib.campaign.cells import DIGITS
from isaclib.campaign.dataset import NAME
from isaclib.campaign.inputs import kept, names_of
from isaclib.campaign.plan import Plan
from isaclib.campaign.progress import log_path, read_mark
from isaclib.campaign.store import check

_RUN = re.compile(rf"[0-9a-f]{{{DIGITS}}}\.(nc|json)")


def verify(root: str | Path) -> tuple[int, list[str]]:
    """Check every plan, every run and the dataset of a campaign; remove what is damaged.

    The markers that vouch for a run that is damaged, or missing, go with it: the workflow then
    solves it again, and gathers again. So does a plan whose inputs are: planning keeps them anew.
    A file that is not named as runs are is left alone.

    Parameters
    ----------
    root : path
        ``results/<campaign>``.

    Returns
    -------
    tuple
        Number of files checked, and one line for each that was damaged or missing.
    """
    root = Path(root)
    plans = sorted(root.glob("plan/*/*.json"))
    runs = sorted({path.with_suffix(".nc") for path in root.glob("runs/*.*") if _RUN.fullmatch(path.name)})
    datasets = [root / NAME] if (root / NAME).exists() else []
    damaged = [*_bad_runs(runs), *_bad_datasets(datasets)]
    lost = {path for path in runs if not path.exists()}
    for path in plans:
        marker = path.parent / "complete"
        try:
            plan = Plan.read(path)
            listed = {root / "runs" / f"{run}.nc" for run in plan.run_ids}
            for name in sorted({name for run in plan.runs for name in names_of(run)}):
                kept(root, name)
        except ValueError as error:
            damaged.append(str(error))
            path.unlink()
            marker.unlink(missing_ok=True)
            continue
        absent = sorted(run for run in listed if not run.exists())
        # without its marker a plan is still being worked on: nothing is missing yet
        if absent and marker.exists():
            damaged += [f"{run}: missing: expected by {path}" for run in absent if run not in lost]
            lost.update(absent)
            marker.unlink()
    return len(plans) + len(runs) + len(datasets), damaged


def _bad_runs(runs: list[Path]) -> Iterator[str]:
    for run in runs:
        # renamed a moment ago, its sidecar not yet there: nothing is wrong with a run under way
        if (mark := read_mark(run)) is not None and mark.alive:
            continue
        try:
            check(run)
        except ValueError as error:
            run.unlink(missing_ok=True)
            run.with_suffix(".json").unlink(missing_ok=True)
            log_path(run).unlink(missing_ok=True)
            yield str(error)


def _bad_datasets(datasets: list[Path]) -> Iterator[str]:
    for path in datasets:
        try:
            with netCDF4.Dataset(path) as file:
                for group in (file, *file.groups.values()):
                    _read_through(group)
        # a checksum that fails is a RuntimeError, a file cut short an OSError
        except (RuntimeError, OSError) as error:
            path.unlink()
            yield f"{path}: damaged ({' '.join(str(error).split())})"


def _read_through(group: Any) -> None:
    """Read every value once, a slab at a time: reading verifies the checksums."""
    for variable in group.variables.values():
        for i in range(variable.shape[0] if variable.ndim else 0):
            variable[i]
