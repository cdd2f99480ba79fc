"""What the shell is told while a command is typed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from isaclib.cli import app, completion
from isaclib.systems import SYSTEMS, get_system


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """Return a function that asks as bash does, in a folder with a campaign file and a summary."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config" / "campaigns").mkdir(parents=True)
    (tmp_path / "config" / "campaigns" / "mine.yaml").touch()
    folder = tmp_path / "results" / "mine"
    folder.mkdir(parents=True)
    (folder / "campaign.nc").touch()
    (folder / "summary.csv").write_text("metric,units\npeb_m,m\npeb_m,m\nrate,bit/s/Hz\n")

    def ask(words):
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
        done = CliRunner().invoke(app, prog_name="isaclib", env={"_ISACLIB_COMPLETE": "complete_bash", **asked})
        assert done.exit_code == 0, done.output
        return done.stdout.split()

    return ask


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("isaclib va", ["validate"]),
        ("isaclib plan ", ["config/campaigns/mine.yaml"]),
        ("isaclib plan config/campaigns/mine.yaml --effort p", ["paper"]),
        ("isaclib show ", ["config/campaigns/mine.yaml", "results/mine"]),
        ("isaclib show config/campaigns/mine.yaml --metric ", ["peb_m", "rate"]),
        ("isaclib export results/mine --metric r", ["rate"]),
        ("isaclib compare results/none results/mine --metric ", []),
        ("isaclib solve speb-min-", ["speb-min-fdbf", "speb-min-hbf"]),
        ("isaclib solve --system stars ra", ["random-deployment"]),
        ("isaclib new mine --system m", ["modular"]),
        ("isaclib new mine --system modular --schemes fully-digital,joint", ["fully-digital,joint-receive"]),
    ],
)
def test_what_is_typed_is_completed(offered, words, answer):
    assert offered(words) == answer


def test_systems_and_schemes_are_all_offered(offered):
    assert completion.systems() == sorted(SYSTEMS)
    for name in SYSTEMS:
        assert offered(f"isaclib solve --system {name} ") == sorted(get_system(name).schemes)


def test_the_shell_is_shown_what_to_install():
    done = CliRunner().invoke(app, prog_name="isaclib", env={"_ISACLIB_COMPLETE": "source_bash"})
    assert "complete -o default -F _isaclib_completion isaclib" in done.stdout
