"""Images in a summary: metrics over two dimensions of their own, draw by draw and without statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.dataset import loaded
from isaclib.campaign.statistics import CLUSTERED

if TYPE_CHECKING:
    import xarray as xr

DRAW = "realisation"
"""Dimension of a summary, of its images alone: the draws that have one."""


def is_image(metric: xr.DataArray, axes: Sequence[str]) -> bool:
    """Tell whether a metric over (scheme, axes..., realisation, ...) has two dimensions behind the draw."""
    return len(_inner(metric, axes)) == 2


def _inner(metric: xr.DataArray, axes: Sequence[str]) -> list[str]:
    return [str(dim) for dim in metric.dims if dim not in ("scheme", DRAW, *axes, *CLUSTERED)]


class Images:
    """The images of one metric: (scheme, axes..., realisation, row, column), NaN where there is none.

    Parameters
    ----------
    out : netCDF4.Dataset
        The summary, with every dimension but ``realisation``.
    metric : xarray.DataArray
        From campaign.nc.
    axes : sequence of str
        The grid axes.
    """

    def __init__(self, out: Any, metric: xr.DataArray, axes: Sequence[str]) -> None:
        self.metric, self.axes, self.inner = metric, list(axes), _inner(metric, axes)
        if DRAW not in out.dimensions:
            out.createDimension(DRAW, None)
            out.createVariable(DRAW, "i8", (DRAW,)).setncatts({"long_name": "index of the random draw", "units": "1"})
        self.draws = out[DRAW]
        self.values = out.createVariable(
            str(metric.name),
            metric.dtype,
            ("scheme", *axes, DRAW, *self.inner),
            zlib=True,
            complevel=2,
            fletcher32=True,
            fill_value=np.nan,
        )
        self.values.setncatts(dict(metric.attrs))

    def write(self, index: tuple[int, ...]) -> None:
        """Write one point: only the draws that have an image there."""
        here = self.metric.isel(dict(zip(self.axes, index, strict=True))).transpose("scheme", DRAW, *self.inner)
        values = loaded(here).values
        for row in np.flatnonzero(np.isfinite(values).any(axis=(0, 2, 3))):
            draw = int(self.metric[DRAW].values[row])
            known = np.asarray(self.draws[:]).tolist()
            place = known.index(draw) if draw in known else len(known)
            self.draws[place] = draw
            self.values[(slice(None), *index, place)] = values[:, row]
