"""The tutorial, run from top to bottom as it stands: its files, its commands, what it says they print."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT, Workshop

PAGE = (ROOT / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"(?:`(docs/examples/\w+\.\w+)`:\n\n)?```(\w+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def place(tmp_path):
    """Return a folder that looks like the top of the repository."""
    for name in ("Snakefile", "workflow", "profiles", "config"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples", ignore=shutil.ignore_patterns("*.nc"))
    return tmp_path


def run(command: list[str], place: Path) -> str:
    environment = Workshop(place).environment
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_files_shown_are_the_files_there():
    shown = {name: text for name, _, text in BLOCKS if name}
    assert shown == {
        str(path.relative_to(ROOT)): path.read_text()
        for path in sorted((ROOT / "docs" / "examples").iterdir())
        if path.suffix in (".py", ".yaml")
    }


def test_the_entry_point_is_one():
    (block,) = [text for _, language, text in BLOCKS if language == "toml"]
    (group,) = tomllib.loads(block)["project"]["entry-points"].items()
    assert group == ("isaclib.schemes", {"hybrid.zero-forcing": "my_package.zero_forcing:SCHEME"})


def test_the_page_runs_from_top_to_bottom(place):
    printed = ""
    for name, language, text in BLOCKS:
        if name or language == "toml":
            continue
        if language == "sh":
            # without a shell: what takes too long ends whole
            printed = "".join(run(shlex.split(line), place) for line in text.splitlines())
        elif language == "python":
            run([sys.executable, "-c", text], place)
        else:
            assert language == "text"
            assert text.rstrip("\n") in printed
    assert (place / "results/street/figures/error.pdf").stat().st_size > 0
    # what the edit at the end has solved anew is its scheme: the optimum is there
    assert re.search(r"optimum +direct +3 +192 +0 +0 ", printed)
