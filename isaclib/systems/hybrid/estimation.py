"""Estimating the target of the system ``hybrid`` from simulated echoes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.physics import arrays, channels, music
from isaclib.systems.base import HAS_DESIGN, Estimator
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.parameters import complaint
from isaclib.systems.streams import BLOCK, Stream, Streams

if TYPE_CHECKING:
    import xarray as xr


def search_sector(
    parameters: Parameters, options: Mapping[str, Any]
) -> tuple[tuple[float, float], tuple[float, float]]:
    r"""Say where MUSIC searches.

    By default the angles that the array tells apart, \|sin(angle)\| < lambda / (2 d), all of
    them where d < lambda / 2, and 1 m to the Rayleigh distance.

    Parameters
    ----------
    parameters : Parameters
        Of the scenario.
    options : mapping
        ``angle_min_deg``, ``angle_max_deg``, ``range_min_m``, ``range_max_m``; None for the default.

    Returns
    -------
    angle_rad, range_m : tuple of float
        (min, max) of each.

    Raises
    ------
    ValueError
        For a sector that is not one, or that does not hold the target.
    """
    widest = math.degrees(math.asin(min(1.0, parameters.wavelength_m / (2.0 * parameters.element_spacing_m))))
    limits = {
        "angle_min_deg": -widest,
        "angle_max_deg": widest,
        "range_min_m": 1.0,
        "range_max_m": parameters.rayleigh_distance_m,
    }
    for name in limits:
        value = options[name]
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise complaint(name, value, "a number, or none")
        limits[name] = float(value)
    angle_low, angle_high, range_low, range_high = limits.values()
    if not -90.0 <= angle_low < angle_high <= 90.0:
        raise complaint("angle_min_deg, angle_max_deg", (angle_low, angle_high), "min < max within -90 to 90 deg")
    if not 0.0 < range_low < range_high:
        raise complaint("range_min_m, range_max_m", (range_low, range_high), "0 < min < max")
    x, y = parameters.target_m
    angle, distance = math.degrees(math.atan2(y, x)), math.hypot(x, y)
    if not (angle_low < angle < angle_high and range_low < distance < range_high):
        raise complaint(
            "target_m",
            parameters.target_m,
            f"a target where MUSIC searches, {angle_low:.4g} to {angle_high:.4g} deg and "
            f"{range_low:.4g} to {range_high:.4g} m, or a wider search by its options",
        )
    return (math.radians(angle_low), math.radians(angle_high)), (range_low, range_high)


def check_music(parameters: Parameters, options: Mapping[str, Any]) -> None:
    """Refuse what MUSIC cannot work with.

    Raises
    ------
    ValueError
        For a number of trials below one, or a bad sector (`search_sector`).
    """
    trials = options["trials"]
    if trials % 1 or trials < 1:
        raise complaint("trials", trials, "a whole number of at least 1")
    search_sector(parameters, options)


def run_music(scenario: Scenario, design: Design, options: Mapping[str, Any], rng: Streams) -> xr.Dataset:
    """Simulate echoes, eq. (15), and locate the target by two-step MUSIC.

    Symbols are CN(0, 1), drawn anew for every trial; symbols and noise are the same numbers for
    every scheme, and the first ones stay when trials, users or antennas are added.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    design : Design
        Whose beamformers illuminate the target.
    options : mapping
        ``trials`` and those of `search_sector`.
    rng : Streams
        Names the realisations.

    Returns
    -------
    xarray.Dataset
        ``music_position_m`` (realisation, trial, coordinate) and ``music_error_m`` (realisation,
        trial); NaN where there is no design.

    Raises
    ------
    ValueError
        For a number of trials below one, or a bad sector.
    """
    import xarray as xr

    check_music(scenario.parameters, options)
    trials = options["trials"]
    angle_sector, range_sector = search_sector(scenario.parameters, options)
    designed = np.isin(design.status, HAS_DESIGN)
    positions = np.full((len(scenario), int(trials), 2), np.nan)
    # a block at a time bounds the memory: the echoes are the largest arrays of the whole campaign
    edges = [rng.start, *range((rng.start // BLOCK + 1) * BLOCK, rng.stop, BLOCK), rng.stop]
    for first, last in itertools.pairwise(edges):
        rows = np.flatnonzero(designed[first - rng.start : last - rng.start])
        if not len(rows):
            continue
        target = rows + (first - rng.start)
        block = Streams(rng.seed, first, last)
        for trial in range(int(trials)):
            positions[target, trial] = music.locate(
                simulated_echoes(scenario, design, target, rows, block, trial),
                scenario.elements_m,
                scenario.wavelength_m,
                angle_sector_rad=angle_sector,
                range_sector_m=range_sector,
            )
    error = np.sqrt(((positions - scenario.target_m) ** 2).sum(axis=-1))
    return xr.Dataset(
        {
            "music_error_m": (
                ("realisation", "trial"),
                error,
                {"units": "m", "long_name": "distance of the MUSIC estimate from the target"},
            ),
            "music_position_m": (
                ("realisation", "trial", "coordinate"),
                positions,
                {"units": "m", "long_name": "target position estimated by MUSIC"},
            ),
        },
        coords={
            "realisation": np.arange(rng.start, rng.stop),
            "trial": np.arange(int(trials)),
            "coordinate": ["x", "y"],
        },
    )


def simulated_echoes(
    scenario: Scenario, design: Design, at: np.ndarray, rows: np.ndarray, block: Streams, trial: int
) -> np.ndarray:
    """Y of (15) in one trial.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    design : Design
        Whose beamformers illuminate the target.
    at : ndarray of int, shape (R,)
        Rows of the scenario.
    rows : ndarray of int, shape (R,)
        The same, counted from the start of `block`.
    block : Streams
        Names the realisations that are drawn at once.
    trial : int
        From 0.

    Returns
    -------
    ndarray of complex, shape (R, N, T)
    """
    p = scenario.parameters
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    symbols = block.complex_normal(Stream.SYMBOLS, (design.beamformers.shape[-1], p.snapshots), trial)[rows]
    noise = block.complex_normal(Stream.NOISE, (len(response), p.snapshots), trial)[rows]
    noise *= math.sqrt(p.noise_w)
    return channels.monostatic_echo(response, design.beamformers[at], symbols, noise, scenario.reflection)


ESTIMATORS = {
    "music": Estimator(
        name="music",
        summary="two-step MUSIC: far-field angle search, then near-field range search at that angle",
        run=run_music,
        check=check_music,
        metrics={"music_error_m": ("trial",), "music_position_m": ("trial", "coordinate")},
        options={
            "trials": 1,
            "angle_min_deg": None,
            "angle_max_deg": None,
            "range_min_m": 1.0,
            "range_max_m": None,
        },
    )
}
