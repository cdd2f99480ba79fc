"""Where everything of a realisation of the system ``stars`` stands."""

from __future__ import annotations

import numpy as np

from isaclib.systems.stars.draw import bs_positions_m
from isaclib.systems.stars.scenario import Scenario, element_offsets_m


def places(scenario: Scenario, index: int) -> dict[str, np.ndarray]:
    """Return (x, y) of surface, base station, users and targets, as `isaclib.systems.system.System.places` has it.

    The reflection side is x > 0, with the base station; a place on the transmission side is mirrored to x < 0.
    """
    p = scenario.parameters
    along = element_offsets_m(p)

    def polar(kind: str, side: float) -> np.ndarray:
        distance, angle = (
            np.atleast_1d(getattr(scenario, f"{kind}_{what}")[index]) for what in ("range_m", "angle_rad")
        )
        return distance[:, None] * np.stack([side * np.cos(angle), np.sin(angle)], axis=-1)

    return {
        "surface": np.stack([0.0 * along, along], axis=-1),
        "base station": bs_positions_m(p),
        "users" if p.users > 1 else "user": polar("user", -1.0),
        "targets" if p.targets > 1 else "target": polar("target", 1.0 if p.target_side == "reflection" else -1.0),
    }
