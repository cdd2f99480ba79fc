"""Write the reference curves that tests/regression holds later versions against.

python benchmarks/reference_curves.py                    simulate anew and write tests/regression/reference.json
python benchmarks/reference_curves.py --families 2000    only say what a comparison with it finds, and how often it errs

A few points of the three systems, each with statistics whose two-sample test is trustworthy: means of
metrics that are not too skewed for the number of draws (as they are, logarithmic or squared), and shares
of draws. A later version simulates fewer draws from another seed; `compare` tests every statistic (Welch's
t for a mean, Fisher's exact test for a share) and corrects for their number by Holm's method, which holds
for the common random numbers of the points too.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import special

import isaclib
from isaclib.campaign.intervals import wilson_interval
from isaclib.campaign.provenance import provenance
from isaclib.systems.base import HAS_DESIGN, Status

REFERENCE = Path(__file__).resolve().parents[1] / "tests" / "regression" / "reference.json"
SEED, CHECK_SEED = 20261122, 6
LEVEL = 0.01
"""Family-wise false-alarm rate: how often a comparison of equal versions finds anything at all."""
POWER = 0.95
TIMES = 4
"""Draws of the reference for each of a later comparison."""
BATCH = 2048
SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda values: values,
    "mean log": np.log,
    "mean square": np.square,
}

HYBRID = {"elements": 16, "rf_chains": 4}
MODULAR = {"subarrays": 2, "elements_per_subarray": 16}
STARS = {"star_elements": 16}


def mean(metric: str, scale: str = "") -> dict[str, Any]:
    return {"metric": metric, "statistic": f"mean {scale}".strip()}


def share(metric: str, at_most: float | None = None) -> dict[str, Any]:
    return {"metric": metric, "statistic": "share"} | ({} if at_most is None else {"at_most": at_most})


MUSIC = {"music": {"trials": 2}}
SENSING = [mean("sensing_snr"), share("peb_m", 0.03)]
RATES = [share("infeasible"), mean("sensing_snr"), share("peb_m", 0.0316)]
SUM_RATE = [share("optimal"), mean("sum_rate")]
EFFICIENCY = [mean("spectral_efficiency", "log")]
LOCATING = [share("infeasible"), share("optimal"), mean("rspeb_m", "log")]
POINTS: list[tuple[str, str, dict[str, Any], dict[str, Any], int, list[dict[str, Any]]]] = [
    ("hybrid", "speb-min-fdbf", HYBRID, {}, 512, SENSING),
    ("hybrid", "speb-min-fdbf", HYBRID | {"min_rate_bps_hz": 11.0}, {}, 384, RATES),
    ("hybrid", "speb-min-hbf", HYBRID, {}, 512, [mean("price_of_hybrid", "log"), share("peb_m", 0.0302)]),
    (
        "hybrid",
        "speb-min-hbf",
        HYBRID | {"min_rate_bps_hz": 7.0},
        {},
        256,
        [mean("price_of_hybrid", "log"), share("peb_m", 0.0307)],
    ),
    ("hybrid", "two-stage-hbf", HYBRID, {}, 512, [mean("peb_m")]),
    ("hybrid", "sca-bcd-fdbf", HYBRID | {"power_dbm": 20.0}, {}, 2048, SUM_RATE),
    ("hybrid", "sca-bcd-fdbf", HYBRID, {}, 4096, [*SUM_RATE, mean("peb_m")]),
    ("hybrid", "sca-bcd-hbf", HYBRID, {}, 192, [mean("sum_rate"), mean("price_of_hybrid")]),
    ("hybrid", "sensing-only-fdbf", HYBRID | {"power_dbm": 20.0}, MUSIC, 2048, [mean("music_error_m", "square")]),
    ("hybrid", "sensing-only-fdbf", HYBRID, MUSIC, 2048, [mean("music_error_m", "square")]),
    ("modular", "hybrid-beamforming", MODULAR | {"min_scnr_db": 28.0}, {}, 4096, EFFICIENCY),
    ("modular", "hybrid-beamforming", MODULAR | {"min_scnr_db": 29.94, "layout": "random"}, {}, 4096, RATES[:1]),
    ("modular", "hybrid-beamforming", MODULAR, MUSIC, 1024, [*EFFICIENCY, mean("music_error_m", "log")]),
    ("modular", "joint-receive", MODULAR, {}, 1024, EFFICIENCY),
    ("stars", "joint-design", STARS | {"power_dbm": 15.0}, {}, 4096, LOCATING),
    ("stars", "joint-design", STARS, {}, 4096, [*LOCATING, mean("illumination_w")]),
    ("stars", "conventional-ris", STARS, {}, 4096, [*LOCATING, mean("rate")]),
    ("stars", "random-deployment", STARS, {}, 4096, [mean("rspeb_m", "log"), mean("sensor_count")]),
    ("stars", "joint-design", STARS | {"power_dbm": 40.0}, {"ml": {"trials": 2}}, 2048, [mean("ml_error_m", "log")]),
]
"""System, scheme, parameters, estimators, draws of a comparison, statistics beside the share of draws with a design."""


@dataclass(frozen=True)
class Finding:
    """One statistic, then and now."""

    name: str
    then: Mapping[str, Any]
    now: Mapping[str, Any]
    p: float

    def __str__(self) -> str:
        """Return one line: the statistic, both values with their intervals of 95 %, and p."""
        return f"{self.name}: {_said(self.then)} in the reference, {_said(self.now)} now, p = {self.p:.2g}"


def measure(point: Mapping[str, Any], *, seed: int, draws: int) -> list[dict[str, Any]]:
    """Return the statistics of a point, each of all draws it is defined for."""
    parameters = isaclib.get_system(point["system"]).Parameters(**point["parameters"])
    batches = [
        isaclib.simulate(
            system=point["system"],
            scheme=point["scheme"],
            parameters=parameters,
            estimators=point["estimators"],
            seed=seed,
            start=start,
            stop=min(start + BATCH, draws),
        )
        for start in range(0, draws, BATCH)
    ]
    return [_statistic(entry, batches) for entry in point["entries"]]


def compare(
    reference: Sequence[Mapping[str, Any]], fresh: Sequence[Sequence[Mapping[str, Any]]], *, level: float = LEVEL
) -> list[Finding]:
    """Return what differs, by Holm's method over all statistics of all points."""
    tested = [
        Finding(name, then, now, p_value(then, now))
        for (name, then), now in zip(named(reference), (now for point in fresh for now in point), strict=True)
    ]
    found = []
    for rank, finding in enumerate(sorted(tested, key=lambda finding: finding.p)):
        if finding.p > level / (len(tested) - rank):
            break
        found.append(finding)
    return found


