"""Snakemake's scheduler: it works when a job ends, and at no other time."""

from __future__ import annotations

from tests.workflow.conftest import ROOT

SNAKEFILE = """
include: "{workflow}"
onsuccess:
    Path("limiter").write_text(str(workflow.scheduler.job_rate_limiter))
"""


def test_no_timer_makes_the_scheduler_look_for_jobs_again(workshop):
    work = workshop(realisations=3)
    work.snakefile = work.folder / "Snakefile"
    work.snakefile.write_text(SNAKEFILE.format(workflow=ROOT / "workflow" / "Snakefile"))
    assert sum(work.build("--rerun-triggers", "mtime", "input").values()) == 6
    assert (work.folder / "limiter").read_text() == "None"
