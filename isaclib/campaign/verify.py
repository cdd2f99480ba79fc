"""Finding damaged or missing files, so that the workflow makes them again."""

from __future__ import annotations

from pathlib import Path

from isaclib.campaign.plan import Plan
from isaclib.campaign.store import check


def verify(root: str | Path) -> tuple[int, list[str]]:
    """Check every plan and run of a campaign; remove what is damaged and the markers that vouch for it.

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
    runs = sorted({path.with_suffix(".nc") for path in root.glob("runs/*.*") if not path.name.startswith(".")})
    damaged: list[str] = []
    gone: set[str] = set()
    for run in runs:
        try:
            check(run)
        except ValueError as error:
            damaged.append(str(error))
            gone.add(run.stem)
            run.unlink(missing_ok=True)
            run.with_suffix(".json").unlink(missing_ok=True)
    for path in plans:
        marker = path.parent / "complete"
        try:
            listed = set(Plan.read(path).run_ids)
        except ValueError as error:
            damaged.append(str(error))
            marker.unlink(missing_ok=True)
            path.unlink()
            continue
        absent = {run for run in listed if not (root / "runs" / f"{run}.nc").exists()}
        if marker.exists():
            damaged += [f"{root}/runs/{run}.nc: missing: expected by {path}" for run in sorted(absent - gone)]
            gone |= absent
        if absent:
            marker.unlink(missing_ok=True)
    return len(plans) + len(runs), damaged
