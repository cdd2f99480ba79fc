from __future__ import annotations

import numpy as np
import pytest

from isaclib.systems.hybrid.dual_problem import (
    COST,
    ILLUMINATION,
    SENSING,
    TIE_BREAK,
    add_corner_traces,
    add_root_traces,
    add_user_traces,
    corner_matrix,
    dual_objective,
    linear_parts,
    root_matrix,
    sensing_value,
    start_point,
    user_matrices,
)
from isaclib.systems.hybrid.newton_matrix import add_corner, add_root, add_user, map_tensor

USERS, SIZE, CAP = 2, 4, 1.7
COUNT = 3 + USERS
COST_MATRIX = np.array([[0.7, 0.1], [0.1, 0.3]])
GAMMA = np.array([3.0, 7.0])
MODES = pytest.mark.parametrize("mode", [COST, TIE_BREAK, ILLUMINATION])


def vectors() -> np.ndarray:
    rng = np.random.default_rng(1)
    v = rng.standard_normal((SIZE, COUNT)) + 1j * rng.standard_normal((SIZE, COUNT))
    return v / np.linalg.norm(v, axis=0)


def dual_point(mode: int) -> np.ndarray:
    """Somewhere inside the domain, on no symmetry."""
    lagrange = [0.4, 0.9, 9.0]
    return np.array(lagrange if mode == ILLUMINATION else [2.5, 0.2, -0.1, 0.15, 0.3, 0.8, -0.2, 0.5, 0.3, *lagrange])


