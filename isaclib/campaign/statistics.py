"""Statistics of a metric over realisations, each with its confidence interval; knows only arrays.

The sampling unit is the realisation, or the block of realisations where these are drawn as one net
(``sampling: sobol``). What is repeated within one (the trials of an estimator) is first brought to
one number: its mean, or its mean square for the RMSE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isaclib.campaign.intervals import LEVEL, around_mean, around_rms, moments, quantile_intervals, standard_error

STATISTICS = ("mean", "median", "q05", "q25", "q75", "q95", "standard_error", "std", "rms")
"""The coordinate ``statistic``; q05 is the 5 % quantile."""

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
"""Those of `STATISTICS` that are quantiles; a monotone function of one is the quantile of the function."""

CLUSTERED = ("trial",)
"""Dimensions repeated within a realisation: not independent samples."""


@dataclass(frozen=True)
class Samples:
    """One number a realisation, realisation last and contiguous: sums then have one order.

    Parameters
    ----------
    values, squares : ndarray, shape (..., n)
        The number, and its (mean) square; NaN where there is none.
    """

    values: np.ndarray
    squares: np.ndarray

    def among(self, population: np.ndarray) -> Samples:
        """Return those of a population: ndarray of bool with the last and the leading axes of the samples."""
        if population.all():
            return self
        inner = self.values.ndim - population.ndim
        population = np.expand_dims(population, tuple(range(-1 - inner, -1)))
        return Samples(*(np.where(population, numbers, np.nan) for numbers in (self.values, self.squares)))


def samples_of(values: np.ndarray, dims: Sequence[str]) -> Samples:
    """Bring each realisation to one number and its mean square.

    Parameters
    ----------
    values : ndarray of float
        A metric; NaN where there is none.
    dims : sequence of str
        Its dimensions, ``realisation`` and maybe `CLUSTERED` among them.

    Returns
    -------
    Samples
        Over the other dimensions in their order, then the realisation.
    """
    squares, left = values**2, list(dims)
    for name in set(CLUSTERED) & set(dims):
        values, squares = (_mean(numbers, left.index(name)) for numbers in (values, squares))
        left.remove(name)
    last = left.index("realisation")
    return Samples(*(np.ascontiguousarray(np.moveaxis(numbers, last, -1)) for numbers in (values, squares)))


def describe(samples: Samples, *, level: float = LEVEL, blocks: np.ndarray | None = None) -> np.ndarray:
    """Take every statistic of samples.

    Parameters
    ----------
    samples : Samples
        Shape (..., n).
    level : float
        Confidence level.
    blocks : ndarray of int, shape (n,), optional
        Block of each realisation, where those of one depend on each other (`isaclib.campaign.blocks`).

    Returns
    -------
    ndarray, shape (..., S, 3)
        In the order of `STATISTICS`; value, lower and upper end. Means carry Student's interval,
        quantiles the one between order statistics, the RMS a delta-method one; the standard
        deviation and the standard error carry none (NaN).
    """
    known = moments(samples.values)
    mean, error, freedom = standard_error(samples.values, blocks, known=known)
    quantiles = quantile_intervals(samples.values, tuple(QUANTILES.values()), level=level, blocks=blocks)
    found = {
        "mean": around_mean(mean, error, freedom, level=level),
        "rms": around_rms(*standard_error(samples.squares, blocks), level=level),
        "std": _bare(known[2]),
        "standard_error": _bare(error),
        **{name: quantiles[..., i, :] for i, name in enumerate(QUANTILES)},
    }
    return np.stack([found[name] for name in STATISTICS], axis=-2)


def count(samples: Samples) -> np.ndarray:
    """Count the realisations behind a statistic, shape (...)."""
    return np.sum(~np.isnan(samples.values), axis=-1)


def carry_forward(trace: np.ndarray, axis: int = -1) -> np.ndarray:
    """Fill a trace past its end: a solver that has stopped keeps its last objective.

    Parameters
    ----------
    trace : ndarray
        NaN-padded.
    axis : int
        That of its iterations.

    Returns
    -------
    ndarray
        As `trace`; a trace without a single number stays NaN.
    """
    shape = [1] * trace.ndim
    shape[axis] = trace.shape[axis]
    steps = np.arange(trace.shape[axis]).reshape(shape)
    last = np.maximum.accumulate(np.where(np.isnan(trace), 0, steps), axis=axis)
    return np.take_along_axis(trace, last, axis=axis)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    there = ~np.isnan(values)
    # a draw without a trial has none: no warning, whose filters all threads share
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, values, 0.0).sum(axis=axis) / there.sum(axis=axis)


def _bare(value: np.ndarray) -> np.ndarray:
    return np.stack([value, np.full_like(value, np.nan), np.full_like(value, np.nan)], axis=-1)
