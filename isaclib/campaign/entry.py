"""Entries of a campaign file as frozen dataclasses: keys, types and choices, refused in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from isaclib.systems.base import nearest

Entry = TypeVar("Entry")


def _is_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(entry, str) for entry in value)


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "str": (lambda value: isinstance(value, str), "text"),
    "str | None": (lambda value: value is None or isinstance(value, str), "text"),
    "int": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "float": (
        lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
        "a number",
    ),
    "float | None": (
        lambda value: value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)),
        "a number",
    ),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "tuple[str, ...]": (_is_texts, "a list of labels"),
    "tuple[CurveSpec, ...]": (lambda value: isinstance(value, tuple), "a list of {metric: ..., statistic: ...}"),
    "tuple[QuantitySpec, ...]": (lambda value: isinstance(value, tuple), "a list of {metric: ..., statistic: ...}"),
    "Mapping[str, Any]": (lambda value: isinstance(value, Mapping), "a mapping of axis to value"),
}
"""By annotation: what a value has to be, and how that is called. Other annotations are their class's business."""


def check_types(instance: Any) -> None:
    """Hold the fields of a frozen dataclass against their annotations; lists become tuples.

    Raises
    ------
    ValueError
        ``key = value: expected ...``.
    """
    for entry in fields(instance):
        value = getattr(instance, entry.name)
        if isinstance(value, list):
            value = tuple(value)
            object.__setattr__(instance, entry.name, value)
        fits, expected = _CHECKS.get(str(entry.type), (lambda value: True, ""))
        if not fits(value):
            raise ValueError(f"{entry.name} = {value!r}: expected {expected}")


def one_of(key: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse a word that is not among the allowed ones.

    Raises
    ------
    ValueError
        ``key = value: expected one of ...``.
    """
    if value not in allowed:
        raise ValueError(f"{key} = {value!r}: expected one of {', '.join(allowed)}")


def keys_of(cls: type[Any], entry: Any, where: str) -> Mapping[str, Any]:
    """Return an entry whose keys are fields of a dataclass, the required ones among them.

    Parameters
    ----------
    cls : type
        The dataclass.
    entry : object
        As YAML gives it.
    where : str
        Where it stands, for the message.

    Returns
    -------
    mapping

    Raises
    ------
    ValueError
        One line: where, key, what was expected.
    """
    known = [f.name for f in fields(cls)]
    needed = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where} = {entry!r}: expected a mapping with {', '.join(needed)}")
    for key in entry:
        if key not in known:
            raise ValueError(f"{where}: key {key!r} is unknown: {nearest(str(key), known)}")
    for key in needed:
        if key not in entry:
            raise ValueError(f"{where}: {key} is missing: expected `{key}: ...`")
    return entry


def build(cls: type[Entry], values: Mapping[str, Any], where: str) -> Entry:
    """Build a dataclass that checks itself, and say where it stands in what it complains of.

    Raises
    ------
    ValueError
        One line: where, key, value, what was expected.
    """
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{where}.{error}") from None
