"""How far a run is: a bar or lines for the one who watches, a small file for `isaclib status`."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LINE_SECONDS = 10.0
"""Time between two plain lines."""

BEAT_SECONDS = 5.0
"""Time between two signs of life."""

SILENT_SECONDS = 60.0
"""A run that gave no sign of life for so long has died."""

MARK = ".progress"
"""Ending of the file of a run that is under way, or that died."""


@dataclass(frozen=True)
class Mark:
    """State of a run that has not finished.

    Parameters
    ----------
    done, total : int
        Realisations.
    seconds : float
        Time spent.
    error : str
        Why it stopped; empty while it runs, and where it was killed.
    alive : bool
        Whether it gave a sign of life in the last `SILENT_SECONDS`.
    """

    done: int
    total: int
    seconds: float
    error: str = ""
    alive: bool = True


def mark_path(path: str | Path) -> Path:
    """Return where the run file `path` keeps its progress: hidden, same folder."""
    path = Path(path)
    return path.with_name(f".{path.stem}{MARK}")


def log_path(path: str | Path) -> Path:
    """Return where the job that wrote the run file `path` said what it did; gone where the file was removed."""
    path = Path(path)
    return path.parent.parent / "logs" / f"run-{path.stem}.log"


def read_mark(path: str | Path) -> Mark | None:
    """Read the progress of the run file `path`; None where there is none."""
    found = mark_path(path)
    try:
        age = time.time() - found.stat().st_mtime
        content = json.loads(found.read_text())
        return Mark(**{**content, "alive": age < SILENT_SECONDS and not content["error"]})
    # a mark torn by a crash says no more than one that is not there
    except (OSError, ValueError, TypeError, KeyError):
        return None


class Progress:
    """Context in which a run is executed.

    Parameters
    ----------
    total : int
        Realisations of the run.
    label : str
        What the bar is named.
    path : path
        Of the run file.
    visible : bool
        Show a bar on a terminal, plain lines elsewhere.
    """

    def __init__(self, total: int, *, label: str, path: str | Path, visible: bool) -> None:
        self.total, self.label, self.done = total, label, 0
        self._mark, self._visible = mark_path(path), visible
        self._began = self._spoke = time.monotonic()
        self._over = threading.Event()
        self._beat = threading.Thread(target=self._beating, daemon=True)
        self._bar: Any = None

    def __enter__(self) -> Self:
        """Begin to show, and to give signs of life."""
        self._write("")
        self._beat.start()
        if self._visible and sys.stderr.isatty():
            # rich costs 0.1 s to import, which a job without a terminal need not pay
            from rich import progress as rich_progress
            from rich.console import Console

            columns = (
                rich_progress.TextColumn("{task.description}"),
                rich_progress.BarColumn(),
                rich_progress.MofNCompleteColumn(),
                rich_progress.TextColumn("{task.fields[rate]}"),
                rich_progress.TimeRemainingColumn(),
            )
            self._bar = rich_progress.Progress(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task(self.label, total=self.total, rate="")
            self._bar.start()
        elif self._visible:
            self._say(f"{self.label}: {self.total} realisations")
        return self

    def advance(self, count: int) -> None:
        """Say that so many more realisations are done."""
        self.done += count
        now = time.monotonic()
        rate = self.done / max(now - self._began, 1e-9)
        if self._bar is not None:
            self._bar.update(self._task, advance=count, rate=f"{rate:.3g}/s")
        elif self._visible and (now - self._spoke > LINE_SECONDS or self.done == self.total):
            self._spoke = now
            left = (self.total - self.done) / rate
            self._say(f"{self.label}: {self.done}/{self.total} realisations, {rate:.3g}/s, {left:.0f} s left")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; an error is left for `isaclib status` to tell."""
        self._over.set()
        self._beat.join()
        if self._bar is not None:
            self._bar.stop()
        if error is None:
            self._mark.unlink(missing_ok=True)
        else:
            interrupted = isinstance(error, KeyboardInterrupt)
            self._write("interrupted" if interrupted else " ".join(f"{type(error).__name__}: {error}".split()))

    def _beating(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            self._write("")

    def _write(self, error: str) -> None:
        mark = Mark(self.done, self.total, round(time.monotonic() - self._began, 3), error)
        content = {name: value for name, value in asdict(mark).items() if name != "alive"}
        try:
            self._mark.write_text(json.dumps(content))
        # the mark is a courtesy: a full disk will be reported by the run file itself
        except OSError:
            return

    @staticmethod
    def _say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)
