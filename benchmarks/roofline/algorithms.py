"""The default algorithms: how long they take, in which kernels, and what they compute."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import arrays
import compiled
import numpy as np
from numba.core.dispatcher import Dispatcher

import isaclib
from isaclib.systems.base import Design

SEED, WARM, TRIES = 1, 64, 5


@dataclass(frozen=True)
class Algorithm:
    """What is measured: a scheme of a system, or its drawing, or both, or MUSIC on one of its designs."""

    name: str
    system: str
    scheme: str
    parameters: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    goal_ms: float | None = None
    batch: int = 1024

    def prepare(self, batch: int) -> Callable[[], Any]:
        """Make what it starts from, and return what is measured."""
        system = isaclib.get_system(self.system)
        parameters = system.Parameters(**self.parameters)

        def draw() -> Any:
            return system.draw(parameters, seed=SEED, start=0, stop=batch)

        if self.scheme == "draw":
            return draw
        if self.scheme.startswith("draw, "):
            return lambda: system.design(draw(), scheme=self.scheme.removeprefix("draw, "), options=self.options)
        scenario = draw()
        if self.scheme == "music":
            design = system.design(scenario, scheme="sensing-only-fdbf")
            return lambda: system.estimate(scenario, design, estimator="music")
        return lambda: system.design(scenario, scheme=self.scheme, options=self.options)


ONE = {"starts": 1}
LARGE = {"elements": 512, "rf_chains": 64, "users": 4, "power_dbm": 30.0}
ALGORITHMS = (
    Algorithm("speb-min-fdbf, 30 dBm", "hybrid", "speb-min-fdbf", {"power_dbm": 30.0}, goal_ms=0.3),
    Algorithm("speb-min-fdbf, 10 dBm", "hybrid", "speb-min-fdbf", {"power_dbm": 10.0}, goal_ms=0.3),
    Algorithm("speb-min-hbf, 30 dBm, one start", "hybrid", "speb-min-hbf", {"power_dbm": 30.0}, ONE, 0.25),
    Algorithm("speb-min-hbf, 10 dBm, one start", "hybrid", "speb-min-hbf", {"power_dbm": 10.0}, ONE, 0.4),
    Algorithm("speb-min-hbf, 10 dBm", "hybrid", "speb-min-hbf", {"power_dbm": 10.0}, goal_ms=5.0),
    Algorithm("speb-min-hbf, N = 512, one start", "hybrid", "speb-min-hbf", LARGE, ONE, 20.0, batch=64),
    Algorithm("sca-bcd-fdbf, 10 dBm", "hybrid", "sca-bcd-fdbf", {"power_dbm": 10.0}),
    Algorithm("sca-bcd-hbf, 10 dBm, one start", "hybrid", "sca-bcd-hbf", {"power_dbm": 10.0}, ONE, 2.0),
    Algorithm("MUSIC, echoes and search", "hybrid", "music", goal_ms=0.3),
    Algorithm("modular, draw", "modular", "draw"),
    Algorithm("modular, draw and dual", "modular", "draw, hybrid-beamforming", goal_ms=0.1),
    Algorithm("stars, joint-design", "stars", "joint-design", goal_ms=0.02),
    Algorithm("stars, joint-design, Rician", "stars", "joint-design", {"bs_star_channel": "rician"}),
)


@dataclass
class Ledger:
    """What kernels took, by their name, in seconds or in operations."""

    read: Callable[[], Any]
    spent: dict[str, Any] = field(default_factory=dict)

    def around(self, name: str, kernel: Dispatcher) -> Callable[..., Any]:
        """Enter every call from Python; those of kernels among each other are part of them."""

        def entered(*args: Any) -> Any:
            before = self.read()
            result = kernel(*args)
            change = self.read() - before
            self.spent[name] = self.spent[name] + change if name in self.spent else change
            return result

        return entered

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Enter every kernel of the package."""
        with ExitStack() as stack:
            for module in [m for n, m in sys.modules.items() if n.startswith("isaclib.")]:
                for name, value in list(vars(module).items()):
                    if isinstance(value, Dispatcher):
                        home = f"{value.py_func.__module__.removeprefix('isaclib.')}.{value.py_func.__name__}"
                        stack.enter_context(mock.patch.object(module, name, self.around(home, value)))
            yield


def timed(algorithm: Algorithm) -> dict[str, Any]:
    """Processor seconds a realisation, of all and of each kernel, in the fastest of several runs; mean iterations."""
    algorithm.prepare(WARM)()
    run, batch = algorithm.prepare(algorithm.batch), algorithm.batch
    best: dict[str, Any] = {}
    for _ in range(TRIES):
        ledger = Ledger(time.process_time)
        with ledger.watching():
            began = time.process_time()
            result = run()
            seconds = (time.process_time() - began) / batch
        if not best or seconds < best["seconds"]:
            best = {"seconds": seconds, "kernels": {name: spent / batch for name, spent in ledger.spent.items()}}
    if isinstance(result, Design):
        best["iterations"] = float(np.mean(result.iterations))
    return best


def counted(algorithm: Algorithm, counts: compiled.Counts) -> dict[str, Any]:
    """Operations a realisation, of NumPy outside of kernels and of each kernel."""
    algorithm.prepare(WARM)()
    ledger = Ledger(counts.total)
    with arrays.counting() as tally:
        run = algorithm.prepare(algorithm.batch)
        tally.clear()
        with ledger.watching():
            run()

    def each(total: Counter[str]) -> dict[str, float]:
        return {key: count / algorithm.batch for key, count in total.items() if count}

    return {"outside": each(tally), "kernels": {name: each(total) for name, total in ledger.spent.items()}}


if __name__ == "__main__":
    # a process of its own: kernels that count are compiled anew and run at half the speed
    with compiled.counting() as everything:
        print(json.dumps({a.name: counted(a, everything) for a in ALGORITHMS if a.name in sys.argv[1:]}))
