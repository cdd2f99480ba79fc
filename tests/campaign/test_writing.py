"""Files that are there whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import signal

from isaclib.campaign import writing
from isaclib.campaign.writing import write_atomically


def test_what_a_killed_writer_left_goes_with_the_next_writing_and_what_others_write_stays(tmp_path, monkeypatch):
    def die() -> None:
        monkeypatch.setattr(writing, "publish", lambda *paths: os.kill(os.getpid(), signal.SIGKILL))
        write_atomically(tmp_path / "a.nc", b"half")

    process = multiprocessing.get_context("fork").Process(target=die)
    process.start()
    process.join()
    (left,) = tmp_path.iterdir()
    living = writing.partial_path(tmp_path / "a.nc")
    # the same number on another machine is another process
    elsewhere = left.with_name(left.name.replace(".a.nc.", ".a.nc.elsewhere-"))
    for path in (living, elsewhere):
        path.touch()
    write_atomically(tmp_path / "a.nc", b"whole")
    assert (tmp_path / "a.nc").read_bytes() == b"whole"
    assert set(tmp_path.iterdir()) == {tmp_path / "a.nc", living, elsewhere}