def named(reference: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every statistic with its full name."""
    for point in reference:
        parameters = ", ".join(f"{key} = {value}" for key, value in point["parameters"].items())
        for entry in point["entries"]:
            limit = f" at most {entry['at_most']:g}" if "at_most" in entry else ""
            name = f"{point['system']} {point['scheme']} ({parameters}), {entry['statistic']} of {entry['metric']}"
            yield name + limit, entry


def p_value(then: Mapping[str, Any], now: Mapping[str, Any]) -> float:
    """Return the two-sided p-value of two equal populations; 0 where there is nothing left to compare."""
    if then["statistic"] == "share":
        return fisher(then["successes"], then["count"], now["successes"], now["count"])
    if now["count"] < 2:
        return 0.0
    one, two = (entry["deviation"] ** 2 / entry["count"] for entry in (then, now))
    if one + two == 0.0:
        return float(then["mean"] == now["mean"])
    freedom = (one + two) ** 2 / (one**2 / (then["count"] - 1) + two**2 / (now["count"] - 1))
    return float(2.0 * special.stdtr(freedom, -abs(then["mean"] - now["mean"]) / math.sqrt(one + two)))


def fisher(hits: int, total: int, fresh_hits: int, fresh_total: int) -> float:
    """Return twice the smaller tail of the hypergeometric distribution: exact for any share, conservative."""
    if min(total, fresh_total) == 0:
        return 0.0
    hit, everything = hits + fresh_hits, total + fresh_total
    ways = np.arange(max(0, hit - total), min(fresh_total, hit) + 1)
    log = _log_choose(fresh_total, ways) + _log_choose(total, hit - ways) - _log_choose(everything, hit)
    weights = np.exp(log)
    return float(min(1.0, 2.0 * min(weights[ways <= fresh_hits].sum(), weights[ways >= fresh_hits].sum())))


def detectable(entry: Mapping[str, Any], *, draws: int, family: int) -> float:
    """Return the smallest shift that is found with probability `POWER` by `draws` draws.

    In standard deviations for a mean; for a share in points of it, towards one half. Every shift is held
    against `LEVEL` / `family`, as the first step of Holm's method holds it.
    """
    level = LEVEL / family
    if entry["statistic"] != "share":
        freedom = draws - 1
        quantile = special.stdtrit(freedom, 1.0 - level / 2.0) + special.ndtri(POWER)
        return float(quantile * math.sqrt(1.0 / draws + 1.0 / entry["count"]))
    share = entry["successes"] / entry["count"]
    direction = 1 if share <= 0.5 else -1
    hits = round(share * draws)
    while fisher(entry["successes"], entry["count"], hits, draws) > level:
        hits += direction
    # the share at which at least so many hits (or misses) have probability `POWER`
    wanted = hits if direction > 0 else draws - hits
    shifted = special.betaincinv(wanted, draws - wanted + 1, POWER)
    shift = shifted - share if direction > 0 else shifted - (1.0 - share)
    # the reference is a sample itself, unless its share is 0 or 1
    return float(shift * (math.sqrt(1.0 + draws / entry["count"]) if 0.0 < share < 1.0 else 1.0))


def check_count(point: Mapping[str, Any], entry: Mapping[str, Any]) -> int:
    """Return how many draws of a comparison a statistic may expect."""
    return round(point["check_draws"] * entry["count"] / point["draws"])


def synthetic_family(
    reference: Sequence[Mapping[str, Any]], rng: np.random.Generator, *, thin: int, planted: int = -1
) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Return a reference and a comparison made of plain random numbers.

    They are alike in shares and skewness, and in counts but for the divisor `thin`. The statistic number
    `planted`, if any, is moved by what is just `detectable`.
    """
    entries = [(point, entry) for point in reference for entry in point["entries"]]
    then: list[dict[str, Any]] = []
    now: list[dict[str, Any]] = []
    for number, (point, entry) in enumerate(entries):
        count, draws = entry["count"] // thin, check_count(point, entry) // thin
        thinned = entry | {"count": count} | ({"successes": entry["successes"] // thin} if "successes" in entry else {})
        shift = detectable(thinned, draws=draws, family=len(entries)) if number == planted else 0.0
        if entry["statistic"] == "share":
            share = thinned["successes"] / count
            moved = share + math.copysign(shift, 0.5 - share) if share != 0.5 else share + shift
            then.append(thinned | {"successes": int(rng.binomial(count, share))})
            now.append(thinned | {"count": draws, "successes": int(rng.binomial(draws, moved))})
        else:
            then.append(thinned | _moments(_skewed(entry["skewness"], count, rng)))
            now.append(thinned | _moments(_skewed(entry["skewness"], draws, rng) + shift))
    return [{**reference[0], "entries": then}], [now]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", type=int, default=0, help="synthetic comparisons; nothing is written")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    if options.families:
        _report(json.loads(REFERENCE.read_text())["points"], options.families)
        return
    points, refused = [], []
    for system, scheme, parameters, estimators, draws, entries in POINTS:
        point = {
            "system": system,
            "scheme": scheme,
            "parameters": parameters,
            "estimators": estimators,
            "draws": TIMES * draws,
            "check_draws": draws,
            "entries": [share("designed"), *entries],
        }
        point["entries"] = measure(point, seed=options.seed, draws=TIMES * draws)
        points.append(point)
        for name, entry in named([point]):
            print(f"{name}: {_said(entry)}", flush=True)
            if abs(entry.get("skewness", 0.0)) > 0.07 * math.sqrt(check_count(point, entry)):
                refused.append(f"{name}: skewness {entry['skewness']:.3g}, too much for Welch's test of {draws} draws")
    if refused:
        raise SystemExit("nothing is written\n" + "\n".join(refused))
    head = {"command": "python benchmarks/reference_curves.py", "seed": options.seed, **provenance()}
    REFERENCE.write_text(_text(head, points))


def _report(reference: Sequence[Mapping[str, Any]], families: int) -> None:
    total = sum(len(point["entries"]) for point in reference)
    pairs = [(point, entry) for point in reference for entry in point["entries"]]
    for (point, _), (name, entry) in zip(pairs, named(reference), strict=True):
        count = check_count(point, entry)
        unit = "points" if entry["statistic"] == "share" else "deviations"
        shift = detectable(entry, draws=count, family=total) * (100.0 if unit == "points" else 1.0)
        print(f"{name}: {count} draws against {entry['count']} find {shift:.2g} {unit}")
    rng = np.random.default_rng(0)
    alarms = sum(bool(compare(*synthetic_family(reference, rng, thin=1))) for _ in range(families))
    found = 0
    for family in range(families):
        then, now = synthetic_family(reference, rng, thin=1, planted=family % total)
        found += any(finding.now is now[0][family % total] for finding in compare(then, now))
    for what, hits in (("false alarms", alarms), ("planted shifts found", found)):
        value, low, high = wilson_interval(hits, families)
        print(f"{what}: {value:.2%} ({low:.2%} to {high:.2%}) of {families} synthetic comparisons")


def _statistic(entry: Mapping[str, Any], batches: Sequence[xr.Dataset]) -> dict[str, Any]:
    metric = entry["metric"]
    wanted = {key: entry[key] for key in ("metric", "statistic", "at_most") if key in entry}
    status = np.concatenate([batch.status.values for batch in batches])
    if entry["statistic"] == "share" and "at_most" not in entry:
        accepted = HAS_DESIGN if metric == "designed" else (Status[metric.upper()],)
        return wanted | _share(np.isin(status, accepted))
    # one number a draw: the RMS over users or trials
    squares = [np.square(batch[metric].values).reshape(batch.sizes["realisation"], -1) for batch in batches]
    values = np.sqrt(np.concatenate(squares).mean(axis=1))
    values = values[~np.isnan(values)]
    if entry["statistic"] == "share":
        return wanted | _share(values <= entry["at_most"])
    return wanted | _moments(SCALES[entry["statistic"]](values))


def _share(hits: np.ndarray) -> dict[str, Any]:
    return {"count": len(hits), "successes": int(hits.sum())}


def _moments(values: np.ndarray) -> dict[str, Any]:
    if len(values) < 2:
        return {"count": len(values), "mean": math.nan, "deviation": math.nan, "skewness": math.nan}
    centred = values - values.mean()
    spread = centred.std()
    return {
        "count": len(values),
        "mean": float(values.mean()),
        "deviation": float(values.std(ddof=1)),
        "skewness": float(np.mean(centred * centred * centred) / spread**3) if spread > 0.0 else 0.0,
    }


def _skewed(skewness: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return draws of mean 0, deviation 1 and this skewness: a gamma law's, or normal ones."""
    if abs(skewness) < 0.05:
        return rng.standard_normal(count)
    shape = 4.0 / skewness**2
    return math.copysign(1.0, skewness) * (rng.standard_gamma(shape, count) - shape) / math.sqrt(shape)


def _log_choose(total: int, chosen: np.ndarray | int) -> np.ndarray:
    return special.gammaln(total + 1.0) - special.gammaln(chosen + 1.0) - special.gammaln(total - chosen + 1.0)


def interval(entry: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return a statistic with its interval of 95 %."""
    if entry["statistic"] == "share":
        value, low, high = wilson_interval(entry["successes"], entry["count"])
    else:
        value = entry["mean"]
        half = (
            special.stdtrit(max(entry["count"] - 1, 1), 0.975) * entry["deviation"] / math.sqrt(max(entry["count"], 1))
        )
        low, high = value - half, value + half
    return float(value), float(low), float(high)


def _said(entry: Mapping[str, Any]) -> str:
    value, low, high = interval(entry)
    return f"{value:.5g} ({low:.5g} to {high:.5g}; {entry['count']} draws)"


def _text(head: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> str:
    """Return JSON with a line for every statistic."""
    blocks = []
    for point in points:
        whole = [entry | {"interval": interval(entry)[1:]} for entry in point["entries"]]
        lines = ",\n".join(f"      {json.dumps(_rounded(entry))}" for entry in whole)
        described = json.dumps({key: value for key, value in point.items() if key != "entries"})
        blocks.append(f'    {described[:-1]}, "entries": [\n{lines}\n    ]}}')
    body = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
    return f'{{\n{body},\n  "points": [\n' + ",\n".join(blocks) + "\n  ]\n}\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_rounded(entry) for entry in value]
    return float(f"{value:.8g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
