from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.physics import links
from isaclib.systems.hybrid.beams import RATE_SLIP, beam_cost, restore_rates
from isaclib.systems.hybrid.certificate import sensing_and_channels
from isaclib.systems.hybrid.normalisation import NormalisedProblem, normalise
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.reference.programs import digital_relaxation
from isaclib.systems.hybrid.relaxation import Relaxed, relax
from isaclib.systems.hybrid.scenario import draw_scenario
from isaclib.systems.streams import Streams

SLACK = 1e-4


def problem(stop: int, *, seed: int = 7, polar: bool = False, **parameters: Any) -> NormalisedProblem:
    return normalise(draw_scenario(Parameters(**parameters), Streams(seed, 0, stop)), polar=polar)


def reduced(p: NormalisedProblem) -> np.ndarray:
    """V in an orthonormal basis of its span."""
    return np.linalg.qr(sensing_and_channels(p))[1]


def solve(p: NormalisedProblem, vectors: np.ndarray | None = None, **options: Any) -> Relaxed:
    return relax(reduced(p) if vectors is None else vectors, p.weight, p.noise, p.gamma, **options)


def costs(p: NormalisedProblem, vectors: np.ndarray, beams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f and q of beams (B, dim, K) from their Gram matrix."""
    seen = np.conj(np.swapaxes(vectors[..., :3], -1, -2)) @ beams
    gram = seen @ np.conj(np.swapaxes(seen, -1, -2))
    return p.cost(gram), gram[..., 0, 0].real


@pytest.mark.parametrize(
    ("parameters", "share"),
    [({}, 1.0), ({"power_dbm": 10.0}, 0.97), ({"min_rate_bps_hz": 9.0}, 0.97)],
    ids=["Table II", "10 dBm", "9 bit/s/Hz"],
)
def test_bound_and_beams_meet(parameters: dict[str, Any], share: float) -> None:
    p = problem(256, **parameters)
    solution = solve(p)
    f = solution.feasible
    assert f.mean() > 0.85
    gap = solution.value[f] / solution.bound[f] - 1.0
    assert np.mean(gap <= 1e-6) >= share
    # the beams are not better than the bound, and no worse than a thousandth anywhere
    assert gap.min() > -1e-9
    assert gap.max() < 1e-3
    vectors, beams = reduced(p)[f], solution.beams[f]
    np.testing.assert_allclose(np.linalg.norm(beams, axis=(1, 2)), 1.0, rtol=1e-12)
    np.testing.assert_allclose(costs(p, vectors, beams)[0], solution.value[f], rtol=1e-8)
    sinr = links.sinr(np.swapaxes(vectors[..., 3:], 1, 2), beams, p.noise[f])
    margin = np.log1p(sinr) - np.log1p(p.gamma)
    assert margin.min() >= -RATE_SLIP
    np.testing.assert_allclose(margin.min(axis=-1), solution.margin[f], atol=1e-12)


@pytest.mark.parametrize("polar", [False, True])
@pytest.mark.parametrize("illumination", [False, True])
def test_no_beams_found_at_random_beat_the_bound(polar: bool, illumination: bool) -> None:
    p = problem(6, polar=polar, elements=8, power_dbm=15.0, target_m=(7.0, 3.0), min_rate_bps_hz=(2.0, 4.0))
    vectors = reduced(p)
    solution = solve(p, illumination=illumination)
    rng = np.random.default_rng(3)
    met = 0
    for b in np.flatnonzero(solution.feasible):
        channels = np.ascontiguousarray(vectors[b, :, 3:])
        for spread in np.geomspace(1e-3, 3.0, 150):
            step = rng.standard_normal((2, *solution.beams[b].shape))
            beams = solution.beams[b] + spread * (step[0] + 1j * step[1])
            if restore_rates(channels, p.noise[b], p.gamma, beams) < 0.0:
                continue
            met += 1
            f, q = beam_cost(vectors[b], p.weight, beams)
            assert (q <= solution.bound[b] * (1 + 1e-9)) if illumination else (f >= solution.bound[b] * (1 - 1e-9))
    assert met > 300
    beats = solution.value > solution.bound if illumination else solution.value < solution.bound
    assert not np.any(beats & (np.abs(solution.value / solution.bound - 1.0) > 1e-9))


def test_coordinates_do_not_matter() -> None:
    # the optimum lies in the span of V: eight antennas or seven coordinates
    p = problem(8, elements=8)
    whole = solve(p, np.ascontiguousarray(sensing_and_channels(p)))
    np.testing.assert_allclose(whole.bound, solve(p).bound, rtol=1e-7)
    assert np.all(np.abs(whole.value / whole.bound - 1.0) < 1e-6)


def test_one_user_is_served_by_the_share_its_rate_takes() -> None:
    # a user whose channel is the response of the target costs nothing
    p = problem(1, elements=8, users=1)
    vectors = np.ascontiguousarray(np.concatenate([p.sensing_basis, 1j * p.a0[:, None]], axis=1)[None])
    solution = relax(vectors, p.weight, np.array([[0.01]]), np.array([7.0]))
    assert solution.needed[0] == pytest.approx(0.07)
    assert solution.value[0] == pytest.approx(1.0, rel=1e-7)
    assert solution.bound[0] == pytest.approx(1.0, rel=1e-7)
    # one orthogonal to everything takes Gamma times its noise away from the target
    away = np.linalg.svd(p.sensing_basis)[0][:, 3:4]
    vectors = np.ascontiguousarray(np.concatenate([p.sensing_basis, away], axis=1)[None])
    solution = relax(vectors, p.weight, np.array([[0.01]]), np.array([7.0]), illumination=True)
    assert solution.bound[0] == pytest.approx(1.0 - 0.07, rel=1e-7)


def test_ties_are_broken_towards_the_target_at_the_stated_cost() -> None:
    p = problem(128)
    vectors = reduced(p)
    plain, tied = solve(p), solve(p, tie_break=SLACK)
    assert plain.ties is None
    assert tied.ties is not None
    np.testing.assert_array_equal(tied.beams, plain.beams)
    (f0, q0), (f1, q1) = costs(p, vectors, tied.beams), costs(p, vectors, tied.ties)
    assert np.all(f1 <= (1.0 + 1.01 * SLACK) * f0)
    assert np.all(q1 >= q0 * (1.0 - 1e-12))
    # near ties are what it is for: some draws gain a lot for a ten-thousandth
    assert np.max(q1 / q0) > 1.01
    for beams, noise, v in zip(tied.ties, p.noise, vectors, strict=True):
        sinr = links.sinr(v[:, 3:].T, beams, noise)
        assert np.all(np.log1p(sinr) >= np.log1p(p.gamma) - RATE_SLIP)
    np.testing.assert_allclose(np.linalg.norm(tied.ties, axis=(1, 2)), 1.0, rtol=1e-12)


def test_what_cannot_be_met_is_told_by_the_power_it_needs() -> None:
    p = problem(128, power_dbm=5.0)
    solution = solve(p, tie_break=SLACK)
    f = solution.feasible
    assert 0 < f.sum() < 128
    assert np.all(solution.needed[~f] > 1.0)
    for values in (solution.bound, solution.value, solution.margin, solution.beams, solution.ties):
        assert np.all(np.isnan(values[~f]))
        assert not np.any(np.isnan(values[f]))
    assert np.all(solution.steps[~f] == 0)
    assert np.all(solution.steps[f] > 0)


def test_a_draw_is_solved_the_same_whatever_its_company() -> None:
    # far more draws than lanes, some of them infeasible, some polished: every lane begins several
    p = problem(256, power_dbm=5.0)
    vectors = reduced(p)
    together = relax(vectors, p.weight, p.noise, p.gamma, tie_break=SLACK)
    assert 0 < together.feasible.sum() < 256
    loose = np.flatnonzero(together.value > (1.0 + 1e-6) * together.bound)
    for b in (0, 3, 21, loose[0], 255):
        alone = relax(vectors[b : b + 1], p.weight, p.noise[b : b + 1], p.gamma, tie_break=SLACK)
        for name in ("needed", "bound", "value", "margin", "steps", "beams", "ties"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[b])


@pytest.mark.parametrize("tie_break", [0.0, SLACK])
def test_nothing_is_solved_where_no_draw_is_feasible(tie_break: float) -> None:
    p = problem(4, power_dbm=-20.0)
    solution = solve(p, tie_break=tie_break)
    assert not solution.feasible.any()
    assert np.all(np.isnan(solution.bound))
    assert not solution.steps.any()


@pytest.mark.slow
@pytest.mark.parametrize(("polar", "objective"), [(False, "error"), (True, "error"), (False, "snr")])
def test_value_is_that_of_the_full_size_semidefinite_program(polar: bool, objective: str) -> None:
    p = problem(3, polar=polar, elements=8, power_dbm=20.0, target_m=(7.0, 3.0), min_rate_bps_hz=(3.0, 5.0))
    solution = solve(p, illumination=objective == "snr")
    assert solution.feasible.all()
    exact = [digital_relaxation(p, i, None, objective=objective, solver="CLARABEL").value for i in range(3)]
    np.testing.assert_allclose(solution.bound, exact, rtol=1e-5)
    np.testing.assert_allclose(solution.value, exact, rtol=1e-5)
