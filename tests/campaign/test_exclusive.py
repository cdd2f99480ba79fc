"""One process at a run."""

from __future__ import annotations

import multiprocessing
import time

import pytest

from isaclib.campaign import exclusive
from isaclib.campaign.exclusive import execute_alone
from isaclib.campaign.progress import mark_path, read_mark
from isaclib.campaign.store import check
from isaclib.systems.system import System


@pytest.fixture
def begun(campaign, runs_of, tmp_path):
    """A run that another process is at, and will be until it is told to go on."""
    context = multiprocessing.get_context("fork")
    at_it, go_on = context.Event(), context.Event()
    (run,) = runs_of(campaign(realisations="10"))
    path = tmp_path / "runs" / f"{run.id}.nc"

    def work():
        design = System.design

        def slow(system, *arguments, **options):
            at_it.set()
            go_on.wait()
            return design(system, *arguments, **options)

        System.design = slow
        execute_alone(run, path, progress=False)

    process = context.Process(target=work)
    process.start()
    at_it.wait()
    yield run, path, process, go_on
    process.kill()
    process.join()


def test_what_another_process_finishes_meanwhile_is_not_done_again(begun, monkeypatch, tiny):
    run, path, process, go_on = begun

    def finish(seconds):
        go_on.set()
        process.join()

    tiny.batches.clear()
    monkeypatch.setattr(time, "sleep", finish)
    execute_alone(run, path, progress=False)
    assert process.exitcode == 0
    assert tiny.batches == []
    check(path)
    assert not mark_path(path).exists()


def test_what_another_process_leaves_undone_is_done(begun, monkeypatch, tiny):
    run, path, process, _ = begun

    def kill(seconds):
        process.kill()
        process.join()

    tiny.batches.clear()
    monkeypatch.setattr(time, "sleep", kill)
    execute_alone(run, path, progress=False)
    assert tiny.batches != []
    check(path)


def test_a_process_that_hangs_is_not_waited_for(begun, monkeypatch, tiny):
    run, path, process, _ = begun
    assert read_mark(path).alive
    tiny.batches.clear()
    monkeypatch.setattr(exclusive, "SILENT_SECONDS", 0.0)
    execute_alone(run, path, progress=False)
    assert process.is_alive()
    assert tiny.batches != []
    check(path)
