"""CPU seconds of a solver on one realisation, within a limit, and what its design is worth."""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from isaclib.systems.base import HAS_DESIGN, Status

from .program import Unsolved

MEMORY_BYTES = 8 * 2**30
"""Address space of a process that solves a reference program."""


def timed(work: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Least CPU seconds of several runs, and what the last returned."""
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        result = work()
        spent.append(time.process_time() - began)
    return min(spent), result


def judged(system: Any, scenario: Any, design: Any) -> dict[str, Any]:
    """Return status, objective and largest violation of one realisation, recomputed from its beamformers."""
    metrics = system.evaluate(scenario, design)
    return {
        "status": Status(int(metrics["status"][0])).name.lower(),
        "objective": float(metrics["objective"][0]),
        "violation": float(np.max(metrics["violation"].values[0])),
    }


class Worker:
    """A process that solves realisations by one reference program, and can be ended in the midst of a conic solver.

    Every program has its own, since CVXPY keeps what it compiled for one solver only.

    Parameters
    ----------
    system : System
        Judges what comes of it.
    run : callable
        ``run(scenario)`` returns the design as the program gives it (None where the algorithm projects every
        iterate) and the one projected onto the constraints.
    first : callable or None
        The same, for `warm`.
    limit : float
        CPU seconds of one realisation.
    """

    def __init__(
        self, system: Any, run: Callable[[Any], Any], first: Callable[[Any], Any] | None, limit: float
    ) -> None:
        self._limit = limit
        # fork: kernels and imports are there
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, system, (run, first), limit), daemon=True)
        self._process.start()
        theirs.close()

    def warm(self, scenario: Any) -> float | None:
        """CPU seconds of the shortest call that compiles everything."""
        return self._ask(1, scenario)["seconds"]

    def solve(self, scenario: Any) -> dict[str, Any]:
        """Solve one realisation.

        Returns
        -------
        dict
            ``outcome``: ``design``, ``violating`` (also after projection), ``unsolved``, ``over`` the limit or
            ``died`` (of its memory, as a rule), the last two of which end the process; ``seconds``; ``status``,
            ``objective`` and ``violation`` of the projected design; ``bare``, the largest violation before.
        """
        return self._ask(0, scenario)

    def end(self) -> None:
        """Let the process go."""
        self._process.kill()
        self._process.join()

    def _ask(self, which: int, scenario: Any) -> dict[str, Any]:
        try:
            self._pipe.send((which, scenario))
            found = self._pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.join()
            over = self._process.exitcode == -signal.SIGXCPU
            return {"outcome": "over", "seconds": self._limit} if over else {"outcome": "died", "seconds": None}
        if isinstance(found, Exception):
            raise found
        return found


def _serve(pipe: Any, system: Any, calls: tuple[Any, Any], limit: float) -> None:
    # what the parent holds is not looked through, which would copy it
    gc.freeze()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    parent = os.getppid()
    while True:
        while not pipe.poll(10.0):
            if os.getppid() != parent:  # it was ended
                return
        which, scenario = pipe.recv()
        whole = math.ceil(time.process_time() + limit)
        resource.setrlimit(resource.RLIMIT_CPU, (whole, resource.RLIM_INFINITY))
        began = time.process_time()
        try:
            bare, projected = calls[which](scenario)
        except Unsolved as error:
            pipe.send({"outcome": "unsolved", "seconds": time.process_time() - began, "reason": str(error)})
            continue
        except MemoryError:
            return
        except Exception as error:  # a mistake in the program is no result
            pipe.send(error)
            return
        found = {"seconds": time.process_time() - began, **judged(system, scenario, projected)}
        met = found["status"] in [status.name.lower() for status in HAS_DESIGN if status != Status.VIOLATING]
        found["bare"] = None if bare is None else judged(system, scenario, bare)["violation"]
        pipe.send({"outcome": "design" if met else "violating", **found})
