"""The tests a claim may be: a closed vocabulary, each word a dataclass that checks its keys."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from isaclib.campaign.entry import build, check_types, keys_of, one_of
from isaclib.campaign.precision_spec import SHARE, SOLVED
from isaclib.campaign.statistics import QUANTILES
from isaclib.systems.base import Status, nearest

EFFECT = 0.01
"""Smallest relative effect that counts, unless a claim names another."""

STATISTICS = ("median", "mean", "rms", *(name for name in QUANTILES if name != "median"), SHARE)
"""What a claim may be about; a share is that of draws with a status."""

STATUSES = (SOLVED, *(status.name.lower() for status in Status if status is not Status.NOT_RUN))

ORDERS = ("increasing", "decreasing")


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """What every word of the vocabulary has.

    Parameters
    ----------
    metric : str
        A metric with one number a draw; for the statistic ``share`` a status, or ``solved``.
    statistic : str
        One of `STATISTICS`. Of two quantities: ``mean`` and ``rms`` are the ratio of the means
        and of the root mean squares, quantiles those of the ratios draw by draw.
    select : mapping
        Axis to the value, or values, at each of which the claim has to hold; default: all.
    root : bool
        Take the square root of the metric; quantiles only, as in figures.
    """

    word: ClassVar[str]
    behind: ClassVar[tuple[str, ...]] = ()

    metric: str
    statistic: str = "median"
    select: Mapping[str, Any] = field(default_factory=dict)
    root: bool = False

    def __post_init__(self) -> None:
        """Check every key."""
        if isinstance(scheme := getattr(self, "scheme", None), str):
            object.__setattr__(self, "scheme", (scheme,))
        check_types(self)
        one_of("statistic", self.statistic, STATISTICS)
        if self.root and self.statistic not in QUANTILES:
            raise ValueError(f"root = True: expected a quantile as statistic, found {self.statistic!r}")
        if self.statistic == SHARE and self.metric not in STATUSES:
            hint = nearest(self.metric, STATUSES)
            raise ValueError(f"metric = {self.metric!r}: expected a status for a share; {hint}")
        if getattr(self, "difference", False) and self.statistic == "rms":
            raise ValueError("difference = True: expected a mean or a quantile as statistic, found 'rms'")

    @property
    def metrics(self) -> dict[str, str]:
        """The metrics, by the key that names each; none for a share."""
        return {} if self.statistic == SHARE else {"metric": self.metric}

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """The schemes, by the key that names them."""
        named = {key: getattr(self, key, None) for key in ("scheme", "schemes", "against")}
        return {key: (v,) if isinstance(v, str) else tuple(v) for key, v in named.items() if v}

    @property
    def places(self) -> Iterator[tuple[str, str, Any]]:
        """Every (key, axis, value) that is named; None where a key names an axis alone."""
        along = getattr(self, "along", None)
        for axis in self.select:
            yield from (("select", axis, value) for value in self.selected(axis, ()))
        if along is not None:
            yield "along", along, None
            if isinstance(self, Crossing):
                yield from (("between", along, value) for value in self.between)
        yield from (("against_at", axis, value) for axis, value in getattr(self, "against_at", {}).items())

    def selected(self, axis: str, values: Sequence[Any]) -> tuple[Any, ...]:
        """Values of an axis that the test looks at, of those there are, in the order of the claim."""
        chosen = self.select.get(axis, tuple(values))
        return tuple(chosen) if isinstance(chosen, (list, tuple)) else (chosen,)


@dataclass(frozen=True, kw_only=True)
class _Moved(Assertion):
    """A test of a move of at least `effect`, relative, or in the metric's unit where `difference` is set."""

    effect: float | None = None
    difference: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.effect is None:
            if self.difference:
                raise ValueError("effect is missing: expected the least difference that counts, in the metric's unit")
            object.__setattr__(self, "effect", EFFECT)
        if not 0.0 <= self.least < math.inf:
            raise ValueError(f"effect = {self.effect!r}: expected a number of at least 0")

    @property
    def least(self) -> float:
        """The smallest effect that counts."""
        assert self.effect is not None
        return self.effect


@dataclass(frozen=True, kw_only=True)
class _Limited(Assertion):
    """A test of a number against a limit, or two."""

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at_least is None and self.at_most is None:
            raise ValueError("at_least is missing: expected at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_most = {self.at_most!r}: expected a number of at least at_least, {self.at_least!r}")


@dataclass(frozen=True, kw_only=True)
class Ordering(_Moved):
    """Each scheme lies above (``increasing``) or below the one before it."""

    word: ClassVar[str] = "ordering"

    schemes: tuple[str, ...]
    order: str

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        one_of("order", self.order, ORDERS)
        if len(self.schemes) < 2:
            raise ValueError(f"schemes = {list(self.schemes)}: expected at least two labels")


