"""Later versions against the stored reference curves; docs/statistics.md says how to renew them."""

from __future__ import annotations

import copy
import importlib.util
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from isaclib.campaign.intervals import wilson_interval

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "reference_curves.py"


@pytest.fixture(scope="module")
def curves():
    specification = importlib.util.spec_from_file_location("reference_curves", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    # a dataclass looks its module up by name
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules[specification.name]


@pytest.fixture(scope="module")
def reference(curves):
    return json.loads(curves.REFERENCE.read_text())["points"]


@pytest.fixture(scope="module")
def fresh(curves, reference):
    return [curves.measure(point, seed=curves.CHECK_SEED, draws=point["check_draws"]) for point in reference]


def test_the_reference_holds(curves, reference, fresh):
    found = curves.compare(reference, fresh)
    assert not found, "\n".join(map(str, found))


def test_every_statistic_moved_by_what_is_detectable_is_named(curves, reference, fresh):
    names = [name for name, _ in curves.named(reference)]
    number = -1
    for place, point in enumerate(reference):
        for index, entry in enumerate(point["entries"]):
            number += 1
            moved = copy.deepcopy(fresh)
            now = moved[place][index]
            shift = curves.detectable(entry, draws=now["count"], family=len(names))
            if entry["statistic"] == "share":
                share = entry["successes"] / entry["count"]
                now["successes"] = round(now["count"] * (share + math.copysign(shift, 0.5 - share)))
            else:
                now["mean"] += math.copysign(shift, now["mean"] - entry["mean"]) * entry["deviation"]
            (finding,) = curves.compare(reference, moved)
            line = str(finding)
            assert finding.name == names[number]
            assert line.startswith(names[number])
            assert all(f"{curves.interval(part)[1]:.5g} to" in line for part in (entry, now))


def test_a_point_with_no_draw_left_is_named(curves, reference, fresh):
    lost = copy.deepcopy(fresh)
    place = next(number for number, point in enumerate(reference) if point["scheme"] == "two-stage-hbf")
    for now in lost[place]:
        now.update({"successes": 0} if now["metric"] == "designed" else {"count": 0, "mean": math.nan})
    assert {finding.name.split(",")[0] for finding in curves.compare(reference, lost)} == {
        "hybrid two-stage-hbf (elements = 16"
    }
    assert len(curves.compare(reference, lost)) == len(reference[place]["entries"])


def test_one_decibel_more_noise_is_found(curves, reference, fresh):
    place = next(number for number, point in enumerate(reference) if point["scheme"] == "sca-bcd-fdbf")
    point = copy.deepcopy(reference[place])
    point["parameters"]["noise_dbm"] = -89.0
    noisy = [*fresh]
    noisy[place] = curves.measure(point, seed=curves.CHECK_SEED, draws=point["check_draws"])
    found = curves.compare(reference, noisy)
    assert any("mean of sum_rate" in finding.name for finding in found)
    assert all(finding.name.startswith("hybrid sca-bcd-fdbf") for finding in found)


def test_alarms_are_as_rare_as_stated_and_a_planted_shift_is_found_as_often(curves, reference):
    total = sum(len(point["entries"]) for point in reference)
    rng = np.random.default_rng(11)
    families = 600
    alarms = found = 0
    for family in range(families):
        then, now = curves.synthetic_family(reference, rng, thin=4)
        alarms += bool(curves.compare(then, now))
        planted = family % total
        then, now = curves.synthetic_family(reference, rng, thin=4, planted=planted)
        found += any(finding.now is now[0][planted] for finding in curves.compare(then, now))
    assert wilson_interval(alarms, families)[1] <= curves.LEVEL
    assert wilson_interval(found, families)[2] >= curves.POWER


def test_fisher_equals_the_sum_of_all_tables(curves):
    # 1 of 10 against 5 of 6: tables with 5 or 6 of the fresh 6 among 6 hits in 16
    tail = (math.comb(6, 5) * math.comb(10, 1) + math.comb(6, 6)) / math.comb(16, 6)
    assert curves.fisher(1, 10, 5, 6) == pytest.approx(2.0 * tail)
    assert curves.fisher(10, 10, 6, 6) == 1.0
