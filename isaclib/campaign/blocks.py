"""Scatter of statistics over draws whose blocks are independent, but not the draws of one block.

With the sampling ``sobol`` a block of 64 draws is one net: its draws know of each other, and what
scatters is the sum over a block. The functions take samples along the last axis and the block that
each belongs to; a missing sample is NaN, and blocks need not be whole.

A net takes away what is smooth; what it leaves may be rare and large, or whole numbers, and a few blocks
may show none of it. The centre takes the scatter of one block of B: that much is added as
independent draws would have it, which errs upwards where nets help. The degrees of freedom are then
B^2 / (B - 1), Satterthwaite's where nets do nothing.
"""

from __future__ import annotations

import numpy as np

from isaclib.systems.streams import BLOCK


def blocks_of(sampling: str, realisations: np.ndarray) -> np.ndarray | None:
    """Name the block of each draw where draws of a block depend on each other.

    Parameters
    ----------
    sampling : str
        One of `isaclib.systems.streams.SAMPLINGS`; the attribute ``sampling`` of a dataset, which
        one of independent draws may lack.
    realisations : ndarray of int, shape (n,)
        Indices of the draws.

    Returns
    -------
    ndarray of int, shape (n,), or None
        None where every draw is independent.
    """
    return None if sampling == "random" else np.asarray(realisations) // BLOCK


def block_error(
    samples: np.ndarray, mean: np.ndarray, deviation: np.ndarray, blocks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Take the standard error of a mean over blocks.

    With :math:`e_b` the sum of :math:`x - \bar x` over the samples of block b, of B blocks, n samples in all and
    s their standard deviation, the error squared is :math:`(\sum_b e_b^2 + n s^2 / B) / n^2`: that of a ratio of
    two sums over blocks.

    Parameters
    ----------
    samples : ndarray, shape (..., n)
        NaN where missing.
    mean, deviation : ndarray, shape (...)
        Their mean and standard deviation.
    blocks : ndarray of int, shape (n,)
        Block of each.

    Returns
    -------
    error, freedom : ndarray, shape (...)
        Standard error and its degrees of freedom; NaN where fewer than two blocks have a sample.
    """
    squares, number, count = _scatter(samples, mean, blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(squares + count * deviation**2 / number) / count, _freedom(number)


def design_effect(hits: np.ndarray, share: np.ndarray, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare the variance of a share over blocks with that over independent draws.

    Parameters
    ----------
    hits : ndarray, shape (..., n)
        1 for a hit, 0 for none, NaN where missing.
    share : ndarray, shape (...)
        Their mean.
    blocks : ndarray of int, shape (n,)
        Block of each.

    Returns
    -------
    effect, freedom : ndarray, shape (...)
        Ratio of variances, 1 where all draws are alike, and its degrees of freedom; NaN where fewer
        than two blocks have a draw.
    """
    squares, number, count = _scatter(hits, share, blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = squares / (count * share * (1.0 - share)) + 1.0 / number
    return np.where((share == 0.0) | (share == 1.0), 1.0, effect), _freedom(number)


def _freedom(number: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(number > 1, number**2 / (number - 1.0), np.nan)


def _scatter(samples: np.ndarray, mean: np.ndarray, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum of the squares of what blocks have above the mean, number of blocks with a sample, of samples."""
    order = np.argsort(blocks, kind="stable")
    starts = np.flatnonzero(np.diff(blocks[order], prepend=blocks[order[:1]] - 1))
    there = ~np.isnan(samples)[..., order]
    with np.errstate(invalid="ignore"):
        above = np.where(there, samples[..., order] - mean[..., None], 0.0)
        squares = np.sum(np.add.reduceat(above, starts, axis=-1) ** 2, axis=-1)
    number = np.sum(np.logical_or.reduceat(there, starts, axis=-1), axis=-1)
    return squares, number, there.sum(axis=-1)
