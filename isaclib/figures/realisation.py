"""Which system and which row of a scenario a picture is of."""

from __future__ import annotations

from typing import Any

from isaclib.systems import SYSTEMS, get_system
from isaclib.systems.system import System


def system_and_row(scenario: Any, realisation: int | None) -> tuple[System, int]:
    """Find the system of a scenario and the row of a realisation.

    Parameters
    ----------
    scenario : Scenario
        Of any system.
    realisation : int or None
        Index of the draw; None: the scenario's first.

    Returns
    -------
    system : System
    row : int

    Raises
    ------
    ValueError
        For a scenario of no system, or a realisation that it does not hold.
    """
    systems = (get_system(name) for name in SYSTEMS)
    system = next((s for s in systems if isinstance(getattr(scenario, "parameters", None), s.Parameters)), None)
    if system is None:
        raise ValueError(f"scenario = {type(scenario).__name__}: expected one of the systems {', '.join(SYSTEMS)}")
    first, last = scenario.streams.start, scenario.streams.stop - 1
    chosen = first if realisation is None else realisation
    if not first <= chosen <= last:
        raise ValueError(f"realisation = {realisation}: expected one of the scenario's, {first} to {last}")
    return system, chosen - first
