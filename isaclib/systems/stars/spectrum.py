"""The MUSIC spectrum of a trial of the system ``stars``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.systems.spectrum import Spectrum, filled, levels_db
from isaclib.systems.stars import information
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.echo import Echo
from isaclib.systems.stars.estimation import check, grid_of, locate, sectors_of
from isaclib.systems.stars.scenario import Scenario


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
    """Take the spectrum of the echoes that `estimation.run_music` has in that trial, at the sensors.

    Parameters
    ----------
    scenario, design, options, index, trial, ranges_m, angles_rad
        As `isaclib.systems.system.System.spectrum` has them.

    Returns
    -------
    Spectrum
        Its angles are those from the normal of the target's side.

    Raises
    ------
    ValueError
        For what `estimation.check` refuses.
    """
    p = scenario.parameters
    check(p, options)
    block = scenario.streams.single(index)
    echo = Echo.of(scenario, design, np.array([index]))
    heard = echo.draw(block, np.array([0]), trial, beyond=True)
    sector = sectors_of(scenario, options)[[index]]
    near, far, low, high = sector[0]
    distance, angle = locate("music", echo, [heard], sector, grid_of(p, options))[0, 0]
    dominant = echo.dominant(heard)[0]
    offsets = information.sensor_offsets_m(int(echo.count[0]), echo.spacing_m)[0]

    def null(range_m: np.ndarray | float, angle_rad: np.ndarray | float) -> np.ndarray:
        response, _ = information.sensor_response(p, offsets, np.asarray(range_m), np.asarray(angle_rad))
        norm = np.sum(np.abs(response) ** 2, axis=-1)
        return 1.0 - np.abs(np.conj(response) @ dominant) ** 2 / norm

    ranges, angles = filled(ranges_m, (near, far)), filled(angles_rad, (low, high))
    return Spectrum(
        ranges_m=ranges,
        angles_rad=angles,
        levels_db=levels_db(np.stack([null(r, angles) for r in ranges]), float(null(distance, angle))),
        estimate=(float(distance), float(angle)),
        target=(
            float(scenario.of_targets(scenario.target_range_m)[index, 0]),
            float(scenario.of_targets(scenario.target_angle_rad)[index, 0]),
        ),
    )
