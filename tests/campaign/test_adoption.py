"""What other campaigns have solved: taken over where it is the same, and nothing else."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace

import pytest

from isaclib.campaign.adoption import siblings, take_over
from isaclib.campaign.coverage import extended
from isaclib.campaign.dataset import NAME, open_campaign
from isaclib.campaign.gather import gather
from isaclib.campaign.plan import complete_marker, find_run, make_plan, plan_path
from isaclib.campaign.run import execute
from isaclib.campaign.sidecar import read_sidecar
from isaclib.campaign.verify import verify
from isaclib.cli.tables import print_plan
from isaclib.systems.streams import BLOCK

TWO = "[plain, {scheme: plain, label: twice, options: {scale: 2}}]"
SLOW = "[{scheme: plain, solver: slow}]"


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def build(results):
    """Return a function that plans a campaign, takes over, solves the rest and gathers."""

    def run(spec, name, folder=results):
        spec, root = replace(spec, name=name), folder / name
        plan = make_plan(spec, root, beside=siblings(root))
        plan.write(plan_path(root, spec.digest, 0))
        take_over(plan.adopted, root)
        for new in plan.runs:
            execute(new, root / "runs" / f"{new.id}.nc", progress=False)
        complete_marker(root, spec.digest).touch()
        sidecars = [read_sidecar(root / "runs" / f"{run}.nc") for run in plan.run_ids]
        gather(root, extended(spec, sidecars, plan.counts), plan.run_ids, root / NAME)
        return plan

    return run


def solved(plan):
    return sum(run.realisations for run in plan.runs)


def taken(plan):
    return sum(entry.realisations for entry in plan.adopted)


def test_what_another_campaign_solved_is_linked_and_not_solved_again(campaign, build, results, tiny, capsys):
    first = build(campaign(), "first")
    tiny.batches.clear()
    spec = campaign(grid="{power_dbm: [20, 30]}", realisations="130")
    second = build(spec, "second")
    # 100 of the 130 draws at the point that both have
    assert (taken(second), solved(second)) == (100, 30 + 130)
    print_plan(spec, second, cores=1)
    assert "100 realisations taken over from first\n" in capsys.readouterr().out
    ours, theirs = (results / name / "runs" / f"{first.runs[0].id}.nc" for name in ("second", "first"))
    assert ours.stat().st_ino == theirs.stat().st_ino
    assert not {entry.run.id for entry in second.adopted} & {run.id for run in second.runs}

    # the same data as alone, also when the first is gone
    build(spec, "second", results.parent / "alone")
    alone = open_campaign(results.parent / "alone" / "second")
    assert open_campaign(results / "second").identical(alone.assign_attrs(open_campaign(results / "second").attrs))
    shutil.rmtree(results / "first")
    assert verify(results / "second")[1] == []
    again = build(spec, "second")
    assert (solved(again), again.adopted) == (0, ())
    assert again.run_ids == second.run_ids

    # a third takes it from the second; who solved it stays told
    third = build(campaign(grid="{power_dbm: [20]}"), "third")
    (entry,) = third.adopted
    assert (entry.folder, entry.run.campaign, taken(third), solved(third)) == ("second", "first", 100, 0)


def test_a_run_taken_over_and_lost_is_made_again_without_the_other_campaign(campaign, build, results):
    build(campaign(), "first")
    second = build(campaign(), "second")
    shutil.rmtree(results / "first")
    (entry,) = second.adopted
    path = results / "second" / "runs" / f"{entry.run.id}.nc"
    before = path.read_bytes()
    path.write_bytes(before[:-1])
    assert len(verify(results / "second")[1]) == 1
    assert not path.exists()
    execute(find_run(results / "second", entry.run.id), path, progress=False)
    assert verify(results / "second")[1] == []


@pytest.mark.parametrize(
    "keys",
    [
        {"seed": "8"},
        {"parameters": "{users: 3}"},
        {"schemes": "[{scheme: plain, options: {scale: 2}}]"},
        {"schemes": SLOW},
        {"store": "[beamformers]"},
    ],
    ids=lambda keys: next(iter(keys)),
)
def test_another_seed_point_solver_or_less_than_is_stored_is_not_taken(campaign, build, keys):
    build(campaign(), "first")
    second = build(campaign(**keys), "second")
    assert (second.adopted, solved(second)) == ((), 200)


def test_kept_designs_serve_those_who_keep_none_and_estimators_of_both(campaign, build, tiny):
    keys = {"store": "[beamformers]", "realisations": "128"}
    build(campaign(**keys), "first")
    assert taken(build(campaign(), "bare")) == 200
    tiny.batches.clear()
    # designs come from the first, estimates are made of them here
    second = build(campaign(**keys, estimators="{echo: }"), "second")
    assert (taken(second), solved(second)) == (256, 256)
    assert [run.designs for run in second.runs] == [False] * len(second.runs)
    # but for the few that are timed
    assert all(stop - start < BLOCK for start, stop in tiny.batches)
    # both kinds of runs, in whatever order they are looked at
    third = build(campaign(**keys, estimators="{echo: }"), "third")
    assert {entry.run.designs for entry in third.adopted} == {True, False}
    assert solved(third) == 0


def test_estimates_alone_are_taken_where_the_designs_are_there(campaign, build, capsys):
    spec = campaign(estimators="{echo: }")
    build(campaign(), "second")
    build(campaign(), "first")
    build(spec, "first")
    second = build(spec, "second")
    assert (taken(second), solved(second)) == (200, 0)
    print_plan(spec, second, cores=1)
    assert "200 realisations of estimates taken over from first\n" in capsys.readouterr().out
    # another estimator's options: designs are shared, its estimates are not
    third = build(campaign(estimators="{echo: {trials: 5}}"), "third")
    assert (taken(third), [run.designs for run in third.runs]) == (200, [False])


def test_damaged_runs_of_another_campaign_are_not_taken(campaign, build, results):
    first = build(campaign(schemes=TWO), "first")
    # the bytes are as many as they were
    broken = results / "first" / "runs" / f"{first.runs[0].id}.nc"
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 0xFF
    broken.write_bytes(content)
    second = build(campaign(schemes=TWO), "second")
    assert [entry.run.id for entry in second.adopted] == [first.runs[1].id]
    assert solved(second) == 200
    # nor is what is no sidecar a reason not to plan
    for path in (results / "first" / "runs").glob("*.json"):
        path.write_text("[]")
    shutil.rmtree(results / "second")
    assert solved(build(campaign(schemes=TWO), "second")) == 400


def test_a_draw_stopped_by_a_lower_limit_is_solved_again(campaign, build, results):
    keys = {"schemes": SLOW, "realisations": "4", "grid": "{power_dbm: [10]}"}
    build(campaign(**keys, draw_seconds="30"), "first")
    (sidecar,) = (results / "first" / "runs").glob("*.json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "timeouts": 1}))
    for limit, expected in (("60", 0), ("30", 4), ("20", 4)):
        root = results / "second"
        plan = make_plan(campaign(**keys, draw_seconds=limit), root, beside=siblings(root))
        assert taken(plan) == expected, limit


def test_longer_runs_of_another_campaign_make_no_curve_longer(campaign, build, results):
    build(campaign(realisations="200"), "first")
    second = build(campaign(schemes=TWO), "second")
    assert taken(second) == 200
    data = open_campaign(results / "second")
    assert data.sizes["realisation"] == 100
    # its own larger effort does
    build(campaign("paper", schemes=TWO), "second")
    build(campaign(schemes=TWO), "second")
    assert open_campaign(results / "second").sizes["realisation"] == 200


def test_a_curve_with_a_precision_is_as_long_as_its_rounds_grew(campaign):
    asked = "{metric: peb_m, relative: 0.02, max_realisations: 1000}"
    spec = campaign(precision=asked)
    assert [curve.realisations for curve in extended(spec, [], {"plain": (100, 164)}).curves] == [164]


@pytest.mark.parametrize("reason", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_where_nothing_can_be_linked_files_are_copied(campaign, build, results, monkeypatch, reason):
    def refuse(source, target):
        raise OSError(reason, os.strerror(reason), source)

    build(campaign(), "first")
    monkeypatch.setattr(os, "link", refuse)
    second = build(campaign(), "second")
    assert (taken(second), solved(second)) == (200, 0)
    (path,) = (results / "second" / "runs").glob("*.nc")
    assert path.stat().st_nlink == 1
    assert verify(results / "second")[1] == []


def test_what_lies_under_the_name_without_being_a_run_is_replaced(campaign, build, results):
    first = build(campaign(), "first")
    left = results / "second" / "runs" / f"{first.runs[0].id}.nc"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert solved(build(campaign(), "second")) == 0
    assert verify(results / "second")[1] == []


def test_a_run_pruned_since_the_plan_is_solved_here(campaign, build, results):
    spec = replace(campaign(), name="second")
    build(campaign(), "first")
    root = results / "second"
    plan = make_plan(spec, root, beside=siblings(root))
    plan.write(plan_path(root, spec.digest, 0))
    shutil.rmtree(results / "first")
    take_over(plan.adopted, root)
    (name,) = plan.run_ids
    assert find_run(root, name).realisations == 200
