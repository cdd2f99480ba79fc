"""Upper bound on the sum-rate of every beamformer of a draw, and the fully digital solution behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.hybrid.certificate import sensing_and_channels
from isaclib.systems.hybrid.communication.fully_digital import Solved, solve
from isaclib.systems.hybrid.normalisation import NormalisedProblem, normalise
from isaclib.systems.hybrid.scenario import Scenario

ROUNDING = 1e-12
"""Relative error of the sensing-only SPEB: a cap this little below one is one."""

LEAST_EXCESS = 1e-7
"""What a cap exceeds one by at least: nearer to the sensing-only optimum the dual is lost in rounding. A tenth of the
tolerance to which the limit on the SPEB is held."""


@dataclass(frozen=True)
class FullyDigital:
    """The sum-rate problem of a scenario in the span of [a0, b1, b2, g_1, ..., g_K].

    Attributes
    ----------
    problem : NormalisedProblem
        The scales.
    basis : ndarray of complex, shape (B, N, dim)
        Orthonormal basis of the span.
    cap : float
        Gamma_s in units of the sensing-only SPEB, at least 1 + `LEAST_EXCESS`; infinity without a limit.
    solved : Solved or None
        Solution in that basis; None where Gamma_s is below the sensing-only SPEB: no beamformer meets it.
    bound : ndarray, shape (B,)
        Certified upper bound in bit/s/Hz; NaN where no beamformer meets the limit.
    """

    problem: NormalisedProblem
    basis: np.ndarray
    cap: float
    solved: Solved | None
    bound: np.ndarray

    def beamformers(self) -> np.ndarray:
        """Beams of unit power, shape (B, N, K); NaN where none met the limit."""
        if self.solved is None:
            return np.full((*self.basis.shape[:2], self.problem.g.shape[1]), np.nan + 0j)
        beams = self.basis @ self.solved.beams
        beams[~np.isfinite(self.solved.value)] = np.nan
        return beams


def fully_digital(scenario: Scenario, *, speb: bool) -> FullyDigital:
    """Solve problem (24) fully digitally for every draw.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    speb : bool
        Under SPEB <= Gamma_s, or without that constraint.

    Returns
    -------
    FullyDigital
    """
    problem = normalise(scenario)
    basis, vectors = np.linalg.qr(sensing_and_channels(problem))
    cap = scenario.parameters.max_speb_m2 / problem.speb0 if speb else np.inf
    if cap < 1.0 - ROUNDING:
        return FullyDigital(problem, basis, cap, None, np.full(len(scenario), np.nan))
    cap = max(cap, 1.0 + LEAST_EXCESS)
    solved = solve(vectors, problem.weight, problem.noise, cap)
    return FullyDigital(problem, basis, cap, solved, solved.bound / np.log(2.0))


def sum_rate_bound(scenario: Scenario, *, speb: bool) -> np.ndarray:
    """Certified upper bound on the sum-rate of every beamformer, fully digital or hybrid.

    Without the SPEB constraint and with one or two users it is the fully digital optimum itself;
    with more users it is at most the sum capacity of dirty-paper coding.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    speb : bool
        Of the beamformers with SPEB <= Gamma_s, or of all.

    Returns
    -------
    ndarray, shape (B,)
        bit/s/Hz; NaN where no beamformer meets the limit.
    """
    return fully_digital(scenario, speb=speb).bound
