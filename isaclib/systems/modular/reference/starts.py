"""Starting points at which every SCNR is met, for methods that may not leave the interior; their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.systems.modular.reference.problem import Problem, adjoint, principal_factor

SHARES = np.concatenate([np.linspace(0.0, 0.95, 20), 1.0 - np.logspace(-2.0, -8.0, 7)])
"""Shares of focused power tried, smallest first; never all, as a stream without power gets none by descent."""

ROOM = 0.05
"""Least margin of a start, as a share of the margin of focused power."""


NO_START = "no start found that meets the SCNR"


def check_descent(options: Mapping[str, Any]) -> None:
    """Refuse barrier, tolerance and counts that no descent can take.

    Raises
    ------
    ValueError
        For a barrier parameter or tolerance not above 0, no start, or no iteration.
    """
    for name in ("barrier", "tolerance"):
        if not 0.0 < options[name] < np.inf:
            raise ValueError(f"option {name} = {options[name]!r}: expected a number above 0")
    for name, least in (("starts", 1), ("first_start", 0), ("max_iterations", 1)):
        if options[name] < least:
            raise ValueError(f"option {name} = {options[name]!r}: expected a whole number of at least {least}")


def focused_covariance(problem: Problem) -> np.ndarray | None:
    """Put unit power on the targets alone, so that the SCNRs are met by the same factor.

    For one target the eigenvector of the largest eigenvalue of A_1, which no covariance beats. For
    several, that of each, with power shares that solve sum_s p_s u_s^H A_t u_s = const.

    Returns
    -------
    ndarray of complex, shape (n, n), or None
        None where it does not meet the SCNRs.
    """
    beams = np.linalg.eigh(problem.forms)[1][..., -1].T
    received = np.sum(np.conj(beams) * (problem.forms @ beams), axis=1).real
    shares = np.linalg.lstsq(received, np.ones(len(received)), rcond=None)[0]
    shares = np.maximum(shares, 0.0)
    if not shares.any():
        return None
    shares /= shares.sum()
    if not np.min(received @ shares) > 1.0:
        return None
    return (beams * shares) @ adjoint(beams)


def interior_starts(problem: Problem, wanted: np.ndarray) -> np.ndarray | None:
    """Beams as near to wanted ones as meeting every SCNR allows.

    Focused power is mixed in, by the least of `SHARES` that leaves room to every SCNR; the N_s
    largest eigenpairs of the mixture are kept.

    Parameters
    ----------
    problem : Problem
        In any coordinates.
    wanted : ndarray of complex, shape (S, n, m)
        Beams to start from if they met the SCNRs.

    Returns
    -------
    ndarray of complex, shape (S, n, N_s), or None
        Of unit norm; None where no mixture meets the SCNRs.
    """
    focused = focused_covariance(problem)
    if focused is None:
        return None
    covariances = wanted @ adjoint(wanted)
    covariances /= np.trace(covariances, axis1=1, axis2=2).real[:, None, None]
    least = ROOM * problem.margins(principal_factor(focused, problem.streams)).min()
    starts = np.empty((len(wanted), problem.size, problem.streams), dtype=complex)
    missing = np.ones(len(wanted), dtype=bool)
    for share in SHARES:
        beams = principal_factor((1.0 - share) * covariances + share * focused, problem.streams)
        beams /= np.linalg.norm(beams, axis=(1, 2), keepdims=True)
        fits = missing & (problem.margins(beams).min(axis=-1) >= max(least, 0.0))
        starts[fits] = beams[fits]
        missing &= ~fits
        if not missing.any():
            return starts
    return None
