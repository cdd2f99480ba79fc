"""What the jobs of a plan ask a scheduler for: memory and time, from what their runs are expected to take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from isaclib.campaign.limited import WARM_UP_SECONDS

MEMORY_MARGIN = 1.5
"""Of the expected memory; a sample of 32 realisations took up to 1.3 times less than a run."""

JOB_MEMORY_MB = 600.0
"""Beside the run: a job of an array has three processes of Snakemake in it, of 140 MB each and 90 MB they share."""

TIME_MARGIN = 3.0
"""Of the expected time: nodes differ, and so do draws."""

JOB_SECONDS = 600.0
"""Beside the run: Python starts from a slow file system, kernels are compiled."""


def memory_mb(runs: Iterable[Mapping[str, Any]], attempt: int = 1) -> int:
    """Return the memory that a job asks for, whichever of the runs it is.

    Parameters
    ----------
    runs : iterable of mapping
        As a plan's file has them (`Run.to_json`).
    attempt : int
        One more each time a job comes again.

    Returns
    -------
    int
        In MB.
    """
    largest = max((run.get("memory_mb", 0.0) for run in runs), default=0.0)
    return math.ceil((MEMORY_MARGIN * largest + JOB_MEMORY_MB) * attempt)


def minutes(runs: Iterable[Mapping[str, Any]], attempt: int = 1) -> int:
    """Return the time that a job asks for, whichever of the runs it is.

    A run whose draws are limited in time knows its worst: it never asks for more, and for no
    less once it comes again.

    Parameters
    ----------
    runs, attempt
        As in `memory_mb`.

    Returns
    -------
    int
        In minutes.
    """
    longest = max((_seconds(run, attempt) for run in runs), default=0.0)
    return math.ceil((longest + JOB_SECONDS * attempt) / 60)


def _seconds(run: Mapping[str, Any], attempt: int) -> float:
    expected = TIME_MARGIN * run["seconds"] * attempt
    if (limit := run.get("draw_seconds")) is None:
        return expected
    # every draw in a process of its own, given up at its limit
    worst = (limit + WARM_UP_SECONDS) * sum(stop - start for _, start, stop in run["cells"])
    return min(expected, worst) if attempt == 1 else worst
