"""The workflow as a person meets it: errors first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CLAIM = {
    **{"id": "less-with-power", "says": "More power, less error.", "test": "trend", "metric": "peb_m"},
    **{"scheme": "sensing-only-fdbf", "along": "power_dbm", "direction": "decreasing"},
}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"grid": {"power_dbm": [20, 1000]}},
            "config/campaigns/small.yaml: grid.power_dbm: 1000: expected a number from -60 to 80 dBm",
        ),
        (
            {"parameters": {"carrier_hz": 28}},
            "config/campaigns/small.yaml: parameters.carrier_hz: 28: expected a number",
        ),
        ({"schemes": ["sensing-only-fdb"]}, "did you mean 'sensing-only-fdbf'?"),
        (
            {"claims": [{**CLAIM, "along": "power"}]},
            "small.yaml: less-with-power.along = 'power': expected an axis of small; did you mean 'power_dbm'?",
        ),
    ],
)
def test_a_mistake_is_one_line_before_any_job(workshop, change, line):
    work = workshop(**change)
    done = work.snakemake()
    assert done.returncode != 0
    assert [text for text in done.stderr.splitlines() if line in text] == [done.stderr.splitlines()[-1]]
    assert "Traceback" not in done.stderr
    assert not work.results.exists()


def test_a_run_that_dies_is_shown_and_the_workflow_fails(workshop):
    work = workshop(realisations=70)
    assert work.snakemake("--until", "plan").returncode == 0
    (plan,) = work.results.glob("plan/*/000.json")
    plan.write_text(plan.read_text().replace('"seed": 7', '"seed": 8'))
    done = work.snakemake()
    assert done.returncode != 0
    assert "the plan was edited" in done.stderr


def test_snakemake_in_the_folder_of_the_project_builds_the_figures(tmp_path):
    asked = ["--config", "campaigns=stars-fig5", f"results={tmp_path / 'results'}"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", *asked],
        **{"cwd": ROOT, "capture_output": True, "text": True, "timeout": 120},
    )
    assert done.returncode == 0, done.stderr
    assert "/stars-fig5/figures/cost-median.pdf" in done.stdout + done.stderr


def test_the_rules_are_clean():
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
