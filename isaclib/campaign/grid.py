"""The axes of a campaign's grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from isaclib.campaign.document import CampaignError, check_keys, mapping, refuse
from isaclib.systems.base import nearest

Axes = Mapping[str, tuple[tuple[Any, Mapping[str, Any]], ...]]
"""Name of an axis to its values: (value or label, the parameters it sets)."""

RESERVED = (
    *("scheme", "realisation", "user", "target", "trial", "iteration", "constraint", "coordinate", "part"),
    *("status", "population", "statistic", "paired", "limit"),
)
"""Dimensions a dataset or its summary has already."""

MOST_VALUES = 10_000
"""An axis with more values is almost surely a mistyped step."""


def read_axes(content: Any, parameters: Collection[str]) -> Axes:
    """Read the mapping ``grid`` of a campaign file.

    Parameters
    ----------
    content : object
        As YAML gives it: axis to a list, to ``{start, stop, step}``, or to
        ``{label: {parameter: value, ...}, ...}``.
    parameters : collection of str
        Names of the system's parameters.

    Returns
    -------
    Axes
        In the order written.

    Raises
    ------
    CampaignError
        For an empty grid or axis, an unknown parameter, one that two axes set, a value twice.
    """
    grid = mapping("grid", content, "axes and their values")
    if not grid:
        raise CampaignError("grid: empty: expected at least one axis, such as power_dbm: [10, 20, 30]")
    axes = {str(name): _read_axis(str(name), values, parameters) for name, values in grid.items()}
    owner: dict[str, str] = {}
    for name, values in axes.items():
        for parameter in dict.fromkeys(key for _, settings in values for key in settings):
            if parameter in owner:
                raise CampaignError(
                    f"grid.{name}: {parameter} is set by axis {owner[parameter]!r} too: expected one axis to set it"
                )
            owner[parameter] = name
    return axes


def indices(axes: Axes) -> Iterator[tuple[int, ...]]:
    """Yield the index of every grid value, the last axis running fastest."""
    return itertools.product(*(range(len(values)) for values in axes.values()))


def settings(axes: Axes, index: tuple[int, ...]) -> dict[str, Any]:
    """Return the parameters that the axes set at one index."""
    return {key: value for values, i in zip(axes.values(), index, strict=True) for key, value in values[i][1].items()}


def _read_axis(name: str, content: Any, parameters: Collection[str]) -> tuple[tuple[Any, Mapping[str, Any]], ...]:
    where = f"grid.{name}"
    if not name.isidentifier() or name in RESERVED:
        allowed = f"a parameter, or a word of letters, digits and _ that is not one of {', '.join(RESERVED)}"
        raise CampaignError(f"{where}: {name!r} cannot name an axis: expected {allowed}")
    spaced = isinstance(content, dict) and {"start", "stop", "step"} & set(content)
    if isinstance(content, dict) and not spaced:
        return _read_labels(where, content, parameters)
    if name not in parameters:
        raise CampaignError(f"{where}: {name!r} is no parameter of the system: {nearest(name, parameters)}")
    values = _spaced(where, content) if spaced else content
    if not isinstance(values, (list, tuple)):
        raise refuse(where, content, "a list, {start, stop, step}, or labels with the parameters they set")
    if not values:
        raise CampaignError(f"{where}: empty: expected at least one value")
    for value in values:
        if isinstance(value, (list, dict)) or value is None:
            raise refuse(where, value, f"single values; name others by labels, such as near: {{{name}: ...}}")
        if values.count(value) > 1:
            raise CampaignError(f"{where}: {value!r} stands twice: expected each value once")
    return tuple((value, {name: value}) for value in values)


def _read_labels(
    where: str, content: Mapping[Any, Any], parameters: Collection[str]
) -> tuple[tuple[Any, Mapping[str, Any]], ...]:
    if not content:
        raise CampaignError(f"{where}: empty: expected at least one value")
    names: set[str] | None = None
    own = where.removeprefix("grid.")
    if own in parameters and not all(isinstance(chosen, dict) and own in chosen for chosen in content.values()):
        raise refuse(where, own, "labels that set it, or a name that is no parameter")
    for label, chosen in content.items():
        here = f"{where}.{label}"
        chosen = mapping(here, chosen, "the parameters this value sets")
        for key in chosen:
            if key not in parameters:
                raise CampaignError(f"{here}: {key!r} is no parameter of the system: {nearest(str(key), parameters)}")
        if not chosen or (names is not None and set(chosen) != names):
            raise refuse(
                here,
                sorted(chosen),
                "the same parameters at every label" + (f": {', '.join(sorted(names))}" if names else ""),
            )
        names = set(chosen)
    return tuple((str(label), dict(chosen)) for label, chosen in content.items())


def _spaced(where: str, content: Mapping[str, Any]) -> list[int | float]:
    check_keys(where, content, ("start", "stop", "step"), ("start", "stop", "step"))
    for key, value in content.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise refuse(f"{where}.{key}", value, "a number")
    # In decimals as written: three steps of 0.1 are 0.3, not 0.30000000000000004.
    start, stop, step = (Decimal(str(content[key])) for key in ("start", "stop", "step"))
    if step == 0 or (stop - start) / step < 0:
        raise refuse(f"{where}.step", content["step"], "a step that leads from start to stop")
    steps = (stop - start) / step
    if steps != int(steps):
        raise refuse(
            f"{where}.stop", content["stop"], f"a whole number of steps of {content['step']} from {content['start']}"
        )
    if steps >= MOST_VALUES:
        raise refuse(f"{where}.step", content["step"], f"at most {MOST_VALUES} values, found {int(steps) + 1}")
    whole = all(isinstance(value, int) for value in content.values())
    values = (start + step * i for i in range(int(steps) + 1))
    return [int(value) if whole else float(value) for value in values]
