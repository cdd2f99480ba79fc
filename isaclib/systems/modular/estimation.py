"""Estimating the target of the system ``modular`` from simulated echoes, as in Fig. 8 of its paper."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.physics import music_2d
from isaclib.systems.base import HAS_DESIGN, Estimator
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.draw import element_offsets_m, subarray_centres
from isaclib.systems.modular.parameters import Parameters
from isaclib.systems.modular.scenario import Scenario
from isaclib.systems.parameters import complaint
from isaclib.systems.streams import BLOCK, Stream, Streams

if TYPE_CHECKING:
    import xarray as xr

RANGE_SHARE = 0.25
"""Half the range searched by default, as a share of the target's range."""

ANGLE_DEG = 1.5
"""Half the angle searched by default: it has the first grating lobes of widely spaced subarrays."""

SPECTRUM = "music_spectrum_db"


def search_sector(parameters: Parameters, options: Mapping[str, Any]) -> music_2d.Sector:
    """Say where MUSIC searches: by default around the first target, `RANGE_SHARE` and `ANGLE_DEG` to each side.

    Parameters
    ----------
    parameters : Parameters
        Of the scenario.
    options : mapping
        ``range_min_m``, ``range_max_m``, ``angle_min_deg``, ``angle_max_deg``; None for the default.

    Returns
    -------
    Sector

    Raises
    ------
    ValueError
        For a sector that is not one, that reaches the arrays, or that does not hold the target.
    """
    distance, angle = parameters.target_range_m[0], parameters.target_angle_deg[0]
    limits = {
        "range_min_m": max((1.0 - RANGE_SHARE) * distance, 0.5 * (parameters.shortest_range_m + distance)),
        "range_max_m": (1.0 + RANGE_SHARE) * distance,
        "angle_min_deg": max(angle - ANGLE_DEG, -90.0),
        "angle_max_deg": min(angle + ANGLE_DEG, 90.0),
    }
    for name in limits:
        value = options[name]
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise complaint(name, value, "a number, or none")
        limits[name] = float(value)
    near, far, low, high = limits.values()
    if not parameters.shortest_range_m < near < far:
        raise complaint(
            "range_min_m, range_max_m",
            (near, far),
            f"min < max above {parameters.shortest_range_m:.6g} m, outside the arrays",
        )
    if not -90.0 <= low < high <= 90.0:
        raise complaint("angle_min_deg, angle_max_deg", (low, high), "min < max within -90 to 90 deg")
    if not (near < distance < far and low < angle < high):
        raise complaint(
            "target_range_m, target_angle_deg",
            (distance, angle),
            f"a first target where MUSIC searches, {near:.4g} to {far:.4g} m and {low:.4g} to {high:.4g} deg, "
            "or a wider search by its options",
        )
    return music_2d.Sector(range_m=(near, far), angle_rad=(math.radians(low), math.radians(high)))


def check_music(parameters: Parameters, options: Mapping[str, Any]) -> None:
    """Refuse what MUSIC cannot work with.

    Raises
    ------
    ValueError
        For numbers of trials or points below what they mean, a bad sector (`search_sector`), a
        wavefront that knows no range, or too few antennas or snapshots for the signal subspace.
    """
    for name, least in (("trials", 1), ("spectrum", 0), ("spectrum_draws", 1)):
        if options[name] < least:
            raise complaint(name, options[name], f"a whole number of at least {least}")
    for name in ("spectrum_range_m", "spectrum_angle_deg"):
        if not 0.0 < options[name] < math.inf:
            raise complaint(name, options[name], "a number above 0")
    p = parameters
    if p.design_wavefront == "pwm":
        raise complaint("design_wavefront", p.design_wavefront, "hspm or swm for MUSIC: planar waves know no range")
    if p.design_wavefront == "hspm" and p.subarrays < 2:
        raise complaint("subarrays", p.subarrays, "at least 2 for MUSIC under hspm: one planar subarray knows no range")
    needed, room = sources(p), min(p.elements, p.snapshots)
    if needed >= room:
        raise complaint(
            "snapshots", p.snapshots, f"more snapshots and antennas than the {needed} echoes, for a noise subspace"
        )
    sector = search_sector(p, options)
    if options["spectrum"] and p.target_range_m[0] - options["spectrum_range_m"] <= p.shortest_range_m:
        raise complaint(
            "spectrum_range_m",
            options["spectrum_range_m"],
            f"less than the {p.target_range_m[0] - p.shortest_range_m:.6g} m from the first target to the arrays",
        )
    music_2d.check_size(receive_aperture(p, subarray_centres(p, Streams(0, 0, 1)), sector), sector)


