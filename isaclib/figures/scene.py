"""Where everything of one realisation stands, seen from above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.figures.axes import given_or_new, legend_above
from isaclib.figures.marks import mark
from isaclib.figures.realisation import system_and_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEYOND = 2.5
"""A Rayleigh distance above this multiple of the farthest place is told, not drawn."""


def geometry(scenario: Any, realisation: int | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw the array, users, scatterers, targets and interferers of a realisation, and the Rayleigh distance.

    Parameters
    ----------
    scenario : Scenario
        Of any system; scatterers that it does not know are left out.
    realisation : int, optional
        Index of the draw; default: the scenario's first.
    ax : matplotlib Axes, optional
        Drawn on; default: those of a new figure.

    Returns
    -------
    matplotlib Axes
        One unit is as long in x as in y. The Rayleigh distance 2 D^2 / lambda is an arc around the array, in
        the legend alone where it is far beyond everything else.

    Raises
    ------
    ValueError
        For a realisation that the scenario does not hold.

    Examples
    --------
    >>> isaclib.figures.geometry(scenario, 3)  # doctest: +SKIP
    """
    from matplotlib.lines import Line2D

    system, row = system_and_row(scenario, realisation)
    places = {kind: at for kind, at in system.places(scenario, row).items() if len(at)}
    axes = given_or_new(ax)
    handles = []
    for kind, at in places.items():
        look = mark(kind)
        axes.plot(*at.T, **look, label=kind, zorder=3 if kind != "scatterers" else 2)
        handles.append(Line2D([], [], **look, label=kind.capitalize()))
    array = next(iter(places.values()))
    centre = array.mean(axis=0)
    everything = np.concatenate(list(places.values()))
    farthest = np.linalg.norm(everything - centre, axis=-1).max()
    radius = scenario.parameters.rayleigh_distance_m
    text = f"Rayleigh distance {radius:.3g} m" if radius < 1000.0 else f"Rayleigh distance {radius / 1000.0:.3g} km"
    if radius <= BEYOND * farthest:
        # on the sides where something is
        sides = [everything[:, 0].max() > centre[0], everything[:, 0].min() < centre[0]]
        angle = np.linspace(-0.5 * np.pi if sides[0] else 0.5 * np.pi, 1.5 * np.pi if sides[1] else 0.5 * np.pi, 361)
        arc = centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        axes.plot(*arc.T, color="0.4", ls="--", lw=0.9, zorder=1.5, label="Rayleigh distance")
        handles.append(Line2D([], [], color="0.4", ls="--", lw=0.9, label=text))
    else:
        handles.append(Line2D([], [], ls="none", label=f"{text}, beyond"))
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.06)
    axes.set_xlabel("x (m)")
    axes.set_ylabel("y (m)")
    legend_above(axes, handles, 2)
    return axes
