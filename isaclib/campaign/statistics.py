"""Statistics of a metric over realisations, each with its confidence interval.

The sampling unit is the realisation, or the block of realisations where these are drawn as one net
(``sampling: sobol``). What is repeated within one (the trials of an estimator) is first brought to
one number: its mean, or its mean square for the RMSE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isaclib.campaign.intervals import LEVEL, mean_interval, moments, quantile_interval, rms_interval, standard_error
from isaclib.campaign.population import LIMITS

if TYPE_CHECKING:
    import xarray as xr

STATISTICS = ("mean", "median", "q05", "q25", "q75", "q95", "standard_error", "std", "rms")
"""The coordinate ``statistic``; q05 is the 5 % quantile."""

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
"""Those of `STATISTICS` that are quantiles; a monotone function of one is the quantile of the function."""

CLUSTERED = ("trial",)
"""Dimensions repeated within a realisation: not independent samples."""


def describe(
    values: xr.DataArray,
    population: xr.DataArray | None = None,
    *,
    level: float = LEVEL,
    blocks: np.ndarray | None = None,
) -> xr.DataArray:
    """Take every statistic of a metric over its realisations.

    Parameters
    ----------
    values : DataArray, dims (..., realisation, ...)
        A metric; NaN where there is none.
    population : DataArray of bool, optional
        Draws to take (`isaclib.campaign.population`); default: all.
    level : float
        Confidence level.
    blocks : ndarray of int, shape (realisation,), optional
        Block of each realisation, where those of one depend on each other (`isaclib.campaign.blocks`).

    Returns
    -------
    DataArray, dims (..., statistic, limit)
        ``statistic`` as `STATISTICS`, ``limit`` value, lower, upper. Means carry Student's
        interval, quantiles the one between order statistics, the RMS a delta-method one; the
        standard deviation and the standard error carry none (NaN).
    """
    samples, squares = _within(values, population)
    statistics = describe_samples(samples.values, squares.values, level=level, blocks=blocks)
    return _labelled(samples, statistics, "statistic", STATISTICS, values)


def count(values: xr.DataArray, population: xr.DataArray | None = None) -> xr.DataArray:
    """Count the realisations behind a statistic.

    Parameters
    ----------
    values : DataArray, dims (..., realisation, ...)
        A metric; NaN where there is none.
    population : DataArray of bool, optional
        Draws to take; default: all.

    Returns
    -------
    DataArray of int
        Without ``realisation`` (and ``trial``).
    """
    samples, _ = _within(values, population)
    return samples.notnull().sum("realisation")


def describe_samples(
    samples: np.ndarray, squares: np.ndarray, *, level: float = LEVEL, blocks: np.ndarray | None = None
) -> np.ndarray:
    """Take every statistic of arrays.

    Parameters
    ----------
    samples, squares : ndarray, shape (..., n)
        One number a realisation, and its (mean) square; NaN where missing.
    level : float
        Confidence level.
    blocks : ndarray of int, shape (n,), optional
        Block of each realisation, where those of one depend on each other.

    Returns
    -------
    ndarray, shape (..., S, 3)
        In the order of `STATISTICS`; value, lower and upper end.
    """
    ordered = np.sort(samples, axis=-1)
    found = {
        "mean": mean_interval(samples, level=level, blocks=blocks),
        "rms": rms_interval(squares, level=level, blocks=blocks),
        "std": _bare(moments(samples)[2]),
        "standard_error": _bare(standard_error(samples, blocks)[1]),
        **{
            name: quantile_interval(samples, p, level=level, blocks=blocks, ordered=ordered)
            for name, p in QUANTILES.items()
        },
    }
    return np.stack([found[name] for name in STATISTICS], axis=-2)


def carry_forward(trace: xr.DataArray) -> xr.DataArray:
    """Fill a trace past its end: a solver that has stopped keeps its last objective.

    Parameters
    ----------
    trace : DataArray, dims (..., iteration)
        NaN-padded.

    Returns
    -------
    DataArray
        As `trace`; a trace without a single number stays NaN.
    """
    there = ~np.isnan(trace.values)
    axis = trace.get_axis_num("iteration")
    shape = [1] * trace.ndim
    shape[axis] = trace.sizes["iteration"]
    last = np.maximum.accumulate(np.where(there, np.arange(trace.sizes["iteration"]).reshape(shape), 0), axis=axis)
    return trace.copy(data=np.take_along_axis(trace.values, last, axis=axis))


def _within(values: xr.DataArray, population: xr.DataArray | None) -> tuple[xr.DataArray, xr.DataArray]:
    """Bring each realisation to one number and its mean square, realisation last."""
    chosen = values.astype(float)
    if population is not None:
        chosen = chosen.where(population)
    clustered = [name for name in CLUSTERED if name in values.dims]
    samples = chosen.mean(clustered) if clustered else chosen
    squares = (chosen**2).mean(clustered) if clustered else chosen**2
    return samples.transpose(..., "realisation"), squares.transpose(..., "realisation")


def _bare(value: np.ndarray) -> np.ndarray:
    return np.stack([value, np.full_like(value, np.nan), np.full_like(value, np.nan)], axis=-1)


def _labelled(
    samples: xr.DataArray, data: np.ndarray, name: str, labels: tuple[str, ...], source: xr.DataArray
) -> xr.DataArray:
    import xarray as xr

    dims = [dim for dim in samples.dims if dim != "realisation"]
    coords = {k: v for k, v in samples.coords.items() if "realisation" not in v.dims}
    return xr.DataArray(
        data,
        dims=[*dims, name, "limit"],
        coords={**coords, name: list(labels), "limit": list(LIMITS)},
        attrs=source.attrs,
    )
