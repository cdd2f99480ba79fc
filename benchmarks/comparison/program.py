"""Solving a program as its author would: CVXPY with the settings that the solver comes with."""

from __future__ import annotations

import warnings
from typing import Any


class Unsolved(Exception):
    """The conic solver has no solution; its word for it."""


def solve(problem: Any, solver: str) -> None:
    """Solve with the solver's own settings and one thread.

    Raises
    ------
    Unsolved
        Where there are no values, whatever the reason.
    """
    import cvxpy as cp

    with warnings.catch_warnings():
        # "solution may be inaccurate": what it is worth is measured afterwards
        warnings.simplefilter("ignore")
        try:
            problem.solve(solver=solver, **({"max_threads": 1} if solver == "CLARABEL" else {}))
        except cp.error.SolverError as error:
            raise Unsolved("solver error") from error
    if problem.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
        raise Unsolved(problem.status)
