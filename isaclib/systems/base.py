"""What every system offers: schemes with solvers, designs with certificates, estimators."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.systems.streams import Streams

if TYPE_CHECKING:
    import xarray as xr

OPTIMAL_GAP = 1e-6
"""Relative gap at which a design counts as optimal."""


class Status(IntEnum):
    """What became of one realisation; the last four have no design and NaN metrics."""

    OPTIMAL = 0
    FEASIBLE = 1
    VIOLATING = 2
    INFEASIBLE = 3
    NOT_FOUND = 4
    FAILED = 5
    NOT_RUN = 6


HAS_DESIGN = (Status.OPTIMAL, Status.FEASIBLE, Status.VIOLATING)


@dataclass(frozen=True)
class Design:
    """What a scheme returns, one entry a realisation; a system adds its beamformers.

    Attributes
    ----------
    status : ndarray of int8, shape (B,)
        Values of `Status`.
    objective, bound, gap : ndarray, shape (B,)
        The scheme's own objective, the best valid bound on it, |objective - bound| / |bound|.
    violation : ndarray, shape (B, C)
        Constraint violations, each divided by its limit; negative is slack.
    constraints : tuple of str
        Names of the C constraints.
    iterations : ndarray of int, shape (B,)
        Iterations of the solver.
    reason : tuple of str, length B
        Why there is no design; empty where there is one.
    trace : ndarray, shape (B, iteration), or None
        Objective after each iteration, NaN-padded.
    solve_seconds : ndarray, shape (B,), or None
        Time spent; None lets the system divide the time of the batch evenly.
    """

    status: np.ndarray
    objective: np.ndarray
    bound: np.ndarray
    gap: np.ndarray
    violation: np.ndarray
    constraints: tuple[str, ...]
    iterations: np.ndarray
    reason: tuple[str, ...]
    trace: np.ndarray | None = None
    solve_seconds: np.ndarray | None = None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known name, else the list of known ones, if any."""
    known = sorted(known)
    if not known:
        return "there are none"
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(known)


def chosen_beams(beamformers: np.ndarray, beam: int | None) -> np.ndarray:
    """Return one column of a beamformer, shape (N, 1), or all of them where none is named, shape (N, K).

    Raises
    ------
    ValueError
        For a column that there is not.
    """
    if beam is None:
        return beamformers
    if not 0 <= beam < beamformers.shape[1]:
        raise ValueError(f"beam = {beam}: expected one from 0 to {beamformers.shape[1] - 1}, or none for all")
    return beamformers[:, [beam]]


def _filled_in(defaults: Mapping[str, Any], options: Mapping[str, Any] | None) -> dict[str, Any]:
    filled = dict(defaults)
    for name, value in (options or {}).items():
        if name not in defaults:
            raise ValueError(f"option {name!r} is unknown: {nearest(name, defaults)}")
        filled[name] = _like(name, value, defaults[name])
    return filled


def _like(name: str, value: Any, default: Any) -> Any:
    """Bring a value to the type of the default: 300, 300.0 and 3e2 are one option, with one identity."""
    if default is None:
        return value
    if isinstance(default, bool) or not isinstance(default, (int, float)):
        if not isinstance(value, type(default)):
            raise ValueError(f"option {name} = {value!r}: expected a value like {default!r}")
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"option {name} = {value!r}: expected a value like {default!r}")
    if isinstance(default, int):
        if not float(value).is_integer():
            raise ValueError(f"option {name} = {value!r}: expected a whole number, like {default!r}")
        return int(value)
    return float(value)


