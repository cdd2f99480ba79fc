"""What makes two numbers the same number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from isaclib.campaign.cells import Cell, Run, identity, taken
from isaclib.campaign.identity import estimator_id, plain, point_id, scheme_id
from isaclib.systems.parameters import normalise, parameter


def test_identity_ignores_the_order_of_keys_but_not_of_lists():
    assert identity({"a": 1, "b": [1, 2]}) == identity({"b": [1, 2], "a": 1})
    assert identity([1, 2]) != identity([2, 1])


def test_identities_stay_what_they_are():
    # a change here throws away every stored result
    assert identity({"scheme": "plain", "options": {"scale": 1.0}}) == "1c6867bf1997"


def test_plain_values_have_one_zero_and_no_tuples():
    assert plain({"a": (-0.0, (1, 2))}) == {"a": [0.0, [1, 2]]}
    assert identity(plain(-0.0)) == identity(plain(0.0))


def test_a_point_is_system_version_parameters_and_seed(tiny):
    system, parameters = tiny.system, tiny.system.Parameters(users=3)
    same = point_id(system, parameters, seed=1)
    assert point_id(system, system.Parameters(users=3, elements=4), seed=1) == same
    assert point_id(system, system.Parameters(users=4), seed=1) != same
    assert point_id(system, parameters, seed=2) != same
    assert point_id(replace(system, version=2), parameters, seed=1) != same
    assert point_id(replace(system, name="other"), parameters, seed=1) != same


def test_a_new_parameter_with_a_neutral_default_changes_no_point(tiny):
    @dataclass(frozen=True, kw_only=True)
    class Grown(tiny.system.Parameters):
        tilt_rad: float = parameter(0.0, unit="rad", doc="tilt", neutral=True)

        def __post_init__(self) -> None:
            normalise(self)

    before = point_id(tiny.system, tiny.system.Parameters(), seed=1)
    assert point_id(tiny.system, Grown(), seed=1) == before
    assert point_id(tiny.system, Grown(tilt_rad=-0.0), seed=1) == before
    assert point_id(tiny.system, Grown(tilt_rad=0.1), seed=1) != before


def test_a_scheme_is_name_solver_options_and_version(tiny):
    scheme = tiny.system.scheme("plain")
    same = scheme_id(scheme, "direct", {"scale": 1.0})
    assert scheme_id(scheme, "direct", {"scale": 2.0}) != same
    assert scheme_id(scheme, "slow", {"scale": 1.0}) != same
    mended = replace(scheme, solvers={"direct": replace(scheme.solvers["direct"], version=2)})
    assert scheme_id(mended, "direct", {"scale": 1.0}) != same


def test_estimates_belong_to_the_designs_they_were_made_from(tiny):
    echo = tiny.system.estimators["echo"]
    same = estimator_id(echo, {"trials": 3}, "a")
    assert estimator_id(echo, {"trials": 4}, "a") != same
    assert estimator_id(echo, {"trials": 3}, "b") != same
    assert estimator_id(replace(echo, version=2), {"trials": 3}, "a") != same


def test_the_digest_is_what_the_file_asks_for(campaign):
    same = campaign().digest
    assert campaign(title="Another title", figures="[{name: f, x: power_dbm, y: {metric: peb_m}}]").digest == same
    assert campaign(effort="paper").digest != same
    assert campaign().at("paper").digest == campaign(effort="paper").digest
    for change in (
        {"seed": "8"},
        {"grid": "{power_dbm: [10, 30]}"},
        {"parameters": "{users: 3}"},
        {"realisations": "101"},
        {"schemes": "[{scheme: plain, options: {scale: 2}}]"},
        {"schemes": "[{scheme: plain, label: renamed}]"},
        {"estimators": "{echo: }"},
        {"store": "[beamformers]"},
    ):
        assert campaign(**change).digest != same, change


def test_the_expected_time_is_no_part_of_a_run(campaign, runs_of):
    (run,) = runs_of(campaign(estimators="{echo: }", store="[beamformers]"))
    assert replace(run, seconds=99.0).id == run.id
    assert replace(run, designs=False).id != run.id
    assert Run.from_json(run.to_json()) == run


def test_an_edited_run_is_refused(campaign, runs_of):
    (run,) = runs_of(campaign())
    with pytest.raises(ValueError, match="the plan was edited"):
        Run.from_json({**run.to_json(), "seed": 8})


@pytest.mark.parametrize(("start", "stop"), [(5, 5), (5, 3), (-1, 3)])
def test_a_cell_has_realisations(start, stop):
    with pytest.raises(ValueError, match="a first realisation and one past the last"):
        Cell("p", start, stop)


def test_a_cell_knows_the_blocks_it_touches():
    assert [Cell("p", *ends).blocks for ends in ((0, 64), (63, 65), (64, 193))] == [1, 2, 3]


def test_what_is_taken_is_taken_once():
    held: list[tuple[int, int]] = []
    assert taken(64, 128, held) == [(64, 128)]
    assert taken(0, 200, held) == [(0, 64), (128, 200)]
    assert taken(10, 190, held) == taken(5, 5, held) == []
    assert taken(200, 210, held) == [(200, 210)]
    assert sorted(held) == [(0, 64), (64, 128), (128, 210)]
