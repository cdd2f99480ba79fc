"""The plan: runs for what is missing, and nothing twice."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace

import pytest

from isaclib.campaign.coverage import Coverage, missing_cells
from isaclib.campaign.gather import gather
from isaclib.campaign.memory import peak_memory_mb
from isaclib.campaign.plan import Plan, complete_marker, find_run, make_plan, plan_paths, settled
from isaclib.campaign.progress import log_path, mark_path
from isaclib.campaign.run import execute
from isaclib.campaign.sidecar import read_sidecars
from isaclib.campaign.status import status
from isaclib.campaign.verify import verify


@pytest.fixture
def solve(tmp_path):
    """Return a function that executes a plan and says which cells it solved."""

    def run(spec, **options):
        plan = make_plan(spec, tmp_path, **options)
        plan.write(tmp_path / "plan" / spec.digest / "000.json")
        for new in plan.runs:
            execute(new, tmp_path / "runs" / f"{new.id}.nc", progress=False)
        complete_marker(tmp_path, spec.digest).touch()
        return plan

    return run


def damage(path):
    """Flip every bit of the middle third."""
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : 2 * third] = bytes(byte ^ 0xFF for byte in content[third : 2 * third])
    path.write_bytes(content)


def realisations(plan):
    return sum(run.realisations for run in plan.runs)


def test_a_finished_plan_leaves_nothing_to_do(campaign, solve, tmp_path):
    spec = campaign(estimators="{echo: }", schemes="[plain, {scheme: plain, label: b, options: {scale: 2}}]")
    plan = solve(spec)
    assert realisations(plan) == 2 * 2 * 100
    assert {run.scheme_id for run in plan.runs} == {curve.scheme_id for curve in spec.curves}
    again = make_plan(spec, tmp_path)
    assert again.runs == ()
    assert again.run_ids == plan.run_ids
    assert again.digest == plan.digest


def test_growth_solves_only_what_is_new(campaign, solve):
    first = solve(campaign())
    assert realisations(solve(campaign(grid="{power_dbm: [10, 20, 30]}"))) == 100
    more = solve(campaign(realisations="130"))
    assert realisations(more) == 60
    assert set(first.run_ids) < set(more.run_ids)
    estimated = solve(campaign(realisations="130", estimators="{echo: }"))
    assert realisations(estimated) == 260
    assert not any(run.designs for run in estimated.runs)
    assert solve(campaign(realisations="90")).runs == ()


def test_a_changed_parameter_makes_new_points(campaign, solve):
    first = solve(campaign())
    changed = solve(campaign(parameters="{users: 3}"))
    assert realisations(changed) == 200
    assert not set(first.run_ids) & set(changed.run_ids)
    assert make_plan(campaign(seed="8"), "nowhere").reuse == ()


def test_curves_that_share_points_are_solved_once(campaign):
    spec = campaign(
        grid="{power_dbm: [10, 20]}",
        schemes="[plain, {scheme: plain, label: wide, parameters: {users: 3}}]",
    )
    plan = make_plan(spec, "nowhere", run_seconds=600.0)
    assert realisations(plan) == 400
    (run,) = plan.runs
    assert len(run.points) == 4


def test_runs_are_longest_first_and_of_the_length_asked_for(campaign):
    spec = campaign(schemes="[{scheme: plain, solver: slow}]", realisations="70", grid="{power_dbm: [10, 20, 30]}")
    plan = make_plan(spec, "nowhere", run_seconds=20.0)
    seconds = [run.seconds for run in plan.runs]
    assert seconds == sorted(seconds, reverse=True)
    assert plan.seconds == 210.0
    assert max(seconds) <= 30.0
    assert realisations(plan) == 210


def test_costs_come_from_finished_runs(campaign, solve, tmp_path, tiny):
    solve(campaign(realisations="64"))
    for path in (tmp_path / "runs").glob("*.json"):
        content = json.loads(path.read_text())
        known = {"cell_seconds": [5.0] * len(content["cells"]), "peak_memory_mb": 12345.6}
        path.write_text(json.dumps({**content, **known}))
    tiny.batches.clear()
    said = []
    plan = make_plan(campaign(realisations="128"), tmp_path, before_timing=lambda: said.append(len(tiny.batches)))
    assert plan.seconds == 10.0
    assert {run.memory_mb for run in plan.runs} == {12346}
    assert tiny.batches == said == []


def test_timing_is_announced_once_before_it_begins(campaign, tiny):
    said = []
    schemes = "[plain, {scheme: plain, options: {scale: 3.0}, label: other}]"
    make_plan(campaign(schemes=schemes), "nowhere", before_timing=lambda: said.append(len(tiny.batches)))
    assert said == [0]


def test_a_sample_costs_its_processor_time(campaign, monkeypatch):
    # every look at the clock of the processor is 2 s after the one before
    monkeypatch.setattr(time, "process_time", itertools.count(1e6, 2.0).__next__)
    assert make_plan(campaign(realisations="64", grid="{power_dbm: [10]}"), "nowhere").seconds == 2.0 * 64


def test_memory_is_that_of_the_sample_or_what_a_dear_solver_may_take(campaign):
    keys = {"realisations": "64", "grid": "{power_dbm: [10]}"}
    before = peak_memory_mb()
    (sampled,) = make_plan(campaign(**keys), "nowhere").runs
    assert before - 1 < sampled.memory_mb < peak_memory_mb() + 1
    dear = make_plan(campaign(**keys, schemes="[{scheme: plain, solver: slow}]"), "nowhere").runs[0]
    assert dear.memory_mb == 1000
    assert replace(dear, memory_mb=1.0, seconds=1.0).id == dear.id


@pytest.mark.parametrize("solver", ["direct", "slow"])
def test_estimates_of_kept_designs_are_timed_without_the_solver(campaign, solve, tmp_path, tiny, solver):
    keys = {"schemes": f"[{{scheme: plain, solver: {solver}}}]", "realisations": "70"}
    solve(campaign(**keys, store="[beamformers]"))
    tiny.batches.clear()
    plan = make_plan(campaign(**keys, store="[beamformers]", estimators="{echo: }"), tmp_path)
    assert realisations(plan) == 140
    assert tiny.batches == []
    # the dear solver's own word is 1 s a realisation
    assert plan.seconds < 70.0


def test_estimates_without_kept_designs_cost_the_solver_too(campaign, solve, tmp_path):
    keys = {"schemes": "[{scheme: plain, solver: slow}]", "realisations": "70"}
    solve(campaign(**keys))
    assert make_plan(campaign(**keys, estimators="{echo: }"), tmp_path).seconds == 140.0


def test_costs_of_a_solver_that_fails_are_guessed_and_the_plan_is_made(campaign, tiny):
    tiny.bad.add(0)
    assert realisations(make_plan(campaign(), "nowhere")) == 200


def test_a_plan_is_read_as_it_was_written(campaign, tmp_path):
    plan = make_plan(campaign(estimators="{echo: }"), tmp_path)
    plan.write(tmp_path / "plan" / plan.digest / "000.json")
    (path,) = plan_paths(tmp_path, plan.digest)
    read = Plan.read(path)
    assert (read.run_ids, read.final) == (plan.run_ids, True)
    assert [run.id for run in read.runs] == [run.id for run in plan.runs]
    run = plan.runs[0]
    assert find_run(tmp_path, run.id) == run
    with pytest.raises(ValueError, match="run abc is in no plan"):
        find_run(tmp_path, "abc")
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    for reading in (lambda: Plan.read(path), lambda: find_run(tmp_path, run.id)):
        with pytest.raises(ValueError, match=rf"^{path}: not a plan of this version .* the plan was edited"):
            reading()
    path.write_text("[]")
    with pytest.raises(ValueError, match=rf"^{path}: not a plan of this version"):
        find_run(tmp_path, run.id)


def test_quick_after_paper_asks_for_nothing(campaign, solve, tmp_path):
    quick, paper = campaign(), campaign(effort="paper")
    solve(quick)
    assert settled(quick, tmp_path).effort == "quick"
    assert realisations(solve(paper)) == 200
    assert settled(quick, tmp_path).digest == paper.digest


def test_verify_removes_damage_and_the_markers_that_vouch_for_it(campaign, solve, tmp_path):
    spec = campaign(schemes="[plain, {scheme: plain, label: b, options: {scale: 2}}]")
    plan = solve(spec)
    gather(tmp_path, spec, plan.run_ids, tmp_path / "campaign.nc")
    assert verify(tmp_path) == (4, [])
    broken, deleted = (tmp_path / "runs" / f"{run.id}.nc" for run in plan.runs)
    damage(broken)
    damage(tmp_path / "campaign.nc")
    deleted.unlink()
    log_path(broken).parent.mkdir()
    log_path(broken).write_text("all done")
    _, damaged = verify(tmp_path)
    found = {line.split(": ")[0] for line in damaged}
    assert found == {str(broken), str(deleted), str(tmp_path / "campaign.nc")}
    assert not broken.exists()
    # what an older job said is no reason why the next one failed
    assert status(tmp_path, spec).failed == 0
    assert not (tmp_path / "campaign.nc").exists()
    assert not complete_marker(tmp_path, spec.digest).exists()
    missing = missing_cells(spec, Coverage(read_sidecars(tmp_path / "runs")))
    assert sum(len(cell) for cells in missing.values() for cell in cells) == 400


def test_verify_leaves_a_run_that_is_being_written(campaign, solve, tmp_path):
    plan = solve(campaign())
    path = tmp_path / "runs" / f"{plan.runs[0].id}.nc"
    path.with_suffix(".json").unlink()
    mark_path(path).write_text('{"done": 200, "total": 200, "seconds": 1.0, "error": ""}')
    assert verify(tmp_path)[1] == []
    assert path.exists()
    mark_path(path).unlink()
    assert len(verify(tmp_path)[1]) == 1
