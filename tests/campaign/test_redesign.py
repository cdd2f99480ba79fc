"""A design made anew from its identity: the numbers of the file, to the bit."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pytest

import isaclib

GRID = "{power_dbm: [10, 20.5], size: {small: {users: 1}, large: {users: 2}}}"
SCHEMES = """
      - plain
      - {scheme: plain, label: doubled, options: {scale: 2.0}, parameters: {elements: 6}}
      - {scheme: plain, label: one by one, solver: slow}
"""


@pytest.fixture
def stored(campaign, gathered):
    return gathered(campaign(grid=GRID, schemes=SCHEMES))


def test_the_metrics_are_those_of_the_file(stored):
    for scheme, size, realisation in itertools.product(stored.scheme.values, ["small", "large"], [0, 63, 64, 99]):
        made = isaclib.redesign(stored, scheme=scheme, realisation=realisation, power_dbm=20.5, size=size)
        kept = stored.sel(scheme=scheme, size=size, power_dbm=20.5, realisation=realisation)
        users = made.scenario.parameters.users
        np.testing.assert_array_equal(made.metrics["peb_m"].values[0], kept["peb_m"].values)
        np.testing.assert_array_equal(made.metrics["rate"].values[0], kept["rate"].values[:users])
        assert made.metrics["status"].item() == kept["status"].item()
        assert made.design.beamformers.shape[0] == len(made.design.reason) == 1
        assert len(made.design.constraints) == 1 + users


def test_a_path_and_an_axis_of_one_value_are_enough(campaign, gathered, tmp_path):
    data = gathered(campaign(grid="{power_dbm: [10]}"))
    made = isaclib.redesign(tmp_path / "results", scheme="plain", realisation=5)
    assert made.metrics["peb_m"].item() == data["peb_m"].values[0, 0, 5]


def test_what_is_not_in_the_campaign_is_one_line(stored):
    for given, line in (
        ({"scheme": "plan"}, "scheme = 'plan': expected a label of the campaign; did you mean 'plain'?"),
        ({"realisation": 100}, "realisation = 100: expected one from 0 to 99"),
        ({"power_dbm": 11}, "power_dbm = 11: expected one of 10, 20.5"),
        ({"power": 10}, "power = 10: expected an axis of the campaign; did you mean 'power_dbm'?"),
        ({"size": None}, "size is missing: expected one of small, large"),
    ):
        asked = {"scheme": "plain", "power_dbm": 10, "size": "small", **given}
        with pytest.raises(ValueError, match=rf"^{re.escape(line)}$"):
            isaclib.redesign(stored, **{name: value for name, value in asked.items() if value is not None})


def test_a_solver_that_has_changed_is_refused(stored, tiny):
    solvers = tiny.system.schemes["plain"].solvers
    solvers["direct"] = dataclasses.replace(solvers["direct"], version=2)
    with pytest.raises(ValueError, match=r"^scheme = 'plain': solver 'direct' has changed since: expected .* \(\w+"):
        isaclib.redesign(stored, scheme="plain", power_dbm=10, size="small")


def test_a_system_that_has_changed_is_refused(stored):
    assert stored.attrs["system_version"] == 1
    older = stored.assign_attrs(system_version=0)
    older.encoding = stored.encoding
    with pytest.raises(ValueError, match=r"^campaign: system '\w+' has changed since: expected .* \(\w+"):
        isaclib.redesign(older, scheme="plain", power_dbm=10, size="small")
