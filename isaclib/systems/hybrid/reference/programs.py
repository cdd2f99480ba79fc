"""The semidefinite relaxations of Section IV, compiled once a shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from isaclib.numerics.conic import ConicStatus, HermitianCoordinates, solve, trace_inverse_epigraph
from isaclib.systems.hybrid.normalisation import NormalisedProblem

SHORTFALL_PENALTY = 10.0
"""Price of receiving nothing where a rate must be met, in programs that may miss rates; f is of order one."""


@dataclass(frozen=True)
class Relaxed:
    """Solution of a relaxation.

    Attributes
    ----------
    status : ConicStatus
        How the solver ended.
    value : float
        Objective: f to be minimised, or q to be maximised; NaN without a solution.
    covariances : tuple of ndarray, each (n, n)
        The matrix variables; empty without a solution.
    """

    status: ConicStatus
    value: float
    covariances: tuple[np.ndarray, ...]


class CovarianceProgram:
    """A relaxation over Hermitian matrices R_1..R_B >= 0 of size n.

    The objective is either f = min tr(U^-1) under the Schur complement (25b), or the sensing SNR
    q = a0^H R a0; K linear constraints ask for the rates; either the traces add up to at most one
    (38d) or each diagonal entry is one (32d).

    Parameters
    ----------
    size : int
        n.
    blocks : int
        B.
    users : int
        K.
    unit_diagonal : bool
        Diagonal entries of one (analog stage) instead of the power limit (digital stage).
    objective : str
        ``"error"`` or ``"snr"``.
    forgiving : bool
        Rates may be missed at a price, so that a point always exists.
    """

    def __init__(
        self, size: int, blocks: int, users: int, *, unit_diagonal: bool, objective: str, forgiving: bool
    ) -> None:
        import cvxpy as cp

        self.basis = HermitianCoordinates(size)
        self.maximise = objective == "snr"
        count = self.basis.count
        self._variables = [cp.Variable(count) for _ in range(blocks)]
        self._sensing = [cp.Parameter((8, count)) for _ in range(blocks)]
        self._rates = [cp.Parameter((users, count)) for _ in range(blocks)]
        self._needs = cp.Parameter(users, nonneg=True)
        self._factor = cp.Parameter((2, 2))

        constraints = [self.basis.embedding(x) >> 0 for x in self._variables]
        if unit_diagonal:
            constraints += [x[:size] == 1.0 for x in self._variables]
        else:
            constraints.append(sum(cp.sum(x[:size]) for x in self._variables) <= 1.0)
        received = sum(p @ x for p, x in zip(self._rates, self._variables, strict=True))
        cost: Any = 0.0
        if forgiving:
            shortfall = cp.Variable(users, nonneg=True)
            received = received + cp.multiply(self._needs, shortfall)
            cost = SHORTFALL_PENALTY * cp.sum(shortfall)
        constraints.append(received >= self._needs)

        gram = sum(p @ x for p, x in zip(self._sensing, self._variables, strict=True))
        if self.maximise:
            self._value: Any = gram[0]
            cost = cost - gram[0]
        else:
            self._value, epigraph = error_epigraph(gram, self._factor)
            constraints += epigraph
            cost = cost + self._value
        self._problem = cp.Problem(cp.Minimize(cost), constraints)

    def solve(
        self, *, weight: np.ndarray, sensing: list[np.ndarray], rates: list[np.ndarray], needs: np.ndarray, solver: str
    ) -> Relaxed:
        """Solve for one realisation.

        Parameters
        ----------
        weight : ndarray, shape (2, 2)
            C of the objective.
        sensing : list of ndarray, each (8, n, n)
            `sensing_functionals` of each block.
        rates : list of ndarray, each (K, n, n)
            Hermitian matrices of the rate constraints, sum_b tr(rates_b,k R_b) >= needs_k.
        needs : ndarray, shape (K,)
            What the rates ask for.
        solver : str
            One of `isaclib.numerics.conic.CONIC_SOLVERS`.

        Returns
        -------
        Relaxed
        """
        for parameter, matrices in zip(self._sensing + self._rates, sensing + rates, strict=True):
            parameter.value = self.basis.coordinates(matrices)
        self._needs.value = needs
        self._factor.value = np.linalg.cholesky(weight)
        status = solve(self._problem, solver)
        if not status.has_solution:
            return Relaxed(status, np.nan, ())
        return Relaxed(
            status, float(self._value.value), tuple(self.basis.matrix(np.asarray(x.value)) for x in self._variables)
        )


@lru_cache(maxsize=16)
def covariance_program(
    size: int, blocks: int, users: int, *, unit_diagonal: bool, objective: str, forgiving: bool
) -> CovarianceProgram:
    """Return the compiled program of a shape; see `CovarianceProgram`."""
    return CovarianceProgram(size, blocks, users, unit_diagonal=unit_diagonal, objective=objective, forgiving=forgiving)


def error_epigraph(gram: Any, factor: Any) -> tuple[Any, list[Any]]:
    """Epigraph of f = tr(L^T U^-1 L) under the Schur complement (25b).

    Parameters
    ----------
    gram : cvxpy expression, shape (8,)
        q, Re s_1, Im s_1, Re s_2, Im s_2, S_11, Re S_12, S_22, as `sensing_functionals` order them.
    factor : cvxpy expression, shape (2, 2)
        L, with L L^T = C.

    Returns
    -------
    tuple of cvxpy expression, list of cvxpy constraint
        An upper bound on f, tight when minimised, and what makes it one.
    """
    import cvxpy as cp

    q, s11, s12, s22 = gram[0], gram[5], gram[6], gram[7]
    information = cp.Variable((2, 2), symmetric=True)
    bound, epigraph = trace_inverse_epigraph(information, factor)
    # (25b) normalised: J_11 ~ q I + Re S, J_12 ~ [Re s, Im s], J_22 ~ q I
    j11 = cp.bmat([[q + s11, s12], [s12, q + s22]])
    j12 = cp.bmat([[gram[1], gram[2]], [gram[3], gram[4]]])
    schur = cp.bmat([[j11 - information, j12], [j12.T, q * np.eye(2)]]) >> 0
    return bound, [epigraph, schur]


def sensing_functionals(seen: np.ndarray) -> np.ndarray:
    """Matrices X with tr(X R) = q, Re s_1, Im s_1, Re s_2, Im s_2, S_11, Re S_12, S_22.

    Parameters
    ----------
    seen : ndarray of complex, shape (n, 3)
        Columns through which R is seen: q = seen_0^H R seen_0, s_i = seen_i^H R seen_0,
        S_ij = seen_i^H R seen_j.

    Returns
    -------
    ndarray of complex, shape (8, n, n)
        Hermitian.
    """

    def outer(i: int, j: int) -> np.ndarray:
        return np.outer(seen[:, j], np.conj(seen[:, i]))

    def real(x: np.ndarray) -> np.ndarray:
        return (x + np.conj(x.T)) / 2.0

    def imag(x: np.ndarray) -> np.ndarray:
        return (x - np.conj(x.T)) / 2.0j

    s1, s2, s12 = outer(1, 0), outer(2, 0), outer(1, 2)
    return np.stack([outer(0, 0), real(s1), imag(s1), real(s2), imag(s2), outer(1, 1), real(s12), outer(2, 2)])


def digital_relaxation(
    problem: NormalisedProblem,
    index: int,
    basis: np.ndarray | None,
    *,
    objective: str,
    solver: str,
    forgiving: bool = False,
) -> Relaxed:
    """Problem (38) for orthonormal columns `basis` = F_A / sqrt(M), or the fully digital one.

    Parameters
    ----------
    problem : NormalisedProblem
        The batch.
    index : int
        The realisation.
    basis : ndarray of complex, shape (N, n), or None
        None: n = N, fully digital.
    objective : str
        ``"error"`` or ``"snr"``.
    solver : str
        Conic solver.
    forgiving : bool
        Rates may be missed at a price.

    Returns
    -------
    Relaxed
        Covariances R_k of M^(1/2) f_D,k in units of the power.
    """
    g, noise, gamma = problem.g[index], problem.noise[index], problem.gamma
    seen = problem.sensing_basis
    channels = g.T
    if basis is not None:
        seen, channels = np.conj(basis.T) @ seen, np.conj(basis.T) @ channels
    users, size = len(g), len(seen)
    outer = np.einsum("nk,mk->knm", channels, np.conj(channels))
    rates = [np.where(np.arange(users) == block, 1.0, -gamma)[:, None, None] * outer for block in range(users)]
    program = covariance_program(size, users, users, unit_diagonal=False, objective=objective, forgiving=forgiving)
    return program.solve(
        weight=problem.weight,
        sensing=[sensing_functionals(seen)] * users,
        rates=rates,
        needs=gamma * noise,
        solver=solver,
    )


def analog_relaxation(
    problem: NormalisedProblem, index: int, spread: np.ndarray, *, objective: str, solver: str, forgiving: bool = False
) -> Relaxed:
    """Problem (32): the covariance of f_A for given digital beamformers.

    Parameters
    ----------
    problem : NormalisedProblem
        The batch.
    index : int
        The realisation.
    spread : ndarray of complex, shape (N, K)
        Phi F_D, of unit power in all: what multiplies f_A entry by entry in each stream.
    objective : str
        ``"error"`` or ``"snr"``.
    solver : str
        Conic solver.
    forgiving : bool
        Rates may be missed at a price.

    Returns
    -------
    Relaxed
        One covariance R_A with a diagonal of ones.
    """
    g, noise, gamma = problem.g[index], problem.noise[index], problem.gamma
    size, users = spread.shape
    sensing = sum(sensing_functionals(np.conj(stream)[:, None] * problem.sensing_basis) for stream in spread.T)
    rates = np.zeros((users, size, size), dtype=complex)
    for k in range(users):
        for j in range(users):
            column = np.conj(spread[:, j]) * g[k]
            rates[k] += np.outer(column, np.conj(column)) * (1.0 if j == k else -gamma[k])
    program = covariance_program(size, 1, users, unit_diagonal=True, objective=objective, forgiving=forgiving)
    return program.solve(
        weight=problem.weight, sensing=[np.asarray(sensing)], rates=[rates], needs=gamma * noise, solver=solver
    )
