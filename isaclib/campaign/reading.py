"""Reading a campaign file: every key checked, every name resolved, before anything runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from isaclib.campaign import document, grid
from isaclib.campaign.channels import Channels
from isaclib.campaign.claims.spec import read_claims
from isaclib.campaign.consistency import (
    check_channels,
    check_distinct,
    check_estimators,
    check_precision,
    check_solvers,
    read_figures,
)
from isaclib.campaign.document import CampaignError, check_keys, refuse
from isaclib.campaign.identity import plain, scheme_id
from isaclib.campaign.inputs import channels_name, scheme_name
from isaclib.campaign.precision_spec import PrecisionSpec
from isaclib.campaign.spec import EFFORTS, Campaign, Curve
from isaclib.systems import get_system
from isaclib.systems.base import nearest
from isaclib.systems.own import with_scheme_files
from isaclib.systems.streams import SAMPLINGS
from isaclib.systems.system import System

STORABLE = ("beamformers",)
"""What `store` may keep beside the metrics: a word for the arrays that `System.kept` names."""

MOST_REALISATIONS = 10_000_000
"""More is almost surely mistyped, and no plan of it would fit in memory."""

LONGEST_DRAW_SECONDS = 1_000_000
"""More than any cluster lets a job run."""

LARGEST_SEED = 2**63 - 1
"""What an attribute of a file holds."""

KEYS = (
    "campaign",
    "title",
    "system",
    "seed",
    "channels",
    "parameters",
    "grid",
    "scheme_files",
    "schemes",
    "estimators",
    "realisations",
    "precision",
    "draw_seconds",
    "sampling",
    "store",
    "figures",
    "claims",
)
SCHEME_KEYS = ("scheme", "label", "solver", "options", "parameters", "realisations", "precision")


def load(path: str | Path, *, effort: str = "quick") -> Campaign:
    """Read and check a campaign file.

    Parameters
    ----------
    path : str or Path
        The file; its stem is the campaign's name.
    effort : str
        One of `EFFORTS`.

    Returns
    -------
    Campaign

    Raises
    ------
    CampaignError
        One line: file, key, value, what was expected.
    """
    path = Path(path)
    content = document.read(path)
    try:
        if effort not in EFFORTS:
            raise CampaignError(f"effort {effort!r} is unknown: {nearest(effort, EFFORTS)}")
        campaign = _read(path, content, effort)
    except ValueError as error:
        message = str(error)
        raise CampaignError(message if message.startswith(f"{path}: ") else f"{path}: {message}") from None
    return campaign


def check_writable(results: str | Path) -> None:
    """Refuse a results folder that cannot be written, before anything runs.

    Raises
    ------
    CampaignError
        One line with the folder and what is wrong with it.
    """
    folder = Path(results)
    there = next((parent for parent in (folder, *folder.absolute().parents) if parent.exists()), Path("/"))
    if not there.is_dir():
        raise CampaignError(f"results: {str(folder)!r}: expected a folder, {str(there)!r} is a file")
    try:
        # permissions alone do not tell: the disk may be read-only or full
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"-")
    except OSError as error:
        reason = error.strerror or error
        raise CampaignError(f"results: {str(folder)!r}: expected a folder that can be written ({reason})") from None


def _read(path: Path, content: dict[str, Any], effort: str) -> Campaign:
    check_keys("", content, KEYS, ("campaign", "system", "seed", "grid", "schemes", "realisations"))
    name = document.text("campaign", content["campaign"])
    if name != path.stem:
        raise refuse("campaign", name, f"{path.stem!r}, the file's name, which also names its folder of results")
    installed = get_system(document.text("system", content["system"]))
    files = _files("scheme_files", content.get("scheme_files"), path)
    system = with_scheme_files(installed, files)
    own_schemes = system.further[len(installed.further) :]
    channels = _channels(content, path, system)
    known = {f.name for f in fields(system.Parameters)}
    parameters = document.mapping("parameters", content.get("parameters"), "parameters and their values")
    _check_parameters("parameters", parameters, known)
    axes = grid.read_axes(content["grid"], known)
    _check_not_on_grid("parameters", parameters, axes)
    _check_axes(axes, system)
    efforts = _efforts("realisations", content["realisations"], low=1)
    if effort not in efforts:
        given = ", ".join(efforts)
        raise CampaignError(f"realisations: effort {effort!r} is missing: expected a number for it; there is {given}")

    if not isinstance(content["schemes"], list) or not content["schemes"]:
        raise refuse("schemes", content["schemes"], "a list of at least one scheme")
    entries = tuple(
        _curve(i, entry, system, axes, known, efforts, effort, content.get("precision"))
        for i, entry in enumerate(content["schemes"])
    )
    labels = [curve.label for curve in entries]
    for i, label in enumerate(labels):
        if label in labels[:i]:
            raise CampaignError(
                f"schemes[{i}]: label {label!r} is taken by schemes[{labels.index(label)}]: expected another label"
            )

    estimators = document.mapping("estimators", content.get("estimators"), "estimators and their options")
    resolved = {
        str(estimator): _estimator(system, str(estimator), options) for estimator, options in estimators.items()
    }
    store = content.get("store") or []
    if not isinstance(store, list) or any(item not in STORABLE for item in store):
        raise refuse("store", store, f"a list of {', '.join(STORABLE)}")

    campaign = Campaign(
        path=path,
        name=name,
        title=document.text("title", content.get("title", name)),
        system=system.name,
        seed=document.whole("seed", content["seed"], low=0, high=LARGEST_SEED),
        effort=effort,
        parameters=parameters,
        axes=axes,
        entries=entries,
        estimators=resolved,
        store=system.kept if store else (),
        figures=(),
        draw_seconds=_draw_seconds(content.get("draw_seconds")),
        sampling=_sampling(content.get("sampling", SAMPLINGS[0])),
        own_schemes=own_schemes,
        channels=channels,
        inputs={
            **{file: scheme_name(scheme.file_id) for file, scheme in zip(files, own_schemes, strict=True)},
            **({channels.path: channels_name(channels.id)} if channels else {}),
        },
    )
    if not campaign.curves:
        raise CampaignError(f"realisations: no scheme has any in effort {effort!r}: expected some of one at least")
    check_distinct(campaign)
    check_channels(campaign)
    check_solvers(campaign)
    check_precision(campaign)
    check_estimators(campaign)
    campaign = replace(campaign, axes=_normalised(campaign))
    claims = read_claims(content.get("claims"), file=path, system=system.name, campaign=name)
    return replace(campaign, figures=read_figures(content.get("figures"), campaign), claims=claims)


def _files(where: str, content: Any, beside: Path) -> list[Path]:
    """Take a list of files, each relative to the campaign's own."""
    if not isinstance(content or [], list):
        raise refuse(where, content, "a list of files")
    return [beside.parent / document.text(f"{where}[{i}]", name) for i, name in enumerate(content or [])]


