"""Flops of the default algorithms, their share of what one core of this machine can do, and where the rest goes.

OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/roofline             # all, ten processor minutes
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/roofline --only MUSIC stars
python benchmarks/roofline --page                                                # measures nothing

The machine is probed (`probe`), kernels are compiled with counters in them and run once (`compiled`, `arrays`), and
run as they are for the time, on the same draws. What was measured is kept in docs/roofline.json;
tables and figure of docs/roofline.md are made from it, and printed. On another machine of the
same type of processor remove the file first: of two probes the better rates are kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from algorithms import ALGORITHMS, timed
from budget import PARTS, Budget, budget
from probe import Peaks, measure

# a folder that is run has only itself on the path
sys.path.append(str(Path(__file__).parents[1]))
from marked import fill

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs" / "roofline.json"
PAGE = ROOT / "docs" / "roofline.md"
FIGURE = ROOT / "docs" / "images" / "roofline.png"

LEAST_SHARE = 0.08
"""Share of an algorithm's time from which on a kernel is told by itself."""


def counts_of(names: list[str]) -> dict[str, Any]:
    """Count in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("algorithms.py")), *names]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def better(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Take the best of two measurements of one machine: at other work it is slower, never faster."""
    rates = {name: max(old[name], value) for name, value in new.items() if name != "nanoseconds"}
    spent = {name: min(old["nanoseconds"][name], value) for name, value in new["nanoseconds"].items()}
    return {**rates, "nanoseconds": spent}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows))


def machine(record: dict[str, Any], peaks: Peaks) -> str:
    """Tell what the machine can do."""
    vector, scalar, chain = (rate / peaks.clock_ghz for rate in (peaks.packed, peaks.scalar, peaks.chain))
    rows = [
        ("clock", f"{peaks.clock_ghz:.2f} GHz", ""),
        ("vector multiply-adds", f"{peaks.packed:.1f} Gflop/s", f"{vector:.1f} flop a cycle, {peaks.width_bits} bits"),
        ("scalar multiply-adds", f"{peaks.scalar:.1f} Gflop/s", f"{scalar:.1f} flop a cycle"),
        ("each waiting for the last", f"{peaks.chain:.1f} Gflop/s", f"{chain:.2f} flop a cycle"),
        ("complex product, order 512", f"{peaks.blas:.1f} Gflop/s", f"{peaks.blas / peaks.packed:.0%} of the peak"),
        ("triad within the first cache", f"{peaks.cache_gb_s:.0f} GB/s", ""),
        ("single numbers from there", f"{peaks.scalar_gb_s:.0f} GB/s", ""),
        ("triad in memory", f"{peaks.memory_gb_s:.0f} GB/s", ""),
        *((name, f"{spent:.2f} ns", "each") for name, spent in peaks.nanoseconds.items()),
    ]
    return table((f"one core, `{record['processor']}`", "", ""), rows)


def algorithms(record: dict[str, Any], budgets: dict[str, tuple[Budget, dict[str, Budget]]], peaks: Peaks) -> str:
    """Tell the flops of each algorithm, its time and its share of the peaks."""
    steps = {name: each["timed"].get("iterations", 0) for name, each in record["algorithms"].items()}
    goals = {each.name: each.goal_ms for each in ALGORITHMS}
    shares = ("of the peak", "of the scalar peak", "in kernels")
    head = ("a realisation", "iterations", "kflop", "in vectors", "ms", "goal", "Gflop/s", *shares)
    rows = [
        (
            name,
            f"{steps[name]:.4g}" if steps[name] else "",
            f"{1e-3 * total.flops:.4g}",
            f"{total.vector_share:.0%}",
            f"{1e3 * total.seconds:.3g}",
            f"{goals[name]:g}" if goals[name] else "",
            f"{total.gflops:.2g}",
            f"{total.gflops / peaks.packed:.1%}",
            f"{total.gflops / peaks.scalar:.0%}",
            f"{1.0 - total.parts[-1]:.0%}",
        )
        for name, (total, _) in budgets.items()
    ]
    return table(head, rows)


def parts(budgets: dict[str, tuple[Budget, dict[str, Budget]]]) -> str:
    """Tell where the time of each algorithm goes."""
    rows = [(name, *(f"{part:.0%}" for part in total.parts)) for name, (total, _) in budgets.items()]
    return table(("share of the time", *PARTS), rows)


