"""A claim and the draws of its campaign as elementary comparisons: all have to hold for the claim to hold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from isaclib.campaign.claims.comparison import Comparison
from isaclib.campaign.claims.contrast import Contrast, Term, place, said
from isaclib.campaign.claims.draws import Draws
from isaclib.campaign.claims.vocabulary import (
    Assertion,
    AttainsBound,
    ConvergesWithin,
    Crossing,
    Gap,
    Ordering,
    Ratio,
    Slope,
    Trend,
    Value,
)
from isaclib.campaign.precision_spec import SHARE

Point = Mapping[str, Any]
Moved = Ordering | Trend | Gap | Crossing


@singledispatch
def comparisons(test: Assertion, draws: Draws) -> Iterator[Comparison]:
    """Yield what a claim comes down to.

    Parameters
    ----------
    test : Assertion
        What is claimed.
    draws : Draws
        Of its campaign.

    Yields
    ------
    Comparison
        Over the draws that have a design at every point and under every scheme compared.

    Raises
    ------
    NoRatio
        For a ratio of negative values.
    NotThere
        Where the dataset lacks something.
    """
    raise NotImplementedError(test.word)


@comparisons.register
def _(test: Ordering, draws: Draws) -> Iterator[Comparison]:
    for point in _points(test, draws):
        for first, second in itertools.pairwise(test.schemes):
            low, high = (first, second) if test.order == "increasing" else (second, first)
            yield from _above(test, draws, Term(high, point, test.metric), Term(low, point, test.metric), point)


@comparisons.register
def _(test: Ratio, draws: Draws) -> Iterator[Comparison]:
    limits = [_plain(limit) if test.decibels else limit for limit in (test.at_least, test.at_most)]
    for point in _points(test, draws):
        for scheme in test.scheme:
            top = Term(scheme, point, test.metric)
            bottom = Term(test.against or scheme, {**point, **test.against_at}, test.other_metric or test.metric)
            there = {axis: f"{said(point[axis])} against {said(value)}" for axis, value in test.against_at.items()}
            yield from Contrast(
                above=(top,),
                below=(bottom,),
                test=test,
                where=place({**point, **there}, draws.axes),
                per=0.1 * math.log(10.0) if test.decibels else None,
            ).comparisons(draws, *limits)


@comparisons.register
def _(test: AttainsBound, draws: Draws) -> Iterator[Comparison]:
    for point, scheme in itertools.product(_points(test, draws), test.scheme):
        yield from Contrast(
            above=(Term(scheme, point, test.metric),),
            below=(Term(scheme, point, test.bound),),
            test=test,
            where=place(point, draws.axes),
        ).comparisons(draws, 1.0 / test.within, test.within)


@comparisons.register
def _(test: Value, draws: Draws) -> Iterator[Comparison]:
    for point, scheme in itertools.product(_points(test, draws), test.scheme):
        above = (Term(scheme, point, test.metric),)
        where = place(point, draws.axes)
        yield from Contrast(above=above, below=(), test=test, where=where).comparisons(
            draws, test.at_least, test.at_most
        )


@comparisons.register
def _(test: Trend, draws: Draws) -> Iterator[Comparison]:
    for point, values in _along(test, draws, test.along):
        steps: Sequence[tuple[Any, Any]] = list(itertools.pairwise(values))
        if test.between == "ends":
            steps = [(values[0], values[-1])]
        elif test.direction == "constant":
            steps = [(values[0], value) for value in values[1:]]
        for scheme, (first, last) in itertools.product(test.scheme, steps):
            start, end = (Term(scheme, {**point, test.along: value}, test.metric) for value in (first, last))
            here = {**point, test.along: f"{said(last)} against {said(first)}"}
            if test.direction == "constant":
                contrast = Contrast(above=(end,), below=(start,), test=test, where=place(here, draws.axes))
                yield from contrast.comparisons(draws, *_unmoved(test))
            elif test.direction == "increasing":
                yield from _above(test, draws, end, start, here)
            else:
                here = {**point, test.along: f"{said(first)} against {said(last)}"}
                yield from _above(test, draws, start, end, here)


@comparisons.register
def _(test: Gap, draws: Draws) -> Iterator[Comparison]:
    limits: tuple[float | None, float | None] = _unmoved(test)
    if test.direction == "growing":
        limits = (_least(test), None)
    elif test.direction == "shrinking":
        limits = (None, -_least(test) if test.difference else 1.0 / _least(test))
    for point, values in _along(test, draws, test.along):
        first, last = ({**point, test.along: value} for value in (values[0], values[-1]))
        here = {**point, test.along: f"{said(values[-1])} against {said(values[0])}"}
        for scheme in test.scheme:
            yield from Contrast(
                above=(Term(scheme, last, test.metric), Term(test.against, first, test.metric)),
                below=(Term(test.against, last, test.metric), Term(scheme, first, test.metric)),
                test=test,
                where=place(here, draws.axes),
            ).comparisons(draws, *limits)


@comparisons.register
def _(test: Crossing, draws: Draws) -> Iterator[Comparison]:
    for point, values in _along(test, draws, test.along):
        low, high = (values.index(value) for value in test.between)
        for (i, value), scheme in itertools.product(enumerate(values), test.scheme):
            here = {**point, test.along: value}
            this, other = (Term(label, here, test.metric) for label in (scheme, test.against))
            below = test.order == "increasing"
            if i <= low:
                yield from _above(test, draws, *((other, this) if below else (this, other)), here)
            elif i >= high:
                yield from _above(test, draws, *((this, other) if below else (other, this)), here)


@comparisons.register
def _(test: Slope, draws: Draws) -> Iterator[Comparison]:
    for point, values in _along(test, draws, test.along):
        first, last = values[0], values[-1]
        decades = (last - first) / 10.0 if test.decibel_axis else math.log10(last / first)
        limits = [None if limit is None else 10.0 ** (limit * decades) for limit in (test.at_least, test.at_most)]
        if decades < 0.0:
            limits.reverse()
        here = {**point, test.along: f"{said(first)} to {said(last)}"}
        for scheme in test.scheme:
            end, start = (Term(scheme, {**point, test.along: value}, test.metric) for value in (last, first))
            yield from Contrast(
                above=(end,),
                below=(start,),
                test=test,
                where=place(here, draws.axes),
                what=f"exponent of the {test.statistic} of {test.metric}, {scheme}",
                per=decades * math.log(10.0),
            ).comparisons(draws, *limits)


@comparisons.register
def _(test: ConvergesWithin, draws: Draws) -> Iterator[Comparison]:
    for point, scheme in itertools.product(_points(test, draws), test.scheme):
        yield Comparison(
            samples=_arrived(draws.traces(test.metric, scheme, point), test.iterations, test.tolerance),
            statistic=SHARE,
            limit=test.share,
            at_least=True,
            blocks=draws.blocks,
            what=f"share within {test.tolerance:g} of the last value after {test.iterations} iterations, {scheme}",
            where=place(point, draws.axes),
        )


def _arrived(trace: np.ndarray, after: int, tolerance: float) -> np.ndarray:
    """Say of each trace, shape (n, iterations), whether it is at its end after so many iterations; NaN without one."""
    there = ~np.isnan(trace)
    steps = np.arange(trace.shape[1])
    last = np.max(np.where(there, steps, -1), axis=1)
    now = np.max(np.where(there & (steps <= after), steps, -1), axis=1)
    rows = np.arange(trace.shape[0])
    end, value = trace[rows, last], trace[rows, now]
    # a trace that begins later has not arrived before
    near = (now >= 0) & (np.abs(value - end) <= tolerance * np.abs(end))
    return np.where(last >= 0, near.astype(float), np.nan)


def _points(test: Assertion, draws: Draws, without: str | None = None) -> Iterator[Point]:
    axes = [axis for axis in draws.axes if axis != without]
    for values in itertools.product(*(test.selected(axis, draws.axes[axis]) for axis in axes)):
        yield dict(zip(axes, values, strict=True))


def _along(test: Assertion, draws: Draws, axis: str) -> Iterator[tuple[Point, tuple[Any, ...]]]:
    values = test.selected(axis, draws.axes[axis])
    for point in _points(test, draws, without=axis):
        yield point, values


def _above(test: Moved, draws: Draws, high: Term, low: Term, point: Point) -> Iterator[Comparison]:
    contrast = Contrast(above=(high,), below=(low,), test=test, where=place(point, draws.axes))
    yield from contrast.comparisons(draws, _least(test), None)


def _least(test: Moved) -> float:
    return test.least if test.difference else 1.0 + test.least


def _unmoved(test: Trend | Gap) -> tuple[float, float]:
    return (-test.least, test.least) if test.difference else (1.0 / (1.0 + test.least), 1.0 + test.least)


def _plain(limit: float | None) -> float | None:
    """Bring decibels to a ratio."""
    return None if limit is None else 10.0 ** (0.1 * limit)
