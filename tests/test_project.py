"""The project as a whole: its floors, its environment files, what its documents promise."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.main import get_command

import isaclib

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "isaclib").rglob("*.py"))
# figures and cli share the top floor: the command calls the plots, never the other way round
ORDER = ["numerics", "physics", "systems", "campaign", "figures", "cli", "__main__"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEEDED = [Requirement(line) for line in [*PROJECT["dependencies"], *EXTRAS["dev"]]]
DECLARED = [*NEEDED, *map(Requirement, EXTRAS["docs"])]
CONDA_NAMES = {"dask": "dask-core", "matplotlib": "matplotlib-base", "snakemake": "snakemake-minimal"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted name of everything imported; ``from a import b`` yields ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module is imported."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        waiting.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt))


def room(module: Path) -> str:
    """Name the package or module right below ``isaclib`` that a file belongs to."""
    return module.relative_to(ROOT / "isaclib").parts[0].removesuffix(".py")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_floors_below(module: Path) -> None:
    mine = room(module)
    if mine == "__init__":
        assert not [name for name in imported(ast.parse(module.read_text())) if name.startswith("isaclib.")]
        return
    for name in imported(ast.parse(module.read_text())):
        if not name.startswith("isaclib."):
            continue
        theirs = name.split(".")[1]
        if theirs == "__version__":
            continue
        theirs = isaclib._LAZY[theirs].split(".")[1] if theirs in isaclib._LAZY else theirs
        assert theirs == mine or ORDER.index(theirs) < ORDER.index(mine), f"{mine} imports {name}"


@pytest.mark.parametrize("module", [path for path in MODULES if room(path) == "campaign"], ids=lambda path: path.stem)
def test_campaigns_know_no_wireless(module: Path) -> None:
    systems = {path.name for path in (ROOT / "isaclib/systems").iterdir() if path.is_dir()}
    for name in imported(ast.parse(module.read_text())):
        parts = name.split(".")
        assert parts[:2] != ["isaclib", "physics"], name
        assert parts[:2] != ["isaclib", "systems"] or parts[2] not in systems, name


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_slow_packages_are_imported_where_they_are_used(module: Path) -> None:
    names = {
        name.split(".")[0]
        for node in at_module_level(ast.parse(module.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in imported(node)
    }
    assert not names & {"cvxpy", "dask"}


@pytest.mark.parametrize("module", ["isaclib", "isaclib.cli"])
def test_a_command_starts_without_numpy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{'numpy', 'xarray', 'numba', 'matplotlib'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_rooms_for_odds_and_ends() -> None:
    assert not [path for path in MODULES if path.stem in {"utils", "util", "helpers", "common", "misc"}]


def lock() -> dict[str, str]:
    """Return the versions pinned in requirements.lock by package name."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda requirement: requirement.name)
def test_lock_pins_what_is_declared(requirement: Requirement) -> None:
    assert requirement.specifier.contains(lock()[canonicalize_name(requirement.name)])


def test_lock_is_hashed_and_names_no_host() -> None:
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert re.fullmatch(r"|#.*|    #.*|\S+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
        assert "://" not in line, line


def test_conda_environment_is_in_step() -> None:
    stated = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    stated = {line for line in stated if isinstance(line, str)} - {"pip"}
    wanted = {f"python{PROJECT['requires-python']}"}
    for requirement in NEEDED:
        name = CONDA_NAMES.get(requirement.name, requirement.name.lower())
        wanted.add(name + str(requirement.specifier))
    normal = {(entry.name, frozenset(map(str, entry.specifier))) for entry in map(Requirement, stated)}
    assert normal == {(entry.name, frozenset(map(str, entry.specifier))) for entry in map(Requirement, wanted)}


def test_one_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert isaclib.__version__ == citation["version"] == newest[1]


def typed(command: str) -> set[str]:
    """Return the words that follow a command in the code of the pages."""
    pages = "".join((ROOT / page).read_text() for page in ("README.md", "CONTRIBUTING.md", "results/README.md"))
    code = "\n".join(sum(re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", pages, re.DOTALL), ()))
    return set(re.findall(rf"^{command} ([a-z]+)", code, re.MULTILINE))


def test_documented_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test"} <= typed("make") <= targets


def test_documented_commands_exist() -> None:
    known = set(get_command(importlib.import_module("isaclib.cli").app).commands)
    assert {"new", "plan", "status"} <= typed("isaclib") <= known


def test_readme_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target


SYSTEMS = sorted(path.name for path in (ROOT / "isaclib/systems").iterdir() if (path / "schemes").is_dir())


@pytest.mark.parametrize("name", SYSTEMS)
def test_configuration_names_every_parameter_scheme_solver_option_and_metric(name: str) -> None:
    text = (ROOT / "config" / "README.md").read_text()
    system = isaclib.get_system(name)
    words = [field.name for field in dataclasses.fields(system.Parameters)]
    for scheme in system.schemes.values():
        words += [scheme.name, *scheme.solvers]
        words += [option for solver in scheme.solvers.values() for option in solver.options]
    words += [option for estimator in system.estimators.values() for option in estimator.options]
    words += [*system.metrics, *(metric for estimator in system.estimators.values() for metric in estimator.metrics)]
    assert [word for word in words if f"`{word}" not in text] == []


def test_snakemake_finds_the_profile_by_itself(monkeypatch):
    from snakemake.cli import parse_args

    monkeypatch.chdir(ROOT)
    _, args = parse_args(["--dry-run"])
    assert args.scheduler == "greedy"
    assert args.rerun_incomplete
    assert args.keep_going


def test_the_workflow_catalog_finds_what_it_shows():
    # the keys that the catalog documents
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment", "report"}
    assert usage["mandatory-flags"].keys() == {"desc", "flags"}
    assert usage["software-stack-deployment"].keys() == {"conda", "apptainer", "apptainer+conda"}
    assert {type(value) for value in usage["software-stack-deployment"].values()} == {bool} == {type(usage["report"])}
    triggers = yaml.safe_load((ROOT / "workflow/profiles/default/config.yaml").read_text())["rerun-triggers"]
    assert usage["mandatory-flags"]["flags"] == f"--rerun-triggers {' '.join(triggers)}"
    assert (ROOT / "workflow" / "Snakefile").exists()
    assert (ROOT / "config" / "README.md").read_text().startswith("# Configuration")


def test_the_container_takes_files_that_are_there():
    recipe = (ROOT / "workflow" / "container.def").read_text()
    pairs = [line.split() for line in recipe.partition("%files")[2].partition("%post")[0].splitlines() if line.strip()]
    for source, target in pairs:
        assert (ROOT / source).exists(), source
        assert target == f"/opt/isaclib/{source}"
    # what the build of the package and the rules read
    needed = {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml", "environment.yml", "isaclib", "workflow"}
    assert needed | {"requirements.lock"} == {source for source, _ in pairs}
