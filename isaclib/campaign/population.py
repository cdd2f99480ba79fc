"""Which draws a statistic is taken over, and how many there were of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isaclib.campaign.intervals import share_interval
from isaclib.systems.base import HAS_DESIGN, Status

if TYPE_CHECKING:
    import xarray as xr

POPULATIONS = ("common", "own")
"""Draws solved by every scheme of full length, or by each scheme itself."""

LIMITS = ("value", "lower", "upper")
"""The coordinate ``limit``: an estimate and the ends of its confidence interval."""


def solved(status: xr.DataArray) -> xr.DataArray:
    """Draws that have a design, each scheme for itself.

    Parameters
    ----------
    status : DataArray of int
        Values of `Status`.

    Returns
    -------
    DataArray of bool
    """
    return status.isin([int(s) for s in HAS_DESIGN])


def own(status: xr.DataArray) -> xr.DataArray:
    """Return the population ``own``: each scheme's solved draws, whatever the others did."""
    return solved(status)


def common(status: xr.DataArray) -> xr.DataArray:
    """Return the population ``common``: draws solved by every scheme of full length.

    A scheme that solves more of the hard draws would otherwise look worse for it. A scheme run
    on a subset (a dear reference solver on a few draws) has no say: its failures would thin the
    first draws of every curve and not the rest, a mixture of two populations. Its own curve is
    over the common draws that it solved itself.

    Parameters
    ----------
    status : DataArray of int, dims (scheme, ..., realisation)
        Values of `Status`.

    Returns
    -------
    DataArray of bool
        As `status`; false where the scheme itself has no design.
    """
    return solved(status) & agreed(status)


def agreed(status: xr.DataArray) -> xr.DataArray:
    """Draws solved by every scheme of full length: run on as many draws as the longest; without ``scheme``."""
    tried = (status != int(Status.NOT_RUN)).sum("realisation")
    return (solved(status) | (tried < tried.max("scheme"))).all("scheme")


def common_share(status: xr.DataArray, *, blocks: np.ndarray | None = None) -> xr.DataArray:
    """Share of the draws that are in the common population, with Wilson's interval.

    Parameters
    ----------
    status : DataArray of int, dims (scheme, ..., realisation)
        Values of `Status`.
    blocks : ndarray of int, shape (realisation,), optional
        Block of each realisation, where those of one depend on each other (`isaclib.campaign.blocks`).

    Returns
    -------
    DataArray, dims (..., limit)
        Among the draws on which at least one scheme was run; NaN where there is none.
    """
    return _share(agreed(status), _tried(status), blocks)


def solved_share(status: xr.DataArray, *, blocks: np.ndarray | None = None) -> xr.DataArray:
    """Share of each scheme's draws that have a design, with Wilson's interval.

    Parameters
    ----------
    status : DataArray of int, dims (..., realisation)
        Values of `Status`.
    blocks : ndarray of int, shape (realisation,), optional
        Block of each realisation, where those of one depend on each other.

    Returns
    -------
    DataArray, dims (..., limit)
        Among the draws on which the scheme was run; NaN where there is none.
    """
    return _share(solved(status), status != int(Status.NOT_RUN), blocks)


def counts(status: xr.DataArray) -> xr.DataArray:
    """Count the draws of each status.

    Parameters
    ----------
    status : DataArray of int, dims (..., realisation)
        Values of `Status`.

    Returns
    -------
    DataArray of int, dims (..., status)
        ``status`` holds the names in lower case.
    """
    import xarray as xr

    each = [(status == int(s)).sum("realisation") for s in Status]
    return xr.concat(each, xr.Variable("status", [s.name.lower() for s in Status])).transpose(..., "status")


def _tried(status: xr.DataArray) -> xr.DataArray:
    return (status != int(Status.NOT_RUN)).any("scheme")


def _share(hits: xr.DataArray, tried: xr.DataArray, blocks: np.ndarray | None) -> xr.DataArray:
    among = hits.astype(float).where(tried).transpose(..., "realisation")
    share = among.isel(realisation=0, drop=True).expand_dims(limit=list(LIMITS), axis=-1)
    return share.copy(data=share_interval(among.values, blocks=blocks))
