from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import isaclib
from isaclib.systems.base import Design, Estimator, Scheme, Solver, Status, nearest
from isaclib.systems.streams import Streams
from isaclib.systems.system import System


@dataclass(frozen=True)
class Scenario:
    streams: Streams


def solved(scenario: Scenario, options: Any, rng: Streams) -> Design:
    count = rng.stop - rng.start
    numbers = np.full(count, float(options["level"]))
    return Design(
        status=np.full(count, Status.OPTIMAL),
        objective=numbers,
        bound=numbers,
        gap=np.zeros(count),
        violation=np.zeros((count, 0)),
        constraints=(),
        iterations=np.zeros(count, dtype=int),
        reason=("",) * count,
    )


SOLVER = Solver(run=solved, summary="", options={"level": 1, "share": 0.5, "word": "low", "exact": True, "limit": None})
SCHEME = Scheme(name="first", summary="", solvers={"fast": SOLVER, "slow": Solver(run=solved, summary="")})


def toy(**changes: Any) -> System:
    def measured(scenario: Scenario, design: Any, options: Any, rng: Streams) -> xr.Dataset:
        return xr.Dataset({"trials": options["trials"]})

    values: dict[str, Any] = {
        "name": "toy",
        "version": 1,
        "parameters_class": dict,
        "draw_scenario": lambda parameters, streams: Scenario(streams),
        "evaluate_design": lambda scenario, design: xr.Dataset({"objective": ("realisation", design.objective)}),
        "schemes_package": "isaclib.systems.hybrid.schemes",
        "estimators": {"ear": Estimator(name="ear", summary="", run=measured, options={"trials": 2})},
    }
    return System(**{**values, **changes})


def test_nearest_names_a_close_name_or_all_there_are() -> None:
    assert nearest("sdr-bdc", ["direct", "sdr-bcd"]) == "did you mean 'sdr-bcd'?"
    assert nearest("xyz", ["direct", "sdr"]) == "known: direct, sdr"
    assert nearest("xyz", []) == "there are none"


