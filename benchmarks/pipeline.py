"""Overhead of the pipeline: wall x cores / (sum of the runs' process seconds) - 1.

python benchmarks/pipeline.py --effort paper --cores 2 --campaigns hybrid-fig3 hybrid-fig4

Runs the workflow into an empty folder. The process seconds of a run are the wall time of its
process, start of Python included, as Snakemake's benchmark files have them; everything else
(planning, Snakemake, waiting for the last run, gathering, summaries, figures) is overhead.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def rows(files: list[Path]) -> list[dict[str, str]]:
    """First row of each benchmark file."""
    found = []
    for path in files:
        with path.open() as file:
            found.append(next(csv.DictReader(file, delimiter="\t")))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", nargs="+", default=["hybrid-fig2", "hybrid-fig3", "hybrid-fig4", "hybrid-fig5"])
    parser.add_argument("--effort", default="quick", choices=["quick", "paper"])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--results", type=Path, help="an empty folder; default: a temporary one")
    arguments = parser.parse_args()

    results = arguments.results or Path(tempfile.mkdtemp(prefix="isaclib-pipeline-"))
    command = [sys.executable, "-m", "snakemake", "--cores", str(arguments.cores), "--quiet", "all", "--nolock"]
    command += [
        "--config",
        f"results={results}",
        f"effort={arguments.effort}",
        f"campaigns=[{','.join(arguments.campaigns)}]",
    ]
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True)
    wall = time.perf_counter() - began

    print(f"{', '.join(arguments.campaigns)}; {arguments.effort} effort, {arguments.cores} cores: {wall:.0f} s")
    print(f"{'rule':>10} {'jobs':>5} {'seconds':>9} {'largest MB':>11}")
    spent = {}
    for rule in ("plan", "run", "gather", "summarise", "figure"):
        jobs = rows(sorted(results.glob(f"*/benchmarks/{rule}*.tsv")))
        spent[rule] = sum(float(job["s"]) for job in jobs)
        # too short a job leaves no memory figure
        memory = max((float(job["max_rss"]) for job in jobs if job["max_rss"] not in ("-", "NA")), default=float("nan"))
        print(f"{rule:>10} {len(jobs):5d} {spent[rule]:9.1f} {memory:11.0f}")
    print(f"overhead: {wall * arguments.cores / spent['run'] - 1:.1%}")


if __name__ == "__main__":
    main()
