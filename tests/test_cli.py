"""The command line: what a person types, and what they read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
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
    return lambda *arguments: runner.invoke(app, [str(argument) for argument in arguments], prog_name="isaclib")


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


def test_claims_are_checked_and_judged(isaclib, file, tmp_path):
    content = yaml.safe_load(file.read_text())
    claim = {
        "id": "digital-is-better",
        "says": "So it is.",
        "test": "ordering",
        "metric": "peb_m",
        "order": "increasing",
    }
    content["claims"] = [{**claim, "schemes": content["schemes"]}]
    file.write_text(yaml.safe_dump(content))
    assert isaclib("claims", file, "--check").output == f"{file}: 1 claim, all sound: 1 ordering\n"
    done = isaclib("claims", file)
    assert "small has no dataset yet" in done.output
    assert done.output.splitlines()[-1] == "1 not run"
    assert "digital-is-better" not in isaclib("claims", file, "--verdict", "holds").output
    assert isaclib("claims", file, "--csv").output.splitlines()[1].startswith("digital-is-better,hybrid,small,")
    done = isaclib("claims", file, "--verdict", "hold")
    assert (done.exit_code, done.stderr) == (1, "verdict 'hold' is unknown: did you mean 'holds'?\n")
    done = isaclib("claims", tmp_path / "none")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)


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


def test_too_little_memory_is_one_line(isaclib, file, monkeypatch):
    def load(*arguments, **options):
        raise MemoryError("unable to allocate 3 GiB")

    monkeypatch.setattr("isaclib.campaign.reading.load", load)
    done = isaclib("validate", file)
    assert (done.exit_code, done.stderr) == (
        1,
        "out of memory: unable to allocate 3 GiB; take fewer cores, or a larger machine\n",
    )


def test_every_bad_file_is_named(isaclib, file, tmp_path):
    bad = [tmp_path / "first.yaml", tmp_path / "second.yaml"]
    for path, word in zip(bad, ("hybrit", "hybird"), strict=True):
        path.write_text(file.read_text().replace("hybrid\n", f"{word}\n"))
    done = isaclib("validate", bad[0], file, bad[1])
    assert done.exit_code == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [str(path) for path in bad]
    assert done.stdout.startswith(f"{file}: 2 schemes")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("plan",), "isaclib plan: Missing argument 'file'. See 'isaclib plan --help'"),
        (("plan", "x.yaml", "--cores", "0"), "isaclib plan: Invalid value for '--cores': "),
        (("plann",), "isaclib: No such command 'plann'"),
        (("--fast", "plan"), "isaclib: No such option: --fast"),
    ],
)
def test_what_cannot_be_parsed_is_one_line(isaclib, arguments, line):
    done = isaclib(*arguments)
    assert done.exit_code == 2
    (found,) = done.stderr.splitlines()
    assert found.startswith(line)


def test_help_comes_with_examples_of_its_command(isaclib):
    commands = [name for name, command in get_command(app).commands.items() if not command.hidden]
    assert len(commands) >= 13
    for command in commands:
        lines = [line.strip() for line in isaclib(command, "--help").output.splitlines() if line.strip()]
        examples = lines[lines.index("Examples:") + 1 :]
        assert examples
        # an example that is folded cannot be copied
        assert all(line.split()[:2] == ["isaclib", command] for line in examples)


def test_a_plan_says_jobs_core_hours_and_gigabytes_and_writes_nothing(isaclib, file, tmp_path):
    done = isaclib("plan", file)
    assert done.exit_code == 0
    assert "sensing-only-hbf" in done.output
    assert "2 jobs" in done.output
    assert "core-hours" in done.output
    assert "GB" in done.output
    assert done.stderr.splitlines() == ["timing a few draws of each curve (compiling kernels once, if needed)"]
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
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    header, _, *counts = lines[lines.index("draws by status") + 1 :]
    assert header.split("  ")[0] == "scheme"
    assert header.endswith("optimal   feasible   violating   infeasible   not found   failed")
    # one draw of the synthetic campaign failed, in one scheme
    assert [int(row.split()[-1]) for row in counts].count(1) == 1
    assert len({sum(map(int, row.split()[-6:])) for row in counts}) == 1
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


SMALL = ("--set", "elements=8", "--set", "rf_chains=2", "--seed", "1")


def test_the_price_of_hybrid_is_told_from_the_optimality_gap(isaclib):
    done = isaclib("certify", *SMALL, "--set", "power_dbm=22", "--realisation", 2, "--gap", 0.1)
    assert done.exit_code == 0, done.output
    rows = dict(line.strip().split("  ", 1) for line in done.stdout.splitlines() if line.startswith("  "))
    certain, most = (float(text.split("%")[0].split()[-1]) for text in rows["price of hybrid"].split(","))
    assert 0.0 < certain < most
    assert 0.0 < float(rows["optimality gap"].strip().rstrip("%")) <= 10.0
    assert int(rows["nodes"]) > 0
    assert rows["ended"].strip() == "by itself"
    # nobody watches: no line of progress
    assert done.stderr == ""


def test_the_convex_bound_takes_any_number_of_users(isaclib):
    done = isaclib("certify", *SMALL, "--set", "users=1", "--set", "power_dbm=22", "--method", "convex")
    assert done.exit_code == 0, done.output
    assert "hybrid bound" in done.stdout
    assert "nodes" not in done.stdout


def test_what_hybrid_cannot_do_is_proven(isaclib):
    done = isaclib("certify", *SMALL, "--set", "power_dbm=10", "--realisation", 1)
    assert done.exit_code == 0, done.output
    assert "none of 32 starts met the rates" in done.stdout
    assert "infinite: no hybrid beamformer meets the rates" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--set", "users=3"), "users = 3: branch and bound needs 2 users; method convex takes any number"),
        (("--method", "simplex"), "method = 'simplex': expected one of branch-and-bound, convex"),
        (("--set", "power_dbm=0", *SMALL), "seed 1, realisation 0: nothing to certify: the rates need"),
        (("--set", "power=3"), "--set power=3: 'power' is unknown: did you mean 'power_dbm'?"),
        (("--option", "bound=best"), "option bound = 'best': expected one of fully-digital, hybrid"),
    ],
)
def test_what_cannot_be_certified_is_one_line(isaclib, arguments, line):
    done = isaclib("certify", *arguments)
    assert done.exit_code == 1
    (found,) = done.stderr.splitlines()
    assert found.startswith(line)


def test_two_campaigns_are_compared_and_exported(isaclib, synthetic_campaign, tmp_path):
    first, second = (tmp_path / name for name in ("first", "second"))
    for folder, count in ((first, 40), (second, 30)):
        folder.mkdir()
        synthetic_campaign(folder / "campaign.nc", realisations=count)
    summarise(first / "campaign.nc", first / "summary.nc", first / "summary.csv")
    done = isaclib("compare", first, first, "--metric", "peb_m", "--all")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "30 compared: 0 moved, 30 equal to the last digit"
    done = isaclib("compare", first, second, "--metric", "cost")
    assert done.stderr.startswith("metric 'cost': expected one of one number a draw in both; ")
    for form, name in (("csv", "first.csv"), ("mat", "first.mat"), ("pgfplots", "pgfplots/peb_m-median.dat")):
        done = isaclib("export", first, "--to", form, "--metric", "peb_m")
        assert done.exit_code == 0, done.output
        assert done.stdout.splitlines()[0] == str(first / name)
        assert (first / name).exists()
    assert isaclib("export", first, "--to", "xls").stderr == "--to = 'xls': expected one of csv, mat, pgfplots\n"
