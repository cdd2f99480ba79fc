"""Growth of the three systems with their size: the default solvers, and the papers' own in CVXPY while they last.

python benchmarks/growth.py --system hybrid
python benchmarks/growth.py --system modular --reference-seconds 0            # the default solvers alone
python benchmarks/growth.py --system stars --seconds 0 --growths stars-los    # the reference of one growth alone
python benchmarks/growth.py                            # measures nothing, writes tables and figures anew

Every size is measured in a process of its own, one thread, kernels compiled before. Of the default solvers: CPU
time of a batch that takes `--seconds` at least, the least of three. The reference solves one draw, in sizes
that grow until it takes more than `--reference-seconds` of processor time or has no more memory. What was measured
is kept in docs/growth.json; the tables in docs/growth.md and the figures in docs/images are made from it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from growth_shown import Record, show
from growths import GROWTHS, Growth, Reference, named

import isaclib
from isaclib.systems.base import Status

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "docs" / "growth.json"

SEED = 1

FEWEST, MOST = 8, 8192
"""Draws of the smallest and of the largest batch."""

REPEATS, LENGTHY = 3, 4.0
"""How often a batch is timed; but once where it takes so many times the seconds asked."""

GIGABYTES = 10
"""Memory of a process."""

SYSTEMS = {name: isaclib.get_system(name) for name in ("hybrid", "modular", "stars")}

# its server imports this file once; what it starts is as if new
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["__main__"])

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def spent(function: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    result = function()
    return time.process_time() - began, result


def default_solver(growth: Growth, size: int, scheme: str, seconds: float) -> dict[str, Any]:
    """Time draw, design and evaluation of a batch that takes so many seconds to design and evaluate."""
    system = SYSTEMS[growth.system]
    parameters = system.Parameters(**growth.parameters(size))

    def times(batch: int) -> tuple[list[float], Any]:
        draw_s, scenario = spent(lambda: system.draw(parameters, seed=SEED, start=0, stop=batch))
        design_s, design = spent(lambda: system.design(scenario, scheme=scheme))
        evaluate_s, metrics = spent(lambda: system.evaluate(scenario, design))
        return [draw_s, design_s, evaluate_s], metrics

    times(2)  # compiles the kernels
    batch = FEWEST
    taken, metrics = times(batch)
    while taken[1] + taken[2] < seconds and batch < MOST:
        batch *= 2
        taken, metrics = times(batch)
    again = REPEATS - 1 if taken[1] + taken[2] < LENGTHY * seconds else 0
    least = np.min([taken, *(times(batch)[0] for _ in range(again))], axis=0)
    status = metrics.status.values
    return {
        "draws": batch,
        **{f"{step}_ms": 1e3 * s / batch for step, s in zip(("draw", "design", "evaluate"), least, strict=True)},
        "statuses": {value.name.lower(): int(np.sum(status == value)) for value in Status if np.any(status == value)},
        "gap": float(np.nanmedian(metrics.gap)),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def reference_solver(growth: Growth, size: int, reference: Reference, seconds: float) -> dict[str, Any]:
    """Time one draw; objectives are those of both solvers as evaluation finds them."""
    system = SYSTEMS[growth.system]
    parameters = system.Parameters(**growth.parameters(size))
    scenario = system.draw(parameters, seed=SEED, start=0, stop=1)
    ours = system.evaluate(scenario, system.design(scenario, scheme=reference.scheme))
    limit = int(np.ceil(time.process_time() + seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 60))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    taken, design = spent(
        lambda: system.design(scenario, scheme=reference.scheme, solver=reference.solver, options=reference.options)
    )
    metrics = system.evaluate(scenario, design)
    return {
        "seconds": taken,
        "status": Status(int(metrics.status[0])).name.lower(),
        "objective": float(metrics.objective[0]),
        "default_objective": float(ours.objective[0]),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _work(pipe: Connection, name: str, row: int, size: int, seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (GIGABYTES * 2**30,) * 2)
    growth = named(name)
    try:
        if row < len(growth.schemes):
            pipe.send(default_solver(growth, size, growth.schemes[row], seconds))
        else:
            pipe.send(reference_solver(growth, size, growth.references[row - len(growth.schemes)], seconds))
    except MemoryError:
        pipe.send({"ended": "memory"})


def measured(growth: Growth, row: int, size: int, seconds: float) -> dict[str, Any]:
    """Measure a curve at one size in a process of its own; `ended` says why there is no number."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_work, args=(theirs, growth.name, row, size, seconds), daemon=True)
    process.start()
    theirs.close()
    try:
        found = ours.recv()
    except EOFError:
        found = {}
    process.join()
    if found:
        return found
    code = -(process.exitcode or 0)
    if code <= 0:
        raise SystemExit(f"{growth.name}, {size}: the process above failed")
    # a solver in Rust or C that is refused memory aborts
    known = {signal.SIGXCPU: "time", signal.SIGABRT: "memory"}
    name = signal.Signals(code)
    return {"ended": known.get(name, name.name), "seconds": seconds}


def recorded() -> Record:
    """Read what was measured: growth, curve and size to numbers."""
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def remember(growth: Growth, curve: str, size: int, found: dict[str, Any]) -> None:
    print(growth.name, curve, size, json.dumps(found), flush=True)
    record = recorded()  # again: another call may have added to it
    sizes = record.setdefault(growth.name, {}).setdefault(curve, {})
    for other in [known for known in sizes if "ended" in found and int(known) > size]:
        del sizes[other]
    sizes[str(size)] = found
    RECORD.write_text(json.dumps(record, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", choices=SYSTEMS)
    parser.add_argument(
        "--growths", nargs="+", choices=[growth.name for growth in GROWTHS], help="default: all of the system"
    )
    parser.add_argument("--curves", nargs="+", help="a scheme, or 'scheme solver' of a reference; default: all")
    parser.add_argument("--seconds", type=float, default=1.0, help="of a batch of the default solvers; 0: none is run")
    parser.add_argument("--reference-seconds", type=float, default=600.0, help="limit of one draw; 0: none is run")
    arguments = parser.parse_args()

    os.environ.update(dict.fromkeys(THREADS, "1"))  # of the processes that are started
    for growth in GROWTHS:
        if growth.system != arguments.system or growth.name not in (arguments.growths or [growth.name]):
            continue
        references = [reference.name for reference in growth.references]
        for row, curve in enumerate((*growth.schemes, *references)):
            seconds = arguments.seconds if row < len(growth.schemes) else arguments.reference_seconds
            if seconds <= 0.0 or curve not in (arguments.curves or [curve]):
                continue
            for size in growth.sizes:
                found = measured(growth, row, size, seconds)
                remember(growth, curve, size, found)
                if "ended" in found:
                    break

    show(recorded())


if __name__ == "__main__":
    main()
