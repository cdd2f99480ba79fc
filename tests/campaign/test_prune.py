"""Runs that a campaign no longer names."""

from __future__ import annotations

import os

import pytest

from isaclib.campaign.plan import complete_marker, make_plan
from isaclib.campaign.prune import prune
from isaclib.campaign.run import execute


def complete(spec, root):
    plan = make_plan(spec, root)
    plan.write(root / "plan" / spec.digest / "000.json")
    for run in plan.runs:
        execute(run, root / "runs" / f"{run.id}.nc", progress=False)
    complete_marker(root, spec.digest).touch()
    return {run.id for run in plan.runs}


def test_only_what_no_effort_names_goes_and_only_when_asked(campaign, tmp_path):
    root = tmp_path / "results"
    old_spec = campaign(grid="{users: [1, 2]}")
    old = complete(old_spec, root)
    new = complete(campaign(grid="{users: [3]}"), root)
    paper = complete(campaign("paper", grid="{users: [3]}"), root)
    spec = campaign(grid="{users: [3]}")

    listed = prune(root, spec)
    assert {sidecar.run for sidecar in listed.runs} == old
    assert listed.bytes == sum(path.stat().st_size for path in (root / "runs").iterdir() if path.stem in old)
    assert str(listed).splitlines()[-1].startswith(f"would delete {len(old)} runs and 0 leftovers, ")
    assert {path.stem for path in (root / "runs").iterdir()} == old | new | paper

    assert prune(root, spec, dry_run=False).deleted
    assert {path.stem for path in (root / "runs").iterdir()} == new | paper
    # should the file name them again, nothing may vouch for them
    assert not complete_marker(root, old_spec.digest).exists()
    assert complete_marker(root, spec.digest).exists()
    assert str(prune(root, spec)) == "nothing to prune: every run holds something the campaign names"


def test_a_damaged_plan_is_named_and_nothing_goes(campaign, tmp_path):
    root = tmp_path / "results"
    old_spec = campaign(grid="{users: [1, 2]}")
    old = complete(old_spec, root)
    path = root / "plan" / old_spec.digest / "000.json"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=rf"^{path}: not a plan of this version \(JSONDecodeError: "):
        prune(root, campaign(grid="{users: [3]}"), dry_run=False)
    assert {path.stem for path in (root / "runs").iterdir()} == old


def test_a_point_that_is_still_named_keeps_its_run(campaign, tmp_path):
    root = tmp_path / "results"
    complete(campaign(grid="{users: [1, 2]}"), root)
    assert prune(root, campaign(grid="{users: [2]}")).runs == ()


def test_leftovers_of_dead_processes_go_and_those_of_living_ones_stay(campaign, tmp_path):
    root = tmp_path / "results"
    (root / "runs").mkdir(parents=True)
    for name in (".a.nc.1-2.part", ".b.nc.3-4.part", ".a.progress"):
        (root / "runs" / name).write_bytes(b"12345")
    for name in (".a.nc.1-2.part", ".a.progress"):
        os.utime(root / "runs" / name, (0, 0))
    found = prune(root, campaign(), dry_run=False)
    assert [path.name for path in found.leftovers] == [".a.nc.1-2.part", ".a.progress"]
    assert found.bytes == 10
    assert [path.name for path in (root / "runs").iterdir()] == [".b.nc.3-4.part"]
    for name in (".campaign.nc.1-2.part", "summary.nc.1.part"):
        (root / name).write_bytes(b"12345")
        os.utime(root / name, (0, 0))
    assert len(prune(root, campaign(), dry_run=False).leftovers) == 2
    assert [path.name for path in root.iterdir()] == ["runs"]


def test_a_campaign_without_results_has_nothing_to_prune(campaign, tmp_path):
    assert prune(tmp_path / "nowhere", campaign(), dry_run=False).runs == ()