@dataclass(frozen=True, kw_only=True)
class Ratio(_Limited):
    """One scheme over another, or over another metric or point, lies within limits.

    Parameters
    ----------
    scheme : tuple of str
        Labels it holds for.
    against : str, optional
        What each is compared with; default: itself.
    other_metric : str, optional
        Metric of `against`; default: the same.
    against_at : mapping
        Axis to the value at which `against` stands; default: where the scheme stands.
    decibels : bool
        Limits are in dB (ten times the logarithm).
    difference : bool
        The difference instead of the ratio; limits are in the metric's unit.
    """

    word: ClassVar[str] = "ratio"

    scheme: tuple[str, ...]
    against: str | None = None
    other_metric: str | None = None
    against_at: Mapping[str, Any] = field(default_factory=dict)
    decibels: bool = False
    difference: bool = False

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        if self.against is None and self.other_metric is None and not self.against_at:
            raise ValueError("against is missing: expected a label, an other_metric or an against_at")
        if self.difference and self.decibels:
            raise ValueError("decibels = True: expected false for a difference, whose limits are in the metric's unit")
        if not self.difference and not self.decibels:
            for key in ("at_least", "at_most"):
                value = getattr(self, key)
                if value is not None and not value > 0.0:
                    raise ValueError(f"{key} = {value!r}: expected a ratio above 0")

    @property
    def metrics(self) -> dict[str, str]:
        """As of every test."""
        return {**super().metrics, **({"other_metric": self.other_metric} if self.other_metric else {})}


@dataclass(frozen=True, kw_only=True)
class AttainsBound(Assertion):
    """An error lies within a factor of its bound, on both sides."""

    word: ClassVar[str] = "attains-bound"

    scheme: tuple[str, ...]
    bound: str
    statistic: str = "rms"
    within: float = 1.2

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        if not self.within > 1.0:
            raise ValueError(f"within = {self.within!r}: expected a factor above 1")

    @property
    def metrics(self) -> dict[str, str]:
        """As of every test."""
        return {**super().metrics, "bound": self.bound}


@dataclass(frozen=True, kw_only=True)
class Value(_Limited):
    """A statistic of a metric lies within limits, in the metric's unit."""

    word: ClassVar[str] = "value"

    scheme: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        for key in ("at_least", "at_most") if self.statistic == SHARE else ():
            value = getattr(self, key)
            if value is not None and not 0.0 < value < 1.0:
                raise ValueError(f"{key} = {value!r}: expected a share between 0 and 1, which draws can tell")


@dataclass(frozen=True, kw_only=True)
class Trend(_Moved):
    """A metric rises, falls or stays along an axis, from each value to the next or from end to end."""

    word: ClassVar[str] = "trend"

    scheme: tuple[str, ...]
    along: str
    direction: str
    between: str = "neighbours"

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        one_of("direction", self.direction, (*ORDERS, "constant"))
        one_of("between", self.between, ("neighbours", "ends"))


@dataclass(frozen=True, kw_only=True)
class Gap(_Moved):
    """The ratio (or difference) of two schemes grows, shrinks or stays from the first to the last value of an axis."""

    word: ClassVar[str] = "gap"

    scheme: tuple[str, ...]
    against: str
    along: str
    direction: str

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        one_of("direction", self.direction, ("growing", "shrinking", "constant"))


@dataclass(frozen=True, kw_only=True)
class Crossing(_Moved):
    """A scheme lies below another up to one value of an axis and above it from another on, or the reverse."""

    word: ClassVar[str] = "crossing"

    scheme: tuple[str, ...]
    against: str
    along: str
    between: tuple[Any, ...]
    order: str = "increasing"

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        one_of("order", self.order, ORDERS)
        if not isinstance(self.between, tuple) or len(self.between) != 2:
            raise ValueError(f"between = {self.between!r}: expected [low, high], two values of the axis")


@dataclass(frozen=True, kw_only=True)
class Slope(_Limited):
    """A statistic goes as a power of an axis, whose exponent lies within limits."""

    word: ClassVar[str] = "slope"

    scheme: tuple[str, ...]
    along: str
    decibel_axis: bool = False


@dataclass(frozen=True, kw_only=True)
class ConvergesWithin(Assertion):
    """A share of the traces is within a relative tolerance of the last value after so many iterations."""

    word: ClassVar[str] = "converges-within"
    behind: ClassVar[tuple[str, ...]] = ("iteration",)

    scheme: tuple[str, ...]
    iterations: int
    metric: str = "trace"
    statistic: str = "median"
    tolerance: float = 1e-3
    share: float = 0.9

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        if self.iterations < 0:
            raise ValueError(f"iterations = {self.iterations}: expected a whole number of at least 0")
        if not self.tolerance > 0.0:
            raise ValueError(f"tolerance = {self.tolerance!r}: expected a number above 0")
        if not 0.0 < self.share < 1.0:
            raise ValueError(f"share = {self.share!r}: expected a number between 0 and 1")


WORDS: dict[str, type[Assertion]] = {
    kind.word: kind for kind in (Ordering, Ratio, AttainsBound, Value, Trend, Gap, Crossing, Slope, ConvergesWithin)
}
"""The closed vocabulary."""


def read_assertion(entry: Mapping[str, Any], where: str) -> Assertion:
    """Read the keys of a test.

    Parameters
    ----------
    entry : mapping
        ``test``, the word, and its keys.
    where : str
        The claim, for the message.

    Returns
    -------
    Assertion

    Raises
    ------
    ValueError
        One line: claim, key, value, what is allowed.
    """
    values = dict(entry)
    word = values.pop("test")
    if word not in WORDS:
        raise ValueError(f"{where}.test = {word!r}: expected one of {', '.join(WORDS)}")
    return build(WORDS[word], keys_of(WORDS[word], values, where), where)
