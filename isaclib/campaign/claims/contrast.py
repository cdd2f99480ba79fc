"""One metric, or one against another, as the sample that a limit is compared with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from isaclib.campaign.claims.comparison import Comparison
from isaclib.campaign.claims.draws import Draws
from isaclib.campaign.claims.vocabulary import Assertion
from isaclib.campaign.precision_spec import SHARE
from isaclib.campaign.statistics import QUANTILES

AT_LIMIT = 1e-6
"""What is closer to a limit, relative to it, is at it: designs are solved, and constraints active, to this."""


class NoRatio(ValueError):
    """A metric has values that make no ratio."""


class Term(NamedTuple):
    """A metric of a scheme at a point."""

    scheme: str
    point: Mapping[str, Any]
    metric: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrast:
    """A metric (one term above), a ratio or difference (one below), or one of those against another (two each).

    Parameters
    ----------
    above, below : tuple of Term
        What is multiplied and divided, or added and subtracted.
    test : Assertion
        Whose statistic, root and difference count.
    where : str
        The point in words.
    what : str, optional
        What it is called; default: after the statistic, the metric and the schemes.
    per : float
        Unit of the logarithm of a ratio where it is told as one (decades of an axis, decibels).
    """

    above: tuple[Term, ...]
    below: tuple[Term, ...]
    test: Assertion
    where: str
    what: str = ""
    per: float | None = None

    def comparisons(self, draws: Draws, at_least: float | None, at_most: float | None) -> Iterator[Comparison]:
        """Yield the comparison with each limit that is there.

        Parameters
        ----------
        draws : Draws
            Of the campaign.
        at_least, at_most : float, optional
            Limits of the number, ratio or difference.

        Raises
        ------
        NoRatio
            For a ratio of negative values.
        NotThere
            Where the dataset lacks something.
        """
        numbers = self._numbers(draws)
        samples, scale = self._sample(numbers)
        for limit, side in ((at_least, 1.0), (at_most, -1.0)):
            if limit is None:
                continue
            edge = math.log(limit) if self.logarithmic else limit
            edge -= side * AT_LIMIT * (1.0 if self.logarithmic else max(scale, abs(limit)))
            yield Comparison(
                samples=samples,
                statistic=self._statistic,
                limit=edge,
                at_least=side > 0.0,
                distance=self._distance(numbers, edge),
                blocks=draws.blocks,
                what=self.what or self._named(),
                where=self.where,
                shown=self._shown,
            )

    @property
    def difference(self) -> bool:
        """Whether terms are added and subtracted."""
        return bool(getattr(self.test, "difference", False))

    @property
    def logarithmic(self) -> bool:
        """Whether the sample is a logarithm: of a ratio, or of a root mean square."""
        return not self.difference and (bool(self.below) or self.test.statistic == "rms")

    @property
    def _statistic(self) -> float | str:
        if self.test.statistic == SHARE and not self.below:
            return SHARE
        return QUANTILES.get(self.test.statistic, "mean")

    def _numbers(self, draws: Draws) -> np.ndarray:
        """One number of each term a draw, shape (terms, n); NaN without a pair."""
        test = self.test
        numbers = np.stack(
            [
                draws.numbers(term.metric, term.scheme, term.point, statistic=test.statistic, root=test.root)
                for term in (*self.above, *self.below)
            ]
        )
        if self.logarithmic and np.any(numbers < 0.0):
            at = f" at {self.where}" if self.where else ""
            raise NoRatio(f"difference: true: {self.above[0].metric} has negative values{at}, which have no ratio")
        return np.where(np.isnan(numbers).any(axis=0), np.nan, numbers)

    def _sample(self, numbers: np.ndarray) -> tuple[np.ndarray, float]:
        """Return one number a draw, and the size that rounding is relative to."""
        signs = np.repeat([1.0, -1.0], [len(self.above), len(self.below)])[:, None]
        if not self.logarithmic:
            size = np.abs(numbers[:, ~np.isnan(numbers[0])]) if self.below else np.zeros(0)
            return (signs * numbers).sum(axis=0), float(np.median(size)) if size.size else 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            if self._statistic != "mean":
                return _log_ratio(numbers, len(self.above)), 1.0
            return _linearised(numbers, signs, self._power), 1.0

    def _distance(self, numbers: np.ndarray, edge: float) -> np.ndarray | None:
        """Return what has a positive mean where a ratio of two means is above its limit (Fieller)."""
        if not self.logarithmic or self._statistic != "mean" or len(self.below) > 1:
            return None
        return numbers[0] - math.exp(edge / self._power) * (numbers[1] if self.below else 1.0)

    @property
    def _power(self) -> float:
        return 0.5 if self.test.statistic == "rms" else 1.0

    def _shown(self, value: float) -> float:
        if not self.logarithmic:
            return value
        return value / self.per if self.per is not None else math.exp(min(value, 700.0))

    def _named(self) -> str:
        """Say what is compared: ``median ratio of cost, Conventional RIS over Joint design``."""
        statistic, first = self.test.statistic, self.above[0]
        metric = f"sqrt({first.metric})" if self.test.root else first.metric
        if not self.below:
            return f"{statistic} of {metric}, {first.scheme}"
        kind = "difference" if self.difference else "ratio"
        kind = f"double {kind}" if len(self.below) > 1 else kind
        told = f"{statistic} {kind}"
        if statistic not in QUANTILES:
            told = f"{kind} of {'shares' if statistic == SHARE else 'means' if statistic == 'mean' else statistic}"
        against = self.below[0]
        between = "less" if self.difference else "over"
        if against.metric != first.metric:
            metric = f"{metric} {between} {against.metric}"
        schemes = first.scheme if against.scheme == first.scheme else f"{first.scheme} {between} {against.scheme}"
        return f"{told} of {metric}, {schemes}"


def _log_ratio(numbers: np.ndarray, above: int) -> np.ndarray:
    """Logarithm of the ratio of each draw; equal numbers, two zeros among them, have the ratio one."""
    top, bottom = np.prod(numbers[:above], axis=0), np.prod(numbers[above:], axis=0)
    return np.where(top == bottom, 0.0, np.log(top) - np.log(bottom))


def _linearised(numbers: np.ndarray, signs: np.ndarray, power: float) -> np.ndarray:
    """Numbers whose mean is the logarithm of the ratio of means and whose scatter is that of it (delta method)."""
    there = ~np.isnan(numbers[0])
    means = numbers[:, there].mean(axis=1, keepdims=True) if there.any() else np.full((len(numbers), 1), np.nan)
    if not np.all(means > 0.0):
        # nothing to divide by, or into
        return np.full(numbers.shape[1], np.nan)
    return power * (signs * (np.log(means) + numbers / means - 1.0)).sum(axis=0)


def place(point: Mapping[str, Any], axes: Mapping[str, Sequence[Any]]) -> str:
    """Say where: the axes that have more than one value."""
    return ", ".join(f"{axis} = {said(value)}" for axis, value in point.items() if len(axes[axis]) > 1)


def said(value: Any) -> str:
    """Say a value of an axis."""
    return f"{value:g}" if isinstance(value, float) else str(value)
