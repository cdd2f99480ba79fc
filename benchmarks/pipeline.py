"""Time and memory of the workflow, step by step; its overhead: wall x cores / (sum of the runs' process seconds) - 1.

python benchmarks/pipeline.py --effort paper --cores 2 --campaigns hybrid-fig3 hybrid-fig4

Runs the workflow into an empty folder. The process seconds of a run are the wall time of its
process, start of Python included, as Snakemake's benchmark files have them; everything else
(planning, Snakemake, waiting for the last run, gathering, summaries, figures) is overhead.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]

RULES = ("plan", "run", "gather", "summarise", "figure", "claims", "account")

CURVE = """
import time, isaclib, xarray, netCDF4, dask.array
began = time.perf_counter()
campaign = isaclib.open_campaign({folder!r})
name = next(str(n) for n, v in campaign.data_vars.items() if v.dtype.kind == "f" and v.dims == campaign["status"].dims)
values = campaign[name].isel(scheme=-1).values
print(time.perf_counter() - began)
"""


@dataclass(frozen=True)
class Measured:
    """One run of the workflow.

    Parameters
    ----------
    campaigns : list of str
        Names.
    realisations, designs : int
        Draws of the longest curve, and designs of all.
    cores : int
        Given to Snakemake.
    wall, cpu : float
        Seconds from its start to its end, and processor seconds of all processes together.
    memory_mb : float
        Largest resident memory of all processes together, looked at twice a second; what they
        share counts for each.
    rules : dict
        Rule to ``jobs``, ``seconds`` of their processes, ``cpu`` seconds of them, ``memory_mb`` of the largest.
    parse, status, curve : list of float
        Wall and processor seconds of a dry run when all is there, of `isaclib status`, and of reading
        one curve in a process that has imported xarray and dask.
    files, plan_bytes, sidecar_bytes, run_bytes, dataset_bytes : int
        What lies in the folders of results.
    """

    campaigns: list[str]
    realisations: int
    designs: int
    cores: int
    wall: float
    cpu: float
    memory_mb: float
    rules: dict[str, dict[str, float]]
    parse: list[float]
    status: list[float]
    curve: list[float]
    files: int
    plan_bytes: int
    sidecar_bytes: int
    run_bytes: int
    dataset_bytes: int

    @property
    def jobs(self) -> int:
        """Jobs of Snakemake, the local rule that marks a campaign as complete not counted."""
        return int(sum(rule["jobs"] for rule in self.rules.values()))

    @property
    def overhead(self) -> float:
        """Core time not spent in runs, over that spent in them."""
        return self.wall * self.cores / self.rules["run"]["seconds"] - 1.0


def measure(campaigns: list[str], results: Path, *, effort: str = "quick", cores: int = 2) -> Measured:
    """Run campaigns into an empty folder and measure what it takes.

    Parameters
    ----------
    campaigns : list of str
        Names of config/campaigns, or paths.
    results : path
        Folder of the results; has to be empty.
    effort : str
        Number of realisations.
    cores : int
        For Snakemake.
    """
    chosen = ["--config", f"results={results}", f"effort={effort}", f"campaigns=[{','.join(campaigns)}]"]
    snakemake = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--nolock", "--quiet", "all"]
    with _Memory() as memory:
        wall, cpu = timed([*snakemake, *chosen])
    roots = [results / Path(name).stem for name in campaigns]
    sidecars = [json.loads(path.read_bytes()) for root in roots for path in root.glob("runs/*.json")]
    files = [path.stem if path.suffix else path for path in map(Path, campaigns)]
    asked = [str(Path(name)) if Path(name).suffix else f"config/campaigns/{name}.yaml" for name in campaigns]
    status = [[sys.executable, "-m", "isaclib", "status", name, "--effort", effort] for name in asked]
    return Measured(
        campaigns=[str(name) for name in files],
        realisations=max(stop for sidecar in sidecars for _, _, stop in sidecar["cells"]),
        designs=sum(stop - start for s in sidecars if s["designs"] for _, start, stop in s["cells"]),
        cores=cores,
        wall=wall,
        cpu=cpu,
        memory_mb=memory.most / 1e6,
        rules={rule: _rule(roots, rule, sidecars) for rule in RULES},
        parse=timed([*snakemake, "--dry-run", *chosen]),
        status=timed([*status[0], "--results", str(results)]),
        curve=timed([sys.executable, "-c", CURVE.format(folder=str(roots[0]))], said=True),
        files=sum(path.is_file() for root in roots for path in root.rglob("*")),
        plan_bytes=_bytes(roots, "plan/*/*.json"),
        sidecar_bytes=_bytes(roots, "runs/*.json"),
        run_bytes=_bytes(roots, "runs/*.nc"),
        dataset_bytes=_bytes(roots, "campaign.nc"),
    )


def timed(command: list[str], *, said: bool = False) -> list[float]:
    """Run a command in the repository; return wall seconds (those it prints, if `said`) and processor seconds."""
    before, began = _cpu(), time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    wall = time.perf_counter() - began
    return [float(done.stdout) if said else wall, _cpu() - before]


def rows(files: list[Path]) -> list[dict[str, str]]:
    """First row of each benchmark file."""
    found = []
    for path in files:
        with path.open() as file:
            found.append(next(csv.DictReader(file, delimiter="\t")))
    return found


def table(measured: Measured) -> str:
    """Return what every rule took, and the overhead, as Markdown."""
    lines = ["| rule | jobs | seconds | largest memory, MB |", "| --- | --- | --- | --- |"]
    for rule, spent in measured.rules.items():
        if spent["jobs"]:
            lines.append(f"| {rule} | {spent['jobs']:.0f} | {spent['seconds']:.0f} | {spent['memory_mb']:.0f} |")
    lines += ["", f"{measured.wall:.0f} s on {measured.cores} cores; overhead {measured.overhead:.1%}"]
    return "\n".join(lines)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rule(roots: list[Path], rule: str, sidecars: list[dict]) -> dict[str, float]:
    # of every campaign, or one for all
    files = [
        *(path for root in roots for path in root.glob(f"benchmarks/{rule}*.tsv")),
        *roots[0].parent.glob(f"{rule}.tsv"),
    ]
    jobs = rows(sorted(files))

    def numbers(column: str) -> list[float]:
        # a process that ends at once leaves no sample of its memory
        return [float(job[column]) for job in jobs if job[column] not in ("-", "NA")]

    memory = [sidecar["peak_memory_mb"] for sidecar in sidecars] if rule == "run" else numbers("max_rss")
    return {
        "jobs": len(jobs),
        "seconds": sum(numbers("s")),
        "memory_mb": max(memory, default=float("nan")),
    }


def _bytes(roots: list[Path], pattern: str) -> int:
    return sum(path.stat().st_size for root in roots for path in root.glob(pattern))


class _Memory:
    """The largest resident memory of all processes that this one has started."""

    def __enter__(self) -> _Memory:
        self.most, self._over = 0, threading.Event()
        self._watch = threading.Thread(target=self._watching, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._watch.join()

    def _watching(self) -> None:
        while not self._over.wait(0.5):
            total = 0
            for process in psutil.Process(os.getpid()).children(recursive=True):
                try:
                    total += process.memory_info().rss
                # it has ended since
                except psutil.Error:
                    continue
            self.most = max(self.most, total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", nargs="+", default=["hybrid-fig2", "hybrid-fig3", "hybrid-fig4", "hybrid-fig5"])
    parser.add_argument("--effort", default="quick", choices=["quick", "paper"])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--results", type=Path, help="an empty folder; default: a temporary one")
    arguments = parser.parse_args()
    results = arguments.results or Path(tempfile.mkdtemp(prefix="isaclib-pipeline-"))
    print(f"{', '.join(arguments.campaigns)}; {arguments.effort} effort", flush=True)
    print(table(measure(arguments.campaigns, results, effort=arguments.effort, cores=arguments.cores)))


if __name__ == "__main__":
    main()
