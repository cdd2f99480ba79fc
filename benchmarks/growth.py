"""Growth of hybrid SPEB minimisation with the number of antennas.

OPENBLAS_NUM_THREADS=1 python benchmarks/growth.py [--reference-seconds 600]

K = 4 users, N_RF = N / 8, fixed aperture, 30 dBm, one start. With `--reference-seconds` the CVXPY
reference is run on one draw of each size until it takes longer than that.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import numpy as np

import isaclib

REFERENCE = """
import isaclib, time
system = isaclib.get_system("hybrid")
parameters = system.Parameters(elements={n}, rf_chains={n} // 8, users=4)
scenario = system.draw(parameters, seed={seed}, start=0, stop=1)
began = time.process_time()
design = system.design(scenario, scheme="speb-min-hbf", solver="sdr-bcd")
print(time.process_time() - began, design.objective[0])
"""


def reference(elements: int, seed: int, limit: float) -> tuple[float, float] | None:
    """CPU seconds and SPEB (NaN: none found) of the reference on the first draw; None: out of time."""
    command = [sys.executable, "-c", REFERENCE.format(n=elements, seed=seed)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=True)
    except subprocess.TimeoutExpired:
        return None
    spent, speb = map(float, done.stdout.split())
    return spent, speb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--elements", type=int, nargs="+", default=[32, 64, 128, 256, 512])
    parser.add_argument("--reference-seconds", type=float, default=0.0)
    arguments = parser.parse_args()

    system = isaclib.get_system("hybrid")
    warm = system.draw(system.Parameters(users=4), seed=arguments.seed, start=0, stop=2)
    system.design(warm, scheme="speb-min-hbf")
    titles = f"{'N':>5} {'CPU ms a draw':>14} {'evaluations':>12} {'price':>8}"
    print(
        f"{titles} {'reference s':>12} {'ratio':>8} {'SPEB ratio':>11}" if arguments.reference_seconds > 0 else titles
    )
    times = []
    ends = arguments.reference_seconds > 0
    for elements in arguments.elements:
        parameters = system.Parameters(elements=elements, rf_chains=elements // 8, users=4)
        scenario = system.draw(parameters, seed=arguments.seed, start=0, stop=arguments.draws)
        began = time.process_time()
        design = system.design(scenario, scheme="speb-min-hbf", options={"starts": 1})
        times.append((time.process_time() - began) / arguments.draws)
        row = f"{elements:5d} {1e3 * times[-1]:14.2f} {design.iterations.mean():12.0f} {np.nanmedian(design.gap):8.2%}"
        if ends:
            outcome = reference(elements, arguments.seed, arguments.reference_seconds)
            ends = outcome is not None
            if outcome is None:
                row += f" {'> limit':>12}"
            else:
                row += f" {outcome[0]:12.1f} {outcome[0] / times[-1]:8.0f} {design.objective[0] / outcome[1]:11.5f}"
        print(row, flush=True)
    slope = np.polyfit(np.log(arguments.elements), np.log(times), 1)[0]
    print(f"slope of log time over log N: {slope:.2f}")


if __name__ == "__main__":
    main()
