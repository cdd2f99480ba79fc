"""Files of channels: what is in them is what is designed for; what does not fit is said in one line."""

from __future__ import annotations

import re

import netCDF4
import numpy as np
import pytest

import isaclib
from isaclib.campaign.document import CampaignError
from isaclib.campaign.reading import load

HYBRID = isaclib.get_system("hybrid")
COUNT = 70


@pytest.fixture
def channels():
    rng = np.random.default_rng(4)
    scale = 10.0 ** (-3.5 + 0.2 * rng.standard_normal((COUNT, 2, 1)))
    return scale * (rng.standard_normal((COUNT, 2, 8)) + 1j * rng.standard_normal((COUNT, 2, 8)))


@pytest.fixture
def spec(tmp_path, channels):
    """Return a function that reads a campaign with the channels, some keys changed."""
    isaclib.write_channels(tmp_path / "own.nc", system="hybrid", channels=channels)

    def make(**keys):
        keys = {
            "system": "hybrid",
            "seed": "3",
            "channels": "own.nc",
            "parameters": "{elements: 8, min_rate_bps_hz: 2}",
            "grid": "{power_dbm: [20, 30]}",
            "schemes": "[speb-min-fdbf]",
            "realisations": str(COUNT),
            **keys,
        }
        text = "".join(f"{key}: {value}\n" for key, value in keys.items())
        (tmp_path / "mine.yaml").write_text(f"campaign: mine\n{text}")
        return load(tmp_path / "mine.yaml")

    return make


def test_what_was_written_is_read_and_written_again_to_the_byte(tmp_path, channels):
    places = np.random.default_rng(1).random((COUNT, 2, 2))
    for name in ("a.nc", "b.nc"):
        isaclib.write_channels(tmp_path / name, system="hybrid", channels=channels, user_positions_m=places)
    read = isaclib.read_channels(tmp_path / "a.nc", system="hybrid", start=3, stop=66)
    np.testing.assert_array_equal(read["channels"], channels[3:66])
    np.testing.assert_array_equal(read["user_positions_m"], places[3:66])
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    with pytest.raises(ValueError, match=r"a\.nc: realisations 60 to 70: expected some of its 70$"):
        isaclib.read_channels(tmp_path / "a.nc", system="hybrid", start=60, stop=71)


def test_a_campaign_solves_the_channels_of_its_file(spec, solved, gathered, tmp_path, channels):
    solved(spec())
    data = gathered(spec(), runs=[])
    p = HYBRID.Parameters(elements=8, min_rate_bps_hz=2, power_dbm=30.0)
    scenario = HYBRID.draw(p, seed=3, stop=COUNT, channels={"channels": channels})
    expected = HYBRID.evaluate(scenario, HYBRID.design(scenario, scheme="speb-min-fdbf"))
    at = {"scheme": "speb-min-fdbf", "power_dbm": 30}
    assert np.isfinite(expected["peb_m"]).sum() > COUNT / 2
    np.testing.assert_allclose(data["peb_m"].sel(at), expected["peb_m"], rtol=1e-9)
    # beyond the last whole block, and where the file has gone
    (tmp_path / "own.nc").unlink()
    made = isaclib.redesign(data, realisation=COUNT - 1, **at)
    np.testing.assert_array_equal(made.metrics["rate"][0], data["rate"].sel(at)[COUNT - 1])


def test_other_channels_are_solved_anew_and_the_same_are_not(spec, solved, tmp_path, channels):
    assert solved(spec()) == ["speb-min-fdbf"]
    isaclib.write_channels(tmp_path / "own.nc", system="hybrid", channels=channels[:, ::-1])
    assert solved(spec()) == ["speb-min-fdbf"]
    isaclib.write_channels(tmp_path / "own.nc", system="hybrid", channels=channels)
    assert solved(spec(realisations="60")) == []


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"channels": "absent.nc"}, "channels: {0}/absent.nc: there is no such file: expected channels"),
        ({"channels": "mine.yaml"}, "channels: {0}/mine.yaml: not a netCDF file (NetCDF: Unknown file format)"),
        ({"channels": "[own.nc]"}, "channels: ['own.nc']: expected text"),
        ({"realisations": "{quick: 60, paper: 71}"}, "schemes[0]: 71 realisations: expected at most the 70 of {0}/own"),
        ({"sampling": "sobol"}, "sampling: 'sobol': expected random: the channels of a file are not drawn"),
        (
            {"grid": "{users: [2, 3]}"},
            "channels: {0}/own.nc: variable channels: user, element = (2, 8): expected (3, 8), as the parameters of "
            "schemes[0] have at users = 3",
        ),
        ({"system": "stars", "parameters": "{}", "schemes": "[joint-design]"}, "channels: {0}/own.nc: variable "),
    ],
)
def test_a_campaign_that_does_not_fit_its_file_is_one_line(spec, tmp_path, keys, line):
    with pytest.raises(CampaignError, match=rf"^{tmp_path}/mine\.yaml: {re.escape(line.format(tmp_path))}"):
        spec(**keys)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"name": "chanels"}, "variable channels is missing; did you mean 'chanels'?"),
        (
            {"dims": ("user", "realisation", "element", "part")},
            "variable channels over (user, realisation, element, part): expected (realisation, user, element, part)",
        ),
        ({"part": 3}, "variable channels: part = 3: expected 2"),
        ({"units": None}, "variable channels: units = None: expected '1'"),
        ({"dtype": "S1"}, "variable channels of type |S1: expected numbers"),
        ({"count": 0}, "no realisation: expected at least one"),
        ({"value": np.nan}, "channels of realisation 1: nan+0j: expected finite numbers"),
    ],
)
def test_a_file_of_another_layout_is_one_line(spec, tmp_path, change, line):
    made = {
        "name": "channels",
        "dims": ("realisation", "user", "element", "part"),
        "part": 2,
        "units": "1",
        "dtype": "f8",
        "count": 3,
        "value": 1.0,
        **change,
    }
    with netCDF4.Dataset(tmp_path / "other.nc", "w") as file:
        sizes = {"realisation": made["count"], "user": 2, "element": 8, "part": made["part"]}
        for name, size in sizes.items():
            # of size 0 only where it may grow
            file.createDimension(name, size or None)
        variable = file.createVariable(made["name"], made["dtype"], made["dims"])
        if made["units"]:
            variable.units = made["units"]
        if made["count"] and made["dtype"] != "S1":
            variable[...] = 0.0
            variable[1, ..., 0] = made["value"]
    with pytest.raises(
        CampaignError, match=rf"^{tmp_path}/mine\.yaml: channels: {tmp_path}/other\.nc: {re.escape(line)}"
    ):
        spec(channels="other.nc", realisations="2")


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        ({"chanels": np.ones((3, 2, 8))}, "chanels: system 'hybrid' takes no array of this name; did you mean 'chan"),
        ({}, "channels is missing"),
        ({"channels": np.ones((3, 8))}, "channels of shape (3, 8): expected the dimensions realisation, user, element"),
        (
            {"channels": np.ones((3, 2, 8)), "user_positions_m": np.ones((4, 2, 2))},
            "user_positions_m of shape (4, 2, 2): expected realisation to be 3, as before",
        ),
        ({"channels": np.full((3, 2, 8), np.inf)}, "channels of realisation 0: inf+0j: expected finite numbers"),
    ],
)
def test_what_cannot_be_written_is_one_line(tmp_path, arrays, line):
    with pytest.raises(ValueError, match=rf"^{re.escape(line)}"):
        isaclib.write_channels(tmp_path / "bad.nc", system="hybrid", **arrays)
    assert not list(tmp_path.iterdir())
