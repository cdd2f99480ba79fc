"""Near-field power pattern of a design of the system ``modular``."""

from __future__ import annotations

import numpy as np

from isaclib.physics import wavefronts
from isaclib.systems.base import chosen_beams
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.draw import element_offsets_m
from isaclib.systems.modular.places import centres_of
from isaclib.systems.modular.scenario import Scenario


def pattern(
    scenario: Scenario,
    design: Design,
    index: int,
    ranges_m: np.ndarray,
    angles_rad: np.ndarray,
    *,
    beam: int | None = None,
) -> np.ndarray:
    """Power g(p) F F^H g(p)^H that the beams send to p = r (cos th, sin th) under the true wavefront.

    At an object it is its illumination a_q^H R a_q; the path loss is in the reflections.

    Parameters
    ----------
    scenario, design, index, ranges_m, angles_rad, beam
        As `isaclib.systems.system.System.pattern` has them; the beams are the columns of F, one a stream.

    Returns
    -------
    ndarray, shape (R, A)
        In watts; NaN where there is no design.
    """
    p = scenario.parameters
    centres = centres_of(scenario, index)
    beams = chosen_beams(design.beamformers[index], beam)
    towards = np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=-1)

    def along(distance: float) -> np.ndarray:
        at = centres, element_offsets_m(p), distance * towards, p.wavelength_m, p.true_wavefront
        response = wavefronts.modular_response(*at).reshape(len(towards), -1)
        return np.sum(np.abs(response @ beams) ** 2, axis=-1)

    # a range at a time: responses everywhere at once would not fit large arrays
    return np.stack([along(distance) for distance in ranges_m])
