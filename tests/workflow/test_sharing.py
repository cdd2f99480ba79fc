"""Campaigns that share points share what is solved; each stays whole without the others."""

from __future__ import annotations

import shutil

from tests.workflow.conftest import Workshop


def executed(work):
    """Realisations of each run that was solved for a campaign, not linked: what its jobs wrote logs of."""
    runs = [work.results / "runs" / f"{log.stem.removeprefix('run-')}.nc" for log in work.results.glob("logs/run-*")]
    return {run.stem: work.realisations(run) for run in runs}


def beside(work, name, **change):
    """Return another campaign of the same working directory."""
    made = Workshop(work.folder, dict(work.content), name)
    made.write(**change)
    return made


def test_shared_points_are_solved_once_and_each_campaign_stays_whole(workshop):
    first = workshop()
    first.build()
    second = beside(first, "second", grid={"power_dbm": [30, 40]})
    said = second.isaclib("plan", str(second.file)).stdout
    assert "70 realisations taken over from small\n" in said
    second.build()
    assert sum(executed(second).values()) == 70
    alone = workshop("alone", **second.content)
    alone.build()
    assert second.data() == alone.data()

    # everything shared: nothing to solve, whichever campaign solved it
    third = beside(second, "third")
    third.build()
    assert executed(third) == {}
    assert third.data() == alone.data()

    # without the others it is whole; a run taken over and lost since is made again from the plan
    shutil.rmtree(first.results)
    shutil.rmtree(second.results)
    lost = next(third.results.glob("runs/*.nc"))
    lost.write_bytes(b"")
    assert third.isaclib("verify", str(third.file)).returncode == 1
    assert set(third.build(target="all")) == {lost.stem}
    assert third.data() == alone.data()
