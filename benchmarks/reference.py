"""Compare the direct solver of a scheme with its reference solver (CVXPY), draw by draw.

python benchmarks/reference.py --draws 6 --power-dbm 30
"""

from __future__ import annotations

import argparse

import numpy as np

import isaclib
from isaclib.systems.base import Status

SCHEMES = ("speb-min-hbf", "speb-min-fdbf", "sca-bcd-hbf", "sca-bcd-fdbf", "communication-only-hbf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheme", default="speb-min-hbf", choices=SCHEMES)
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--start", type=int, default=0, help="first realisation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power-dbm", type=float, default=30.0)
    parser.add_argument("--elements", type=int, default=32)
    parser.add_argument("--rf-chains", type=int, default=4)
    parser.add_argument("--conic-solver", default="CLARABEL", choices=("CLARABEL", "SCS"))
    arguments = parser.parse_args()

    system = isaclib.get_system("hybrid")
    parameters = system.Parameters(
        power_dbm=arguments.power_dbm, elements=arguments.elements, rf_chains=arguments.rf_chains
    )
    direct, reference = tuple(system.scheme(arguments.scheme).solvers)[:2]
    # compiles the kernels, so that the first draw is not charged for it
    easy = system.Parameters(elements=arguments.elements, rf_chains=arguments.rf_chains)
    warm_up = system.draw(easy, seed=arguments.seed, start=0, stop=1)
    system.design(warm_up, scheme=arguments.scheme, solver=direct)

    print(f"{arguments.scheme} at {arguments.power_dbm:g} dBm, N = {arguments.elements}, N_RF = {arguments.rf_chains}")
    minimised = arguments.scheme.startswith("speb")
    name, scale = ("SPEB, cm^2", 1e4) if minimised else ("bit/s/Hz", 1.0)
    print(f"violation: largest, in units of its limit; ratio: {direct} over {reference}")
    print(f"{'draw':>5} {'solver':>8} {'status':>11} {name:>11} {'violation':>10} {'seconds':>9} {'ratio':>9}")
    ratios, seconds = [], {direct: [], reference: []}
    for draw in range(arguments.start, arguments.start + arguments.draws):
        scenario = system.draw(parameters, seed=arguments.seed, start=draw, stop=draw + 1)
        value = {}
        for solver in (direct, reference):
            named = "conic_solver" in system.scheme(arguments.scheme).solver(solver).options
            options = {"conic_solver": arguments.conic_solver} if named else None
            design = system.design(scenario, scheme=arguments.scheme, solver=solver, options=options)
            metrics = system.evaluate(scenario, design)
            # of a fully digital design of least SPEB: before its ties were broken
            value[solver] = float(metrics["objective"][0])
            seconds[solver].append(float(design.solve_seconds[0]))
            ratio = f"{value[direct] / value[reference]:9.6f}" if solver == reference else ""
            violation = float(np.max(metrics["violation"][0]))
            status = Status(int(metrics["status"][0])).name.lower()
            print(
                f"{draw:5d} {solver:>8} {status:>11} {scale * value[solver]:11.6f} {violation:10.1e} "
                f"{seconds[solver][-1]:9.4f} {ratio:>9}",
                flush=True,
            )
        ratios.append(value[direct] / value[reference])
    both = np.isfinite(ratios)
    better = np.sum((np.asarray(ratios)[both] <= 1.0) == minimised)
    print(f"both designs on {both.sum()} of {arguments.draws} draws; direct the better one on {better}")
    if both.any():
        fast, slow = (np.median(np.asarray(seconds[solver])[both]) for solver in (direct, reference))
        least, middle, most = np.quantile(np.asarray(ratios)[both], [0.0, 0.5, 1.0])
        print(f"ratio: median {middle:.6f}, from {least:.6f} to {most:.6f}")
        print(f"median seconds a draw: {fast:.4f} and {slow:.4f}, {slow / fast:.0f} times")


if __name__ == "__main__":
    main()
