from __future__ import annotations

import numpy as np
import pytest

from isaclib.numerics.augmented_lagrangian import lbfgs_direction, lbfgs_update, penalty, update_multipliers


class Ring:
    """Pairs of L-BFGS with the bookkeeping a kernel does."""

    def __init__(self, memory: int, size: int) -> None:
        self.steps = np.zeros((memory, size))
        self.changes = np.zeros((memory, size))
        self.curvature = np.zeros(memory)
        self.stored, self.newest = 0, 0

    def add(self, step: np.ndarray, change: np.ndarray) -> None:
        zero = np.zeros_like(step)
        self.stored, self.newest = lbfgs_update(
            step, zero, change, zero, self.steps, self.changes, self.curvature, self.stored, self.newest
        )

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        direction = np.empty_like(gradient)
        slope = lbfgs_direction(gradient, self.steps, self.changes, self.curvature, self.stored, self.newest, direction)
        assert slope == pytest.approx(gradient @ direction)
        return direction


def inverse_hessian(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """BFGS as the textbooks write it, from the scaled identity."""
    s, y = pairs[-1]
    h = np.eye(len(s)) * (s @ y) / (y @ y)
    for s, y in pairs:
        left = np.eye(len(s)) - np.outer(s, y) / (s @ y)
        h = left @ h @ left.T + np.outer(s, s) / (s @ y)
    return h


def pairs_of_a_quadratic(count: int, size: int = 6) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(4)
    root = rng.standard_normal((size, size))
    hessian = root @ root.T + np.eye(size)
    return [(s, hessian @ s) for s in rng.standard_normal((count, size))]


@pytest.mark.parametrize("count", [1, 3, 5])
def test_direction_is_that_of_the_bfgs_matrix_of_the_last_pairs(count: int) -> None:
    memory, pairs = 3, pairs_of_a_quadratic(count)
    ring = Ring(memory, 6)
    for pair in pairs:
        ring.add(*pair)
    gradient = np.random.default_rng(5).standard_normal(6)
    expected = -inverse_hessian(pairs[-memory:]) @ gradient
    np.testing.assert_allclose(ring.direction(gradient), expected, rtol=1e-9)
    assert gradient @ expected < 0.0


def test_without_pairs_the_direction_is_steepest_descent() -> None:
    np.testing.assert_array_equal(Ring(3, 2).direction(np.array([1.0, -2.0])), [-1.0, 2.0])


def test_a_pair_without_curvature_is_refused_and_leaves_the_others_whole() -> None:
    pairs = pairs_of_a_quadratic(3)
    ring = Ring(3, 6)
    for pair in pairs:
        ring.add(*pair)
    s, y = pairs[0]
    ring.add(s, -y)
    gradient = np.random.default_rng(6).standard_normal(6)
    # the refused pair took the place of the oldest
    np.testing.assert_allclose(ring.direction(gradient), -inverse_hessian(pairs[1:]) @ gradient, rtol=1e-9)


@pytest.mark.parametrize("rho", [0.5, 20.0])
def test_penalty_weights_are_minus_its_slope_in_the_constraints(rho: float) -> None:
    constraint, multiplier = np.array([0.3, -0.2, 0.01, 2.0]), np.array([0.0, 1.0, 0.7, 0.4])
    weight, unused = np.empty(4), np.empty(4)
    penalty(constraint, multiplier, rho, weight)
    for i in range(4):
        step = 1e-6 * np.eye(4)[i]
        slope = penalty(constraint + step, multiplier, rho, unused) - penalty(
            constraint - step, multiplier, rho, unused
        )
        assert weight[i] == pytest.approx(-slope / 2e-6, abs=1e-7)
    # slack and no multiplier: no weight; violated: some
    assert weight[0] == 0.0
    assert weight[1] > 1.0


def test_multipliers_move_against_the_violation_and_never_below_zero() -> None:
    constraint, multiplier = np.array([0.5, -0.1, 0.02]), np.array([0.4, 0.4, 0.4])
    worst = update_multipliers(constraint, multiplier, 2.0)
    np.testing.assert_allclose(multiplier, [0.0, 0.6, 0.36])
    # |min(c, lambda / rho)|: 0.2, 0.1, 0.02
    assert worst == pytest.approx(0.2)


def test_the_pieces_reach_solution_and_multipliers_of_a_quadratic_program() -> None:
    # min x^T D x / 2 s.t. 1^T x >= 1, x_1 <= 5: x = lambda D^-1 1, the second constraint is slack
    d = np.array([1.0, 4.0, 10.0])
    slopes = np.array([[1.0, 1.0, 1.0], [-1.0, 0.0, 0.0]])
    offsets = np.array([-1.0, 5.0])
    x, multiplier, weight, rho = np.array([3.0, -2.0, 1.0]), np.zeros(2), np.empty(2), 1.0

    def lagrangian(x: np.ndarray) -> tuple[float, np.ndarray]:
        total = 0.5 * x @ (d * x) + penalty(slopes @ x + offsets, multiplier, rho, weight)
        return total, d * x - weight @ slopes

    worst = np.inf
    for _ in range(40):
        ring = Ring(4, 3)
        total, gradient = lagrangian(x)
        for _ in range(100):
            if np.abs(gradient).max() < 1e-11:
                break
            direction, step = ring.direction(gradient), 1.0
            while lagrangian(x + step * direction)[0] > total + 1e-4 * step * (gradient @ direction) + 1e-15:
                step *= 0.5
            before, old = x, gradient
            x = x + step * direction
            total, gradient = lagrangian(x)
            ring.add(x - before, gradient - old)
        worst = update_multipliers(slopes @ x + offsets, multiplier, rho)
    exact = 1.0 / np.sum(1.0 / d)
    assert worst < 1e-8
    np.testing.assert_allclose(x, exact / d, rtol=1e-7)
    np.testing.assert_allclose(multiplier, [exact, 0.0], rtol=1e-7)
