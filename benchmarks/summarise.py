"""Seconds and memory of the statistics of a campaign: from its file by threads, and all of it in memory.

python benchmarks/summarise.py --megabytes 300

Writes a synthetic campaign.nc of three metrics, and summarises it in a process of its own for each
row. Memory is the largest resident set above that of the process with everything imported. The
digest is over every number of the result: equal digests are equal results, to the last bit.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dask
import netCDF4
import numpy as np
import xarray as xr

import isaclib
from isaclib.campaign.gather import SCHEMA
from isaclib.campaign.netcdf import CHUNK_BYTES
from isaclib.systems.base import Status

METRICS = ("peb_m", "rate_bps_hz", "gap")


def write(path: Path, schemes: int, points: int, realisations: int) -> None:
    """Write draws of a log-normal law, a tenth of them infeasible, a point at a time."""
    rng = np.random.default_rng(1)
    dims = {"scheme": schemes, "power_dbm": points, "realisation": realisations}
    with netCDF4.Dataset(path, "w") as out:
        out.setncatts({"schema_version": np.int32(SCHEMA), "complete": "yes", "campaign": "synthetic"})
        for dim, size in dims.items():
            out.createDimension(dim, size)
            out.createVariable(dim, "i8", (dim,))[:] = np.arange(size)

        def create(name: str, kind: str, fill: float | bool) -> netCDF4.Variable:
            parts = -(-realisations * np.dtype(kind).itemsize // CHUNK_BYTES)
            chunks = (1, 1, -(-realisations // parts))
            return out.createVariable(name, kind, tuple(dims), fletcher32=True, chunksizes=chunks, fill_value=fill)

        status = create("status", "i1", False)
        metrics = [create(name, "f8", np.nan) for name in METRICS]
        for point in range(points):
            hard = rng.random(realisations) < 0.1
            status[:, point] = np.where(hard, Status.INFEASIBLE, Status.OPTIMAL)[None] + np.zeros((schemes, 1), int)
            for metric in metrics:
                values = np.exp(0.4 * rng.standard_normal((schemes, realisations)))
                metric[:, point] = np.where(hard, np.nan, values)


def resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def measure(path: Path, threads: int) -> None:
    """Print one row; 0 threads: the whole campaign is loaded first."""
    isaclib.summarise(xr.Dataset({"status": (("scheme", "realisation"), np.zeros((1, 2), np.int8))}).chunk())
    before, began = resident_mb(), time.perf_counter()
    if threads:
        with dask.config.set(scheduler="threads", num_workers=threads):
            found = isaclib.summarise(path)
    else:
        found = isaclib.summarise(isaclib.open_campaign(path).load())
    seconds, memory = time.perf_counter() - began, resident_mb() - before
    digest = hashlib.sha256(b"".join(found[name].values.tobytes() for name in sorted(map(str, found.data_vars))))
    what = f"threads: {threads}" if threads else "in memory"
    print(f"{what:>12} {seconds:8.1f} s {memory:8.0f} MB   {digest.hexdigest()[:16]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=300.0, help="of numbers in campaign.nc")
    parser.add_argument("--schemes", type=int, default=2)
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2, 0], help="rows; 0 is in memory")
    parser.add_argument("--measure", type=Path, help="summarise this file here, by the first of --threads")
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.threads[0])
        return

    draws = int(arguments.megabytes * 1e6 / (arguments.schemes * arguments.points * (8 * len(METRICS) + 1)))
    with tempfile.TemporaryDirectory(prefix="isaclib-summarise-") as folder:
        path = Path(folder) / "campaign.nc"
        write(path, arguments.schemes, arguments.points, draws)
        shape = f"{arguments.schemes} schemes x {arguments.points} points x {draws} realisations"
        print(f"{arguments.megabytes:.0f} MB in {len(METRICS)} metrics of {shape}", flush=True)
        for threads in arguments.threads:
            command = [sys.executable, __file__, "--measure", str(path), "--threads", str(threads)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
