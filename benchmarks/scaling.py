"""Campaigns of 10^3 to 10^6 realisations, and a model of one of 10^9.

python benchmarks/scaling.py --system stars --sizes 1000 10000 100000 1000000
python benchmarks/scaling.py --system hybrid --sizes 1000 10000 100000 500000 1000000
python benchmarks/scaling.py --campaigns hybrid-million
python benchmarks/scaling.py                                   # measures nothing, writes tables and figure anew

Each size is two schemes at one grid point, from nothing to the figure, by Snakemake. What was
measured is kept in docs/scaling.json; tables, figure and model in docs/scaling.md and
docs/images/scaling-overhead.png are made from it, and printed.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from dataclasses import asdict
from pathlib import Path

from marked import fill
from pipeline import ROOT, Measured, measure, table

from isaclib.campaign.packing import MOST_ROWS, target_seconds

MILLION, LARGE = "hybrid-million", 100_000
"""The campaign of a million draws, and how large a campaign has to be for the model."""

RECORD = ROOT / "docs" / "scaling.json"
PAGE = ROOT / "docs" / "scaling.md"
FIGURE = ROOT / "docs" / "images" / "scaling-overhead.png"

SCHEMES = {
    "stars": ("joint-design, conventional-ris", "cost"),
    "hybrid": ("speb-min-fdbf, speb-min-hbf", "peb_m"),
}
"""Two schemes of each system, and the metric of the figure."""

FILE = """\
campaign: {name}
title: Campaign of {size} realisations
system: {system}
seed: 20261122
grid: {{power_dbm: [20]}}
schemes: [{schemes}]
realisations: {size}
figures:
  - {{name: median, x: power_dbm, y: {{metric: {metric}, statistic: median, marker: true}}}}
