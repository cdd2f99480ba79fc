"""Pictures of scenarios, designs and campaigns (floor 4): matplotlib Axes in, Axes out."""

from importlib import import_module
from typing import Any

_LAZY = {
    "beampattern": "isaclib.figures.nearfield",
    "music_spectrum": "isaclib.figures.nearfield",
    "geometry": "isaclib.figures.scene",
    "convergence": "isaclib.figures.curves",
    "tradeoff": "isaclib.figures.curves",
    "ecdf": "isaclib.figures.distribution",
}
__all__ = ["beampattern", "convergence", "ecdf", "geometry", "music_spectrum", "style", "tradeoff"]


def __getattr__(name: str) -> Any:
    # matplotlib takes a second to import: only what draws pays for it
    if name == "style":
        return import_module("isaclib.figures.style")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'isaclib.figures' has no attribute {name!r}")
