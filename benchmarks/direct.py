"""Time the default solvers of ``hybrid`` on one core.

OPENBLAS_NUM_THREADS=1 python benchmarks/direct.py --batch 512

CPU time of this process, so that other work on the machine counts little; kernels are compiled
before. `starts` is how many starts a realisation took; `tight` the share of the feasible draws whose
certified gap is at most 1e-6.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import isaclib
from isaclib.systems.base import HAS_DESIGN, OPTIMAL_GAP, Status


def seconds(function: Callable[[], object]) -> tuple[float, object]:
    began = time.process_time()
    result = function()
    return time.process_time() - began, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power-dbm", type=float, nargs="+", default=[30.0, 20.0, 15.0, 10.0])
    parser.add_argument("--min-rate", type=float, default=5.0)
    arguments = parser.parse_args()

    system = isaclib.get_system("hybrid")
    schemes = [name for name in system.schemes if not name.startswith("sensing-only")]
    one_start = {"starts": 1}
    for scheme in schemes:  # compiles the kernels
        warm = system.draw(system.Parameters(), seed=arguments.seed, start=0, stop=2)
        system.evaluate(warm, system.design(warm, scheme=scheme))

    print(
        f"batch {arguments.batch}, Table II but for the power, R_min = {arguments.min_rate:g} bit/s/Hz; CPU ms a draw"
    )
    print(
        f"{'dBm':>5} {'scheme':>15} {'ms':>8} {'one start':>10} {'optimal':>8} {'feasible':>9} {'infeasible':>11} "
        f"{'not found':>10} {'tight':>7} {'median gap':>11} {'95 % gap':>9}"
    )
    for power_dbm in arguments.power_dbm:
        parameters = system.Parameters(power_dbm=power_dbm, min_rate_bps_hz=arguments.min_rate)
        drawn, scenario = seconds(
            lambda p=parameters: system.draw(p, seed=arguments.seed, start=0, stop=arguments.batch)
        )
        measured = 0.0
        for scheme in schemes:
            hybrid = system.scheme(scheme).solver().options.keys() >= one_start.keys()
            spent, design = seconds(lambda s=scenario, name=scheme: system.design(s, scheme=name))
            single = np.nan
            if hybrid:
                single, _ = seconds(lambda s=scenario, name=scheme: system.design(s, scheme=name, options=one_start))
            measured, metrics = seconds(lambda s=scenario, d=design: system.evaluate(s, d))
            status = metrics["status"].values
            gap = metrics["gap"].values[np.isin(status, HAS_DESIGN)]
            counts = [int(np.sum(status == value)) for value in Status]
            print(
                f"{power_dbm:5g} {scheme:>15} "
                f"{1e3 * spent / arguments.batch:8.3f} {1e3 * single / arguments.batch:10.3f} "
                f"{counts[Status.OPTIMAL]:8d} {counts[Status.FEASIBLE]:9d} {counts[Status.INFEASIBLE]:11d} "
                f"{counts[Status.NOT_FOUND]:10d} {np.mean(gap <= OPTIMAL_GAP):7.1%} {np.median(gap):11.1e} "
                f"{np.quantile(gap, 0.95):9.1e}"
            )
        print(f"{power_dbm:5g} {'draw + metrics':>15} {1e3 * (drawn + measured) / arguments.batch:8.3f}")


if __name__ == "__main__":
    main()
