"""Packing cells into runs."""

from __future__ import annotations

import pytest

from isaclib.campaign.cells import Cell
from isaclib.campaign.packing import pack, target_seconds
from isaclib.systems.streams import BLOCK


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
    assert target_seconds(1.5e6, cores=1000, asked=600.0) == 1500.0  # one wave of 1000 runs, not two of 750


def seconds_of(runs, costs, unit=BLOCK):
    return [sum(costs[cell.point] * -(-len(cell) // unit) for cell in run) for run in runs]


def test_runs_hold_every_block_once_in_order_and_are_about_equally_long():
    costs = {f"p{i}": 0.5 + (7 * i % 11) / 5 for i in range(20)}
    cells = [Cell(point, 64 * i, 64 * (i + 10)) for i, point in enumerate(costs)]
    runs = pack(cells, list(costs.values()), 25.0)
    parts = [cell for run in runs for cell in run]
    assert parts == sorted(parts, key=lambda cell: (int(cell.point[1:]), cell.start))
    for cell in cells:
        own = [part for part in parts if part.point == cell.point]
        assert [part.start for part in own] == [cell.start, *(part.stop for part in own[:-1])]
        assert own[-1].stop == cell.stop
    lengths = seconds_of(runs, costs)
    assert len(runs) == round(10 * sum(costs.values()) / 25.0)
    assert max(lengths) - min(lengths) <= 2 * max(costs.values())


def test_no_core_is_idle_while_the_last_run_is_at_work():
    assert len(pack([Cell("p", 0, 11 * BLOCK)], [10.0], 10.0, cores=4)) == 11  # no more units than these
    assert len(pack([Cell("p", 0, 110 * BLOCK)], [1.0], 10.0, cores=4)) == 12
    assert len(pack([Cell("p", 0, 30 * BLOCK)], [1.0], 10.0, cores=4)) == 3


def test_a_block_is_not_torn_apart():
    assert pack([Cell("p", 60, 200)], [30.0], 25.0) == [
        [Cell("p", 60, 64)],
        [Cell("p", 64, 128)],
        [Cell("p", 128, 192)],
        [Cell("p", 192, 200)],
    ]
    assert pack([Cell("p", 0, 64), Cell("q", 0, 64)], [0.0, 0.0], 25.0) == [[Cell("p", 0, 64), Cell("q", 0, 64)]]
    assert pack([], [], 25.0) == []


def test_a_slow_solvers_cell_is_cut_between_realisations():
    cell = Cell("p", 66, 70)
    assert pack([cell], [70.0], 25.0, unit=1) == [[Cell("p", i, i + 1)] for i in range(66, 70)]
    assert pack([cell], [10.0], 20.0, unit=1) == [[Cell("p", 66, 68)], [Cell("p", 68, 70)]]
    assert pack([cell], [0.0], 30.0, unit=1) == [[cell]]


def test_a_billion_realisations_are_packed_at_once():
    cells = [Cell(f"p{i}", 0, 10**7) for i in range(100)]
    runs = pack(cells, [0.1] * len(cells), 1000.0)
    assert len(runs) == 1562
    assert sum(len(cell) for run in runs for cell in run) == 10**9
    assert sum(map(len, runs)) < 1700
    # cheap designs: what a run holds in memory is the limit
    held = [sum(map(len, run)) for run in pack(cells, [1e-3] * len(cells), 1000.0)]
    assert len(held) == 667
    assert max(held) < 1_500_100
