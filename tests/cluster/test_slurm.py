"""The workflow on a real Slurm of two nodes, started for these tests: the same data as on one machine."""

from __future__ import annotations

import importlib.util
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

import pytest

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
            yield
        finally:
            subprocess.run([HERE / "stop.sh", folder], timeout=120)
            shutil.rmtree(folder)


def queue(wanted: str, states: str = "--states=all") -> list[str]:
    """Ask for every job that the cluster remembers, ended ones included."""
    command = ["squeue", "--noheader", states, f"--format={wanted}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.split()


def disturb(work: Workshop, driver: subprocess.Popen) -> None:
    """Hold all three runs, so that none ends before its turn; cancel one, kill one, let one go."""
    held: set[int] = set()
    deadline = time.time() + 240
    while len(held) < 3 and driver.poll() is None and time.time() < deadline:
        for job in set(jobs_of(work)) - held:
            os.kill(job, signal.SIGSTOP)
            held.add(job)
        time.sleep(0.01)
    assert len(held) == 3
    tasks = queue("%i", "--states=running")
    assert len({task.split("_")[0] for task in tasks}) == 1  # one array
    assert set(queue("%N", "--states=running")) == {"n1", "n2"}

    subprocess.run(["scancel", tasks[0]], check=True, timeout=30)
    while held <= set(jobs_of(work)) and time.time() < deadline:
        time.sleep(0.1)
    killed, undisturbed = held & set(jobs_of(work))
    os.kill(killed, signal.SIGKILL)
    os.kill(undisturbed, signal.SIGCONT)


def test_a_cluster_gives_the_same_data_through_a_killed_and_a_cancelled_job(cluster, tmp_path):
    local, work = Workshop(tmp_path / "local"), Workshop(tmp_path / "cluster")
    for folder in (local, work):
        folder.write(schemes=["sensing-only-fdbf", "sensing-only-hbf", "communication-only-fdbf"])
    driver = subprocess.Popen(
        work.command(f"results/{work.results.name}/campaign.nc", *PROFILE),
        env=work.environment,
        cwd=work.folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        disturb(work, driver)
        local.build()
        assert driver.wait(timeout=240) == 0
    finally:
        driver.kill()
    assert work.data() == local.data()
    # plan, gather, three runs, and two of them again with more time and memory
    assert Counter(queue("%T")) == {"COMPLETED": 5, "FAILED": 1, "CANCELLED": 1}
    assert Counter(queue("%l")) == {"30:00": 1, "1:00:00": 3, "2:00:00": 3}
    # an array asks for another megabyte for its own list
    assert Counter(int(memory[:-1]) // 1000 for memory in queue("%m")) == {1: 3, 2: 4}
