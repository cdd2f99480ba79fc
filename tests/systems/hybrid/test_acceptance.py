from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import isaclib
from isaclib.systems.base import Status
from isaclib.systems.hybrid.acceptance import judge, objective_value, violations
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario

SYSTEM = isaclib.get_system("hybrid")


def draw(**parameters: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**{"elements": 8, **parameters}), seed=3, start=0, stop=4)


def design(scenario: Scenario, scheme: str = "speb-min-fdbf", **options: Any) -> Design:
    return SYSTEM.design(scenario, scheme=scheme, options=options)


def statuses(scenario: Scenario, claim: Design) -> list[Status]:
    return [Status(value) for value in SYSTEM.evaluate(scenario, claim).status.values]


def just_serving(scenario: Scenario, rate: float) -> np.ndarray:
    """Beamformers of one user that give it exactly this rate."""
    h = scenario.channels[:, 0]
    amplitude = np.sqrt((2.0**rate - 1.0) * scenario.parameters.noise_w) / np.sum(np.abs(h) ** 2, axis=-1)
    return amplitude[:, None, None] * h[:, :, None]


def test_a_claim_is_kept_where_the_beamformers_bear_it_out() -> None:
    scenario = draw()
    assert statuses(scenario, design(scenario)) == [Status.OPTIMAL] * 4


@pytest.mark.parametrize("scheme", ["speb-min-fdbf", "speb-min-hbf"])
def test_one_per_cent_too_much_amplitude_is_violating(scheme: str) -> None:
    scenario = draw()
    honest = design(scenario, scheme)
    loud = replace(
        honest,
        beamformers=1.01 * honest.beamformers,
        digital=None if honest.digital is None else 1.01 * honest.digital,
    )
    assert statuses(scenario, loud) == [Status.VIOLATING] * 4
    data = SYSTEM.evaluate(scenario, loud)
    np.testing.assert_allclose(data.violation.sel(constraint="power"), 1.01**2 - 1.0, rtol=1e-8)
    np.testing.assert_allclose(data.power_w, 1.01**2)


@pytest.mark.parametrize("claim", [Status.FEASIBLE, Status.VIOLATING, Status.NOT_FOUND, Status.NOT_RUN])
def test_a_claim_is_never_raised(claim: Status) -> None:
    scenario = draw()
    modest = replace(design(scenario), status=np.full(4, claim, dtype=np.int8))
    assert statuses(scenario, modest) == [claim] * 4


def test_a_claim_without_beamformers_has_failed() -> None:
    scenario = draw()
    honest = design(scenario)
    beamformers = honest.beamformers.copy()
    beamformers[1, 0, 0] = np.nan
    beamformers[2] = np.inf
    judged = judge(
        scenario,
        objective="speb",
        beamformers=beamformers,
        bound=honest.bound,
        speb_bound_m2=honest.bound,
        status=honest.status,
        reason=honest.reason,
        iterations=honest.iterations,
    )
    assert list(judged.status) == [Status.FEASIBLE, Status.FAILED, Status.FAILED, Status.FEASIBLE]
    assert judged.reason == ("", "beamformers are not finite", "beamformers are not finite", "")
    assert np.isnan(judged.objective[1])
    assert np.isnan(judged.gap[1])


@pytest.mark.parametrize(
    ("rate", "met"), [(4.99, False), (5.0 - 2e-6, False), (5.0 - 5e-7, True), (5.0, True), (5.01, True)]
)
def test_rates_hold_to_a_millionth_of_a_bit(rate: float, met: bool) -> None:
    scenario = draw(users=1)
    violation, good, names = violations(scenario, just_serving(scenario, rate))
    assert names == ("rate", "power")
    np.testing.assert_array_equal(good, met)
    np.testing.assert_allclose(violation[:, 0], (5.0 - rate) / 5.0, atol=1e-12)
    assert np.all(violation[:, 1] < 0.0)


