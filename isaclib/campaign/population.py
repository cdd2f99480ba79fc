"""Which draws a statistic is taken over, and how many there were of each kind.

Arrays of status have the scheme first and the realisation last.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

import numpy as np

from isaclib.campaign.intervals import share_interval
from isaclib.systems.base import HAS_DESIGN, Status

POPULATIONS = ("common", "own")
"""Draws solved by every scheme of full length, or by each scheme itself."""

LIMITS = ("value", "lower", "upper")
"""The coordinate ``limit``: an estimate and the ends of its confidence interval."""


def solved(status: Any) -> Any:
    """Draws that have a design, each scheme for itself.

    Parameters
    ----------
    status : ndarray or DataArray of int
        Values of `Status`.

    Returns
    -------
    ndarray or DataArray of bool
        As `status`.
    """
    return reduce(or_, (status == int(each) for each in HAS_DESIGN))


def own(status: Any) -> Any:
    """Return the population ``own``: each scheme's solved draws, whatever the others did."""
    return solved(status)


def common(status: np.ndarray) -> np.ndarray:
    """Return the population ``common``: draws solved by every scheme of full length.

    A scheme that solves more of the hard draws would otherwise look worse for it. A scheme run
    on a subset (a dear reference solver on a few draws) has no say: its failures would thin the
    first draws of every curve and not the rest, a mixture of two populations. Its own curve is
    over the common draws that it solved itself.

    Parameters
    ----------
    status : ndarray of int, shape (schemes, ..., n)
        Values of `Status`.

    Returns
    -------
    ndarray of bool, shape (schemes, ..., n)
        False where the scheme itself has no design.
    """
    return np.asarray(solved(status) & agreed(status))


def agreed(status: np.ndarray) -> np.ndarray:
    """Draws solved by every scheme of full length: run on as many draws as the longest; shape (..., n)."""
    tried = np.sum(status != int(Status.NOT_RUN), axis=-1, keepdims=True)
    return np.all(solved(status) | (tried < tried.max(axis=0)), axis=0)


def common_share(status: np.ndarray, *, blocks: np.ndarray | None = None) -> np.ndarray:
    """Share of the draws that are in the common population, with Wilson's interval.

    Parameters
    ----------
    status : ndarray of int, shape (schemes, ..., n)
        Values of `Status`.
    blocks : ndarray of int, shape (n,), optional
        Block of each realisation, where those of one depend on each other (`isaclib.campaign.blocks`).

    Returns
    -------
    ndarray, shape (..., 3)
        Among the draws on which at least one scheme was run; NaN where there is none.
    """
    return _share(agreed(status), np.any(status != int(Status.NOT_RUN), axis=0), blocks)


def solved_share(status: np.ndarray, *, blocks: np.ndarray | None = None) -> np.ndarray:
    """Share of each scheme's draws that have a design, with Wilson's interval.

    Parameters
    ----------
    status : ndarray of int, shape (..., n)
        Values of `Status`.
    blocks : ndarray of int, shape (n,), optional
        Block of each realisation, where those of one depend on each other.

    Returns
    -------
    ndarray, shape (..., 3)
        Among the draws on which the scheme was run; NaN where there is none.
    """
    return _share(solved(status), status != int(Status.NOT_RUN), blocks)


def counts(status: np.ndarray) -> np.ndarray:
    """Count the draws of each status: shape (..., n) to (..., 7), in the order of `Status`."""
    return np.stack([np.sum(status == int(each), axis=-1) for each in Status], axis=-1)


def _share(hits: np.ndarray, tried: np.ndarray, blocks: np.ndarray | None) -> np.ndarray:
    return share_interval(np.where(tried, hits.astype(float), np.nan), blocks=blocks)
