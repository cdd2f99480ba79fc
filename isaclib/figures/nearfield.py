"""Power patterns and MUSIC spectra of one realisation over range and angle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.figures.axes import given_or_new, legend_above
from isaclib.figures.image import COLORS
from isaclib.figures.marks import ARRAYS, mark
from isaclib.figures.realisation import system_and_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

POINTS = 241
"""Ranges of a pattern where none are named."""

MOST_ANGLES = 1501
"""Angles of a pattern where none are named, at most: what a page resolves."""

VIEWS = ("polar", "plan")


def beampattern(
    scenario: Any,
    design: Any,
    realisation: int | None = None,
    *,
    beam: int | None = None,
    ranges_m: np.ndarray | None = None,
    angles_deg: np.ndarray | None = None,
    view: str = "polar",
    reference_w: float | None = None,
    dynamic_db: float = 40.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the power that a design sends into the near field, over range and angle, in dB.

    It is `isaclib.systems.system.System.pattern`, without the loss of the path, so that a focus shows as a peak
    in range: of ``hybrid`` a^H W W^H a, of ``modular`` the same of its subarrays under the true wavefront, of
    ``stars`` what the surface reflects and, beyond 90 deg, what it transmits.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    design : Design
        The design.
    realisation : int, optional
        Index of the draw; default: the scenario's first.
    beam : int, optional
        One beam alone, such as a user's; default: all together.
    ranges_m, angles_deg : ndarray, shapes (R,) and (A,), optional
        Where the power is taken; default: around everything that stands there, as fine as the array resolves,
        with `MOST_ANGLES` at most: the beams of a wide modular array need a narrower picture.
    view : str
        ``polar``: range over angle; ``plan``: y over x.
    reference_w : float, optional
        Power of 0 dB, for pictures that are compared; default: the largest one shown.
    dynamic_db : float
        Levels further below the reference than this have one colour.
    ax : matplotlib Axes, optional
        Drawn on; default: those of a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        For a realisation, beam or view that there is not, a realisation without a design, ranges or angles
        that do not ascend, or a `reference_w` or `dynamic_db` that is not above 0.

    Examples
    --------
    >>> isaclib.figures.beampattern(scenario, design, 3, view="plan")  # doctest: +SKIP
    """
    if view not in VIEWS:
        raise ValueError(f"view = {view!r}: expected one of {', '.join(VIEWS)}")
    for name, value in (("reference_w", reference_w), ("dynamic_db", dynamic_db)):
        if value is not None and not 0.0 < value < math.inf:
            raise ValueError(f"{name} = {value!r}: expected a number above 0")
    system, row = system_and_row(scenario, realisation)
    places = system.places(scenario, row)
    ranges, angles = _around(scenario.parameters, places)
    ranges = ranges if ranges_m is None else _ascending("ranges_m", ranges_m)
    angles = angles if angles_deg is None else _ascending("angles_deg", angles_deg)
    power = system.pattern(scenario, design, row, ranges, np.radians(angles), beam=beam)
    reference = power.max() if reference_w is None else reference_w
    # nothing at all has no level
    levels = 10.0 * np.log10(np.maximum(power / reference, np.finfo(float).tiny))
    axes = given_or_new(ax)
    name = "Relative power" if reference_w is None else f"Power over {reference_w:.3g} W"
    _image(axes, ranges, angles, levels, view, label=f"{name} (dB)", lowest=-dynamic_db, highest=0.0)
    marked = {kind: at for kind, at in places.items() if kind not in (*ARRAYS, "scatterers") and len(at)}
    _marks(axes, ranges, angles, view, marked)
    if view == "polar" and angles.max() > 90.0 and min(at[:, 0].min() for at in marked.values()) < 0.0:
        axes.set_xlabel("Angle (deg, beyond 90 transmission side)")
    return axes


