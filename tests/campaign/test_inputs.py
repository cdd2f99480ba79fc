"""Files of a person's own: part of what is solved, kept with the results, missed where they are gone."""

from __future__ import annotations

import re

import numpy as np
import pytest

import isaclib
from isaclib.campaign import inputs
from isaclib.campaign.document import CampaignError
from isaclib.campaign.plan import Plan, make_plan, plan_path
from isaclib.campaign.run import execute
from isaclib.campaign.verify import verify

OWN = """
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
from isaclib.systems import base

@dataclass(frozen=True, kw_only=True)
class Design(base.Design):
    beamformers: np.ndarray

def run(scenario, options, rng):
    count = len(scenario.channels)
    one = np.full(count, options["level"])
    return Design(status=np.ones(count, dtype=np.int8), objective=one, bound=one, gap=0 * one, violation=one[:, None],
                  constraints=("power",), iterations=np.ones(count, dtype=int), reason=("",) * count,
                  beamformers=np.conj(np.swapaxes(scenario.channels, 1, 2)))

SCHEME = base.Scheme("own", "conjugates", {"direct": base.Solver(run, "at once", {"level": 2.0})})
"""


@pytest.fixture
def own(campaign, tmp_path):
    """Return a function that writes the scheme and reads a campaign that names it."""

    def make(text=OWN, **keys):
        (tmp_path / "own.py").write_text(text)
        keys = {"scheme_files": "[own.py]", "schemes": "[plain, own]", "realisations": "70", **keys}
        return campaign(**keys)

    return make


def test_an_edited_file_is_solved_anew_and_nothing_else(own, solved):
    assert solved(own()) == ["own", "plain"]
    assert solved(own()) == []
    assert solved(own(OWN.replace("2.0", "3.0"))) == ["own"]
    # as it was before: its runs are still there
    assert solved(own()) == []


def test_a_run_reads_what_was_planned_whatever_became_of_the_file(own, solved, gathered, tmp_path):
    spec = own()
    solved(spec)
    (tmp_path / "own.py").unlink()
    data = gathered(spec, runs=[])
    made = isaclib.redesign(data, scheme="own", realisation=65, power_dbm=20)
    assert made.metrics["peb_m"].item() == data["peb_m"].sel(scheme="own", power_dbm=20).values[65] == np.sqrt(2.0)


def test_a_kept_file_that_is_damaged_is_found_and_comes_back(own, solved, tmp_path):
    spec = own()
    solved(spec)
    (kept,) = (tmp_path / "results" / "inputs").iterdir()
    plan = plan_path(tmp_path / "results", spec.digest, 0)
    (run,) = [run for run in Plan.read(plan).runs if run.scheme == "own"]
    for spoil, says in ((lambda: kept.write_text("x"), "damaged: its content has"), (kept.unlink, "missing: expected")):
        spoil()
        with pytest.raises(ValueError, match=rf"^{re.escape(str(kept))}: {says}"):
            execute(run, tmp_path / "results" / "runs" / f"{run.id}.nc", progress=False)
        _, damaged = verify(tmp_path / "results")
        assert [line.startswith(f"{kept}: {says}") for line in damaged] == [True]
        assert not plan.exists()
        assert solved(spec) == []
        assert verify(tmp_path / "results")[1] == []
        # the plan that has the run, once more
        make_plan(spec, tmp_path / "elsewhere").write(plan)


def test_a_file_that_changes_between_reading_and_planning_is_told(own, solved, tmp_path):
    spec = own()
    (tmp_path / "own.py").write_text("SCHEME = None\n")
    with pytest.raises(CampaignError, match=r"own\.py: changed while the workflow was running: start it again$"):
        inputs.keep(spec.inputs, tmp_path / "results")
    assert not list((tmp_path / "results").rglob("*.py"))


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"scheme_files": "own.py"}, "scheme_files: 'own.py': expected a list of files"),
        ({"scheme_files": "[1]"}, "scheme_files[0]: 1: expected text"),
        ({"schemes": "[onw]"}, "schemes[0]: system 'tiny' has no scheme 'onw': did you mean 'own'?"),
        ({"schemes": "[{scheme: own, options: {levle: 1}}]"}, "schemes[0]: option 'levle' is unknown: did you mean"),
    ],
)
def test_what_is_wrong_with_the_key_is_one_line(own, tmp_path, keys, line):
    with pytest.raises(CampaignError, match=rf"^{re.escape(f'{tmp_path}/tiny-1.yaml: {line}')}"):
        own(**keys)


def test_what_is_wrong_with_the_file_is_one_line(own, tmp_path):
    with pytest.raises(CampaignError, match=rf"tiny-1\.yaml: {tmp_path}/own\.py: line 2: NameError: name 'x'"):
        own("\nx\n")
