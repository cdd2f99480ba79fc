"""How much of the price of hybrid is certain, and how much a solver might still gain.

OPENBLAS_NUM_THREADS=1 python benchmarks/certify.py --seconds 60

For a few draws at each power: price of the hybrid design found (distance to the fully digital
bound), the part of it that the convex bound and branch and bound prove, and the optimality gap left.
"""

from __future__ import annotations

import argparse
import math

import isaclib
from isaclib.systems.hybrid.hybrid_bound import speb_lower_bound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="time limit a draw")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--starts", type=int, default=32)
    parser.add_argument("--power-dbm", type=float, nargs="+", default=[10.0, 15.0, 20.0])
    arguments = parser.parse_args()

    system = isaclib.get_system("hybrid")
    print(f"{'':>10} {'':>8} {'proven by':>17} {'optimality gap':>17}")
    columns = f"{'dBm':>5} {'draw':>4} {'price':>8} {'convex':>8} {'search':>8} {'convex':>8} {'search':>8}"
    print(f"{columns} {'nodes':>9} {'s':>6}")
    for power_dbm in arguments.power_dbm:
        parameters = system.Parameters(power_dbm=power_dbm)
        shown = realisation = 0
        while shown < arguments.draws and realisation < 100:
            scenario = system.draw(parameters, seed=arguments.seed, start=realisation, stop=realisation + 1)
            options = {"starts": arguments.starts, "again": 0, "enough": 0.0}
            objective = system.design(scenario, scheme="speb-min-hbf", options=options).objective
            realisation += 1
            if not math.isfinite(objective[0]):
                continue
            shown += 1
            convex = speb_lower_bound(scenario, method="convex")
            found = speb_lower_bound(scenario, objective_m2=objective, seconds=arguments.seconds)
            bounds = [float(bound.bound_m2[0]) for bound in (convex, found)]
            digital = float(found.fully_digital_m2[0])
            cells = [f"{objective[0] / digital - 1.0:8.2%}"]
            cells += [f"{bound / digital - 1.0:8.2%}" for bound in bounds]
            cells += [f"{objective[0] / bound - 1.0:8.2%}" for bound in bounds]
            print(
                f"{power_dbm:5g} {realisation - 1:4d} {' '.join(cells)} {found.nodes[0]:9d} {found.seconds[0]:6.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
