"""The workflow on a real Slurm of two nodes, started for these tests: the same data as on one machine."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from isaclib.campaign.resources import memory_mb, minutes

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# status checks are what a small campaign waits for: sooner than on a cluster that is shared with others
PROFILE = ("--profile", str(ROOT / "workflow/profiles/slurm"), "--slurm-init-seconds-before-status-checks", "10")

missing = [tool for tool in ("munged", "slurmctld", "slurmd") if not shutil.which(tool, path=f"{os.defpath}:/usr/sbin")]
if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
    missing.append("snakemake-executor-plugin-slurm")
if not Path("/proc/self/cwd").exists():
    missing.append("/proc")
pytestmark = pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)}: not here (see tests/cluster/README.md)")


def beside(name: str):
    """Load a module of the tests of the workflow."""
    spec = importlib.util.spec_from_file_location(f"cluster_{name}", ROOT / "tests" / "workflow" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


Workshop = beside("conftest").Workshop
jobs_of = beside("test_recovery").jobs_of


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def cluster():
    """Start a Slurm; every command that is started meanwhile finds it."""
    # the socket of munge must have a short path
    folder = tempfile.mkdtemp(prefix="slurm-")
    with pytest.MonkeyPatch.context() as patch:
        try:
            started = subprocess.run(
                [HERE / "start.sh", folder, str(free_port())], capture_output=True, text=True, timeout=120
            )
            assert started.returncode == 0, started.stderr
            for setting in shlex.split(started.stdout.splitlines()[-1])[1:]:
                name, value = setting.split("=", 1)
                patch.setenv(name, value.replace("$PATH", os.environ["PATH"]))
            yield Path(folder)
        finally:
            subprocess.run([HERE / "stop.sh", folder], timeout=120)
            shutil.rmtree(folder)


def queue(field: str, states: str = "all") -> list[str]:
    """Ask for every job that the cluster remembers, ended ones included."""
    command = ["squeue", "--noheader", f"--states={states}", f"--Format={field}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.split()


def minutes_of(limit: str) -> int:
    """Read a time as Slurm writes it: [hours:]minutes:seconds."""
    hours, minutes, _ = [0, *map(int, limit.split(":"))][-3:]
    return 60 * hours + minutes


def environment_of(process: int) -> dict[str, str]:
    """Environment of a process: Slurm names its job and its node there."""
    words = Path(f"/proc/{process}/environ").read_text().split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)


class Job(NamedTuple):
    """A run under way: its process, its name in the queue, its number on the node."""

    process: int
    task: str
    number: str


def switch_off(node: str, folder: Path, job: Job) -> None:
    """Let a node go without a word: its daemon first, then what watches its job, then the job."""
    os.kill(int((folder / "run" / f"slurmd-{node}.pid").read_text()), signal.SIGKILL)
    watching, working = [], []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            title = (entry / "cmdline").read_bytes().decode(errors="replace")
            if title.startswith(f"slurmstepd: [{job.number}."):
                watching.append(int(entry.name))
            elif "SLURMD_NODENAME=" + node in (entry / "environ").read_text().split("\0"):
                working.append(int(entry.name))
    for process in watching + working:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def disturb(work: Workshop, driver: subprocess.Popen, folder: Path) -> str:
    """Hold all four runs, so that none ends before its turn; do something else to each; return which lost its node."""
    held: set[int] = set()
    deadline = time.time() + 240
    while len(held) < 4 and driver.poll() is None and time.time() < deadline:
        for process in set(jobs_of(work)) - held:
            os.kill(process, signal.SIGSTOP)
            held.add(process)
        time.sleep(0.01)
    assert len(held) == 4
    assert len({task.split("_")[0] for task in queue("JobArrayID", "running")}) == 1  # one array
    on: dict[str, list[Job]] = {"n1": [], "n2": []}
    for process in held:
        environment = environment_of(process)
        task = f"{environment['SLURM_ARRAY_JOB_ID']}_{environment['SLURM_ARRAY_TASK_ID']}"
        on[environment["SLURMD_NODENAME"]].append(Job(process, task, environment["SLURM_JOB_ID"]))
    (cancelled, lost), (killed, slow) = on["n1"], on["n2"]

    # a minute is the shortest limit that Slurm knows
    subprocess.run(["scontrol", "update", f"jobid={slow.task}", "timelimit=1"], check=True, timeout=30)
    os.kill(killed.process, signal.SIGKILL)
    subprocess.run(["scancel", cancelled.task], check=True, timeout=30)
    while cancelled.task in queue("JobArrayID", "running,completing") and time.time() < deadline:
        time.sleep(0.1)
    switch_off("n1", folder, lost)
    return lost.task


def test_a_cluster_gives_the_same_data_whatever_happens_to_its_jobs(cluster, tmp_path):
    local, work = Workshop(tmp_path / "local"), Workshop(tmp_path / "cluster")
    for folder in (local, work):
        folder.write(
            schemes=["sensing-only-fdbf", "sensing-only-hbf", "communication-only-fdbf", "communication-only-hbf"]
        )
    driver = subprocess.Popen(
        work.command(f"results/{work.results.name}/campaign.nc", *PROFILE),
        env=work.environment,
        cwd=work.folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        lost = disturb(work, driver, cluster)
        local.build()
        assert driver.wait(timeout=480) == 0
    finally:
        driver.kill()
    assert work.data() == local.data()
    # kernels, plan, gather, the run that lost its node, and three runs once more
    assert Counter(queue("State")) == {"COMPLETED": 7, "FAILED": 1, "CANCELLED": 1, "TIMEOUT": 1}
    assert dict(zip(queue("JobArrayID"), queue("RestartCnt"), strict=True))[lost] == "1"
    (plan,) = (json.loads(path.read_text()) for path in work.results.glob("plan/*/*.json"))
    first, again = ((minutes(plan["runs"].values(), k), memory_mb(plan["runs"].values(), k)) for k in (1, 2))
    assert Counter(map(minutes_of, queue("TimeLimit"))) == Counter([30, 30, 120, 1, *[first[0]] * 3, *[again[0]] * 3])
    # an array asks for a few megabytes more, for its own list
    asked = sorted(int(memory[:-1]) for memory in queue("MinMemory"))
    assert asked == pytest.approx(sorted([2000, 2000, 2000, *[first[1]] * 4, *[again[1]] * 3]), abs=3)
