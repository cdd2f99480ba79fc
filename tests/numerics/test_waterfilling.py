from __future__ import annotations

import numpy as np
import pytest

from isaclib.numerics.waterfilling import absorb, factor_of, log_determinant, multiple_access, water_fill


def normal(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def gram_of(factors: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(factors, -1, -2)) @ factors


def gradient(factor: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """[(I + G P)^-1 G]_kk, in the plainest way."""
    gram = gram_of(factor)
    return np.diagonal(np.linalg.solve(np.eye(len(gram)) + gram * powers, gram)).real


def plain_value(factor: np.ndarray, powers: np.ndarray) -> float:
    return float(np.linalg.slogdet(np.eye(len(factor)) + (factor * powers) @ factor.conj().T)[1])


@pytest.mark.parametrize("users", [1, 2, 3, 5, 8, 16])
def test_optimality_conditions_hold(users: int) -> None:
    factors = normal(users, 20, users, users) * np.logspace(-1, 2, 20)[:, None, None]
    found = water_fill(factors)
    np.testing.assert_allclose(found.powers.sum(axis=1), 1.0, rtol=1e-14)
    assert np.all(found.powers > 0.0)
    for b in range(20):
        slope = gradient(factors[b], found.powers[b])
        level = found.powers[b] @ slope
        # every user at the water level or, without power, below it
        assert slope.max() <= level * (1.0 + 1e-8)
        np.testing.assert_allclose(found.powers[b] * (level - slope), 0.0, atol=1e-8 * level)
        assert found.value[b] == pytest.approx(plain_value(factors[b], found.powers[b]), rel=1e-12)
        assert found.bound[b] == pytest.approx(found.value[b] + slope.max() - level, rel=1e-8)


def ill_conditioned(users: int, kind: str) -> np.ndarray:
    """Vectors whose largest squared norm runs over 13 orders of magnitude."""
    rng = np.random.default_rng([users, len(kind)])
    factors = normal(users, 50, users, users)
    if kind == "rank-deficient":
        factors[:, max(1, users // 2) :] = 0.0
    if kind == "parallel":
        factors = factors[:, :, :1] * normal(9, 50, 1, users) + 1e-9 * factors
    if kind == "near-far":
        factors *= 10.0 ** rng.uniform(-6.5, 0.0, (50, 1, users))
    norms = np.linalg.norm(factors, axis=1).max(axis=-1)
    return factors * (np.logspace(-6.5, 6.5, 50) / norms)[:, None, None]


@pytest.mark.parametrize("kind", ["full-rank", "rank-deficient", "parallel", "near-far"])
@pytest.mark.parametrize("users", [2, 4, 16])
def test_gap_closes_at_every_signal(users: int, kind: str) -> None:
    factors = ill_conditioned(users, kind)
    found = water_fill(factors)
    assert np.all(found.bound >= found.value)
    assert np.all(found.bound - found.value <= 1e-9 * found.value)
    assert found.steps.max() < 40
    # the bound holds wherever the powers are put
    rng = np.random.default_rng(1)
    for b in range(50):
        for powers in rng.dirichlet(np.full(users, 0.3), 5):
            assert log_determinant(factors[b], powers, np.empty((users, users), complex)) <= found.bound[b] * (
                1.0 + 1e-10
            )


def test_value_of_a_tiny_signal_does_not_vanish() -> None:
    found = water_fill(1e-9 * np.eye(3)[None] * np.array([1.0, 2.0, 3.0]))
    assert found.value[0] == pytest.approx(9e-18, rel=1e-11)
    np.testing.assert_allclose(found.powers[0], [0.0, 0.0, 1.0], atol=1e-11)


def test_a_weak_user_gets_nothing_and_a_strong_one_all() -> None:
    # f' of the second user at p = (1, 0) is g2, of the first g1 / (1 + g1)
    strong, weak = 4.0, 0.7
    found = water_fill(np.sqrt(np.diag([strong, weak]))[None])
    np.testing.assert_allclose(found.powers[0], [1.0, 0.0], atol=1e-10)
    assert found.value[0] == pytest.approx(np.log1p(strong), rel=1e-11)
    # orthogonal users above the threshold: p_k = level - 1 / g_k
    found = water_fill(np.sqrt(np.diag([4.0, 2.0]))[None])
    np.testing.assert_allclose(found.powers[0], [0.625, 0.375], rtol=1e-9)


def test_one_user_gets_all() -> None:
    found = water_fill(normal(3, 4, 1, 1))
    np.testing.assert_array_equal(found.powers, 1.0)
    np.testing.assert_array_equal(found.bound, found.value)
    np.testing.assert_array_equal(found.steps, 0)


def test_without_any_signal_there_is_no_rate() -> None:
    found = water_fill(np.zeros((1, 3, 3)))
    assert found.value[0] == found.bound[0] == 0.0
    assert found.powers[0].sum() == pytest.approx(1.0)
    # a dead user among others
    factors = normal(4, 1, 3, 3)
    factors[:, :, 1] = 0.0
    found, without = water_fill(factors), water_fill(factors[:, :, [0, 2]])
    assert found.powers[0, 1] < 1e-10
    assert found.value[0] == pytest.approx(without.value[0], rel=1e-10)


@pytest.mark.parametrize(("users", "rank"), [(1, 1), (3, 3), (6, 2), (16, 16)])
def test_gram_matrix_says_as_much_as_the_vectors(users: int, rank: int) -> None:
    factors = 10.0 * normal(users, 5, rank, users)
    expected = water_fill(factors)
    for b in range(5):
        powers = np.empty(users)
        value, bound = multiple_access(gram_of(factors[b]), powers)
        assert value == pytest.approx(expected.value[b], rel=1e-11)
        assert value <= bound <= value * (1.0 + 1e-11)
        assert plain_value(factors[b], powers) == pytest.approx(value, rel=1e-11)


def test_factor_keeps_the_digits_of_weak_vectors() -> None:
    factor = normal(6, 4, 4) * np.array([1.0, 1e-8, 1e5, 1e-3])
    gram = gram_of(factor)
    found = np.empty((4, 4), complex)
    factor_of(gram, found)
    scale = np.sqrt(np.outer(np.diag(gram), np.diag(gram)).real)
    np.testing.assert_allclose(gram_of(found) / scale, gram / scale, atol=1e-14)


def test_absorbing_a_vector_updates_the_inverse() -> None:
    factor, root = normal(8, 4, 4), np.eye(4, dtype=complex)
    inner, solved, total = np.empty(4, complex), np.empty(4, complex), np.eye(4, dtype=complex)
    for k in range(4):
        before = np.linalg.inv(total)
        form = absorb(root, factor[:, k], 0.5 + k, inner, solved)
        assert form == pytest.approx(np.vdot(factor[:, k], before @ factor[:, k]).real)
        np.testing.assert_allclose(solved, before @ factor[:, k])
        total += (0.5 + k) * np.outer(factor[:, k], factor[:, k].conj())
        np.testing.assert_allclose(root @ root.conj().T, np.linalg.inv(total), atol=1e-14)


def test_a_channel_alone_is_the_channel_in_a_batch_bit_for_bit() -> None:
    factors = normal(10, 12, 3, 3)
    whole, part = water_fill(factors), water_fill(factors[5:7])
    for name in ("powers", "value", "bound", "steps"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[5:7])


@pytest.mark.slow
@pytest.mark.parametrize("users", [2, 4])
def test_value_is_that_of_the_conic_program(users: int) -> None:
    import cvxpy as cp

    for seed in range(3):
        factor = normal(seed, users, users) * 3.0**seed
        powers = cp.Variable(users, nonneg=True)
        # [[A, -B], [B, A]] has the eigenvalues of A + jB twice
        terms = [np.outer(f, f.conj()) for f in factor.T]
        real = [np.block([[t.real, -t.imag], [t.imag, t.real]]) for t in terms]
        matrix = np.eye(2 * users) + sum(powers[k] * real[k] for k in range(users))
        program = cp.Problem(cp.Maximize(cp.log_det(matrix) / 2.0), [cp.sum(powers) == 1.0])
        program.solve(solver="CLARABEL")
        found = water_fill(factor[None])
        assert found.value[0] == pytest.approx(program.value, rel=1e-6)
        np.testing.assert_allclose(found.powers[0], powers.value, atol=1e-4)
