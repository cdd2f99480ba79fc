"""Images in a summary: metrics over two dimensions of their own, draw by draw and without statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from isaclib.campaign.statistics import CLUSTERED
from isaclib.campaign.stored import Stored

DRAW = "realisation"
"""Dimension of a summary, of its images alone: the draws that have one."""


class _Dimensioned(Protocol):
    @property
    def dims(self) -> Sequence[Any]: ...


def is_image(metric: _Dimensioned, axes: Sequence[str]) -> bool:
    """Tell whether a metric over (scheme, axes..., realisation, ...) has two dimensions behind the draw."""
    return len(_inner(metric, axes)) == 2


def _inner(metric: _Dimensioned, axes: Sequence[str]) -> list[str]:
    return [str(dim) for dim in metric.dims if dim not in ("scheme", DRAW, *axes, *CLUSTERED)]


class Images:
    """The images of one metric: (scheme, axes..., realisation, row, column), NaN where there is none.

    Parameters
    ----------
    out : netCDF4.Dataset
        The summary, with every dimension but ``realisation``.
    metric : Stored
        From campaign.nc.
    axes : sequence of str
        The grid axes.
    drawn : ndarray of int
        The realisations of campaign.nc.
    """

    def __init__(self, out: Any, metric: Stored, axes: Sequence[str], drawn: np.ndarray) -> None:
        self.metric, self.axes, self.drawn = metric, list(axes), drawn
        if DRAW not in out.dimensions:
            out.createDimension(DRAW, None)
            out.createVariable(DRAW, "i8", (DRAW,)).setncatts({"long_name": "index of the random draw", "units": "1"})
        self.draws = out[DRAW]
        self.values = out.createVariable(
            metric.name,
            metric.dtype,
            ("scheme", *axes, DRAW, *_inner(metric, axes)),
            zlib=True,
            complevel=2,
            fletcher32=True,
            fill_value=np.nan,
        )
        self.values.setncatts(metric.attrs)

    def write(self, index: tuple[int, ...]) -> None:
        """Write one point: only the draws that have an image there."""
        here = self.metric.read({axis: slice(i, i + 1) for axis, i in zip(self.axes, index, strict=True)})
        values = here.reshape(here.shape[0], *here.shape[-3:])
        for row in np.flatnonzero(np.isfinite(values).any(axis=(0, 2, 3))):
            draw = int(self.drawn[row])
            known = np.asarray(self.draws[:]).tolist()
            place = known.index(draw) if draw in known else len(known)
            self.draws[place] = draw
            self.values[(slice(None), *index, place)] = values[:, row]
