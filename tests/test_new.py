"""A new campaign file: valid as it stands, and with everything in it that may be left out."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
import yaml
from typer.testing import CliRunner

from isaclib.campaign.claims.spec import COMMON
from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.precision_spec import PrecisionSpec
from isaclib.campaign.quantity_spec import CurveSpec
from isaclib.campaign.reading import KEYS, SCHEME_KEYS, load
from isaclib.cli import app
from isaclib.cli.template import template
from isaclib.systems import SYSTEMS, get_system


def uncommented(text: str) -> str:
    """Return the file with every entry that is commented out."""
    return re.sub(r"^( *)#(?=[^ #\n])", r"\1", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_new_campaign_is_valid_with_and_without_its_comments(name, tmp_path):
    system = get_system(name)
    text = template("mine", system=name)
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    campaign = load(file)
    assert [campaign.system, len(campaign.entries), len(campaign.figures)] == [name, 2, 1]

    file.write_text(uncommented(text))
    campaign = load(file)
    assert {curve.scheme for curve in campaign.entries} == set(system.schemes)
    assert set(campaign.estimators) == set(system.estimators)
    assert len(campaign.claims) == 1
    (axis,) = campaign.axes
    # the parameters are all there, at their defaults
    assert {axis, *campaign.parameters} == {field.name for field in fields(system.Parameters)}
    assert system.Parameters(**campaign.parameters) == system.Parameters()


def test_a_new_campaign_names_every_key():
    text = template("mine", system="hybrid")
    content = yaml.safe_load(uncommented(text))
    (figure,) = content["figures"]
    (claim,) = content["claims"]
    for known, written in (
        (KEYS, content),
        (SCHEME_KEYS, content["schemes"][-1]),
        ([field.name for field in fields(PrecisionSpec)], content["precision"]),
        ([field.name for field in fields(FigureSpec)], figure),
        ([field.name for field in fields(CurveSpec)], figure["y"][0]),
        ([key for key in COMMON if key != "campaign"], claim),
    ):
        # what would not go with the others is told on the line of another key
        assert [key for key in known if key not in written and not re.search(rf"`{key}\b", text)] == []


def test_a_name_that_yaml_takes_for_something_else_stays_text(tmp_path):
    file = tmp_path / "2024.yaml"
    file.write_text(template("2024", system="hybrid"))
    assert load(file).name == "2024"


def test_new_writes_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def new(*arguments):
        return runner.invoke(app, ["new", "mine", "--system", "hybrid", *arguments], prog_name="isaclib")

    done = new("--schemes", "snr-max-hbf, dpc-bound")
    assert done.exit_code == 0, done.output
    file = tmp_path / "config" / "campaigns" / "mine.yaml"
    assert [curve.scheme for curve in load(file).entries] == ["snr-max-hbf", "dpc-bound"]
    file.write_text("mine")
    done = new()
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "config/campaigns/mine.yaml: is there already: choose another name, or overwrite it with --force"
    ]
    assert file.read_text() == "mine"
    assert new("--force").exit_code == 0
    assert file.read_text() != "mine"
    for arguments, line in (
        (("--schemes", "snr-max"), "system 'hybrid' has no scheme 'snr-max': did you mean 'snr-max-hbf'?"),
        (("--schemes", "dpc-bound,dpc-bound"), "scheme 'dpc-bound' stands twice: expected each once"),
        (("--output", "other.yaml"), "--output other.yaml: expected a file named mine.yaml, as the campaign"),
    ):
        assert new(*arguments).stderr.splitlines() == [line]
    assert not (tmp_path / "other.yaml").exists()
    done = runner.invoke(app, ["new", "a/b", "--system", "hybrid"], prog_name="isaclib")
    assert done.stderr.splitlines() == ["name 'a/b': expected letters, digits, -, _ and ., as in hybrid-power"]
