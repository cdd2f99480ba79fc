"""The one-constraint dual, held against its own certificate on random problems, brute force and CVXPY."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from isaclib.systems.modular.dual import solve_many


@dataclass(frozen=True)
class Problem:
    """max log det(I + H R H^H), tr R <= P, tr(A R) >= c, A = sum_q d_q a_q a_q^H, rank R <= N_s."""

    channel: np.ndarray
    steering: np.ndarray
    signed: np.ndarray
    power: float = 1.0

    @property
    def matrix(self) -> np.ndarray:
        return np.einsum("q,qn,qm->nm", self.signed, self.steering, self.steering.conj())

    @property
    def largest(self) -> float:
        """Largest c."""
        return float(np.linalg.eigvalsh(self.matrix)[-1]) * self.power

    def solve(self, needed: float, streams: int) -> tuple[np.ndarray, float, float]:
        beams = np.full((1, self.channel.shape[1], streams), np.nan + 0j)
        bound, reach, evaluations = np.empty(1), np.empty(1), np.zeros(1, dtype=np.int64)
        batch = self.channel[None], self.steering[None], self.signed[None], np.array([needed])
        solve_many(*batch, self.power, beams, bound, reach, evaluations)
        return beams[0], float(bound[0]), float(reach[0])

    def rate(self, beams: np.ndarray) -> float:
        received = self.channel @ beams
        return float(np.sum(np.log1p(np.linalg.eigvalsh(received.conj().T @ received).clip(0.0))))

    def illuminates(self, beams: np.ndarray) -> float:
        return float(self.signed @ np.sum(np.abs(self.steering.conj() @ beams) ** 2, axis=1))

    def certified(self, needed: float, streams: int, tolerance: float = 1e-9) -> np.ndarray:
        """Solve, check design against bound, and return the beams."""
        beams, bound, reach = self.solve(needed, streams)
        assert reach >= 1.0
        assert beams.shape[1] == streams
        assert np.sum(np.abs(beams) ** 2) <= self.power * (1.0 + 1e-12)
        assert self.illuminates(beams) >= needed * (1.0 - 1e-8)
        assert self.rate(beams) == pytest.approx(bound, rel=tolerance, abs=1e-14)
        return beams


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def general(seed: int, users: int = 3, size: int = 6, objects: int = 3) -> Problem:
    rng = np.random.default_rng(seed)
    signed = np.concatenate([[1.0], -(10.0 ** rng.uniform(-1.0, 1.0, objects - 1))])
    return Problem(2.0 * normal(rng, users, size), normal(rng, objects, size), signed)


def test_random_problems_are_certified() -> None:
    rng = np.random.default_rng(3)
    for seed in range(300):
        users, objects = int(rng.integers(2, 9)), int(rng.integers(1, 7))
        problem = general(seed, users, int(rng.integers(9, 25)), objects)
        share = float(rng.choice([0.05, 0.5, 0.9, 0.99, 0.999]))
        problem.certified(share * problem.largest, int(rng.integers(1, users + 1)))


def test_no_random_covariance_beats_the_bound() -> None:
    problem = general(11, users=2, size=3, objects=2)
    needed = 0.6 * problem.largest
    _, bound, _ = problem.solve(needed, 2)
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(20_000):
        beams = normal(rng, 3, 2)
        beams /= np.linalg.norm(beams)
        if problem.illuminates(beams) >= needed:
            rates.append(problem.rate(beams))
    assert len(rates) > 100
    assert 0.9 * bound < max(rates) <= bound


def test_without_need_the_design_is_water_filling() -> None:
    problem = general(5, objects=1)
    beams = problem.certified(1e-9 * problem.largest, 3)
    gains = np.linalg.svd(problem.channel)[1] ** 2
    for active in (3, 2, 1):
        level = (1.0 + np.sum(1.0 / gains[:active])) / active
        if level > 1.0 / gains[active - 1]:
            break
    assert problem.rate(beams) == pytest.approx(np.sum(np.log(level * gains[:active])))


def test_the_largest_need_leaves_the_best_direction_alone() -> None:
    problem = general(6)
    needed = problem.largest * (1.0 - 1e-10)
    beams = problem.certified(needed, 3, tolerance=1e-6)
    best = np.linalg.eigh(problem.matrix)[1][:, -1]
    assert np.sum(np.abs(best.conj() @ beams) ** 2) == pytest.approx(1.0, abs=1e-8)


def test_more_than_the_largest_is_out_of_reach() -> None:
    problem = general(7)
    beams, bound, reach = problem.solve(1.001 * problem.largest, 3)
    assert reach == pytest.approx(1.0 / 1.001)
    assert np.isnan(bound)
    assert np.isnan(beams).all()


@pytest.mark.parametrize("streams", [1, 2, 3])
def test_a_direction_that_the_channel_does_not_hear_costs_power_alone(streams: int) -> None:
    problem = general(8)
    unheard = np.linalg.svd(problem.channel)[2][3:].conj().T
    problem.steering[0] = unheard @ normal(np.random.default_rng(1), 3)
    problem = Problem(problem.channel, problem.steering[:1], problem.signed[:1])
    for share in (0.2, 0.9):
        problem.certified(share * problem.largest, streams)


@pytest.mark.parametrize("share", [0.3, 0.95])
def test_objects_that_depend_on_each_other_are_no_trouble(share: float) -> None:
    problem = general(9, objects=4)
    problem.steering[3] = problem.steering[2]
    problem.certified(share * problem.largest, 2)
    problem.steering[3] = problem.steering[2] + 1e-9 * problem.steering[1]
    problem.certified(share * problem.largest, 2)
    # more objects than dimensions, too weak to spoil them all
    problem = general(10, users=2, size=2, objects=5)
    problem.signed[1:] *= 0.01
    problem.certified(share * problem.largest, 2)


def test_fewer_streams_than_antennas_where_eigenvalues_cross() -> None:
    # one antenna hears the target alone, the other a stronger direction without an echo
    channel = np.array([[1.0, 0.0, 0.0], [0.0, 3.0, 0.0]], dtype=complex)
    problem = Problem(channel, np.array([[1.0, 0.0, 0.0]], dtype=complex), np.array([1.0]))
    for needed in (0.1, 0.5, 0.9):
        problem.certified(needed, 1)
        problem.certified(needed, 2)


def test_more_user_antennas_than_dimensions() -> None:
    problem = general(12, users=5, size=3, objects=2)
    problem.certified(0.7 * problem.largest, 3)


def test_one_antenna() -> None:
    one = np.ones((1, 1), dtype=complex)
    problem = Problem(2.0 * one, one, np.array([1.0]), power=0.5)
    assert problem.rate(problem.certified(0.3, 1)) == pytest.approx(np.log1p(2.0))
    # where clutter stands in the same place as the target, nothing is in reach
    _, _, reach = Problem(one, np.ones((2, 1), dtype=complex), np.array([1.0, -2.0])).solve(0.1, 1)
    assert reach <= 0.0


def test_a_target_that_no_antenna_lights_is_out_of_reach() -> None:
    _, bound, reach = Problem(np.ones((1, 2)) + 0j, np.zeros((2, 2)) + 0j, np.array([1.0, -1.0])).solve(0.1, 1)
    assert np.isnan(bound)
    assert reach <= 0.0


def test_a_channel_that_carries_nothing_still_gets_its_scnr() -> None:
    problem = general(13)
    problem.channel[:] = 0.0
    assert problem.rate(problem.certified(0.5 * problem.largest, 2)) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_cvxpy_finds_no_better_covariance(seed: int) -> None:
    import cvxpy as cp

    problem = general(20 + seed)
    needed = 0.8 * problem.largest
    covariance = cp.Variable((6, 6), hermitian=True)
    rate = cp.log_det(np.eye(3) + problem.channel @ covariance @ problem.channel.conj().T)
    constraints = [
        covariance >> 0,
        cp.real(cp.trace(covariance)) <= 1.0,
        cp.real(cp.trace(problem.matrix @ covariance)) >= needed,
    ]
    value = cp.Problem(cp.Maximize(rate), constraints).solve(solver=cp.SCS, eps=1e-8, max_iters=50_000)
    assert problem.rate(problem.certified(needed, 3)) == pytest.approx(value, rel=1e-5)
