"""How often a ledger of claims errs, and how surely it decides what is clear.

python benchmarks/claims.py --families 2000

Synthetic ledgers of claims whose truth is known, a pair of each kind: one on its limit, which is
true, and one past it by as little as can be, which is false. A family errs where any of its claims
gets the wrong verdict, for or against. Beside them are clear claims, true and false.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from isaclib.campaign.claims.ledger import ERROR, HOLDS, REFUTED, verdict
from isaclib.campaign.claims.spec import Claim
from isaclib.campaign.claims.vocabulary import read_assertion
from isaclib.campaign.intervals import wilson_interval

DRAWS = 256
MOVE, SCATTER = 0.7, 0.4
INFEASIBLE, EARLY = 0.5, 0.8
JUST = 1e-5
"""Past a limit by more than rounding, and by less than any number of draws tells."""
CLEAR = 0.5
"""Far from a limit, relative to it."""


class Planted:
    """Draws of known laws, as `isaclib.campaign.claims.draws.Draws` would have them of a campaign.

    Schemes ``a`` and ``b`` at x = 1 and 10. The logarithm of ``m`` is normal, in part common to all;
    under b it is MOVE higher, and rises with log x by MOVE under a and twice as fast under b. ``e``
    is exponential; half of the draws are infeasible; 80 % of the traces end after four iterations.
    """

    axes: Mapping[str, tuple[Any, ...]] = {"x": (1.0, 10.0)}
    realisations = DRAWS
    blocks = None

    def __init__(self, generator: np.random.Generator) -> None:
        common = generator.standard_normal(DRAWS)
        self._arrays: dict[tuple[str, str, float], np.ndarray] = {}
        for b, scheme in enumerate("ab"):
            for x in (1.0, 10.0):
                level = MOVE * (b + (1 + b) * math.log(x))
                own = SCATTER * generator.standard_normal(DRAWS)
                self._arrays["m", scheme, x] = np.exp(0.5 * common + level + own)
                self._arrays["e", scheme, x] = generator.exponential(size=DRAWS)
                self._arrays["infeasible", scheme, x] = (generator.random(DRAWS) < INFEASIBLE).astype(float)
        self._end = np.where(generator.random(DRAWS) < EARLY, 4, 8)

    def numbers(
        self, metric: str, scheme: str, point: Mapping[str, Any], *, statistic: str, root: bool = False
    ) -> np.ndarray:
        """Return one number a draw."""
        values = self._arrays[metric, scheme, point["x"]]
        return values**2 if statistic == "rms" else np.sqrt(values) if root else values

    def traces(self, metric: str, scheme: str, point: Mapping[str, Any]) -> np.ndarray:
        """Return a trace a draw."""
        return 1.0 + (np.arange(12) < self._end[:, None])


def planted(past: float) -> list[Claim]:
    """Return claims of each kind with limits past the truth by a relative amount; below zero they are not reached."""
    up, down = 1.0 + past, 1.0 - past
    step, spread = math.exp(MOVE), SCATTER**2
    ratio = {"test": "ratio", "scheme": "b", "against": "a", "metric": "m", "select": {"x": 1.0}}
    value = {"test": "value", "scheme": "a", "select": {"x": 1.0}}
    along = {"scheme": "a", "along": "x", "metric": "m"}
    quartile = step * math.exp(0.6744897501960817 * math.sqrt(2.0 * spread))
    entries: list[dict[str, Any]] = [
        {**ratio, "at_least": step * up},
        {**ratio, "at_most": step * down},
        {**ratio, "root": True, "at_least": math.sqrt(step) * up},
        {**ratio, "statistic": "mean", "at_least": step * up},
        {**ratio, "statistic": "rms", "at_most": step * down},
        {**ratio, "statistic": "q75", "at_most": quartile * down},
        {**value, "metric": "m", "statistic": "mean", "at_most": math.exp(0.125 + 0.5 * spread) * down},
        {**value, "metric": "e", "statistic": "mean", "at_most": down},
        {**value, "metric": "e", "statistic": "mean", "at_least": up},
        {**value, "metric": "infeasible", "statistic": "share", "at_most": INFEASIBLE * down},
        {
            "test": "ordering",
            "schemes": ["a", "b"],
            "select": {"x": 1.0},
            "order": "increasing",
            "metric": "m",
            "effect": step * up - 1.0,
        },
        {"test": "trend", **along, "direction": "increasing", "effect": 10.0**MOVE * up - 1.0},
        {"test": "slope", **along, "at_least": MOVE * up},
        {"test": "slope", **along, "statistic": "mean", "at_most": MOVE * down},
        {
            "test": "gap",
            **along,
            "scheme": "b",
            "against": "a",
            "direction": "growing",
            "effect": 10.0**MOVE * up - 1.0,
        },
        {
            **{"test": "converges-within", "scheme": "a", "select": {"x": 1.0}},
            **{"iterations": 5, "share": min(EARLY * up, 0.95)},
        },
    ]
    return [_claim(f"{keys['test']}-{i}", keys) for i, keys in enumerate(entries)]


def _claim(name: str, keys: Mapping[str, Any]) -> Claim:
    test = read_assertion(keys, name)
    return Claim(file=Path("planted"), id=name, says="", system="none", campaign="none", test=test)


LIMIT = [(True, planted(0.0)), (False, planted(JUST))]
FAR = [(True, planted(-CLEAR)), (False, planted(CLEAR))]


def judged(seed: int, claims: list[tuple[bool, list[Claim]]]) -> Iterator[tuple[str, bool, str]]:
    """Yield every claim of a family, whether it is true, and its verdict."""
    draws: Any = Planted(np.random.default_rng([20261122, seed]))
    level = ERROR / sum(len(some) for _, some in claims)
    for truth, some in claims:
        for each in some:
            yield each.id, truth, verdict(each, draws, level).verdict


def wrong(truth: bool, verdict: str) -> bool:
    """Tell whether a verdict is an error; to leave a claim undecided is none."""
    return verdict == (REFUTED if truth else HOLDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", type=int, default=2000)
    number = parser.parse_args().families
    errors: Counter[str] = Counter()
    err = right = missed = clear = 0
    for seed in range(number):
        here = [f"{name} ({truth})" for name, truth, found in judged(seed, LIMIT) if wrong(truth, found)]
        errors.update(here)
        err += bool(here)
        for _, truth, found in judged(seed, FAR):
            clear += 1
            right += found == (HOLDS if truth else REFUTED)
            missed += wrong(truth, found)
    count = sum(len(some) for _, some in LIMIT)
    share, low, high = 100.0 * wilson_interval(err, number)
    print(f"{count} claims on their limits: {share:.2f} % of {number} families err ({low:.2f} to {high:.2f})")
    share, low, high = 100.0 * wilson_interval(right, clear)
    print(f"clear claims: {share:.2f} % of {clear} decided ({low:.2f} to {high:.2f}), {missed} wrongly")
    print("errors of each claim over its part of the 5 %:")
    for name, times in errors.most_common():
        print(f"  {times / number * count / ERROR:5.2f}  {name}")


if __name__ == "__main__":
    main()