def positive(size: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((size, size)) + 1j * rng.standard_normal((size, size))
    return root @ root.conj().T + 0.1 * np.eye(size)


def matrices(x: np.ndarray, mode: int, scale: float = 1.0) -> list[np.ndarray]:
    """B_k of every user, then B_0 and B_r, as the kernels write them."""
    parts = np.zeros((x.size, SIZE, SIZE), complex)
    own, constant = np.zeros((USERS, SIZE, SIZE), complex), np.zeros((SIZE, SIZE), complex)
    linear_parts(vectors(), GAMMA, mode, parts, own, constant)
    out = np.zeros((USERS, SIZE, SIZE), complex)
    flat = [array.reshape(*array.shape[:-2], -1).view(float) for array in (parts, own, constant)]
    user_matrices(x, *flat, scale, out.reshape(USERS, -1).view(float))
    if mode == ILLUMINATION:
        return [*out]
    corner, root = np.zeros((3, 3), complex), np.zeros((2, 2), complex)
    corner_matrix(x, corner)
    root_matrix(x, root)
    return [*out, corner, root]


def derivatives(mode: int) -> list[list[np.ndarray]]:
    """What every variable multiplies in every matrix."""
    size = dual_point(mode).size
    return [matrices(row, mode, 0.0) for row in np.eye(size)]


@MODES
def test_matrices_are_the_formula(mode: int) -> None:
    x, v = dual_point(mode), vectors()
    found = matrices(x, mode)
    form = np.zeros((3, 3), complex)
    if mode != ILLUMINATION:
        omega, y1r, y1i, y2r, y2i, x11, x12, x22, r = x[:SENSING]
        y = np.array([y1r + 1j * y1i, y2r + 1j * y2i])
        real = np.array([[x11, x12], [x12, x22]])
        form = np.block([[np.array([[omega]]), y.conj()[None]], [y[:, None], real]])
        np.testing.assert_allclose(found[USERS], form - np.diag([np.trace(real), 0.0, 0.0]), rtol=1e-15)
        np.testing.assert_allclose(found[USERS + 1], real + 1j * r * np.array([[0, 1], [-1, 0]]), rtol=1e-15)
    if mode != COST:
        form[0, 0] += 1.0
    for k in range(USERS):
        b = x[-1] * np.eye(SIZE) - v[:, :3] @ form @ v[:, :3].conj().T
        for j in range(USERS):
            b += x[j - 3] * np.outer(v[:, 3 + j], v[:, 3 + j].conj()) * (-1.0 / GAMMA[j] if j == k else 1.0)
        np.testing.assert_allclose(found[k], b, atol=1e-13)


@MODES
def test_newton_matrix_and_traces_are_the_formula(mode: int) -> None:
    n = dual_point(mode).size
    sensing = mode != ILLUMINATION
    sizes = [SIZE] * USERS + ([3, 2] if sensing else [])
    inverses = [positive(size, 10 + i) for i, size in enumerate(sizes)]
    multipliers = [positive(size, 20 + i) for i, size in enumerate(sizes)]
    hessian, toward, tensor = np.zeros((n, n)), np.zeros(n), np.zeros((3, 3, 3, 3), complex)
    seen, row = np.zeros((5, COUNT, COUNT), complex), np.empty(SENSING)
    for k in range(USERS):
        add_user(vectors(), inverses[k], multipliers[k], GAMMA, k, sensing, seen, hessian, tensor, toward)
    if sensing:
        add_corner(inverses[-2], multipliers[-2], hessian, tensor, toward, np.zeros((3, 3), complex), row)
        map_tensor(tensor, hessian)
        small = np.zeros((3, 2, 2), complex)
        add_root(inverses[-1], multipliers[-1], hessian, toward, *small, np.empty(SENSING), row)
    a = derivatives(mode)
    blocks = range(len(sizes))
    for i in range(n):
        assert toward[i] == pytest.approx(sum(np.trace(a[i][b] @ inverses[b]).real for b in blocks), abs=1e-10)
        for j in range(i + 1):
            exact = sum(np.trace(a[i][b] @ inverses[b] @ a[j][b] @ multipliers[b]).real for b in blocks)
            assert hessian[i, j] == pytest.approx(exact, rel=1e-10, abs=1e-10), (i, j)


@MODES
def test_traces_are_the_adjoint_of_the_matrices(mode: int) -> None:
    v, a = vectors(), derivatives(mode)
    out = np.zeros(len(a))
    z = positive(SIZE, 3)
    add_user_traces(v, z, v.conj().T @ z @ v, GAMMA, 1, mode != ILLUMINATION, 2.0, out)
    np.testing.assert_allclose(out, [2.0 * np.trace(row[1] @ z).real for row in a], atol=1e-12)
    if mode == ILLUMINATION:
        return
    for block, size, add in ((USERS, 3, add_corner_traces), (USERS + 1, 2, add_root_traces)):
        out[:] = 0.0
        z = positive(size, 5)
        add(z, -1.0, out)
        np.testing.assert_allclose(out, [-np.trace(row[block] @ z).real for row in a], atol=1e-12)


@pytest.mark.parametrize("mode", [COST, TIE_BREAK])
def test_derivatives_of_the_sensing_value(mode: int) -> None:
    def value(x: np.ndarray) -> tuple[float, np.ndarray, float]:
        gradient = np.empty(4)
        worth, curvature = sensing_value(x, COST_MATRIX, mode, CAP, gradient)
        return worth, gradient, curvature

    x = dual_point(mode)
    _, gradient, curvature = value(x)
    for i in range(4):
        step = 1e-5 * np.eye(x.size)[5 + i]
        up, down = value(x + step), value(x - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-8)
        change = (up[1] - down[1]) / 2e-5
        np.testing.assert_allclose(curvature * gradient[i] * gradient, change, rtol=1e-7, atol=1e-8)


def test_the_sensing_value_bounds_the_cost_of_every_information_matrix() -> None:
    # tr(C M^-1) >= 2 u^1/2 - tr(X M) for r^2 <= det X, with equality at X = M^-1 C M^-1 and the largest r
    rng = np.random.default_rng(2)
    for _ in range(20):
        root, other = rng.standard_normal((2, 2, 2))
        m, any_x = root @ root.T + 0.1 * np.eye(2), other @ other.T + 0.1 * np.eye(2)
        best_x = np.linalg.solve(m, np.linalg.solve(m, COST_MATRIX).T)
        cost = np.trace(np.linalg.solve(m, COST_MATRIX))
        at = []
        for x, share in ((any_x, 1.0), (best_x, 0.9), (best_x, 1.0)):
            r = share * np.sqrt(np.linalg.det(x))
            variables = np.array([0, 0, 0, 0, 0, x[0, 0], x[0, 1], x[1, 1], r])
            at.append(sensing_value(variables, COST_MATRIX, COST, 0.0, np.empty(4))[0] - np.trace(x @ m))
        assert max(at[:2]) < cost
        assert at[2] == pytest.approx(cost, rel=1e-9)


@MODES
def test_derivatives_of_the_dual_objective(mode: int) -> None:
    noise = np.array([0.02, 0.05])

    def value(x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        gradient, hessian = np.empty(x.size), np.zeros((x.size, x.size))
        worth = dual_objective(x, noise, COST_MATRIX, mode, CAP, np.empty(4), gradient, hessian)
        return worth, gradient, hessian

    x = dual_point(mode)
    _, gradient, hessian = value(x)
    for i, step in enumerate(1e-5 * np.eye(x.size)):
        up, down = value(x + step), value(x - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-8, abs=1e-9)
        np.testing.assert_allclose(hessian[i, : i + 1], ((up[1] - down[1]) / 2e-5)[: i + 1], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("mode", [COST, ILLUMINATION])
def test_start_lies_inside(mode: int) -> None:
    # uplink powers that keep g_k^H (I + sum_j lambda_j g_j g_j^H)^-1 g_k where the rates want it
    v, uplink = vectors(), np.zeros(USERS)
    for _ in range(200):
        total = np.eye(SIZE) + (v[:, 3:] * uplink) @ v[:, 3:].conj().T
        form = np.diag(v[:, 3:].conj().T @ np.linalg.solve(total, v[:, 3:])).real
        uplink = GAMMA / (1.0 + GAMMA) / form
    x = np.zeros(dual_point(mode).size)
    start_point(COST_MATRIX, uplink, mode != ILLUMINATION, x)
    for matrix in matrices(x, mode):
        assert np.linalg.eigvalsh(matrix)[0] > 0.0
