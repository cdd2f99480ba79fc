from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems.hybrid.certificate import sensing_and_channels
from isaclib.systems.hybrid.communication import dual
from isaclib.systems.hybrid.communication.uplink import best_rate
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.scenario import draw_scenario
from isaclib.systems.streams import Streams


class Case:
    """A draw in the orthonormal basis of the dual."""

    def __init__(self, cap: float, *, realisation: int = 0, **parameters: Any) -> None:
        p = Parameters(**{"target_m": (8.0, 3.0), "power_dbm": 20.0, **parameters})
        self.problem = normalise(draw_scenario(p, Streams(4, realisation, realisation + 1)))
        v = np.linalg.qr(sensing_and_channels(self.problem))[1][0]
        self.vectors, self.cap = v, cap
        self.cost = np.ascontiguousarray(self.problem.weight)
        self.channels = v[:, 3:] / np.sqrt(self.problem.noise[0])
        self.powers = np.empty(p.users)
        self.weighted = np.empty((3, p.users), dtype=complex)
        rest = np.conj(self.channels[3:].T) @ self.channels[3:]
        self.data = (
            np.ascontiguousarray(v[:3, :3]),
            np.ascontiguousarray(self.channels[:3]),
            np.ascontiguousarray(rest),
            self.cost,
            cap,
        )

    def evaluate(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.empty(dual.VARIABLES)
        return dual.evaluate(x, *self.data, gradient, self.powers, self.weighted), gradient

    def descend(self, x: np.ndarray) -> tuple[float, int]:
        return dual.descend(x, *self.data, self.powers, self.weighted)

    def constraint(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        """Z and u, as the formulas have them."""
        lower = np.array([[x[0], 0.0], [x[1], x[2]]])
        w = np.array([x[3] + 1j * x[4], x[5] + 1j * x[6]])
        v = np.linalg.solve(lower.T, w)
        weight = lower @ lower.T
        a0, b = self.vectors[:, :1], self.vectors[:, 1:3]
        side = b + a0 @ np.conj(v)[None, :]
        z = np.trace(weight) * a0 @ np.conj(a0.T) + side @ weight @ np.conj(side.T)
        root = np.linalg.cholesky(self.cost)
        u = np.sum(np.sqrt(np.linalg.eigvalsh(root.T @ weight @ root))) ** 2
        return z, u

    def inside(self, rng: np.random.Generator, level: float = 0.7) -> np.ndarray:
        """Return a random dual point with Z < I and u < c."""
        x = rng.standard_normal(dual.VARIABLES)
        z, u = self.constraint(x)
        return x * np.sqrt(level / max(np.linalg.eigvalsh(z)[-1], u / self.cap))

    def f(self, beams: np.ndarray) -> float:
        seen = np.conj(self.vectors[:, :3].T) @ beams
        return float(self.problem.cost(seen @ np.conj(seen.T)))

    def beams(self, rng: np.random.Generator) -> np.ndarray:
        """Random beams of unit power, more or less on the target."""
        beams = rng.standard_normal((*self.channels.shape, 2)) @ [1.0, 1.0j]
        beams[:3] *= 10.0 ** rng.uniform(0.0, 2.0)
        return beams / np.linalg.norm(beams)


@pytest.mark.parametrize("users", [1, 2, 4])
def test_beams_that_keep_the_cap_keep_the_linear_constraint(users: int) -> None:
    rng = np.random.default_rng(users)
    case = Case(1.0, users=users)
    tightest = np.inf
    for _ in range(400):
        beams = case.beams(rng)
        case.cap = case.f(beams)
        z, u = case.constraint(case.inside(rng))
        spent = 1.0 - np.trace(np.conj(beams.T) @ z @ beams).real
        assert spent <= (1.0 - u / case.cap) * (1.0 + 1e-10)
        tightest = min(tightest, (1.0 - u / case.cap) / spent)
    # and it says something about them
    assert tightest < 1.5


@pytest.mark.parametrize(("users", "elements", "chains"), [(1, 8, 4), (2, 8, 4), (2, 3, 3), (3, 3, 3), (4, 8, 4)])
def test_the_bound_is_the_best_rate_of_the_uplink(users: int, elements: int, chains: int) -> None:
    rng = np.random.default_rng(1)
    case = Case(1.7, users=users, elements=elements, rf_chains=chains)
    for _ in range(5):
        x = case.inside(rng)
        z, u = case.constraint(x)
        q = (np.eye(len(z)) - z) / (1.0 - u / case.cap)
        powers = np.empty(users)
        spread = np.linalg.solve(q, case.channels)
        rate = best_rate(np.ascontiguousarray(np.conj(case.channels.T) @ spread), powers)
        assert case.evaluate(x)[0] == pytest.approx(rate, rel=1e-10)
        np.testing.assert_allclose(case.powers, powers, atol=1e-8)
        np.testing.assert_allclose(dual.scale(x, case.cost, case.cap) * case.weighted, spread[:3], rtol=1e-10)
        np.testing.assert_allclose(dual.slack(x, case.data[0]), (np.eye(len(z)) - z)[:3, :3], atol=1e-13)


@pytest.mark.parametrize("users", [1, 2, 3])
@pytest.mark.parametrize("power_dbm", [-10.0, 40.0])
def test_gradient_is_that_of_central_differences(users: int, power_dbm: float) -> None:
    rng = np.random.default_rng(users)
    case = Case(1.4, users=users, power_dbm=power_dbm)
    for _ in range(3):
        x = case.inside(rng)
        _, gradient = case.evaluate(x)
        numeric = np.array(
            [(case.evaluate(x + step)[0] - case.evaluate(x - step)[0]) / 2e-6 for step in 1e-6 * np.eye(len(x))]
        )
        np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=2e-6 * np.abs(gradient).max())


def test_without_a_multiplier_it_is_the_bound_without_a_cap() -> None:
    case = Case(1.4)
    gram = np.ascontiguousarray(np.conj(case.channels.T) @ case.channels)
    assert case.evaluate(np.zeros(dual.VARIABLES))[0] == pytest.approx(best_rate(gram, np.empty(2)), rel=1e-12)


def test_outside_its_domain_there_is_no_bound() -> None:
    rng = np.random.default_rng(0)
    case = Case(50.0)
    x = case.inside(rng, level=1.0)
    assert np.linalg.eigvalsh(case.constraint(x)[0])[-1] == pytest.approx(1.0)
    assert np.isfinite(case.evaluate(0.999 * x)[0])
    assert np.isinf(case.evaluate(1.001 * x)[0])
    # the other end: u = c
    tight = Case(1e-3)
    x = tight.inside(rng, level=1.0)
    assert np.isfinite(tight.evaluate(0.999 * x)[0])
    assert np.isinf(tight.evaluate(1.001 * x)[0])


@pytest.mark.parametrize("users", [2, 3])
@pytest.mark.parametrize("cap", [1.1, 4.0])
def test_descents_from_everywhere_end_at_one_bound(users: int, cap: float) -> None:
    rng = np.random.default_rng(7)
    for realisation in range(3):
        case = Case(cap, users=users, realisation=realisation)
        ends = []
        for _ in range(6):
            x = case.inside(rng)
            begun, _ = case.evaluate(x)
            end, evaluations = case.descend(x)
            assert end <= begun
            assert 1 < evaluations < 5000
            assert case.evaluate(x)[0] == end
            ends.append(end)
        # quasi-convex: the best end is met again
        assert np.sort(ends)[2] == pytest.approx(min(ends), rel=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("cap", [1.05, 1.5, 5.0])
@pytest.mark.parametrize("power_dbm", [-20.0, 10.0])
def test_one_user_has_the_bound_of_the_convex_program(cap: float, power_dbm: float) -> None:
    """With R of any rank the problem of one user is convex, and its dual is ours."""
    import cvxpy as cp

    case = Case(cap, users=1, power_dbm=power_dbm)
    size = len(case.vectors)
    r = cp.Variable((size, size), hermitian=True)
    m = cp.Variable((2, 2), symmetric=True)
    a0, b = case.vectors[:, :1], case.vectors[:, 1:3]
    q = cp.real(np.conj(a0.T) @ r @ a0)
    s = np.conj(b.T) @ r @ a0
    across = cp.hstack([cp.real(s), cp.imag(s)])
    information = cp.real(np.conj(b.T) @ r @ b) + q[0, 0] * np.eye(2) - m
    program = cp.Problem(
        cp.Maximize(cp.real(np.conj(case.channels.T) @ r @ case.channels)[0, 0]),
        [
            r >> 0,
            cp.real(cp.trace(r)) <= 1.0,
            cp.bmat([[information, across], [across.T, q[0, 0] * np.eye(2)]]) >> 0,
            cp.matrix_frac(np.linalg.cholesky(case.cost), m) <= cap,
        ],
    )
    program.solve(solver="CLARABEL")
    rng = np.random.default_rng(2)
    ends = []
    for _ in range(4):
        x = case.inside(rng)
        ends.append(case.descend(x)[0])
    assert min(ends) >= np.log1p(program.value) * (1.0 - 1e-6)
    assert min(ends) == pytest.approx(np.log1p(program.value), rel=2e-4)
