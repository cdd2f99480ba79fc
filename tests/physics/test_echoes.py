import numpy as np
import pytest

from isaclib.physics.echoes import bartlett_factor, dominant_vectors


def numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal((*shape, 2)) @ [1.0, 1j]) / np.sqrt(2.0)


@pytest.mark.parametrize(("size", "freedom"), [(4, 10), (4, 4), (5, 2)])
def test_moments_are_those_of_wishart_matrices(size: int, freedom: int) -> None:
    rng = np.random.default_rng(size * freedom)
    count = 20_000
    factor = bartlett_factor(rng.random((count, size)), numbers(rng, count, size * (size - 1) // 2), freedom)
    assert factor.shape == (count, size, min(size, freedom))
    gram = factor @ np.conj(np.swapaxes(factor, 1, 2))
    # E = n I and Var |W_ij| = n; five standard deviations of the means
    five = 5.0 * np.sqrt(freedom / count)
    np.testing.assert_allclose(gram.mean(axis=0), freedom * np.eye(size), atol=five)
    np.testing.assert_allclose(np.mean(np.abs(gram - freedom * np.eye(size)) ** 2, axis=0), freedom, rtol=0.2)


def test_leading_rows_are_those_of_a_smaller_factor() -> None:
    rng = np.random.default_rng(3)
    uniform, normal = rng.random((2, 6)), numbers(rng, 2, 15)
    whole = bartlett_factor(uniform, normal, 20)
    np.testing.assert_array_equal(bartlett_factor(uniform[:, :4], normal[:, :6], 20), whole[:, :4, :4])


@pytest.mark.parametrize("signal", [0.0, 1.0, 30.0])
def test_dominant_vectors_are_eigenvectors(signal: float) -> None:
    rng = np.random.default_rng(11)
    factors, count = numbers(rng, 5, 12, 20), np.array([12, 3, 7, 12, 1])
    factors[..., :1] += signal * numbers(rng, 5, 12, 1)
    found = dominant_vectors(factors, count)
    for vector, factor, rows in zip(found, factors, count, strict=True):
        best = np.linalg.svd(factor[:rows])[0][:, 0]
        assert abs(np.vdot(best, vector[:rows])) == pytest.approx(1.0, abs=1e-9)
        assert not vector[rows:].any()


def test_nothing_and_nan_have_no_dominant_vector() -> None:
    factors = np.zeros((2, 3, 4), dtype=complex)
    factors[1, 0, 0] = np.nan
    assert np.isnan(dominant_vectors(factors, np.array([3, 3]))).all()
