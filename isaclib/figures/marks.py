"""How what stands around an array looks: the same mark in every picture of a realisation."""

from __future__ import annotations

from typing import Any

from isaclib.figures.style import BLACK, BLUE, GREEN, GREY, PURPLE, SKY, VERMILLION

_MARKS: dict[str, tuple[str, str, float]] = {
    "antennas": ("s", BLACK, 2.0),
    "transmit antennas": ("s", BLACK, 2.0),
    "receive antennas": ("s", SKY, 2.0),
    "surface": ("s", BLACK, 2.0),
    "base station": ("^", GREEN, 5.0),
    "user": ("o", BLUE, 5.0),
    "target": ("*", VERMILLION, 8.0),
    "interferer": ("X", PURPLE, 5.5),
    "scatterer": (".", GREY, 5.0),
    "estimate": ("x", BLACK, 4.5),
}

ARRAYS = ("antennas", "transmit antennas", "receive antennas", "surface", "base station")
"""What stands at the origin, or near it: no place that a beam is meant for."""


def mark(kind: str, *, on_image: bool = False) -> dict[str, Any]:
    """Return the mark of a kind of place, as `matplotlib.axes.Axes.plot` takes it.

    Parameters
    ----------
    kind : str
        As `isaclib.systems.system.System.places` names it, one or several of them; or ``estimate``.
    on_image : bool
        With an edge that is seen on dark and bright colours.

    Returns
    -------
    dict
    """
    from matplotlib.patheffects import withStroke

    shape, color, size = _MARKS.get(kind) or _MARKS[kind.removesuffix("s")]
    look = {"ls": "none", "marker": shape, "ms": size, "color": color}
    if shape == "x":
        return {**look, "mew": 1.2, "path_effects": [withStroke(linewidth=2.6, foreground="white")]}
    return {**look, "mec": "white", "mew": 0.7} if on_image else {**look, "mew": 0.0}
