"""Several SCNR constraints at once, held against their certificate, the one-constraint dual and CVXPY."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from isaclib.systems.modular import dual, dual_several
from isaclib.systems.modular.dual_several import FOUND, INFEASIBLE


@dataclass(frozen=True)
class Problem:
    """max log det(I + H R H^H), tr R <= P, tr(A_t R) >= c_t, A_t = sum_q d_tq a_q a_q^H, rank R <= N_s."""

    channel: np.ndarray
    steering: np.ndarray
    signed: np.ndarray
    needed: np.ndarray

    def matrices(self) -> np.ndarray:
        return np.einsum("tq,qn,qm->tnm", self.signed, self.steering, self.steering.conj())

    def solve(self, power: float, streams: int) -> tuple[np.ndarray, float, int]:
        beams = np.full((1, self.channel.shape[1], streams), np.nan + 0j)
        bound, outcome, steps = np.empty(1), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
        batch = self.channel[None], self.steering[None], self.signed[None], self.needed[None]
        dual_several.solve_many(*batch, power, beams, bound, outcome, steps)
        return beams[0], float(bound[0]), int(outcome[0])

    def certified(self, power: float, streams: int, tolerance: float = 1e-9) -> float:
        """Solve, check design against bound, and return the rate."""
        beams, bound, outcome = self.solve(power, streams)
        assert outcome == FOUND
        assert np.sum(np.abs(beams) ** 2) <= power * (1.0 + 1e-12)
        echoes = self.signed @ np.sum(np.abs(self.steering.conj() @ beams) ** 2, axis=1)
        assert np.all(echoes >= self.needed * (1.0 - 1e-6))
        received = self.channel @ beams
        rate = float(np.sum(np.log1p(np.linalg.eigvalsh(received.conj().T @ received).clip(0.0))))
        assert rate == pytest.approx(bound, rel=tolerance)
        return rate


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def general(seed: int, users: int = 3, size: int = 6, targets: int = 2, interferers: int = 1) -> Problem:
    rng = np.random.default_rng(seed)
    signed = -(10.0 ** rng.uniform(-3.0, -1.0, (targets, targets + interferers)))
    signed[np.arange(targets), np.arange(targets)] = 1.0
    return Problem(
        normal(rng, users, size), normal(rng, targets + interferers, size), signed, rng.uniform(0.5, 1.0, targets)
    )


def least_power(problem: Problem, streams: int) -> float:
    """Power from which on a design is found, within a thousandth."""
    low, high = 1e-3, 1e3
    while high > 1.001 * low:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if problem.solve(middle, streams)[2] == FOUND else (middle, high)
    return high


def test_random_problems_are_certified() -> None:
    rng = np.random.default_rng(4)
    for seed in range(25):
        users, targets = int(rng.integers(2, 7)), int(rng.integers(2, 4))
        problem = general(seed, users, int(rng.integers(8, 16)), targets, int(rng.integers(0, 3)))
        least = least_power(problem, users)
        for factor in (1.01, 2.0, 30.0):
            problem.certified(factor * least, users)
        if targets == 2:
            # fewer streams than antennas; with more constraints eigenvalues may cross at the best multipliers
            problem.certified(30.0 * least, max(targets, users - 1))


def test_what_is_called_infeasible_is() -> None:
    problem = general(3)
    least = least_power(problem, 3)
    _, bound, outcome = problem.solve(0.995 * least, 3)
    assert outcome == INFEASIBLE
    assert np.isnan(bound)
    # weights y that prove it: sum y_t c_t > P lambda_max(sum y_t A_t)
    best = min(
        np.linalg.eigvalsh(np.tensordot([y, 1.0 - y], problem.matrices(), 1))[-1]
        / (np.array([y, 1.0 - y]) @ problem.needed)
        for y in np.linspace(0.0, 1.0, 2001)
    )
    assert 1.0 / best == pytest.approx(least, rel=2e-3)


def test_a_target_out_of_reach_by_itself_is_infeasible() -> None:
    problem = general(5)
    problem.signed[1] = [0.0, -1.0, -1.0]
    assert problem.solve(1e3, 3)[2] == INFEASIBLE


@pytest.mark.parametrize("streams", [1, 2, 4])
def test_with_a_second_constraint_that_holds_anyway_it_is_the_dual_of_one(streams: int) -> None:
    problem = general(6, users=4, size=8)
    problem.signed[1] = [0.0, 1.0, 0.0]
    problem.needed[1] = 1e-9
    alone = np.full((1, 8, streams), np.nan + 0j)
    bound, reach, count = np.empty(1), np.empty(1), np.zeros(1, dtype=np.int64)
    dual.solve_many(
        problem.channel[None],
        problem.steering[None],
        problem.signed[:1],
        problem.needed[:1],
        0.5,
        alone,
        bound,
        reach,
        count,
    )
    assert reach[0] > 1.0
    assert problem.certified(0.5, streams) == pytest.approx(bound[0], rel=1e-9)


def test_directions_that_the_channel_does_not_hear_are_lit_without_loss() -> None:
    problem = general(7, users=3, size=8, interferers=0)
    unheard = np.linalg.svd(problem.channel)[2][3:].conj().T
    problem.steering[0] = unheard @ normal(np.random.default_rng(1), 5)
    least = least_power(problem, 3)
    for factor in (1.1, 3.0):
        problem.certified(factor * least, 3, tolerance=1e-6)


def test_targets_of_the_same_place_count_once() -> None:
    problem = general(8, interferers=0)
    problem.steering[1] = problem.steering[0]
    problem.signed[:] = [[1.0, 0.0], [0.0, 1.0]]
    problem.certified(2.0 * least_power(problem, 3), 3)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "targets"), [(10, 2), (11, 2), (12, 3)])
def test_cvxpy_finds_no_better_covariance(seed: int, targets: int) -> None:
    import cvxpy as cp

    problem = general(seed, targets=targets)
    power = 1.3 * least_power(problem, 3)
    # in units of the power
    covariance = cp.Variable((6, 6), hermitian=True)
    rate = cp.log_det(np.eye(3) + power * problem.channel @ covariance @ problem.channel.conj().T)
    constraints = [covariance >> 0, cp.real(cp.trace(covariance)) <= 1.0]
    for matrix, needed in zip(problem.matrices(), problem.needed, strict=True):
        constraints.append(cp.real(cp.trace(power / needed * matrix @ covariance)) >= 1.0)
    value = cp.Problem(cp.Maximize(rate), constraints).solve(solver=cp.SCS, eps=1e-8, max_iters=50_000)
    assert problem.certified(power, 3) == pytest.approx(value, rel=1e-4)
