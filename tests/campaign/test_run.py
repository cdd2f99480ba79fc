"""Executing a run."""

from __future__ import annotations

import ctypes
import dataclasses
import multiprocessing
import os
import resource
import signal
import time

import numpy as np
import pytest
import xarray as xr

import isaclib.systems
from isaclib.campaign import store
from isaclib.campaign.coverage import extended
from isaclib.campaign.document import CampaignError
from isaclib.campaign.gather import gather
from isaclib.campaign.limited import Limited
from isaclib.campaign.plan import make_plan
from isaclib.campaign.run import execute
from isaclib.campaign.sidecar import read_sidecar
from isaclib.systems.base import Status
from isaclib.systems.system import System


def run_all(folder, runs):
    return {run.id: execute(run, folder / f"{run.id}.nc", progress=False) for run in runs}


def roots(folder, runs):
    """Every metric of every (point, realisation), whatever file it is in."""
    found = {}
    for run in runs:
        data = store.read(folder / f"{run.id}.nc")
        timing = {"solve_seconds"}
        for row, key in enumerate(zip(data.points, data.realisations.tolist(), strict=True)):
            metrics = {n: c.values[row].tobytes() for n, c in data.columns.items() if n not in timing and not c.dims}
            found[key] = metrics
    return found


def test_rows_are_the_cells_in_order(campaign, runs_of, tmp_path, tiny):
    (run,) = runs_of(campaign())
    sidecar = execute(run, tmp_path / f"{run.id}.nc", progress=False)
    data = store.read(tmp_path / f"{run.id}.nc")
    assert data.realisations.tolist() == 2 * list(range(100))
    direct = simulated(tiny, run, 0, 64)
    np.testing.assert_array_equal(data.columns["peb_m"].values[:64], direct["peb_m"].values)
    assert data.columns["peb_m"].attrs == {"units": "m", "long_name": "position error bound"}
    assert sum(sidecar.counts.values()) == 200
    assert sidecar.counts["infeasible"] == np.isnan(data.columns["peb_m"].values).sum() > 0


def simulated(tiny, run, start, stop):
    parameters = tiny.system.Parameters(**run.points[run.cells[0].point])
    scenario = tiny.system.draw(parameters, seed=run.seed, start=start, stop=stop)
    design = tiny.system.design(scenario, scheme=run.scheme, solver=run.solver, options=run.options)
    return tiny.system.evaluate(scenario, design)


def test_what_the_evaluation_leaves_out_comes_from_the_design(campaign, runs_of, tmp_path):
    (run,) = runs_of(campaign())
    execute(run, tmp_path / f"{run.id}.nc", progress=False)
    root = xr.open_dataset(tmp_path / f"{run.id}.nc")
    assert {"objective", "bound", "gap", "iterations", "trace", "violation"} <= set(root.data_vars)
    assert "solve_seconds" not in root
    assert "solve_seconds" in xr.open_dataset(tmp_path / f"{run.id}.nc", group="timing")
    assert root["status"].dtype == np.int8
    assert root["status"].attrs["flag_meanings"].split() == [s.name.lower() for s in Status]
    # the trace is longer at 20 dBm than at 10 dBm
    assert np.isnan(root["trace"].isel(row=slice(0, 100)).values[:, -1]).all()
    assert root["realisation"].dtype.kind == "i"


def test_blocks_are_designed_whole(campaign, runs_of, tmp_path, tiny):
    (run,) = runs_of(campaign())
    execute(run, tmp_path / f"{run.id}.nc", progress=False)
    assert tiny.batches == 2 * [(0, 64), (64, 128)]


def test_a_dear_solver_works_one_realisation_at_a_time(campaign, runs_of, tmp_path, tiny):
    (run,) = runs_of(campaign(schemes="[{scheme: plain, solver: slow, realisations: 3}]"))
    execute(run, tmp_path / f"{run.id}.nc", progress=False)
    assert tiny.batches == 2 * [(0, 1), (1, 2), (2, 3)]


def test_packing_and_order_change_no_bit(campaign, runs_of, tmp_path):
    spec = campaign(store="[beamformers]", estimators="{echo: {}}")
    together, apart = runs_of(spec), runs_of(spec, size=1)[::-1]
    run_all(tmp_path / "a", together)
    run_all(tmp_path / "b", apart)
    assert roots(tmp_path / "a", together) == roots(tmp_path / "b", apart)


def test_executing_twice_gives_equal_root_groups(campaign, runs_of, tmp_path):
    (run,) = runs_of(campaign(store="[beamformers]"))
    for folder in ("a", "b"):
        execute(run, tmp_path / folder / f"{run.id}.nc", progress=False)
    first, second = (xr.open_dataset(tmp_path / folder / f"{run.id}.nc") for folder in ("a", "b"))
    xr.testing.assert_identical(first, second)


