"""A campaign that grows: only what is new is solved, and what changed never mixes."""

from __future__ import annotations

MUSIC = {"music": {"trials": 2}}


def test_growth_runs_only_what_is_new(workshop):
    work = workshop()
    assert sum(work.build().values()) == 2 * 70
    assert work.build() == {}

    # more realisations, then fewer again: what is there stays
    assert sum(work.build("--config", "effort=paper").values()) == 2 * 30
    there = work.data()
    assert work.build() == {}
    assert work.data() == there

    # a scheme and a grid value
    work.write(schemes=["sensing-only-fdbf", "sensing-only-hbf"], grid={"power_dbm": [20, 25, 30]})
    executed = work.build("--config", "effort=paper")
    assert sum(executed.values()) == 3 * 100 + 100

    # an estimator designs nothing anew
    work.write(estimators=MUSIC)
    executed = work.build("--config", "effort=paper")
    assert sum(executed.values()) == 2 * 3 * 100
    grown = work.data()

    # the same campaign made at once is the same data, to the bit
    fresh = workshop("fresh", **work.content)
    fresh.build("--config", "effort=paper")
    assert fresh.data() == grown


def test_a_changed_parameter_makes_new_points_and_never_mixes(workshop):
    work = workshop(realisations=70)
    before = work.build()
    data = work.data()
    work.write(parameters={"elements": 8, "rf_chains": 4, "target_m": [12, 3]})
    changed = work.build()
    assert sum(changed.values()) == 2 * 70
    assert not set(before) & set(changed)
    assert work.data()["speb_m2"] != data["speb_m2"]

    # back again: nothing to solve, and the first data
    work.write(parameters={"elements": 8, "rf_chains": 4})
    assert work.build() == {}
    assert work.data() == data


def test_a_precision_is_reached_round_by_round(workshop):
    asked = {"metric": "sum_rate", "statistic": "mean", "relative": 0.02, "max_realisations": 3000}
    work = workshop(schemes=["communication-only-fdbf"], grid={"power_dbm": [25]}, realisations=64, precision=asked)
    first = sum(work.build().values())
    assert 64 < first < 3000
    assert len(list(work.results.glob("plan/*/*.json"))) > 2
    assert "1 of 1 points there" in work.isaclib("status", str(work.file)).stdout
    assert work.build() == {}

    # a narrower interval solves the rest only
    work.write(precision={**asked, "relative": 0.015})
    more = sum(work.build().values())
    assert more > 0
    there = work.data()
    fresh = workshop("fresh", **work.content)
    assert sum(fresh.build().values()) == first + more
    assert fresh.data() == there
