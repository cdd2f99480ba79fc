"""What the judges of all systems share: gap, status and reason of a design, and the dataset it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.systems.base import HAS_DESIGN, OPTIMAL_GAP, Status

if TYPE_CHECKING:
    import xarray as xr


def relative_gap(value: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """|value - bound| / |bound|, shape (B,); a bound of nothing that is attained has no gap."""
    return np.where(value == bound, 0.0, np.abs(value - bound) / np.maximum(np.abs(bound), np.finfo(float).tiny))


def verdict(
    claimed: np.ndarray, reason: Sequence[str], *, found: np.ndarray, met: np.ndarray, gap: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Judge designs: what a solver claims may be lowered, never raised.

    Parameters
    ----------
    claimed : ndarray, shape (B,)
        Values of `Status`: taken where there are no beamformers, and the best a design may be called.
    reason : sequence of str
        Why there is no design.
    found : ndarray of bool, shape (B,)
        Whether the beamformers are finite.
    met : ndarray of bool, shape (B,)
        Whether they meet every constraint.
    gap : ndarray, shape (B,)
        Of what they attain to the bound.

    Returns
    -------
    status : ndarray of int8, shape (B,)
    reason : tuple of str
        A design that was claimed and is not there has failed.
    """
    designed = np.isin(claimed, HAS_DESIGN)
    judged = np.where(met, np.where(gap <= OPTIMAL_GAP, Status.OPTIMAL, Status.FEASIBLE), Status.VIOLATING)
    lost = designed & ~found
    status = np.where(designed & found, np.maximum(claimed, judged), np.where(lost, Status.FAILED, claimed))
    texts = tuple("beamformers are not finite" if bad else text for bad, text in zip(lost, reason, strict=True))
    return status.astype(np.int8), texts


def labelled(
    variables: Mapping[str, tuple[tuple[str, ...], np.ndarray, str, str]],
    status: np.ndarray,
    coords: Mapping[str, Any],
) -> xr.Dataset:
    """Put metrics and status into a dataset.

    Parameters
    ----------
    variables : mapping
        Name to dimensions, values, units and long_name.
    status : ndarray of int8, shape (B,)
        Values of `Status`, stored as a CF flag variable.
    coords : mapping
        Coordinates, ``realisation`` among them.

    Returns
    -------
    xarray.Dataset
    """
    import xarray as xr

    about_status = {
        "long_name": "what became of the realisation",
        "flag_values": np.array([int(value) for value in Status], dtype=np.int8),
        "flag_meanings": " ".join(value.name.lower() for value in Status),
    }
    # fastpath: these are arrays; to look for others xarray would import dask, half a second in every run
    found = {
        name: xr.Variable(dims, values, {"units": units, "long_name": long_name}, fastpath=True)
        for name, (dims, values, units, long_name) in variables.items()
    }
    found["status"] = xr.Variable(("realisation",), status, about_status, fastpath=True)
    labels = {name: xr.Variable((name,), np.asarray(values), fastpath=True) for name, values in coords.items()}
    return xr.Dataset(found, coords=labels)
