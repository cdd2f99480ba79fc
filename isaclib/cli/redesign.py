"""One design of a stored campaign, for a person to read or another program to load."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isaclib.campaign.dataset import open_campaign
from isaclib.campaign.document import CampaignError, parse
from isaclib.campaign.redesign import Redesigned
from isaclib.campaign.redesign import redesign as make_anew
from isaclib.campaign.writing import written
from isaclib.cli.solve import described, print_design


def print_redesign(
    campaign: Path, *, scheme: str, settings: Sequence[str], realisation: int, output: Path | None
) -> None:
    """Make a design anew and print its metrics and certificate.

    Parameters
    ----------
    campaign : Path
        ``results/<campaign>``.
    scheme : str
        Label of the curve.
    settings : sequence of str
        ``axis=value``, one for each axis of more than one value.
    realisation : int
        Index of the draw.
    output : Path or None
        Where the arrays of the design are written to.

    Raises
    ------
    ValueError
        One line: what the campaign does not have.
    """
    point: dict[str, Any] = {}
    for entry in settings:
        name, equals, value = entry.partition("=")
        if not equals:
            raise CampaignError(f"--at {entry}: expected axis=value")
        # a label is text as it stands; a number is compared by its value
        number = parse(f"--at {entry}", value) if value else value
        point[name] = number if isinstance(number, (int, float)) else value
    with open_campaign(campaign) as data:
        made = make_anew(data, scheme=scheme, realisation=realisation, **point)
        seed = data.attrs["seed"]
    print(f"{described(made.system, made.scenario.parameters)}; seed {seed}, realisation {realisation}\n")
    print_design(made.metrics.isel(realisation=0), made.design)
    if output is not None:
        _write(made, output)
        print(f"\n{output}")


def _write(made: Redesigned, output: Path) -> None:
    """Write metrics and the arrays of the design, complex ones with a trailing real and imaginary part."""
    import xarray as xr

    arrays = {}
    for field in dataclasses.fields(made.design):
        values = getattr(made.design, field.name)
        if not isinstance(values, np.ndarray) or field.name in made.metrics:
            continue
        dims = [f"{field.name}_{axis}" for axis in range(values.ndim - 1)]
        if np.iscomplexobj(values):
            values, dims = np.stack([values.real, values.imag], axis=-1), [*dims, "part"]
        arrays[field.name] = (("realisation", *dims), values)
    with written(output) as partial:
        xr.merge([made.metrics, xr.Dataset(arrays)]).to_netcdf(partial, engine="netcdf4")
