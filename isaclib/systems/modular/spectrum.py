"""The MUSIC spectrum of a trial of the system ``modular``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.physics import music_2d
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.estimation import check_music, receive_aperture, search_sector, simulated_echoes, sources
from isaclib.systems.modular.places import centres_of
from isaclib.systems.modular.scenario import Scenario
from isaclib.systems.spectrum import Spectrum, filled


def spectrum(
    scenario: Scenario,
    design: Design,
    options: Mapping[str, Any],
    *,
    index: int,
    trial: int,
    ranges_m: np.ndarray | None,
    angles_rad: np.ndarray | None,
) -> Spectrum:
    """Take the spectrum of the echoes that `estimation.run_music` has in that trial.

    Parameters
    ----------
    scenario, design, options, index, trial, ranges_m, angles_rad
        As `isaclib.systems.system.System.spectrum` has them.

    Returns
    -------
    Spectrum

    Raises
    ------
    ValueError
        For what `check_music` refuses.
    """
    p = scenario.parameters
    check_music(p, options)
    sector = search_sector(p, options)
    block = scenario.streams.single(index)
    echoes = simulated_echoes(scenario, design, np.array([index]), np.array([0]), block, trial)
    subspace = music_2d.signal_subspace(echoes, sources(p))
    aperture = receive_aperture(p, centres_of(scenario, index)[None], sector)
    peaks = music_2d.locate(subspace, aperture, sector)
    ranges, angles = filled(ranges_m, sector.range_m), filled(angles_rad, sector.angle_rad)
    return Spectrum(
        ranges_m=ranges,
        angles_rad=angles,
        levels_db=music_2d.spectrum_db(subspace, aperture, peaks, ranges, angles)[0],
        estimate=(float(peaks[0, 0]), float(peaks[0, 1])),
        target=(p.target_range_m[0], math.radians(p.target_angle_deg[0])),
    )
