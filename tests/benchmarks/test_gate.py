"""The gate on the speed of kernels: its verdict on given times, and versions in which a kernel does not run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "kernels"


@pytest.fixture
def gate(monkeypatch):
    """Return the script as a module; it finds its neighbours as it does when it is run."""
    monkeypatch.syspath_prepend(FOLDER)
    import gate

    return gate


def timing(slower: dict[str, list[float]], asked: list[list[str]], noise: float = 0.03):
    """Return a `measure` whose new times are so much longer in one round after the other, and note what it is asked."""
    rng = np.random.default_rng(3)

    def measure(names, calls):
        asked.append((list(names), calls))
        level = {name: slower[name][len(asked) - 1] if name in slower else 1.0 for name in names}
        # what other work adds is never negative, and half of the calls are twice as long
        calls = 0.01 * (1.0 + noise * rng.random((len(names), 2, calls)) + rng.integers(0, 2, (len(names), 2, calls)))
        return {name: (list(old), list(level[name] * new)) for name, (old, new) in zip(names, calls, strict=True)}

    return measure


def test_a_kernel_that_is_slower_in_each_round_is_refused(gate):
    asked = []
    verdicts = gate.judge(timing({"b": [1.15, 1.15, 1.15]}, asked), ["a", "b", "c"])
    assert {name for name, found in verdicts.items() if found.slower} == {"b"}
    assert verdicts["b"].ratio == pytest.approx(1.15, abs=0.04)
    assert verdicts["a"].ratio == pytest.approx(1.0, abs=0.04)
    assert asked == [(["a", "b", "c"], 20), (["b"], 40), (["b"], 80)]


def test_a_round_that_went_wrong_is_measured_again(gate):
    asked = []
    verdicts = gate.judge(timing({"a": [1.5, 1.5, 1.0], "c": [1.4, 1.02]}, asked), ["a", "b", "c"])
    assert not any(found.slower for found in verdicts.values())
    assert verdicts["a"].ratio == pytest.approx(1.0, abs=0.04)
    assert [names for names, _ in asked] == [["a", "b", "c"], ["a", "c"], ["a"]]


def test_a_kernel_that_runs_in_one_version_only(gate, tmp_path):
    for name, status in (("runs", 0), ("fails", 3)):
        package = tmp_path / name / "isaclib"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(f"raise SystemExit({status})\n")
    runs, fails = tmp_path / "runs", tmp_path / "fails"
    command = "isaclib --help"
    times = gate.measure(runs, runs, [command], 2)
    assert [len(side) for side in times[command]] == [2, 2]
    assert gate.judge(lambda names, calls: gate.measure(fails, runs, names, calls), [command]) == {}
    with pytest.raises(RuntimeError, match=r"isaclib --help: .*status 3"):
        gate.measure(runs, fails, [command], 2)


def test_a_clone_without_the_baseline_passes_and_says_so():
    done = subprocess.run(
        [sys.executable, FOLDER / "gate.py", "--baseline", "0" * 40], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        f"the baseline of the kernels, {'0' * 40}, is not in this clone: no kernel was compared"
    ]
