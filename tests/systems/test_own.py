"""Schemes that are not in the package: from a file, and from an installed entry point."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from isaclib.systems import get_system
from isaclib.systems.own import read_scheme, with_scheme_files

HYBRID = get_system("hybrid")

ALL_ON_THE_TARGET = """
from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.direct import sensing_only

def run(scenario, options, rng):
    return sensing_only(scenario, options, rng, hybrid=False)

SCHEME = Scheme(name="mine", summary="all power on the target", solvers={"direct": Solver(run=run, summary="at once")})
"""


@pytest.fixture
def file(tmp_path):
    def write(text=ALL_ON_THE_TARGET, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_scheme_of_a_file_designs_as_one_of_the_package(file):
    extended = with_scheme_files(HYBRID, [file()])
    assert set(extended.schemes) == {*HYBRID.schemes, "mine"}
    scenario = HYBRID.draw(HYBRID.Parameters(elements=8), seed=1, start=0, stop=3)
    mine, theirs = (extended.design(scenario, scheme=name) for name in ("mine", "sensing-only-fdbf"))
    np.testing.assert_array_equal(mine.beamformers, theirs.beamformers)


def test_a_file_is_told_from_another_by_its_content(file):
    first = read_scheme(file())
    assert read_scheme(file(name="renamed.py")).file_id == first.file_id
    assert read_scheme(file(ALL_ON_THE_TARGET + "\n")).file_id != first.file_id
    assert HYBRID.scheme("speb-min-hbf").file_id == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = (\n", "line 1: SyntaxError: '(' was never closed"),
        ("x = 1\ny = 1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("import isaclib.nothing\n", "line 1: ModuleNotFoundError: No module named 'isaclib.nothing'"),
        ("scheme = 1\n", "SCHEME is missing: expected a Scheme of isaclib.systems.base"),
        ("SCHEME = 1\n", "SCHEME is a int: expected a Scheme of isaclib.systems.base"),
        (ALL_ON_THE_TARGET.replace('"mine"', '""'), "SCHEME.name = '': expected text"),
        (
            ALL_ON_THE_TARGET.replace('{"direct"', "{} and {1"),
            "SCHEME.solvers: expected at least one Solver of isaclib.systems.base by its name",
        ),
        (
            ALL_ON_THE_TARGET.replace('"mine"', '"speb-min-hbf"'),
            "SCHEME.name = 'speb-min-hbf': expected a name that no other scheme of 'hybrid' has",
        ),
    ],
)
def test_a_file_that_is_no_scheme_is_one_line(file, text, line):
    path = file(text)
    with pytest.raises(ValueError, match=rf"^{re.escape(f'{path}: {line}')}$"):
        with_scheme_files(HYBRID, [path])


def test_two_files_cannot_have_one_name_and_a_missing_one_is_named(file, tmp_path):
    with pytest.raises(ValueError, match=r"other\.py: SCHEME\.name = 'mine': expected a name that no other"):
        with_scheme_files(HYBRID, [file(), file(ALL_ON_THE_TARGET + "\n", "other.py")])
    with pytest.raises(ValueError, match=r"absent\.py: there is no such file: expected a Python file with a SCHEME$"):
        read_scheme(tmp_path / "absent.py")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that installs a package with an entry point, as pip would leave it."""

    def install(name, value, text=ALL_ON_THE_TARGET):
        (tmp_path / "plugged.py").write_text(text)
        info = tmp_path / "plugged-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[isaclib.schemes]\n{name} = {value}\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "plugged", raising=False)
        # what is installed is looked up once a system
        return lambda: replace(HYBRID).scheme("mine")

    return install


def test_an_installed_entry_point_is_a_scheme_with_the_version_of_its_solver(package):
    scheme = package("hybrid.mine", "plugged:SCHEME")()
    assert (scheme.name, scheme.file_id) == ("mine", "")
    assert "mine" not in get_system("stars").schemes


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("hybrid.mine", "plugged:NOTHING", "cannot be loaded (AttributeError: module 'plugged' has no attribute"),
        ("hybrid.mine", "plugged:run", "is a function: expected a Scheme of isaclib.systems.base"),
        ("hybrid.other", "plugged:SCHEME", "expected the name hybrid.mine, after its scheme"),
    ],
)
def test_an_entry_point_that_is_broken_is_one_line_with_its_package(package, name, value, says):
    with pytest.raises(ValueError, match=rf"^entry point {name} = {value} of plugged:? {re.escape(says)}"):
        package(name, value)()


def test_an_entry_point_with_a_name_that_is_taken_is_refused(package):
    text = ALL_ON_THE_TARGET.replace('"mine"', '"speb-min-hbf"')
    with pytest.raises(ValueError, match=r"^system 'hybrid': two schemes have the name 'speb-min-hbf'$"):
        package("hybrid.speb-min-hbf", "plugged:SCHEME", text)()
