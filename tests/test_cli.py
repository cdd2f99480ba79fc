"""The command line: what a person types, and what they read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from isaclib.campaign.summary import summarise
from isaclib.cli import app

ROOT = Path(__file__).parents[1]
CAMPAIGNS = sorted((ROOT / "config" / "campaigns").glob("*.yaml"))


@pytest.fixture
def isaclib(tmp_path, monkeypatch):
    """Return a function that calls a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.yaml"
    content = {
        "campaign": "small",
        "system": "hybrid",
        "seed": 7,
        "parameters": {"elements": 8},
        "grid": {"power_dbm": [20, 30]},
        "schemes": ["sensing-only-fdbf", "sensing-only-hbf"],
        "realisations": 10,
    }
    path.write_text(yaml.safe_dump(content))
    return path


def test_help_answers_without_loading_the_library():
    code = "import sys, isaclib.cli; sys.exit('numpy' in sys.modules or 'snakemake' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize("effort", ["quick", "paper"])
def test_the_campaigns_of_the_project_are_valid(isaclib, effort):
    done = isaclib("validate", "--effort", effort, *CAMPAIGNS)
    assert done.exit_code == 0, done.output
    assert len(done.output.splitlines()) == len(CAMPAIGNS) > 0


def test_a_mistake_is_one_line_and_an_exit_status(isaclib, file):
    file.write_text(file.read_text().replace("hybrid\n", "hybrit\n"))
    for command in ("validate", "plan", "status", "prune", "verify", "show"):
        done = isaclib(command, file)
        assert done.exit_code == 1
        assert done.stderr.splitlines() == [f"{file}: system 'hybrit' is unknown: did you mean 'hybrid'?"]


def test_a_plan_says_jobs_core_hours_and_gigabytes_and_writes_nothing(isaclib, file, tmp_path):
    done = isaclib("plan", file)
    assert done.exit_code == 0
    assert "sensing-only-hbf" in done.output
    assert "2 jobs" in done.output
    assert "core-hours" in done.output
    assert "GB" in done.output
    assert not (tmp_path / "results").exists()


def test_a_campaign_that_was_not_run_has_a_status_and_no_summary(isaclib, file):
    assert "0/20" in isaclib("status", file).output
    done = isaclib("show", file)
    assert done.exit_code == 1
    assert "results/small/summary.nc: missing" in done.stderr


def test_a_summary_is_shown_with_intervals(isaclib, synthetic_campaign, tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    summarise(synthetic_campaign(folder / "campaign.nc"), folder / "summary.nc", folder / "summary.csv")
    done = isaclib("show", folder, "--metric", "peb_m", "--statistic", "mean")
    assert done.exit_code == 0, done.output
    assert "position error bound [m]: mean, common draws" in done.output
    (row,) = [line for line in done.output.splitlines() if line.split()[:1] == ["30"]]
    assert row.count("[") == row.count("]") == 5
    assert isaclib("show", folder).exit_code == 0
    failed = isaclib("show", folder, "--metric", "peb")
    assert failed.exit_code == 1
    assert "did you mean 'peb_m'?" in failed.stderr


def test_one_realisation_is_solved_and_explained(isaclib):
    done = isaclib(
        "solve", "sensing-only-fdbf", "--set", "power_dbm=20", "--set", "target_m=[12, 3]", "--realisation", 5
    )
    assert done.exit_code == 0, done.output
    for word in (
        "power_dbm 20.0",
        "realisation 5",
        "status",
        "objective",
        "bound",
        "gap",
        "peb_m",
        "rate",
        "violation",
        "ms",
    ):
        assert word in done.output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("speb-min",), "system 'hybrid' has no scheme 'speb-min': did you mean"),
        (("sensing-only-fdbf", "--set", "power=3"), "--set power=3: 'power' is unknown: did you mean 'power_dbm'?"),
        (("sensing-only-fdbf", "--set", "power_dbm"), "--set power_dbm: expected name=value"),
        (("sensing-only-fdbf", "--set", "power_dbm=1000"), "power_dbm = 1000: expected a number from -60 to 80 dBm"),
        (("sensing-only-fdbf", "--option", "x=1"), "--option x=1: 'x' is unknown"),
    ],
)
def test_what_cannot_be_solved_is_one_line(isaclib, arguments, line):
    done = isaclib("solve", *arguments)
    assert done.exit_code == 1
    (found,) = done.stderr.splitlines()
    assert found.startswith(line)
