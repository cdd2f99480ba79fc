"""A design of a stored campaign made anew: what a file need not keep."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.channels import DRAWN, Channels
from isaclib.campaign.dataset import open_campaign
from isaclib.campaign.identity import scheme_id
from isaclib.campaign.inputs import channels_name, kept, scheme_name
from isaclib.campaign.point import listed, same_value
from isaclib.systems import get_system
from isaclib.systems.base import Design, nearest
from isaclib.systems.own import with_scheme_files
from isaclib.systems.streams import BLOCK
from isaclib.systems.system import System

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Redesigned:
    """One realisation of one curve at one point, as its run had it.

    Parameters
    ----------
    system : System
        Its system.
    scenario : Scenario
        The draw, a batch of one.
    design : Design
        What the scheme returned for it, a batch of one.
    metrics : xarray.Dataset
        `System.evaluate` of them.
    """

    system: System
    scenario: Any
    design: Any
    metrics: xr.Dataset


def redesign(campaign: str | Path | xr.Dataset, *, scheme: str, realisation: int = 0, **point: Any) -> Redesigned:
    """Make a design of a stored campaign anew from its identity.

    Parameters
    ----------
    campaign : path or xarray.Dataset
        ``results/<campaign>``, its ``campaign.nc``, or what `isaclib.open_campaign` returned.
    scheme : str
        Label of the curve.
    realisation : int
        Index of the draw.
    **point
        Value, or label, of each axis of the grid; an axis of one value need not be named.

    Returns
    -------
    Redesigned
        The same numbers, to the bit on one type of processor, as the campaign's run had; of a draw
        that was not run for this curve, those that its run would have had.

    Raises
    ------
    ValueError
        In one line: a label, axis, value or realisation that the campaign does not have, a system or
        solver that would return other numbers today (its version differs), or a file of a person's own that is
        not beside the campaign's.
    """
    (made,) = redesign_several(campaign, scheme=scheme, realisations=[realisation], **point)
    return made


def redesign_several(
    campaign: str | Path | xr.Dataset, *, scheme: str, realisations: Sequence[int], **point: Any
) -> list[Redesigned]:
    """Make designs of several realisations anew, as `redesign` does, each block once."""
    data = open_campaign(campaign) if isinstance(campaign, (str, Path)) else campaign
    for needed in ("curves", "axes"):
        if needed not in data.attrs:
            raise ValueError(f"campaign: no attribute {needed!r}: expected a campaign.nc; gather it again")
    curves = {curve["label"]: curve for curve in json.loads(data.attrs["curves"])}
    if scheme not in curves:
        raise ValueError(f"scheme = {scheme!r}: expected a label of the campaign; {nearest(scheme, curves)}")
    curve = curves[scheme]
    for realisation in realisations:
        if not 0 <= realisation < data.sizes["realisation"]:
            raise ValueError(f"realisation = {realisation}: expected one from 0 to {data.sizes['realisation'] - 1}")
    system = system_of(data, curve)
    versions, commits = (data.attrs.get(f"runs_{name}", "unknown") for name in ("isaclib_versions", "git_commits"))
    made_by = f"the isaclib that made it, {versions} ({commits})"
    # a dataset of before the attribute says nothing of it
    if data.attrs.get("system_version", system.version) != system.version:
        raise ValueError(f"campaign: system {system.name!r} has changed since: expected {made_by}")
    found = system.scheme(curve["scheme"])
    if scheme_id(found, curve["solver"], curve["options"]) != curve["scheme_id"]:
        raise ValueError(f"scheme = {scheme!r}: solver {curve['solver']!r} has changed since: expected {made_by}")
    fixed = json.loads(data.attrs["parameters"])[scheme]
    chosen = {**_settings(json.loads(data.attrs["axes"]), point), **fixed, **curve["parameters"]}
    parameters = system.Parameters(**chosen)
    channels = _channels(data, system)

    def draw(start: int, stop: int) -> Any:
        return system.draw(
            parameters,
            seed=int(data.attrs["seed"]),
            start=start,
            stop=stop,
            sampling=data.attrs.get("sampling", "random"),
            channels=channels.read(start, stop) if channels else None,
        )

    # whole blocks, as a run makes them: no bit depends on what else was designed along
    size = 1 if found.solver(curve["solver"]).seconds else BLOCK
    blocks: dict[int, Any] = {}
    made = []
    for realisation in realisations:
        first = realisation // size * size
        if first not in blocks:
            drawn = draw(first, min(first + size, channels.realisations) if channels else first + size)
            blocks[first] = system.design(
                drawn, scheme=curve["scheme"], solver=curve["solver"], options=curve["options"]
            )
        scenario = draw(realisation, realisation + 1)
        design = _one(blocks[first], realisation - first)
        made.append(Redesigned(system, scenario, design, system.evaluate(scenario, design)))
    return made


def system_of(data: xr.Dataset, curve: Mapping[str, Any]) -> System:
    """Return the system of a campaign, with the scheme of a person's own that a curve was designed by."""
    system = get_system(data.attrs["system"])
    if curve.get("scheme_file"):
        system = with_scheme_files(system, [kept(_root(data), scheme_name(curve["scheme_file"]))])
    return system


def _channels(data: xr.Dataset, system: System) -> Channels | None:
    given = data.attrs.get("channels", DRAWN)
    return None if given == DRAWN else Channels.open(kept(_root(data), channels_name(given)), system)


def _root(data: xr.Dataset) -> Path:
    """Return the folder that a dataset was opened from."""
    if "source" not in data.encoding:
        raise ValueError("campaign: its folder is not known: expected a path, or what isaclib.open_campaign returned")
    return Path(data.encoding["source"]).parent


def _settings(axes: Mapping[str, list[Any]], point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that the grid sets at a point."""
    for name in point:
        if name not in axes:
            raise ValueError(f"{name} = {point[name]!r}: expected an axis of the campaign; {nearest(name, axes)}")
    settings: dict[str, Any] = {}
    for name, entries in axes.items():
        values = {value: own for value, own in entries}
        shown = listed(values)
        if name not in point and len(values) > 1:
            raise ValueError(f"{name} is missing: expected one of {shown}")
        wanted = point.get(name, next(iter(values)))
        matching = [own for value, own in values.items() if same_value(value, wanted)]
        if not matching:
            raise ValueError(f"{name} = {wanted!r}: expected one of {shown}")
        settings.update(matching[0])
    return settings


def _one(designs: Design, position: int) -> Design:
    """Return one realisation of a batch of designs."""
    count = len(designs.status)
    fields: dict[str, Any] = {
        field.name: value[position : position + 1]
        for field in dataclasses.fields(designs)
        if isinstance(value := getattr(designs, field.name), np.ndarray) and len(value) == count
    }
    return dataclasses.replace(designs, reason=designs.reason[position : position + 1], **fields)
