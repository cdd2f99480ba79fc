"""Estimating the target of the system ``stars`` from echoes at the sensors, as in Fig. 7 of its paper."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.physics import chirp_search
from isaclib.systems.base import HAS_DESIGN, Estimator
from isaclib.systems.parameters import complaint
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.echo import Echo, Heard
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario, element_offsets_m
from isaclib.systems.streams import BLOCK, Streams

if TYPE_CHECKING:
    import xarray as xr

RANGE_FACTOR = 2.0
"""A target at one known range is searched from this part of it to this multiple of it."""

ANGLE_MARGIN_DEG = 10.0
"""A target at one known angle is searched so far to each side."""

NAMES = {"ml": "maximum likelihood", "music": "MUSIC"}

OPTIONS: Mapping[str, Any] = {
    "trials": 1,
    "refine": True,
    "range_step_m": 0.05,
    "angle_step_deg": 0.1,
    "range_min_m": None,
    "range_max_m": None,
    "angle_min_deg": None,
    "angle_max_deg": None,
    "prior_range_m": None,
    "prior_angle_deg": None,
}


def search_sector(p: Parameters, options: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """Say where the target is searched: by default where the parameters have it.

    Where they name a single range or angle, `RANGE_FACTOR` and `ANGLE_MARGIN_DEG` around it.

    Parameters
    ----------
    p : Parameters
        Of the scenario.
    options : mapping
        ``range_min_m``, ``range_max_m``, ``angle_min_deg``, ``angle_max_deg``; None for the default.

    Returns
    -------
    tuple of float
        Smallest and largest range in metres, smallest and largest angle in degrees.

    Raises
    ------
    ValueError
        For a sector that is not one, that reaches the surface, or that a target may be outside of.
    """
    (near, far), (low, high) = p.target_range_m, p.target_angle_deg
    limits = {"range_min_m": near, "range_max_m": far, "angle_min_deg": low, "angle_max_deg": high}
    if near == far:
        limits["range_min_m"] = max(near / RANGE_FACTOR, 0.5 * (near + 0.5 * p.aperture_m))
        limits["range_max_m"] = RANGE_FACTOR * far
    if low == high:
        limits["angle_min_deg"] = max(low - ANGLE_MARGIN_DEG, -90.0)
        limits["angle_max_deg"] = min(high + ANGLE_MARGIN_DEG, 90.0)
    for name in limits:
        value = options[name]
        if value is not None:
            limits[name] = _number(name, value)
    nearest, farthest, lowest, highest = limits.values()
    if not 0.5 * p.aperture_m < nearest < farthest:
        raise complaint(
            "range_min_m, range_max_m",
            (nearest, farthest),
            f"min < max above {0.5 * p.aperture_m:.6g} m, outside the surface",
        )
    if not -90.0 <= lowest < highest <= 90.0:
        raise complaint("angle_min_deg, angle_max_deg", (lowest, highest), "min < max within -90 to 90 deg")
    for name, (least, most), (start, stop), unit in (
        ("target_range_m", (near, far), (nearest, farthest), "m"),
        ("target_angle_deg", (low, high), (lowest, highest), "deg"),
    ):
        if not start <= least <= most <= stop:
            raise complaint(
                name,
                (least, most),
                f"targets where the estimators search, {start:.6g} to {stop:.6g} {unit}, or a wider search by "
                "their options",
            )
    return nearest, farthest, lowest, highest


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise complaint(name, value, "a number, or none")
    return float(value)


def check(p: Parameters, options: Mapping[str, Any]) -> None:
    """Refuse what the estimators cannot work with.

    Raises
    ------
    ValueError
        For numbers below what they mean, a bad sector (`search_sector`), or a search of too many
        places.
    """
    if options["trials"] < 1:
        raise complaint("trials", options["trials"], "a whole number of at least 1")
    for name in ("range_step_m", "angle_step_deg", "prior_range_m", "prior_angle_deg"):
        value = options[name]
        optional = OPTIONS[name] is None
        if optional and value is None:
            continue
        if not _number(name, value) > 0.0:
            raise complaint(name, value, "a number above 0" + (", or none" if optional else ""))
    near, far, low, high = search_sector(p, options)
    inverses, sines = 1.0 / near - 1.0 / far, math.sin(math.radians(high)) - math.sin(math.radians(low))
    # streams that differ over the surface add its aperture to that of the sensors
    rows, columns = chirp_search.coarse_sizes(p.aperture_m, p.wavelength_m, inverses, sines)
    if not options["refine"]:
        columns = math.ceil((high - low) / options["angle_step_deg"])
        cells = math.ceil((far - near) / options["range_step_m"])
        if columns * cells > chirp_search.MOST_POINTS:
            raise complaint(
                "range_step_m, angle_step_deg",
                (options["range_step_m"], options["angle_step_deg"]),
                f"steps that make a grid of at most {chirp_search.MOST_POINTS} places, not {columns * cells}",
            )
    points = rows * columns * max(p.star_elements, p.most_sensors)
    if points > chirp_search.MOST_POINTS:
        raise complaint(
            "range_min_m, range_max_m, angle_min_deg, angle_max_deg",
            (near, far, low, high),
            f"a narrower sector or a coarser grid: {rows} ranges and {columns} angles for every element, "
            f"with a product of at most {chirp_search.MOST_POINTS}, not {points}",
        )


def run(name: str, scenario: Scenario, design: Design, options: Mapping[str, Any], rng: Streams) -> xr.Dataset:
    r"""Draw echoes of the first target and estimate its range and angle.

    Y = beta b (a^T diag(q) G F) S + Z with T = `snapshots` columns of symbols CN(0, 1), the echo of
    any other target absent. With A = diag(q) G F,

        ml     (r, th) = argmax |b^H Y S^H w|^2 / (|b|^2 w^H S S^H w),  w = conj(A^T a)
        music  (r, th) = argmax |b^H u|^2 / |b|^2,  u the dominant eigenvector of Y Y^H

    over a sector. Y S^H, S S^H and Y Y^H are drawn as such (`isaclib.physics.echoes`), anew for every
    trial; both estimators, all schemes and all numbers of sensors have them of the same numbers.

    Parameters
    ----------
    name : str
        ``ml`` or ``music``.
    scenario : Scenario
        What was designed for.
    design : Design
        Its beams, coefficients and sensors.
    options : mapping
        ``trials``; ``refine``: below any grid, else the best place of the grid of ``range_step_m`` and
        ``angle_step_deg``; the sector, see `search_sector`; ``prior_range_m``, ``prior_angle_deg``: how
        far from the target the search goes at most, None for all of the sector.
    rng : Streams
        Names the realisations.

    Returns
    -------
    xarray.Dataset
        Errors over (realisation, trial), NaN where there is no design.

    Raises
    ------
    ValueError
        For what `check` refuses.
    """
    p = scenario.parameters
    check(p, options)
    distance, angle = (scenario.of_targets(v)[:, 0] for v in (scenario.target_range_m, scenario.target_angle_rad))
    sector, grid = sectors_of(scenario, options), grid_of(p, options)
    # designs taken up from a file have numbers of sensors as metrics have them
    count = np.nan_to_num(design.sensor_count).astype(np.int64)
    trials = int(options["trials"])
    found = np.full((len(scenario), trials, 2), np.nan)
    designed = np.isin(design.status, HAS_DESIGN) & (count > 0)
    # a block at a time bounds the memory
    edges = [rng.start, *range((rng.start // BLOCK + 1) * BLOCK, rng.stop, BLOCK), rng.stop]
    for first, last in itertools.pairwise(edges):
        rows = np.flatnonzero(designed[first - rng.start : last - rng.start])
        if not len(rows):
            continue
        at = rows + first - rng.start
        echo = Echo.of(scenario, design, at)
        block = Streams(rng.seed, first, last)
        drawn = [echo.draw(block, rows, trial, beyond=name == "music") for trial in range(trials)]
        found[at] = locate(name, echo, drawn, sector[at], grid)
    return _dataset(name, found, distance[:, None], angle[:, None], rng)


def locate(name: str, echo: Echo, drawn: list[Heard], sector: np.ndarray, grid: chirp_search.Grid | None) -> np.ndarray:
    """Estimate the place of the target in all trials at once.

    Parameters
    ----------
    name : str
        ``ml`` or ``music``.
    echo : Echo
        How it answers in R designed realisations.
    drawn : list of Heard
        What the sensors heard in each trial.
    sector : ndarray, shape (R, 4)
        Of `sectors_of`.
    grid : Grid or None
        Of `grid_of`.

    Returns
    -------
    ndarray, shape (R, trials, 2)
        Range in metres and angle in radians.
    """
    p, trials = echo.parameters, len(drawn)
    found = np.empty((len(sector), trials, 2))

    def search(rows: np.ndarray, heard: list[np.ndarray], lit: list[np.ndarray] | None = None) -> None:
        places = chirp_search.locate(
            np.concatenate([each[rows] for each in heard]),
            np.tile(echo.count[rows], trials),
            np.tile(echo.spacing_m[rows], trials),
            np.tile(sector[rows], (trials, 1)),
            wavelength_m=p.wavelength_m,
            response=p.response,
            aside_m=p.sensor_offset_m,
            lit=None if lit is None else np.concatenate([each[rows] for each in lit]),
            elements_m=None if lit is None else element_offsets_m(p),
            grid=grid,
        )
        found[rows] = places.reshape(trials, -1, 2).swapaxes(0, 1)

    if name == "music":
        search(np.arange(len(sector)), [echo.dominant(heard)[..., None] for heard in drawn])
        return found
    # the place does not change how the beams of a single stream mix
    alone, several = np.flatnonzero(echo.single), np.flatnonzero(~echo.single)
    if len(alone):
        search(alone, [echo.of_stream(heard)[..., None] for heard in drawn])
    if len(several):
        search(several, [heard.along for heard in drawn], [echo.lit @ heard.mixing for heard in drawn])
    return found


def sectors_of(scenario: Scenario, options: Mapping[str, Any]) -> np.ndarray:
    """Say where the first target of each realisation is searched.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        The sector, see `search_sector`, and what is known beforehand.

    Returns
    -------
    ndarray, shape (B, 4)
        Smallest and largest range in metres, smallest and largest angle in radians.
    """
    near, far, low, high = search_sector(scenario.parameters, options)
    distance, angle = (scenario.of_targets(v)[:, 0] for v in (scenario.target_range_m, scenario.target_angle_rad))
    aside_m, aside_deg = (math.inf if options[n] is None else options[n] for n in ("prior_range_m", "prior_angle_deg"))
    aside = math.radians(aside_deg)
    return np.stack(
        [
            np.maximum(distance - aside_m, near),
            np.minimum(distance + aside_m, far),
            np.maximum(angle - aside, math.radians(low)),
            np.minimum(angle + aside, math.radians(high)),
        ],
        axis=-1,
    )


def grid_of(p: Parameters, options: Mapping[str, Any]) -> chirp_search.Grid | None:
    """Return the grid that the estimators stay on; None where they refine."""
    if options["refine"]:
        return None
    near, far, low, high = search_sector(p, options)
    ends = (near, far), (math.radians(low), math.radians(high))
    return chirp_search.Grid(options["range_step_m"], math.radians(options["angle_step_deg"]), *ends)


def _dataset(name: str, found: np.ndarray, distance: np.ndarray, angle: np.ndarray, rng: Streams) -> xr.Dataset:
    import xarray as xr

    off = found[..., 0] * np.exp(1j * found[..., 1]) - distance * np.exp(1j * angle)
    method = NAMES[name]
    variables = {
        f"{name}_error_m": (np.abs(off), "m", f"distance of the estimate from the target, {method}"),
        f"{name}_range_error_m": (np.abs(found[..., 0] - distance), "m", f"range error, {method}"),
        f"{name}_angle_error_deg": (np.abs(np.degrees(found[..., 1] - angle)), "deg", f"angle error, {method}"),
    }
    return xr.Dataset(
        {
            key: xr.Variable(("realisation", "trial"), values, {"units": units, "long_name": long_name})
            for key, (values, units, long_name) in variables.items()
        },
        coords={"realisation": np.arange(rng.start, rng.stop), "trial": np.arange(found.shape[1])},
    )


def run_ml(scenario: Scenario, design: Design, options: Mapping[str, Any], rng: Streams) -> xr.Dataset:
    """Maximum likelihood, see `run`."""
    return run("ml", scenario, design, options, rng)


def run_music(scenario: Scenario, design: Design, options: Mapping[str, Any], rng: Streams) -> xr.Dataset:
    """MUSIC over range and angle at once, see `run`."""
    return run("music", scenario, design, options, rng)


ESTIMATORS = {
    name: Estimator(
        name=name,
        summary=summary,
        run=runner,
        check=check,
        options=OPTIONS,
        metrics=dict.fromkeys(
            tuple(f"{name}_{what}" for what in ("error_m", "range_error_m", "angle_error_deg")), ("trial",)
        ),
    )
    for name, summary, runner in (
        ("ml", "maximum likelihood of range and angle at the sensors", run_ml),
        ("music", "MUSIC over range and angle at once at the sensors", run_music),
    )
}
