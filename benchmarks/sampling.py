"""How much less statistics scatter with the draws of a block spread evenly: ``sampling: sobol`` against ``random``.

OPENBLAS_NUM_THREADS=1 python benchmarks/sampling.py --blocks 128
OPENBLAS_NUM_THREADS=1 python benchmarks/sampling.py --coverage 200

Points of campaigns in `config/campaigns`, each drawn both ways. For every statistic: the variance of what a
block of 64 draws contributes to it (to a quantile, the draws at or below it), sobol over random, with an
interval of 95 % by a bootstrap of blocks; where it is 0.5, half as many draws are as precise. Then the width
of the interval that a campaign of 256 or 2048 draws shows, sobol over random, medians over the campaigns
that the draws can be cut into.

With `--coverage`, so many campaigns of 2048 draws of one point, and what shorter ones they can be cut into:
how often their intervals cover the statistic of all draws together.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import isaclib
from isaclib.campaign.blocks import blocks_of
from isaclib.campaign.intervals import mean_interval, quantile_interval, rms_interval, share_interval, wilson_interval
from isaclib.campaign.reading import load
from isaclib.systems.streams import BLOCK, SAMPLINGS

CAMPAIGNS = Path(__file__).parents[1] / "config" / "campaigns"

AT_ONCE = 16 * BLOCK
"""Draws designed together."""

RESAMPLED = 1000
"""Bootstrap samples behind an interval of a ratio."""

LENGTHS = (256, 2048)
"""Draws of a campaign, by which intervals are compared."""

QUANTILES = {"q05": 0.05, "median": 0.5, "q95": 0.95}


@dataclass(frozen=True)
class Case:
    """A metric of one or two curves of a campaign at one point; the second is compared with the first."""

    campaign: str
    at: Mapping[str, Any]
    metric: str
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """What heads a line."""
        return f"`{self.campaign}`, {', '.join(map(str, self.at.values()))}, `{self.metric}`"


FIG5 = {"surface": "N = 32", "power_dbm": 20}
CASES = [
    Case("stars-fig5", FIG5, "cost", ("Joint design", "Conventional RIS")),
    Case("stars-fig5", FIG5, "cost", ("Random deployment",)),
    Case("stars-location", {"target_range": "4", "target_angle": "30"}, "speb_m2", ("Sensors as designed",)),
    Case("modular-fig3", {"snr_db": -5}, "spectral_efficiency", ("Collocated", "Uniform")),
    Case("hybrid-fig7", {"power_dbm": 30}, "sum_rate", ("FDBF",)),
    Case("hybrid-fig3", {"power_dbm": 20}, "peb_m", ("FDBF SPEB-min", "HBF two-stage")),
    Case("hybrid-fig3", {"power_dbm": 10}, "peb_m", ("FDBF SPEB-min",)),
]


def simulated(case: Case, label: str, sampling: str, draws: int) -> np.ndarray:
    """Return the metric of one curve, NaN where a draw has no design, shape (draws,)."""
    campaign = load(CAMPAIGNS / f"{case.campaign}.yaml")
    (curve,) = [curve for curve in campaign.curves if curve.label == label]
    index = tuple(campaign.values(axis).index(case.at[axis]) for axis in campaign.axes)
    named = {"system": campaign.system, "scheme": curve.scheme, "solver": curve.solver, "options": curve.options}
    parameters = campaign.resolve(curve, index)
    parts = [
        isaclib.simulate(**named, parameters=parameters, seed=1, start=first, stop=first + AT_ONCE, sampling=sampling)
        for first in range(0, draws, AT_ONCE)
    ]
    return np.concatenate([part[case.metric].values for part in parts])


def contributions(samples: np.ndarray) -> dict[str, np.ndarray]:
    """Return what every draw contributes to each statistic, centred; 0 where a draw has none."""
    there = ~np.isnan(samples)
    found = {"mean": samples, "rms": samples**2}
    found.update({name: 1.0 * (samples <= np.quantile(samples[there], p)) for name, p in QUANTILES.items()})
    centred = {name: np.where(there, values - values[there].mean(), 0.0) for name, values in found.items()}
    return {**centred, "share solved": there - there.mean()}


INTERVALS: dict[str, Callable[..., np.ndarray]] = {
    "mean": mean_interval,
    "rms": lambda samples, **keys: rms_interval(samples**2, **keys),
    **{name: partial(quantile_interval, probability=p) for name, p in QUANTILES.items()},
    "share solved": lambda samples, **keys: share_interval(1.0 * ~np.isnan(samples), **keys),
}


def variance_ratio(net: np.ndarray, random: np.ndarray) -> tuple[float, float, float]:
    """Variance of a block's sum of contributions, sobol over random, with its bootstrap interval."""
    above = net.reshape(-1, BLOCK).sum(axis=1) ** 2
    # independent draws: the variance of a sum is the sum of the variances, known far better
    below = (random.reshape(-1, BLOCK) ** 2).sum(axis=1)
    generator = np.random.default_rng(0)
    picks = [generator.integers(0, len(above), (RESAMPLED, len(above))) for _ in range(2)]
    ratios = above[picks[0]].mean(axis=1) / below[picks[1]].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(above.mean() / below.mean()), float(low), float(high)


