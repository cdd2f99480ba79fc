from __future__ import annotations

import numba
import numpy as np
import pytest

from isaclib.numerics.lanes import LANES, load, spread, store
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
    root_matrix,
    sensing_value,
    start_point,
    user_matrices,
)
from isaclib.systems.hybrid.newton_matrix import add_corner, add_root, add_user
from tests.lanes import empty, out_of_lanes

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


LANE = 5
"""Where the problem stands; what is beside it is random."""


def in_a_lane(array: np.ndarray) -> np.ndarray:
    """Real numbers in `LANE`, others beside them; shape (..., LANES)."""
    lanes = np.random.default_rng(8).uniform(0.5, 2.0, (*array.shape, LANES))
    lanes[..., LANE] = array
    return lanes


def complex_in_a_lane(array: np.ndarray) -> np.ndarray:
    """The same of complex numbers; shape (..., 2, LANES)."""
    return in_a_lane(np.stack([array.real, array.imag], axis=-1))


def matrices(x: np.ndarray, mode: int, scale: float = 1.0) -> list[np.ndarray]:
    """B_k of every user, then B_0 and B_r, as the kernels write them."""
    out, variables, v = empty(USERS, SIZE, SIZE), in_a_lane(x), complex_in_a_lane(vectors())
    user_matrices(variables, v, GAMMA, mode, scale, empty(SIZE, COUNT), out)
    users = list(out_of_lanes(out)[LANE])
    if mode == ILLUMINATION:
        return users
    corner, root = np.zeros((3, 3, 2, LANES)), empty(2, 2)
    corner_matrix(variables, corner)
    root_matrix(variables, root)
    return [*users, out_of_lanes(corner)[LANE], out_of_lanes(root)[LANE]]


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
    g, z = [complex_in_a_lane(m) for m in inverses], [complex_in_a_lane(m) for m in multipliers]
    newton, traces = np.zeros((n, n, LANES)), np.zeros((n, LANES))
    seen, row, v = empty(5, COUNT, COUNT), np.empty((SENSING, LANES)), complex_in_a_lane(vectors())
    for k in range(USERS):
        add_user(v, g[k], z[k], GAMMA, k, sensing, seen, newton, traces)
    if sensing:
        add_corner(g[-2], z[-2], newton, traces, empty(3, 3), row)
        add_root(g[-1], z[-1], newton, traces, empty(2, 2), empty(2, 2), empty(2, 2), np.empty((SENSING, LANES)), row)
    hessian, toward = newton[..., LANE], traces[..., LANE]
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
    out = np.zeros((len(a), LANES))
    z = positive(SIZE, 3)
    seen = complex_in_a_lane(v.conj().T @ z @ v)
    add_user_traces(complex_in_a_lane(z), seen, GAMMA, 1, mode != ILLUMINATION, 2.0, out)
    np.testing.assert_allclose(out[:, LANE], [2.0 * np.trace(row[1] @ z).real for row in a], atol=1e-12)
    if mode == ILLUMINATION:
        return
    for block, size, add in ((USERS, 3, add_corner_traces), (USERS + 1, 2, add_root_traces)):
        out[:] = 0.0
        z = positive(size, 5)
        add(complex_in_a_lane(z), -1.0, out)
        np.testing.assert_allclose(out[:, LANE], [-np.trace(row[block] @ z).real for row in a], atol=1e-12)


@numba.njit
def _sensing(x: np.ndarray, cost: np.ndarray, mode: int, cap: float, gradient: np.ndarray, out: np.ndarray) -> None:
    worth, curvature = sensing_value(x, cost, mode, spread(cap), gradient)
    store(out, (0,), worth)
    store(out, (1,), curvature)


def sensing(x: np.ndarray, mode: int) -> tuple[float, np.ndarray, float]:
    gradient, out = np.empty((4, LANES)), np.empty((2, LANES))
    _sensing(in_a_lane(x), COST_MATRIX, mode, CAP, gradient, out)
    return out[0, LANE], gradient[:, LANE], out[1, LANE]


@pytest.mark.parametrize("mode", [COST, TIE_BREAK])
def test_derivatives_of_the_sensing_value(mode: int) -> None:
    x = dual_point(mode)
    _, gradient, curvature = sensing(x, mode)
    for i in range(4):
        step = 1e-5 * np.eye(x.size)[5 + i]
        up, down = sensing(x + step, mode), sensing(x - step, mode)
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
            at.append(sensing(variables, COST)[0] - np.trace(x @ m))
        assert max(at[:2]) < cost
        assert at[2] == pytest.approx(cost, rel=1e-9)


@numba.njit
def _objective(
    x: np.ndarray, noise: np.ndarray, cost: np.ndarray, mode: int, cap: np.ndarray, slope: np.ndarray,
    gradient: np.ndarray, hessian: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    store(out, (0,), dual_objective(x, noise, cost, mode, load(cap, (0,)), slope, gradient, hessian))


@MODES
def test_derivatives_of_the_dual_objective(mode: int) -> None:
    noise, cap = in_a_lane(np.array([0.02, 0.05])), in_a_lane(np.array([CAP]))

    def value(x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        gradient, hessian = np.empty((x.size, LANES)), np.zeros((x.size, x.size, LANES))
        slope, out = np.empty((4, LANES)), np.empty((1, LANES))
        _objective(in_a_lane(x), noise, COST_MATRIX, mode, cap, slope, gradient, hessian, out)
        return out[0, LANE], gradient[:, LANE], hessian[..., LANE]

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
    x = np.full((dual_point(mode).size, LANES), np.nan)
    start_point(COST_MATRIX, uplink, mode != ILLUMINATION, x, LANE)
    for matrix in matrices(x[:, LANE], mode):
        assert np.linalg.eigvalsh(matrix)[0] > 0.0
