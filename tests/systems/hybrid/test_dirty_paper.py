from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isaclib
from isaclib.numerics.waterfilling import water_fill
from isaclib.physics import links
from isaclib.systems.base import Status
from isaclib.systems.hybrid.communication.dirty_paper import downlink_beams
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario

SYSTEM = isaclib.get_system("hybrid")


def draw(stop: int = 16, **parameters: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**{"elements": 16, **parameters}), seed=23, start=0, stop=stop)


def design(scenario: Scenario) -> Design:
    return SYSTEM.design(scenario, scheme="dpc-bound")


@pytest.mark.parametrize("users", [1, 2, 4, 8])
def test_downlink_beams_have_the_rates_and_the_power_of_the_uplink(users: int) -> None:
    rng = np.random.default_rng(users)
    channels = 10.0 * (rng.standard_normal((users, users)) + 1j * rng.standard_normal((users, users)))
    powers = rng.dirichlet(np.ones(users))
    beams = np.empty((users, users), dtype=complex)
    downlink_beams(channels, powers, beams)
    # the uplink decodes each user in the presence of those before it
    before = np.eye(users, dtype=complex)
    uplink = []
    for h, q in zip(channels.T, powers, strict=True):
        uplink.append(np.log2(1.0 + q * np.vdot(h, np.linalg.solve(before, h)).real))
        before += q * np.outer(h, h.conj())
    np.testing.assert_allclose(links.rate(links.dirty_paper_sinr(channels.T, beams, 1.0)), uplink, rtol=1e-10)
    assert np.sum(np.abs(beams) ** 2) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("power_dbm", [-30.0, 10.0, 30.0, 70.0])
@pytest.mark.parametrize("users", [1, 2, 4])
def test_the_beams_attain_the_capacity_of_the_dual_uplink(users: int, power_dbm: float) -> None:
    scenario = draw(users=users, power_dbm=power_dbm)
    p = scenario.parameters
    found = design(scenario)
    assert np.all(found.status == Status.OPTIMAL)
    uplink = water_fill(np.swapaxes(scenario.channels, 1, 2) * np.sqrt(p.power_w / p.noise_w))
    np.testing.assert_allclose(found.objective * np.log(2.0), uplink.value, rtol=1e-9)
    np.testing.assert_allclose(np.sum(np.abs(found.beamformers) ** 2, axis=(1, 2)), p.power_w, rtol=1e-12)
    assert np.all(np.abs(found.bound / found.objective - 1.0) < 1e-9)
    data = SYSTEM.evaluate(scenario, found)
    np.testing.assert_allclose(data.rate.sum("user"), found.objective, rtol=1e-14)
    assert np.all(data.speb_m2 >= found.speb_bound_m2)


def test_no_linear_beamformer_beats_it() -> None:
    scenario = draw(64, users=4, power_dbm=20.0)
    p, found = scenario.parameters, design(scenario)
    rng = np.random.default_rng(5)
    adjoint = np.conj(scenario.channels)
    gram = adjoint @ np.swapaxes(scenario.channels, 1, 2)
    for load in (0.0, 1.0, 10.0):
        regularised = gram + load * p.noise_w / p.power_w * np.eye(4)
        directions = np.swapaxes(scenario.channels, 1, 2) @ np.linalg.inv(regularised)
        shares = rng.dirichlet(np.ones(4), 64)[:, None, :]
        beams = directions / np.linalg.norm(directions, axis=1, keepdims=True) * np.sqrt(p.power_w * shares)
        assert np.all(links.rate(links.sinr(scenario.channels, beams, p.noise_w)).sum(axis=1) < found.bound)
        # nor another dirty-paper code
        assert np.all(links.rate(links.dirty_paper_sinr(scenario.channels, beams, p.noise_w)).sum(axis=1) < found.bound)


def test_the_order_of_the_users_does_not_change_the_sum() -> None:
    scenario = draw(users=3, power_dbm=15.0)
    turned = replace(
        scenario,
        channels=scenario.channels[:, [2, 0, 1]].copy(),
        user_positions_m=scenario.user_positions_m[:, [2, 0, 1]].copy(),
    )
    np.testing.assert_allclose(design(turned).objective, design(scenario).objective, rtol=1e-11)


def test_parallel_channels_share_one_beam() -> None:
    scenario = draw(4)
    same = replace(scenario, channels=np.repeat(scenario.channels[:, :1], 2, axis=1))
    alone = np.sum(np.abs(scenario.channels[:, 0]) ** 2, axis=1) / scenario.parameters.noise_w
    found = design(same)
    assert np.all(found.status == Status.OPTIMAL)
    np.testing.assert_allclose(found.objective, np.log2(1.0 + scenario.parameters.power_w * alone), rtol=1e-9)


def test_superposed_streams_do_not_pass_for_dirty_paper_coded_ones() -> None:
    scenario = draw()
    found = design(scenario)
    coded, superposed = SYSTEM.evaluate(scenario, found), SYSTEM.evaluate(scenario, replace(found, dirty_paper=False))
    assert np.all(superposed.sum_rate < coded.sum_rate)
    assert np.all(superposed.status == Status.FEASIBLE)


def test_a_draw_alone_is_the_draw_in_a_batch_bit_for_bit() -> None:
    whole = design(draw(12, power_dbm=10.0))
    scenario = SYSTEM.draw(SYSTEM.Parameters(elements=16, power_dbm=10.0), seed=23, start=5, stop=7)
    part = design(scenario)
    for name in ("beamformers", "objective", "bound", "iterations", "status"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[5:7])


@pytest.mark.slow
def test_capacity_is_that_of_the_conic_program() -> None:
    import cvxpy as cp

    for power_dbm in (0.0, 20.0):
        scenario = draw(2, elements=6, rf_chains=3, users=3, power_dbm=power_dbm)
        p, found = scenario.parameters, design(scenario)
        for b in range(2):
            powers = cp.Variable(3, nonneg=True)
            matrix = np.eye(12)
            for k in range(3):
                term = np.outer(scenario.channels[b, k], scenario.channels[b, k].conj()) * p.power_w / p.noise_w
                matrix = matrix + powers[k] * np.block([[term.real, -term.imag], [term.imag, term.real]])
            # every eigenvalue twice in real coordinates
            program = cp.Problem(cp.Maximize(cp.log_det(matrix) / 2.0), [cp.sum(powers) <= 1.0])
            program.solve(solver="CLARABEL")
            assert found.objective[b] == pytest.approx(program.value / np.log(2.0), rel=1e-5)
