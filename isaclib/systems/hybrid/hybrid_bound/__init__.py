"""Lower bounds on the SPEB that know the hybrid structure.

The distance of a hybrid design to the fully digital bound is the price of the structure plus what
the solver missed. These bounds hold for every F_A F_D of problem (23) and tell the two apart.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from isaclib.systems.hybrid import certificate
from isaclib.systems.hybrid.hybrid_bound.branch_and_bound import MAX_NODES, Progress, branch_and_bound
from isaclib.systems.hybrid.hybrid_bound.convex import convex_bound
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.scenario import Scenario

METHODS = ("branch-and-bound", "convex")
SAFETY = 1e-9
"""Part of a bound given up for rounding."""


@dataclass(frozen=True)
class HybridBound:
    """Bounds of a batch of B realisations.

    Attributes
    ----------
    bound_m2 : ndarray, shape (B,)
        Lower bound on the SPEB of every hybrid beamformer of the draw, never below
        `fully_digital_m2`; infinite where none meets the rates, NaN where no beamformer at all does.
    fully_digital_m2 : ndarray, shape (B,)
        Certified lower bound on the SPEB of every beamformer.
    nodes : ndarray of int, shape (B,)
        Cells of branch and bound; 0 where there was none.
    seconds : ndarray, shape (B,)
        Time spent, without loading compiled code.
    finished : ndarray of bool, shape (B,)
        Whether the method ended by itself and not at a limit.
    """

    bound_m2: np.ndarray
    fully_digital_m2: np.ndarray
    nodes: np.ndarray
    seconds: np.ndarray
    finished: np.ndarray


def check_method(method: str, users: int) -> None:
    """Refuse a method that does not exist, or not for so many users.

    Raises
    ------
    ValueError
        Naming what is allowed.
    """
    if method not in METHODS:
        raise ValueError(f"method = {method!r}: expected one of {', '.join(METHODS)}")
    if method == "branch-and-bound" and users != 2:
        raise ValueError(f"users = {users}: branch and bound needs 2 users; method convex takes any number")


def speb_lower_bound(
    scenario: Scenario,
    *,
    method: str = "branch-and-bound",
    objective_m2: np.ndarray | None = None,
    gap: float = 1e-3,
    seconds: float = 60.0,
    nodes: int = MAX_NODES,
    progress: Progress | None = None,
) -> HybridBound:
    """Bound the SPEB of every hybrid beamformer from below.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations; two users for branch and bound.
    method : str
        ``branch-and-bound``, which closes most of the distance within a minute, or ``convex``: a
        fraction of a second and about a sixth of the distance.
    objective_m2 : ndarray, shape (B,), optional
        SPEB of designs at hand: branch and bound ends within `gap` of it. The bound does not
        depend on it being attained.
    gap : float
        Relative gap at which branch and bound ends.
    seconds : float
        Time limit of branch and bound a draw; what is known then is returned.
    nodes : int
        Limit on its cells a draw.
    progress : callable, optional
        Told of branch and bound now and then: ``progress(bound in m^2, nodes, seconds)``.

    Returns
    -------
    HybridBound

    Raises
    ------
    ValueError
        For an unknown method, a limit or a gap that is not above 0, or another number of users than
        two with branch and bound.
    """
    check_method(method, scenario.parameters.users)
    for name, value in (("gap", gap), ("seconds", seconds), ("nodes", nodes)):
        if not value > 0.0:
            raise ValueError(f"{name} = {value!r}: expected a number above 0")
    problem = normalise(scenario)
    digital = certificate.speb_lower_bound(scenario)
    batch, chains = len(scenario), scenario.parameters.rf_chains
    bound = digital.copy()
    counts, spent = np.zeros(batch, dtype=np.int64), np.zeros(batch)
    finished = np.ones(batch, dtype=bool)

    for row in range(batch):
        if not math.isfinite(digital[row]):
            continue
        began = time.perf_counter()
        value = convex_bound(problem, row, rf_chains=chains).value
        spent[row] = time.perf_counter() - began
        if method == "branch-and-bound" and value < math.inf:
            floor = max(value, digital[row] / problem.cost0)

            def told(found: float, count: int, elapsed: float, floor: float = floor) -> None:
                if progress is not None:
                    progress(problem.cost0 * max(found, floor), count, elapsed)

            goal = math.inf if objective_m2 is None else objective_m2[row] / problem.cost0
            found = branch_and_bound(
                problem,
                row,
                rf_chains=chains,
                wanted=goal / (1.0 + gap),
                seconds=seconds,
                nodes=nodes,
                progress=told,
            )
            value = max(value, found.value)
            counts[row], finished[row] = found.nodes, found.finished
            spent[row] += found.seconds
        bound[row] = max(bound[row], problem.cost0 * value * (1.0 - SAFETY))
    return HybridBound(bound, digital, counts, spent, finished)
