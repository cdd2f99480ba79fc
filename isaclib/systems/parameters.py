"""Declaring and checking the parameters of a system."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from typing import Any

SPEED_OF_LIGHT = 299_792_458.0
"""In m/s."""


def parameter(
    default: Any,
    *,
    unit: str,
    doc: str,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    integer: bool = False,
    optional: bool = False,
    length: int | None = None,
    choices: tuple[str, ...] = (),
    per_user: bool = False,
    several: bool = False,
    words: bool = False,
    neutral: bool = False,
) -> Any:
    """Declare one field of a system's ``Parameters``.

    Parameters
    ----------
    default : object
        Value where the user names none.
    unit : str
        Unit as it stands in files and on axes; "1" where there is none.
    doc : str
        One line on what the field means.
    low, high : float
        Allowed range, ends included; a value outside is almost surely in the wrong unit.
    open_low : bool
        Exclude `low` itself.
    integer : bool
        A count.
    optional : bool
        None is allowed.
    length : int, optional
        The field is a tuple of so many numbers.
    choices : tuple of str
        The field is one of these words.
    per_user : bool
        One number, or one a user.
    several : bool
        One number or any number of them, also none: a tuple.
    words : bool
        One word or several: a tuple.
    neutral : bool
        The field was added later and its default changes nothing: points at the default keep
        the identity they had without it.

    Returns
    -------
    dataclasses.Field
    """
    metadata = dict(
        unit=unit,
        doc=doc,
        low=low,
        high=high,
        open_low=open_low,
        integer=integer,
        optional=optional,
        length=length,
        choices=choices,
        per_user=per_user,
        several=several,
        words=words,
        neutral=neutral,
    )
    return dataclasses.field(default=default, metadata=metadata)


def expectation(metadata: Mapping[str, Any]) -> str:
    """Say in words what a field allows."""
    if metadata["choices"]:
        return "one of " + ", ".join(metadata["choices"])
    if metadata["words"]:
        return "a word or a list of words"
    low, high, unit = metadata["low"], metadata["high"], metadata["unit"]
    noun = "a whole number" if metadata["integer"] else "a number"
    if metadata["length"]:
        noun = f"{metadata['length']} numbers"
    if metadata["per_user"]:
        noun = "one number, or one a user,"
    if metadata["several"]:
        noun = "numbers, each"
    if math.isfinite(low) and math.isfinite(high):
        noun += (
            f" {'above' if metadata['open_low'] else 'from'} {low:g} {'up ' if metadata['open_low'] else ''}to {high:g}"
        )
    elif math.isfinite(low):
        noun += f" {'above' if metadata['open_low'] else 'of at least'} {low:g}"
    elif math.isfinite(high):
        noun += f" of at most {high:g}"
    if unit != "1":
        noun += f" {unit}"
    return noun + (" or none" if metadata["optional"] else "")


def complaint(name: str, value: Any, expected: str) -> ValueError:
    """Return the one-line error of a bad value: field, value, what is allowed."""
    return ValueError(f"{name} = {value!r}: expected {expected}")


def normalise(instance: Any) -> None:
    """Check every field of a frozen ``Parameters`` and bring it to its plain Python type.

    Parameters
    ----------
    instance : dataclass
        A freshly built ``Parameters``; lists become tuples, numpy scalars Python numbers.

    Raises
    ------
    ValueError
        Naming the field, its value and what is allowed.
    """
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        object.__setattr__(instance, field.name, _plain(field.name, value, field.metadata))


def _plain(name: str, value: Any, metadata: Mapping[str, Any]) -> Any:
    expected = expectation(metadata)
    if value is None:
        if metadata["optional"]:
            return None
        raise complaint(name, value, expected)
    if metadata["choices"]:
        if value not in metadata["choices"]:
            raise complaint(name, value, expected)
        return value
    if metadata["words"]:
        entries = value if _is_sequence(value) else (value,)
        if not all(isinstance(entry, str) and entry for entry in entries):
            raise complaint(name, value, expected)
        return tuple(entries)
    if metadata["several"] and not _is_sequence(value):
        return (_number(name, value, metadata, expected, value),)
    if metadata["length"] or metadata["several"] or (metadata["per_user"] and _is_sequence(value)):
        if not _is_sequence(value) or (metadata["length"] and len(value) != metadata["length"]):
            raise complaint(name, value, expected)
        return tuple(_number(name, entry, metadata, expected, value) for entry in value)
    return _number(name, value, metadata, expected, value)


def _is_sequence(value: Any) -> bool:
    # a numpy array without axes has a length by name only
    return hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0 and not isinstance(value, (str, bytes, dict))


def _number(name: str, entry: Any, metadata: Mapping[str, Any], expected: str, whole: Any) -> float | int:
    if hasattr(entry, "item") and getattr(entry, "ndim", 0) == 0:
        entry = entry.item()
    # neither NaN, infinite nor a whole number that no float can hold
    if isinstance(entry, bool) or not isinstance(entry, (int, float)) or not abs(entry) <= sys.float_info.max:
        raise complaint(name, whole, expected)
    if metadata["integer"]:
        if entry != int(entry):
            raise complaint(name, whole, expected)
        entry = int(entry)
    else:
        entry = float(entry)
    low, high = metadata["low"], metadata["high"]
    if entry < low or entry > high or (metadata["open_low"] and entry == low):
        raise complaint(name, whole, expected)
    return entry
