"""What is on disk, and what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isaclib.campaign.cells import Cell
from isaclib.campaign.coverage import Coverage, Task, extended, missing_cells, named_realisations, serves
from isaclib.campaign.run import execute
from isaclib.campaign.sidecar import Sidecar


@pytest.fixture
def held(campaign, runs_of, tmp_path):
    """Return a factory of sidecars: what a run of a curve would say of its cells."""
    (run,) = runs_of(campaign(realisations="1"))
    genuine = execute(run, tmp_path / f"{run.id}.nc", progress=False)

    def make(spec, cells, *, designs=True, estimators=(), variables=(), curve=0) -> Sidecar:
        entry = spec.entries[curve]
        ids = spec.estimator_ids(entry)
        return replace(
            genuine,
            scheme_id=entry.scheme_id,
            designs=designs,
            estimators={name: ids[name] for name in estimators},
            cells=tuple(cells),
            variables={key: {} for key in variables},
        )

    return make


def ranges(missing):
    return {task: [(cell.start, cell.stop) for cell in cells] for task, cells in missing.items()}


def test_everything_is_missing_at_first_in_cells_that_no_effort_needs_a_part_of(campaign):
    spec = campaign("paper", grid="{power_dbm: [10]}", realisations="{quick: 128, paper: 1000000}")
    (cells,) = ranges(missing_cells(spec, Coverage([]))).values()
    assert cells == [(0, 128), (128, 1000000)]
    # the blocks of both ends are solved once: nothing is cut within them
    spec = campaign("paper", grid="{power_dbm: [10]}", realisations="{quick: 100, paper: 300}", estimators="{echo: }")
    task = Task(spec.curves[0].scheme_id, True, ("echo",))
    assert ranges(missing_cells(spec, Coverage([]))) == {task: [(0, 64), (64, 128), (128, 256), (256, 300)]}


def test_only_the_gaps_are_missing(campaign, held):
    spec = campaign(grid="{power_dbm: [10]}", realisations="150")
    point = spec.points(spec.curves[0])[(0,)].id
    coverage = Coverage([held(spec, [Cell(point, 0, 64), Cell(point, 70, 100)])])
    (cells,) = ranges(missing_cells(spec, coverage)).values()
    assert cells == [(64, 70), (100, 128), (128, 150)]
    grown = campaign(grid="{power_dbm: [10, 20]}", realisations="64")
    (cells,) = missing_cells(grown, coverage).values()
    assert cells == [Cell(grown.points(grown.curves[0])[(1,)].id, 0, 64)]


def test_a_new_estimator_needs_no_new_designs(campaign, held):
    spec = campaign(grid="{power_dbm: [10]}", realisations="100", estimators="{echo: }")
    point = spec.points(spec.curves[0])[(0,)].id
    coverage = Coverage(
        [held(spec, [Cell(point, 0, 64)]), held(spec, [Cell(point, 0, 30)], designs=False, estimators=["echo"])]
    )
    scheme = spec.curves[0].scheme_id
    assert ranges(missing_cells(spec, coverage)) == {
        Task(scheme, False, ("echo",)): [(30, 64)],
        Task(scheme, True, ("echo",)): [(64, 100)],
    }


def test_designs_count_only_with_what_is_to_be_stored(campaign, held):
    spec = campaign(grid="{power_dbm: [10]}", realisations="64", store="[beamformers]")
    point = spec.points(spec.curves[0])[(0,)].id
    bare, kept = held(spec, [Cell(point, 0, 64)]), held(spec, [Cell(point, 0, 64)], variables=["beamformers"])
    assert missing_cells(spec, Coverage([bare], spec.store))
    assert not missing_cells(spec, Coverage([kept], spec.store))


def test_results_of_another_seed_or_solver_do_not_count(campaign, held):
    spec = campaign(grid="{power_dbm: [10]}", realisations="64")
    held_by = held(spec, [Cell(spec.points(spec.curves[0])[(0,)].id, 0, 64)])
    for change in ({"seed": "8"}, {"schemes": "[{scheme: plain, options: {scale: 2}}]"}, {"parameters": "{users: 3}"}):
        assert missing_cells(campaign(grid="{power_dbm: [10]}", realisations="64", **change), Coverage([held_by])), (
            change
        )


def test_a_run_serves_whatever_any_effort_names(campaign, held):
    spec = campaign(grid="{power_dbm: [10]}")  # quick 100, paper 200
    point = spec.points(spec.curves[0])[(0,)].id
    named = named_realisations(spec)
    assert serves(spec, held(spec, [Cell(point, 192, 256)]), named)
    assert not serves(spec, held(spec, [Cell(point, 200, 256)]), named)
    assert not serves(spec, held(spec, [Cell("another", 0, 64)]), named)
    assert not serves(spec, replace(held(spec, [Cell(point, 0, 64)]), scheme_id="another"), named)


def test_the_dataset_keeps_what_a_larger_effort_left(campaign, held):
    spec = campaign(
        grid="{power_dbm: [10]}",
        schemes="[plain, {scheme: plain, label: b, options: {scale: 2}, realisations: {quick: 0, paper: 8}}]",
    )
    point = spec.points(spec.entries[0])[(0,)].id
    sidecars = [held(spec, [Cell(point, 128, 190)]), held(spec, [Cell(point, 0, 40)], curve=1)]
    assert [curve.realisations for curve in extended(spec, sidecars).curves] == [190, 8]
    assert [curve.realisations for curve in extended(spec, sidecars[:0]).curves] == [100]
