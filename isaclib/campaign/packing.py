"""Packing cells into runs of a sensible length."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from isaclib.campaign.cells import Cell
from isaclib.systems.streams import BLOCK

SHORTEST_TARGET, LONGEST_TARGET = 25.0, 60.0
"""Seconds of a local run: long against the start of Python, short against the campaign."""

RUNS_A_CORE = 20
"""Runs a core sees where the campaign is long enough: the last ones then waste little."""

FEWEST_RUNS_A_CORE = 3
"""Shorter campaigns are cut into shorter runs: a run that takes longer than expected must not be the last alone."""

SHORTEST_RUN = 5.0
"""No campaign is cut into shorter runs to keep idle cores busy."""

MOST_RUNS = 1500
"""Snakemake's own time grows faster than the number of jobs."""


MOST_ROWS = 1_500_000
"""Realisations of a run: its tables are in memory until they are written, some 600 bytes a realisation."""


def target_seconds(total: float, *, cores: int, asked: float | None = None) -> float:
    """Return how long a run should take.

    Parameters
    ----------
    total : float
        Expected seconds of all runs together.
    cores : int
        Cores that share them.
    asked : float, optional
        A length set by hand (600 on a cluster).

    Returns
    -------
    float
        total / (20 cores) within 25 to 60 s; less where a core would see fewer than three runs.
    """
    # as many for each core: of 1500 equal runs on 1000 cores the last 500 would take as long as the first 1000
    most = MOST_RUNS // cores * cores or MOST_RUNS
    if asked is not None:
        return max(asked, total / most)
    target = min(max(total / (RUNS_A_CORE * cores), SHORTEST_TARGET), LONGEST_TARGET)
    return max(min(target, total / (FEWEST_RUNS_A_CORE * cores)), SHORTEST_RUN, total / most)


def pack(
    cells: Sequence[Cell], seconds: Sequence[float], target: float, *, unit: int = BLOCK, cores: int = 1
) -> list[list[Cell]]:
    """Cut cells into runs of about equal length, keeping their order.

    Parameters
    ----------
    cells : sequence of Cell
        What is to be solved.
    seconds : sequence of float
        Expected seconds of a unit of each cell; of a part of a unit as well.
    target : float
        Expected seconds of a run.
    unit : int
        Realisations that are not torn apart: a block, or one where a solver takes one at a time.
    cores : int
        Cores that share them: where there are more runs than cores there is a multiple of them, so that none is
        idle while the last run is at work.

    Returns
    -------
    list of list of Cell
        The cells of each run; every realisation once, no run empty, and about `MOST_ROWS` at most.
    """
    units = [(cell.stop - 1) // unit - cell.start // unit + 1 for cell in cells]
    total = sum(cost * count for cost, count in zip(seconds, units, strict=True))
    least = ceil(sum(map(len, cells)) / MOST_ROWS)
    number = max(round(total / target), least, 1)
    if number > cores:
        number = ceil(number / cores) * cores
    number = min(number, sum(units))
    share = total / max(number, 1)
    runs: list[list[Cell]] = [[] for _ in range(number)]
    before = 0.0
    for cell, cost, count in zip(cells, seconds, units, strict=True):
        first, done = cell.start // unit, 0
        while done < count:
            # a unit belongs to the run in which its middle falls
            run = min(int((before + (done + 0.5) * cost) / share), number - 1) if share > 0.0 else 0
            upto = count
            if cost > 0.0 and run < number - 1:
                upto = min(max(ceil(((run + 1) * share - before) / cost - 0.5), done + 1), count)
            start, stop = max(cell.start, (first + done) * unit), min(cell.stop, (first + upto) * unit)
            runs[run].append(Cell(cell.point, start, stop))
            done = upto
        before += cost * count
    return [run for run in runs if run]
