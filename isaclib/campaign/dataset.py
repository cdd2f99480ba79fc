"""Opening a stored campaign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.gather import SCHEMA

if TYPE_CHECKING:
    import xarray as xr

NAME = "campaign.nc"
"""The dataset in a folder of results."""


def open_campaign(path: str | Path, *, chunks: Any = None) -> xr.Dataset:
    """Open a campaign: every realisation of every scheme and point, read only when it is used.

    Parameters
    ----------
    path : path
        ``results/<campaign>``, or the file ``campaign.nc`` in it.
    chunks : int, dict or "auto", optional
        Hand the arrays to dask, in chunks of this size; ``{}`` takes the file's own. Without it
        a variable that was used whole is kept in memory.

    Returns
    -------
    xarray.Dataset
        Dims (scheme, the grid's axes, realisation, ...); ``.sel(scheme=..., power_dbm=20)``
        takes labels and physical values; ``status`` has ``flag_values`` and ``flag_meanings``.

    Raises
    ------
    ValueError
        In one line, where there is no campaign, or a file that is no complete one.
    """
    import xarray as xr

    path = Path(path)
    file = path / NAME if path.is_dir() else path
    if not file.exists():
        there = "run `isaclib status` to see how far it is" if path.is_dir() else "expected a folder of results"
        raise ValueError(f"{file}: missing: the campaign is not gathered yet; {there}")
    try:
        data = xr.open_dataset(file, engine="netcdf4", chunks=chunks, cache=chunks is None)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        advice = "`isaclib verify` removes what is damaged, `snakemake` gathers it again"
        raise ValueError(f"{file}: not a netCDF-4 file, or damaged ({reason}); {advice}") from error
    if data.attrs.get("schema_version") != SCHEMA or data.attrs.get("complete") != "yes":
        found = data.attrs.get("schema_version", "none")
        data.close()
        raise ValueError(f"{file}: schema_version = {found}: expected {SCHEMA} of a complete campaign; gather it again")
    return data


def metric_names(data: xr.Dataset) -> list[str]:
    """Names of the real numbers over scheme and realisation; designs (real, imaginary) are none."""
    return [
        str(name)
        for name, variable in data.data_vars.items()
        if {"scheme", "realisation"} <= set(variable.dims)
        and "part" not in variable.dims
        and np.issubdtype(variable.dtype, np.number)
        and name != "status"
    ]


def loaded(values: xr.DataArray) -> xr.DataArray:
    """Read the values of an array.

    Raises
    ------
    ValueError
        In one line, naming the file, where it is damaged.
    """
    try:
        return values.load()
    # a checksum that fails is a RuntimeError, which names nothing
    except (RuntimeError, OSError) as error:
        source = values.encoding.get("source", "dataset")
        raise ValueError(f"{source}: {values.name} cannot be read ({error}): `isaclib verify` finds damage") from error


def real_values(values: xr.DataArray) -> xr.DataArray:
    """Bring integers with their "nothing here" (the smallest of their kind) to floats with NaN."""
    if values.dtype.kind in "iu":
        return values.astype(float).where(values != np.iinfo(values.dtype).min)
    return values.astype(float)
