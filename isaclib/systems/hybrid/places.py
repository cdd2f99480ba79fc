"""Where everything of a realisation of the system ``hybrid`` stands."""

from __future__ import annotations

import numpy as np

from isaclib.systems.hybrid.scenario import Scenario


def places(scenario: Scenario, index: int) -> dict[str, np.ndarray]:
    """Return (x, y) of antennas, users, target and scatterers, as `isaclib.systems.system.System.places` has it."""
    found = {
        "antennas": scenario.elements_m,
        "users": scenario.user_positions_m[index],
        "target": scenario.target_m[None],
    }
    if scenario.scatterers_m is not None:
        found["scatterers"] = scenario.scatterers_m[index].reshape(-1, 2)
    return found
