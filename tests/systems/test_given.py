"""Channels from elsewhere in the place of drawn ones: the same scenario otherwise, the estimate theirs."""

from __future__ import annotations

import re

import numpy as np
import pytest

from isaclib.systems import SYSTEMS, get_system
from isaclib.systems.csi import estimated

SMALL = {
    "hybrid": {"elements": 12},
    "modular": {"elements_per_subarray": 6},
    "stars": {"star_elements": 12, "min_rate_bps_hz": 3.0, "bs_star_channel": "rician"},
}
SCHEME = {"hybrid": "speb-min-fdbf", "modular": "hybrid-beamforming", "stars": "joint-design"}
CHANNEL = {"hybrid": "channels", "modular": "channel", "stars": "user_channel"}
METRIC = {"hybrid": "peb_m", "modular": "spectral_efficiency", "stars": "rspeb_m"}


@pytest.fixture(scope="module", params=SYSTEMS)
def system(request):
    return get_system(request.param)


def parameters(system, **further):
    return system.Parameters(**SMALL[system.name], **further)


def everything(system, scenario):
    """All arrays that may be given, as a scenario has them."""
    arrays = {name: np.asarray(getattr(scenario, name)) for name in system.given}
    if system.name == "stars" and scenario.parameters.users == 1:
        arrays.update({name: arrays[name][:, None] for name in ("user_range_m", "user_angle_rad")})
    return arrays


def measured(system, scenario):
    return system.evaluate(scenario, system.design(scenario, scheme=SCHEME[system.name]))[METRIC[system.name]].values


def test_channels_as_drawn_give_the_design_as_drawn(system):
    p = parameters(system)
    drawn = system.draw(p, seed=2, start=0, stop=6)
    given = system.draw(p, seed=2, start=0, stop=6, channels=everything(system, drawn))
    np.testing.assert_allclose(measured(system, given), measured(system, drawn), rtol=1e-9)


def test_other_channels_are_designed_for_wherever_the_places_are_drawn(system):
    p = parameters(system)
    theirs = everything(system, system.draw(p, seed=3, start=0, stop=6))
    own = system.draw(p, seed=2, start=0, stop=6, channels={name: theirs[name] for name in [CHANNEL[system.name]]})
    np.testing.assert_allclose(getattr(own, CHANNEL[system.name]), theirs[CHANNEL[system.name]], rtol=1e-12)
    assert not np.allclose(measured(system, own), measured(system, system.draw(p, seed=2, start=0, stop=6)))


def test_an_estimate_is_one_of_the_given_channels(system):
    p = parameters(system, csi_error_db=-10.0)
    channel = 2.0 * everything(system, system.draw(p, seed=3, start=64, stop=70))[CHANNEL[system.name]]
    scenario = system.draw(p, seed=2, start=64, stop=70, channels={CHANNEL[system.name]: channel})
    known = getattr(scenario.designed_for, CHANNEL[system.name])
    np.testing.assert_allclose(known, estimated(channel, -10.0, scenario.streams), rtol=1e-12)
    np.testing.assert_allclose(getattr(scenario, CHANNEL[system.name]), channel, rtol=1e-12)


def test_another_wavefront_is_one_of_the_objects_alone():
    modular = get_system("modular")
    p = parameters(modular, true_wavefront="swm", design_wavefront="hspm")
    channel = modular.draw(p, seed=3, stop=2).channel
    drawn = modular.draw(p, seed=2, stop=2)
    own = modular.draw(p, seed=2, stop=2, channels={"channel": channel})
    for scenario in (own, own.designed_for):
        np.testing.assert_array_equal(scenario.channel, channel)
    np.testing.assert_array_equal(own.designed_for.transmit, drawn.designed_for.transmit)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"chanels": 0}, "chanels: expected one of channels, user_positions_m"),
        ({"channels": None}, "channels is missing: expected beside user_positions_m"),
        (
            {"channels": np.ones((4, 2, 8))},
            "channels of shape (4, 2, 8): expected (4, 2, 12) (realisation, user, element)",
        ),
        ({"user_positions_m": 1j * np.ones((4, 2, 2))}, "user_positions_m: expected real numbers"),
        (
            {"user_positions_m": np.full((4, 2, 2), [[[1, np.inf]]])},
            "user_positions_m of realisation 0: inf: expected finite numbers",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(change, line):
    hybrid = get_system("hybrid")
    arrays = {"channels": np.ones((4, 2, 12)), "user_positions_m": np.ones((4, 2, 2)), **change}
    arrays = {name: values for name, values in arrays.items() if values is not None}
    with pytest.raises(ValueError, match=rf"^{re.escape(line)}$"):
        hybrid.draw(parameters(hybrid), seed=2, stop=4, channels=arrays)
    with pytest.raises(ValueError, match=r"^channels is missing$"):
        hybrid.draw(parameters(hybrid), seed=2, stop=4, channels={})


def test_columns_of_analog_beamformers_have_modulus_one():
    modular = get_system("modular")
    p = parameters(modular)
    arrays = everything(modular, modular.draw(p, seed=2, stop=3))
    arrays["subarray_responses"] = arrays["subarray_responses"] * np.array([1.0, 0.5, 1.0])[:, None, None, None]
    with pytest.raises(ValueError, match=r"^subarray_responses of realisation 1: .*: expected numbers of modulus one$"):
        modular.draw(p, seed=2, stop=3, channels=arrays)
