"""Where everything of a realisation of the system ``modular`` stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from isaclib.systems.modular.draw import element_offsets_m, object_positions_m, subarray_centres, user_position_m
from isaclib.systems.modular.scenario import Scenario


def places(scenario: Scenario, index: int) -> dict[str, np.ndarray]:
    """Return (x, y) of both arrays and what is around, as `isaclib.systems.system.System.places` has it."""
    p = scenario.parameters
    centres = centres_of(scenario, index)
    along = (centres[:, None] + element_offsets_m(p)).ravel()
    objects, targets = object_positions_m(p), len(p.target_range_m)
    found = {
        "transmit antennas": np.stack([0.0 * along, along], axis=-1),
        "receive antennas": np.stack([0.0 * along, -along], axis=-1),
        "user": user_position_m(p, centres[None]),
        "targets" if targets > 1 else "target": objects[:targets],
        "interferers": objects[targets:],
    }
    if scenario.scatterers_m is not None:
        found["scatterers"] = scenario.scatterers_m[index]
    return found


def centres_of(scenario: Scenario, index: int) -> np.ndarray:
    """Return y of the subarray centres of one realisation, those of its own draw in a random layout, shape (L,)."""
    first = scenario.streams.start + index
    return subarray_centres(scenario.parameters, replace(scenario.streams, start=first, stop=first + 1))[0]