@dataclass(frozen=True)
class Solver:
    """One way to compute a scheme.

    Parameters
    ----------
    run : callable
        ``run(scenario, options, rng) -> Design``; `options` has every key of `options` below.
    summary : str
        One line on the method.
    options : mapping
        Options with their defaults; a user may set no others.
    version : int
        Raised when a mended solver returns other numbers: stored results are then solved again.
    seconds : float, optional
        Rough time a realisation where it is too dear to be measured before packing.
    check : callable, optional
        ``check(options)`` raises ValueError for values that the solver cannot take.
    check_parameters : callable, optional
        ``check_parameters(parameters)`` raises ValueError for a system that the solver does not cover.
    traces : bool
        It always keeps the objective after each iteration; another solver does so where it has an
        option ``trace`` above 0.
    """

    run: Callable[[Any, Mapping[str, Any], Streams], Design]
    summary: str
    options: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    seconds: float | None = None
    check: Callable[[Mapping[str, Any]], None] | None = None
    check_parameters: Callable[[Any], None] | None = None
    traces: bool = False

    def traced(self, options: Mapping[str, Any]) -> bool:
        """Tell whether designs with these resolved options have a trace."""
        return self.traces or bool(options.get("trace", 0))

    def resolve(self, options: Mapping[str, Any] | None) -> dict[str, Any]:
        """Fill in the defaults.

        Raises
        ------
        ValueError
            For an option this solver does not have, one of another type than its default, or a
            value it cannot take.
        """
        resolved = _filled_in(self.options, options)
        if self.check is not None:
            self.check(resolved)
        return resolved


@dataclass(frozen=True)
class Scheme:
    """A way to design.

    Parameters
    ----------
    name : str
        As in campaign files (``speb-min-hbf``).
    summary : str
        One line: what is optimised, under what.
    solvers : mapping of str to Solver
        Default first.
    file_id : str
        Hash of the file it was read from, which is part of its identity; empty for an installed one.
    """

    name: str
    summary: str
    solvers: Mapping[str, Solver]
    file_id: str = ""

    @property
    def default_solver(self) -> str:
        """Name of the solver taken where none is named."""
        return next(iter(self.solvers))

    def solver(self, name: str | None = None) -> Solver:
        """Return a solver by name.

        Raises
        ------
        ValueError
            For a solver this scheme does not have.
        """
        name = name or self.default_solver
        if name not in self.solvers:
            raise ValueError(f"scheme {self.name!r} has no solver {name!r}: {nearest(name, self.solvers)}")
        return self.solvers[name]

    def design(
        self, scenario: Any, *, solver: str | None = None, options: Mapping[str, Any] | None = None, rng: Streams
    ) -> Design:
        """Design beamformers for every realisation of a scenario.

        Parameters
        ----------
        scenario : Scenario
            Of the scheme's system; what it is `designed_for` is what solvers get to see.
        solver : str, optional
            Default: the scheme's first.
        options : mapping, optional
            Options of the solver.
        rng : Streams
            Random numbers of the scenario's realisations.

        Returns
        -------
        Design

        Raises
        ------
        ValueError
            For a solver or option that there is not, or parameters that the solver does not cover.
        """
        chosen = self.solver(solver)
        known = getattr(scenario, "designed_for", scenario)
        if chosen.check_parameters is not None:
            chosen.check_parameters(known.parameters)
        return chosen.run(known, chosen.resolve(options), rng)


@dataclass(frozen=True)
class Estimator:
    """An estimator of the target from simulated echoes, a stage of its own.

    Parameters
    ----------
    name : str
        As in campaign files (``music``).
    summary : str
        One line on the method.
    run : callable
        ``run(scenario, design, options, rng) -> xarray.Dataset`` over (realisation, trial, ...).
    options : mapping
        Options with their defaults.
    version : int
        Raised when its numbers change.
    check : callable, optional
        ``check(parameters, options)`` raises ValueError where it cannot work with these.
    metrics : mapping of str to tuple of str
        What `run` returns: name to dimensions behind the realisation.
    optional : mapping of str to str
        Those of them that `run` returns only where an option is above 0: name to option.
    """

    name: str
    summary: str
    run: Callable[[Any, Any, Mapping[str, Any], Streams], xr.Dataset]
    options: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    check: Callable[[Any, Mapping[str, Any]], None] | None = None
    metrics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, options: Mapping[str, Any] | None) -> dict[str, Any]:
        """Fill in the defaults, as `Solver.resolve` does."""
        return _filled_in(self.options, options)
