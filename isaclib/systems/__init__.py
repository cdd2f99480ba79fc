"""The systems: parameters, random scenario, schemes, metrics (floor 2)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from isaclib.systems.base import nearest
from isaclib.systems.system import System

if TYPE_CHECKING:
    import xarray as xr

SYSTEMS = ("hybrid", "modular", "stars")


def get_system(name: str) -> System:
    """Return a system by name.

    Parameters
    ----------
    name : str
        One of `SYSTEMS`.

    Returns
    -------
    System

    Raises
    ------
    ValueError
        For an unknown name, with the nearest known one.
    """
    if name not in SYSTEMS:
        raise ValueError(f"system {name!r} is unknown: {nearest(name, SYSTEMS)}")
    return import_module(f"isaclib.systems.{name}").SYSTEM


def simulate(
    *,
    system: str,
    scheme: str,
    parameters: Any = None,
    solver: str | None = None,
    options: Mapping[str, Any] | None = None,
    estimators: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    start: int = 0,
    stop: int = 1,
    sampling: str = "random",
) -> xr.Dataset:
    """Draw, design and evaluate the realisations [start, stop).

    Parameters
    ----------
    system, scheme : str
        Names.
    parameters : Parameters, optional
        Default: the system's.
    solver : str, optional
        Default: the scheme's first.
    options : mapping, optional
        Options of the solver.
    estimators : mapping, optional
        Estimators to run, each with its options.
    seed : int
        Non-negative.
    start, stop : int
        First realisation and one past the last.
    sampling : str
        ``random`` or ``sobol``, as for `isaclib.systems.system.System.draw`.

    Returns
    -------
    xarray.Dataset
        Metrics, and estimates where asked for, over ``realisation``.
    """
    chosen = get_system(system)
    scenario = chosen.draw(
        parameters if parameters is not None else chosen.Parameters(),
        seed=seed,
        start=start,
        stop=stop,
        sampling=sampling,
    )
    design = chosen.design(scenario, scheme=scheme, solver=solver, options=options)
    data = chosen.evaluate(scenario, design)
    for name, chosen_options in (estimators or {}).items():
        data = data.merge(chosen.estimate(scenario, design, estimator=name, options=chosen_options))
    return data
