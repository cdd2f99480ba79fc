"""One realisation, for a person to read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.document import CampaignError, parse
from isaclib.systems import get_system
from isaclib.systems.base import Status, nearest
from isaclib.systems.own import with_scheme_files
from isaclib.systems.system import System

if TYPE_CHECKING:
    import xarray as xr

CERTIFICATE = ("status", "objective", "bound", "gap", "speb_bound_m2", "iterations")
"""What a solver says of its design, as far as evaluation believes it."""


def print_solution(
    *,
    system: str,
    scheme: str,
    solver: str | None,
    settings: Sequence[str],
    options: Sequence[str],
    file: Path | None,
    seed: int,
    realisation: int,
) -> None:
    """Design for one realisation and print its metrics, certificate and time.

    Parameters
    ----------
    system, scheme : str
        Names.
    solver : str or None
        Default: the scheme's first.
    settings, options : sequence of str
        ``name=value`` of parameters and of the solver's options.
    file : Path or None
        A file with a scheme of its own.
    seed, realisation : int
        Name the draw.

    Raises
    ------
    ValueError
        One line: which name or value, and what is allowed.
    """
    chosen = with_scheme_files(get_system(system), [] if file is None else [file])
    parameters = chosen.Parameters(**named_settings("--set", settings, [f.name for f in fields(chosen.Parameters)]))
    method = chosen.scheme(scheme).solver(solver)
    resolved = method.resolve(named_settings("--option", options, list(method.options)))
    solver = solver or chosen.scheme(scheme).default_solver

    def once() -> tuple[Any, xr.Dataset, dict[str, float]]:
        times, began = {}, time.perf_counter()
        scenario = chosen.draw(parameters, seed=seed, start=realisation, stop=realisation + 1)
        times["draw"] = time.perf_counter() - began
        design = chosen.design(scenario, scheme=scheme, solver=solver, options=resolved)
        times["design"] = time.perf_counter() - began - times["draw"]
        data = chosen.evaluate(scenario, design)
        times["evaluate"] = time.perf_counter() - began - times["draw"] - times["design"]
        return design, data, times

    if method.seconds is None:
        once()  # loading compiled code is no part of the time shown
    design, data, times = once()

    print(f"{chosen.scheme(scheme).summary}")
    print(f"solver {solver}: {method.summary}")
    print(f"{described(chosen, parameters)}; seed {seed}, realisation {realisation}\n")
    print_design(data.isel(realisation=0), design)
    print("\n  " + ", ".join(f"{stage} {1e3 * seconds:.2f} ms" for stage, seconds in times.items()))


def print_design(data: xr.Dataset, design: Any) -> None:
    """Print the certificate of one design, then its metrics.

    Parameters
    ----------
    data : xarray.Dataset
        Metrics of one realisation.
    design : Design
        A batch of it.
    """
    certificate = {key: _certificate(key, data, design) for key in CERTIFICATE}
    for key, value in certificate.items():
        if value is not None:
            print(f"  {key:<22} {value}")
    if design.reason[0]:
        print(f"  {'reason':<22} {design.reason[0]}")
    print()
    for name, variable in ((str(key), variable) for key, variable in data.data_vars.items()):
        if name not in CERTIFICATE and variable.dims in ((), ("user",), ("constraint",)):
            unit = variable.attrs.get("units", "1")
            print(f"  {name:<22} {_numbers(variable)} {'' if unit == '1' else unit}".rstrip())


def named_settings(flag: str, entries: Sequence[str], known: Sequence[str]) -> dict[str, Any]:
    """Return what ``name=value`` entries of a flag set, each name one of those known.

    Raises
    ------
    ValueError
        One line: the flag, the entry and what was expected.
    """
    settings: dict[str, Any] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals:
            raise CampaignError(f"{flag} {entry}: expected name=value")
        if name not in known:
            raise CampaignError(f"{flag} {entry}: {name!r} is unknown: {nearest(name, known)}")
        settings[name] = parse(f"{flag} {entry}", value)
    return settings


def described(system: System, parameters: Any) -> str:
    """Return one line on the parameters of a system."""
    shown = (f for f in fields(parameters) if getattr(parameters, f.name) is not None)
    return f"{system.name}: " + ", ".join(f"{f.name} {getattr(parameters, f.name)}" for f in shown)


def _certificate(key: str, data: xr.Dataset, design: Any) -> str | None:
    value = data[key].values if key in data else getattr(design, key, None)
    if value is None:
        return None
    number = np.asarray(value).reshape(-1)[0]
    return Status(int(number)).name.lower() if key == "status" else f"{number:.6g}"


def _numbers(variable: xr.DataArray) -> str:
    if variable.ndim == 0:
        return f"{float(variable):.6g}"
    labels = variable.indexes.get(variable.dims[0])
    names = [""] * variable.size
    if labels is not None and labels.dtype.kind not in "iu":
        names = [f"{label}: " for label in labels]
    return ", ".join(f"{name}{number:.6g}" for name, number in zip(names, variable.values, strict=True))
