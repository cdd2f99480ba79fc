"""Semidefinite programs through CVXPY: Hermitian coordinates, epigraphs, statuses, rank-one recovery."""

from __future__ import annotations

import warnings
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

CONIC_SOLVERS = ("CLARABEL", "SCS")
# SCS stops at 1e-4 by default, which is far above the tolerances of the designs built on it.
_SETTINGS: dict[str, dict[str, Any]] = {
    "CLARABEL": {"max_threads": 1},
    "SCS": {"eps_abs": 1e-7, "eps_rel": 1e-7, "max_iters": 20_000},
}


class ConicStatus(Enum):
    """How a conic solver ended."""

    SOLVED = "solved"
    INACCURATE = "solved to reduced accuracy"
    INFEASIBLE = "infeasible"
    FAILED = "failed"

    @property
    def has_solution(self) -> bool:
        """Whether the variables carry values worth recovering a point from."""
        return self in (ConicStatus.SOLVED, ConicStatus.INACCURATE)


def check_solver(name: str) -> str:
    """Return the name of a conic solver.

    Raises
    ------
    ValueError
        For a name that is not one of `CONIC_SOLVERS`.
    """
    if name not in CONIC_SOLVERS:
        raise ValueError(f"option conic_solver = {name!r}: expected one of {', '.join(CONIC_SOLVERS)}")
    return name


def solve(problem: Any, solver: str, *, geometric: bool = False) -> ConicStatus:
    """Solve a CVXPY problem and say how it ended.

    Parameters
    ----------
    problem : cvxpy.Problem
        Its variables hold the solution afterwards.
    solver : str
        One of `CONIC_SOLVERS`.
    geometric : bool
        The problem is a geometric program (CVXPY's ``gp``), convex in the logarithms of its variables.

    Returns
    -------
    ConicStatus
        FAILED where the solver gave up; nothing is raised for that.
    """
    import cvxpy as cp

    with warnings.catch_warnings():
        # "solution may be inaccurate": said by the status instead
        warnings.simplefilter("ignore")
        try:
            problem.solve(solver=check_solver(solver), gp=geometric, **_SETTINGS[solver])
        except cp.error.SolverError:
            return ConicStatus.FAILED
    if problem.status == cp.OPTIMAL:
        return ConicStatus.SOLVED
    if problem.status == cp.OPTIMAL_INACCURATE:
        return ConicStatus.INACCURATE
    if problem.status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
        return ConicStatus.INFEASIBLE
    return ConicStatus.FAILED


class HermitianCoordinates:
    """Real coordinates of Hermitian matrices, an isometry: tr(H R) = coordinates(H) . coordinates(R).

    Programs written in them have one dense parameter matrix for all their linear functionals,
    which CVXPY compiles once (DPP) at little cost.

    Parameters
    ----------
    size : int
        Rows n of the matrices; there are n^2 coordinates.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.count = size * size
        self._rows, self._columns = np.triu_indices(size, 1)

    def coordinates(self, matrices: np.ndarray) -> np.ndarray:
        """Coordinates of the Hermitian part of matrices (..., n, n), shape (..., n^2)."""
        hermitian = (matrices + np.conj(np.swapaxes(matrices, -1, -2))) / 2.0
        diagonal = np.diagonal(hermitian, axis1=-2, axis2=-1).real
        upper = np.sqrt(2.0) * hermitian[..., self._rows, self._columns]
        return np.concatenate([diagonal, upper.real, upper.imag], axis=-1)

    def matrix(self, coordinates: np.ndarray) -> np.ndarray:
        """Hermitian matrix (n, n) of coordinates (n^2,)."""
        n, pairs = self.size, len(self._rows)
        matrix = np.zeros((n, n), dtype=complex)
        matrix[self._rows, self._columns] = (coordinates[n : n + pairs] + 1j * coordinates[n + pairs :]) / np.sqrt(2.0)
        matrix += np.conj(matrix.T)
        matrix[np.arange(n), np.arange(n)] = coordinates[:n]
        return matrix

    @cached_property
    def _embedding(self) -> sparse.csr_matrix:
        # imported where it is used: the default solvers, and what reads campaign files, need none
        from scipy import sparse

        n, pairs = self.size, len(self._rows)
        index = np.arange(n)
        pair = n + np.arange(pairs)
        low, high = self._rows, self._columns
        root = np.full(pairs, np.sqrt(0.5))
        # column-major positions of [[Re, -Im], [Im, Re]]
        entries = [(index + o, index + o, index, np.ones(n)) for o in (0, n)]
        for o in (0, n):
            entries += [(low + o, high + o, pair, root), (high + o, low + o, pair, root)]
        imag = pair + pairs
        entries += [(low + n, high, imag, root), (high + n, low, imag, -root)]
        entries += [(low, high + n, imag, -root), (high, low + n, imag, root)]
        rows = np.concatenate([r + 2 * n * c for r, c, _, _ in entries])
        columns = np.concatenate([x for _, _, x, _ in entries])
        values = np.concatenate([v for _, _, _, v in entries])
        return sparse.csr_matrix((values, (rows, columns)), shape=(4 * n * n, self.count))

    def embedding(self, coordinates: Any) -> Any:
        """CVXPY expression [[Re R, -Im R], [Im R, Re R]], positive semidefinite with R."""
        import cvxpy as cp

        return cp.reshape(self._embedding @ coordinates, (2 * self.size, 2 * self.size), order="F")


def trace_inverse_epigraph(matrix: Any, factor: Any) -> tuple[Any, Any]:
    """Epigraph of tr(L^T U^-1 L) by a Schur complement: [[U, L], [L^T, T]] >= 0, tr(T).

    Parameters
    ----------
    matrix : cvxpy expression, shape (n, n)
        U, symmetric; the constraint makes it positive semidefinite.
    factor : cvxpy expression or ndarray, shape (n, m)
        L; L L^T = C gives tr(C U^-1).

    Returns
    -------
    tuple of cvxpy expression, cvxpy constraint
        tr(T), to be minimised, and the linear matrix inequality.
    """
    import cvxpy as cp

    bound = cp.Variable((factor.shape[1], factor.shape[1]), symmetric=True)
    return cp.trace(bound), cp.bmat([[matrix, factor], [factor.T, bound]]) >> 0


def principal_factor(matrix: np.ndarray) -> np.ndarray:
    """Best rank-one factor: sqrt(lambda_1) u_1 of a Hermitian matrix (n, n), shape (n,)."""
    values, vectors = np.linalg.eigh(matrix)
    return np.sqrt(max(values[-1], 0.0)) * vectors[:, -1]


def constant_modulus_samples(matrix: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Gaussian randomisation of a relaxed rank-one matrix with entries of modulus one.

    Draws xi ~ CN(0, R) and keeps the phases; the phases of the principal eigenvector come first.

    Parameters
    ----------
    matrix : ndarray of complex, shape (n, n)
        R, positive semidefinite up to rounding.
    normals : ndarray of complex, shape (S, n)
        Circular complex normal numbers of variance one.

    Returns
    -------
    ndarray of complex, shape (S + 1, n)
    """
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    samples = np.concatenate([vectors[None, :, -1], normals @ root.T])
    return np.exp(1j * np.angle(samples))
