"""Monte Carlo campaigns of near-field integrated sensing and communication beamforming."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_LAZY = {
    "get_system": "isaclib.systems",
    "simulate": "isaclib.systems",
    "judge": "isaclib.campaign.claims.ledger",
    "open_campaign": "isaclib.campaign.dataset",
    "read_channels": "isaclib.campaign.channels",
    "redesign": "isaclib.campaign.redesign",
    "summarise": "isaclib.campaign.reduction",
    "write_channels": "isaclib.campaign.channels",
}
__all__ = [
    "__version__",
    "figures",
    "get_system",
    "judge",
    "open_campaign",
    "read_channels",
    "redesign",
    "simulate",
    "summarise",
    "write_channels",
]


def __getattr__(name: str) -> Any:
    # numpy and xarray cost a second to import: `isaclib --help` must not pay for them.
    if name == "figures":
        return import_module("isaclib.figures")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'isaclib' has no attribute {name!r}")
