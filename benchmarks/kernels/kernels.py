"""The kernels that campaigns spend their time in, each as a call of public functions alone.

The definitions are run on other versions of the package too (`gate.py`): they ask for nothing but
`System.draw`, `design`, `evaluate` and `estimate`.
"""

from __future__ import annotations

import ctypes
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import isaclib

SEED = 1


@dataclass(frozen=True)
class Kernel:
    """One step of a campaign at the default parameters of a system.

    Parameters
    ----------
    system, scheme : str
        Names.
    step : str
        ``draw``, ``design``, ``evaluate``, or the name of an estimator.
    draws : int
        Realisations a call, so that one takes some ten milliseconds.
    parameters, options : mapping
        Beside the defaults: of the system, of the scheme's solver.
    """

    system: str
    step: str
    draws: int
    scheme: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def prepare(self) -> Callable[[], object]:
        """Return the call to be timed; what it needs is computed before."""
        system = isaclib.get_system(self.system)
        parameters = system.Parameters(**self.parameters)

        def draw() -> Any:
            return system.draw(parameters, seed=SEED, stop=self.draws)

        if self.step == "draw":
            return draw
        scenario = draw()

        def make() -> Any:
            return system.design(scenario, scheme=self.scheme, options=self.options)

        if self.step == "design":
            return make
        design = make()
        if self.step == "evaluate":
            return lambda: system.evaluate(scenario, design)
        return lambda: system.estimate(scenario, design, estimator=self.step)


@dataclass(frozen=True)
class Command:
    """A process of its own, from its start to its end."""

    arguments: tuple[str, ...]
    draws: int = 1

    def prepare(self) -> Callable[[], object]:
        """Return the call to be timed."""
        return lambda: subprocess.run([sys.executable, *self.arguments], check=True, stdout=subprocess.DEVNULL)


def keep_memory() -> None:
    """Let the C library keep what is freed, where it is glibc.

    Arrays that are mapped and handed back in every call cost page faults, a third of some kernels, and how many
    differs from process to process.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3  # malloc.h
        mallopt(trim_threshold, 1 << 30)
        mallopt(mmap_threshold, 1 << 25)


def cpu_seconds() -> float:
    """CPU time of this process and of those that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


# Table II of the paper is what the parameters of `hybrid` default to
KERNELS: dict[str, Kernel | Command] = {
    "isaclib --help": Command(("-m", "isaclib", "--help")),
    "hybrid draw": Kernel("hybrid", "draw", 1024),
    "hybrid speb-min-fdbf": Kernel("hybrid", "design", 64, "speb-min-fdbf"),
    "hybrid speb-min-hbf, one start": Kernel("hybrid", "design", 64, "speb-min-hbf", options={"starts": 1}),
    "hybrid sca-bcd-hbf, one start": Kernel("hybrid", "design", 32, "sca-bcd-hbf", options={"starts": 1}),
    "hybrid evaluate": Kernel("hybrid", "evaluate", 1024, "speb-min-fdbf"),
    "hybrid music": Kernel("hybrid", "music", 64, "speb-min-fdbf"),
    "modular draw": Kernel("modular", "draw", 256),
    "modular fully-digital": Kernel("modular", "design", 256, "fully-digital"),
    "modular hybrid-beamforming": Kernel("modular", "design", 256, "hybrid-beamforming"),
    "modular evaluate": Kernel("modular", "evaluate", 256, "hybrid-beamforming"),
    "stars draw": Kernel("stars", "draw", 2048),
    "stars joint-design": Kernel("stars", "design", 1024, "joint-design"),
    "stars evaluate": Kernel("stars", "evaluate", 1024, "joint-design"),
    "stars ml": Kernel("stars", "ml", 32, "joint-design"),
    "stars music": Kernel("stars", "music", 16, "joint-design"),
}
