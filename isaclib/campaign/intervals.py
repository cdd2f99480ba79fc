"""Point estimates with confidence intervals; knows only arrays.

Every function takes samples along the last axis, skips NaN (a missing sample), and returns
``[value, lower, upper]`` along a new last axis. Where the sample is too small for an interval
of the stated level, its ends are NaN. Samples are independent, or, with `blocks` (the block of
each, shape (n,)), only their blocks are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np

from isaclib.campaign.blocks import block_error, design_effect

LEVEL = 0.95
"""Confidence level of every interval unless another is asked for."""


def mean_interval(samples: np.ndarray, *, level: float = LEVEL, blocks: np.ndarray | None = None) -> np.ndarray:
    r"""Mean with Student's interval :math:`\bar x \pm t_{n-1} s / \sqrt n`.

    Parameters
    ----------
    samples : ndarray, shape (..., n)
        Independent samples, NaN where missing.
    level : float
        Confidence level.
    blocks : ndarray of int, shape (n,), optional
        Block of each sample, where those of one depend on each other.

    Returns
    -------
    ndarray, shape (..., 3)
        Mean, lower and upper end; the ends need two samples, or blocks.
    """
    return around_mean(*standard_error(samples, blocks), level=level)


def around_mean(mean: np.ndarray, error: np.ndarray, freedom: np.ndarray, *, level: float = LEVEL) -> np.ndarray:
    """Return the interval of `mean_interval` from what `standard_error` returns."""
    with np.errstate(invalid="ignore"):
        half = _student(freedom, level) * error
        return np.stack([mean, mean - half, mean + half], axis=-1)


def rms_interval(squares: np.ndarray, *, level: float = LEVEL, blocks: np.ndarray | None = None) -> np.ndarray:
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
    blocks : ndarray of int, shape (n,), optional
        Block of each sample, where those of one depend on each other.

    Returns
    -------
    ndarray, shape (..., 3)
        Root mean square, lower and upper end; the ends need two samples, or blocks.
    """
    return around_rms(*standard_error(squares, blocks), level=level)


