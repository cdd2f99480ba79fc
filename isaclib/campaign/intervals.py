"""Point estimates with confidence intervals; knows only arrays.

Every function takes samples along the last axis, skips NaN (a missing sample), and returns
``[value, lower, upper]`` along a new last axis. Where the sample is too small for an interval
of the stated level, its ends are NaN.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

LEVEL = 0.95
"""Confidence level of every interval unless another is asked for."""


def mean_interval(samples: np.ndarray, *, level: float = LEVEL) -> np.ndarray:
    r"""Mean with Student's interval :math:`\bar x \pm t_{n-1} s / \sqrt n`.

    Parameters
    ----------
    samples : ndarray, shape (..., n)
        Independent samples, NaN where missing.
    level : float
        Confidence level.

    Returns
    -------
    ndarray, shape (..., 3)
        Mean, lower and upper end; the ends need two samples.
    """
    count, mean, deviation = moments(samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = _student(count, level) * deviation / np.sqrt(count)
        return np.stack([mean, mean - half, mean + half], axis=-1)


def rms_interval(squares: np.ndarray, *, level: float = LEVEL) -> np.ndarray:
    r"""Root mean square with a delta-method interval on the logarithmic scale.

    With :math:`m` the mean of the squares and :math:`s` their standard deviation,
    :math:`\log \sqrt m` has standard error :math:`s / (2 m \sqrt n)`; the interval is
    :math:`\sqrt m \exp(\pm t_{n-1} s / (2 m \sqrt n))`, positive and skewed as the estimate is.

    Parameters
    ----------
    squares : ndarray, shape (..., n)
        Squared error of each independent sample, NaN where missing; where a sample is a
        cluster (the trials of one realisation), the mean square over it.
    level : float
        Confidence level.

    Returns
    -------
    ndarray, shape (..., 3)
        Root mean square, lower and upper end; the ends need two samples.
    """
    count, mean, deviation = moments(squares)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        value = np.sqrt(mean)
        relative = np.where((deviation == 0.0) & (count > 1), 0.0, deviation / mean)
        exponent = _student(count, level) * relative / (2.0 * np.sqrt(count))
        return np.stack([value, value * np.exp(-exponent), value * np.exp(exponent)], axis=-1)


def quantile_interval(samples: np.ndarray, probability: float, *, level: float = LEVEL) -> np.ndarray:
    """Quantile with the distribution-free interval between two order statistics.

    The number of samples at or below the quantile is binomial, so that the closed interval
    between the order statistics of ranks l < u covers it with probability at least `level`,
    whatever the distribution (David and Nagaraja, *Order Statistics*, section 7.1).

    Parameters
    ----------
    samples : ndarray, shape (..., n)
        Independent samples, NaN where missing.
    probability : float
        Between 0 and 1; 0.5 is the median. The value interpolates linearly between samples.
    level : float
        Confidence level; each end errs with at most half of the rest.

    Returns
    -------
    ndarray, shape (..., 3)
        Quantile, lower and upper end. Both ends are NaN where the sample is too small: below
        6 for the median, 72 for the 5 % and 95 % quantiles at the level 0.95.
    """
    ordered = np.sort(samples, axis=-1)
    count = np.sum(~np.isnan(ordered), axis=-1)
    result = np.full((*count.shape, 3), np.nan)
    for n in np.unique(count[count > 0]):
        rows = count == n
        chosen = ordered[rows]
        place = (n - 1) * probability
        below = int(np.floor(place))
        above = min(below + 1, n - 1)
        low, high = chosen[:, below], chosen[:, above]
        with np.errstate(invalid="ignore"):
            # two infinite neighbours have no difference to interpolate by
            result[rows, 0] = np.where(low == high, low, low + (place - below) * (high - low))
        ranks = order_ranks(int(n), probability, level)
        if ranks is not None:
            result[rows, 1], result[rows, 2] = chosen[:, ranks[0] - 1], chosen[:, ranks[1] - 1]
    return result


@lru_cache(maxsize=4096)
def order_ranks(count: int, probability: float, level: float = LEVEL) -> tuple[int, int] | None:
    """Ranks (from 1) of the order statistics that enclose a quantile.

    Parameters
    ----------
    count : int
        Number of samples n.
    probability : float
        Of the quantile.
    level : float
        Confidence level; each end errs with probability at most (1 - level) / 2.

    Returns
    -------
    tuple of int, or None
        The largest l with P(Bin(n, p) < l) and the smallest u with P(Bin(n, p) >= u) at most
        (1 - level) / 2; None where n is too small for either.
    """
    tail = 0.5 * (1.0 - level)
    ranks = np.arange(1, count + 1)
    lower = ranks[special.bdtr(ranks - 1.0, count, probability) <= tail]
    upper = ranks[special.bdtrc(ranks - 1.0, count, probability) <= tail]
    return (int(lower[-1]), int(upper[0])) if lower.size and upper.size else None


def wilson_interval(successes: np.ndarray | int, total: np.ndarray | int, *, level: float = LEVEL) -> np.ndarray:
    """Proportion with Wilson's score interval (Wilson, JASA 22, 1927).

    Parameters
    ----------
    successes, total : int or ndarray of int, broadcast together
        Successes among so many independent trials.
    level : float
        Confidence level.

    Returns
    -------
    ndarray, shape (..., 3)
        Proportion, lower and upper end; NaN where `total` is 0.
    """
    hits, n = np.broadcast_arrays(np.asarray(successes, dtype=float), np.asarray(total, dtype=float))
    z = special.ndtri(0.5 + 0.5 * level)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
        centre = (share + z**2 / (2.0 * n)) / (1.0 + z**2 / n)
        half = z / (1.0 + z**2 / n) * np.sqrt(share * (1.0 - share) / n + z**2 / (4.0 * n**2))
        # rounding may not move an end past the proportion it encloses
        lower, upper = np.minimum(centre - half, share), np.maximum(centre + half, share)
    return np.stack([share, np.maximum(lower, 0.0), np.minimum(upper, 1.0)], axis=-1)


def moments(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count, mean and standard deviation (n - 1) of the samples that are there.

    Parameters
    ----------
    samples : ndarray, shape (..., n)
        NaN where missing.

    Returns
    -------
    count, mean, deviation : ndarray, shape (...)
        The mean needs one sample, the deviation two; else NaN.
    """
    there = ~np.isnan(samples)
    count = there.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, samples, 0.0).sum(axis=-1) / count
        square = (np.where(there, samples - mean[..., None], 0.0) ** 2).sum(axis=-1)
        deviation = np.where(count > 1, np.sqrt(square / np.maximum(count - 1, 1)), np.nan)
    return count, mean, deviation


def _student(count: np.ndarray, level: float) -> np.ndarray:
    quantile = special.stdtrit(np.maximum(count - 1, 1), 0.5 + 0.5 * level)
    return np.where(count > 1, quantile, np.nan)
