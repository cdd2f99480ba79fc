"""The pages of the documentation: every example in them runs, on small campaigns of the names that they use."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import matplotlib.pyplot
import pytest
import yaml
from typer.testing import CliRunner

from isaclib.campaign.gather import gather
from isaclib.campaign.plan import make_plan
from isaclib.campaign.reading import load
from isaclib.campaign.run import execute
from isaclib.campaign.summary import summarise

ROOT = Path(__file__).resolve().parents[1]
OWN_TEST = {"tutorial.md"}
"""Pages whose examples need files of their own, and that are run where these are."""

SMALL = {
    "hybrid-fig2": (4, 3),
    "hybrid-fig3": (12, 5),
    "hybrid-tradeoff": (8, 2),
}
"""Campaigns that the pages read; here with so many draws, at the first so many values of each axis."""


def pages() -> list[Path]:
    """Return the pages with an example in Python."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [page for page in found if page.name not in OWN_TEST and "```python\n" in page.read_text()]


def small(content: dict, realisations: int, values: int) -> dict:
    """Take fewer draws and points, and none of the curves that the quick effort leaves out."""
    quick = [entry for entry in content["schemes"] if "realisations" not in entry or entry["realisations"]["quick"]]
    return {
        "campaign": content["campaign"],
        "system": content["system"],
        "seed": content["seed"],
        "parameters": content.get("parameters", {}),
        "grid": {axis: first(found, values) for axis, found in content["grid"].items()},
        "schemes": [{key: value for key, value in entry.items() if key != "realisations"} for entry in quick],
        "estimators": content.get("estimators", {}),
        "realisations": realisations,
    }


def first(values: list | dict, count: int) -> list | dict:
    """Return the first values of an axis in any of its forms."""
    if isinstance(values, list):
        return values[:count]
    if "step" in values:
        return {**values, "stop": values["start"] + (count - 1) * values["step"]}
    return dict(list(values.items())[:count])


@pytest.fixture(scope="session")
def workplace(tmp_path_factory) -> Path:
    """A folder with ``config/`` and the small campaigns under ``results/``."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "config").symlink_to(ROOT / "config")
    for name, size in SMALL.items():
        file = folder / f"{name}.yaml"
        content = yaml.safe_load((ROOT / "config/campaigns" / file.name).read_text())
        file.write_text(yaml.safe_dump(small(content, *size), sort_keys=False))
        campaign, results = load(file), folder / "results" / name
        plan = make_plan(campaign, results, cores=1, run_seconds=60)
        for run in plan.runs:
            execute(run, results / "runs" / f"{run.id}.nc", progress=False)
        gather(results, campaign, plan.run_ids, results / "campaign.nc")
        summarise(results / "campaign.nc", results / "summary.nc", results / "summary.csv")
    return folder


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, workplace: Path, monkeypatch, capsys) -> None:
    matplotlib.use("agg")
    monkeypatch.chdir(workplace)
    names: dict[str, object] = {}
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        exec(compile(code, page.name, "exec"), names)
    matplotlib.pyplot.close("all")
    assert len(names) > 1
    if page.name == "cookbook.md":
        assert capsys.readouterr().out.count("True\n") == 1, "the redesigned draw has the stored bound, to the bit"


def test_the_commands_of_the_cookbook_run(workplace: Path, monkeypatch) -> None:
    monkeypatch.chdir(workplace)
    app = importlib.import_module("isaclib.cli").app
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/cookbook.md").read_text(), re.DOTALL | re.MULTILINE)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert len(commands) > 5
    for _, *arguments in commands:
        done = CliRunner().invoke(app, arguments)
        assert (done.exit_code, done.exception) == (0, None), (arguments, done.output)
