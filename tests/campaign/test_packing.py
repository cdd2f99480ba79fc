"""Packing cells into runs."""

from __future__ import annotations

import pytest

from isaclib.campaign.cells import Cell
from isaclib.campaign.packing import pack, split, target_seconds


@pytest.mark.parametrize(
    ("total", "cores", "target"),
    [
        (2000.0, 2, 50.0),  # total / (20 cores)
        (1e4, 2, 60.0),  # at most 60 s
        (600.0, 2, 25.0),  # at least 25 s
        (60.0, 2, 10.0),  # three runs a core
        (4.0, 2, 5.0),  # but no confetti
        (3e5, 2, 200.0),  # at most 1500 runs
    ],
)
def test_a_run_is_as_long_as_the_campaign_and_the_cores_suggest(total, cores, target):
    assert target_seconds(total, cores=cores) == pytest.approx(target)


def test_a_length_set_by_hand_is_kept_unless_there_were_too_many_runs():
    assert target_seconds(1e4, cores=2, asked=600.0) == 600.0
    assert target_seconds(1.5e6, cores=2, asked=600.0) == 1000.0


def test_runs_hold_every_cell_once_in_order_and_are_about_equally_long():
    costs = [0.5 + (7 * i % 11) / 5 for i in range(200)]
    runs = pack(costs, 25.0)
    assert [i for run in runs for i in run] == list(range(200))
    lengths = [sum(costs[i] for i in run) for run in runs]
    assert len(runs) == round(sum(costs) / 25.0)
    assert max(lengths) - min(lengths) <= 2 * max(costs)


def test_a_cell_longer_than_a_run_is_a_run():
    assert pack([1.0, 90.0, 1.0], 25.0) == [[0], [1], [2]] or pack([1.0, 90.0, 1.0], 25.0) == [[0, 1], [2]]
    assert pack([0.0, 0.0], 25.0) == [[0, 1]]
    assert pack([], 25.0) == []


def test_a_slow_solvers_cell_is_split_into_realisations():
    cell = Cell("p", 66, 70)
    assert split(cell, 70.0, 25.0) == [Cell("p", i, i + 1) for i in range(66, 70)]
    assert split(cell, 10.0, 30.0) == [Cell("p", 66, 69), Cell("p", 69, 70)]
    assert split(cell, 0.0, 30.0) == [cell]
