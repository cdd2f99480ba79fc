"""How far a run is."""

from __future__ import annotations

import json
import os

import pytest

from isaclib.campaign.progress import Progress, mark_path, read_mark


def test_progress_in_plain_lines_and_its_mark(tmp_path, capsys):
    path = tmp_path / "abc.nc"
    with Progress(4, label="run abc", path=path, visible=True) as shown:
        assert read_mark(path).alive
        shown.advance(4)
    assert not mark_path(path).exists()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "run abc: 4 realisations"
    assert lines[1].startswith("run abc: 4/4 realisations, ")
    assert lines[1].endswith("/s, 0 s left")


def test_the_mark_of_a_run_that_died_tells_why(tmp_path):
    path = tmp_path / "abc.nc"
    with pytest.raises(MemoryError), Progress(4, label="run abc", path=path, visible=False):
        raise MemoryError("no room")
    assert read_mark(path).error == "MemoryError: no room"
    assert not read_mark(path).alive
    mark_path(path).write_text(json.dumps({"done": 1, "total": 4, "seconds": 1.0, "error": ""}))
    os.utime(mark_path(path), (0, 0))
    assert not read_mark(path).alive
