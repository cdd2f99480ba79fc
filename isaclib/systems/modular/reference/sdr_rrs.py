"""Algorithm 2: semidefinite relaxation (59) and randomisation for a covariance of N_s streams (SDR-RRS)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from isaclib.numerics.conic import ConicStatus, HermitianCoordinates, check_solver, solve
from isaclib.systems.modular.acceptance import SCNR_TOLERANCE
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.reference.outcome import Attempt, design_each
from isaclib.systems.modular.reference.problem import Problem, adjoint, principal_factor
from isaclib.systems.modular.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

SDR_RRS_OPTIONS: Mapping[str, Any] = {
    "conic_solver": "CLARABEL",
    "dimension": "span",
    "randomisations": 1000,
    "eigen_candidate": True,
}

DIMENSIONS = ("seed", "span")

RESTORATIONS = 20
AIM = 1e-9
"""Share by which a restored SCNR exceeds the one asked."""


def check_sdr_rrs(options: Mapping[str, Any]) -> None:
    """Refuse options that `sdr_rrs` cannot take.

    Raises
    ------
    ValueError
        For an unknown conic solver or dimension, fewer than 0 samples, or no candidate at all.
    """
    check_solver(options["conic_solver"])
    if options["dimension"] not in DIMENSIONS:
        raise ValueError(f"option dimension = {options['dimension']!r}: expected one of {', '.join(DIMENSIONS)}")
    least = 0 if options["eigen_candidate"] else 1
    if options["randomisations"] < least:
        raise ValueError(
            f"option randomisations = {options['randomisations']!r}: expected a whole number of at least {least}"
        )


def sdr_rrs(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Maximise the spectral efficiency by Algorithm 2.

    The relaxation (59) in the N_RF coordinates behind F_A (`dimension` ``seed``), or in the span of
    the channel's rows and the steering vectors, which is as good and smaller (``span``). With
    R = U L U^H, candidates are U L^1/2 Z, Z complex normal (n, N_s), and, where `eigen_candidate`,
    the N_s largest eigenpairs themselves (with what they miss of the SCNR, by the accuracy of the
    solver or by the pairs left out, put on a stream); each at full power. The best that meets the SCNR is
    returned; `iterations` are those of the conic solver.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `SDR_RRS_OPTIONS`.
    rng : Streams
        Gives the samples by realisation.

    Returns
    -------
    Design
    """
    check_sdr_rrs(options)
    # one seed a realisation: its samples do not depend on its neighbours
    seeds = (rng.uniform(Stream.RANDOMISATION) * 2.0**53).astype(np.int64)
    return design_each(scenario, lambda problem, index: relax_and_round(problem, options, int(seeds[index])))


def relax_and_round(problem: Problem, options: Mapping[str, Any], seed: int) -> Attempt:
    """Algorithm 2 on one realisation.

    Parameters
    ----------
    problem : Problem
        In all coordinates behind F_A.
    options : mapping
        With the keys of `SDR_RRS_OPTIONS`.
    seed : int
        Of the samples.

    Returns
    -------
    Attempt
    """
    basis = np.eye(problem.size) if options["dimension"] == "seed" else problem.span()
    small = problem.within(basis)
    covariance, status, iterations = relaxed_covariance(small, options["conic_solver"])
    if covariance is None:
        reason = f"{options['conic_solver']} ended: {status.value}"
        return Attempt(reason=reason, iterations=iterations)
    values, vectors = np.linalg.eigh(covariance)
    # the projection to the semidefinite cone: a conic solver leaves eigenvalues a little below zero
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    pairs = np.random.Generator(np.random.PCG64(seed)).standard_normal(
        (options["randomisations"], small.size, small.streams, 2)
    )
    candidates = root @ (pairs[..., 0] + 1j * pairs[..., 1])
    if options["eigen_candidate"]:
        candidates = np.concatenate([candidates, principal_factor(covariance, small.streams)[None]])
        candidates[-1] = restore_scnr(small, candidates[-1])
    candidates /= np.linalg.norm(candidates, axis=(-2, -1), keepdims=True)
    # tr(A X X^H) >= c within tau c gives SCNR >= Gam within tau, as the clutter is positive
    met = small.margins(candidates).min(axis=-1) >= -SCNR_TOLERANCE / 2.0
    if not met.any():
        return Attempt(reason=f"none of {len(candidates)} candidates meets the SCNR", iterations=iterations)
    best = np.argmax(np.where(met, small.capacity(candidates), -np.inf))
    return Attempt(beams=basis @ candidates[best], iterations=iterations)


