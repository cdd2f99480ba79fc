"""The MUSIC spectrum of a trial of the system ``hybrid``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.physics import arrays, music, music_2d
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.estimation import check_music, search_sector, simulated_echoes
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.spectrum import Spectrum, filled, levels_db


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

    The estimator searches the angle first, with responses of the far field, then the range at that
    angle: its second search goes up the column of the estimate, whose peak may lie below that of the
    whole picture.

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
    check_music(scenario.parameters, options)
    angle_sector, range_sector = search_sector(scenario.parameters, options)
    block = scenario.streams.single(index)
    echoes = simulated_echoes(scenario, design, np.array([index]), np.array([0]), block, trial)
    position = music.locate(
        echoes,
        scenario.elements_m,
        scenario.wavelength_m,
        angle_sector_rad=angle_sector,
        range_sector_m=range_sector,
    )[0]
    subspace = music_2d.signal_subspace(echoes, 1)[0]

    def null(position_m: np.ndarray) -> np.ndarray:
        response = arrays.spherical_response(scenario.elements_m, position_m, scenario.wavelength_m)
        return 1.0 - np.sum(np.abs(np.conj(response) @ subspace) ** 2, axis=-1) / response.shape[-1]

    ranges, angles = filled(ranges_m, range_sector), filled(angles_rad, angle_sector)
    towards = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    found, target = (
        (float(np.hypot(*place)), float(np.arctan2(place[1], place[0]))) for place in (position, scenario.target_m)
    )
    return Spectrum(
        ranges_m=ranges,
        angles_rad=angles,
        levels_db=levels_db(np.stack([null(distance * towards) for distance in ranges]), float(null(position))),
        estimate=found,
        target=target,
    )
