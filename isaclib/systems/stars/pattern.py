"""Near-field power pattern of a design of the system ``stars``, on both sides of the surface."""

from __future__ import annotations

import numpy as np

from isaclib.physics import polar
from isaclib.systems.base import chosen_beams
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.scenario import Scenario, element_offsets_m


def pattern(
    scenario: Scenario,
    design: Design,
    index: int,
    ranges_m: np.ndarray,
    angles_rad: np.ndarray,
    *,
    beam: int | None = None,
) -> np.ndarray:
    """Power |a(p)^T diag(q) G F|^2 that the surface sends to p = r (cos th, sin th), without the path loss.

    Within +-pi/2 it is what the surface reflects, q = q_r; beyond it is what it transmits, q = q_t: a
    user or target at the angle ph from the normal of the transmission side stands at th = pi - ph. At a
    target it is the illumination p00.

    Parameters
    ----------
    scenario, design, index, ranges_m, angles_rad, beam
        As `isaclib.systems.system.System.pattern` has them; the beams are the columns of F, one a user,
        then the one for sensing alone if there is one.

    Returns
    -------
    ndarray, shape (R, A)
        In watts; NaN where there is no design.
    """
    p = scenario.parameters
    channels = scenario.channels
    incident = channels[index if len(channels) > 1 else 0] @ chosen_beams(design.active[index], beam)
    reflects = np.cos(angles_rad) >= 0.0
    sides = [
        (np.flatnonzero(reflects == front), coefficients[index][:, None] * incident)
        for front, coefficients in ((True, design.reflection), (False, design.transmission))
    ]
    power = np.empty((len(ranges_m), len(angles_rad)))
    # a range at a time: responses everywhere at once would not fit large surfaces
    for row, distance in enumerate(ranges_m):
        for columns, lit in sides:
            at = element_offsets_m(p), distance, angles_rad[columns], p.wavelength_m
            response = polar.polar_response(*at, response=p.response)
            power[row, columns] = np.sum(np.abs(response @ lit) ** 2, axis=-1)
    return power
