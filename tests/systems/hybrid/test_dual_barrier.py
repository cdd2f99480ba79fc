from __future__ import annotations

import numpy as np
import pytest

from isaclib.systems.hybrid.dual_barrier import (
    COST,
    ILLUMINATION,
    SENSING,
    TIE_BREAK,
    barrier,
    dual_matrix,
    invert,
    newton,
    sensing_value,
    units,
)

USERS, SIZE, MU, CAP = 2, 5, 0.3, 1.7
COST_MATRIX = np.array([[0.7, 0.1], [0.1, 0.3]])
NOISE, GAMMA = np.array([0.02, 0.05]), np.array([3.0, 7.0])


def vectors() -> np.ndarray:
    rng = np.random.default_rng(1)
    v = rng.standard_normal((SIZE, 3 + USERS)) + 1j * rng.standard_normal((SIZE, 3 + USERS))
    return v / np.linalg.norm(v, axis=0)


def dual_point(mode: int) -> np.ndarray:
    """Somewhere inside the domain, on no symmetry."""
    lagrange = [0.4, 0.9, 9.0]
    return np.array(lagrange if mode == ILLUMINATION else [2.5, 0.2, -0.1, 0.15, 0.3, 0.8, -0.2, 0.5, *lagrange])


def hermitian(sensing: np.ndarray) -> np.ndarray:
    """[[omega, y^H], [y, X]] as the module's formula has it."""
    omega, y1r, y1i, y2r, y2i, x11, x12, x22 = sensing
    y1, y2 = y1r + 1j * y1i, y2r + 1j * y2i
    return np.array([[omega, np.conj(y1), np.conj(y2)], [y1, x11, x12], [y2, x12, x22]])


def barrier_by_the_formula(dual: np.ndarray, mode: int) -> float:
    v = vectors()
    lagrange, t = dual[-3:-1], dual[-1]
    value = t / MU - lagrange @ NOISE / MU - np.log(lagrange).sum()
    form = np.diag([1.0, 0.0, 0.0]).astype(complex)
    if mode != ILLUMINATION:
        form = hermitian(dual[:SENSING])
        x = form[1:, 1:].real
        values, roots = np.linalg.eigh(COST_MATRIX)
        half = (roots * np.sqrt(values)) @ roots.T
        u = np.sqrt(np.linalg.eigvalsh(half @ x @ half)).sum() ** 2
        value -= (u / CAP if mode == TIE_BREAK else 2.0 * np.sqrt(u)) / MU
        value -= np.linalg.slogdet(form - np.diag([np.trace(x), 0.0, 0.0]))[1]
        if mode == TIE_BREAK:
            form[0, 0] += 1.0
    for k in range(USERS):
        b = t * np.eye(SIZE) - v[:, :3] @ form @ v[:, :3].conj().T
        for j in range(USERS):
            b += lagrange[j] * np.outer(v[:, 3 + j], v[:, 3 + j].conj()) * (-1.0 / GAMMA[j] if j == k else 1.0)
        assert np.linalg.eigvalsh(b)[0] > 0.0
        value -= np.linalg.slogdet(b)[1]
    return value


def evaluated(dual: np.ndarray, mode: int) -> float:
    scratch = np.zeros((2, SIZE, SIZE), complex)
    return barrier(dual, vectors(), COST_MATRIX, NOISE, GAMMA, mode, CAP, MU, *scratch)


def derivatives(dual: np.ndarray, mode: int) -> tuple[np.ndarray, np.ndarray]:
    gradient, hessian = np.empty(dual.size), np.empty((dual.size, dual.size))
    scratch = np.zeros((2, SIZE, SIZE), complex)
    newton(dual, vectors(), COST_MATRIX, NOISE, GAMMA, mode, CAP, MU, units(), gradient, hessian, *scratch)
    return gradient, hessian


MODES = pytest.mark.parametrize("mode", [COST, TIE_BREAK, ILLUMINATION])


@MODES
def test_barrier_is_the_formula(mode: int) -> None:
    dual = dual_point(mode)
    assert evaluated(dual, mode) == pytest.approx(barrier_by_the_formula(dual, mode), rel=1e-12)