@pytest.mark.parametrize("solver", ["direct", "slow"])
def test_a_draw_that_fails_is_recorded_and_the_run_goes_on(campaign, runs_of, tmp_path, tiny, solver):
    tiny.bad = {5}
    (run,) = runs_of(campaign(schemes=f"[{{scheme: plain, solver: {solver}, realisations: 70}}]"))
    sidecar = execute(run, tmp_path / f"{run.id}.nc", progress=False)
    data = store.read(tmp_path / f"{run.id}.nc")
    assert data.columns["status"].values[[5, 75]].tolist() == [Status.FAILED, Status.FAILED]
    assert np.isnan(data.columns["peb_m"].values[[5, 75]]).all()
    assert sidecar.counts["failed"] == 2 == sidecar.failures
    assert [f.row for f in data.failures] == [5, 75]
    assert data.failures[0].reason == "FloatingPointError: singular matrix at 5, second line"
    assert sidecar.reasons[-1]["realisation"] == 5
    tiny.bad = set()
    execute(run, tmp_path / "good" / f"{run.id}.nc", progress=False)
    good = store.read(tmp_path / "good" / f"{run.id}.nc").columns["peb_m"].values
    others = np.delete(np.arange(140), [5, 75])
    np.testing.assert_array_equal(data.columns["peb_m"].values[others], good[others])


def test_a_design_that_evaluation_refuses_has_a_reason(campaign, runs_of, tmp_path, monkeypatch):
    def refused(system, scenario, design):
        data = system.evaluate_design(scenario, design)
        return data.assign(status=data["status"].where(scenario.streams.start + data["realisation"] != 2, 5))

    monkeypatch.setattr(System, "evaluate", refused)
    (run,) = runs_of(campaign(realisations="4", grid="{power_dbm: [10]}"))
    sidecar = execute(run, tmp_path / f"{run.id}.nc", progress=False)
    assert sidecar.counts["failed"] == 1
    (failure,) = store.read(tmp_path / f"{run.id}.nc").failures
    assert (failure.row, failure.reason) == (2, "the solver claimed a design, evaluation found none")


def test_a_run_of_failures_alone_is_still_a_run(campaign, runs_of, tmp_path, tiny):
    tiny.bad = set(range(100))
    (run,) = runs_of(campaign(realisations="5"))
    sidecar = execute(run, tmp_path / f"{run.id}.nc", progress=False)
    assert sidecar.counts == {"failed": 10}
    store.check(tmp_path / f"{run.id}.nc")


def test_a_failing_estimate_leaves_the_design(campaign, runs_of, tmp_path, tiny):
    tiny.bad_estimates = {1}
    (run,) = runs_of(campaign(realisations="4", estimators="{echo: {}}"))
    execute(run, tmp_path / f"{run.id}.nc", progress=False)
    data = store.read(tmp_path / f"{run.id}.nc")
    assert data.columns["status"].values[1] != Status.FAILED
    assert np.isnan(data.columns["echo_error_m"].values[1]).all()
    assert {f.reason for f in data.failures} == {"ValueError: no peak"}


@pytest.mark.parametrize("kept", ["", "store"])
def test_estimates_alone_equal_estimates_made_with_the_designs(campaign, runs_of, tmp_path, tiny, kept):
    keys = {"store": "[beamformers]"} if kept else {}
    plain = campaign(realisations="64", grid="{elements: [4, 8]}", **keys)
    with_echo = campaign(realisations="64", grid="{elements: [4, 8]}", estimators="{echo: {trials: 2}}", **keys)
    run_all(tmp_path / "late", runs_of(plain))
    tiny.batches.clear()
    (late,) = runs_of(with_echo, designs=False)
    execute(late, tmp_path / "late" / f"{late.id}.nc", progress=False)
    assert bool(tiny.batches) is not bool(kept)
    (early,) = runs_of(with_echo)
    execute(early, tmp_path / "early" / f"{early.id}.nc", progress=False)
    data = store.read(tmp_path / "late" / f"{late.id}.nc")
    assert "status" not in data.columns
    assert "peb_m" not in data.columns
    np.testing.assert_array_equal(
        data.columns["echo_error_m"].values,
        store.read(tmp_path / "early" / f"{early.id}.nc").columns["echo_error_m"].values,
    )


