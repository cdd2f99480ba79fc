"""Designs under a time limit: made in a process of their own, which can be killed whatever it is doing."""

from __future__ import annotations

import ctypes
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

WARM_UP_SECONDS = 60.0
"""Granted beyond the limit to the first draw of a process: what a solver loads and compiles is not the draw's."""

TIMEOUT = "timeout: more than"
"""How the reason of a draw over its limit begins."""

_PR_SET_PDEATHSIG = 1


class Stopped(Exception):
    """A draw without a design; the message is the reason as it is stored."""


class Limited:
    """A function called in another process, and given up after a while.

    A solver may hang in code that never comes back to Python, which no signal handler and no
    thread can end; a process can be killed. It is forked once and serves one call after the
    other, so that what a solver loads is loaded once, and anew only after a call was given up.

    Parameters
    ----------
    function : callable
        Its arguments and its result can be pickled.
    seconds : float
        How long a call may take.
    describe : callable
        Exception to the reason that is stored.
    """

    def __init__(
        self, function: Callable[..., Any], *, seconds: float, describe: Callable[[BaseException], str]
    ) -> None:
        self.seconds = seconds
        self._function, self._describe = function, describe
        self._process: Any = None
        self._pipe: Connection | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Call the function.

        Raises
        ------
        Stopped
            Where it raised, or took longer than the limit.
        ChildProcessError
            Where the process died by itself: out of memory, say, which says nothing of the draw.
        """
        allowed = self.seconds
        if self._pipe is None:
            self._pipe = self._start()
            allowed += WARM_UP_SECONDS
        try:
            self._pipe.send(arguments)
            if not self._pipe.poll(allowed):
                self.close()
                raise Stopped(f"{TIMEOUT} {self.seconds:g} s")
            made, content = self._pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            code = self._process.exitcode
            self.close()
            raise ChildProcessError(f"the solver's process died with exit status {code}") from None
        if not made:
            raise Stopped(content)
        return content

    def close(self) -> None:
        """End the process, in whatever it is doing."""
        if self._pipe is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = self._pipe = None

    def _start(self) -> Connection:
        # forked: the function need not be importable, and memory is shared until it is written to
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=self._serve, args=(ours, theirs), daemon=True)
        self._process.start()
        theirs.close()
        return ours

    def _serve(self, ours: Connection, theirs: Connection) -> None:
        # while a copy of the other end is open here, its end would go unseen
        ours.close()
        # Ctrl-C is answered by the process that asks
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # one that hangs must not outlive a run that was killed
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        while True:
            try:
                arguments = theirs.recv()
            except EOFError:
                return
            try:
                theirs.send((True, self._function(*arguments)))
            # the machine's fault, not the draw's: this process ends, and the run with it
            except MemoryError:
                raise
            # what else a solver raises is told, and the next draw served
            except Exception as error:
                theirs.send((False, self._describe(error)))
