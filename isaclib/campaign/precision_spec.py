"""What a campaign file asks of an interval: how narrow, and how many draws it may take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from isaclib.campaign.entry import build, check_types, keys_of, one_of
from isaclib.campaign.intervals import LEVEL
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.population import POPULATIONS
from isaclib.campaign.statistics import QUANTILES
from isaclib.systems.base import Status, nearest

SHARE = "share"
"""The statistic of a status: the share of the draws that have it."""

SOLVED = "solved"
"""The status of every draw that has a design."""

AIMED = ("mean", "rms", *QUANTILES, *PAIRED, SHARE)
"""Statistics that a precision may be asked of."""


@dataclass(frozen=True, kw_only=True)
class PrecisionSpec:
    """An interval that more draws are solved for until it is narrow enough.

    Parameters
    ----------
    metric : str
        A metric with one number a draw; for the statistic ``share`` a status (``infeasible``), or
        ``solved``.
    statistic : str
        One of `AIMED`.
    max_realisations : int
        Where it ends in any case.
    relative : float, optional
        Half the interval's width over its value.
    absolute : float, optional
        Half the interval's width, in the unit of the metric. Either this or `relative` is given.
    confidence : float
        Confidence level of the interval.
    against : str, optional
        Label of the scheme that a paired statistic compares with; default: the campaign's first.
    population : str
        ``common`` or ``own``, as for figures.

    Raises
    ------
    ValueError
        Naming the key, its value and what is allowed.
    """

    metric: str
    max_realisations: int
    statistic: str = "median"
    relative: float | None = None
    absolute: float | None = None
    confidence: float = LEVEL
    against: str | None = None
    population: str = "common"

    def __post_init__(self) -> None:
        """Check every key."""
        check_types(self)
        one_of("statistic", self.statistic, AIMED)
        one_of("population", self.population, POPULATIONS)
        if (self.relative is None) == (self.absolute is None):
            raise ValueError(f"relative = {self.relative!r}: expected either relative or absolute")
        for name in ("relative", "absolute"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < math.inf:
                raise ValueError(f"{name} = {value!r}: expected a number above 0")
        if not 0.5 <= self.confidence < 1.0:
            raise ValueError(f"confidence = {self.confidence!r}: expected a number from 0.5 to below 1")
        if self.max_realisations < 1:
            raise ValueError(f"max_realisations = {self.max_realisations!r}: expected a whole number of at least 1")
        if self.against is not None and self.statistic not in PAIRED:
            raise ValueError(f"against = {self.against!r}: expected a paired statistic, one of {', '.join(PAIRED)}")
        if self.statistic == SHARE:
            known = [SOLVED, *(status.name.lower() for status in Status if status is not Status.NOT_RUN)]
            if self.metric not in known:
                raise ValueError(
                    f"metric = {self.metric!r}: expected a status for a share; {nearest(self.metric, known)}"
                )

    @classmethod
    def read(cls, entry: Any, where: str) -> PrecisionSpec:
        """Read an entry as YAML gives it.

        Raises
        ------
        ValueError
            One line: where, key, value, what is allowed.
        """
        return build(cls, keys_of(cls, entry, where), where)

    def check_against(self, labels: Iterable[str], where: str) -> None:
        """Refuse a label that no scheme has.

        Raises
        ------
        ValueError
            Naming it.
        """
        labels = list(labels)
        if self.against is not None and self.against not in labels:
            raise ValueError(f"{where}.against = {self.against!r}: expected a label; {nearest(self.against, labels)}")

    def __str__(self) -> str:
        """Return it in words: ``median of peb_m within 2 % at 95 %``."""
        width = f"{100.0 * self.relative:g} %" if self.relative is not None else f"{self.absolute:g}"
        return f"{self.statistic} of {self.metric} within {width} at {100.0 * self.confidence:g} %"
