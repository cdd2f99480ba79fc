"""Identities: what makes two numbers the same number, and what makes them differ.

A point is (system, model version, resolved parameters, seed, sampling, file of channels); a scheme is (name, solver,
options, solver version, file of a person's own); an estimator is (name, options, version). A parameter added later
with a neutral default leaves every identity as it was; a raised version changes those it must.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from isaclib.campaign.cells import identity
from isaclib.systems.base import Estimator, Scheme
from isaclib.systems.system import System


def plain(value: Any) -> Any:
    """Bring a value to plain JSON: lists for tuples, one zero for both signs."""
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if hasattr(value, "item"):
        value = value.item()
    return value + 0.0 if isinstance(value, float) else value


def plain_parameters(parameters: Any) -> dict[str, Any]:
    """Return every field of a ``Parameters`` as plain JSON."""
    return {field.name: plain(getattr(parameters, field.name)) for field in dataclasses.fields(parameters)}


def point_id(system: System, parameters: Any, *, seed: int, sampling: str = "random", channels: str = "") -> str:
    """Return the identity of a point.

    Parameters
    ----------
    system : System
        Whose model version counts.
    parameters : Parameters
        Resolved; a neutral field at its default is left out.
    seed : int
        Draws under another seed are other draws.
    sampling : str
        So are those drawn another way; ``random`` is left out.
    channels : str
        Hash of the file that channels come from; empty where they are drawn.
    """
    neutral = {f.name: plain(f.default) for f in dataclasses.fields(parameters) if f.metadata.get("neutral")}
    kept = {
        name: value
        for name, value in plain_parameters(parameters).items()
        if name not in neutral or value != neutral[name]
    }
    content = {"system": system.name, "version": system.version, "parameters": kept, "seed": seed}
    if sampling != "random":
        content["sampling"] = sampling
    if channels:
        content["channels"] = channels
    return identity(content)


def scheme_id(scheme: Scheme, solver: str, options: Mapping[str, Any]) -> str:
    """Return the identity of a scheme with its solver and resolved options."""
    content = {"scheme": scheme.name, "solver": solver, "options": plain(options)}
    content["version"] = scheme.solver(solver).version
    return identity({**content, "file": scheme.file_id} if scheme.file_id else content)


def estimator_id(estimator: Estimator, options: Mapping[str, Any], scheme: str) -> str:
    """Return the identity of an estimator with its resolved options on the designs of a scheme."""
    return identity(
        {"estimator": estimator.name, "options": plain(options), "version": estimator.version, "scheme": scheme}
    )