def _channels(content: Mapping[str, Any], beside: Path, system: System) -> Channels | None:
    if content.get("channels") is None:
        return None
    file = beside.parent / document.text("channels", content["channels"])
    try:
        channels = Channels.open(file, system)
        channels.check_values()
    except ValueError as error:
        raise CampaignError(f"channels: {error}") from None
    return channels


def _check_parameters(where: str, chosen: Mapping[Any, Any], known: set[str]) -> None:
    for key in chosen:
        if key not in known:
            raise CampaignError(f"{where}: {key!r} is no parameter of the system: {nearest(str(key), known)}")


def _check_not_on_grid(where: str, chosen: Mapping[Any, Any], axes: grid.Axes) -> None:
    for axis, values in axes.items():
        for key in values[0][1]:
            if key in chosen:
                raise CampaignError(f"{where}.{key}: the grid sets it too, by axis {axis!r}: expected one of the two")


def _check_axes(axes: grid.Axes, system: System) -> None:
    metrics = {*system.metrics, *(name for estimator in system.estimators.values() for name in estimator.metrics)}
    for axis, values in axes.items():
        # the parameters that labels set stand in the dataset beside the metrics
        for name in (axis, *values[0][1]):
            if name in metrics:
                where = "grid" if name == axis else f"grid.{axis}"
                raise refuse(where, name, "a name that no metric has")


