"""Bad luck: killed runs, a killed workflow."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SLOW = {"schemes": ["sensing-only-fdbf"], "estimators": {"music": {"trials": 8}}, "realisations": 256}


def start(work) -> subprocess.Popen:
    """Start the workflow and return as soon as one of its runs is under way."""
    began = time.time()
    process = subprocess.Popen(
        work.command(), env=work.environment, stderr=subprocess.DEVNULL, cwd=work.folder, start_new_session=True
    )
    while process.poll() is None and time.time() < began + 120:
        # a run keeps a hidden file of its progress beside its result, and removes it in the end
        with contextlib.suppress(FileNotFoundError):
            if any(mark.stat().st_mtime > began for mark in work.results.glob("runs/.*")):
                return process
        time.sleep(0.01)
    raise AssertionError("no run was seen under way")


def jobs_of(work) -> list[int]:
    """Process ids of the runs of one working directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"workflow" in words and b"run" in words and (entry / "cwd").resolve() == work.folder:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def resume(work, *arguments: str) -> subprocess.CompletedProcess:
    """Call `make resume` in a working directory."""
    settings = {"READY": "", "BIN": Path(sys.executable).parent, "SNAKEMAKE": shlex.join(work.command(*arguments))}
    return work.call(
        ["make", "--file", str(ROOT / "Makefile"), "resume", *(f"{key}={value}" for key, value in settings.items())]
    )


@pytest.fixture
def undisturbed(workshop):
    work = workshop("undisturbed", **SLOW)
    work.build()
    return work.data()


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="finds processes by /proc")
def test_killed_runs_and_workflow_give_the_same_data(workshop, undisturbed):
    work = workshop("killed", **SLOW)

    # the runs alone: the workflow says so and ends; no half file is left
    process = start(work)
    for job in jobs_of(work):
        os.kill(job, signal.SIGKILL)
    assert process.wait(timeout=120) != 0
    assert not (work.results / "campaign.nc").exists()

    # the workflow with some of its runs: the others go on
    process = start(work)
    for job in (process.pid, *jobs_of(work)[::2]):
        os.kill(job, signal.SIGKILL)
    assert process.wait(timeout=120) == -signal.SIGKILL
    assert not (work.results / "campaign.nc").exists()

    # one that is alive keeps its lock and is not disturbed
    assert resume(work, "--until", "plan").returncode == 0
    process = start(work)
    locks = sorted((work.folder / ".snakemake" / "locks").iterdir())
    refused = resume(work)
    assert refused.returncode != 0
    assert f"process {process.pid} of " in refused.stderr.splitlines()[0]
    assert process.poll() is None
    assert sorted((work.folder / ".snakemake" / "locks").iterdir()) == locks
    assert process.wait(timeout=120) == 0
    assert work.data() == undisturbed
    assert list(work.results.rglob("*.part")) == list(work.results.rglob("*.progress")) == []
