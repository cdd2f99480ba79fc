"""Faults that break something real, each followed by data equal to those of an undisturbed campaign."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import time
from dataclasses import fields, replace

import netCDF4
import numpy as np
import pytest

import isaclib
from isaclib.campaign import gather as gathering
from isaclib.campaign.reading import load
from isaclib.systems.base import Status

TARGET = "results/small/campaign.nc"

READ_ONLY = "config/config.yaml: results: 'results': expected a folder that can be written ("


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Where the finished campaign of this module lies, once a test has built it."""
    return tmp_path_factory.mktemp("shelf") / "finished"


@pytest.fixture
def finished(workshop, shelf):
    """A copy of a finished campaign, to be broken."""
    work = workshop("broken")
    if not shelf.exists():
        built = replace(work, folder=shelf)
        built.write()
        built.build()
    shutil.rmtree(work.folder)
    # times too: they tell Snakemake what is done
    shutil.copytree(shelf, work.folder)
    return work


@pytest.fixture
def disk(workshop):
    """Return a function that mounts a disk at the results of a new working directory."""
    mounted = []

    def make(options: str):
        work = workshop("disk")
        folder = work.folder / "results"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
        mounted.append(folder)
        return work

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def begin(work) -> subprocess.Popen:
    return subprocess.Popen(
        work.command(TARGET),
        env=work.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=work.folder,
        text=True,
    )


def lines_with(text: str, output: str) -> list[str]:
    return [line for line in output.splitlines() if text in line]


def test_a_killed_gather_leaves_nothing_half(finished, monkeypatch):
    there = finished.data()
    (finished.results / "campaign.nc").unlink()
    # at the worst moment: everything is written, nothing has its name
    monkeypatch.setattr("isaclib.campaign.writing.publish", lambda *paths: os.kill(os.getpid(), signal.SIGKILL))
    runs = [path.stem for path in finished.results.glob("runs/*.nc")]
    arguments = (finished.results, load(finished.file), runs, finished.results / "campaign.nc")
    process = multiprocessing.get_context("fork").Process(target=gathering.gather, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert len(list(finished.results.glob(".campaign.nc.*.part"))) == 1
    assert not (finished.results / "campaign.nc").exists()
    assert finished.build() == {}
    assert finished.data() == there


def test_damaged_foreign_and_older_files_are_not_taken_for_runs(finished):
    # a run for each kind of damage
    finished.write(schemes=["sensing-only-fdbf", "sensing-only-hbf", "communication-only-fdbf"])
    finished.build()
    there = finished.data()
    folder = finished.results / "runs"
    cut, flipped, older = sorted(folder.glob("*.nc"))
    content = cut.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 1
    flipped.write_bytes(content)
    with netCDF4.Dataset(older, "a") as file:
        file.schema_version = np.int32(0)
    sidecar = json.loads(older.with_suffix(".json").read_text())
    older.with_suffix(".json").write_text(json.dumps({**sidecar, "schema": 0}))
    foreign = [folder / "notes.txt", folder / "mine.nc", folder / "table.json"]
    for path in foreign:
        path.write_text("[1, 2]")
    # somebody else's, under a run's name
    stranger = folder / f"{older.stem[::-1]}.nc"
    with netCDF4.Dataset(stranger, "w") as file:
        file.title = "something else"
    wrong = {
        f"{cut.stem}.nc: {cut.stat().st_size} bytes: expected ",
        f"{flipped.stem}.nc: damaged: its SHA-256 is not the one recorded when it was written",
        f"{older.stem}.json: not a sidecar of this version (ValueError: schema = 0: expected 1)",
        f"{stranger.stem}.json: missing: expected the sidecar that every finished run has",
    }

    done = finished.snakemake(TARGET)
    assert done.returncode != 0
    assert [line for line in wrong if lines_with(line, done.stderr)]
    assert not (finished.results / "campaign.nc").exists()
    verified = finished.isaclib("verify", str(finished.file))
    assert verified.returncode == 1
    for line in wrong:
        assert len(lines_with(f"results/small/runs/{line}", verified.stderr)) == 1
    assert len(verified.stderr.splitlines()) == len(wrong)
    assert all(path.exists() for path in foreign)
    assert set(finished.build(target="all")) == {run.stem for run in (cut, flipped, older)}
    assert finished.data() == there
    assert finished.isaclib("verify", str(finished.file)).returncode == 0


def test_two_workflows_at_once(finished, workshop):
    work = workshop("twice")
    both = [begin(work), begin(work)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert sorted(process.returncode == 0 for process in both) == [False, True]
    refused = said[both[0].returncode == 0]
    assert len(lines_with("Directory cannot be locked", refused)) == 1
    assert "Traceback" not in refused
    assert work.data() == finished.data()


def test_a_file_edited_while_it_runs(finished, workshop):
    work = workshop("edited")
    process = begin(work)
    while process.poll() is None and not list(work.results.glob("plan/*/000.json")):
        time.sleep(0.01)
    work.write(realisations=90)
    said = process.communicate(timeout=120)[1]
    assert process.returncode != 0
    line = "config/campaigns/small.yaml: changed while the workflow was running: start it again"
    assert len({text.strip() for text in lines_with(line, said)}) == 1
    assert "Traceback" not in said
    assert not (work.results / "campaign.nc").exists()
    # what was solved counts for what the file says now
    work.write(realisations=finished.content["realisations"])
    assert work.build() == {}
    assert work.data() == finished.data()


def test_results_that_cannot_be_written_are_one_line(disk):
    work = disk("size=1m,ro")
    done = work.snakemake(TARGET)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith(READ_ONLY)
    assert "Traceback" not in done.stderr
    assert list((work.folder / "results").iterdir()) == []


def test_a_full_disk_loses_nothing(disk, finished):
    # room for the plan, not for the run
    work = disk("size=64k")
    done = work.snakemake(TARGET)
    assert done.returncode != 0
    assert lines_with("cannot be written: ", done.stderr)
    assert "Traceback" not in done.stderr
    assert list(work.results.glob("runs/*.nc")) == []
    subprocess.run(["mount", "-o", "remount,size=16m", str(work.folder / "results")], check=True)
    assert len(work.build()) == 1
    assert work.data() == finished.data()


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("hybrid", "speb-min-fdbf"), ("modular", "fully-digital"), ("stars", "random-deployment")],
)
def test_not_a_number_from_a_solver_is_a_failed_draw(name, scheme):
    system = isaclib.get_system(name)
    scenario = system.draw(system.Parameters(), seed=7, start=0, stop=4)
    design = system.design(scenario, scheme=scheme)
    good = system.evaluate(scenario, design)
    arrays = {f.name: np.array(getattr(design, f.name)) for f in fields(design) if f.name in system.kept}
    for values in arrays.values():
        if values.dtype.kind in "fc":
            values[1] = np.nan
    found = system.evaluate(scenario, replace(design, **arrays))
    assert found["status"].values[1] == Status.FAILED
    for metric in good.data_vars:
        np.testing.assert_array_equal(np.delete(found[metric].values, 1, 0), np.delete(good[metric].values, 1, 0))
