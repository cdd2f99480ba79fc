from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from isaclib.systems.parameters import expectation, normalise, parameter


@dataclasses.dataclass(frozen=True, kw_only=True)
class Toy:
    width_m: float = parameter(1.0, unit="m", doc="", low=0.0, open_low=True, high=10.0)
    count: int = parameter(3, unit="1", doc="", low=1, integer=True)
    gap_m: float | None = parameter(None, unit="m", doc="", high=2.0, optional=True)
    place_m: tuple[float, float] = parameter((1.0, 2.0), unit="m", doc="", length=2)
    rate: float | tuple[float, ...] = parameter(1.0, unit="bit/s", doc="", low=0.0, per_user=True)
    kind: str = parameter("a", unit="1", doc="", choices=("a", "b"))
    ranges_m: tuple[float, ...] = parameter((5.0,), unit="m", doc="", low=0.0, open_low=True, several=True)
    served: tuple[str, ...] = parameter(("all",), unit="1", doc="", words=True)

    def __post_init__(self) -> None:
        normalise(self)


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("width_m", np.float32(2.5), 2.5),
        ("width_m", 10, 10.0),
        ("count", np.int64(4), 4),
        ("count", 4.0, 4),
        ("gap_m", None, None),
        ("gap_m", np.array(1.5), 1.5),
        ("place_m", [3, 4], (3.0, 4.0)),
        ("place_m", np.array([3.0, 4.0]), (3.0, 4.0)),
        ("rate", np.array(2.0), 2.0),
        ("rate", [1, 2.5, 0], (1.0, 2.5, 0.0)),
        ("kind", "b", "b"),
        ("ranges_m", 3, (3.0,)),
        ("ranges_m", [3, 4.5, 1], (3.0, 4.5, 1.0)),
        ("ranges_m", (), ()),
        ("ranges_m", np.array(2.0), (2.0,)),
        ("served", "los", ("los",)),
        ("served", ["los", "target-1"], ("los", "target-1")),
        ("served", (), ()),
    ],
)
def test_values_become_plain_python(field: str, value: Any, stored: Any) -> None:
    kept = getattr(Toy(**{field: value}), field)
    assert kept == stored
    assert type(kept) is type(stored)
    assert not isinstance(kept, tuple) or all(type(entry) in (float, str) for entry in kept)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        *[("width_m", value, "a number above 0 up to 10 m") for value in (0.0, -1.0, 10.5, "2", True, None, [1.0])],
        *[("width_m", value, "a number above 0 up to 10 m") for value in (np.nan, np.inf, 1j, 10**400, np.bool_(True))],
        *[("count", value, "a whole number of at least 1") for value in (0, 2.5, -3, "3", np.nan, np.inf)],
        *[("gap_m", value, "a number of at most 2 m or none") for value in (2.5, "none")],
        *[("place_m", value, "2 numbers m") for value in (1.0, (1.0,), (1.0, 2.0, 3.0), "12", (1.0, None))],
        *[("rate", value, "one number, or one a user, of at least 0 bit/s") for value in (-1.0, (1.0, -1.0), {}, "1")],
        *[("kind", value, "one of a, b") for value in ("c", 1, None)],
        *[("ranges_m", value, "numbers, each above 0 m") for value in (0.0, (1.0, -1.0), "1", (1.0, "2"), {}, None)],
        *[("served", value, "a word or a list of words") for value in (1, ("los", 2), ("",), None, {"los": 1})],
    ],
)
def test_nonsense_is_answered_with_field_value_and_what_is_allowed(field: str, value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'{field} = {value!r}: expected {expected}')}$"):
        Toy(**{field: value})


def test_expectation_of_a_closed_range_names_both_ends() -> None:
    metadata = parameter(1.0, unit="dBm", doc="", low=-60.0, high=80.0).metadata
    assert expectation(metadata) == "a number from -60 to 80 dBm"