def restore_scnr(problem: Problem, beams: np.ndarray) -> np.ndarray:
    """Turn beams towards the target whose SCNR they miss, as little as meeting it takes.

    The eigenvector of the largest eigenvalue of A_t is added to the stream that has most of it, in
    phase: the streams stay N_s.

    Parameters
    ----------
    problem : Problem
        With the A_t.
    beams : ndarray of complex, shape (n, N_s)
        X.

    Returns
    -------
    ndarray of complex, shape (n, N_s)
        Of unit norm; short of an SCNR still where it cannot be met so.
    """
    beams = beams / np.linalg.norm(beams)
    for _ in range(RESTORATIONS):
        margins = problem.margins(beams)
        target = int(np.argmin(margins))
        if margins[target] >= 0.0:
            break
        levels, axes = np.linalg.eigh(problem.forms[target])
        if levels[-1] <= 1.0:
            break
        along = np.conj(axes[:, -1]) @ beams
        stream = int(np.argmax(np.abs(along)))
        there = np.abs(along[stream])
        turn = along[stream] / there if there > 0.0 else 1.0
        # scaling back to unit norm takes a part of the gain
        more = np.sqrt(there**2 + (AIM - margins[target]) / (levels[-1] - 1.0)) - there
        beams[:, stream] += more * turn * axes[:, -1]
        beams /= np.linalg.norm(beams)
    return beams


def relaxed_covariance(problem: Problem, solver: str) -> tuple[np.ndarray | None, ConicStatus, int]:
    """Solve the relaxation (59).

    Parameters
    ----------
    problem : Problem
        In any coordinates.
    solver : str
        One of `isaclib.numerics.conic.CONIC_SOLVERS`.

    Returns
    -------
    covariance : ndarray of complex, shape (n, n), or None
        R for unit power; None where the solver has none.
    status : ConicStatus
        How it ended.
    iterations : int
        Of the conic solver.
    """
    program = _program(problem.size, len(problem.channel), len(problem.signed))
    return program.solve(problem, solver)


class _Program:
    """The relaxation (59) in real coordinates of R, compiled once for its shape.

    The coordinates of H R H^H are linear in those of R: tr(B H R H^H) = tr(H^H B H R).
    """

    def __init__(self, size: int, users: int, targets: int) -> None:
        import cvxpy as cp

        self._covariance, self._output = HermitianCoordinates(size), HermitianCoordinates(users)
        self._basis = np.stack([self._output.matrix(row) for row in np.eye(users * users)])
        self._vector = cp.Variable(size * size)
        self._seen = cp.Parameter((users * users, size * size))
        self._forms = cp.Parameter((targets, size * size))
        received = self._output.embedding(self._seen @ self._vector + self._output.coordinates(np.eye(users)))
        # the real embedding has every eigenvalue twice
        self._problem = cp.Problem(
            cp.Maximize(cp.log_det(received) / 2.0),
            [
                self._covariance.embedding(self._vector) >> 0,
                self._forms @ self._vector >= 1.0,
                cp.sum(self._vector[:size]) <= 1.0,
            ],
        )

    def solve(self, problem: Problem, solver: str) -> tuple[np.ndarray | None, ConicStatus, int]:
        channel = problem.channel
        self._seen.value = self._covariance.coordinates(adjoint(channel) @ self._basis @ channel)
        self._forms.value = self._covariance.coordinates(problem.forms)
        status = solve(self._problem, solver)
        stats = self._problem.solver_stats
        iterations = int(getattr(stats, "num_iters", 0) or 0)
        solution = self._vector.value
        if not status.has_solution or solution is None:
            return None, status, iterations
        return self._covariance.matrix(solution), status, iterations


@lru_cache(maxsize=16)
def _program(size: int, users: int, targets: int) -> _Program:
    return _Program(size, users, targets)