def test_each_user_is_held_to_its_own_rate() -> None:
    scenario = draw(min_rate_bps_hz=(2.0, 3.0))
    # interference-free beams of rate 2.5 each
    forcing = np.linalg.pinv(np.conj(scenario.channels)) * np.sqrt((2.0**2.5 - 1.0) * scenario.parameters.noise_w)
    violation, met, _ = violations(scenario, forcing)
    assert not met.any()
    np.testing.assert_allclose(violation[:, 0], 0.5 / 3.0, rtol=1e-8)


@pytest.mark.parametrize(("excess", "met"), [(5e-10, True), (2e-9, False)])
def test_power_holds_to_a_billionth(excess: float, met: bool) -> None:
    scenario = draw(power_dbm=27.0)
    loud = np.ones((4, 8, 2)) * np.sqrt(scenario.parameters.power_w / 16 * (1.0 + excess))
    violation, good, names = violations(scenario, loud, promises=())
    assert names == ("power",)
    np.testing.assert_allclose(violation[:, 0], excess, atol=1e-14)
    np.testing.assert_array_equal(good, met)


def test_analog_beamformers_hold_their_modulus_and_their_blocks() -> None:
    scenario = draw()
    honest = design(scenario, "speb-min-hbf")
    assert honest.analog is not None
    assert honest.digital is not None
    broken = honest.analog.copy()
    broken[0, 0, 0] *= 1.0 + 1e-11
    broken[1, 7, 0] = 1e-11
    broken[2] *= np.exp(0.3j)
    digital = honest.digital.copy()
    digital[2] *= np.exp(-0.3j)
    violation, met, names = violations(scenario, broken @ digital, broken, digital)
    assert names == ("rate", "power", "modulus")
    np.testing.assert_array_equal(met, [False, False, True, True])
    np.testing.assert_allclose(violation[:2, 2], 1e-11, rtol=1e-3)


def test_hybrid_beamformers_are_the_product_they_claim_to_be() -> None:
    scenario = draw()
    hybrid, digital = design(scenario, "speb-min-hbf"), design(scenario)
    # the fully digital optimum passed off as hybrid
    assert statuses(scenario, replace(hybrid, beamformers=digital.beamformers)) == [Status.VIOLATING] * 4


def test_the_optimum_before_ties_were_broken_is_held_to_the_constraints_too() -> None:
    scenario = draw()
    honest = design(scenario)
    assert honest.certified is not None
    assert statuses(scenario, replace(honest, certified=1.01 * honest.certified)) == [Status.VIOLATING] * 4


@pytest.mark.parametrize(("gap", "status"), [(5e-7, Status.OPTIMAL), (2e-6, Status.FEASIBLE)])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_optimal_is_a_gap_of_a_millionth_to_either_side(gap: float, status: Status, sign: float) -> None:
    scenario = draw()
    plain = design(scenario, tie_break=0)
    near = replace(plain, bound=plain.objective / (1.0 + sign * gap))
    assert statuses(scenario, near) == [status] * 4
    np.testing.assert_allclose(SYSTEM.evaluate(scenario, near).gap, gap, rtol=1e-6)


def test_an_unknown_bound_is_no_proof() -> None:
    scenario = draw()
    assert statuses(scenario, replace(design(scenario), bound=np.full(4, np.nan))) == [Status.FEASIBLE] * 4


def test_objectives_of_all_power_on_the_target() -> None:
    scenario = draw(target_m=(6.0, 3.0))
    p = scenario.parameters
    beams = design(scenario, "sensing-only-fdbf").beamformers
    snr = objective_value(scenario, beams, "snr")
    np.testing.assert_allclose(snr, p.reflection**2 * 8**2 * p.power_w / p.noise_w, rtol=1e-12)
    # cov(range, angle) = T^-1 cov(x, y) T^-T: in metres across, the joint bound is the SPEB
    speb, polar = objective_value(scenario, beams, "speb"), objective_value(scenario, beams, "polar")
    assert np.all(polar < speb)
    np.testing.assert_allclose(objective_value(scenario, 2.0 * beams, "speb"), speb / 4.0, rtol=1e-10)
    assert np.all(np.isnan(objective_value(scenario, beams * np.nan, "snr")))