def _efforts(where: str, content: Any, *, low: int, otherwise: Mapping[str, int] | None = None) -> dict[str, int]:
    if not isinstance(content, dict):
        return dict.fromkeys(EFFORTS if otherwise is None else otherwise, _count(where, content, low))
    check_keys(where, content, otherwise or EFFORTS)
    counts = {effort: _count(f"{where}.{effort}", count, low) for effort, count in content.items()}
    if not counts:
        raise refuse(where, content, "a number, or {quick: ..., paper: ...}")
    return {**(otherwise or {}), **counts}


def _count(where: str, value: Any, low: int) -> int:
    return document.whole(where, value, low=low, high=MOST_REALISATIONS)


def _draw_seconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= LONGEST_DRAW_SECONDS:
        raise refuse("draw_seconds", value, f"a number above 0 and of at most {LONGEST_DRAW_SECONDS}")
    return float(value)


def _sampling(value: Any) -> str:
    if value not in SAMPLINGS:
        raise refuse("sampling", value, f"one of {', '.join(SAMPLINGS)}")
    return str(value)


def _curve(
    position: int,
    entry: Any,
    system: System,
    axes: grid.Axes,
    known: set[str],
    efforts: Mapping[str, int],
    effort: str,
    precision: Any,
) -> Curve:
    where = f"schemes[{position}]"
    if isinstance(entry, str):
        entry = {"scheme": entry}
    if not isinstance(entry, dict):
        raise refuse(where, entry, "the name of a scheme, or {scheme: ..., label: ...}")
    check_keys(where, entry, SCHEME_KEYS, ("scheme",))
    try:
        scheme = system.scheme(document.text(f"{where}.scheme", entry["scheme"]))
        name = entry.get("solver") or scheme.default_solver
        solver = scheme.solver(document.text(f"{where}.solver", name))
        options = solver.resolve(document.mapping(f"{where}.options", entry.get("options"), "options and their values"))
    except CampaignError:
        raise
    except ValueError as error:
        raise CampaignError(f"{where}: {error}") from None
    parameters = document.mapping(f"{where}.parameters", entry.get("parameters"), "parameters and their values")
    _check_parameters(f"{where}.parameters", parameters, known)
    _check_not_on_grid(f"{where}.parameters", parameters, axes)
    counts = dict(efforts)
    if entry.get("realisations") is not None:
        counts = _efforts(f"{where}.realisations", entry["realisations"], low=0, otherwise=efforts)
    return Curve(
        label=document.text(f"{where}.label", entry.get("label", scheme.name)),
        scheme=scheme.name,
        solver=name,
        options=plain(options),
        scheme_id=scheme_id(scheme, name, options),
        parameters=parameters,
        efforts=counts,
        realisations=counts[effort],
        precision=_precision(f"{where}.precision", entry, precision),
    )


def _precision(where: str, entry: Mapping[str, Any], common: Any) -> PrecisionSpec | None:
    """Read the precision of a curve: its own, or that of all curves that have no realisations of their own."""
    content = entry.get("precision")
    if content is None:
        content, where = (common, "precision") if entry.get("realisations") is None else (None, where)
    if content is None:
        return None
    spec = PrecisionSpec.read(content, where)
    _count(f"{where}.max_realisations", spec.max_realisations, 1)
    return spec


def _estimator(system: System, name: str, options: Any) -> dict[str, Any]:
    if name not in system.estimators:
        raise CampaignError(
            f"estimators: system {system.name!r} has no estimator {name!r}: {nearest(name, system.estimators)}"
        )
    try:
        return dict(
            plain(
                system.estimators[name].resolve(
                    document.mapping(f"estimators.{name}", options, "options and their values")
                )
            )
        )
    except CampaignError:
        raise
    except ValueError as error:
        raise CampaignError(f"estimators.{name}: {error}") from None


def _normalised(campaign: Campaign) -> grid.Axes:
    """Give the values of an axis of one parameter the type the parameter has (10 dBm is 10.0)."""
    points = campaign.points(campaign.entries[0])
    axes = {}
    for position, (name, values) in enumerate(campaign.axes.items()):
        at = [
            points[tuple(i if k == position else 0 for k in range(len(campaign.axes)))].parameters
            for i in range(len(values))
        ]
        axes[name] = tuple(
            (point[name], {name: point[name]}) if value_settings == {name: value} else (value, value_settings)
            for (value, value_settings), point in zip(values, at, strict=True)
        )
    return axes
