"""Packing cells into runs of a sensible length."""

from __future__ import annotations

from collections.abc import Sequence

from isaclib.campaign.cells import Cell

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
    if asked is not None:
        return max(asked, total / MOST_RUNS)
    target = min(max(total / (RUNS_A_CORE * cores), SHORTEST_TARGET), LONGEST_TARGET)
    return max(min(target, total / (FEWEST_RUNS_A_CORE * cores)), SHORTEST_RUN, total / MOST_RUNS)


def split(cell: Cell, seconds: float, target: float) -> list[Cell]:
    """Split a cell whose solver takes one realisation at a time.

    Parameters
    ----------
    cell : Cell
        What to split.
    seconds : float
        Expected time a realisation.
    target : float
        Expected time a part should not exceed; a part has at least one realisation.
    """
    length = max(int(target / seconds), 1) if seconds > 0 else len(cell)
    return [Cell(cell.point, start, min(start + length, cell.stop)) for start in range(cell.start, cell.stop, length)]


def pack(costs: Sequence[float], target: float) -> list[list[int]]:
    """Cut a sequence of cells into runs of about equal length, keeping their order.

    Parameters
    ----------
    costs : sequence of float
        Expected seconds of each cell.
    target : float
        Expected seconds of a run.

    Returns
    -------
    list of list of int
        Positions of the cells of each run; every cell once, no run empty.
    """
    if not costs:
        return []
    total = sum(costs)
    number = min(max(round(total / target), 1), len(costs))
    share = total / number
    runs: list[list[int]] = [[] for _ in range(number)]
    before = 0.0
    for position, cost in enumerate(costs):
        # the run in which the middle of the cell falls
        middle = (before + cost / 2) / share if share > 0 else 0.0
        runs[min(int(middle), number - 1)].append(position)
        before += cost
    return [run for run in runs if run]
