"""What made a file: versions and commit, nothing of the host."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import isaclib

PACKAGES = ("numpy", "scipy", "numba", "xarray", "netCDF4", "cvxpy", "clarabel", "scs")
"""Packages whose version may change a number or how it is stored."""


@lru_cache(maxsize=1)
def provenance() -> dict[str, str]:
    """Return the versions a result depends on, and the commit when run from a checkout.

    Returns
    -------
    dict of str to str
        ``isaclib_version``; ``git_commit`` (empty outside a checkout; ends in ``-modified``
        where tracked files of the package differ from it); ``packages``, one
        ``name version`` each, separated by commas.
    """
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return {
        "isaclib_version": isaclib.__version__,
        "git_commit": _commit(Path(isaclib.__file__).resolve().parent),
        "packages": ", ".join(versions),
    }


def distinct(runs: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return what made the runs of a dataset, which may come from several versions.

    Parameters
    ----------
    runs : iterable of mapping
        Each as `provenance` returned it when the run was made.

    Returns
    -------
    dict of str to str
        ``runs_isaclib_versions`` and ``runs_git_commits`` (separated by spaces; ``unknown`` for
        runs made outside a checkout) and ``runs_packages`` (by commas), each sorted.
    """
    versions, commits, packages = set(), set(), set()
    for made_by in runs:
        versions.add(made_by["isaclib_version"])
        commits.add(made_by["git_commit"] or "unknown")
        packages.update(made_by["packages"].split(", "))
    return {
        "runs_isaclib_versions": " ".join(sorted(versions)),
        "runs_git_commits": " ".join(sorted(commits)),
        "runs_packages": ", ".join(sorted(packages)),
    }


def _commit(package: Path) -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(package), *arguments], capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()

    try:
        # an installed copy may lie inside somebody else's repository
        if Path(git("rev-parse", "--show-toplevel")).resolve() != package.parent:
            return ""
        commit = git("rev-parse", "HEAD")
        return commit + (
            "-modified" if git("status", "--porcelain", "--untracked-files=no", "--", str(package)) else ""
        )
    except (OSError, subprocess.SubprocessError):
        return ""
