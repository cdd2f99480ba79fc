"""One point of a stored campaign's grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.dataset import open_campaign
from isaclib.systems.base import nearest

if TYPE_CHECKING:
    import xarray as xr


def at_point(campaign: str | Path | xr.Dataset, point: Mapping[str, Any], *, keep: tuple[str, ...] = ()) -> xr.Dataset:
    """Open a campaign and take it at values of some of its dimensions.

    Parameters
    ----------
    campaign : path or xarray.Dataset
        ``results/<campaign>``, its ``campaign.nc``, or what `isaclib.open_campaign` returned.
    point : mapping of str to value or label
        An axis of the grid, or a dimension of a metric (``user``, ``trial``), each with its value; one of
        a single value need not be named.
    keep : tuple of str
        Axes that stay.

    Returns
    -------
    xarray.Dataset
        Lazy; without the axes of the grid but those of `keep`.

    Raises
    ------
    ValueError
        In one line: a dimension, value or label that the campaign does not have, or an axis that is missing.
    """
    data = open_campaign(campaign) if isinstance(campaign, (str, Path)) else campaign
    if "status" not in data or {"scheme", "realisation"} - set(data["status"].dims):
        raise ValueError("campaign: expected a variable status over scheme, grid axes and realisation")
    axes = [str(dim) for dim in data["status"].dims if dim not in ("scheme", "realisation")]
    known = [str(dim) for dim in data.dims if dim not in ("scheme", "realisation")]
    place = {}
    for name, wanted in point.items():
        if name not in known or name in keep:
            raise ValueError(f"{name} = {wanted!r}: expected a dimension to choose at; {nearest(name, known)}")
        values = data[name].values.tolist() if name in data.coords else list(range(data.sizes[name]))
        matching = [i for i, value in enumerate(values) if same_value(value, wanted)]
        if not matching:
            raise ValueError(f"{name} = {wanted!r}: expected one of {listed(values)}")
        place[name] = matching[0]
    for name in (axis for axis in axes if axis not in (*place, *keep)):
        if data.sizes[name] > 1:
            raise ValueError(f"{name} is missing: expected one of {listed(data[name].values.tolist())}")
        place[name] = 0
    return data.isel(place)


def same_value(value: Any, wanted: Any) -> bool:
    """Tell whether a value of an axis is the one that is wanted: numbers but for rounding, else as words."""
    if isinstance(value, (int, float)) and isinstance(wanted, (int, float, np.number)):
        return math.isclose(value, wanted, rel_tol=1e-12)
    return str(value) == str(wanted)


def listed(values: Iterable[Any]) -> str:
    """Return the values of an axis for a message."""
    return ", ".join(f"{value:g}" if isinstance(value, (int, float)) else str(value) for value in values)
