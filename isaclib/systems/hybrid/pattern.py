"""Near-field power pattern of a design of the system ``hybrid``."""

from __future__ import annotations

import numpy as np

from isaclib.physics import arrays
from isaclib.systems.base import chosen_beams
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.scenario import Scenario


def pattern(
    scenario: Scenario,
    design: Design,
    index: int,
    ranges_m: np.ndarray,
    angles_rad: np.ndarray,
    *,
    beam: int | None = None,
) -> np.ndarray:
    """Power a(p)^H W W^H a(p) that the beams send to p = r (cos th, sin th), without the path loss.

    At the target it is the illumination of the sensing SNR |beta|^2 N a^H R a / sigma^2.

    Parameters
    ----------
    scenario, design, index, ranges_m, angles_rad, beam
        As `isaclib.systems.system.System.pattern` has them; the beams are the columns of W, one a user.

    Returns
    -------
    ndarray, shape (R, A)
        In watts; NaN where there is no design.
    """
    beams = chosen_beams(design.beamformers[index], beam)
    towards = np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=-1)

    def along(distance: float) -> np.ndarray:
        response = arrays.spherical_response(scenario.elements_m, distance * towards, scenario.wavelength_m)
        return np.sum(np.abs(np.conj(response) @ beams) ** 2, axis=-1)

    # a range at a time: responses everywhere at once would not fit large arrays
    return np.stack([along(distance) for distance in ranges_m])
