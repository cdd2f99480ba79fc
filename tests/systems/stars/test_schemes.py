"""What the schemes of `stars` owe: constraints, certificates, the order among them, one answer however batched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.stars.random_deployment import draw_sensors
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Streams

SYSTEM = get_system("stars")
BENCHMARKS = ("random-deployment", "conventional-ris", "conventional-isac")
SCHEMES = pytest.mark.parametrize("scheme", ["joint-design", *BENCHMARKS])
# two antennas so far apart and so near that each half asks for a beam of its own
APART: dict[str, Any] = {
    "star_elements": 6,
    "bs_antennas": 2,
    "bs_spacing_wavelengths": 6.0,
    "bs_distance_m": 0.15,
    "min_rate_bps_hz": 10.4,
}
SCENARIOS = [
    {},
    {"bs_star_channel": "rician"},
    {"response": "exact"},
    {"bs_star_channel": "rician", "response": "exact", "min_rate_bps_hz": 5.5, "rician_k_db": -10.0},
    {"bound": "known-beta", "bs_antennas": 1, "min_rate_bps_hz": 3.0},
    {"star_elements": 16, "max_sensor_spacing_wavelengths": 1.0, "min_rate_bps_hz": 0.0},
    {"sensors": 5, "sensor_spacing_wavelengths": 0.7},
    APART,
]


def draw(start: int = 0, stop: int = 32, **values: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**values), seed=4, start=start, stop=stop)


@SCHEMES
@pytest.mark.parametrize("values", SCENARIOS, ids=str)
def test_designs_meet_their_constraints(scheme: str, values: dict[str, Any]) -> None:
    scenario = draw(**values)
    data = SYSTEM.evaluate(scenario, SYSTEM.design(scenario, scheme=scheme))
    designed = data.status <= Status.FEASIBLE
    assert not np.any(np.isin(data.status, [Status.VIOLATING, Status.FAILED, Status.NOT_RUN]))
    assert designed.mean() > 0.3
    assert data.violation.max() <= 1e-12
    assert np.all(data.cost[designed] >= data.bound[designed] * (1.0 - 1e-12))
    assert np.all(data.illumination_gap[designed] >= -1e-12)
    np.testing.assert_array_equal(np.isnan(data.cost), ~designed)


@pytest.mark.parametrize("values", SCENARIOS[:-1], ids=str)
def test_no_benchmark_costs_less_than_the_joint_design(values: dict[str, Any]) -> None:
    scenario = draw(**values)
    best = SYSTEM.design(scenario, scheme="joint-design").objective
    for scheme in BENCHMARKS:
        other = SYSTEM.design(scenario, scheme=scheme).objective
        both = np.isfinite(other)
        assert np.all(best[both] <= other[both] * (1.0 + 1e-12))


@pytest.mark.parametrize("channel", ["los", "rician"])
def test_exact_responses_are_certified_as_well(channel: str) -> None:
    scenario = draw(response="exact", bs_star_channel=channel)
    data = SYSTEM.evaluate(scenario, SYSTEM.design(scenario, scheme="joint-design"))
    assert data.illumination_gap.max() <= 1e-12
    assert (data.status == Status.OPTIMAL).mean() > 0.5
    # amplitudes differ more where target and user are near; the light stays certified
    near = draw(response="exact", target_range_m=(0.3, 0.5), user_range_m=(0.3, 0.5), min_rate_bps_hz=11.0)
    assert SYSTEM.evaluate(near, SYSTEM.design(near, scheme="joint-design")).illumination_gap.max() <= 1e-12


@SCHEMES
@pytest.mark.parametrize("values", [{}, {"bs_star_channel": "rician"}, {**APART, "min_rate_bps_hz": 9.5}], ids=str)
def test_blocks_are_designed_alike_alone_and_together(scheme: str, values: dict[str, Any]) -> None:
    together, alone = (SYSTEM.design(draw(start, 128, **values), scheme=scheme) for start in (0, 64))
    for name in ("objective", "bound", "active", "reflection", "sensor_count", "illumination_bound"):
        np.testing.assert_array_equal(getattr(together, name)[64:], getattr(alone, name))


@SCHEMES
def test_a_rate_out_of_reach_names_what_can_be_reached(scheme: str) -> None:
    scenario = draw(min_rate_bps_hz=14.0)
    design = SYSTEM.design(scenario, scheme=scheme)
    assert np.all(design.status == Status.INFEASIBLE)
    assert np.all((design.reachable_rate > 1.0) & (design.reachable_rate < 14.0))
    assert all("14 asked" in reason for reason in design.reason)
    assert np.isnan(SYSTEM.evaluate(scenario, design).cost).all()
    # the largest rate of a draw can be had, and no more
    for factor, status in ((1.0 - 1e-6, Status.FEASIBLE), (1.0 + 1e-6, Status.INFEASIBLE)):
        asked = float(factor * design.reachable_rate[0])
        found = SYSTEM.design(draw(stop=1, min_rate_bps_hz=asked), scheme=scheme).status[0]
        assert (found == Status.INFEASIBLE) == (status == Status.INFEASIBLE)


def test_random_numbers_of_sensors_are_uniform() -> None:
    draws = 3000
    count, spacing = draw_sensors(SYSTEM.Parameters(star_elements=24), Streams(11, 0, draws))
    seen = np.bincount(count, minlength=25)
    assert seen[:3].sum() == 0
    assert len(seen) == 25
    expected = draws / 22
    # a uniform number fails this with probability 1e-3
    assert np.sum((seen[3:] - expected) ** 2) / expected <= scipy.stats.chi2.isf(1e-3, 21)
    np.testing.assert_allclose(spacing, SYSTEM.Parameters().wavelength_m / 2.0)


def test_random_numbers_of_sensors_are_common_to_batches_and_grid_points() -> None:
    p = SYSTEM.Parameters()
    whole, _ = draw_sensors(p, Streams(3, 0, 200))
    part, _ = draw_sensors(SYSTEM.Parameters(power_dbm=30.0, bs_antennas=16), Streams(3, 70, 133))
    np.testing.assert_array_equal(part, whole[70:133])
    # a larger surface moves no draw to fewer sensors
    fewer, _ = draw_sensors(SYSTEM.Parameters(star_elements=16), Streams(3, 0, 200))
    assert np.all(fewer <= whole)
    assert fewer.max() == 16


def test_random_sensors_keep_what_is_named() -> None:
    p = SYSTEM.Parameters(sensors=7, sensor_spacing_wavelengths=1.2)
    count, spacing = draw_sensors(p, Streams(3, 0, 20))
    assert np.all(count == 7)
    np.testing.assert_allclose(spacing, 1.2 * p.wavelength_m)


def test_one_beam_is_as_good_as_the_proposal() -> None:
    scenario = draw(bs_star_channel="rician")
    one, two = (SYSTEM.design(scenario, scheme=name) for name in ("conventional-isac", "joint-design"))
    assert one.active.shape[-1] == 1
    assert two.active.shape[-1] == 2
    np.testing.assert_allclose(one.objective, two.objective, rtol=1e-12)
    np.testing.assert_array_equal(one.status, two.status)


def test_two_beams_are_worth_much_where_few_sensors_stand_close() -> None:
    scenario = draw(
        stop=16, sensors=3, sensor_spacing_wavelengths=0.5, bs_distance_m=1.0, min_rate_bps_hz=0.0, noise_dbm=-140.0
    )
    p = scenario.parameters
    single = SYSTEM.design(scenario, scheme="joint-design")
    assert np.all(single.status == Status.FEASIBLE)
    known = SYSTEM.evaluate(scenario, single)
    rng = np.random.default_rng(1)
    least = np.full(len(scenario), np.inf)
    for _ in range(40):
        parts = rng.standard_normal((2, *single.active.shape))
        active = parts[0] + 1j * parts[1]
        active *= np.sqrt(p.power_w / np.sum(np.abs(active) ** 2, axis=(1, 2), keepdims=True))
        phases = np.exp(2j * np.pi * rng.random(single.reflection.shape))
        pair = replace(single, active=active, reflection=phases, transmission=np.zeros_like(phases))
        data = SYSTEM.evaluate(scenario, pair)
        assert np.all(data.violation <= 1e-9)
        assert np.all(data.cost >= single.bound)
        # a null at the target has a bound that no estimator attains
        heard = 2.0 * p.snapshots * scenario.reflection**2 * 3.0 * data.illumination_w.values / p.noise_w >= 1e3
        least = np.where(heard, np.minimum(least, data.speb_m2.values), least)
    assert np.median(least / known.speb_m2) < 0.1


@pytest.mark.parametrize("channel", ["los", "rician"])
def test_random_sensors_with_beams_for_them(channel: str) -> None:
    scenario = draw(stop=24, bs_star_channel=channel)
    single, several = (
        SYSTEM.evaluate(scenario, SYSTEM.design(scenario, scheme="random-deployment", solver=solver))
        for solver in ("closed-form", "riemannian")
    )
    np.testing.assert_array_equal(several.sensor_count, single.sensor_count)
    np.testing.assert_array_equal(several.status, Status.FEASIBLE)
    np.testing.assert_allclose(several.bound, single.bound, rtol=1e-9)
    assert several.violation.max() <= 1e-6
    assert np.all(several.cost <= single.cost * (1.0 + 1e-3))
    few = single.sensor_count <= 6
    assert few.sum() >= 2
    assert np.all(several.cost[few] <= 0.2 * single.cost[few])
    assert np.all(several.speb_m2[few] <= 0.2 * single.speb_m2[few])


def test_random_sensors_for_several_users_and_targets() -> None:
    scenario = draw(stop=2, users=2, targets=2, min_rate_bps_hz=0.5, star_elements=16)
    design = SYSTEM.design(scenario, scheme="random-deployment", solver="riemannian")
    count, _ = draw_sensors(scenario.parameters, scenario.streams)
    np.testing.assert_array_equal(design.sensor_count, count)
    assert np.all(design.status == Status.FEASIBLE)


def halves(scenario: Scenario, b: int, beam: np.ndarray) -> tuple[float, float]:
    """Largest power at the target and at the user of a beam, over the phases of either half."""
    half = scenario.parameters.star_elements // 2
    field = np.abs(scenario.bs_star_channel @ beam)
    at_user = np.sum(np.abs(scenario.user_channel[b, 0, :half]) * field[:half]) ** 2
    return np.sum(np.abs(scenario.target_response[b, half:]) * field[half:]) ** 2, at_user


def test_two_surfaces_against_all_beams_of_two_antennas() -> None:
    scenario = draw(stop=8, **APART)
    p = scenario.parameters
    data = SYSTEM.evaluate(scenario, SYSTEM.design(scenario, scheme="conventional-ris"))
    bound = 0
    for b in np.flatnonzero(data.status <= Status.FEASIBLE).tolist():

        def beam(at: np.ndarray) -> np.ndarray:
            return np.sqrt(p.power_w) * np.array([np.cos(at[0]), np.sin(at[0]) * np.exp(1j * at[1])])

        def powers(at: np.ndarray, b: int = b) -> tuple[float, float]:
            lit, served = halves(scenario, b, beam(at))
            return lit / p.power_w, served / (p.min_sinr * p.noise_w) - 1.0

        places = [np.array([x, y]) for x in np.linspace(0, np.pi / 2, 13) for y in np.linspace(-np.pi, np.pi, 24)]
        places = sorted((x for x in places if powers(x)[1] >= 0.0), key=lambda x: -powers(x)[0])[:3]
        best = max(
            -scipy.optimize.minimize(
                lambda x: -powers(x)[0],
                start,
                constraints={"type": "ineq", "fun": lambda x: powers(x)[1]},
                method="SLSQP",
                options={"ftol": 1e-14},
            ).fun
            for start in places
        )
        np.testing.assert_allclose(data.illumination_w[b], p.power_w * best, rtol=1e-6)
        bound += float(data.rate[b]) < p.min_rate_bps_hz + 1e-9
    # the user asks for a part of the beam in some of them
    assert bound >= 2
    assert data.illumination_gap.max() <= 1e-9


def test_no_design_of_two_surfaces_beats_their_bounds() -> None:
    scenario = draw(stop=8, **{**APART, "min_rate_bps_hz": 9.0})
    p = scenario.parameters
    design = SYSTEM.design(scenario, scheme="conventional-ris")
    rng = np.random.default_rng(8)
    reflects = np.arange(p.star_elements) >= p.star_elements // 2
    tried = 0
    for _ in range(150):
        beams = int(rng.integers(1, 4))
        shape = (len(scenario), p.bs_antennas, beams)
        noise = rng.standard_normal((2, *shape)) * 10.0 ** rng.uniform(-3.0, 0.0, (1, 1, 1, beams))
        active = np.pad(design.active[..., :1] / np.sqrt(p.power_w), ((0, 0), (0, 0), (0, beams - 1))) + noise[0]
        active = active + 1j * noise[1]
        active *= np.sqrt(p.power_w / np.sum(np.abs(active) ** 2, axis=(1, 2), keepdims=True))
        turns = np.exp(1j * 10.0 ** rng.uniform(-3.0, 0.5) * rng.standard_normal(reflects.shape))
        phases = np.where(reflects, design.reflection, design.transmission) * turns
        other = replace(
            design,
            active=active,
            reflection=np.where(reflects, phases, 0.0),
            transmission=np.where(reflects, 0.0, phases),
        )
        data = SYSTEM.evaluate(scenario, other)
        met = np.flatnonzero(data.status <= Status.FEASIBLE)
        tried += len(met)
        assert np.all(data.cost[met] >= design.bound[met] * (1.0 - 1e-12))
        assert np.all(data.illumination_w[met] <= design.illumination_bound[met] * (1.0 + 1e-12))
    assert tried > 100


@pytest.mark.parametrize(
    ("scheme", "values", "message"),
    [
        ("conventional-ris", {"star_elements": 33}, r"star_elements = 33: expected an even number"),
        ("conventional-ris", {"users": 2}, r"users = 2: expected 1 for the scheme conventional-ris"),
        (
            "random-deployment",
            {"targets": 2},
            r"targets = 2: expected 1 for the solver closed-form; the solver riemannian",
        ),
        ("conventional-isac", {"phase_shifts": "coupled"}, r"phase_shifts = 'coupled': expected independent"),
    ],
)
def test_what_a_benchmark_does_not_cover_is_refused(scheme: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SYSTEM.design(draw(stop=1, **values), scheme=scheme)


@pytest.mark.parametrize("scheme", BENCHMARKS)
def test_starts_of_no_number_are_refused(scheme: str) -> None:
    with pytest.raises(ValueError, match="option starts = 0: expected a whole number of at least 1"):
        SYSTEM.design(draw(stop=1), scheme=scheme, options={"starts": 0})