def campaigns_of(samples: np.ndarray, length: int) -> np.ndarray:
    """Cut draws into campaigns, shape (campaigns, length)."""
    return samples[: len(samples) // length * length].reshape(-1, length)


def width(samples: np.ndarray, statistic: str, length: int, sampling: str) -> float:
    """Median width of the interval of campaigns of so many draws."""
    found = INTERVALS[statistic](campaigns_of(samples, length), blocks=blocks_of(sampling, np.arange(length)))
    return float(np.nanmedian(found[:, 2] - found[:, 1]))


def compare(what: str, drawn: Mapping[str, np.ndarray], names: Sequence[str]) -> None:
    """Print a line a statistic."""
    parts = {sampling: contributions(samples) for sampling, samples in drawn.items()}
    for name in names:
        if not parts["random"][name].any():
            continue
        value, low, high = variance_ratio(parts["sobol"][name], parts["random"][name])
        widths = [width(drawn["sobol"], name, n, "sobol") / width(drawn["random"], name, n, "random") for n in LENGTHS]
        shown = " | ".join(f"{ratio:.2f}" for ratio in widths)
        print(f"| {what} | {name} | {value:.3f} ({low:.3f} to {high:.3f}) | {shown} |", flush=True)


def reduction(blocks: int) -> None:
    """Print the table of `CASES`."""
    print("| curve | statistic | variance |", " | ".join(f"width, {n} draws" for n in LENGTHS), "|")
    print("| --- | --- | --- | --- | --- |")
    for case in CASES:
        drawn = []
        for label in case.labels:
            drawn.append({s: simulated(case, label, s, blocks * BLOCK) for s in SAMPLINGS})
            compare(f"{case.name}: {label}", drawn[-1], tuple(INTERVALS))
        if len(drawn) > 1:
            first, second = drawn
            what = f"{case.name}: {case.labels[1]} against {case.labels[0]}"
            compare(f"{what}, difference", {s: second[s] - first[s] for s in SAMPLINGS}, ("mean", "median"))
            compare(f"{what}, ratio", {s: second[s] / first[s] for s in SAMPLINGS}, ("median",))


def coverage(campaigns: int) -> None:
    """Print how often intervals over blocks cover; the dearest 3 % of the draws count as unsolved."""
    case = Case("stars-fig5", FIG5, "cost", ("Joint design",))
    samples = simulated(case, case.labels[0], "sobol", campaigns * LENGTHS[-1])
    samples = np.where(samples < np.nanquantile(samples, 0.97), samples, np.nan)
    print("| statistic | draws | covered over blocks | covered over draws |\n| --- | --- | --- | --- |")
    for name, interval in INTERVALS.items():
        truth = interval(samples)[0]
        for length in (256, 512, 1000, 2048):
            cut = campaigns_of(samples, length)
            hits = []
            for blocks in (np.arange(length) // BLOCK, None):
                _, lower, upper = np.moveaxis(interval(cut, blocks=blocks), -1, 0)
                hits.append(int(np.sum((lower <= truth) & (truth <= upper))))
            value, low, high = wilson_interval(hits[0], len(cut))
            shown = f"{value:.4f} ({low:.3f} to {high:.3f}) | {hits[1] / len(cut):.4f}"
            print(f"| {name} | {length} | {shown} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=128, help="blocks of 64 draws behind each variance")
    parser.add_argument("--coverage", type=int, metavar="CAMPAIGNS", help="measure the coverage of intervals instead")
    options = parser.parse_args()
    if options.coverage:
        coverage(options.coverage)
    else:
        reduction(options.blocks)


if __name__ == "__main__":
    main()
