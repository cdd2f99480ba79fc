"""Transmit beamformers and receive filter in turn."""

from __future__ import annotations

import numpy as np
import pytest

from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.modular.acceptance import scnr

MODULAR = get_system("modular")


def design(*, draws: int = 8, **settings):
    parameters = MODULAR.Parameters(elements_per_subarray=12, **settings)
    scenario = MODULAR.draw(parameters, seed=3, start=0, stop=draws)
    return scenario, MODULAR.design(scenario, scheme="joint-receive")


def test_no_step_lowers_the_spectral_efficiency_and_the_filter_meets_the_threshold() -> None:
    scenario, found = design(receive_filter="matched", clutter_db=30.0, min_scnr_db=27.0)
    steps = np.diff(found.trace, axis=1)
    assert (found.trace[:, 0] < found.objective).all()
    assert np.nanmin(steps) > -1e-9
    reached = scnr(scenario.filtered_by(found.receive_filter), found.beamformers)
    np.testing.assert_allclose(reached, scenario.parameters.min_scnr, rtol=1e-6)
    metrics = MODULAR.evaluate(scenario, found)
    np.testing.assert_allclose(metrics["scnr_db"], 27.0, atol=1e-5)
    assert (found.objective <= found.bound).all()


def test_filter_ends_as_the_mvdr_filter_of_what_is_sent() -> None:
    _, found = design(receive_filter="matched", clutter_db=20.0)
    scenario, _ = design(receive_filter="matched", clutter_db=20.0)
    metrics = MODULAR.evaluate(scenario, found)
    np.testing.assert_allclose(metrics["scnr_updated_db"], metrics["scnr_db"], atol=1e-3)


def test_a_draw_does_not_depend_on_its_neighbours() -> None:
    _, together = design(receive_filter="matched", clutter_db=30.0)
    _, alone = design(draws=1, receive_filter="matched", clutter_db=30.0)
    np.testing.assert_allclose(together.objective[:1], alone.objective, rtol=1e-12)


def test_out_of_reach_of_the_first_filter_is_ignorance_not_proof() -> None:
    scenario, found = design(min_scnr_db=40.0)
    assert (found.status == Status.NOT_FOUND).all()
    assert "40 dB asked" in found.reason[0]
    assert np.isnan(MODULAR.evaluate(scenario, found)["spectral_efficiency"]).all()


@pytest.mark.parametrize(("name", "value"), [("max_iterations", 0), ("tolerance", 0.0)])
def test_options_that_cannot_be_taken_are_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"option {name}"):
        MODULAR.scheme("joint-receive").solver().resolve({name: value})
