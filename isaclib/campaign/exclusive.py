"""One process at a run: a workflow that was killed may have left another at it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from isaclib.campaign.cells import Run
from isaclib.campaign.progress import SILENT_SECONDS, mark_path
from isaclib.campaign.run import execute
from isaclib.campaign.store import check

POLL_SECONDS = 0.5
"""Time between two looks at the other process."""


def execute_alone(run: Run, path: str | Path, *, progress: bool = True) -> None:
    """Execute a run, as `isaclib.campaign.run.execute`, with no other process at it.

    Two at once would do the work twice, and the file of one could stand beside the sidecar of the
    other. One that is at it already is waited for, as long as it gives signs of life; what it has
    made is not made again.

    Parameters
    ----------
    run : Run
        What to execute.
    path : path
        ``results/<campaign>/runs/<run id>.nc``.
    progress : bool
        Show rate and time left.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path) as waited:
        if not (waited and _finished(path)):
            execute(run, path, progress=progress)


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Lock the run's mark, which is unlocked whenever the process ends; tell whether another had it."""
    try:
        file = mark_path(path).open("a")
    # a full disk will be reported by the run file itself
    except OSError:
        yield False
        return
    with file:
        waited = False
        while not _locked(file) and time.time() - os.fstat(file.fileno()).st_mtime < SILENT_SECONDS:
            waited = True
            time.sleep(POLL_SECONDS)
        yield waited


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # a file system without locks: nobody can be told to wait
    except OSError:
        return True
    return True


def _finished(path: Path) -> bool:
    try:
        check(path)
    except ValueError:
        return False
    return True
