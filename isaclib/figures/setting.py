"""What a campaign asks for, in words: draws, grid, schemes, parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from html import escape
from typing import Any

from isaclib.campaign.spec import Campaign, Curve
from isaclib.figures.html import Html, folded, inline, table

_LISTED = 12
"""Values of an axis that are listed one by one; of more the ends are told."""


def setting(campaign: Campaign) -> str:
    """Return what was computed: the parts of a page, as HTML."""
    known = {field.name: field.metadata for field in dataclasses.fields(campaign.model.Parameters)}
    lines = [f"System <b>{escape(campaign.system)}</b>, seed {campaign.seed}, draws: {escape(campaign.sampling)}."]
    for axis, values in campaign.axes.items():
        lines.append(f"Over {inline(_axis(axis, values, known))}.")
    own = [_named(name, value, known) for name, value in campaign.parameters.items()]
    if own:
        lines.append(f"Set for all: {escape('; '.join(own))}.")
    for name, options in campaign.estimators.items():
        summary = campaign.model.estimators[name].summary
        lines.append(f"Estimator {escape(f'{name}: {summary}{_bracketed(options)}')}.")
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f"<ul>{items}</ul>\n{_schemes(campaign, known)}\n{_parameters(campaign, known)}"


def _axis(axis: str, values: Any, known: Mapping[str, Mapping[str, Any]]) -> str:
    shown = [f"{value:g}" if isinstance(value, float) else str(value) for value, _ in values]
    span = ", ".join(shown) if len(shown) <= _LISTED else f"{len(shown)} values from {shown[0]} to {shown[-1]}"
    if axis in known:
        return f"{_meaning(axis, known)}: {span}{_unit(axis, known)}"
    sets = dict.fromkeys(name for _, chosen in values for name in chosen)
    return f"{axis.replace('_', ' ')}: {span} (sets {'; '.join(_meaning(name, known) for name in sets)})"


def _schemes(campaign: Campaign, known: Mapping[str, Mapping[str, Any]]) -> Html:
    rows = []
    for curve in campaign.entries:
        scheme = campaign.model.scheme(curve.scheme)
        solver = scheme.solver(curve.solver)
        changed = {name: value for name, value in curve.options.items() if solver.options[name] != value}
        rows.append(
            [
                curve.label,
                f"{curve.scheme}: {scheme.summary}",
                f"{curve.solver}: {solver.summary}{_bracketed(changed)}",
                "; ".join(_named(name, value, known) for name, value in curve.parameters.items()),
                _draws(curve),
            ]
        )
    return table(["curve", "scheme", "solver", "differs in", "draws a point"], rows, words=5)


def _draws(curve: Curve) -> str:
    counts = dict.fromkeys(curve.efforts.values())
    text = f"{next(iter(counts))}" if len(counts) == 1 else ", ".join(f"{n} ({e})" for e, n in curve.efforts.items())
    return f"{text}; {curve.precision}" if curve.precision is not None else text


def _parameters(campaign: Campaign, known: Mapping[str, Mapping[str, Any]]) -> Html:
    curve = campaign.entries[0]
    varied = {name for values in campaign.axes.values() for _, chosen in values for name in chosen}
    values = next(iter(campaign.points(curve).values())).parameters
    rows = [
        [name, _with_unit(name, value, known), known[name]["doc"]]
        for name, value in values.items()
        if name not in varied
    ]
    title = f"Every parameter that the grid does not set, as {curve.label} has it"
    return folded(title, table(["parameter", "value", "meaning"], rows, words=3))


def _named(name: str, value: Any, known: Mapping[str, Mapping[str, Any]]) -> str:
    return f"{_meaning(name, known)}: {_with_unit(name, value, known)}"


def _with_unit(name: str, value: Any, known: Mapping[str, Mapping[str, Any]]) -> str:
    return _shown(value) + ("" if value is None else _unit(name, known))


def _meaning(name: str, known: Mapping[str, Mapping[str, Any]]) -> str:
    return str(known[name]["doc"]).split(";")[0].split(" (")[0] if name in known else name


def _unit(name: str, known: Mapping[str, Mapping[str, Any]]) -> str:
    unit = known[name]["unit"]
    return "" if unit == "1" else f" {unit}"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(entry) for entry in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _bracketed(options: Mapping[str, Any]) -> str:
    told = ", ".join(f"{name} = {_shown(value)}" for name, value in options.items() if value is not None)
    return f" ({told})" if told else ""
