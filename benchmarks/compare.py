"""Every default solver against the programs of the papers in CVXPY, draw by draw, in one run.

OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/compare.py
python benchmarks/compare.py --quick                                 # tables on the screen, nothing kept
python benchmarks/compare.py --schemes hybrid/speb-min-hbf --seconds 300 --limit 600
python benchmarks/compare.py --schemes none                          # measures nothing, writes the page anew

Each scheme at the default parameters of its system. All solvers get the same draws and take turns on them;
a reference program goes on until it has had its CPU seconds or all draws, and a draw that is over the limit is
its last. What was measured is kept in docs/comparison.json; the tables of docs/comparison.md, the first one of
docs/performance.md and docs/images/comparison.png are made from it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
from functools import partial
from pathlib import Path
from typing import Any

import cvxpy  # noqa: F401, its import is nobody's solving time
import numpy as np
from comparison import page
from comparison.catalogue import FORMS, SOLVERS, Case, cases
from comparison.measure import Worker, judged, timed
from marked import fill, told

import isaclib

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs" / "comparison.json"
PAGE = ROOT / "docs" / "comparison.md"
SUMMARY_PAGE = ROOT / "docs" / "performance.md"
FIGURE = ROOT / "docs" / "images" / "comparison.png"

BATCHES = (1, 32, 1024)
REPEATS = 5
"""Runs of a batch."""
SINGLES = 8
"""Draws that the default solver is timed on alone, at least."""


def measure(case: Case, arguments: argparse.Namespace) -> dict[str, Any]:
    """Time a scheme's default solver and its references on the same draws."""
    system = isaclib.get_system(case.system)
    draw = partial(system.draw, system.Parameters(), seed=arguments.seed)
    warm = draw(start=arguments.draws, stop=arguments.draws + 2)
    system.evaluate(warm, system.design(warm, scheme=case.scheme))  # compiles the kernels
    spare = draw(start=arguments.draws, stop=arguments.draws + 1)
    batches = {size: draw(start=0, stop=size) for size in arguments.batches if size > 1}
    spent: dict[str, list[float]] = {str(size): [] for size in arguments.batches}
    methods: dict[str, Any] = {}
    going = {}
    for name in [f"{form}/{solver}" for form in FORMS if form in arguments.forms for solver in SOLVERS]:
        form, solver = name.split("/")
        if form not in case.forms:
            continue
        run, first = (call and partial(call, solver=solver) for call in (case.forms[form].run, case.forms[form].first))
        going[name] = Worker(system, run, first, arguments.limit)
        methods[name] = {"first": going[name].warm(spare) if first else None, "draws": []}
    draws = []
    for index in range(arguments.draws):
        if index >= SINGLES and not going:
            break
        one = draw(start=index, stop=index + 1)
        seconds, design = timed(partial(system.design, one, scheme=case.scheme), 3)
        found = {"draw": index, "seconds": seconds, **judged(system, one, design)}
        draws.append(found)
        spent.setdefault("1", []).append(seconds)
        for size, batch in batches.items():
            if len(spent[str(size)]) < REPEATS:
                spent[str(size)].append(timed(partial(system.design, batch, scheme=case.scheme))[0] / size)
        for name, worker in list(going.items()):
            entry = {"draw": index, "default_seconds": seconds, **worker.solve(one)}
            if entry["outcome"] == "design" and np.isfinite(found["objective"]):
                loss = (entry["objective"] - found["objective"]) / abs(found["objective"])
                entry["loss"] = -loss if case.maximised else loss
            own = methods[name]["draws"]
            own.append(entry)
            if entry["outcome"] in ("over", "died") or sum(e["seconds"] for e in own) >= arguments.seconds:
                going.pop(name).end()
            print(f"{case.name} {name} {json.dumps(entry)}", flush=True)
    for worker in going.values():
        worker.end()
    return {"limit": arguments.limit, "batches": spent, "draws": draws, "methods": methods}


def conditions() -> dict[str, str]:
    """Tell of processor and versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    packages = ("isaclib", "numpy", "numba", "cvxpy", "clarabel", "scs")
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"processor": names[0] if names else "unknown", **found}


def main(words: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemes", nargs="*", help="system, system/scheme or none; default: all")
    parser.add_argument("--forms", nargs="*", choices=tuple(FORMS), default=tuple(FORMS))
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--draws", type=int, default=32, help="draws of a reference program, at most")
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds after which it gets no more draws")
    parser.add_argument("--limit", type=float, default=45.0, help="CPU seconds of one draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="one second each, a limit of ten, and nothing is kept")
    arguments = parser.parse_args(words)
    if arguments.quick:
        arguments.seconds, arguments.limit = 1.0, 10.0

    kept = RECORD.exists() and not arguments.quick
    record = json.loads(RECORD.read_text()) if kept else {"cases": {}, "conditions": {}}
    everything = cases()
    chosen = [
        case for case in everything if arguments.schemes is None or {case.system, case.name} & set(arguments.schemes)
    ]
    for case in chosen:
        done = {**record["cases"], case.name: measure(case, arguments)}
        # in their order, whatever was measured when
        record["cases"] = {one.name: done[one.name] for one in everything if one.name in done}
        record["conditions"] = conditions()
        if not arguments.quick:
            RECORD.write_text(json.dumps(record, indent=1) + "\n")
    for name, text in page.tables(record).items():
        if arguments.quick:
            told(name, text)
        else:
            fill(PAGE, name, text)
    if not arguments.quick:
        fill(SUMMARY_PAGE, "summary", page.summary(record))
        page.figure(record, FIGURE)
    return record


if __name__ == "__main__":
    main()