def test_a_damaged_kept_design_is_made_again(campaign, runs_of, tmp_path):
    plain = campaign(realisations="64", store="[beamformers]")
    (kept,) = runs_of(plain)
    execute(kept, tmp_path / f"{kept.id}.nc", progress=False)
    (late,) = runs_of(campaign(realisations="64", estimators="{echo: }", store="[beamformers]"), designs=False)
    path = tmp_path / f"{late.id}.nc"
    execute(late, path, progress=False)
    before = store.read(path).columns["echo_error_m"].values
    content = (tmp_path / f"{kept.id}.nc").read_bytes()
    (tmp_path / f"{kept.id}.nc").write_bytes(content[:-8] + bytes(byte ^ 0xFF for byte in content[-8:]))
    assert execute(late, path, progress=False).failures == 0
    np.testing.assert_array_equal(store.read(path).columns["echo_error_m"].values, before)


def test_what_does_not_exist_is_refused_before_anything_is_drawn(campaign, runs_of, tmp_path):
    (run,) = runs_of(campaign())
    other = dataclasses.replace(run, options={"scale": 1.0, "sclae": 2.0})
    with pytest.raises(ValueError, match=r"option 'sclae' is unknown: did you mean 'scale'\?"):
        execute(other, tmp_path / f"{other.id}.nc")
    with pytest.raises(ValueError, match="expected the file name"):
        execute(run, tmp_path / "other.nc")
    assert list(tmp_path.glob("*.nc")) == []


def test_a_system_says_which_arrays_its_estimators_need(tmp_path, campaign, runs_of, monkeypatch):
    monkeypatch.setattr(isaclib.systems, "SYSTEMS", ("stars",))
    keys = {
        "system": "stars",
        "grid": "{star_elements: [8, 16]}",
        "parameters": "{min_rate_bps_hz: 2.0}",
        "schemes": "[joint-design]",
        "realisations": "6",
        "store": "[beamformers]",
    }
    (kept,) = runs_of(campaign(**keys))
    execute(kept, tmp_path / f"{kept.id}.nc", progress=False)
    columns = store.read(tmp_path / f"{kept.id}.nc").columns
    assert {name for name, column in columns.items() if column.owner == "store"} == {
        "active",
        "reflection",
        "transmission",
    }
    spec = campaign(**keys, estimators="{ml: , music: {trials: 2}}")
    (late,), (early,) = runs_of(spec, designs=False), runs_of(spec)
    execute(early, tmp_path / "early" / f"{early.id}.nc", progress=False)
    monkeypatch.setattr(System, "design", None)
    execute(late, tmp_path / f"{late.id}.nc", progress=False)
    made, taken_up = (
        store.read(path).columns for path in (tmp_path / "early" / f"{early.id}.nc", tmp_path / f"{late.id}.nc")
    )
    for name in ("ml_error_m", "music_angle_error_deg"):
        assert np.isfinite(made[name].values).any()
        np.testing.assert_array_equal(taken_up[name].values, made[name].values)


SLOW = {"schemes": "[{scheme: plain, solver: slow}]", "realisations": "4", "grid": "{power_dbm: [20]}"}
LIMIT = 1.5


@pytest.fixture
def design_by(monkeypatch):
    """Return a function that has one draw designed by something else."""

    def replace(realisation, function):
        original = System.design

        def design(system, scenario, **how):
            if scenario.streams.start == realisation:
                function()
            return original(system, scenario, **how)

        monkeypatch.setattr(System, "design", design)

    return replace


def hang():
    """Hang as a compiled solver does: in C, with the interpreter's lock held, whatever the signal."""
    while True:
        ctypes.PyDLL(None).sleep(600)


def test_a_run_that_cannot_be_written_says_so_and_leaves_nothing(campaign, runs_of, tmp_path):
    (run,) = runs_of(campaign())
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def write():
        # room for less than the run, as on a disk that is full
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            execute(run, tmp_path / f"{run.id}.nc", progress=False)
        except OSError as error:
            theirs.send(str(error))

    job = context.Process(target=write)
    job.start()
    theirs.close()
    assert ours.recv().startswith(f"{tmp_path / run.id}.nc: cannot be written: ")
    job.join()
    assert list(tmp_path.glob("*.nc")) == list(tmp_path.glob(".*.part")) == []


def limited(run, seconds=LIMIT):
    return dataclasses.replace(run, draw_seconds=seconds)


def test_a_solver_that_hangs_costs_its_draw(campaign, runs_of, tmp_path, design_by):
    (run,) = runs_of(campaign(**SLOW))
    execute(run, tmp_path / f"{run.id}.nc", progress=False)
    good = store.read(tmp_path / f"{run.id}.nc").columns["peb_m"].values
    design_by(1, hang)
    run = limited(run)
    sidecar = execute(run, tmp_path / f"{run.id}.nc", progress=False)
    data = store.read(tmp_path / f"{run.id}.nc")
    assert [(f.row, f.reason) for f in data.failures if "timeout" in f.reason] == [(1, "timeout: more than 1.5 s")]
    assert data.columns["status"].values[1] == Status.FAILED
    assert np.isnan(data.columns["peb_m"].values[1])
    others = [0, 2, 3]
    np.testing.assert_array_equal(data.columns["peb_m"].values[others], good[others])
    assert (sidecar.draw_seconds, sidecar.timeouts) == (LIMIT, 1)
    assert multiprocessing.active_children() == []