def kernels(budgets: dict[str, tuple[Budget, dict[str, Budget]]], peaks: Peaks) -> str:
    """Tell the same of each kernel that counts."""
    head = (
        "kernel",
        "in",
        "ms",
        "kflop",
        "in vectors",
        "flop a byte",
        "Gflop/s",
        "of the peak",
        "instructions a cycle",
        *PARTS[:-1],
    )
    rows = [
        (
            f"`{kernel.rpartition('.')[0].removeprefix('systems.')}`",
            name,
            f"{1e3 * each.seconds:.2g}",
            f"{1e-3 * each.flops:.3g}",
            f"{each.vector_share:.0%}",
            f"{each.flops / each.bytes:.2f}",
            f"{each.gflops:.2g}",
            f"{each.gflops / peaks.packed:.1%}",
            f"{1e-9 * each.instructions / each.seconds / peaks.clock_ghz:.1f}",
            *(f"{part:.0%}" for part in each.parts[:-1]),
        )
        for name, (total, own) in budgets.items()
        for kernel, each in sorted(own.items(), key=lambda item: -item[1].seconds)
        if each.seconds >= LEAST_SHARE * total.seconds
    ]
    return table(head, rows)


def draw(budgets: dict[str, tuple[Budget, dict[str, Budget]]], peaks: Peaks) -> None:
    """Draw the share of the peak, and the parts of the time beside it."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    from isaclib.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SILVER, SKY, STYLE, VERMILLION

    names = list(budgets)[::-1]
    totals = [budgets[name][0] for name in names]
    colors = (BLUE, SKY, PURPLE, GREEN, ORANGE, VERMILLION, SILVER)
    with plt.style.context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.4), sharey=True, layout="constrained")
        left.plot([each.gflops for each in totals], names, "o", color=BLUE)
        for peak, text in ((peaks.packed, "peak"), (peaks.scalar, "scalar peak")):
            left.axvline(peak, color=GREY, linestyle="dashed", linewidth=0.8)
            left.annotate(text, (peak, len(names) - 0.4), ha="center", va="bottom", size=7, annotation_clip=False)
        left.set_xscale("log")
        left.set_xlim(1.0, 1.3 * peaks.packed)
        left.set_ylim(-0.6, len(names) - 0.4)
        left.xaxis.set_major_formatter("{x:g}")
        left.set_xlabel("Gflop/s")
        begin = [0.0] * len(names)
        for i, (part, color) in enumerate(zip(PARTS, colors, strict=True)):
            shares = [100.0 * each.parts[i] for each in totals]
            right.barh(names, shares, left=begin, color=color, height=0.6, label=part)
            begin = [at + share for at, share in zip(begin, shares, strict=True)]
        right.set_xlim(0.0, 100.0)
        right.set_xlabel("Share of the time (%)")
        for axes in (left, right):
            axes.grid(visible=False, axis="y")
        figure.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=4)
        figure.savefig(FIGURE, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], help="algorithms whose names begin so")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    arguments = parser.parse_args()

    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"algorithms": {}}
    if not arguments.page:
        chosen = [each for each in ALGORITHMS if each.name.startswith(tuple(arguments.only))]
        processor, peaks = llvm.get_host_cpu_name(), asdict(measure())
        record["peaks"] = better(record["peaks"], peaks) if record.get("processor") == processor else peaks
        record["processor"] = processor
        counted = counts_of([each.name for each in chosen])
        for each in chosen:
            record["algorithms"][each.name] = {"timed": timed(each), "counted": counted[each.name]}
            print(each.name, record["algorithms"][each.name]["timed"], flush=True)
        RECORD.write_text(json.dumps(record, indent=1) + "\n")

    peaks = Peaks(**record["peaks"])
    known = [each.name for each in ALGORITHMS if each.name in record["algorithms"]]
    budgets = {name: budget(**record["algorithms"][name], peaks=peaks) for name in known}
    fill(PAGE, "machine", machine(record, peaks))
    fill(PAGE, "algorithms", algorithms(record, budgets, peaks))
    fill(PAGE, "parts", parts(budgets))
    fill(PAGE, "kernels", kernels(budgets, peaks))
    draw(budgets, peaks)


if __name__ == "__main__":
    main()
