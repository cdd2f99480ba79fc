"""Schemes from outside the package: a Python file, or an entry point of an installed package."""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.system import System

GROUP = "isaclib.schemes"
"""Entry points that hold a scheme; their names are ``<system>.<scheme>``."""


def with_scheme_files(system: System, files: Iterable[str | Path]) -> System:
    """Return a system with the schemes of some files beside its own.

    Parameters
    ----------
    system : System
        Is not changed.
    files : iterable of path
        Python files, each with one ``SCHEME``.

    Returns
    -------
    System

    Raises
    ------
    ValueError
        In one line, naming the file: it is missing or broken, has no scheme, or one whose name is taken.
    """
    for file in files:
        scheme = read_scheme(file)
        if scheme.name in system.schemes:
            raise ValueError(
                f"{file}: SCHEME.name = {scheme.name!r}: expected a name that no other scheme of {system.name!r} has"
            )
        system = replace(system, further=(*system.further, scheme))
    return system


def read_scheme(file: str | Path) -> Scheme:
    """Read the ``SCHEME`` of a Python file, as those of the package have one.

    Parameters
    ----------
    file : path
        What it imports has to be installed: the file is read from a copy beside the results too.

    Returns
    -------
    Scheme
        With the hash of the file as its `file_id`.

    Raises
    ------
    ValueError
        In one line, naming the file: it is missing or broken, or has no scheme.
    """
    try:
        content = Path(file).read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{file}: there is no such file: expected a Python file with a SCHEME") from None
    except OSError as error:
        raise ValueError(f"{file}: cannot be read ({error.strerror or error})") from None
    scheme = getattr(_module(content, str(file)), "SCHEME", None)
    return replace(_checked(scheme, f"{file}: SCHEME"), file_id=content_id(content))


def content_id(content: bytes) -> str:
    """Return what tells a person's file from any other: its hash, 12 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:12]


def installed_schemes(system: str) -> Iterator[Scheme]:
    """Yield the schemes that installed packages have for a system.

    Raises
    ------
    ValueError
        In one line, naming the entry point and its package, where it cannot be loaded or is no scheme.
    """
    for entry in entry_points(group=GROUP):
        if not entry.name.startswith(f"{system}."):
            continue
        where = f"entry point {entry.name} = {entry.value} of {entry.dist.name if entry.dist else GROUP}"
        try:
            found = entry.load()
        # a package may raise anything while it is imported
        except Exception as error:
            raise ValueError(f"{where}: cannot be loaded ({type(error).__name__}: {_line(error)})") from error
        scheme = _checked(found, where)
        if entry.name != f"{system}.{scheme.name}":
            raise ValueError(f"{where}: expected the name {system}.{scheme.name}, after its scheme")
        yield scheme


def _module(content: bytes, file: str) -> ModuleType:
    name = f"isaclib_scheme_{content_id(content)}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = file
    # dataclasses, and designs that come back from another process, look their module up
    sys.modules[name] = module
    try:
        exec(compile(content, file, "exec"), module.__dict__)
    # a person's file may raise anything
    except Exception as error:
        del sys.modules[name]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        place = f"line {line}: " if line else ""
        raise ValueError(f"{file}: {place}{type(error).__name__}: {_line(error)}") from error
    return module


def _checked(scheme: object, where: str) -> Scheme:
    """Refuse what is no scheme that could be designed with."""
    if scheme is None:
        raise ValueError(f"{where} is missing: expected a Scheme of isaclib.systems.base")
    if not isinstance(scheme, Scheme):
        raise ValueError(f"{where} is a {type(scheme).__name__}: expected a Scheme of isaclib.systems.base")
    if not isinstance(scheme.name, str) or not scheme.name.strip():
        raise ValueError(f"{where}.name = {scheme.name!r}: expected text")
    if not scheme.solvers or not all(isinstance(solver, Solver) for solver in scheme.solvers.values()):
        raise ValueError(f"{where}.solvers: expected at least one Solver of isaclib.systems.base by its name")
    return scheme


def _line(error: Exception) -> str:
    return " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
