"""What more starts would still gain in hybrid sum-rate maximisation.

OPENBLAS_NUM_THREADS=1 python benchmarks/sum_rate_starts.py --draws 128

For each power and number of RF chains: the sum-rate that 1, 2, 4, 8, 16 starts and the default (up to 12, until the
best has been found again four times) miss of the best of 64, and the processor time of a draw.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import isaclib

MOST = 64
CANDIDATES: dict[str, dict[str, int]] = {
    **{str(starts): {"starts": starts, "again": 0} for starts in (1, 2, 4, 8, 16)},
    "default": {},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power-dbm", type=float, nargs="+", default=[10.0, 20.0, 30.0])
    parser.add_argument("--rf-chains", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--max-peb-m", type=float, default=0.2)
    parser.add_argument("--scheme", default="sca-bcd-hbf", choices=["sca-bcd-hbf", "communication-only-hbf"])
    arguments = parser.parse_args()

    system = isaclib.get_system("hybrid")
    warm = system.draw(system.Parameters(), seed=arguments.seed, start=0, stop=2)
    system.design(warm, scheme=arguments.scheme)
    print(f"{arguments.scheme}, {arguments.draws} draws, PEB <= {arguments.max_peb_m:g} m; missed of {MOST} starts")
    print(
        f"{'dBm':>5} {'N_RF':>5} {'starts':>7} {'ms a draw':>11} {'bit/s/Hz':>9} {'median':>9} {'95 %':>9} "
        f"{'most':>9} {'within 1e-3':>12} {'price':>7}"
    )
    for power_dbm in arguments.power_dbm:
        for chains in arguments.rf_chains:
            parameters = system.Parameters(power_dbm=power_dbm, rf_chains=chains, max_peb_m=arguments.max_peb_m)
            scenario = system.draw(parameters, seed=arguments.seed, start=0, stop=arguments.draws)
            best = system.design(scenario, scheme=arguments.scheme, options={"starts": MOST, "again": 0})
            price = 1.0 - np.nanmedian(best.objective / best.bound)
            for label, options in CANDIDATES.items():
                began = time.process_time()
                design = system.design(scenario, scheme=arguments.scheme, options=options)
                spent = 1e3 * (time.process_time() - began) / arguments.draws
                # a draw without a design is missed whole
                missed = best.objective - np.nan_to_num(design.objective, nan=0.0)
                tail = np.quantile(missed, 0.95, method="higher")
                print(
                    f"{power_dbm:5g} {chains:5d} {label:>7} {spent:11.2f} {np.nanmean(design.objective):9.4f} "
                    f"{np.median(missed):9.1e} {tail:9.1e} {np.max(missed):9.1e} "
                    f"{np.mean(missed <= 1e-3 * best.objective):12.1%} {price:7.2%}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
