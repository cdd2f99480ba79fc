"""The comparison with CVXPY, on one draw of a cheap scheme."""

from __future__ import annotations

import importlib
import inspect
import itertools
import time
from pathlib import Path

import pytest

import isaclib

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def compare(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("compare")


def test_a_reference_is_timed_and_judged_on_the_draw_of_the_default_solver(compare, tmp_path, capsys):
    words = "--quick --schemes hybrid/two-stage-hbf --forms reduced --batches 1 4 --draws 1"
    record = compare.main(words.split())
    case = record["cases"]["hybrid/two-stage-hbf"]
    assert set(case["methods"]) == {"reduced/CLARABEL", "reduced/SCS"}
    for method in case["methods"].values():
        (entry,) = method["draws"]
        assert entry["outcome"] == "design"
        assert entry["violation"] <= 1e-9
        assert abs(entry["loss"]) < 1e-4
        assert entry["seconds"] > 0.0
        assert method["first"] > 0.0
    assert "| `two-stage-hbf` | reduced | CLARABEL | 1 of 1 |" in capsys.readouterr().out
    compare.page.figure(record, tmp_path / "comparison.png")
    assert (tmp_path / "comparison.png").stat().st_size > 10_000


def test_every_program_can_be_called(compare):
    forms = [form for case in compare.cases() for form in case.forms.values()]
    assert len(forms) > 20
    for form in forms:
        for call in (form.run, form.first):
            if call is not None:
                inspect.signature(call).bind("a scenario", solver="SCS")


def test_a_mistake_in_a_program_is_no_result(compare):
    system = isaclib.get_system("stars")
    worker = compare.Worker(system, lambda scenario: scenario.nothing, None, limit=5.0)
    with pytest.raises(AttributeError, match="nothing"):
        worker.solve(system.draw(system.Parameters(), seed=1))


def test_a_draw_over_the_limit_is_told_so(compare):
    def endless(scenario):
        for number in itertools.count():
            if number < 0:
                return None, None

    system = isaclib.get_system("stars")
    worker = compare.Worker(system, endless, None, limit=1.0)
    began = time.perf_counter()
    assert worker.solve(system.draw(system.Parameters(), seed=1)) == {"outcome": "over", "seconds": 1.0}
    assert time.perf_counter() - began < 60.0
