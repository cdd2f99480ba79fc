"""The convex subproblems of Section V, compiled once a shape.

Both minimise the quadratic of fractional programming over B vectors f_b of size n,

    sum_b f_b^H D f_b - 2 Re f_b^H c_b,   D = C C^H,

under SPEB <= Gamma_s, and either |f_i| = 1 (the phases, B = 1) or sum_b |f_b|^2 <= 1 (the streams,
B = K). They differ in how the information of f f^H, a quadratic, is made linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from isaclib.numerics.conic import ConicStatus, HermitianCoordinates, solve
from isaclib.systems.hybrid.reference.programs import error_epigraph


@dataclass(frozen=True)
class Subproblem:
    """Numbers of one subproblem; prices are in nats, like the quadratic.

    Attributes
    ----------
    factor : ndarray of complex, shape (n, Q)
        C.
    linear : ndarray of complex, shape (n, B)
        Columns c_b.
    previous : ndarray of complex, shape (n, B)
        Where the convex approximation is taken: f^(t) of (50) and (56).
    sensing : ndarray of complex, shape (8, n, n)
        `sensing_functionals` of a stream.
    weight : ndarray, shape (2, 2)
        C of the normalised SPEB f = tr(C U^-1).
    cap : float
        Gamma_s in units of the sensing-only SPEB; infinity where there is no limit.
    penalty : float
        Price of |f - f^(t)|^2 + tr(R) - |f|^2, the slack of (50) and (56).
    price : float
        Price of exceeding `cap` by its own size.
    scale : float
        Size of the quadratic, divided out before the solver sees it.
    """

    factor: np.ndarray
    linear: np.ndarray
    previous: np.ndarray
    sensing: np.ndarray
    weight: np.ndarray
    cap: float
    penalty: float
    price: float
    scale: float


class RelaxedProgram:
    """Problems (51) and (57): a matrix R_b >= f_b f_b^H stands for f_b f_b^H.

    As printed, tr(R) - 2 Re(f^(t)H f) + |f^(t)|^2 <= 0, (50) and (56). Since R >= f f^H gives
    tr(R) >= |f|^2, that says |f - f^(t)|^2 + (tr(R) - |f|^2) <= 0: the only point is f = f^(t), R =
    f^(t) f^(t)H, so nothing moves, and where f^(t) breaks the SPEB there is no point at all. With
    slack on it at a price (the penalty convex-concave procedure) there is always one.

    Parameters
    ----------
    size, blocks : int
        n and B.
    unit_modulus : bool
        Diagonal entries of one, (47c), instead of the power limit (54c).
    sensing : bool
        Whether the SPEB is limited.
    as_printed : bool
        (50) and (56) without slack, and the SPEB without excess.
    """

    def __init__(self, size: int, blocks: int, *, unit_modulus: bool, sensing: bool, as_printed: bool) -> None:
        import cvxpy as cp

        # [[R, f], [f^H, 1]] >= 0, (48a) and (55a), in one matrix
        self._basis = HermitianCoordinates(size + 1)
        count = self._basis.count
        self._variables = [cp.Variable(count) for _ in range(blocks)]
        self._quadratic = [cp.Parameter(count) for _ in range(blocks)]
        self._departure = [cp.Parameter(count) for _ in range(blocks)]
        self._penalty = cp.Parameter(nonneg=True)
        self._limit = _Limit(count, blocks, sensing=sensing, forgiving=not as_printed)

        constraints = [self._basis.embedding(x) >> 0 for x in self._variables]
        constraints += [x[size] == 1.0 for x in self._variables]
        if unit_modulus:
            constraints += [x[:size] == 1.0 for x in self._variables]
        else:
            constraints.append(sum(cp.sum(x[:size]) for x in self._variables) <= 1.0)
        cost: Any = sum(p @ x for p, x in zip(self._quadratic, self._variables, strict=True))
        departure = [p @ x for p, x in zip(self._departure, self._variables, strict=True)]
        if as_printed:
            constraints += [d <= 0.0 for d in departure]
        else:
            slack = cp.Variable(blocks, nonneg=True)
            constraints += [d <= slack[b] for b, d in enumerate(departure)]
            cost = cost + self._penalty * cp.sum(slack)
        excess, limits = self._limit.constraints(self._variables)
        self._problem = cp.Problem(cp.Minimize(cost + excess), constraints + limits)

    def solve(self, numbers: Subproblem, solver: str) -> tuple[ConicStatus, np.ndarray | None]:
        """Solve for one realisation.

        Parameters
        ----------
        numbers : Subproblem
            What to solve.
        solver : str
            One of `isaclib.numerics.conic.CONIC_SOLVERS`.

        Returns
        -------
        tuple of ConicStatus and ndarray of complex, shape (n, B), or None
            How the solver ended, and the vectors f_b.
        """
        size = len(numbers.factor)
        bordered = np.zeros((2, size + 1, size + 1), dtype=complex)
        bordered[0, :size, :size] = numbers.factor @ np.conj(numbers.factor.T) / numbers.scale
        bordered[1, :size, :size] = np.eye(size)
        for b in range(len(self._variables)):
            columns = np.stack([numbers.linear[:, b] / numbers.scale, numbers.previous[:, b]])
            bordered[:, :size, size], bordered[:, size, :size] = -columns, -np.conj(columns)
            bordered[1, size, size] = np.sum(np.abs(numbers.previous[:, b]) ** 2)
            self._quadratic[b].value, self._departure[b].value = self._basis.coordinates(bordered)
        self._penalty.value = numbers.penalty / numbers.scale
        sensing = np.zeros((8, size + 1, size + 1), dtype=complex)
        sensing[:, :size, :size] = numbers.sensing
        rows = self._basis.coordinates(sensing)
        self._limit.set(numbers, np.tile(rows, len(self._variables)), np.zeros(8))
        status = solve(self._problem, solver)
        if not status.has_solution:
            return status, None
        matrices = [self._basis.matrix(np.asarray(x.value)) for x in self._variables]
        return status, np.stack([matrix[:size, size] for matrix in matrices], axis=-1)


class LinearisedProgram:
    """Problems (45) and (52) with the information bounded from below at f^(t).

    f f^H >= f p^H + p f^H - p p^H for p = f^(t), and the information is a non-negative map of
    f f^H, so a point that meets the SPEB with the right side meets it: successive convex
    approximation without matrices of size n x n. The modulus is relaxed to |f_i| <= 1 and a price
    on |f_i| < 1, by its own linearisation.

    Parameters
    ----------
    size, blocks, rank : int
        n, B and Q.
    unit_modulus : bool
        |f_i| <= 1 instead of the power limit.
    sensing : bool
        Whether the SPEB is limited.
    """

    def __init__(self, size: int, blocks: int, rank: int, *, unit_modulus: bool, sensing: bool) -> None:
        import cvxpy as cp

        self._vectors = cp.Variable((blocks, 2 * size))
        self._factor = cp.Parameter((2 * rank, 2 * size))
        self._linear = cp.Parameter((blocks, 2 * size))
        self._limit = _Limit(2 * size, blocks, sensing=sensing, forgiving=True)
        cost = cp.sum_squares(self._factor @ self._vectors.T) - 2.0 * cp.sum(cp.multiply(self._linear, self._vectors))
        if unit_modulus:
            sizes = cp.norm(cp.reshape(self._vectors, (2, blocks * size), order="C"), axis=0) <= 1.0
        else:
            sizes = cp.norm(self._vectors, "fro") <= 1.0
        excess, limits = self._limit.constraints([self._vectors[b] for b in range(blocks)])
        self._problem = cp.Problem(cp.Minimize(cost + excess), [sizes, *limits])

    def solve(self, numbers: Subproblem, solver: str) -> tuple[ConicStatus, np.ndarray | None]:
        """Solve for one realisation, as `RelaxedProgram.solve` does."""
        size = len(numbers.factor)
        adjoint = np.conj(numbers.factor.T) / np.sqrt(numbers.scale)
        self._factor.value = np.block([[adjoint.real, -adjoint.imag], [adjoint.imag, adjoint.real]])
        self._linear.value = _stacked((numbers.linear + numbers.penalty * numbers.previous).T / numbers.scale)
        seen = np.einsum("enm,mb->ebn", numbers.sensing, numbers.previous)
        constant = np.einsum("nb,ebn->e", np.conj(numbers.previous), seen).real
        self._limit.set(numbers, (2.0 * _stacked(seen)).reshape(8, -1), constant)
        status = solve(self._problem, solver)
        if not status.has_solution:
            return status, None
        values = np.asarray(self._vectors.value)
        return status, (values[:, :size] + 1j * values[:, size:]).T


class _Limit:
    """SPEB <= Gamma_s on expressions that the information is linear in, in units of Gamma_s."""

    def __init__(self, count: int, blocks: int, *, sensing: bool, forgiving: bool) -> None:
        import cvxpy as cp

        self._sensing = sensing
        self._forgiving = forgiving
        self._rows = cp.Parameter((8, blocks * count))
        self._constant = cp.Parameter(8)
        self._factor = cp.Parameter((2, 2))
        self._price = cp.Parameter(nonneg=True)

    def constraints(self, vectors: list[Any]) -> tuple[Any, list[Any]]:
        """Return what the excess costs, and the constraints."""
        import cvxpy as cp

        if not self._sensing:
            return 0.0, []
        bound, epigraph = error_epigraph(self._rows @ cp.hstack(vectors) - self._constant, self._factor)
        if not self._forgiving:
            return 0.0, [*epigraph, bound <= 1.0]
        excess = cp.Variable(nonneg=True)
        return self._price * excess, [*epigraph, bound <= 1.0 + excess]

    def set(self, numbers: Subproblem, rows: np.ndarray, constant: np.ndarray) -> None:
        """Give the numbers: the eight functionals are rows @ vectors - constant."""
        if self._sensing:
            self._rows.value = numbers.cap * rows
            self._constant.value = numbers.cap * constant
            self._factor.value = np.linalg.cholesky(numbers.weight)
            self._price.value = numbers.price / numbers.scale


def _stacked(vectors: np.ndarray) -> np.ndarray:
    return np.concatenate([vectors.real, vectors.imag], axis=-1)


@lru_cache(maxsize=16)
def relaxed_program(size: int, blocks: int, *, unit_modulus: bool, sensing: bool, as_printed: bool) -> RelaxedProgram:
    """Return the compiled program of a shape; see `RelaxedProgram`."""
    return RelaxedProgram(size, blocks, unit_modulus=unit_modulus, sensing=sensing, as_printed=as_printed)


@lru_cache(maxsize=16)
def linearised_program(size: int, blocks: int, rank: int, *, unit_modulus: bool, sensing: bool) -> LinearisedProgram:
    """Return the compiled program of a shape; see `LinearisedProgram`."""
    return LinearisedProgram(size, blocks, rank, unit_modulus=unit_modulus, sensing=sensing)
