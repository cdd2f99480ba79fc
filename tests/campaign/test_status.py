"""How far a campaign is."""

from __future__ import annotations

import json
import os

import pytest

from isaclib.campaign.plan import make_plan
from isaclib.campaign.progress import mark_path
from isaclib.campaign.run import execute
from isaclib.campaign.status import status


@pytest.fixture
def planned(campaign, tmp_path):
    """A campaign of three runs, planned."""
    spec = campaign(schemes="[plain, {scheme: plain, solver: slow, label: one, realisations: 4}]")
    root = tmp_path / "results"
    plan = make_plan(spec, root, run_seconds=4.0)
    plan.write(root / "plan" / spec.digest / "000.json")
    return spec, root, plan


def test_before_anything_there_is_no_plan(campaign, tmp_path):
    spec = campaign()
    found = status(tmp_path / "results", spec)
    assert not found.planned
    assert str(found).splitlines()[0] == "tiny-1 (quick): not planned yet"
    assert found.curves[0].wanted == 200


def test_runs_under_way_dead_and_to_come(planned, tiny):
    spec, root, plan = planned
    slow = [run for run in plan.runs if run.solver == "slow"]
    assert len(slow) == 2
    (direct,) = [run for run in plan.runs if run.solver == "direct"]
    tiny.bad = {99}
    execute(direct, root / "runs" / f"{direct.id}.nc", progress=False)
    for run, done in zip(slow, (3, 1), strict=True):
        mark = {"done": done, "total": 4, "seconds": 3.0, "error": ""}
        mark_path(root / "runs" / f"{run.id}.nc").write_text(json.dumps(mark))
    found = status(root, spec)
    assert (found.done, found.running, found.failed, found.waiting) == (1, 2, 0, 0)
    paced = sum(run.seconds * (4 - done) / 4 for run, done in zip(slow, (3, 1), strict=True))
    measured = json.loads((root / "runs" / f"{direct.id}.json").read_text())["seconds"]
    assert found.seconds_left == pytest.approx(paced * measured / direct.seconds)
    assert found.minutes_left == pytest.approx(found.seconds_left / 120)
    assert found.failed_draw.endswith("realisation 99: FloatingPointError: singular matrix at 99, second line")
    os.utime(mark_path(root / "runs" / f"{slow[0].id}.nc"), (0, 0))
    found = status(root, spec)
    assert (found.done, found.running, found.failed, found.waiting) == (1, 1, 1, 0)
    assert found.failure.startswith(f"{slow[0].id}: killed after 3 of 4 realisations (log: ")
    lines = str(found).splitlines()
    assert lines[0].startswith("tiny-1 (quick): 1 of 3 runs done, 1 running, 1 failed; ")
    counts = found.curves[0].counts
    assert (
        lines[1].split()
        == f"plain 200/200 {counts['optimal']} optimal, {counts['infeasible']} infeasible, 2 failed".split()
    )


def test_a_job_that_died_before_it_began_speaks_through_its_log(planned):
    spec, root, plan = planned
    run = plan.runs[0]
    (root / "logs").mkdir()
    (root / "logs" / f"run-{run.id}.log").write_text("Traceback\nMemoryError: no room\n\n")
    found = status(root, spec)
    assert (found.failed, found.waiting) == (1, 2)
    assert found.failure.startswith(f"{run.id}: MemoryError: no room (log: ")


def test_what_other_campaigns_left_does_not_count(planned, campaign):
    _spec, root, plan = planned
    (direct,) = [run for run in plan.runs if run.solver == "direct"]
    execute(direct, root / "runs" / f"{direct.id}.nc", progress=False)
    other = campaign(seed="8")
    assert status(root, other).curves[0].done == 0
    smaller = campaign(realisations="80")
    make_plan(smaller, root).write(root / "plan" / smaller.digest / "000.json")
    found = status(root, smaller)
    assert (found.done, found.waiting) == (1, 0)
    assert (found.curves[0].done, found.curves[0].wanted) == (160, 160)


def test_what_two_runs_hold_counts_once(campaign, tmp_path):
    for keys in ({"realisations": "10"}, {"realisations": "64"}, {"realisations": "64", "store": "[beamformers]"}):
        spec = campaign(**keys)
        for run in make_plan(spec, tmp_path).runs:
            execute(run, tmp_path / "runs" / f"{run.id}.nc", progress=False)
    (curve,) = status(tmp_path, spec).curves
    assert (curve.done, curve.wanted, sum(curve.counts.values())) == (128, 128, 128)
