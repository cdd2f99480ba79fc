"""What every scheme and solver owes, held against formulas written out here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import xarray as xr

import isaclib
from isaclib.systems.base import Status
from isaclib.systems.hybrid.scenario import Scenario

SYSTEM = isaclib.get_system("hybrid")
BCD = {"max_iterations": 2, "randomisations": 60}
SCA = {"max_iterations": 2}
FP = {"max_iterations": 50}
CASES: list[tuple[str, str, Mapping[str, Any]]] = [
    ("speb-min-fdbf", "direct", {}),
    ("speb-min-fdbf", "sdr", {}),
    ("speb-min-hbf", "direct", {}),
    ("speb-min-hbf", "sdr-bcd", BCD),
    ("snr-max-hbf", "direct", {}),
    ("snr-max-hbf", "sdr-bcd", BCD),
    ("crb-min-hbf", "direct", {}),
    ("two-stage-hbf", "direct", {}),
    ("two-stage-hbf", "sdr", {}),
    ("sensing-only-fdbf", "closed-form", {}),
    ("sensing-only-hbf", "closed-form", {}),
    ("sca-bcd-fdbf", "direct", {}),
    ("sca-bcd-fdbf", "sca-bcd", SCA),
    ("sca-bcd-fdbf", "sca-bcd-as-printed", SCA),
    ("sca-bcd-hbf", "direct", {}),
    ("sca-bcd-hbf", "sca-bcd", SCA),
    ("sca-bcd-hbf", "sca-bcd-as-printed", SCA),
    ("communication-only-fdbf", "direct", {}),
    ("communication-only-fdbf", "fp-bcd", FP),
    ("communication-only-hbf", "direct", {}),
    ("communication-only-hbf", "fp-bcd", FP),
    ("matrix-approximation-hbf", "alternating-minimisation", {}),
    ("dpc-bound", "water-filling", {}),
]
EVERY = pytest.mark.parametrize(("scheme", "solver", "options"), CASES, ids=[f"{s}-{v}" for s, v, _ in CASES])
RATES = (3.0, 4.0)
PROMISE_RATES = ("speb-min-fdbf", "speb-min-hbf", "snr-max-hbf", "crb-min-hbf", "two-stage-hbf")
PROMISE_SPEB = ("sca-bcd-fdbf", "sca-bcd-hbf")
SUM_RATE = (*PROMISE_SPEB, "communication-only-fdbf", "communication-only-hbf", "matrix-approximation-hbf", "dpc-bound")
CERTIFIED = {
    ("speb-min-fdbf", "direct"),
    ("two-stage-hbf", "direct"),
    ("sensing-only-fdbf", "closed-form"),
    ("sensing-only-hbf", "closed-form"),
    ("sca-bcd-fdbf", "direct"),
    ("communication-only-fdbf", "direct"),
    ("dpc-bound", "water-filling"),
}
MAY_VIOLATE = {"matrix-approximation-hbf", "sca-bcd-as-printed"}
"""A baseline that ignores the SPEB limit, and a solver that cannot leave a start that breaks it."""


def draw(stop: int = 3, **parameters: Any) -> Scenario:
    values = {"elements": 8, "min_rate_bps_hz": RATES, "target_m": (9.0, 2.0), **parameters}
    return SYSTEM.draw(SYSTEM.Parameters(**values), seed=17, start=0, stop=stop)


def rates(scenario: Scenario, w: np.ndarray, b: int, *, dirty_paper: bool = False) -> np.ndarray:
    """log2(1 + SINR_k), user by user; dirty-paper coding removes the streams coded before."""
    out = []
    for k, h in enumerate(scenario.channels[b]):
        power = [abs(np.vdot(h, w[:, j])) ** 2 for j in range(w.shape[1])]
        interference = sum(power[k + 1 :]) if dirty_paper else sum(power) - power[k]
        out.append(np.log2(1.0 + power[k] / (interference + scenario.parameters.noise_w)))
    return np.array(out)


def efim(scenario: Scenario, w: np.ndarray) -> np.ndarray:
    """Schur complement of the 4 x 4 information of (x, y, beta), eqs. (18)-(21), element by element."""
    p, k0 = scenario.parameters, 2.0 * np.pi / scenario.wavelength_m
    away = scenario.target_m - scenario.elements_m
    r = np.linalg.norm(away, axis=1)
    a = np.exp(-1j * k0 * r)
    moves = [
        np.outer(da, a.conj()) + np.outer(a, da.conj()) for da in (-1j * k0 * away[:, i] / r * a for i in range(2))
    ]
    # the reflection in units of itself
    g = [*moves, np.outer(a, a.conj()), 1j * np.outer(a, a.conj())]
    covariance = w @ w.conj().T
    scale = 2.0 * p.snapshots * abs(scenario.reflection) ** 2 / p.noise_w
    j = scale * np.array([[np.trace(gj @ covariance @ gi.conj().T).real for gj in g] for gi in g])
    return j[:2, :2] - j[:2, 2:] @ np.linalg.solve(j[2:, 2:], j[2:, :2])


@EVERY
def test_designs_keep_what_they_promise(scheme: str, solver: str, options: Mapping[str, Any]) -> None:
    scenario = draw()
    p = scenario.parameters
    design = SYSTEM.design(scenario, scheme=scheme, solver=solver, options=options)
    data = SYSTEM.evaluate(scenario, design)
    np.testing.assert_array_equal(data.status, design.status)
    status = design.status
    assert design.beamformers.shape == (3, 8, 2)
    # three easy draws: everybody finds a design, and the certified solvers prove it
    if (scheme, solver) in CERTIFIED:
        assert np.all(status == Status.OPTIMAL)
    else:
        assert np.all(status <= (Status.VIOLATING if {scheme, solver} & MAY_VIOLATE else Status.FEASIBLE))
    assert design.reason == ("", "", "")

    for b in range(3):
        w = design.beamformers[b]
        assert np.sum(np.abs(w) ** 2) <= p.power_w * (1.0 + 1e-9)
        rate = rates(scenario, w, b, dirty_paper=scheme == "dpc-bound")
        if scheme in PROMISE_RATES:
            assert np.all(rate >= np.array(RATES) - 1e-6)
        np.testing.assert_allclose(data.rate[b], rate, rtol=1e-9)
        if scheme.endswith("hbf"):
            assert design.analog is not None
            assert design.digital is not None
            f = design.analog[b]
            for chain in range(4):
                own = np.arange(8) // 2 == chain
                np.testing.assert_allclose(np.abs(f[own, chain]), 1.0, atol=1e-12)
                assert np.all(f[~own, chain] == 0.0)
            np.testing.assert_allclose(f @ design.digital[b], w, rtol=1e-12, atol=1e-15)
        else:
            assert design.analog is None
        speb = np.trace(np.linalg.inv(efim(scenario, w)))
        assert float(data.speb_m2[b]) == pytest.approx(speb, rel=1e-6)
        if scheme in PROMISE_SPEB and status[b] != Status.VIOLATING:
            assert speb <= 0.2**2 * (1.0 + 1e-6)
        assert design.speb_bound_m2[b] <= speb * (1.0 + 1e-6)

    # objective on the right side of its bound
    excess = (design.objective / design.bound - 1.0) * (-1.0 if scheme in ("snr-max-hbf", *SUM_RATE) else 1.0)
    assert np.all(excess >= -1e-8)
    np.testing.assert_allclose(design.gap, np.abs(excess), atol=1e-15)


def test_all_schemes_and_solvers_are_held_to_it() -> None:
    known = [(name, solver) for name, scheme in SYSTEM.schemes.items() for solver in scheme.solvers]
    assert sorted(known) == sorted((scheme, solver) for scheme, solver, _ in CASES)


@EVERY
def test_rates_beyond_all_power_are_proven_infeasible(scheme: str, solver: str, options: Mapping[str, Any]) -> None:
    scenario = draw(min_rate_bps_hz=30.0)
    design = SYSTEM.design(scenario, scheme=scheme, solver=solver, options=options)
    if scheme not in PROMISE_RATES:
        # the rates are not its business
        assert np.all(design.status <= Status.VIOLATING)
        return
    assert np.all(design.status == Status.INFEASIBLE)
    assert all(reason.startswith("the rates need") for reason in design.reason)
    assert np.isnan(design.beamformers).all()
    assert np.isnan(design.speb_bound_m2).all()


@pytest.mark.parametrize("scheme", list(SYSTEM.schemes))
def test_simulate_is_draw_design_and_evaluate(scheme: str) -> None:
    parameters = SYSTEM.Parameters(elements=8, min_rate_bps_hz=RATES)
    data = isaclib.simulate(system="hybrid", parameters=parameters, scheme=scheme, seed=17, start=2, stop=6)
    scenario = SYSTEM.draw(parameters, seed=17, start=2, stop=6)
    by_hand = SYSTEM.evaluate(scenario, SYSTEM.design(scenario, scheme=scheme))
    xr.testing.assert_identical(data.drop_vars("solve_seconds"), by_hand.drop_vars("solve_seconds"))


def test_no_scheme_beats_the_fully_digital_bound_and_that_not_the_sensing_only_one() -> None:
    scenario = draw(24, power_dbm=20.0)
    speb = {
        name: SYSTEM.evaluate(scenario, SYSTEM.design(scenario, scheme=name)).speb_m2.values for name in SYSTEM.schemes
    }
    bound = SYSTEM.design(scenario, scheme="speb-min-fdbf").bound
    alone = speb["sensing-only-fdbf"]
    np.testing.assert_allclose(speb["sensing-only-hbf"], alone, rtol=1e-12)
    found = np.isfinite(bound)
    assert found.sum() > 12
    assert np.all(bound[found] >= alone[found] * (1.0 - 1e-12))
    for name in ("speb-min-hbf", "snr-max-hbf", "crb-min-hbf", "two-stage-hbf"):
        assert np.nanmin(speb[name] / bound) >= 1.0 - 1e-9
    # designing for the SPEB pays, and two stages cost
    assert np.nanmedian(speb["speb-min-hbf"] / bound) < np.nanmedian(speb["two-stage-hbf"] / bound)


def test_no_scheme_beats_dirty_paper_coding_and_no_linear_one_communication_alone() -> None:
    scenario = draw(24, power_dbm=25.0)
    rate = {
        name: SYSTEM.evaluate(scenario, SYSTEM.design(scenario, scheme=name)).sum_rate.values for name in SYSTEM.schemes
    }
    dirty_paper, alone = rate["dpc-bound"], rate["communication-only-fdbf"]
    for name in SYSTEM.schemes:
        most = dirty_paper if name == "dpc-bound" else alone
        assert np.nanmax(rate[name] / most) <= 1.0 + 1e-9
    assert np.all(alone <= dirty_paper * (1.0 + 1e-9))
    # designing for the sum-rate pays, approximating it costs
    for worse, better in (("speb-min-hbf", "sca-bcd-hbf"), ("matrix-approximation-hbf", "sca-bcd-hbf")):
        assert np.nanmean(rate[worse]) < 0.9 * np.nanmean(rate[better])
