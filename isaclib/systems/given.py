"""Arrays of a scenario that come from a ray tracer or a measurement instead of being drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MODULUS_TOLERANCE = 1e-6
"""What the moduli of an array of modulus one may miss it by."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """An array that may be given, one entry a realisation.

    Parameters
    ----------
    dims : tuple of str
        Names of the dimensions behind the realisation.
    sizes : callable
        ``sizes(parameters) -> tuple of int``, their sizes.
    about : str
        One line on what it is.
    units : str
        Its unit.
    real : bool
        Real numbers, not complex ones.
    beside : str
        An array without which it would say nothing; empty for one that may be given alone.
    modulus_one : bool
        All its entries have modulus one.
    """

    dims: tuple[str, ...]
    sizes: Callable[[Any], tuple[int, ...]]
    about: str
    units: str = "1"
    real: bool = False
    beside: str = ""
    modulus_one: bool = False

    def check_values(self, name: str, values: np.ndarray, first: int = 0) -> None:
        """Refuse values that no channel has.

        Parameters
        ----------
        name : str
            Of the array, for the message.
        values : ndarray, shape (realisations, ...)
            The array, or a part of it.
        first : int
            Realisation of its first entry.

        Raises
        ------
        ValueError
            One line: array, realisation, value, what was expected.
        """
        wrong, expected = ~np.isfinite(values), "finite numbers"
        if self.modulus_one and not wrong.any():
            wrong, expected = np.abs(np.abs(values) - 1.0) > MODULUS_TOLERANCE, "numbers of modulus one"
        if wrong.any():
            at = tuple(np.argwhere(wrong)[0])
            raise ValueError(f"{name} of realisation {first + at[0]}: {values[at]:.6g}: expected {expected}")


def check_names(known: Mapping[str, Given], names: set[str]) -> None:
    """Refuse arrays that say nothing without another one, and none at all.

    Parameters
    ----------
    known : mapping of str to Given
        What the system takes.
    names : set of str
        Of those known.

    Raises
    ------
    ValueError
        One line: what is missing.
    """
    alone = [name for name, entry in known.items() if not entry.beside]
    if not names:
        raise ValueError(f"{' or '.join(alone)} is missing")
    for name in sorted(names):
        if (needed := known[name].beside) and needed not in names:
            raise ValueError(f"{needed} is missing: expected beside {name}")


def checked(
    known: Mapping[str, Given], arrays: Mapping[str, Any], parameters: Any, realisations: int
) -> dict[str, np.ndarray]:
    """Return given arrays as a scenario takes them: complex or real, contiguous.

    Parameters
    ----------
    known : mapping of str to Given
        What the system takes.
    arrays : mapping of str to array_like
        What is given.
    parameters : Parameters
        Whose sizes count.
    realisations : int
        How many are drawn.

    Raises
    ------
    ValueError
        One line: array, what was found, what was expected.
    """
    for name in arrays:
        if name not in known:
            raise ValueError(f"{name}: expected one of {', '.join(known)}")
    check_names(known, set(arrays))
    found = {}
    for name, values in arrays.items():
        entry = known[name]
        shape = (realisations, *entry.sizes(parameters))
        if np.shape(values) != shape:
            meaning = ", ".join(("realisation", *entry.dims))
            raise ValueError(f"{name} of shape {np.shape(values)}: expected {shape} ({meaning})")
        if entry.real and np.iscomplexobj(values):
            raise ValueError(f"{name}: expected real numbers")
        found[name] = np.ascontiguousarray(values, dtype=float if entry.real else complex)
        entry.check_values(name, found[name])
    return found
