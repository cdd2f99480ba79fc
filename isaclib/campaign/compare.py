"""Two campaigns, or one re-made: what moved beyond its interval."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isaclib.campaign.blocks import blocks_of
from isaclib.campaign.channels import DRAWN
from isaclib.campaign.dataset import loaded, metric_names, open_campaign, real_values
from isaclib.campaign.intervals import LEVEL, mean_interval, quantile_interval
from isaclib.campaign.point import same_value
from isaclib.campaign.population import own
from isaclib.campaign.statistics import CLUSTERED, QUANTILES
from isaclib.systems.base import HAS_DESIGN, Status, nearest

if TYPE_CHECKING:
    import xarray as xr

STATISTICS = ("mean", *QUANTILES)
"""What can be compared."""

SOLVED = "solved"
"""The share of draws that have a design, compared beside the metrics."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One statistic of one curve at one point in two campaigns.

    Parameters
    ----------
    metric, scheme : str
        Name of the metric, label of the curve.
    point : mapping of str to str
        Grid axis to value.
    first, second : float
        The statistic in each; of the draws that both solved where they are paired.
    change, lower, upper : float
        Second less first, or the statistic of the differences where draws are paired, with its
        interval; NaN ends where there are too few draws.
    draws : int
        Differences, or draws of the smaller side.
    paired : bool
        The same draws: same seed, same sampling, same channels, same realisations.
    equal : bool
        Paired, with the same number for every draw.
    moved : bool
        The interval does not hold 0, and the change is no smaller than what counts.
    """

    metric: str
    scheme: str
    point: dict[str, str]
    first: float
    second: float
    change: float
    lower: float
    upper: float
    draws: int
    paired: bool
    equal: bool
    moved: bool


def compare(
    first: str | Path | xr.Dataset,
    second: str | Path | xr.Dataset,
    *,
    metrics: Sequence[str] = (),
    statistic: str = "median",
    least: float = 0.0,
    level: float = LEVEL,
) -> list[Change]:
    """Compare what two stored campaigns have in common.

    Curves are matched by their labels, points by the values of the grid. Where seed, sampling and
    channels are the same, draws are paired: the interval is that of the mean or median of their
    differences. Else, and for other quantiles, it is made from the two intervals (method of variance
    estimates recovery, Zou and Donner, Statistics in Medicine 27, 2008). The level holds for all comparisons
    together (Bonferroni).

    Parameters
    ----------
    first, second : path or xarray.Dataset
        ``results/<campaign>``, or what `isaclib.open_campaign` returned.
    metrics : sequence of str
        Default: all that both have, of one number a draw (trials count by their mean).
    statistic : str
        One of `STATISTICS`.
    least : float
        Changes smaller than this share of the first value do not count as moved.
    level : float
        Confidence level of all intervals together.

    Returns
    -------
    list of Change
        Metric by metric, curve by curve, points in grid order; `SOLVED` first.

    Raises
    ------
    ValueError
        In one line: campaigns of two systems, nothing in common, an unknown metric or statistic.
    """
    if statistic not in STATISTICS:
        raise ValueError(f"statistic = {statistic!r}: expected one of {', '.join(STATISTICS)}")
    with _opened(first) as a, _opened(second) as b:
        if a.attrs["system"] != b.attrs["system"]:
            raise ValueError(f"second: system {b.attrs['system']!r}: expected {a.attrs['system']!r}, as in the first")
        axes = [str(dim) for dim in a["status"].dims if dim not in ("scheme", "realisation")]
        if set(axes) != {str(dim) for dim in b["status"].dims} - {"scheme", "realisation"}:
            raise ValueError(f"second: expected the axes {', '.join(axes)}, as in the first")
        names = _common_metrics(a, b, axes, metrics)
        places = list(_common_places(a, b, axes))
        if not places:
            raise ValueError("second: expected a curve and a point that the first has too")
        sampling = [data.attrs.get("sampling", "random") for data in (a, b)]
        channels = [data.attrs.get("channels", DRAWN) for data in (a, b)]
        paired = a.attrs["seed"] == b.attrs["seed"] and sampling[0] == sampling[1] and channels[0] == channels[1]
        blocks = [blocks_of(how, data["realisation"].values) for how, data in zip(sampling, (a, b), strict=True)]
        each = 1.0 - (1.0 - level) / ((1 + len(names)) * len(places))
        return [
            _change(name, labels, x, y, blocks, statistic, each, least, paired)
            for name in (SOLVED, *names)
            for labels, x, y in ((_labels(a, i), _samples(a, name, i), _samples(b, name, j)) for i, j in places)
        ]


def _opened(campaign: str | Path | xr.Dataset) -> AbstractContextManager[xr.Dataset]:
    # a dataset that was handed in stays open
    return open_campaign(campaign) if isinstance(campaign, (str, Path)) else nullcontext(campaign)


def _common_metrics(a: xr.Dataset, b: xr.Dataset, axes: Sequence[str], asked: Sequence[str]) -> list[str]:
    single = {"scheme", "realisation", *axes, *CLUSTERED}
    known = [name for name in metric_names(a) if name in metric_names(b) and set(map(str, a[name].dims)) <= single]
    for name in asked:
        if name not in known:
            raise ValueError(f"metric {name!r}: expected one of one number a draw in both; {nearest(name, known)}")
    return list(asked) or known


def _common_places(
    a: xr.Dataset, b: xr.Dataset, axes: Sequence[str]
) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Yield where each curve and point that both have stands in the one and in the other."""
    dims = ("scheme", *axes)
    shared = [
        [
            (i, j)
            for i, value in enumerate(a[dim].values.tolist())
            for j, other in enumerate(b[dim].values.tolist())
            if same_value(value, other)
        ]
        for dim in dims
    ]
    for chosen in itertools.product(*shared):
        yield (
            {dim: i for dim, (i, _) in zip(dims, chosen, strict=True)},
            {dim: j for dim, (_, j) in zip(dims, chosen, strict=True)},
        )