"""

BILLION, CORES, RUN_SECONDS, POINTS = 10**9, 1000, 600.0, 1000
"""The model: realisations of each of two schemes, cores, seconds of a run, grid points they lie at."""


def sized(system: str, size: int, cores: int) -> Measured:
    """Measure a campaign of one size."""
    folder = Path(tempfile.mkdtemp(prefix="isaclib-scaling-"))
    schemes, metric = SCHEMES[system]
    file = folder / f"{system}-{size}.yaml"
    file.write_text(FILE.format(name=file.stem, size=size, system=system, schemes=schemes, metric=metric))
    return measure([str(file)], folder / "results", cores=cores)


def label(entry: Measured) -> str:
    return Path(entry.campaigns[0]).stem.rpartition("-")[0]


def sizes(entries: list[Measured]) -> str:
    """Tell of each size what grows with it, and what must not."""
    lines = [
        "| realisations x 2 schemes | s of runs | of gathering | of statistics | wall s | overhead | jobs "
        "| memory MB | parse CPU s | status CPU s | one curve s | plan kB | sidecars kB | runs MB | dataset MB |",
        "|" + " --- |" * 15,
    ]
    for entry in entries:
        numbers = [
            f"{label(entry)} {entry.realisations}",
            *(f"{entry.rules[rule]['seconds']:.1f}" for rule in ("run", "gather", "summarise")),
            f"{entry.wall:.0f}",
            f"{entry.overhead:.1%}",
            f"{entry.jobs}",
            f"{entry.memory_mb:.0f}",
            f"{entry.parse[1]:.1f}",
            f"{entry.status[1]:.1f}",
            f"{entry.curve[0]:.2f}",
            f"{entry.plan_bytes / 1e3:.0f}",
            f"{entry.sidecar_bytes / 1e3:.0f}",
            f"{entry.run_bytes / 1e6:.1f}",
            f"{entry.dataset_bytes / 1e6:.1f}",
        ]
        lines.append("| " + " | ".join(numbers) + " |")
    return "\n".join(lines)


def goals(entry: Measured) -> str:
    """Hold a campaign against what was asked of a million realisations."""
    rows = [
        ("end to end, minutes", entry.wall / 60.0, 60.0),
        ("memory of all processes together, MB", entry.memory_mb, 2000.0),
        ("jobs", entry.jobs, 2000.0),
        ("Snakefile parsed and found complete, s", entry.parse[0], 10.0),
        ("`isaclib status`, s", entry.status[0], 2.0),
        ("one curve read, s", entry.curve[0], 1.0),
        ("overhead, %; asked from 10 minutes on", 100.0 * entry.overhead, 5.0),
    ]
    lines = [f"| {entry.designs} designs on {entry.cores} cores | measured | asked, at most |", "| --- | --- | --- |"]
    lines += [f"| {name} | {value:.3g} | {most:g} |" for name, value, most in rows]
    return "\n".join([*lines, "", table(entry)])


def model(small: Measured, large: Measured) -> str:
    """Tell what 10^9 realisations of two schemes would take, from what a large campaign took above a small one.

    Seconds of processes: what the machine did besides makes them longer. Snakemake's own count of
    processor seconds ends at its last look at a process, up to half a minute before the end.
    """

    def each(rule: str, number: str = "seconds") -> float:
        """Tell what a design adds."""
        return (large.rules[rule][number] - small.rules[rule][number]) / (large.designs - small.designs)

    designs, draws = 2 * BILLION, BILLION // POINTS
    spent = designs * each("run")
    shortest = target_seconds(spent, cores=CORES, asked=RUN_SECONDS)
    runs = max(round(spent / shortest), 2 * math.ceil(BILLION / MOST_ROWS))
    waves = math.ceil(runs / CORES)
    plan, sidecars = (number / large.rules["run"]["jobs"] for number in (large.plan_bytes, large.sidecar_bytes))
    held = large.designs / large.rules["run"]["jobs"] - small.designs / small.rules["run"]["jobs"]
    row = (large.rules["run"]["memory_mb"] - small.rules["run"]["memory_mb"]) / max(held, 1.0)
    memory = small.rules["summarise"]["memory_mb"] + 2 * draws * each("summarise", "memory_mb")
    rows = [
        ("runs", f"{runs}", f"of {spent / runs:.0f} s and {designs / runs:.0f} designs, in {waves} waves"),
        ("hours of the runs", f"{waves * spent / runs / 3600:.2f}", f"{spent / 3600:.0f} core-hours"),
        ("hours of gathering", f"{designs * each('gather') / 3600:.2f}", "one process"),
        ("hours of statistics", f"{designs * each('summarise') / 3600:.2f}", "one process"),
        ("files", f"{4 * runs}", "of a run: result, sidecar, log, benchmark"),
        ("GB of runs", f"{designs * large.run_bytes / large.designs / 1e9:.0f}", ""),
        ("GB of the dataset", f"{designs * large.dataset_bytes / large.designs / 1e9:.0f}", ""),
        ("MB of plan and sidecars", f"{runs * (plan + sidecars) / 1e6:.1f}", ""),
        ("MB of memory, a run", f"{small.rules['run']['memory_mb'] + row * designs / runs:.0f}", ""),
        ("MB of memory, statistics", f"{memory:.0f}", f"{draws} realisations of each scheme at a point"),
    ]
    lines = [f"| 10^9 realisations x 2 schemes, {POINTS} points, {CORES} cores | | |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {name} | {value} | {about} |" for name, value, about in rows)])


def draw(entries: list[Measured]) -> None:
    """Draw the overhead over the length of a campaign."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    from isaclib.figures.style import BLUE, GREY, STYLE, VERMILLION

    looks = {"stars": (VERMILLION, "s"), "hybrid": (BLUE, "o")}
    with plt.style.context(STYLE):
        figure, axes = plt.subplots(layout="constrained")
        for system in sorted({label(entry) for entry in entries}):
            color, marker = looks[system]
            own = [entry for entry in entries if label(entry) == system]
            where = [entry.wall / 60.0 for entry in own]
            axes.loglog(where, [100.0 * entry.overhead for entry in own], color=color, marker=marker, label=system)
            for entry, at in zip(own, where, strict=True):
                exponent = math.floor(math.log10(entry.realisations))
                times = entry.realisations / 10**exponent
                told = rf"${times:g}\cdot10^{{{exponent}}}$" if times > 1.0 else f"$10^{{{exponent}}}$"
                axes.annotate(told, (at, 100.0 * entry.overhead), textcoords="offset points", xytext=(4, 4), size=7)
        axes.axhline(5.0, color=GREY, linestyle="dashed", linewidth=0.8)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.margins(0.1)
        axes.set_xlabel("Length of the campaign (min)")
        axes.set_ylabel("Overhead of the pipeline (%)")
        axes.legend()
        figure.savefig(FIGURE, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", choices=sorted(SCHEMES), default="stars")
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="realisations of each campaign")
    parser.add_argument("--campaigns", nargs="*", default=[], help="of config/campaigns, each by itself")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--results", type=Path, help="an empty folder for --campaigns; default: a temporary one")
    arguments = parser.parse_args()

    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for size in arguments.sizes:
        record[f"{arguments.system}-{size}"] = asdict(sized(arguments.system, size, arguments.cores))
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
    for name in arguments.campaigns:
        results = arguments.results or Path(tempfile.mkdtemp(prefix="isaclib-scaling-"))
        record[name] = asdict(measure([name], results, cores=arguments.cores))
        RECORD.write_text(json.dumps(record, indent=1) + "\n")

    known = {name: Measured(**entry) for name, entry in record.items()}
    series = sorted(
        (entry for name, entry in known.items() if name.rpartition("-")[2].isdigit()),
        key=lambda entry: (label(entry), entry.realisations),
    )
    fill(PAGE, "sizes", sizes(series))
    draw(series)
    for system in SCHEMES:
        own = [entry for entry in series if label(entry) == system]
        own += [known[MILLION]] if system == "hybrid" and MILLION in known else []
        # a difference of small campaigns is that of two starts of Python
        if len(own) > 1 and own[-1].realisations >= LARGE:
            fill(PAGE, f"model {system}", model(own[0], own[-1]))
    if MILLION in known:
        fill(PAGE, MILLION, goals(known[MILLION]))


if __name__ == "__main__":
    main()
