"""Whose lock it is: the living keep it, what the dead left is released."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
import socket
import time

import pytest

from isaclib.campaign.lock import announce, unlock


@pytest.fixture
def locked(tmp_path):
    """A folder with Snakemake's lock on it."""
    locks = tmp_path / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("results/small/campaign.nc\n")
    return tmp_path


def at_work(folder):
    """A process that works in a folder until it is killed."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def work():
        announce(folder)
        theirs.send(None)
        time.sleep(600)

    process = context.Process(target=work, daemon=True)
    process.start()
    ours.recv()
    return process


def kill(process):
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def everything(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


def test_the_living_keep_their_lock_and_that_of_the_dead_is_released(locked):
    dead, living = at_work(locked), at_work(locked)
    kill(dead)
    before = everything(locked)
    with pytest.raises(ValueError, match=rf"^{locked}: .* process {living.pid} of .*, is at work here: .*$"):
        unlock(locked)
    assert everything(locked) == before
    kill(living)
    assert unlock(locked)
    assert not list(locked.rglob("*.lock"))
    assert not list((locked / ".snakemake" / "workflows").iterdir())
    assert not unlock(locked)


def test_a_process_that_took_the_number_of_a_dead_one_is_not_taken_for_it(locked):
    home = locked / ".snakemake" / "workflows"
    home.mkdir()
    (home / f"{socket.gethostname()}.{os.getpid()}").touch()
    assert unlock(locked)


def test_what_cannot_be_seen_from_here_is_released_only_where_it_is_said_to_be_dead(locked):
    home = locked / ".snakemake" / "workflows"
    home.mkdir()
    (home / "node.example.org.17").touch()
    before = everything(locked)
    for wrong in ((), ("other",)):
        with pytest.raises(ValueError, match=r"process 17 of node.example.org, .*: .* by --dead node.example.org "):
            unlock(locked, dead=wrong)
    assert everything(locked) == before
    assert unlock(locked, dead=["node.example.org"])


def test_a_file_system_without_locks_cannot_tell(locked, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOLCK, "no locks available")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        kill(at_work(locked))
        with pytest.raises(ValueError, match=f"cannot be seen from here: .* by --dead {socket.gethostname()} "):
            unlock(locked)
        assert unlock(locked, dead=[socket.gethostname()])


def test_a_lock_that_nobody_owns_up_to_stays(locked):
    with pytest.raises(ValueError, match=r"nobody says whose lock it is: `snakemake --unlock`"):
        unlock(locked)
    assert list(locked.rglob("*.lock"))
