from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.numerics.lanes import LANES
from isaclib.physics import links
from isaclib.systems.hybrid import simultaneous_evaluation, smooth
from isaclib.systems.hybrid.certificate import sensing_and_channels
from isaclib.systems.hybrid.normalisation import NormalisedProblem, normalise
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.scenario import draw_scenario
from isaclib.systems.streams import Streams

USERS, CHAINS, ELEMENTS = 3, 4, 8


def problem() -> NormalisedProblem:
    p = Parameters(
        elements=ELEMENTS, rf_chains=CHAINS, users=USERS, target_m=(6.0, 2.0), min_rate_bps_hz=(2.0, 4.0, 3.0)
    )
    return normalise(draw_scenario(p, Streams(2, 0, 1)))


class Evaluation:
    """The problem of fully digital beams (`smooth`), or with phases in one lane (`simultaneous_evaluation`)."""

    def __init__(
        self, *, phases: bool, objective: int = smooth.SENSING_COST, cap: float = np.inf, multiplier: Any, rho: float
    ) -> None:
        self.problem = problem()
        self.basis = np.ascontiguousarray(sensing_and_channels(self.problem)[0])
        self.phases = ELEMENTS if phases else 0
        self.chains = CHAINS if phases else ELEMENTS
        self.size = self.phases + 2 * self.chains * USERS
        self.objective, self.cap, self.rho = objective, cap, rho
        self.multiplier = np.asarray(multiplier, dtype=float)
        # a sum-rate asks for no rates
        self.rates = np.zeros(USERS) if objective == smooth.SUM_RATE else np.log1p(self.problem.gamma)
        self.constraint, self.weight = np.empty((2, self.multiplier.size))

    def __call__(self, x: np.ndarray) -> tuple[float, float, np.ndarray]:
        return self._in_a_lane(x, 5) if self.phases else self._alone(x)

    def _alone(self, x: np.ndarray) -> tuple[float, float, np.ndarray]:
        gradient = np.empty(self.size)
        y = np.empty((2, 3 + USERS, USERS), complex)
        total, value = smooth.evaluate(
            x, np.ascontiguousarray(self.basis.conj().T), self.problem.weight, self.problem.noise[0], self.rates,
            self.objective, self.cap, self.multiplier, self.rho, np.empty((self.chains, USERS), complex), *y,
            self.constraint, self.weight, gradient,
        )  # fmt: skip
        return total, value, gradient

    def _in_a_lane(self, x: np.ndarray, lane: int) -> tuple[float, float, np.ndarray]:
        lanes = simultaneous_evaluation.problems(ELEMENTS, CHAINS, USERS, self.multiplier.size)
        rng = np.random.default_rng(lane)
        for other in range(LANES):
            simultaneous_evaluation.pose(lanes, other, rng.permuted(self.basis, axis=0), self.problem.noise[0])
        simultaneous_evaluation.pose(lanes, lane, self.basis, self.problem.noise[0])
        lanes.multiplier[:] = self.multiplier[:, None]
        lanes.penalty[:] = self.rho
        everywhere = rng.standard_normal((self.size, LANES))
        everywhere[:, lane] = x
        gradient = np.empty_like(everywhere)
        simultaneous_evaluation.evaluate(
            lanes, everywhere, self.problem.weight, self.rates, self.objective, self.cap, gradient
        )
        self.constraint, self.weight = lanes.constraint[:, lane], lanes.weight[:, lane]
        return lanes.total[0, lane], lanes.value[0, lane], gradient[:, lane]

    def start(self) -> np.ndarray:
        return np.random.default_rng(3).standard_normal(self.size)

    def beamformers(self, x: np.ndarray) -> np.ndarray:
        """W of unit power that x stands for."""
        parts = x[self.phases :].reshape(self.chains, USERS, 2)
        digital = (parts[..., 0] + 1j * parts[..., 1]) / np.linalg.norm(parts)
        if not self.phases:
            return digital
        per_chain = ELEMENTS // CHAINS
        block = np.repeat(np.eye(CHAINS), per_chain, axis=0)
        return np.exp(1j * x[:ELEMENTS])[:, None] * block / np.sqrt(per_chain) @ digital


@pytest.mark.parametrize("phases", [False, True])
@pytest.mark.parametrize(
    ("objective", "cap"),
    [
        (smooth.SENSING_COST, np.inf),
        (smooth.ILLUMINATION, np.inf),
        (smooth.ILLUMINATION, -1.0),
        (smooth.ILLUMINATION, 9.0),
        (smooth.SUM_RATE, np.inf),
        (smooth.SUM_RATE, -1.0),
        (smooth.SUM_RATE, 9.0),
    ],
)
@pytest.mark.parametrize("multiplier", [0.0, 0.8])
def test_gradient_is_that_of_central_differences(phases: bool, objective: int, cap: float, multiplier: float) -> None:
    constraints = USERS + (1 if cap < np.inf else 0)
    evaluation = Evaluation(
        phases=phases, objective=objective, cap=cap, multiplier=np.full(constraints, multiplier), rho=1.3
    )
    x = evaluation.start()
    _, _, gradient = evaluation(x)
    # a random start misses rates; its cost is above -1 but below 9
    assert np.any(evaluation.weight[:USERS] > 0.0)
    if cap < np.inf:
        assert (evaluation.weight[USERS] > 0.0) == (cap == -1.0)
    numeric = np.empty_like(gradient)
    for i in range(len(x)):
        step = 1e-5 * np.eye(len(x))[i]
        numeric[i] = (evaluation(x + step)[0] - evaluation(x - step)[0]) / 2e-5
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=2e-8 * np.abs(gradient).max())