def test_a_limit_that_no_draw_meets_changes_no_bit(campaign, runs_of, tmp_path, tiny):
    tiny.bad = {2}
    (free,) = runs_of(campaign(**SLOW, store="[beamformers]", estimators="{echo: }"))
    runs = [free, limited(free, 100.0)]
    assert runs[0].id != runs[1].id
    assert "draw_seconds" not in free.to_json()
    run_all(tmp_path, runs)
    first, second = (xr.open_dataset(tmp_path / f"{run.id}.nc") for run in runs)
    assert dict(first.sizes) == dict(second.sizes)
    for name in first.data_vars:
        np.testing.assert_array_equal(first[name].values, second[name].values)
    assert len({store.read(tmp_path / f"{run.id}.nc").failures for run in runs}) == 1


def test_a_solver_process_that_dies_ends_the_run(campaign, runs_of, tmp_path, design_by):
    design_by(2, lambda: os.kill(os.getpid(), signal.SIGKILL))
    (run,) = runs_of(campaign(**SLOW))
    run = limited(run)
    with pytest.raises(ChildProcessError, match="the solver's process died with exit status -9"):
        execute(run, tmp_path / f"{run.id}.nc", progress=False)
    assert not (tmp_path / f"{run.id}.nc").exists()


@pytest.mark.parametrize(("keys", "seconds"), [({}, None), (SLOW, None), (SLOW, LIMIT)])
def test_a_solver_without_memory_ends_the_run(campaign, runs_of, tmp_path, design_by, keys, seconds):
    def exhaust():
        raise MemoryError("no room for an array")

    design_by(0, exhaust)
    (run,) = runs_of(campaign(**keys))
    run = limited(run, seconds)
    with pytest.raises((MemoryError, ChildProcessError), match=r"^no room|exit status 1$"):
        execute(run, tmp_path / f"{run.id}.nc", progress=False)
    assert not (tmp_path / f"{run.id}.nc").exists()


@pytest.mark.skipif(not hasattr(signal, "pidfd_send_signal"), reason="only Linux ends a process with its parent")
def test_a_solver_that_hangs_does_not_outlive_a_killed_run():
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def solve():
        theirs.send(os.getpid())
        hang()

    job = context.Process(target=Limited(solve, seconds=600.0, describe=str), daemon=False)
    job.start()
    solver = ours.recv()
    job.kill()
    job.join()
    end = time.monotonic() + 30
    while alive(solver) and time.monotonic() < end:
        time.sleep(0.01)
    assert not alive(solver)


def alive(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_higher_limit_solves_again_what_the_lower_one_stopped(campaign, tmp_path, design_by):
    stuck = [True]
    design_by(1, lambda: stuck and hang())

    def solve(**keys):
        spec = campaign(**{**SLOW, "schemes": "[plain, {scheme: plain, solver: slow, label: b}]", **keys})
        plan = make_plan(spec, tmp_path)
        for run in plan.runs:
            execute(run, tmp_path / "runs" / f"{run.id}.nc", progress=False)
        gather(
            tmp_path,
            extended(spec, [read_sidecar(tmp_path / "runs" / f"{run}.nc") for run in plan.run_ids]),
            plan.run_ids,
            tmp_path / "campaign.nc",
        )
        with xr.open_dataset(tmp_path / "campaign.nc") as data:
            return plan, data["status"].values[1, 0].tolist()

    plan, status = solve(draw_seconds="1.5")
    # a solver of whole blocks knows no single draw
    assert {run.solver: run.draw_seconds for run in plan.runs} == {"direct": None, "slow": 1.5}
    assert status[1] == Status.FAILED
    stuck.clear()
    plan, status = solve(draw_seconds="1")
    assert plan.runs == ()
    assert status[1] == Status.FAILED
    for keys in ({"draw_seconds": "20"}, {}):
        plan, status = solve(**keys)
        assert [run.solver for run in plan.runs] == (["slow"] if keys else [])
        assert Status.FAILED not in status


@pytest.mark.parametrize("value", ["0", "-1", ".nan", "true", "soon", "[1]", "1e9"])
def test_a_limit_is_a_number_of_seconds(campaign, value):
    with pytest.raises(CampaignError, match=r"tiny-1\.yaml: draw_seconds: .*: expected a number above 0"):
        campaign(draw_seconds=value)
    assert campaign(draw_seconds="").digest == campaign().digest != campaign(draw_seconds="3").digest
