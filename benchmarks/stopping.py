"""How often an interval that grew until it was narrow enough covers the truth.

python benchmarks/stopping.py --campaigns 2000 [--sampling sobol]

Synthetic campaigns of one curve at one point: draws of a known law, looked at round by round as a
campaign with a ``precision`` is, until the interval is as narrow as asked. To stop at what was just
seen shortens intervals; this counts what is left of their nominal 95 %, beside the coverage of
intervals whose number of draws was fixed beforehand. With ``--sampling sobol`` draws are those of
nets, and the sampling unit of intervals is the block.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from isaclib.campaign.intervals import wilson_interval
from isaclib.campaign.precision import Aim, Samples, half_width, interval
from isaclib.campaign.precision_spec import PrecisionSpec
from isaclib.systems.base import Status
from isaclib.systems.streams import SAMPLINGS, Stream, Streams

MOST = 2**15
MOST_OF_NETS = 2**13


@dataclass(frozen=True)
class Law:
    """A distribution whose statistics are known."""

    name: str
    draw: Callable[[np.random.Generator], np.ndarray]
    truth: Mapping[str, float]
    sampling: str = "random"


def bernoulli(share: float) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda generator: generator.random(MOST) < share


NORMAL = Law("normal(3, 1)", lambda g: g.normal(3.0, 1.0, MOST), {"mean": 3.0, "median": 3.0})
EXPONENTIAL = Law(
    "exponential",
    lambda g: g.exponential(size=MOST),
    {"mean": 1.0, "rms": np.sqrt(2.0), "median": np.log(2.0), "q95": -np.log(0.05)},
)
LOGNORMAL = Law(
    "lognormal(0, 1)", lambda g: g.lognormal(size=MOST), {"mean": np.exp(0.5), "median": 1.0, "q95": np.exp(1.6448536)}
)
SHARES = [Law(f"share {share:g}", bernoulli(share), {"share": share}) for share in (0.5, 0.05)]

ROWS = [
    (NORMAL, "mean", 0.01),
    (NORMAL, "median", 0.01),
    (EXPONENTIAL, "mean", 0.15),
    (EXPONENTIAL, "mean", 0.04),
    (EXPONENTIAL, "rms", 0.04),
    (EXPONENTIAL, "median", 0.05),
    (EXPONENTIAL, "q95", 0.05),
    (LOGNORMAL, "mean", 0.05),
    (LOGNORMAL, "median", 0.2),
    (LOGNORMAL, "median", 0.05),
    (LOGNORMAL, "q95", 0.08),
    (SHARES[0], "share", 0.04),
    (SHARES[1], "share", 0.2),
]
"""Law, statistic, relative half-width asked for."""


def nets(generator: np.random.Generator) -> np.ndarray:
    """Return lognormal(0, 1) draws in nets: the exponential of a sum of two of their coordinates."""
    streams = Streams(int(generator.integers(2**32)), 0, MOST_OF_NETS, "sobol")
    return np.exp(special.ndtri(streams.uniform(Stream.USER_ANGLE, (2,))).sum(axis=-1) / np.sqrt(2.0))


def rare(generator: np.random.Generator) -> np.ndarray:
    """Return which of these draws are among the largest 5 %."""
    return nets(generator) > np.exp(1.6448536)


NETS = Law("lognormal(0, 1)", nets, LOGNORMAL.truth, "sobol")
RARE = Law("share 0.05", rare, {"share": 0.05}, "sobol")

ROWS_OF_NETS = [
    (NETS, "mean", 0.05),
    (NETS, "mean", 0.02),
    (NETS, "median", 0.05),
    (NETS, "q95", 0.08),
    (RARE, "share", 0.15),
]


def samples_of(law: Law, seed: int) -> Samples:
    drawn = law.draw(np.random.default_rng(seed))
    if drawn.dtype == bool:
        status = np.where(drawn, Status.INFEASIBLE, Status.OPTIMAL).astype(np.int8)
        return Samples(drawn, drawn, status, law.sampling)
    return replace(Samples.of(drawn), sampling=law.sampling)


def stopped(spec: PrecisionSpec, samples: Samples, start: int) -> tuple[int, int]:
    """Return how many draws are taken, and in how many rounds."""
    count, rounds = start, 0
    while True:
        rounds += 1
        seen = samples.first(count)
        value, width = half_width(spec, seen, seen.solved)
        aim = Aim(
            label="",
            index=(),
            realisations=count,
            value=value,
            width=width,
            wanted=spec.relative or 0.0,
            most=len(samples.status),
        )
        if aim.ended:
            return count, rounds
        count = aim.following


def covers(spec: PrecisionSpec, samples: Samples, truth: float) -> bool:
    _, low, high = interval(spec, samples, samples.solved)
    return bool(low <= truth <= high)


def share(hits: int, total: int) -> str:
    value, low, high = wilson_interval(hits, total)
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=2000)
    parser.add_argument("--start", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--sampling", choices=SAMPLINGS, default=SAMPLINGS[0])
    options = parser.parse_args()
    print(f"{'law':<16} {'statistic':<9} {'start':>5} {'draws':>6} {'rounds':>6}  {'covered':<26} fixed beforehand")
    for law, statistic, relative in ROWS if options.sampling == "random" else ROWS_OF_NETS:
        metric = "infeasible" if statistic == "share" else "metric"
        spec = PrecisionSpec(metric=metric, statistic=statistic, relative=relative, max_realisations=MOST)
        for start in options.start:
            taken = [stopped(spec, samples_of(law, seed), start) for seed in range(options.campaigns)]
            beforehand = int(np.median([count for count, _ in taken]))
            hits = fixed = 0
            for seed, (count, _) in enumerate(taken):
                samples = samples_of(law, seed)
                hits += covers(spec, samples.first(count), law.truth[statistic])
                fixed += covers(spec, samples.first(beforehand), law.truth[statistic])
            print(
                f"{law.name:<16} {statistic:<9} {start:>5} {beforehand:>6} {np.mean([n for _, n in taken]):>6.1f}  "
                f"{share(hits, options.campaigns):<26} {share(fixed, options.campaigns)}"
            )


if __name__ == "__main__":
    main()
