from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import isaclib
from isaclib.systems.base import Status
from isaclib.systems.hybrid.communication.matrix_approximation import approximate
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario

SYSTEM = isaclib.get_system("hybrid")


def normal(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def draw(stop: int = 16, **parameters: Any) -> Scenario:
    return SYSTEM.draw(SYSTEM.Parameters(**{"elements": 16, **parameters}), seed=29, start=0, stop=stop)


def design(scenario: Scenario, scheme: str = "matrix-approximation-hbf", **options: Any) -> Design:
    return SYSTEM.design(scenario, scheme=scheme, options=options)


def last(error: np.ndarray) -> np.ndarray:
    return np.array([row[np.isfinite(row)][-1] for row in error])


@pytest.mark.parametrize(("chains", "streams"), [(2, 2), (4, 3), (16, 1)])
def test_the_error_is_the_distance_and_never_grows(chains: int, streams: int) -> None:
    target = normal(chains, 20, 16, streams)
    found = approximate(target, chains)
    assert np.nanmax(np.diff(found.error, axis=1)) <= 1e-14
    distance = np.sum(np.abs(target - found.analog @ found.digital) ** 2, axis=(1, 2))
    share = distance / np.sum(np.abs(target) ** 2, axis=(1, 2))
    np.testing.assert_allclose(last(found.error), share, rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal(np.isfinite(found.error).sum(axis=1), found.iterations + 1)


def test_neither_side_alone_can_be_bettered() -> None:
    target = normal(1, 10, 16, 2)
    found = approximate(target, 4, max_iterations=5000, tolerance=1e-14)
    np.testing.assert_allclose(np.conj(np.swapaxes(found.analog, 1, 2)) @ target / 4.0, found.digital, rtol=1e-12)
    wanted = target @ np.conj(np.swapaxes(found.digital, 1, 2))
    own = np.repeat(np.eye(4, dtype=bool), 4, axis=0)
    np.testing.assert_allclose((wanted * np.conj(found.analog))[:, own].imag, 0.0, atol=1e-5)
    assert np.all((wanted * np.conj(found.analog))[:, own].real > 0.0)
    # other starts end where this one does, or higher
    rng = np.random.default_rng(2)
    for _ in range(5):
        phases = np.exp(2j * np.pi * rng.random((10, 16, 1))) * own
        digital = np.conj(np.swapaxes(phases, 1, 2)) @ target / 4.0
        distance = np.sum(np.abs(target - phases @ digital) ** 2, axis=(1, 2)) / np.sum(
            np.abs(target) ** 2, axis=(1, 2)
        )
        assert np.all(distance > last(found.error))


def test_a_hybrid_target_is_met_exactly() -> None:
    phases = np.exp(1j * normal(3, 6, 12, 1).real) * np.repeat(np.eye(3), 4, axis=0)
    target = phases @ normal(4, 6, 3, 2)
    found = approximate(target, 3)
    np.testing.assert_allclose(found.analog @ found.digital, target, atol=1e-12)


def test_antennas_and_subarrays_without_power_are_no_obstacle() -> None:
    target = normal(5, 3, 8, 2)
    target[:, 2] = 0.0
    target[:, 4:6] = 0.0
    found = approximate(target, 4)
    assert np.isfinite(found.digital).all()
    np.testing.assert_allclose(found.digital[:, 2], 0.0, atol=1e-15)
    np.testing.assert_allclose(np.abs(found.analog).sum(axis=2), 1.0, rtol=1e-14)


def test_options_stop_it() -> None:
    target = normal(6, 5, 16, 2)
    np.testing.assert_array_equal(approximate(target, 2, max_iterations=1).iterations, 1)
    loose, tight = approximate(target, 2, tolerance=1e-2), approximate(target, 2, tolerance=1e-12)
    assert np.all(loose.iterations < tight.iterations)
    assert np.all(last(loose.error) >= last(tight.error))


def test_designs_are_phases_in_blocks_at_full_power() -> None:
    found = design(draw())
    assert found.analog is not None
    assert found.digital is not None
    block = np.repeat(np.eye(4), 4, axis=0)
    np.testing.assert_allclose(np.abs(found.analog), np.broadcast_to(block, (16, 16, 4)), atol=1e-14)
    np.testing.assert_allclose(np.sum(np.abs(found.beamformers) ** 2, axis=(1, 2)), 1.0, rtol=1e-12)


def test_breaking_the_limit_on_the_speb_shows_as_status() -> None:
    # a limit just above what all power on the target would give: the fully digital design can meet it, no more
    scenario = draw(32, max_peb_m=0.035)
    found, digital = design(scenario), design(scenario, "sca-bcd-fdbf")
    limit = scenario.parameters.max_speb_m2
    speb = SYSTEM.evaluate(scenario, found).speb_m2.values
    assert np.all(digital.status <= Status.FEASIBLE)
    broken = speb > limit * (1.0 + 1e-6)
    assert broken.sum() > 0
    np.testing.assert_array_equal(found.status == Status.VIOLATING, broken)
    np.testing.assert_allclose(found.violation[:, 0], speb / limit - 1.0, rtol=1e-6)
    np.testing.assert_array_equal(found.bound, digital.bound)
    assert np.all(found.objective[~broken] <= found.bound[~broken])
    assert set(found.reason) == {""}


def test_a_limit_that_no_beamformer_meets_is_infeasible() -> None:
    scenario = draw(4, max_peb_m=1e-3)
    found, digital = design(scenario), design(scenario, "sca-bcd-fdbf")
    assert np.all(found.status == Status.INFEASIBLE)
    assert np.isnan(found.beamformers).all()
    assert found.reason == digital.reason


def test_it_is_well_below_what_it_approaches() -> None:
    scenario = draw(32, elements=32, max_peb_m=None)
    found, digital = design(scenario), design(scenario, "sca-bcd-fdbf")
    assert np.all(found.status == Status.FEASIBLE)
    more = design(draw(32, elements=32, rf_chains=8, max_peb_m=None))
    assert found.objective.mean() < more.objective.mean() < 0.8 * digital.objective.mean()


def test_a_draw_alone_is_the_draw_in_a_batch_bit_for_bit() -> None:
    target = normal(7, 12, 16, 2)
    whole, part = approximate(target, 4), approximate(target[5:7], 4)
    for name in ("analog", "digital", "error", "iterations"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[5:7])


@pytest.mark.parametrize("options", [{"max_iterations": 0}, {"tolerance": 0.0}, {"tolerance": float("nan")}])
def test_bad_options_are_named(options: dict[str, Any]) -> None:
    (name,) = options
    expected = f"option {name} = {options[name]!r}: expected"
    with pytest.raises(ValueError, match=re.escape(expected)):
        SYSTEM.scheme("matrix-approximation-hbf").solver().resolve(options)
