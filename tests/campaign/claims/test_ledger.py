"""Ledgers judged by stored campaigns: verdicts, what they rest on, and how often they err."""

from __future__ import annotations

import csv
import importlib.util
import math
import sys
from pathlib import Path

import pytest
import yaml

import isaclib
from isaclib.campaign.claims.ledger import COLUMNS, ERROR, HOLDS, UNDECIDED, write_csv
from isaclib.campaign.reading import load

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "claims.py"
RATIO = {"test": "ratio", "scheme": "speb-min-hbf", "against": "speb-min-fdbf", "metric": "speb_m2"}


@pytest.fixture
def workplace(tmp_path, synthetic_campaign):
    """Return a function that writes a ledger; its campaign ``first`` has a dataset, ``second`` has none."""
    for folder in ("campaigns", "claims", "results/first"):
        (tmp_path / folder).mkdir(parents=True)
    synthetic_campaign(tmp_path / "results" / "first" / "campaign.nc", realisations=100)
    campaign = {
        "system": "hybrid",
        "seed": 5,
        "grid": {"power_dbm": [10, 20, 30, 40]},
        "schemes": ["speb-min-fdbf", "speb-min-hbf", "snr-max-hbf", "sensing-only-hbf"],
        "estimators": {"music": {}},
        "realisations": 100,
    }
    for name in ("first", "second"):
        (tmp_path / "campaigns" / f"{name}.yaml").write_text(yaml.safe_dump({"campaign": name, **campaign}))

    def write(**claims):
        entries = [
            {"id": name, "says": "So it is.", "source": {"section": "V", "figure": 3}, "campaign": "first", **keys}
            for name, keys in claims.items()
        ]
        file = tmp_path / "claims" / "hybrid.yaml"
        file.write_text(yaml.safe_dump({"system": "hybrid", "claims": entries}))
        return file

    return write


THERE = {"select": {"power_dbm": [10, 20, 30]}}


def test_a_ledger_is_judged(workplace, tmp_path):
    file = workplace(
        # the ratio is 1.15 on every draw
        holds={**RATIO, **THERE, "at_least": 1.1},
        refuted={**RATIO, **THERE, "at_least": 1.2, "explanation": "It is less.", "shown_by": "second"},
        undecided={**RATIO, **THERE, "metric": "music_error_m", "statistic": "rms", "at_least": 1.0},
        timed={"test": "value", "scheme": "snr-max-hbf", "metric": "solve_seconds", **THERE, "at_most": 0.9},
        point={**RATIO, "select": {"power_dbm": 40}, "at_least": 1.1},
        scheme={**RATIO, **THERE, "scheme": "sensing-only-hbf", "at_least": 1.1},
        later={**RATIO, "campaign": "second", "at_least": 1.1},
        never={"not_testable": "no numbers", "campaign": "first"},
    )
    found = {verdict.claim.id: verdict for verdict in isaclib.judge(file, tmp_path / "results")}
    assert {name: verdict.verdict for name, verdict in found.items()} == {
        "holds": "holds",
        "refuted": "refuted",
        "undecided": "undecided",
        "timed": "holds",
        "point": "not run",
        "scheme": "not run",
        "later": "not run",
        "never": "not testable",
    }
    assert found["holds"].found.startswith(
        "median ratio of speb_m2, speb-min-hbf over speb-min-fdbf: 1.15 [1.15, 1.15]"
    )
    assert (found["holds"].comparisons, found["holds"].draws) == (3, 88)
    assert found["undecided"].needed > 100
    assert found["point"].found == "first: power_dbm = 40 is not in the dataset"
    assert found["later"].found == "second has no dataset yet"
    assert found["never"].found == "no numbers"

    table = tmp_path / "claims.csv"
    write_csv(found.values(), table)
    with table.open(newline="") as handle:
        rows = {row["id"]: row for row in csv.DictReader(handle)}
    assert tuple(rows["holds"]) == COLUMNS
    assert (rows["refuted"]["explanation"], rows["refuted"]["shown_by"]) == ("It is less.", "second")
    assert float(rows["refuted"]["p_refuted"]) < 1e-10
    assert (rows["never"]["p_holds"], rows["never"]["draws"]) == ("", "")


def test_more_claims_make_each_harder_to_decide(workplace, tmp_path):
    entry = {**RATIO, "metric": "music_error_m", "select": {"power_dbm": 30}}
    limits = {f"limit-{i}": {**entry, "at_least": 0.7 + 0.05 * i} for i in range(8)}
    found = isaclib.judge(workplace(**limits), tmp_path / "results")
    name = next(each.claim.id for each in found if ERROR / 8 < each.p_holds <= ERROR)
    assert next(each.verdict for each in found if each.claim.id == name) == UNDECIDED
    assert isaclib.judge(workplace(alone=limits[name]), tmp_path / "results")[0].verdict == HOLDS


def test_claims_of_a_campaign_file_are_judged_and_change_nothing_else(workplace, tmp_path):
    file = tmp_path / "campaigns" / "first.yaml"
    before = load(file).digest
    content = yaml.safe_load(file.read_text())
    content["claims"] = [{"id": "mine", "says": "So it is.", **RATIO, **THERE, "at_least": 1.1}]
    file.write_text(yaml.safe_dump(content))
    (verdict,) = isaclib.judge(file, tmp_path / "results")
    assert verdict.verdict == HOLDS
    assert load(file).digest == before


@pytest.fixture(scope="module")
def planted():
    specification = importlib.util.spec_from_file_location("planted_claims", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules[specification.name]


def test_planted_claims_are_judged_with_the_stated_error_and_power(planted):
    families, err, clear, right = 150, 0, 0, 0
    for seed in range(families):
        err += any(planted.wrong(truth, verdict) for _, truth, verdict in planted.judged(seed, planted.LIMIT))
    for seed in range(20):
        for _, truth, verdict in planted.judged(seed, planted.FAR):
            assert not planted.wrong(truth, verdict)
            clear += 1
            right += verdict != "undecided"
    # claims on their limits are the worst case: 5 % of the families, and three standard deviations of 150 of them
    assert err / families <= ERROR + 3.0 * math.sqrt(ERROR * (1.0 - ERROR) / families)
    assert right / clear >= 0.98
