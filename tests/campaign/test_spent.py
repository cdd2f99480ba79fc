"""What draws took, by curve; what the file does not name is left out."""

from __future__ import annotations

import pytest
import yaml

from isaclib.campaign.cells import Cell
from isaclib.campaign.reading import load
from isaclib.campaign.sidecar import SCHEMA, Sidecar
from isaclib.campaign.spent import spent


def sidecar(**change) -> Sidecar:
    told = dict.fromkeys(("run", "campaign", "system", "scheme", "solver", "checksum"), "x")
    empty = {key: {} for key in ("estimators", "variables", "extents")}
    common = {"schema": SCHEMA, "seed": 1, "designs": True, "failures": 0, "reasons": (), "bytes": 0}
    return Sidecar(**{**told, **empty, **common, "peak_memory_mb": 100.0, **change})


def test_runs_are_summed_up_by_curve(tmp_path):
    file = tmp_path / "c.yaml"
    other = {"scheme": "sensing-only-fdbf", "label": "again", "parameters": {"users": 1}}
    schemes = ["sensing-only-fdbf", other, "speb-min-fdbf"]
    content = {"campaign": "c", "system": "hybrid", "seed": 1, "schemes": schemes, "grid": {"power_dbm": [20, 30]}}
    file.write_text(yaml.safe_dump({**content, "realisations": 64}))
    campaign = load(file)
    first = campaign.entries[0]
    low, high = (point.id for point in campaign.points(first).values())
    runs = [
        # a third of its time is neither cell's own; one of its points is stale
        sidecar(
            scheme_id=first.scheme_id,
            cells=(Cell(low, 0, 64), Cell("stale", 0, 64)),
            cell_seconds=(3.0, 1.0),
            cell_counts=({}, {}),
            seconds=6.0,
            reasons=({"point": low, "realisation": 3, "reason": "why"}, {"point": "stale", "reason": "no"}),
        ),
        # estimates alone: their time counts, their draws are told already
        sidecar(
            scheme_id=first.scheme_id,
            designs=False,
            cells=(Cell(high, 0, 10),),
            cell_seconds=(2.0,),
            cell_counts=({},),
            seconds=2.0,
            peak_memory_mb=200.0,
        ),
    ]
    (told,) = spent(runs, campaign)
    assert (told.label, told.draws, told.peak_memory_mb, dict(told.reasons)) == (first.label, 64, 200.0, {"why": 1})
    assert told.seconds == pytest.approx(4.5 + 2.0)
