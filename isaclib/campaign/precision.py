"""Whether intervals are narrow enough, and how many draws the next round takes.

Half the width of an interval falls with the root of the number of draws: where it is h times too
wide, h^2 times as many draws are needed. A round asks for a little more than that, and for no less
than `LEAST_GROWTH` times what is there: every look at the data is a chance to stop too early, and
few looks are few chances.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from isaclib.campaign import store
from isaclib.campaign.blocks import blocks_of
from isaclib.campaign.intervals import mean_interval, quantile_interval, rms_interval, share_interval
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.precision_spec import SHARE, SOLVED, PrecisionSpec
from isaclib.campaign.selection import select
from isaclib.campaign.sidecar import read_sidecar
from isaclib.campaign.spec import Campaign, Curve
from isaclib.campaign.statistics import QUANTILES
from isaclib.systems.base import HAS_DESIGN, Status
from isaclib.systems.streams import BLOCK

LEAST_GROWTH, MOST_GROWTH = 1.5, 4.0
"""Draws of a round over those of the one before."""

MARGIN = 1.1
"""Draws asked for over those that the width seen so far calls for."""


@dataclass(frozen=True)
class Samples:
    """What is there of one curve at one point.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The metric, the mean over its trials; NaN where there is none.
    squares : ndarray, shape (n,)
        Its square, the mean over its trials.
    status : ndarray of int, shape (n,)
        Values of `Status`.
    sampling : str
        How the draws, which are those from 0 on, were drawn.
    """

    values: np.ndarray
    squares: np.ndarray
    status: np.ndarray
    sampling: str = "random"

    @classmethod
    def of(cls, values: np.ndarray) -> Samples:
        """Take one number a draw, every draw solved."""
        return cls(values, values**2, np.zeros(len(values), dtype=np.int8))

    def first(self, count: int) -> Samples:
        """Return the first draws."""
        return Samples(self.values[:count], self.squares[:count], self.status[:count], self.sampling)

    @property
    def solved(self) -> np.ndarray:
        """Draws that have a design, shape (n,)."""
        return np.isin(self.status, HAS_DESIGN)

    @property
    def blocks(self) -> np.ndarray | None:
        """Block of each draw, where those of one depend on each other."""
        return blocks_of(self.sampling, np.arange(len(self.status)))


@dataclass(frozen=True, kw_only=True)
class Aim:
    """How far one curve is at one point.

    Parameters
    ----------
    label : str
        Of the curve.
    index : tuple of int
        Of the grid.
    realisations : int
        Draws behind it.
    value, width : float
        The statistic, and half its interval's width: relative to the value where that is what was
        asked for. NaN where there are too few draws.
    wanted : float
        Width asked for.
    most : int
        Draws at which it ends in any case.
    """

    label: str
    index: tuple[int, ...]
    realisations: int
    value: float
    width: float
    wanted: float
    most: int

    @property
    def reached(self) -> bool:
        """Whether the interval is narrow enough."""
        return self.width <= self.wanted

    @property
    def ended(self) -> bool:
        """Whether no more draws are asked for."""
        return self.reached or self.realisations >= self.most

    @property
    def needed(self) -> int:
        """Draws that the width seen so far calls for, in whole blocks, within `most`."""
        if self.ended:
            return self.realisations
        ratio = self.width / self.wanted
        growth = MOST_GROWTH if math.isnan(ratio) else MARGIN * ratio**2
        return self._rounded(max(growth, LEAST_GROWTH))

    @property
    def following(self) -> int:
        """Draws of the next round."""
        return min(self.needed, self._rounded(MOST_GROWTH)) if not self.ended else self.realisations

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON content; what is not a number is null."""
        return {
            **asdict(self),
            **{name: None for name in ("value", "width") if math.isnan(getattr(self, name))},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Aim:
        """Read what `to_json` wrote."""
        numbers = {name: math.nan if content[name] is None else content[name] for name in ("value", "width")}
        return cls(**{**content, **numbers, "index": tuple(content["index"])})

    def _rounded(self, growth: float) -> int:
        blocks = math.ceil(min(self.realisations * growth, self.most) / BLOCK)
        return min(blocks * BLOCK, self.most)


def half_width(
    spec: PrecisionSpec, samples: Samples, population: np.ndarray, other: Samples | None = None
) -> tuple[float, float]:
    """Take a statistic with its interval.

    Parameters
    ----------
    spec : PrecisionSpec
        Which statistic, at which level.
    samples : Samples
        Of the curve.
    population : ndarray of bool, shape (n,)
        Draws that count; a share and a pair have their own.
    other : Samples, optional
        Of the curve that a paired statistic compares with; pairs are the draws that both have.

    Returns
    -------
    value, width : float
        As `Aim` has them.
    """
    value, lower, upper = (float(number) for number in interval(spec, samples, population, other))
    width = max(value - lower, upper - value)
    if spec.relative is not None:
        width = width / abs(value) if value else math.nan
    # an interval without ends, or around nothing, is not narrow
    return value, width if math.isfinite(width) else math.nan


def interval(spec: PrecisionSpec, samples: Samples, population: np.ndarray, other: Samples | None = None) -> np.ndarray:
    """Take a statistic with its interval: value, lower and upper end, shape (3,).

    Parameters
    ----------
    spec, samples, population, other
        As for `half_width`.
    """
    level, blocks = spec.confidence, samples.blocks
    if spec.statistic == SHARE:
        hits = samples.solved if spec.metric == SOLVED else samples.status == Status[spec.metric.upper()]
        return share_interval(np.where(samples.status != Status.NOT_RUN, hits, np.nan), level=level, blocks=blocks)
    values = np.where(population, samples.values, np.nan)
    if spec.statistic in PAIRED:
        assert other is not None
        # the other curve takes no more draws where it has no precision, or is at its end
        both = min(len(values), len(other.values))
        samples, other = samples.first(both), other.first(both)
        values, reference, blocks = samples.values, other.values, samples.blocks
        values = np.where(samples.solved & other.solved, values, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = values / reference if spec.statistic == "ratio_median" else values - reference
    if spec.statistic in ("mean", "difference_mean"):
        return mean_interval(values, level=level, blocks=blocks)
    if spec.statistic == "rms":
        return rms_interval(np.where(population, samples.squares, np.nan), level=level, blocks=blocks)
    return quantile_interval(values, QUANTILES.get(spec.statistic, 0.5), level=level, blocks=blocks)


def aims(campaign: Campaign, root: str | Path, runs: Iterable[str]) -> list[Aim]:
    """Look how far every curve with a precision is, at every point.

    Parameters
    ----------
    campaign : Campaign
        With the draws of the round that was solved last (`Campaign.grown`).
    root : path
        ``results/<campaign>``.
    runs : iterable of str
        Runs that hold them.

    Returns
    -------
    list of Aim
        Curve by curve, points in grid order.

    Raises
    ------
    ValueError
        In one line, naming a run file that is missing or damaged.
    """
    data = _Data.read(campaign, Path(root) / "runs", runs)
    curves = [curve for curve in campaign.curves if curve.precision is not None]
    most = {curve.label: _most(curve) for curve in campaign.curves}
    found = []
    for curve in curves:
        spec = curve.precision
        assert spec is not None
        against = spec.against or campaign.curves[0].label
        for position, index in enumerate(campaign.points(curve)):
            length = campaign.count(curve, position)
            mine = data.samples(curve.label, index, spec)
            population = mine.solved
            if spec.population == "common":
                # as in the figures: a curve of fewer draws has no say
                say = [other.label for other in curves if campaign.count(other, position) >= length]
                population = np.all([data.solved(label, index)[:length] for label in say], axis=0)
            value, width = 0.0, 0.0
            if not (spec.statistic in PAIRED and against == curve.label):
                other = data.samples(against, index, spec) if spec.statistic in PAIRED else None
                value, width = half_width(spec, mine, population, other)
            wanted = spec.relative if spec.relative is not None else spec.absolute
            assert wanted is not None
            found.append(
                Aim(
                    label=curve.label,
                    index=index,
                    realisations=length,
                    value=value,
                    width=width,
                    wanted=wanted,
                    # draws without a partner make no pair
                    most=min(most[curve.label], most[against]) if spec.statistic in PAIRED else most[curve.label],
                )
            )
    return found


def _most(curve: Curve) -> int:
    return max(curve.realisations, curve.precision.max_realisations if curve.precision is not None else 0)


def started(campaign: Campaign) -> Campaign:
    """Return the campaign with the draws of round 0, in which points of a curve do not differ."""
    counts = {
        curve.label: (curve.realisations,) * len(campaign.points(curve))
        for curve in campaign.curves
        if curve.precision is not None
    }
    return replace(campaign, grown=counts)


def grown(campaign: Campaign, looked: Sequence[Aim]) -> Campaign:
    """Return the campaign with the draws of the next round.

    The curves of one point grow together, so that they stay comparable draw by draw; where every
    one has ended nothing grows.

    Parameters
    ----------
    campaign : Campaign
        Of the round that was looked at.
    looked : sequence of Aim
        What was seen.
    """
    asked: dict[tuple[int, ...], int] = defaultdict(int)
    for aim in looked:
        asked[aim.index] = max(asked[aim.index], aim.following if not aim.ended else 0)
    counts: dict[str, list[int]] = defaultdict(list)
    for aim in looked:
        counts[aim.label].append(max(aim.realisations, min(asked[aim.index], aim.most)))
    return replace(campaign, grown={label: tuple(numbers) for label, numbers in counts.items()})


STATUS = "status"


@dataclass(frozen=True)
class _Data:
    """Columns of the runs, by curve and point."""

    columns: Mapping[tuple[str, tuple[int, ...]], Mapping[str, np.ndarray]]
    sampling: str

    @classmethod
    def read(cls, campaign: Campaign, folder: Path, runs: Iterable[str]) -> _Data:
        """Read the metrics that precisions are asked of, and the status, one run at a time."""
        specs = [curve.precision for curve in campaign.curves if curve.precision is not None]
        metrics = sorted({spec.metric for spec in specs if spec.statistic != SHARE})
        columns: dict[tuple[str, tuple[int, ...]], dict[str, np.ndarray]] = {}
        for curve in campaign.curves:
            for position, index in enumerate(campaign.points(curve)):
                count = campaign.count(curve, position)
                columns[curve.label, index] = {
                    STATUS: np.full(count, int(Status.NOT_RUN), dtype=np.int8),
                    **{name: np.full(count, np.nan) for name in metrics},
                    **{_squared(name): np.full(count, np.nan) for name in metrics},
                }
        selection = select(campaign, [read_sidecar(folder / f"{run}.nc") for run in sorted(set(runs))])
        for run, pieces in selection.pieces.items():
            data = store.read(folder / f"{run}.nc")
            for piece in pieces:
                into = columns[campaign.curves[piece.place.scheme].label, piece.place.index]
                rows = slice(piece.row, piece.row + piece.stop - piece.start)
                for name in (STATUS, *metrics):
                    column = data.columns.get(name)
                    if column is None or column.owner != piece.owner:
                        continue
                    values = column.values[rows]
                    if name == STATUS:
                        into[STATUS][piece.start : piece.stop] = values
                        continue
                    # trials are repeated within a draw, which is the sampling unit
                    each = np.asarray(values, dtype=float).reshape(len(values), -1)
                    into[name][piece.start : piece.stop] = each.mean(axis=1)
                    into[_squared(name)][piece.start : piece.stop] = (each**2).mean(axis=1)
            # the next file is read only when this one is forgotten
            del data
        return cls(columns, campaign.sampling)

    def solved(self, label: str, index: tuple[int, ...]) -> np.ndarray:
        """Draws of a curve at a point that have a design."""
        return np.isin(self.columns[label, index][STATUS], HAS_DESIGN)

    def samples(self, label: str, index: tuple[int, ...], spec: PrecisionSpec) -> Samples:
        """Return what is there of a curve at a point of what a precision is asked of."""
        here = self.columns[label, index]
        if spec.statistic == SHARE:
            return Samples(here[STATUS], here[STATUS], here[STATUS], self.sampling)
        return Samples(here[spec.metric], here[_squared(spec.metric)], here[STATUS], self.sampling)


def _squared(metric: str) -> str:
    return f"{metric} squared"
