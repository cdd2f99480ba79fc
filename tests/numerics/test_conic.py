from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from isaclib.numerics import conic


def hermitian(rng: np.random.Generator, size: int) -> np.ndarray:
    matrix = rng.standard_normal((size, size)) + 1j * rng.standard_normal((size, size))
    return matrix + np.conj(matrix.T)


def test_coordinates_are_an_isometry_and_come_back():
    rng = np.random.default_rng(1)
    basis = conic.HermitianCoordinates(4)
    first, second = hermitian(rng, 4), hermitian(rng, 4)
    inner = basis.coordinates(first) @ basis.coordinates(second)
    assert inner == pytest.approx(np.trace(first @ second).real, rel=1e-13)
    np.testing.assert_allclose(basis.matrix(basis.coordinates(first)), first, rtol=1e-14)


def test_embedding_holds_real_and_imaginary_part():
    matrix = hermitian(np.random.default_rng(2), 3)
    basis = conic.HermitianCoordinates(3)
    expected = np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
    np.testing.assert_allclose(basis.embedding(basis.coordinates(matrix)).value, expected, atol=1e-14)


@pytest.mark.parametrize("solver", conic.CONIC_SOLVERS)
def test_trace_inverse_epigraph_reaches_the_closed_form(solver: str):
    # min tr(C U^-1) under tr U <= 1 is (tr C^(1/2))^2
    weight = np.array([[0.7, 0.2], [0.2, 0.3]])
    matrix = cp.Variable((2, 2), symmetric=True)
    bound, epigraph = conic.trace_inverse_epigraph(matrix, np.linalg.cholesky(weight))
    problem = cp.Problem(cp.Minimize(bound), [epigraph, cp.trace(matrix) <= 1.0])
    assert conic.solve(problem, solver).has_solution
    assert problem.value == pytest.approx(np.sqrt(np.linalg.eigvalsh(weight)).sum() ** 2, rel=1e-5)


@pytest.mark.parametrize("solver", conic.CONIC_SOLVERS)
def test_infeasible_is_said_and_carries_no_solution(solver: str):
    x = cp.Variable()
    status = conic.solve(cp.Problem(cp.Minimize(x), [x >= 1.0, x <= 0.0]), solver)
    assert status is conic.ConicStatus.INFEASIBLE
    assert not status.has_solution


def test_unknown_solver_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"conic_solver = 'MOSEK': expected one of CLARABEL, SCS"):
        conic.check_solver("MOSEK")


def test_principal_factor_is_the_best_rank_one_part():
    rng = np.random.default_rng(3)
    vectors = np.linalg.qr(hermitian(rng, 3))[0]
    matrix = (vectors * [1.0, 4.0, 2.0]) @ np.conj(vectors.T)
    factor = conic.principal_factor(matrix)
    np.testing.assert_allclose(
        np.outer(factor, np.conj(factor)), 4.0 * np.outer(vectors[:, 1], np.conj(vectors[:, 1])), atol=1e-13
    )


def test_samples_follow_the_covariance_and_have_modulus_one():
    rng = np.random.default_rng(4)
    normals = (rng.standard_normal((4000, 3)) + 1j * rng.standard_normal((4000, 3))) / np.sqrt(2.0)
    covariance = np.array([[1.0, 0.8j, 0.0], [-0.8j, 1.0, 0.0], [0.0, 0.0, 1.0]])
    samples = conic.constant_modulus_samples(covariance, normals)
    np.testing.assert_allclose(np.abs(samples), 1.0, rtol=1e-14)
    correlation = samples[1:].T @ np.conj(samples[1:]) / len(normals)
    # phases of jointly normal numbers with correlation r: pi/4 r 2F1(1/2, 1/2; 2; r^2) = 0.6976 at r = 0.8
    assert correlation[0, 1] == pytest.approx(0.6976j, abs=0.04)
    assert abs(correlation[0, 2]) < 0.05


def test_samples_of_a_rank_one_matrix_are_its_factor():
    factor = np.exp(1j * np.array([0.3, -1.0, 2.0]))
    samples = conic.constant_modulus_samples(np.outer(factor, np.conj(factor)), np.ones((2, 3), dtype=complex))
    np.testing.assert_allclose(
        samples * np.conj(samples[:, :1]), np.tile(factor * np.conj(factor[0]), (3, 1)), atol=1e-7
    )
