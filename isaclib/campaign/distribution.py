"""The distribution of a metric over the draws of a campaign, with a band around all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isaclib.campaign import population as populations
from isaclib.campaign.dataset import loaded, metric_names, real_values
from isaclib.campaign.intervals import LEVEL
from isaclib.systems.base import Status, nearest

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """The empirical distribution of one scheme.

    Parameters
    ----------
    label : str
        Of the scheme.
    values : ndarray, shape (n,)
        The draws in ascending order.
    share : ndarray, shape (n,)
        Share of the draws at or below each.
    lower, upper : ndarray, shape (n,)
        Ends of the band; NaN where there is none.
    """

    label: str
    values: np.ndarray
    share: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def distributions(
    data: xr.Dataset, metric: str, *, population: str = "common", level: float = LEVEL
) -> list[Distribution]:
    r"""Return the distribution of a metric for every scheme that has draws.

    The band of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (Annals of Probability 18, 1990),
    :math:`\pm \sqrt{\ln(2 / (1 - level)) / (2 n)}`, covers the whole distribution at once with
    probability `level` at least. It is for independent draws: under the sampling ``sobol`` there is none.

    Parameters
    ----------
    data : xarray.Dataset
        A campaign at one point (`isaclib.campaign.point.at_point`).
    metric : str
        One number a draw.
    population : str
        ``common``: draws that every scheme of full length solved; ``own``: each scheme's own.
    level : float
        Confidence level of the band.

    Returns
    -------
    list of Distribution
        In the order of the schemes.

    Raises
    ------
    ValueError
        In one line: an unknown metric or population, a metric of several numbers a draw, or a level
        that is none.
    """
    if metric not in metric_names(data):
        raise ValueError(f"metric {metric!r} is unknown: {nearest(metric, metric_names(data))}")
    if population not in populations.POPULATIONS:
        raise ValueError(f"population {population!r} is unknown: {nearest(population, populations.POPULATIONS)}")
    if not 0.0 < level < 1.0:
        raise ValueError(f"level = {level!r}: expected a number between 0 and 1")
    further = [str(dim) for dim in data[metric].dims if dim not in ("scheme", "realisation") and data.sizes[dim] > 1]
    if further:
        raise ValueError(
            f"metric {metric!r} has one value for each {further[0]}: expected one of them named, {further[0]}=0"
        )
    status = real_values(loaded(data["status"])).fillna(float(Status.NOT_RUN)).transpose("scheme", "realisation")
    members = status.copy(data={"common": populations.common, "own": populations.own}[population](status.values))
    values = real_values(loaded(data[metric])).where(members).transpose("scheme", "realisation", ...)
    independent = data.attrs.get("sampling", "random") == "random"
    found = []
    for label, row in zip(values["scheme"].values, values.values.reshape(*members.shape), strict=True):
        draws = np.sort(row[~np.isnan(row)])
        count = len(draws)
        if not count:
            continue
        share = np.arange(1, count + 1) / count
        half = math.sqrt(math.log(2.0 / (1.0 - level)) / (2.0 * count)) if independent else math.nan
        lower, upper = np.clip(share - half, 0.0, 1.0), np.clip(share + half, 0.0, 1.0)
        found.append(Distribution(label=str(label), values=draws, share=share, lower=lower, upper=upper))
    return found
