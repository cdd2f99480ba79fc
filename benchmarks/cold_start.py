"""What it takes to start: a run of two draws by each system's default solver, ``isaclib --help``, ``import isaclib``.

OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/cold_start.py

Every call is a process of its own, as a job of the workflow is; kernels are compiled and files read before. Wall and
processor seconds, the least of `--repeats`: what the disk and other work on the machine add is theirs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipeline import ROOT, timed

CAMPAIGN = """\
campaign: start-{system}
title: Two draws
system: {system}
seed: 1
grid: {{power_dbm: [30]}}
schemes: [{scheme}]
realisations: {{quick: 2, paper: 2}}
"""

SCHEMES = {"hybrid": "speb-min-hbf", "modular": "hybrid-beamforming", "stars": "joint-design"}


def run_of(system: str, folder: Path) -> Path:
    """Let the workflow execute a campaign of two draws; return its only run."""
    campaign = folder / f"start-{system}.yaml"
    campaign.write_text(CAMPAIGN.format(system=system, scheme=SCHEMES[system]))
    snakemake = [sys.executable, "-m", "snakemake", "--cores", "1", "--nolock", "--quiet", "all", "--config"]
    subprocess.run([*snakemake, f"results={folder / 'results'}", f"campaigns=[{campaign}]"], cwd=ROOT, check=True)
    (run,) = (folder / "results" / campaign.stem / "runs").glob("*.nc")
    return run


def start(run: Path) -> list[float]:
    """Execute a run anew."""
    run.unlink()
    run.with_suffix(".json").unlink()
    return timed([sys.executable, "-m", "isaclib", "workflow", "run", str(run)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="isaclib-start-"))
    calls: dict[str, Callable[[], list[float]]] = {
        "python -c pass": lambda: timed([sys.executable, "-c", "pass"]),
        "import isaclib": lambda: timed([sys.executable, "-c", "import isaclib"]),
        "isaclib --help": lambda: timed([sys.executable, "-m", "isaclib", "--help"]),
    }
    for system in SCHEMES:
        calls[f"a run of {system}, {SCHEMES[system]}"] = partial(start, run_of(system, folder))
    print("| | wall, s | processor, s |\n| --- | --- | --- |")
    for name, call in calls.items():
        walls, processor = zip(*(call() for _ in range(arguments.repeats)), strict=True)
        print(f"| {name} | {min(walls):.2f} | {min(processor):.2f} |", flush=True)


if __name__ == "__main__":
    main()
