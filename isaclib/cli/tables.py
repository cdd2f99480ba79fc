"""Tables in the terminal: a plan, a summary."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from isaclib.campaign.compare import Change
from isaclib.campaign.document import CampaignError
from isaclib.campaign.plan import Plan
from isaclib.campaign.spec import Campaign

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def described(campaign: Campaign) -> str:
    """Return one line on what a campaign file asks for."""
    axes = ", ".join(f"{len(values)} values of {axis}" for axis, values in campaign.axes.items())
    counts = sorted({curve.realisations for curve in campaign.curves})
    realisations = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    figures = f"{len(campaign.figures)} figure{'s' * (len(campaign.figures) != 1)}"
    effort = f"{realisations} realisations a point in effort {campaign.effort}"
    schemes = f"{len(campaign.curves)} scheme{'s' * (len(campaign.curves) != 1)}"
    return f"{schemes}, {axes}, {effort}, {figures}"


def announce_timing() -> None:
    """Say on standard error why a plan may take its time."""
    print("timing a few draws of each curve (compiling kernels once, if needed)", file=sys.stderr, flush=True)


def print_plan(campaign: Campaign, plan: Plan, cores: int) -> None:
    """Print what a plan adds: curve by curve, then jobs, core-hours and gigabytes.

    Parameters
    ----------
    campaign : Campaign
        What was planned.
    plan : Plan
        Written or not.
    cores : int
        Cores that share the runs, for the expected duration.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=f"{campaign.name}, effort {campaign.effort}", title_justify="left")
    for header in ("scheme", "solver"):
        table.add_column(header, overflow="fold")
    for header in ("points", "wanted", "missing", "runs", "core-hours"):
        table.add_column(header, justify="right", no_wrap=True)
    campaign = replace(campaign, grown=plan.counts)
    for curve in campaign.curves:
        wanted = {point.id: campaign.count(curve, at) for at, point in enumerate(campaign.points(curve).values())}
        ids = set(wanted)
        runs = [run for run in plan.runs if run.scheme_id == curve.scheme_id and ids & set(run.points)]
        missing = [cell for run in runs for cell in run.cells if cell.point in ids]
        # a run may serve two curves of one scheme: its time is shared out by realisations
        hours = sum(
            run.seconds * sum(len(c) for c in run.cells if c.point in ids) / run.realisations / 3600 for run in runs
        )
        table.add_row(
            curve.label,
            curve.solver,
            str(len(ids)),
            str(sum(wanted.values())),
            str(sum(map(len, missing))),
            str(len(runs)),
            f"{hours:.3f}",
        )
    print_table(table)
    adopted: Counter[tuple[str, str]] = Counter()
    for entry in plan.adopted:
        what = "realisations" if entry.run.designs else "realisations of estimates"
        adopted[entry.folder, what] += entry.realisations
    for (folder, what), number in sorted(adopted.items()):
        print(f"{number} {what} taken over from {folder}")
    jobs = len(plan.runs)
    print(f"{jobs} job{'s' * (jobs != 1)}, {plan.seconds / 3600:.3f} core-hours, {plan.bytes / 1e9:.3f} GB to add")
    if jobs:
        longest = plan.runs[0].seconds
        print(f"about {duration(max(plan.seconds / cores, longest))} on {cores} core{'s' * (cores != 1)}")


def print_summary(source: Path, *, results: Path, metrics: Sequence[str], statistic: str, population: str) -> None:
    """Print one statistic of some metrics of a finished campaign, then what became of the draws of each scheme.

    Parameters
    ----------
    source : Path
        Campaign file, or folder or ``summary.nc`` of its results.
    results : Path
        Folder of all results.
    metrics : sequence of str
        Empty: those of the campaign file's figures, or the first of the summary.
    statistic, population : str
        What is printed.

    Raises
    ------
    CampaignError
        Where there is no summary yet.
    """
    from isaclib.campaign import tidy
    from isaclib.campaign.reading import load

    chosen = list(metrics)
    path = source if source.suffix == ".nc" else source / "summary.nc"
    if source.suffix == ".yaml":
        campaign = load(source)
        path = results / campaign.name / "summary.nc"
        chosen = chosen or list(dict.fromkeys(curve.metric for figure in campaign.figures for curve in figure.y))
    if not path.exists():
        raise CampaignError(f"{path}: missing: expected the summary of a finished campaign; `snakemake` makes it")
    summary = tidy.open_summary(path)
    if not metrics:
        # a curve over iterations is no table
        single = [name for name in tidy.metrics(summary) if "iteration" not in tidy.metric(summary, name).dims]
        chosen = [name for name in chosen if name in single] or single[:1]
    for name in chosen:
        values = tidy.metric(summary, name)
        unit = values.attrs.get("units", "1")
        quantity = f"{values.attrs.get('long_name', name)}{'' if unit == '1' else f' [{unit}]'}"
        title = f"{quantity}: {statistic}, {population} draws"
        _print_frame(tidy.table(summary, name, statistic, population=population), title)
    _print_frame(_status_counts(summary), "draws by status")


def print_changes(changes: Sequence[Change], *, statistic: str, everything: bool) -> None:
    """Print what moved between two campaigns, or everything that was compared.

    Parameters
    ----------
    changes : sequence of Change
        From `isaclib.campaign.compare.compare`.
    statistic : str
        What was compared.
    everything : bool
        Also what has not moved.
    """
    import pandas as pd

    shown = [change for change in changes if everything or change.moved]
    rows = [
        {
            "metric": change.metric,
            "scheme": change.scheme,
            **change.point,
            "first": f"{change.first:.5g}",
            "second": f"{change.second:.5g}",
            "change": f"{change.change:.3g} [{change.lower:.3g}, {change.upper:.3g}]",
            "relative": f"{100.0 * change.change / change.first:+.2g} %" if change.first else "-",
            "draws": f"{change.draws}{' pairs' if change.paired else ''}",
            **({"moved": "yes" if change.moved else ""} if everything else {}),
        }
        for change in shown
    ]
    if rows:
        _print_frame(pd.DataFrame(rows), f"{statistic}, intervals that hold together at 95 %")
    moved = sum(change.moved for change in changes)
    equal = sum(change.equal for change in changes)
    empty = sum(not change.draws for change in changes)
    without = f", {empty} without draws on both sides" if empty else ""
    print(f"{len(changes)} compared: {moved} moved, {equal} equal to the last digit{without}")


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _status_counts(summary: xr.Dataset) -> pd.DataFrame:
    counts = summary["status_count"]
    counts = counts.sum([dim for dim in counts.dims if dim not in ("scheme", "status")]).transpose("scheme", "status")
    frame = counts.to_pandas().rename_axis(index="scheme", columns=None)
    # a finished campaign has none that were not run: a column for it would only be zeros
    frame = frame.drop(columns=[name for name in ("not_run",) if not frame[name].any()])
    return frame.rename(columns=lambda name: name.replace("_", " "))


def _print_frame(frame: pd.DataFrame, title: str) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    frame = frame.reset_index() if frame.index.names[0] is not None else frame
    for column in frame.columns:
        table.add_column(str(column), justify="right", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*(f"{value:g}" if isinstance(value, float) else str(value) for value in row))
    print_table(table)


def print_table(table: object) -> None:
    """Print a table of rich, as wide as the terminal, or as it needs where there is none."""
    from rich.console import Console

    # markup would take a unit in brackets for a style
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        # a file or a pipe has no width of its own: 80 columns would fold every table
        console.width = 1000
    console.print(table)
