"""Schemes compared on common random numbers: differences within each realisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isaclib.campaign.intervals import LEVEL, mean_interval, quantile_interval
from isaclib.campaign.population import LIMITS
from isaclib.campaign.statistics import CLUSTERED

if TYPE_CHECKING:
    import xarray as xr

PAIRED = ("difference_mean", "difference_median", "ratio_median")
"""The coordinate ``paired``: a scheme against the campaign's first, on the same realisations."""


def paired(
    values: xr.DataArray,
    population: xr.DataArray,
    *,
    reference: int = 0,
    level: float = LEVEL,
    blocks: np.ndarray | None = None,
) -> tuple[xr.DataArray, xr.DataArray]:
    """Compare every scheme with a reference scheme, realisation by realisation.

    The draws are the same for both, so that their scatter cancels: the interval of a difference
    is far narrower than the two curves' own intervals suggest.

    Parameters
    ----------
    values : DataArray, dims (scheme, ..., realisation, ...)
        A metric; the trials of an estimator count by their mean.
    population : DataArray of bool, dims (scheme, ..., realisation)
        Each scheme's own solved draws; a pair needs both.
    reference : int
        Position of the reference scheme.
    level : float
        Confidence level.
    blocks : ndarray of int, shape (realisation,), optional
        Block of each realisation, where those of one depend on each other (`isaclib.campaign.blocks`).

    Returns
    -------
    statistics : DataArray, dims (scheme, ..., paired, limit)
        ``difference_mean`` (Student), ``difference_median`` and ``ratio_median`` (order
        statistics) of scheme against reference.
    pairs : DataArray of int, dims (scheme, ...)
        Realisations both schemes have.
    """
    import xarray as xr

    samples = values.astype(float).where(population)
    clustered = [name for name in CLUSTERED if name in values.dims]
    samples = (samples.mean(clustered) if clustered else samples).transpose("scheme", ..., "realisation")
    numbers = samples.values
    other = numbers[reference]
    with np.errstate(invalid="ignore", divide="ignore"):
        difference, ratio = numbers - other, numbers / other
    found = {
        "difference_mean": mean_interval(difference, level=level, blocks=blocks),
        "difference_median": quantile_interval(difference, 0.5, level=level, blocks=blocks),
        "ratio_median": quantile_interval(ratio, 0.5, level=level, blocks=blocks),
    }
    dims = list(samples.dims[:-1])
    coords = {k: v for k, v in samples.coords.items() if "realisation" not in v.dims}
    statistics = xr.DataArray(
        np.stack([found[name] for name in PAIRED], axis=-2),
        dims=[*dims, "paired", "limit"],
        coords={**coords, "paired": list(PAIRED), "limit": list(LIMITS)},
        attrs=values.attrs,
    )
    pairs = xr.DataArray(np.sum(~np.isnan(difference), axis=-1), dims=dims, coords=coords)
    return statistics, pairs