def music_spectrum(
    scenario: Any,
    design: Any,
    realisation: int | None = None,
    *,
    trial: int = 0,
    options: Mapping[str, Any] | None = None,
    ranges_m: np.ndarray | None = None,
    angles_deg: np.ndarray | None = None,
    dynamic_db: float = 40.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the spectrum that MUSIC searches in one trial, the target and the estimate marked.

    It is `isaclib.systems.system.System.spectrum`, of the echoes that the estimator of a campaign has.

    Parameters
    ----------
    scenario : Scenario
        What was designed for.
    design : Design
        Whose beams light the target.
    realisation : int, optional
        Index of the draw; default: the scenario's first.
    trial : int
        Of the estimator, from 0.
    options : mapping
        Of the estimator, as in a campaign file; they say where it searches.
    ranges_m, angles_deg : ndarray, shapes (R,) and (A,), optional
        Where the spectrum is taken; default: all of the sector that is searched.
    dynamic_db : float
        Levels further below the estimate's than this have one colour.
    ax : matplotlib Axes, optional
        Drawn on; default: those of a new figure.

    Returns
    -------
    matplotlib Axes
        0 dB is the level of the estimate.

    Raises
    ------
    ValueError
        For a realisation, trial or option that there is not, a realisation without a design, ranges or angles
        that do not ascend, or a `dynamic_db` that is not above 0.

    Examples
    --------
    >>> isaclib.figures.music_spectrum(scenario, design, 3)  # doctest: +SKIP
    """
    if not 0.0 < dynamic_db < math.inf:
        raise ValueError(f"dynamic_db = {dynamic_db!r}: expected a number above 0")
    system, row = system_and_row(scenario, realisation)
    found = system.spectrum(
        scenario,
        design,
        row,
        trial=trial,
        options=options,
        ranges_m=None if ranges_m is None else _ascending("ranges_m", ranges_m),
        angles_rad=None if angles_deg is None else np.radians(_ascending("angles_deg", angles_deg)),
    )
    axes = given_or_new(ax)
    angles = np.degrees(found.angles_rad)
    _image(
        axes,
        found.ranges_m,
        angles,
        found.levels_db,
        "polar",
        label="MUSIC spectrum (dB)",
        lowest=max(-dynamic_db, float(found.levels_db.min())),
        highest=max(0.0, float(found.levels_db.max())),
    )
    places = {
        kind: at[0] * np.array([[math.cos(at[1]), math.sin(at[1])]])
        for kind, at in (("target", found.target), ("estimate", found.estimate))
    }
    _marks(axes, found.ranges_m, angles, "polar", places)
    return axes


def _around(p: Any, places: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Ranges and angles (deg) of everything that stands around, four angles to the width of a beam."""
    array = next(iter(places.values()))
    others = np.concatenate([at for kind, at in places.items() if kind not in ARRAYS])
    nearest = 1.05 * np.linalg.norm(array, axis=-1).max()
    farthest = 1.2 * np.linalg.norm(others, axis=-1).max()
    width = math.degrees(p.wavelength_m / max(float(np.ptp(array[:, 1])), p.wavelength_m))
    low, high = -90.0, 90.0 if others[:, 0].min() >= 0.0 else 270.0
    count = min(max(math.ceil(4.0 * (high - low) / width), POINTS), MOST_ANGLES)
    return np.linspace(nearest, farthest, POINTS), np.linspace(low, high, count)


def _image(
    axes: Axes,
    ranges_m: np.ndarray,
    angles_deg: np.ndarray,
    levels: np.ndarray,
    view: str,
    *,
    label: str,
    lowest: float,
    highest: float,
) -> None:
    across, up = _placed(view, *np.meshgrid(_edges(angles_deg), _edges(ranges_m)))
    mesh = axes.pcolormesh(across, up, levels, vmin=lowest, vmax=highest, cmap=COLORS, rasterized=True)
    axes.grid(visible=False)
    if view == "plan":
        axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("Angle (deg)" if view == "polar" else "x (m)")
    axes.set_ylabel("Range (m)" if view == "polar" else "y (m)")
    axes.figure.colorbar(mesh, ax=axes, pad=0.02, extend="min" if levels.min() < lowest else "neither").set_label(label)


def _ascending(name: str, values: np.ndarray) -> np.ndarray:
    found = np.asarray(values, dtype=float)
    if found.ndim != 1 or len(found) < 2 or not (np.diff(found) > 0.0).all():
        raise ValueError(f"{name} of shape {found.shape}: expected at least two ascending numbers")
    return found


def _edges(values: np.ndarray) -> np.ndarray:
    """Middles between neighbours, and as much beyond the first and the last."""
    middles = 0.5 * (values[1:] + values[:-1])
    return np.concatenate([[2.0 * values[0] - middles[0]], middles, [2.0 * values[-1] - middles[-1]]])


def _placed(view: str, angle_deg: np.ndarray, range_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if view == "polar":
        return angle_deg, range_m
    return range_m * np.cos(np.radians(angle_deg)), range_m * np.sin(np.radians(angle_deg))


def _marks(
    axes: Axes, ranges_m: np.ndarray, angles_deg: np.ndarray, view: str, places: Mapping[str, np.ndarray]
) -> None:
    """Mark the places that the picture holds."""
    from matplotlib.lines import Line2D

    handles: list[Line2D] = []
    for kind, at in places.items():
        distance = np.linalg.norm(at, axis=-1)
        # the turn that the picture begins with: of two sides one reaches beyond 180 deg
        angle = (np.degrees(np.arctan2(at[:, 1], at[:, 0])) - angles_deg.min()) % 360.0 + angles_deg.min()
        inside = (angle <= angles_deg.max()) & (distance >= ranges_m.min()) & (distance <= ranges_m.max())
        if not inside.any():
            continue
        look = mark(kind, on_image=True)
        axes.plot(*_placed(view, angle[inside], distance[inside]), **look, label=kind, clip_on=False)
        handles.append(Line2D([], [], **look, label=kind.capitalize()))
    legend_above(axes, handles, max(len(handles), 1))
