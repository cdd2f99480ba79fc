"""How certain the gate is: the same version on both sides, again and again.

    python benchmarks/kernels/noise.py [--rounds 24] [--store times.jsonl]

Prints, of every kernel, by how much its CPU time scatters between rounds, its time over the mean of all kernels in the
same round (what a stored reference and a probe of the machine would have to work with), and the ratio that the gate
takes; then how often the gate would fail were all new times so much longer: above its limit in each of its rounds, as
if further rounds were no longer than the first. With `--store` rounds are added to those of earlier calls.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from gate import HERE, measure, unpack
from kernels import KERNELS
from verdict import CALLS, LIMIT, ROUNDS

FACTORS = (1.0, 1.05, 1.15, 1.2, 1.25)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=24, help="measured now")
    parser.add_argument("--store", type=Path, help="file of times, one round a line")
    chosen = parser.parse_args()
    tree = unpack((HERE / "baseline").read_text().strip())
    if tree is None:
        parser.error("the baseline is not in this clone")
    rounds = [json.loads(line) for line in chosen.store.open()] if chosen.store and chosen.store.exists() else []
    for _ in range(chosen.rounds):
        rounds.append(measure(tree, tree, list(KERNELS), CALLS))
        if chosen.store:
            with chosen.store.open("a") as file:
                file.write(json.dumps(rounds[-1]) + "\n")

    names = [name for name in KERNELS if all(name in times for times in rounds)]
    least = np.array([[[min(side) for side in times[name]] for name in names] for times in rounds])
    logarithms = np.log(least)
    probed = logarithms - logarithms.mean(axis=1, keepdims=True)
    ratios = least[..., 1] / least[..., 0]
    failing = {f: np.mean(ratios * f > LIMIT, axis=0) ** ROUNDS for f in FACTORS}
    print(f"{len(rounds)} rounds of the same version on both sides")
    heads = ("time", "over mean", "ratio", "largest", *(f"fails at x{f:g}" for f in FACTORS))
    print(f"{'standard deviation of the':>32}" + "".join(f"{head:>15}" for head in heads))
    for k, name in enumerate(names):
        spreads = (np.std(logs[:, k, 0]) for logs in (logarithms, probed))
        print(
            f"{name:>32}"
            + "".join(f"{spread:15.1%}" for spread in (*spreads, np.std(np.log(ratios[:, k]))))
            + f"{ratios[:, k].max():15.3f}"
            + "".join(f"{failing[factor][k]:15.1%}" for factor in FACTORS)
        )
    print(f"the gate fails without cause: {1.0 - np.prod(1.0 - failing[1.0]):.2%}")


if __name__ == "__main__":
    main()
