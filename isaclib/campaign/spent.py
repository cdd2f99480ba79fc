"""What the draws of a campaign took, curve by curve: core time, memory, and why some have no design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from isaclib.campaign.sidecar import Sidecar
from isaclib.campaign.spec import Campaign


@dataclass(kw_only=True)
class Spent:
    """What one curve took, in every run that holds some of it.

    Parameters
    ----------
    label, scheme, solver : str
        Of the curve.
    draws : int
        Realisations designed, all points together.
    seconds : float
        Core time of their runs: drawing, designing, measuring, estimating, writing.
    peak_memory_mb : float
        Largest resident memory of a run.
    reasons : mapping of str to int
        Why draws have no design, counted over the last few that each run keeps.
    """

    label: str
    scheme: str
    solver: str
    draws: int = 0
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)


def spent(sidecars: Iterable[Sidecar], campaign: Campaign) -> list[Spent]:
    """Sum up finished runs by the curves of a campaign; what a run holds besides counts for none.

    Parameters
    ----------
    sidecars : iterable of Sidecar
        Of its runs.
    campaign : Campaign
        In any effort.

    Returns
    -------
    list of Spent
        Curves with at least one run, in the file's order. A draw that two curves share is told of the first.
    """
    found = {c.label: Spent(label=c.label, scheme=c.scheme, solver=c.solver) for c in campaign.entries}
    curve_of: Mapping[tuple[str, str], Spent] = {
        (curve.scheme_id, point.id): found[curve.label]
        for curve in reversed(campaign.entries)
        for point in campaign.points(curve).values()
    }
    for run in sidecars:
        # what is not a cell's own, reading and writing, is shared out by time
        whole = run.seconds / max(sum(run.cell_seconds), 1e-9)
        for cell, seconds in zip(run.cells, run.cell_seconds, strict=True):
            curve = curve_of.get((run.scheme_id, cell.point))
            if curve is not None:
                curve.draws += len(cell) if run.designs else 0
                curve.seconds += seconds * whole
                curve.peak_memory_mb = max(curve.peak_memory_mb, run.peak_memory_mb)
        for entry in run.reasons:
            if (curve := curve_of.get((run.scheme_id, entry["point"]))) is not None:
                curve.reasons[entry["reason"]] += 1
    return [curve for curve in found.values() if curve.seconds]