def sources(p: Parameters) -> int:
    """Return the dimension of the signal subspace: as many as there are targets and interferers."""
    return len(p.target_range_m) + len(p.interferer_range_m)


def receive_aperture(p: Parameters, centres: np.ndarray, sector: music_2d.Sector) -> music_2d.Aperture:
    """Return the receive array as the designer knows it.

    Parameters
    ----------
    p : Parameters
        Of the scenario.
    centres : ndarray, shape (1 or B, L)
        y of the transmit array's subarray centres; the receive array is mirrored.
    sector : Sector
        What is searched.

    Returns
    -------
    Aperture
    """
    return music_2d.Aperture.of(
        -centres,
        -element_offsets_m(p),
        p.wavelength_m,
        p.design_wavefront,
        length_m=p.span_m + p.subarray_width_m,
        nearest_m=sector.range_m[0],
    )


def run_music(scenario: Scenario, design: Design, options: Mapping[str, Any], rng: Streams) -> xr.Dataset:
    """Simulate echoes and locate the first target by MUSIC over range and angle.

    Y = sum_q |alpha_q| a_rq a_q^H F S + noise, with T = `snapshots` columns of symbols CN(0, 1); the
    signal subspace of Y Y^H has as many dimensions as there are objects. The echoes are those of
    the true wavefront, the search has the designer's. Symbols and noise are drawn anew for every
    trial, and are the same numbers for every scheme; the first ones stay when trials, streams or
    subarrays are added.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    design : Design
        Whose beamformers light the objects.
    options : mapping
        ``trials``, those of `search_sector`, and for images ``spectrum`` (points to a side, 0: none),
        ``spectrum_draws`` (the first so many realisations have one, of their first trial) and
        ``spectrum_range_m``, ``spectrum_angle_deg`` (from the target to the edge).
    rng : Streams
        Names the realisations.

    Returns
    -------
    xarray.Dataset
        Errors and the -3 dB width over (realisation, trial), NaN where there is no design;
        ``music_spectrum_db`` over (realisation, range_from_target_m, angle_from_target_deg) where it
        is asked for.

    Raises
    ------
    ValueError
        For what `check_music` refuses.
    """
    p = scenario.parameters
    check_music(p, options)
    sector, dimensions, trials = search_sector(p, options), sources(p), int(options["trials"])
    designed = np.isin(design.status, HAS_DESIGN)
    peaks = np.full((len(scenario), trials, 2), np.nan)
    widths = np.full((len(scenario), trials), np.nan)
    target_range, target_angle = p.target_range_m[0], math.radians(p.target_angle_deg[0])
    points = int(options["spectrum"])
    away_m = options["spectrum_range_m"] * np.linspace(-1.0, 1.0, points)
    away_deg = options["spectrum_angle_deg"] * np.linspace(-1.0, 1.0, points)
    spectra = np.full((len(scenario), points, points), np.nan, dtype=np.float32)
    # a block at a time bounds the memory: the echoes are large
    edges = [rng.start, *range((rng.start // BLOCK + 1) * BLOCK, rng.stop, BLOCK), rng.stop]
    for first, last in itertools.pairwise(edges):
        block, inside = replace(rng, start=first, stop=last), slice(first - rng.start, last - rng.start)
        rows = np.flatnonzero(designed[inside])
        if not len(rows):
            continue
        at = rows + inside.start
        centres = subarray_centres(p, block)
        aperture = receive_aperture(p, centres if len(centres) == 1 else centres[rows], sector)
        for trial in range(trials):
            echoes = simulated_echoes(scenario, design, at, rows, block, trial)
            subspace = music_2d.signal_subspace(echoes, dimensions)
            found = music_2d.locate(subspace, aperture, sector)
            peaks[at, trial] = found
            widths[at, trial] = music_2d.range_width(subspace, aperture, found)
            shown = np.flatnonzero(first + rows < options["spectrum_draws"])
            if points and trial == 0 and len(shown):
                spectra[at[shown]] = music_2d.spectrum_db(
                    subspace[shown],
                    aperture.rows(shown),
                    found[shown],
                    target_range + away_m,
                    target_angle + np.radians(away_deg),
                )
    return _dataset(p, peaks, widths, rng, (away_m, away_deg, spectra) if points else None)


def simulated_echoes(
    scenario: Scenario, design: Design, at: np.ndarray, rows: np.ndarray, block: Streams, trial: int
) -> np.ndarray:
    """Y of one trial.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    design : Design
        Whose beamformers light the objects.
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
    symbols = block.complex_normal(Stream.SYMBOLS, (design.beamformers.shape[-1], p.snapshots), trial)[rows]
    lit = np.conj(scenario.transmit[at]) @ design.beamformers[at] @ symbols
    echoes = np.swapaxes(scenario.receive[at], 1, 2) @ (scenario.reflections[:, None] * lit)
    deviation = math.sqrt(scenario.sensing_noise_w / 2.0)

    def noise(generator: np.random.Generator, count: int) -> np.ndarray:
        # realisations outermost in memory: several times faster than innermost on arrays of this size
        pair = generator.standard_normal((count, p.elements_per_subarray, p.snapshots, 2))
        return np.moveaxis(pair.view(np.complex128)[..., 0], 0, -1)

    # a subarray at a time: those of a smaller array keep their noise
    for subarray in range(p.subarrays):
        part = slice(subarray * p.elements_per_subarray, (subarray + 1) * p.elements_per_subarray)
        echoes[:, part] += deviation * block.draw(Stream.NOISE, noise, trial, subarray)[rows]
    return echoes


def _dataset(
    p: Parameters,
    peaks: np.ndarray,
    widths: np.ndarray,
    rng: Streams,
    images: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
) -> xr.Dataset:
    import xarray as xr

    distance, angle = p.target_range_m[0], math.radians(p.target_angle_deg[0])
    off = peaks[..., 0] * np.exp(1j * peaks[..., 1]) - distance * np.exp(1j * angle)
    each = ("realisation", "trial")
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {
        "music_error_m": (
            each,
            np.abs(off),
            {"units": "m", "long_name": "distance of the MUSIC estimate from the target"},
        ),
        "music_range_error_m": (
            each,
            np.abs(peaks[..., 0] - distance),
            {"units": "m", "long_name": "range error of MUSIC"},
        ),
        "music_angle_error_deg": (
            each,
            np.abs(np.degrees(peaks[..., 1] - angle)),
            {"units": "deg", "long_name": "angle error of MUSIC"},
        ),
        "music_width_m": (
            each,
            widths,
            {"units": "m", "long_name": "-3 dB width of the MUSIC main lobe in range"},
        ),
    }
    coordinates: dict[str, Any] = {
        "realisation": np.arange(rng.start, rng.stop),
        "trial": np.arange(peaks.shape[1]),
    }
    if images is not None:
        away_m, away_deg, spectra = images
        dims = ("range_from_target_m", "angle_from_target_deg")
        coordinates |= dict(zip(dims, (away_m, away_deg), strict=True))
        about = {"units": "dB", "long_name": "normalised MUSIC spectrum", "origin": "target"}
        variables[SPECTRUM] = (("realisation", *dims), spectra, about)
    return xr.Dataset(
        {name: xr.Variable(dims, values, attrs) for name, (dims, values, attrs) in variables.items()},
        coords=coordinates,
    )


ESTIMATORS = {
    "music": Estimator(
        name="music",
        summary="MUSIC over range and angle at once, around the first target",
        run=run_music,
        check=check_music,
        metrics={
            **dict.fromkeys(("music_error_m", "music_range_error_m", "music_angle_error_deg"), ("trial",)),
            "music_width_m": ("trial",),
            SPECTRUM: ("range_from_target_m", "angle_from_target_deg"),
        },
        optional={SPECTRUM: "spectrum"},
        options={
            "trials": 1,
            "range_min_m": None,
            "range_max_m": None,
            "angle_min_deg": None,
            "angle_max_deg": None,
            "spectrum": 0,
            "spectrum_draws": 1,
            "spectrum_range_m": 1.0,
            "spectrum_angle_deg": 0.5,
        },
    )
}