def _labels(data: xr.Dataset, at: Mapping[str, int]) -> dict[str, str]:
    return {dim: str(data[dim].values[i]) for dim, i in at.items()}


def _samples(data: xr.Dataset, name: str, at: Mapping[str, int]) -> np.ndarray:
    """One number a draw, NaN where there is no design or none was asked for."""
    status = loaded(data["status"].isel(at))
    if name == SOLVED:
        return np.where(status == int(Status.NOT_RUN), np.nan, np.isin(status, HAS_DESIGN).astype(float))
    values = real_values(loaded(data[name].isel(at))).where(own(status))
    clustered = [dim for dim in CLUSTERED if dim in values.dims]
    return (values.mean(clustered) if clustered else values).values


def _change(
    name: str,
    labels: Mapping[str, str],
    x: np.ndarray,
    y: np.ndarray,
    blocks: Sequence[np.ndarray | None],
    statistic: str,
    level: float,
    least: float,
    paired: bool,
) -> Change:
    statistic = "mean" if name == SOLVED else statistic
    if paired:
        length = min(len(x), len(y))
        both = ~np.isnan(x[:length]) & ~np.isnan(y[:length])
        x, y = x[:length][both], y[:length][both]
        blocks = [None if where is None else where[:length][both] for where in blocks]
    first, second = (_interval(values, where, statistic, level) for values, where in zip((x, y), blocks, strict=True))
    if paired and statistic in ("mean", "median"):
        change, lower, upper = _interval(y - x, blocks[0], statistic, level)
    else:
        change = second[0] - first[0]
        lower = change - np.hypot(second[0] - second[1], first[2] - first[0])
        upper = change + np.hypot(second[2] - second[0], first[0] - first[1])
    (_, scheme), *rest = labels.items()
    return Change(
        metric=name,
        scheme=scheme,
        point=dict(rest),
        first=float(first[0]),
        second=float(second[0]),
        change=float(change),
        lower=float(lower),
        upper=float(upper),
        draws=int(min(np.sum(~np.isnan(x)), np.sum(~np.isnan(y)))),
        paired=bool(paired),
        equal=bool(paired and x.size and np.array_equal(x, y)),
        moved=bool((lower > 0.0 or upper < 0.0) and abs(change) >= least * abs(first[0])),
    )


def _interval(values: np.ndarray, blocks: np.ndarray | None, statistic: str, level: float) -> np.ndarray:
    if statistic == "mean":
        return mean_interval(values, level=level, blocks=blocks)
    return quantile_interval(values, QUANTILES[statistic], level=level, blocks=blocks)