@MODES
def test_gradient_and_hessian_are_those_of_central_differences(mode: int) -> None:
    dual = dual_point(mode)
    gradient, hessian = derivatives(dual, mode)
    for i in range(dual.size):
        step = 1e-5 * np.eye(dual.size)[i]
        slope = (evaluated(dual + step, mode) - evaluated(dual - step, mode)) / 2e-5
        assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-6)
        change = (derivatives(dual + step, mode)[0] - derivatives(dual - step, mode)[0]) / 2e-5
        np.testing.assert_allclose(hessian[i], change, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(hessian, hessian.T)
    assert np.linalg.eigvalsh(hessian)[0] > 0.0


@pytest.mark.parametrize(
    ("index", "value"),
    [(-3, -0.1), (-1, 0.5), (0, 0.5), (5, -0.8), (6, 5.0)],
    ids=["multiplier below zero", "too little t", "omega below tr X", "X below zero", "X indefinite"],
)
def test_outside_its_domain_the_barrier_is_nan(index: int, value: float) -> None:
    dual = dual_point(COST)
    dual[index] = value
    assert np.isnan(evaluated(dual, COST))


def test_dual_matrix_writes_the_lower_triangle_of_b() -> None:
    dual, v = dual_point(COST), vectors()
    matrix = np.full((SIZE, SIZE), np.nan + 0j)
    dual_matrix(v, dual, GAMMA, 1, COST, matrix)
    expected = dual[-1] * np.eye(SIZE) - v[:, :3] @ hermitian(dual[:SENSING]) @ v[:, :3].conj().T
    expected += dual[-3] * np.outer(v[:, 3], v[:, 3].conj()) - dual[-2] / GAMMA[1] * np.outer(v[:, 4], v[:, 4].conj())
    lower = np.tril_indices(SIZE)
    np.testing.assert_allclose(matrix[lower], expected[lower], rtol=1e-12, atol=1e-14)


def test_invert_agrees_with_numpy_and_refuses_what_is_not_positive() -> None:
    v = vectors()
    matrix = v @ v.conj().T + 0.1 * np.eye(SIZE)
    inverse = np.zeros_like(matrix)
    assert invert(matrix, inverse) == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-12)
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), rtol=1e-10, atol=1e-12)
    assert np.isnan(invert(matrix - 3.0 * np.eye(SIZE), inverse))


def test_units_are_what_the_sensing_variables_multiply() -> None:
    sensing = dual_point(COST)[:SENSING]
    np.testing.assert_allclose(np.tensordot(sensing, units(), 1), hermitian(sensing), rtol=1e-15)


@pytest.mark.parametrize("mode", [COST, TIE_BREAK])
def test_derivatives_of_the_sensing_value(mode: int) -> None:
    def value(x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        gradient, hessian = np.empty(3), np.empty((3, 3))
        return sensing_value(*x, COST_MATRIX, mode, CAP, gradient, hessian), gradient, hessian

    x = np.array([0.8, -0.2, 0.5])
    _, gradient, hessian = value(x)
    for i in range(3):
        step = 1e-5 * np.eye(3)[i]
        up, down = value(x + step), value(x - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-8)
        np.testing.assert_allclose(hessian[i], (up[1] - down[1]) / 2e-5, rtol=1e-7, atol=1e-8)


def test_the_sensing_value_bounds_the_cost_of_every_information_matrix() -> None:
    # tr(C M^-1) >= 2 tr(C^1/2 X C^1/2)^1/2 - tr(X M), with equality at X = M^-1 C M^-1
    rng = np.random.default_rng(2)
    unused = np.empty(3), np.empty((3, 3))
    for _ in range(20):
        root, other = rng.standard_normal((2, 2, 2))
        m, any_x = root @ root.T + 0.1 * np.eye(2), other @ other.T + 0.1 * np.eye(2)
        best_x = np.linalg.solve(m, np.linalg.solve(m, COST_MATRIX).T)
        cost = np.trace(np.linalg.solve(m, COST_MATRIX))
        at = [
            sensing_value(x[0, 0], x[0, 1], x[1, 1], COST_MATRIX, COST, 0.0, *unused) - np.trace(x @ m)
            for x in (any_x, best_x)
        ]
        assert at[0] < cost
        assert at[1] == pytest.approx(cost, rel=1e-9)
