"""How far a campaign is, from its plan and the sidecars alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from isaclib.campaign.cells import Cell, Run, taken
from isaclib.campaign.plan import Plan, plan_paths
from isaclib.campaign.precision import Aim
from isaclib.campaign.progress import log_path, mark_path, read_mark
from isaclib.campaign.sidecar import Sidecar, read_sidecars
from isaclib.campaign.spec import Campaign, Curve
from isaclib.systems.base import Status

LAST_BYTES = 4096
"""What is read of a log: its end."""


@dataclass(frozen=True, kw_only=True)
class CurveStatus:
    """One curve.

    Parameters
    ----------
    label : str
        Of the curve.
    done, wanted : int
        Realisations, all points together.
    counts : mapping of str to int
        Realisations done by status.
    precision : str
        How far it is from the precision asked for, in words; empty where none is.
    """

    label: str
    done: int
    wanted: int
    counts: dict[str, int]
    precision: str = ""


@dataclass(frozen=True, kw_only=True)
class CampaignStatus:
    """A campaign.

    Parameters
    ----------
    campaign, effort : str
        Names.
    planned : bool
        Whether there is a plan for what the file asks for now.
    done, running, failed, waiting : int
        Runs. Failed are those whose job died, and that have not been started again.
    curves : tuple of CurveStatus
        In the file's order.
    seconds_left : float or None
        Core time left, corrected by what finished runs took against what was expected.
    minutes_left : float or None
        Wall time left at the number of runs under way; None where none is.
    failure : str
        Why the last job died, and its log; empty where none did.
    failed_draw : str
        Why the last draw failed; empty where none did.
    """

    campaign: str
    effort: str
    planned: bool
    done: int
    running: int
    failed: int
    waiting: int
    curves: tuple[CurveStatus, ...]
    seconds_left: float | None
    minutes_left: float | None
    failure: str
    failed_draw: str

    def __str__(self) -> str:
        """Return the lines that the command prints."""
        if not self.planned:
            runs = "not planned yet"
        else:
            total = self.done + self.running + self.failed + self.waiting
            runs = f"{self.done} of {total} runs done"
            parts = ((self.running, "running"), (self.failed, "failed"), (self.waiting, "to do"))
            runs += "".join(f", {count} {word}" for count, word in parts if count)
            if self.seconds_left:
                runs += f"; {_duration(self.seconds_left)} of core time left"
                if self.minutes_left is not None:
                    runs += f", {_duration(60.0 * self.minutes_left)} at {self.running} at a time"
        lines = [f"{self.campaign} ({self.effort}): {runs}"]
        width = max((len(curve.label) for curve in self.curves), default=0)
        for curve in self.curves:
            counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in curve.counts.items())
            lines.append(f"  {curve.label:<{width}}  {curve.done}/{curve.wanted}" + (f"  {counts}" if counts else ""))
            if curve.precision:
                lines.append(f"  {'':<{width}}  {curve.precision}")
        if self.failure:
            lines.append(f"last failed run: {self.failure}")
        if self.failed_draw:
            lines.append(f"last failed draw: {self.failed_draw}")
        return "\n".join(lines)


def status(root: str | Path, spec: Campaign) -> CampaignStatus:
    """Look how far a campaign is; opens no run file.

    Parameters
    ----------
    root : path
        ``results/<campaign>``; need not exist.
    spec : Campaign
        In the effort asked for.

    Returns
    -------
    CampaignStatus

    Raises
    ------
    ValueError
        For a damaged plan.
    """
    root = Path(root)
    plans = [Plan.read(path) for path in plan_paths(root, spec.digest)]
    spec = replace(spec, grown=plans[-1].counts) if plans else spec
    finished = {sidecar.run: sidecar for sidecar in read_sidecars(root / "runs")}
    planned = {run.id: run for plan in plans for run in plan.runs}
    names = sorted({name for plan in plans for name in plan.run_ids})
    done = [finished[name] for name in names if name in finished]
    running: dict[str, float] = {}
    died: dict[str, tuple[float, str]] = {}
    for name in names:
        if name in finished:
            continue
        path = root / "runs" / f"{name}.nc"
        mark = read_mark(path)
        if mark is not None and mark.alive:
            running[name] = mark.done / max(mark.total, 1)
        elif mark is not None:
            reason = mark.error or f"killed after {mark.done} of {mark.total} realisations"
            died[name] = mark_path(path).stat().st_mtime, reason
        elif last := _last_line(log := log_path(path)):
            died[name] = log.stat().st_mtime, last
    waiting = [name for name in names if name not in finished and name not in running]
    left = _seconds_left(planned, done, waiting, running) if plans else None
    return CampaignStatus(
        campaign=spec.name,
        effort=spec.effort,
        planned=bool(plans),
        done=len(done),
        running=len(running),
        failed=len(died),
        waiting=len(waiting) - len(died),
        curves=tuple(_curves(spec, done if plans else list(finished.values()), plans[-1].aims if plans else ())),
        seconds_left=left,
        minutes_left=left / len(running) / 60.0 if running and left is not None else None,
        failure=_last_failure(root, died),
        failed_draw=_last_failed_draw(root, done),
    )


def _seconds_left(
    planned: dict[str, Run], done: Iterable[Sidecar], waiting: Iterable[str], running: dict[str, float]
) -> float:
    """Return what the runs should still take, scheme by scheme at the pace of the finished ones."""
    spent: dict[str, float] = {}
    expected: dict[str, float] = {}
    for sidecar in done:
        if sidecar.run in planned:
            for total, seconds in ((spent, sidecar.seconds), (expected, planned[sidecar.run].seconds)):
                for key in (sidecar.scheme_id, ""):
                    total[key] = total.get(key, 0.0) + seconds

    def pace(scheme: str) -> float:
        key = scheme if expected.get(scheme) else ""
        return spent[key] / expected[key] if expected.get(key) else 1.0

    shares = {**dict.fromkeys(waiting, 1.0), **{name: 1.0 - part for name, part in running.items()}}
    return sum(
        planned[name].seconds * pace(planned[name].scheme_id) * share
        for name, share in shares.items()
        if name in planned
    )


def _curves(spec: Campaign, done: Sequence[Sidecar], looked: Sequence[Aim]) -> Iterable[CurveStatus]:
    pace = _pace(done)
    cells: dict[tuple[str, str], list[tuple[Cell, Mapping[str, int]]]] = {}
    for sidecar in done:
        if sidecar.designs:
            for cell, counts in zip(sidecar.cells, sidecar.cell_counts, strict=True):
                cells.setdefault((sidecar.scheme_id, cell.point), []).append((cell, counts))
    # the longest first: where two runs hold the same, most cells then count whole or not at all
    for found in cells.values():
        found.sort(key=lambda entry: (-len(entry[0]), entry[0]))
    for curve in spec.curves:
        points = {point.id: spec.count(curve, at) for at, point in enumerate(spec.points(curve).values())}
        amount, totals = 0, dict.fromkeys((s.name.lower() for s in Status), 0.0)
        for point, count in points.items():
            held: list[tuple[int, int]] = []
            for cell, counts in cells.get((curve.scheme_id, point), ()):
                new = sum(b - a for a, b in taken(cell.start, min(cell.stop, count), held))
                amount += new
                # of a cell that counts in part it is not known which draws ended how: its share is taken
                for name, number in counts.items():
                    totals[name] += number * new / len(cell)
        own = [aim for aim in looked if aim.label == curve.label]
        yield CurveStatus(
            label=curve.label,
            done=amount,
            wanted=sum(points.values()),
            counts={name: round(number) for name, number in totals.items() if round(number)},
            precision=_precision(curve, own, pace.get(curve.scheme_id)) if curve.precision is not None else "",
        )


def _precision(curve: Curve, looked: Sequence[Aim], seconds: float | None) -> str:
    """Say how far a curve is from its precision, and what the rest will cost."""
    asked = f"{curve.precision}"
    if not looked:
        return f"{asked}: not looked at yet"
    reached = sum(aim.reached for aim in looked)
    text = f"{asked}: {reached} of {len(looked)} points there"
    if reached == len(looked):
        return text
    widest = max(looked, key=lambda aim: math.inf if math.isnan(aim.width) else aim.width)
    relative = curve.precision is not None and curve.precision.relative is not None
    width = f"{100.0 * widest.width:.3g} %" if relative else f"{widest.width:.3g}"
    text += ", widest unknown" if math.isnan(widest.width) else f", widest {width}"
    more = sum(aim.needed - aim.realisations for aim in looked)
    ended = sum(aim.ended and not aim.reached for aim in looked)
    if more:
        text += f"; about {more} more realisations"
        text += f", {_duration(more * seconds)} of core time" if seconds is not None else ""
    if ended:
        text += f"; {ended} ended at max_realisations"
    return text


def _pace(done: Iterable[Sidecar]) -> dict[str, float]:
    """Seconds a realisation of each scheme's designs, from finished runs."""
    spent: dict[str, list[float]] = {}
    for sidecar in done:
        if sidecar.designs:
            total = spent.setdefault(sidecar.scheme_id, [0.0, 0.0])
            total[0] += sum(sidecar.cell_seconds)
            total[1] += sum(len(cell) for cell in sidecar.cells)
    return {scheme: seconds / max(rows, 1.0) for scheme, (seconds, rows) in spent.items()}


def _last_failure(root: Path, died: dict[str, tuple[float, str]]) -> str:
    if not died:
        return ""
    name = max(died, key=lambda run: died[run])
    return f"{name}: {died[name][1]} (log: {log_path(root / 'runs' / f'{name}.nc')})"


def _last_failed_draw(root: Path, done: Iterable[Sidecar]) -> str:
    failing = [sidecar for sidecar in done if sidecar.reasons]
    if not failing:
        return ""
    last = max(failing, key=lambda sidecar: (root / "runs" / f"{sidecar.run}.json").stat().st_mtime)
    entry = last.reasons[-1]
    return (
        f"{last.scheme} ({last.solver}), point {entry['point']}, realisation {entry['realisation']}: {entry['reason']}"
    )


def _last_line(log: Path) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(max(log.stat().st_size - LAST_BYTES, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _duration(seconds: float) -> str:
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"
