r"""One comparison of a statistic with a limit: how sure the draws make either side of it.

Knows only arrays. A quantile, or a share, is at least its limit where a share of the population is
on the right side of it, which is tested exactly, by the binomial distribution. A mean is tested
by Student's t, which in its plain one-sided form errs far too often where what weighs most is
drawn seldom. Three things keep it in bounds: Hall's transformation takes the
skewness out (J. R. Statist. Soc. B 54, 1992); where the sample is more skewed than that can mend,
and its long tail on the side not decided for, the score is made as many times smaller; and the
degrees of freedom are those of the variance seen, 2 n / (kurtosis - 1) (Satterthwaite).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from isaclib.campaign.intervals import mean_interval, quantile_interval, share_interval

FEWEST = 6
"""Fewer draws decide nothing."""

FEWEST_FOR_MEAN = 50
"""Fewer draws decide nothing on a mean: they do not tell how skewed they are."""

SKEWNESS = 0.1
"""Skewness that Hall's correction mends, as a multiple of the root of the number of draws."""

ROUNDING = 1e-12
"""Numbers that differ by less, relative to the largest, are equal."""

POWER = 0.9
"""How surely the number of draws that is named would decide."""

MOST = 10_000_000
"""A larger number of draws is not named."""


def identity(value: float) -> float:
    """Return the value."""
    return value


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """A statistic, claimed to be at least, or at most, a limit.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        One number a draw; NaN where there is none.
    statistic : float or str
        A quantile by its probability (0.5: the median), ``mean``, or ``share`` (samples are 0 or 1).
    limit : float
        On the scale of the samples.
    at_least : bool
        The side that is claimed; the limit itself belongs to it.
    distance : ndarray, shape (n,), optional
        For a mean: what has a positive mean where the statistic is above its limit; default: samples
        less limit.
    blocks : ndarray of int, shape (n,), optional
        Block of each draw, where those of one depend on each other: then blocks are the sample, each
        with the mean, or the share of draws on the claimed side, of its draws, tested as a mean.
    what, where : str
        The quantity and the point in words.
    shown : callable
        Brings the samples' scale to the one that is told (a logarithm to a ratio).
    """

    samples: np.ndarray
    statistic: float | str
    limit: float
    at_least: bool
    distance: np.ndarray | None = None
    blocks: np.ndarray | None = None
    what: str = ""
    where: str = ""
    shown: Callable[[float], float] = identity

    @cached_property
    def there(self) -> np.ndarray:
        """The samples that are there."""
        return self.samples[~np.isnan(self.samples)]

    @property
    def number(self) -> int:
        """Draws compared."""
        return self.there.size

    @property
    def fewest(self) -> int:
        """Draws, or blocks, below which nothing is decided."""
        return FEWEST_FOR_MEAN if self.statistic == "mean" and self.blocks is None else FEWEST

    @cached_property
    def estimate(self) -> tuple[float, float, float]:
        """The statistic with its 95 % interval, as it is told."""
        if self.statistic == "share":
            ends = share_interval(self.samples, blocks=self.blocks)
        elif self.statistic == "mean":
            ends = mean_interval(self.samples, blocks=self.blocks)
        else:
            ends = quantile_interval(self.samples, float(self.statistic), blocks=self.blocks)
        value, *around = (self.shown(float(end)) for end in ends)
        # a scale may be told downwards
        return value, min(around), max(around)

    @cached_property
    def score(self) -> float:
        """How far on the claimed side the draws are, in standard errors; NaN where they decide nothing."""
        if self.statistic == "mean" or self.blocks is not None:
            return self._mean[0]
        if self.number < self.fewest:
            return math.nan
        hits, share = self._shares
        return (hits / self.number - share) / math.sqrt(share * (1.0 - share) / self.number)

    @property
    def margin(self) -> float:
        """How far on the claimed side the estimate is, on the scale of the samples."""
        side = 1.0 if self.at_least else -1.0
        if self.number == 0:
            return math.nan
        value = np.quantile(self.there, self.statistic) if isinstance(self.statistic, float) else self.there.mean()
        return side * float(value - self.limit)

    @cached_property
    def p_values(self) -> tuple[float, float]:
        """How likely such draws are if the claim is false, and if it is true, at most."""
        if math.isnan(self.score):
            return 1.0, 1.0
        if self.statistic == "mean" or self.blocks is not None:
            score, freedom = self._mean
            if math.isinf(score):
                # all draws equal: as sure as the sign test is
                chance = 0.5 ** (freedom + 1)
                return (chance, 1.0) if score > 0 else (1.0, chance)
            return float(special.stdtr(freedom, -score)), float(special.stdtr(freedom, score))
        hits, share = self._shares
        above = special.bdtrc(hits - 1, self.number, share) if hits else 1.0
        return float(above), float(special.bdtr(hits, self.number, share))

    def needed(self, level: float, *, holds: bool) -> float:
        """Draws that would decide, if the effect and the scatter stay what they are.

        Parameters
        ----------
        level : float
            What the p-value has to be below.
        holds : bool
            To decide for the claim, else against it.

        Returns
        -------
        float
            Infinite where the draws point to the other side, or at neither.
        """
        if math.isnan(self.score):
            return math.inf
        side = 1.0 if holds else -1.0
        z, power = special.ndtri(1.0 - level), special.ndtri(POWER)
        if self.statistic == "mean" or self.blocks is not None:
            effect, deviation, skewness, freedom = self._moments
            if side * effect <= 0.0:
                return math.inf
            count = float(self.fewest)
            for _ in range(20):
                # a variance from more draws has more degrees of freedom
                critical = special.stdtrit(freedom * count / self._tested.size, 1.0 - level)
                errors = (critical + power) * deviation / (side * effect)
                # the skewness counts where its tail is on the other side
                count = max(errors**2, errors * max(0.0, -side * skewness) / SKEWNESS, self.fewest)
            return count * self.number / self._tested.size
        hits, share = self._shares
        seen = (hits + 0.5) / (self.number + 1.0)
        effect = side * (seen - share)
        if effect <= 0.0:
            return math.inf
        return ((z * math.sqrt(share * (1.0 - share)) + power * math.sqrt(seen * (1.0 - seen))) / effect) ** 2

    @cached_property
    def _favourable(self) -> tuple[np.ndarray, float]:
        """Which draws are on the claimed side, and the share of them from which on the claim is true."""
        if self.statistic == "share":
            hit = self.there == 1.0
            return (hit, self.limit) if self.at_least else (~hit, 1.0 - self.limit)
        probability = float(self.statistic)
        if self.at_least:
            return self.there >= self.limit, 1.0 - probability
        return self.there <= self.limit, probability

    @property
    def _shares(self) -> tuple[int, float]:
        """Number of draws on the claimed side, and the share that is needed."""
        favourable, share = self._favourable
        return int(favourable.sum()), share

    @cached_property
    def _tested(self) -> np.ndarray:
        """How far each draw, or block, is on the claimed side: the mean of this is tested against zero."""
        if self.statistic == "mean":
            distance = self.samples - self.limit if self.distance is None else self.distance
            distance = distance[~np.isnan(self.samples)] * (1.0 if self.at_least else -1.0)
        else:
            favourable, share = self._favourable
            distance = favourable - share
        if self.blocks is None:
            return distance
        _, block = np.unique(self.blocks[~np.isnan(self.samples)], return_inverse=True)
        return np.bincount(block, weights=distance) / np.bincount(block)

    @cached_property
    def _moments(self) -> tuple[float, float, float, float]:
        """Mean, standard deviation and skewness of what is tested, and the degrees of freedom of the deviation."""
        tested = self._tested
        mean, n = float(tested.mean()), tested.size
        deviation = float(tested.std(ddof=1)) if n > 1 else math.nan
        if not deviation > ROUNDING * float(np.max(np.abs(tested), initial=0.0)):
            return mean, 0.0, 0.0, n - 1.0
        scaled = (tested - mean) / deviation
        kurtosis = float(np.mean(scaled**4))
        freedom = min(n - 1.0, 2.0 * n / (kurtosis - 1.0)) if kurtosis > 1.0 else n - 1.0
        return mean, deviation, float(np.mean(scaled**3)), freedom

    @cached_property
    def _mean(self) -> tuple[float, float]:
        r"""Hall's statistic and its degrees of freedom.

        :math:`\sqrt n (((1 + \gamma S / 3)^3 - 1) / \gamma + \gamma / (6 n))` with :math:`S = \bar x / s`,
        continued by its tangent below :math:`\gamma S = -1`, where it levels out; divided by how many
        times the skewness exceeds what it mends, where the long tail is on the other side.
        """
        n = self._tested.size
        if n < self.fewest:
            return math.nan, n - 1.0
        mean, deviation, g, freedom = self._moments
        if deviation == 0.0:
            return math.inf if mean >= 0.0 else -math.inf, n - 1.0
        s = mean / deviation
        if abs(g) > ROUNDING:
            bent = max(g * s, -1.0)
            s = ((1.0 + bent / 3.0) ** 3 - 1.0) / g + 4.0 / 9.0 * (s - bent / g)
        score = math.sqrt(n) * (s + g / (6.0 * n))
        return score / (max(1.0, abs(g) / (SKEWNESS * math.sqrt(n))) if score * g < 0.0 else 1.0), freedom
