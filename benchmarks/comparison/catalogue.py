"""Which programs of the papers stand against which default solver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

import isaclib

from . import hybrid_sensing, hybrid_sum_rate, modular_programs, stars_programs
from .program import Unsolved

SOLVERS = ("CLARABEL", "SCS")

FORMS = {"reduced": "reduced", "seed": "paper's", "raw": "paper's, in W and m"}
"""Forms of a program and what a table calls them."""


@dataclass(frozen=True)
class Form:
    """One form of the program of a scheme.

    Attributes
    ----------
    run : callable
        ``run(scenario, solver)`` returns the design before and after projection.
    first : callable or None
        The shortest call that compiles everything; None where nothing is kept between calls.
    """

    run: Callable[..., tuple[Any, Any]]
    first: Callable[..., tuple[Any, Any]] | None = None


@dataclass(frozen=True)
class Case:
    """A scheme whose default solver is timed.

    Attributes
    ----------
    system, scheme : str
    maximised : bool
        Whether the objective is.
    forms : mapping of str to Form
        By the keys of `FORMS`; empty where the paper writes no program.
    """

    system: str
    scheme: str
    maximised: bool = False
    forms: Mapping[str, Form] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Key in the record."""
        return f"{self.system}/{self.scheme}"


def _package(scenario: Any, solver: str, *, scheme: str, algorithm: str, **options: Any) -> tuple[None, Any]:
    """Solve by a reference solver of the package for ``hybrid``; all its iterates are projected."""
    system = isaclib.get_system("hybrid")
    design = system.design(scenario, scheme=scheme, solver=algorithm, options={"conic_solver": solver, **options})
    if not np.isfinite(design.objective[0]):
        raise Unsolved(design.reason[0])
    return None, design


def _solver(scheme: str, algorithm: str) -> Form:
    run = partial(_package, scheme=scheme, algorithm=algorithm)
    return Form(run, partial(run, max_iterations=1))


def _digital(two_stage: bool) -> dict[str, Form]:
    reduced = partial(hybrid_sensing.reduced_digital, two_stage=two_stage)
    return {"reduced": Form(reduced, reduced), "seed": Form(partial(hybrid_sensing.seed_digital, two_stage=two_stage))}


def _efficiency(hybrid: bool) -> dict[str, Form]:
    reduced = partial(modular_programs.reduced, hybrid=hybrid)
    return {"reduced": Form(reduced, reduced), "seed": Form(partial(modular_programs.seed, hybrid=hybrid))}


def _stars(drawn: bool) -> dict[str, Form]:
    reduced = partial(stars_programs.reduced, drawn=drawn)
    first = partial(reduced, iterations=1, inner_iterations=1, penalty=1e-6)
    return {"reduced": Form(reduced, first), "seed": Form(partial(stars_programs.seed, drawn=drawn))}


def cases() -> list[Case]:
    """Every scheme of the three systems, with the programs that there are."""
    raw = Form(partial(hybrid_sensing.seed_digital, two_stage=False, raw=True))
    alternation = hybrid_sensing.seed_alternation
    forms = {
        "speb-min-fdbf": {**_digital(False), "raw": raw},
        "two-stage-hbf": _digital(True),
        "speb-min-hbf": {
            "reduced": _solver("speb-min-hbf", "sdr-bcd"),
            "seed": Form(partial(alternation, objective="error")),
        },
        "snr-max-hbf": {
            "reduced": _solver("snr-max-hbf", "sdr-bcd"),
            "seed": Form(partial(alternation, objective="snr")),
        },
        "sca-bcd-fdbf": {
            "reduced": _solver("sca-bcd-fdbf", "sca-bcd"),
            "seed": Form(partial(hybrid_sum_rate.seed_alternation, hybrid=False)),
        },
        "sca-bcd-hbf": {
            "reduced": _solver("sca-bcd-hbf", "sca-bcd"),
            "seed": Form(partial(hybrid_sum_rate.seed_alternation, hybrid=True)),
        },
        "fully-digital": _efficiency(False),
        "hybrid-beamforming": _efficiency(True),
        "joint-receive": {
            "reduced": Form(modular_programs.reduced_alternation, partial(modular_programs.reduced, hybrid=True))
        },
        "joint-design": _stars(False),
        "random-deployment": _stars(True),
    }
    rates = ("snr-max", "sca-bcd", "communication-only", "matrix-approximation", "dpc-bound")
    found = [
        Case(name, scheme, name == "modular" or scheme.startswith(rates), forms.get(scheme, {}))
        for name in ("hybrid", "modular", "stars")
        for scheme in isaclib.get_system(name).schemes
    ]
    # those with programs first, in the order above
    order = list(forms)
    return sorted(found, key=lambda case: order.index(case.scheme) if case.forms else len(order))
