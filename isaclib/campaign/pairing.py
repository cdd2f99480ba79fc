"""Schemes compared on common random numbers: differences within each realisation; knows only arrays."""

from __future__ import annotations

import numpy as np

from isaclib.campaign.intervals import LEVEL, mean_interval, quantile_interval

PAIRED = ("difference_mean", "difference_median", "ratio_median")
"""The coordinate ``paired``: a scheme against the campaign's first, on the same realisations."""


def paired(
    samples: np.ndarray, *, reference: int = 0, level: float = LEVEL, blocks: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Compare every scheme with a reference scheme, realisation by realisation.

    The draws are the same for both, so that their scatter cancels: the interval of a difference
    is far narrower than the two curves' own intervals suggest.

    Parameters
    ----------
    samples : ndarray, shape (schemes, ..., n)
        One number a realisation, NaN where the scheme has not solved it; a pair needs both.
    reference : int
        Position of the reference scheme.
    level : float
        Confidence level.
    blocks : ndarray of int, shape (n,), optional
        Block of each realisation, where those of one depend on each other (`isaclib.campaign.blocks`).

    Returns
    -------
    statistics : ndarray, shape (schemes, ..., 3, 3)
        In the order of `PAIRED`, ``difference_mean`` (Student), ``difference_median`` and ``ratio_median``
        (order statistics) of scheme against reference; value, lower and upper end.
    pairs : ndarray of int, shape (schemes, ...)
        Realisations both schemes have.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        difference, ratio = samples - samples[reference], samples / samples[reference]
    found = {
        "difference_mean": mean_interval(difference, level=level, blocks=blocks),
        "difference_median": quantile_interval(difference, 0.5, level=level, blocks=blocks),
        "ratio_median": quantile_interval(ratio, 0.5, level=level, blocks=blocks),
    }
    return np.stack([found[name] for name in PAIRED], axis=-2), np.sum(~np.isnan(difference), axis=-1)
