from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import isaclib
from isaclib.systems.base import Status
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.hybrid_bound import bisection, cells, convex, frame_dual, phases, speb_lower_bound
from isaclib.systems.hybrid.normalisation import NormalisedProblem, normalise
from isaclib.systems.hybrid.scenario import Scenario

SYSTEM = isaclib.get_system("hybrid")
SMALL = {"elements": 8, "rf_chains": 2}
SLACK = 1.0 + 1e-9


def draw(start: int, stop: int, **parameters: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**parameters), seed=1, start=start, stop=stop)


def best_of(scenario: Scenario, starts: int = 32) -> Design:
    return SYSTEM.design(scenario, scheme="speb-min-hbf", options={"starts": starts, "enough": 0.0})


def random_cell(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and half widths of a cell that bisection could reach."""
    lengths = np.array([0.5, 1.0, 2.0, 2.0, 0.5]) * np.pi
    half = 0.25 * np.pi * 0.5 ** rng.integers(0, 6, 5)
    places = (lengths / (2.0 * half) + 0.5).astype(int)
    return half * (2 * rng.integers(0, places) + 1), half


def framed(point: np.ndarray, x: float, zeta: complex) -> np.ndarray:
    """[y0; y1] with this frame, x = sqrt(g) and zeta: v = [cos psi s; sin psi s_perp] scaled, s added to y1."""
    v = np.empty((2, 2), complex)
    frame = point.copy()
    cells.frame(point, v)
    frame[4] = 0.0
    s = np.empty((2, 2), complex)
    cells.frame(frame, s)
    return x * v + np.stack([np.zeros(2), zeta * s[0]])


def frame_of(y: np.ndarray) -> np.ndarray:
    """Return (alpha, beta, phi, chi, psi) of a matrix [y0; y1]."""
    s = y[0] / np.linalg.norm(y[0])
    alpha = math.atan2(abs(s[1]), abs(s[0]))
    phi = (np.angle(s[0]) + np.angle(s[1])) / 2.0
    beta = (np.angle(s[0]) - np.angle(s[1])) / 2.0
    # (beta, phi) and (beta + pi, phi + pi) are one
    turns = math.floor(beta / math.pi)
    beta, phi = beta - math.pi * turns, phi - math.pi * turns
    perp = np.array([-math.sin(alpha) * np.exp(1j * beta), math.cos(alpha) * np.exp(-1j * beta)])
    eta = np.vdot(perp, y[1])
    psi = math.atan2(abs(eta), np.linalg.norm(y[0]))
    return np.array([alpha, beta, phi % (2.0 * math.pi), np.angle(eta) % (2.0 * math.pi), psi])


def certificate_inputs(problem: NormalisedProblem, row: int, shift: complex = 0.0) -> tuple[np.ndarray, ...]:
    sensing, _ = convex.diagonal_sensing(problem)
    basis = np.stack([sensing[:, 0], sensing[:, 1] - shift * sensing[:, 0], *problem.g[row]])
    return np.ascontiguousarray(basis), np.sqrt(problem.gamma), np.sqrt(problem.noise[row])


def seen(scenario: Scenario, design: Design, row: int, shift: complex = 0.0) -> np.ndarray:
    """[a0, c]^H W of a design of unit power with h_k^H w_k >= 0."""
    basis, _, _ = certificate_inputs(normalise(scenario), row, shift)
    beams = design.beamformers[row] / np.sqrt(scenario.parameters.power_w)
    own = np.einsum("kn,nk->k", np.conj(basis[2:]), beams)
    return np.conj(basis[:2]) @ (beams * np.conj(own) / np.abs(own))


def test_every_matrix_has_a_frame_in_the_first_cells() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        y = rng.standard_normal((2, 2)) + 1j * rng.standard_normal((2, 2))
        point = frame_of(y)
        assert np.all(point >= 0.0)
        assert np.all(point <= np.array([0.5, 1.0, 2.0, 2.0, 0.5]) * np.pi)
        s = y[0] / np.linalg.norm(y[0])
        eta_square = np.linalg.norm(y[1]) ** 2 - abs(np.vdot(s, y[1])) ** 2
        x = math.sqrt(np.linalg.norm(y[0]) ** 2 + eta_square)
        np.testing.assert_allclose(framed(point, x, np.vdot(s, y[1])), y, atol=1e-12)


def test_no_frame_of_a_cell_exceeds_the_bound_from_its_centre() -> None:
    rng = np.random.default_rng(2)
    v = np.empty((2, 2), complex)
    tight = 0
    for _ in range(300):
        centre, half = random_cell(rng)
        c, a = cells.alignment(centre, half)
        cells.frame(centre, v)
        for _ in range(40):
            point = centre + half * np.clip(rng.uniform(-1.3, 1.3, 5), -1.0, 1.0)
            x, zeta = rng.uniform(0.2, 1.0), 0.5 * rng.uniform() * np.exp(2j * np.pi * rng.uniform())
            t = np.vdot(v, framed(point, x, zeta)).real
            assert t >= c * x - a * abs(zeta) - 1e-12
            found = cells.reachable(t, c, a, x * x + abs(zeta) ** 2)
            assert found >= x - 1e-9
            tight += found < 1.01 * x
    assert tight > 300


def test_a_value_that_is_not_a_number_bounds_nothing() -> None:
    assert cells.reachable(math.nan, 0.9, 0.1, 0.81) == pytest.approx(0.9)
    assert cells.reachable(-0.5, 0.9, 0.1, 0.81) == cells.EMPTY


@pytest.mark.parametrize("kind", ["free", "nearly one stream", "two opposed"])
def test_phases_collect_no_more_than_their_bound(kind: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        held = rng.standard_normal((2, 8)) + 1j * rng.standard_normal((2, 8))
        if kind == "nearly one stream":
            held[1] = 0.5 * held[0] + 1e-6 * held[1]
        if kind == "two opposed":
            held[0, :4] = held[1, 4:] = 0.0
        cross = held[0] * np.conj(held[1])
        powers = np.abs(held) ** 2
        stokes = np.stack([powers.sum(axis=0), 2.0 * cross.real, 2.0 * cross.imag, powers[0] - powers[1]])
        bloch = 0.5 * rng.standard_normal(3) / 3.0
        assert phases.certify(stokes, 0, 8, bloch) > 0.0
        value = phases.collect(stokes, 0, 8, 1e-5, bloch)
        bound = phases.certify(stokes, 0, 8, bloch)
        assert np.linalg.norm(bloch) < 1.0
        # the sum of moduli along the best direction is attained by the phases that align it
        angle, phase = np.meshgrid(np.linspace(0, np.pi / 2, 60), np.linspace(0, 2 * np.pi, 120))
        directions = np.stack([np.cos(angle), np.sin(angle) * np.exp(1j * phase)], axis=-1)
        attained = np.abs(np.conj(directions) @ held).sum(axis=-1).max() ** 2
        # valid wherever the vector is
        anywhere = phases.certify(stokes, 0, 8, rng.uniform(-0.5, 0.5, 3))
        assert min(anywhere, bound) >= attained
        assert bound <= attained * 1.5
        # duality of the concave problem: the bound is what was maximised, to the barrier
        assert bound == pytest.approx(value**2, rel=1e-3)


def test_the_dual_bounds_feasible_beamformers_along_any_frame_and_is_tight_at_their_own() -> None:
    scenario = draw(0, 4, elements=16, power_dbm=22.0)
    design = best_of(scenario)
    rng = np.random.default_rng(4)
    problem = normalise(scenario)
    rows = np.flatnonzero(np.isfinite(design.objective))
    assert len(rows) >= 3
    for row in rows:
        basis, root_gamma, root_noise = certificate_inputs(problem, row)
        y = seen(scenario, design, row)
        v, bloch, inverse = np.empty((2, 2), complex), np.zeros((4, 3)), np.zeros((6, 6))
        for k in range(30):
            point = rng.uniform(0.0, 1.0, 5) * np.array([0.5, 1.0, 2.0, 2.0, 0.5]) * np.pi
            cells.frame(point, v)
            duals = rng.standard_normal(6)
            source, stokes = np.empty((2, 16), complex), np.empty((4, 16))
            t = frame_dual.certified(basis, v, root_gamma, root_noise, duals, bloch, source, stokes)
            assert t >= np.vdot(v, y).real
            inverse[:] = bloch[:] = 0.0
            lower = frame_dual.minimise(
                basis, v, root_gamma, root_noise, duals, bloch, inverse, 4 if k % 2 else 60, 1e-7, -1.0
            )
            assert lower >= np.vdot(v, y).real
        own = frame_of(y)
        cells.frame(own, v)
        duals, inverse[:], bloch[:] = np.array(bisection.FIRST_DUALS), 0.0, 0.0
        t = frame_dual.minimise(basis, v, root_gamma, root_noise, duals, bloch, inverse, 200, 1e-9, -1.0)
        assert np.vdot(v, y).real <= t <= 1.02 * np.vdot(v, y).real


def test_cells_around_a_design_keep_its_information() -> None:
    scenario = draw(0, 4, power_dbm=27.0, **SMALL)
    design = best_of(scenario)
    rng = np.random.default_rng(5)
    problem = normalise(scenario)
    for row in np.flatnonzero(np.isfinite(design.objective)):
        root = convex.convex_bound(problem, row, rf_chains=2, rank_one=True)
        inputs = certificate_inputs(problem, row, root.shift)
        y = seen(scenario, design, row, root.shift)
        own = frame_of(y)
        x = math.hypot(np.linalg.norm(y[0]), math.tan(own[4]) * np.linalg.norm(y[0]))
        assert np.linalg.norm(y) ** 2 <= root.energy
        cell, bloch, inverse = np.empty(bisection.WIDTH), np.zeros((2, 3)), np.zeros((6, 6))
        for _ in range(60):
            _, half = random_cell(rng)
            centre = own + half * rng.uniform(-1.0, 1.0, 5)
            centre[[0, 4]] = np.clip(centre[[0, 4]], half[[0, 4]], np.pi / 2 - half[[0, 4]])
            cell[:5], cell[5:10], cell[10:16], cell[16] = centre, half, bisection.FIRST_DUALS, math.sqrt(root.energy)
            inverse[:] = bloch[:] = 0.0
            bisection.bound_cell(*inputs, root.energy, rng.uniform(0.5, 1.2) * x, cell, bloch, inverse)
            assert cell[bisection.VALUE] >= x - 1e-9


@pytest.mark.parametrize("power_dbm", [16.0, 22.0, 28.0])
def test_bound_never_exceeds_the_best_of_many_starts_whatever_the_target(power_dbm: float) -> None:
    scenario = draw(1, 4, power_dbm=power_dbm, **SMALL)
    best = best_of(scenario)
    solved = np.isfinite(best.objective)
    assert solved.sum() >= 2
    for inflated in (None, 0.3, 0.9, 3.0):
        target = None if inflated is None else inflated * best.objective
        bound = speb_lower_bound(scenario, objective_m2=target, gap=1e-3, nodes=2000)
        assert np.all(bound.bound_m2[solved] <= best.objective[solved] * SLACK)
        assert np.all(bound.bound_m2[solved] >= bound.fully_digital_m2[solved])
        assert np.all(bound.nodes <= 2000)
        if inflated == 0.3:
            # nothing is left to look for at once
            assert np.all(bound.finished)
            assert np.all(bound.nodes[solved] < 2000)


def test_branch_and_bound_closes_to_two_per_cent() -> None:
    scenario = draw(2, 3, power_dbm=28.0, **SMALL)
    best = best_of(scenario)
    price = best.gap
    assert np.all(price > 0.05)
    bound = speb_lower_bound(scenario, objective_m2=best.objective, gap=0.02, seconds=600.0, nodes=400_000)
    assert np.all(bound.finished)
    assert np.all(best.objective <= bound.bound_m2 * 1.02 * SLACK)
    assert np.all(best.objective >= bound.bound_m2)
    rough = speb_lower_bound(scenario, objective_m2=best.objective, gap=0.02, nodes=1000)
    assert not np.any(rough.finished)
    assert np.all(rough.bound_m2 <= bound.bound_m2)


def test_rates_out_of_reach_of_hybrid_beamformers_are_proven_so() -> None:
    scenario = draw(1, 2, power_dbm=10.0, **SMALL)
    assert best_of(scenario).status[0] == Status.NOT_FOUND
    bound = speb_lower_bound(scenario, nodes=100_000)
    assert np.isposinf(bound.bound_m2[0])
    assert np.isfinite(bound.fully_digital_m2[0])


def test_every_point_of_the_convex_problem_bounds_hybrid_designs() -> None:
    rng = np.random.default_rng(6)
    # close to a short array: both sensing directions count
    scenario = draw(0, 4, users=3, rf_chains=4, elements=8, power_dbm=28.0, target_m=(0.6, 0.2))
    best = best_of(scenario)
    problem = normalise(scenario)
    sensing, weight = convex.diagonal_sensing(problem)
    assert weight[1] > 0.01
    f = best.objective / problem.cost0
    rows = np.flatnonzero(np.isfinite(f))
    assert len(rows) >= 2
    for row in rows:
        forms = convex._Forms(sensing, problem.g[row].T, weight, problem.noise[row], problem.gamma, 4, False)
        for scale in np.geomspace(1e-3, 1.0, 40):
            x = scale * rng.standard_normal(9 + 3 * 8)
            x[1], x[6:9] = rng.uniform(-4.0, 1.0), np.abs(x[6:9])
            energy = forms.energy(x)
            assert energy > 0.0
            assert forms.strength(x)[0] / energy <= f[row]
            soft, gradient = forms.soft_energy(x, 0.1)
            assert soft >= energy - 1e-9
            step = 1e-6 * rng.standard_normal(x.shape)
            ahead, behind = forms.soft_energy(x + step, 0.1)[0], forms.soft_energy(x - step, 0.1)[0]
            assert (ahead - behind) / 2.0 == pytest.approx(gradient @ step, abs=1e-9, rel=1e-3)


@pytest.mark.parametrize("users", [1, 3])
def test_convex_bound_lies_between_the_fully_digital_one_and_the_best_design(users: int) -> None:
    scenario = draw(0, 3, users=users, elements=16, power_dbm=22.0)
    best = best_of(scenario)
    solved = np.isfinite(best.objective)
    bound = speb_lower_bound(scenario, method="convex")
    assert np.all(bound.bound_m2[solved] >= bound.fully_digital_m2[solved])
    assert np.all(bound.bound_m2[solved] <= best.objective[solved] * SLACK)
    assert np.all(bound.nodes == 0)
    assert solved.sum() >= 2
    if users > 1:
        closed = (bound.bound_m2 - bound.fully_digital_m2) / (best.objective - bound.fully_digital_m2)
        assert np.nanmedian(closed) > 0.03


def test_the_option_of_the_scheme_holds_designs_against_the_hybrid_bound() -> None:
    scenario = draw(1, 3, power_dbm=20.0, **SMALL)
    plain = SYSTEM.design(scenario, scheme="speb-min-hbf")
    held = SYSTEM.design(scenario, scheme="speb-min-hbf", options={"bound": "hybrid"})
    solved = np.isfinite(plain.objective)
    np.testing.assert_array_equal(held.objective, plain.objective)
    np.testing.assert_array_equal(held.speb_bound_m2, plain.bound)
    assert np.all(held.gap[solved] < plain.gap[solved])
    np.testing.assert_array_equal(held.bound, speb_lower_bound(scenario, method="convex").bound_m2)
    prices = [SYSTEM.evaluate(scenario, design).price_of_hybrid for design in (plain, held)]
    np.testing.assert_array_equal(*prices)
    part = SYSTEM.design(draw(2, 3, power_dbm=20.0, **SMALL), scheme="speb-min-hbf", options={"bound": "hybrid"})
    np.testing.assert_array_equal(part.bound, held.bound[1:])
    for scheme in ("snr-max-hbf", "crb-min-hbf"):
        with pytest.raises(ValueError, match="option 'bound' is unknown"):
            SYSTEM.design(scenario, scheme=scheme, options={"bound": "hybrid"})
    with pytest.raises(ValueError, match=r"option bound = 'best': expected one of fully-digital, hybrid"):
        SYSTEM.design(scenario, scheme="speb-min-hbf", options={"bound": "best"})


@pytest.mark.parametrize(
    ("users", "arguments", "message"),
    [
        (3, {}, "users = 3: branch and bound needs 2 users; method convex takes any number"),
        (2, {"method": "simplex"}, "method = 'simplex': expected one of branch-and-bound, convex"),
        (2, {"seconds": 0.0}, "seconds = 0.0: expected a number above 0"),
        (2, {"gap": -1.0}, "gap = -1.0: expected a number above 0"),
    ],
)
def test_what_cannot_be_bounded_is_named(users: int, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        speb_lower_bound(draw(0, 1, users=users), **arguments)