def test_options_are_filled_in() -> None:
    defaults = {"level": 1, "share": 0.5, "word": "low", "exact": True, "limit": None}
    assert SOLVER.resolve(None) == defaults
    assert SOLVER.resolve({"level": 2, "limit": "any"}) == {**defaults, "level": 2, "limit": "any"}


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [("level", 300.0, 300), ("level", np.int64(300), 300), ("share", 2, 2.0), ("share", np.float32(0.25), 0.25)],
)
def test_numbers_take_the_type_of_the_default(name: str, value: Any, stored: float) -> None:
    resolved = SOLVER.resolve({name: value})[name]
    assert (resolved, type(resolved)) == (stored, type(stored))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levle": 2}, "option 'levle' is unknown: did you mean 'level'?"),
        ({"level": "2"}, "option level = '2': expected a value like 1"),
        ({"level": 300.5}, "option level = 300.5: expected a whole number, like 1"),
        ({"level": float("inf")}, "option level = inf: expected a whole number, like 1"),
        ({"level": True}, "option level = True: expected a value like 1"),
        ({"word": 3}, "option word = 3: expected a value like 'low'"),
        ({"exact": 1}, "option exact = 1: expected a value like True"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        SOLVER.resolve(options)
    with pytest.raises(ValueError, match=re.escape(message)):
        Estimator(name="ear", summary="", run=SOLVER.run, options=SOLVER.options).resolve(options)  # type: ignore[arg-type]


def test_a_solver_without_options_says_so() -> None:
    with pytest.raises(ValueError, match="option 'level' is unknown: there are none"):
        SCHEME.solver("slow").resolve({"level": 1})


def test_the_first_solver_is_the_default() -> None:
    assert SCHEME.default_solver == "fast"
    assert SCHEME.solver() is SOLVER
    assert SCHEME.solver("slow") is SCHEME.solvers["slow"]
    with pytest.raises(ValueError, match="scheme 'first' has no solver 'slaw': did you mean 'slow'"):
        SCHEME.solver("slaw")


def test_design_passes_options_and_shares_out_the_time() -> None:
    system = toy()
    system.__dict__["schemes"] = {"first": SCHEME}
    scenario = system.draw({}, seed=0, start=3, stop=7)
    design = system.design(scenario, scheme="first", options={"level": 4})
    np.testing.assert_array_equal(system.evaluate(scenario, design).objective, [4.0] * 4)
    assert design.solve_seconds.shape == (4,)
    assert len(set(design.solve_seconds)) == 1
    assert design.solve_seconds[0] > 0.0
    assert system.estimate(scenario, design, estimator="ear", options={"trials": 5}).trials == 5


def test_a_solver_is_not_asked_for_what_it_does_not_cover() -> None:
    @dataclass(frozen=True)
    class Sized(Scenario):
        parameters: int

    def small(parameters: int) -> None:
        if parameters > 4:
            raise ValueError(f"size = {parameters}: expected at most 4")

    scheme = Scheme(name="first", summary="", solvers={"fast": replace(SOLVER, check_parameters=small)})
    rng = Streams(0, 0, 2)
    assert len(scheme.design(Sized(rng, 4), rng=rng).status) == 2
    with pytest.raises(ValueError, match=r"^size = 5: expected at most 4$"):
        scheme.design(Sized(rng, 5), rng=rng)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"start": 5, "stop": 5}, "start, stop = 5, 5: expected 0 <= start < stop"),
        ({"start": -1, "stop": 5}, "start, stop = -1, 5"),
        ({"seed": -1}, "seed = -1: expected a whole number of at least 0"),
    ],
)
def test_draw_refuses_nonsense(numbers: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        toy().draw({}, **{"seed": 0, **numbers})


def test_unknown_names_are_answered_with_the_nearest() -> None:
    system = toy()
    scenario = system.draw({}, seed=0)
    with pytest.raises(ValueError, match="system 'toy' has no scheme 'speb-min-fdfb': did you mean 'speb-min-fdbf'"):
        system.design(scenario, scheme="speb-min-fdfb")
    with pytest.raises(ValueError, match="system 'toy' has no estimator 'eye': known: ear"):
        system.estimate(scenario, None, estimator="eye")
    with pytest.raises(ValueError, match="system 'hybird' is unknown: did you mean 'hybrid'"):
        isaclib.get_system("hybird")


def test_a_file_in_the_package_is_a_scheme(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "toy_schemes"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "first.py").write_text(
        "from isaclib.systems.base import Scheme\nSCHEME = Scheme(name='the-first', summary='', solvers={})\n"
    )
    (package / "notes.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert list(toy(schemes_package="toy_schemes").schemes) == ["the-first"]


@pytest.mark.parametrize(
    ("system", "solvers"),
    [
        (
            "hybrid",
            {
                "communication-only-fdbf": ["direct", "fp-bcd"],
                "communication-only-hbf": ["direct", "fp-bcd"],
                "crb-min-hbf": ["direct"],
                "dpc-bound": ["water-filling"],
                "matrix-approximation-hbf": ["alternating-minimisation"],
                "sca-bcd-fdbf": ["direct", "sca-bcd", "sca-bcd-as-printed"],
                "sca-bcd-hbf": ["direct", "sca-bcd", "sca-bcd-as-printed"],
                "sensing-only-fdbf": ["closed-form"],
                "sensing-only-hbf": ["closed-form"],
                "snr-max-hbf": ["direct", "sdr-bcd"],
                "speb-min-fdbf": ["direct", "sdr"],
                "speb-min-hbf": ["direct", "sdr-bcd"],
                "two-stage-hbf": ["direct", "sdr"],
            },
        ),
        (
            "modular",
            {
                "fully-digital": ["dual"],
                "hybrid-beamforming": ["dual", "sdr-rrs", "rm-jgd", "rgd-full-range", "trust-regions"],
                "joint-receive": ["alternating-mvdr"],
            },
        ),
    ],
)
def test_default_solvers_come_first_and_are_cheap_enough_to_be_measured(
    system: str, solvers: dict[str, list[str]]
) -> None:
    schemes = isaclib.get_system(system).schemes
    assert {name: list(scheme.solvers) for name, scheme in schemes.items()} == solvers
    assert all(scheme.solver().seconds is None for scheme in schemes.values())
