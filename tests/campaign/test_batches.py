"""Blocks that a run solves together."""

from __future__ import annotations

import numpy as np
import pytest

from isaclib.campaign import run, store
from isaclib.campaign.plan import make_plan
from isaclib.campaign.reading import load

FILES = {
    "hybrid": """
parameters: {elements: 8, rf_chains: 4}
schemes: [speb-min-hbf, sca-bcd-fdbf, two-stage-hbf]
estimators: {music: {trials: 2}}
""",
    "modular": """
parameters: {elements_per_subarray: 8}
schemes: [fully-digital, hybrid-beamforming, joint-receive]
""",
    "stars": """
parameters: {star_elements: 8}
schemes: [joint-design, conventional-ris, random-deployment]
estimators: {ml: {trials: 2}}
""",
}


@pytest.mark.parametrize("system", FILES)
def test_they_end_in_the_same_bits(tmp_path, monkeypatch, system):
    file = tmp_path / "batches.yaml"
    head = f"campaign: batches\nsystem: {system}\nseed: 3\ngrid: {{power_dbm: [15]}}\nrealisations: 230\n"
    file.write_text(head + FILES[system])
    runs = make_plan(load(file), tmp_path).runs
    sizes = []
    measure = run._Job._measure

    def noted(job, cell, start, stop, **keys):
        sizes.append(stop - start)
        return measure(job, cell, start, stop, **keys)

    def values(folder):
        found = {}
        for each in runs:
            path = tmp_path / folder / f"{each.id}.nc"
            run.execute(each, path, progress=False)
            for name, column in store.read(path).columns.items():
                if name != "solve_seconds":
                    found[each.id, name] = column.values.tobytes()
        return found

    monkeypatch.setattr(run._Job, "_measure", noted)
    monkeypatch.setattr(run, "MOST_BLOCKS", 1)
    apart = values("apart")
    assert set(sizes) == {64}
    sizes.clear()
    monkeypatch.setattr(run, "MOST_BLOCKS", 16)
    monkeypatch.setattr(run, "BATCH_SECONDS", np.inf)
    together = values("together")
    assert set(sizes) == {64, 128}
    assert together == apart
