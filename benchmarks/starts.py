"""What more starts would still gain in hybrid SPEB minimisation.

OPENBLAS_NUM_THREADS=1 python benchmarks/starts.py --draws 64

For each power: SPEB of 1, 4, 16 starts and of the default (one, more where the fully digital bound
is over 5 % away and the best has not been found again seven times) above the best of 96 starts.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import isaclib

MOST = 96


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power-dbm", type=float, nargs="+", default=[10.0, 15.0, 20.0, 30.0])
    parser.add_argument("--scheme", default="speb-min-hbf", choices=["speb-min-hbf", "crb-min-hbf"])
    arguments = parser.parse_args()

    system = isaclib.get_system("hybrid")
    candidates: dict[str, dict[str, float]] = {
        "1": {"starts": 1},
        "4": {"starts": 4, "enough": 0.0, "again": 0},
        "16": {"starts": 16, "enough": 0.0, "again": 0},
        "default": {},
    }
    warm = system.draw(system.Parameters(), seed=arguments.seed, start=0, stop=2)
    system.design(warm, scheme=arguments.scheme)
    print(f"{arguments.scheme}, {arguments.draws} draws a power; objective above the best of {MOST} starts")
    titles = f"{'dBm':>5} {'starts':>8} {'CPU ms':>8} {'solved':>7} {'within 1e-3':>12} {'median':>9} {'95 %':>9}"
    print(f"{titles} {'price':>8}")
    for power_dbm in arguments.power_dbm:
        scenario = system.draw(
            system.Parameters(power_dbm=power_dbm), seed=arguments.seed, start=0, stop=arguments.draws
        )
        best = system.design(scenario, scheme=arguments.scheme, options={"starts": MOST, "enough": 0.0, "again": 0})
        solved = np.isfinite(best.objective)
        price = np.median(best.gap[solved])
        for label, options in candidates.items():
            began = time.process_time()
            design = system.design(scenario, scheme=arguments.scheme, options=options)
            spent = 1e3 * (time.process_time() - began) / arguments.draws
            # a draw that fewer starts did not solve is infinitely far from the best
            above = np.nan_to_num(design.objective[solved] / best.objective[solved] - 1.0, nan=np.inf)
            worst = np.quantile(above, 0.95, method="higher")
            print(
                f"{power_dbm:5g} {label:>8} {spent:8.2f} {np.isfinite(design.objective).sum():3d}/{solved.sum():<3d} "
                f"{np.mean(above <= 1e-3):12.1%} {np.median(above):9.1e} {worst:9.1e} {price:8.2%}"
            )


if __name__ == "__main__":
    main()