def around_rms(mean: np.ndarray, error: np.ndarray, freedom: np.ndarray, *, level: float = LEVEL) -> np.ndarray:
    """Return the interval of `rms_interval` from what `standard_error` of the squares returns."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        value = np.sqrt(mean)
        relative = np.where((error == 0.0) & (freedom > 0), 0.0, error / mean)
        exponent = _student(freedom, level) * relative / 2.0
        return np.stack([value, value * np.exp(-exponent), value * np.exp(exponent)], axis=-1)


def quantile_interval(
    samples: np.ndarray, probability: float, *, level: float = LEVEL, blocks: np.ndarray | None = None
) -> np.ndarray:
    r"""Quantile with the distribution-free interval between two order statistics.

    The number of samples at or below the quantile is binomial, so that the closed interval
    between the order statistics of ranks l < u covers it with probability at least `level`,
    whatever the distribution (David and Nagaraja, *Order Statistics*, section 7.1).

    With `blocks` the interval is Woodruff's (JASA 47, 1952): the order statistics at the shares
    :math:`p \pm t \sqrt{d \, p (1 - p) / n}`, rounded outwards, with d the design effect of the share of
    samples at or below the quantile found (`isaclib.campaign.blocks.design_effect`).

    Parameters
    ----------
    samples : ndarray, shape (..., n)
        Independent samples, NaN where missing.
    probability : float
        Between 0 and 1; 0.5 is the median. The value interpolates linearly between samples.
    level : float
        Confidence level; each end errs with at most half of the rest.
    blocks : ndarray of int, shape (n,), optional
        Block of each sample, where those of one depend on each other.

    Returns
    -------
    ndarray, shape (..., 3)
        Quantile, lower and upper end. Both ends are NaN where the sample is too small: below
        6 for the median, 72 for the 5 % and 95 % quantiles at the level 0.95; and in fewer than two blocks.
    """
    return quantile_intervals(samples, (probability,), level=level, blocks=blocks)[..., 0, :]


def quantile_intervals(
    samples: np.ndarray, probabilities: Sequence[float], *, level: float = LEVEL, blocks: np.ndarray | None = None
) -> np.ndarray:
    """Return `quantile_interval` of several probabilities, shape (..., P, 3): the samples are put in order once."""
    rows = samples.reshape(math.prod(samples.shape[:-1]), samples.shape[-1])
    count = np.sum(~np.isnan(rows), axis=-1)
    result = np.full((len(rows), len(probabilities), 3), np.nan)
    # the ranks of Woodruff's ends are known only once the quantiles are
    ordered = None if blocks is None else np.sort(rows, axis=-1)
    for n in np.unique(count[count > 0]):
        places = [(n - 1) * probability for probability in probabilities]
        pairs = [(int(np.floor(place)), min(int(np.floor(place)) + 1, n - 1)) for place in places]
        ranks = [order_ranks(int(n), p, level) if blocks is None else None for p in probabilities]
        needed = sorted({*chain(*pairs), *(rank - 1 for ends in ranks if ends for rank in ends)})
        at = count == n
        chosen = np.partition(rows if at.all() else rows[at], needed, axis=-1) if ordered is None else ordered[at]
        for i, (place, (below, above), ends) in enumerate(zip(places, pairs, ranks, strict=True)):
            low, high = chosen[:, below], chosen[:, above]
            with np.errstate(invalid="ignore"):
                # two infinite neighbours have no difference to interpolate by
                result[at, i, 0] = np.where(low == high, low, low + (place - below) * (high - low))
            if ends is not None:
                result[at, i, 1], result[at, i, 2] = chosen[:, ends[0] - 1], chosen[:, ends[1] - 1]
    if blocks is not None and ordered is not None and rows.shape[-1]:
        for i, probability in enumerate(probabilities):
            result[:, i, 1:] = _between(rows, ordered, result[:, i, 0], probability, level, blocks)
    return result.reshape(*samples.shape[:-1], len(probabilities), 3)


def _between(
    samples: np.ndarray, ordered: np.ndarray, value: np.ndarray, probability: float, level: float, blocks: np.ndarray
) -> np.ndarray:
    """Woodruff's ends of the interval around a quantile, shape (..., 2)."""
    below = np.where(np.isnan(samples), np.nan, samples <= value[..., None])
    count, share, _ = moments(below)
    effect, freedom = design_effect(below, share, blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = _student(freedom, level) * np.sqrt(effect * probability * (1.0 - probability) / count)
        ranks = np.stack([np.floor(count * (probability - half)), np.ceil(count * (probability + half)) + 1.0], axis=-1)
    known = (ranks[..., :1] >= 1) & (ranks[..., 1:] <= count[..., None])
    found = np.take_along_axis(ordered, np.where(known, ranks, 1.0).astype(np.int64) - 1, axis=-1)
    return np.where(known, found, np.nan)


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
    from scipy import special

    tail = 0.5 * (1.0 - level)
    # both ends lie within ten standard deviations of the mean: a million probabilities take a second
    middle, reach = count * probability, 10.0 * np.sqrt(count * probability * (1.0 - probability)) + 10.0
    ranks = np.arange(max(int(middle - reach), 1), min(int(middle + reach), count) + 1)
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
    from scipy import special

    hits, n = np.broadcast_arrays(np.asarray(successes, dtype=float), np.asarray(total, dtype=float))
    z = special.ndtri(0.5 + 0.5 * level)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
        centre = (share + z**2 / (2.0 * n)) / (1.0 + z**2 / n)
        half = z / (1.0 + z**2 / n) * np.sqrt(share * (1.0 - share) / n + z**2 / (4.0 * n**2))
        # rounding may not move an end past the proportion it encloses
        lower, upper = np.minimum(centre - half, share), np.maximum(centre + half, share)
    return np.stack([share, np.maximum(lower, 0.0), np.minimum(upper, 1.0)], axis=-1)


def share_interval(hits: np.ndarray, *, level: float = LEVEL, blocks: np.ndarray | None = None) -> np.ndarray:
    """Share of samples that are hits, with Wilson's interval.

    With `blocks` it is that of as many independent samples as would scatter as much, by Student's t
    instead of the normal quantile.

    Parameters
    ----------
    hits : ndarray, shape (..., n)
        1 for a hit, 0 for none, NaN where missing.
    level : float
        Confidence level.
    blocks : ndarray of int, shape (n,), optional
        Block of each sample, where those of one depend on each other.

    Returns
    -------
    ndarray, shape (..., 3)
        Share, lower and upper end; NaN where there is no sample, the ends also in a single block.
    """
    from scipy import special

    total, successes = np.sum(~np.isnan(hits), axis=-1), np.nansum(hits, axis=-1)
    found = wilson_interval(successes, total, level=level)
    if blocks is None:
        return found
    effect, freedom = design_effect(hits, found[..., 0], blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        worth = total / effect * (special.ndtri(0.5 + 0.5 * level) / _student(freedom, level)) ** 2
    found[..., 1:] = wilson_interval(found[..., 0] * worth, worth, level=level)[..., 1:]
    return found


def standard_error(
    samples: np.ndarray,
    blocks: np.ndarray | None = None,
    *,
    known: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean with its standard error.

    Parameters
    ----------
    samples : ndarray, shape (..., n)
        NaN where missing.
    blocks : ndarray of int, shape (n,), optional
        Block of each sample, where those of one depend on each other.
    known : tuple of ndarray, optional
        Their `moments`, where these are at hand.

    Returns
    -------
    mean, error, freedom : ndarray, shape (...)
        Mean, its standard error and the degrees of freedom; the latter two NaN for a single sample, or block.
    """
    count, mean, deviation = moments(samples) if known is None else known
    if blocks is not None:
        return mean, *block_error(samples, mean, deviation, blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean, deviation / np.sqrt(count), np.where(count > 1, count - 1.0, np.nan)


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
    missing = np.isnan(samples)
    count = samples.shape[-1] - missing.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (np.where(missing, 0.0, samples) if missing.any() else samples).sum(axis=-1) / count
        above = samples - mean[..., None]
        np.square(above, out=above)
        above[missing] = 0.0
        deviation = np.where(count > 1, np.sqrt(above.sum(axis=-1) / np.maximum(count - 1, 1)), np.nan)
    return count, mean, deviation


def _student(freedom: np.ndarray, level: float) -> np.ndarray:
    # imported where it is used: a third of a second that a run, which takes no statistics, need not pay
    from scipy import special

    return special.stdtrit(freedom, 0.5 + 0.5 * level)
