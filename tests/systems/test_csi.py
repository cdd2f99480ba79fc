"""Imperfect channel knowledge: designs of the estimate, judged by the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isaclib.systems import SYSTEMS, get_system
from isaclib.systems.base import Status
from isaclib.systems.csi import estimated
from isaclib.systems.streams import Streams

SMALL = {
    "hybrid": {"elements": 12, "power_dbm": 35.0},
    "modular": {"elements_per_subarray": 6},
    "stars": {"star_elements": 12, "min_rate_bps_hz": 3.0},
}
SCHEME = {"hybrid": "speb-min-hbf", "modular": "hybrid-beamforming", "stars": "joint-design"}
CHANNEL = {"hybrid": "channels", "modular": "channel", "stars": "user_response"}
RATE = {"hybrid": "lowest_rate", "modular": "spectral_efficiency", "stars": "rate"}


@pytest.fixture(scope="module", params=SYSTEMS)
def system(request):
    return get_system(request.param)


def draw(system, error_db, **further):
    parameters = system.Parameters(**SMALL[system.name], **further, csi_error_db=error_db)
    return system.draw(parameters, seed=3, start=0, stop=64)


def test_the_error_is_as_large_as_asked_and_of_every_row_by_itself():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(640, 3, 8)) * np.array([1.0, 10.0, 0.1])[:, None] + 0j
    wrong = estimated(true, -13.0, Streams(5, 0, 640)) - true
    ratio = np.sum(np.abs(wrong) ** 2, axis=-1) / np.sum(np.abs(true) ** 2, axis=-1)
    # 640 x 8 exponential terms a row: four standard deviations are 5.6 %
    np.testing.assert_allclose(ratio.mean(axis=0), 10.0**-1.3, rtol=0.056)
    # further rows and antennas leave the errors of the others as they were; so does a range
    again = estimated(np.concatenate([true, true], axis=1), -13.0, Streams(5, 0, 640))
    np.testing.assert_array_equal(again[:, :3], true + wrong)
    np.testing.assert_array_equal(estimated(true[70:90], -13.0, Streams(5, 70, 90)), (true + wrong)[70:90])


def test_the_truth_is_as_without_an_error(system):
    exact, known = draw(system, None), draw(system, -20.0)
    assert exact.assumed is None
    assert exact.designed_for is exact
    name = CHANNEL[system.name]
    np.testing.assert_array_equal(getattr(known, name), getattr(exact, name))
    assert not np.array_equal(getattr(known.designed_for, name), getattr(exact, name))


def test_designs_know_the_estimate_alone_and_are_judged_by_the_truth(system):
    scenario = draw(system, -15.0)
    design = system.design(scenario, scheme=SCHEME[system.name])
    other = system.design(scenario.assumed, scheme=SCHEME[system.name])
    arrays = ("beamformers",) if system.name != "stars" else ("active", "reflection", "transmission")
    for name in arrays:
        np.testing.assert_array_equal(getattr(design, name), getattr(other, name))
    judged = system.evaluate(scenario, design)
    truth = system.evaluate(replace(scenario, assumed=None), replace(design, bound=np.full(64, np.nan)))
    believed = system.evaluate(scenario.assumed, other)
    for name in (RATE[system.name], "violation"):
        np.testing.assert_array_equal(judged[name], truth[name])
    for name in ("objective", "bound", "gap"):
        np.testing.assert_array_equal(judged[name], believed[name])
    # what the designer believes to be just met is missed by about half of the draws, and told
    assert not np.any(believed["status"] == Status.VIOLATING)
    missed = np.asarray(judged["violation"].max("constraint") > 1e-5)
    np.testing.assert_array_equal(judged["status"].values[missed], Status.VIOLATING)
    if system.name != "modular":
        assert 0.3 < missed.sum() / np.isfinite(judged["violation"]).all("constraint").sum() < 1.0


def test_a_small_error_costs_little(system):
    exact, nearly = (
        system.evaluate(scenario := draw(system, error), system.design(scenario, scheme=SCHEME[system.name]))
        for error in (None, -100.0)
    )
    name = RATE[system.name]
    np.testing.assert_allclose(nearly[name].median(), exact[name].median(), rtol=1e-4)


def test_an_error_no_number_says_is_refused(system):
    with pytest.raises(ValueError, match=r"^csi_error_db = nan: expected "):
        system.Parameters(csi_error_db=float("nan"))