def test_slack_rates_without_multiplier_weigh_nothing() -> None:
    evaluation = Evaluation(phases=False, multiplier=np.array([0.0, 0.0, 0.3]), rho=1e-3)
    # zero-forcing beams meet every rate at 30 dBm
    beams = np.linalg.pinv(np.conj(evaluation.problem.g[0]))
    x = np.stack([beams.real, beams.imag], axis=-1).ravel()
    evaluation(x)
    assert np.all(evaluation.constraint > 0.0)
    np.testing.assert_allclose(evaluation.weight, [0.0, 0.0, 0.3 - 1e-3 * evaluation.constraint[2]])


@pytest.mark.parametrize("phases", [False, True])
def test_sum_rate_is_that_of_the_beamformers_less_the_penalty_of_the_cap(phases: bool) -> None:
    free = Evaluation(phases=phases, objective=smooth.SUM_RATE, multiplier=np.full(USERS, 0.7), rho=1.0)
    capped = Evaluation(
        phases=phases, objective=smooth.SUM_RATE, cap=0.5, multiplier=np.array([0.7, 0.7, 0.7, 0.2]), rho=3.0
    )
    x = free.start()
    w, p = free.beamformers(x), free.problem
    rate = np.log1p(links.sinr(p.g[0], w, p.noise[0])).sum()
    # the rates are no constraints: their multipliers mean nothing
    assert free(x)[:2] == pytest.approx((-rate, -rate), rel=1e-12)
    np.testing.assert_array_equal(free.weight, 1.0)
    total, value, _ = capped(x)
    assert value == pytest.approx(-rate, rel=1e-12)
    excess = np.log(p.cost(p.gram(w))) - 0.5
    assert excess > 0.0
    assert capped.constraint[USERS] == pytest.approx(-excess, rel=1e-12)
    assert total == pytest.approx(-rate + 0.2 * excess + 1.5 * excess**2, rel=1e-12)
    np.testing.assert_allclose(capped.weight, [1.0, 1.0, 1.0, 0.2 + 3.0 * excess], rtol=1e-12)


@pytest.mark.parametrize("phases", [False, True])
def test_values_are_those_of_the_beamformers(phases: bool) -> None:
    cost = Evaluation(phases=phases, multiplier=np.zeros(USERS), rho=1.0)
    light = Evaluation(phases=phases, objective=smooth.ILLUMINATION, cap=2.0, multiplier=np.zeros(USERS + 1), rho=1.0)
    x = cost.start()
    w = cost.beamformers(x)
    p = cost.problem
    f = p.cost(p.gram(w))
    q = np.sum(np.abs(p.a0.conj() @ w) ** 2)
    assert cost(x)[1] == pytest.approx(np.log(f), rel=1e-12)
    assert light(x)[1] == pytest.approx(-np.log(q), rel=1e-12)
    rates = np.log1p(links.sinr(p.g[0], w, p.noise[0]))
    np.testing.assert_allclose(cost.constraint, rates - np.log1p(p.gamma), rtol=1e-10)
    np.testing.assert_allclose(light.constraint, [*(rates - np.log1p(p.gamma)), 2.0 - np.log(f)], rtol=1e-10)
    y = np.ascontiguousarray(cost.basis.conj().T @ w)
    assert smooth.objective_of(y, p.weight, False) == pytest.approx(np.log(f), rel=1e-12)
    assert smooth.objective_of(y, p.weight, True) == pytest.approx(-np.log(q), rel=1e-12)
    # the total adds the penalty of missed rates
    missed = np.minimum(cost.constraint, 0.0)
    assert cost(x)[0] == pytest.approx(np.log(f) + 0.5 * np.sum(missed**2), rel=1e-12)


def test_the_scale_of_the_digital_part_does_not_matter() -> None:
    evaluation = Evaluation(phases=True, multiplier=np.full(USERS, 0.5), rho=1.0)
    x = evaluation.start()
    scaled = x.copy()
    scaled[ELEMENTS:] *= 7.0
    assert evaluation(scaled)[0] == pytest.approx(evaluation(x)[0], rel=1e-12)
    # and the gradient has no part along it
    assert evaluation(x)[2][ELEMENTS:] @ x[ELEMENTS:] == pytest.approx(0.0, abs=1e-10)


@pytest.mark.parametrize("objective", [smooth.SENSING_COST, smooth.ILLUMINATION, smooth.SUM_RATE])
def test_no_lane_sees_another(objective: int) -> None:
    evaluation = Evaluation(phases=True, objective=objective, cap=0.5, multiplier=np.full(USERS + 1, 0.4), rho=2.0)
    x = evaluation.start()
    one, other = (evaluation._in_a_lane(x, lane) for lane in (0, LANES - 1))
    assert one[:2] == other[:2]
    np.testing.assert_array_equal(one[2], other[2])
