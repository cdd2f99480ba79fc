"""Fully digital optimum and bounds that hold for every beamformer of a draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.hybrid.normalisation import NormalisedProblem, normalise
from isaclib.systems.hybrid.relaxation import Relaxed, relax
from isaclib.systems.hybrid.scenario import Scenario


@dataclass(frozen=True)
class FullyDigital:
    """The relaxation of a scenario in the span of [a0, b1, b2, g_1, ..., g_K].

    The optimum lies in that span, so matrices of size K + 3 stand for matrices of size N.

    Attributes
    ----------
    problem : NormalisedProblem
        The scales.
    basis : ndarray of complex, shape (B, N, dim)
        Orthonormal basis of the span.
    relaxed : Relaxed
        Solution in that basis.
    bound : ndarray, shape (B,)
        Certified bound in physical units (a lower bound, or an upper one on the sensing SNR).
    """

    problem: NormalisedProblem
    basis: np.ndarray
    relaxed: Relaxed
    bound: np.ndarray

    def beamformers(self, coordinates: np.ndarray) -> np.ndarray:
        """Beams of unit power, shape (B, N, K), from coordinates in `basis`."""
        return self.basis @ coordinates


def sensing_and_channels(problem: NormalisedProblem) -> np.ndarray:
    """V = [a0, b1, b2, g_1, ..., g_K], shape (B, N, 3 + K)."""
    batch, _, elements = problem.g.shape
    sensing = np.broadcast_to(problem.sensing_basis, (batch, elements, 3))
    return np.concatenate([sensing, np.swapaxes(problem.g, 1, 2)], axis=-1)


def fully_digital(scenario: Scenario, objective: str = "speb", *, tie_break: float = 0.0) -> FullyDigital:
    """Solve the fully digital problem of every draw, with its certificate.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    objective : str
        A key of `isaclib.systems.hybrid.acceptance.OBJECTIVES`.
    tie_break : float
        Relative slack of the objective within which the illumination of the target is then
        maximised; 0: not.

    Returns
    -------
    FullyDigital
    """
    problem = normalise(scenario, polar=objective == "polar")
    basis, vectors = np.linalg.qr(sensing_and_channels(problem))
    relaxed = relax(
        vectors,
        problem.weight,
        problem.noise,
        problem.gamma,
        illumination=objective == "snr",
        tie_break=tie_break,
    )
    if objective == "snr":
        bound = problem.snr0 * np.minimum(relaxed.bound, 1.0)
    else:
        # no beamformer is better than the sensing-only one
        bound = problem.cost0 * np.maximum(relaxed.bound, 1.0)
    return FullyDigital(problem, basis, relaxed, bound)


def speb_lower_bound(scenario: Scenario) -> np.ndarray:
    """Certified lower bound on the SPEB of every beamformer that meets the rates and the power.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.

    Returns
    -------
    ndarray, shape (B,)
        m^2; NaN where the rates cannot be met.
    """
    return fully_digital(scenario).bound
