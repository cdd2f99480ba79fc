"""Where sensing-oriented and communication-oriented designs of one draw meet, and where they do not.

OPENBLAS_NUM_THREADS=1 python benchmarks/tradeoff.py --draws 64

For each limit on the position error bound: the sum-rate is maximised under it, then the SPEB is
minimised under the rates this gives to the users. Both designs lie on one curve where the error is
the same; a lower one says that the sum-rate was not the largest. Then the users are guaranteed
half the sum-rate each instead: what that costs is the price of the guarantee, not of a solver.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import isaclib

KINDS = ("fdbf", "hbf")
LEAST_RATE = 1e-3
"""A user whom the sum-rate leaves out is guaranteed this, in bit/s/Hz: a rate of zero is none."""


def error_under(rates: np.ndarray, *, kind: str, seed: int, settings: dict[str, Any]) -> np.ndarray:
    """Least position error bound of each draw under its own rates, shape (draws,), in m; NaN where there are none."""
    system = isaclib.get_system("hybrid")
    found = np.full(len(rates), np.nan)
    for draw in np.flatnonzero(np.isfinite(rates).all(axis=-1)):
        guaranteed = np.maximum(rates[draw], LEAST_RATE).tolist()
        parameters = system.Parameters(min_rate_bps_hz=tuple(guaranteed), **settings)
        scenario = system.draw(parameters, seed=seed, start=draw, stop=draw + 1)
        metrics = system.evaluate(scenario, system.design(scenario, scheme=f"speb-min-{kind}"))
        found[draw] = metrics["peb_m"].item()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-peb-m", type=float, nargs="+", default=[0.017, 0.02, 0.03])
    parser.add_argument("--los-gain", nargs="+", default=["random", "free-space"])
    arguments = parser.parse_args()

    system = isaclib.get_system("hybrid")
    print(f"{arguments.draws} draws; position error bound of SPEB minimisation over that of sum-rate maximisation")
    print(
        f"{'gains':>10} {'limit, m':>8} {'':>5} {'sum-rate':>8} | {'same rates':>10} {'least':>7} {'largest':>7} |"
        f" {'equal rates':>11} {'no design':>9}"
    )
    for gains in arguments.los_gain:
        for limit in arguments.max_peb_m:
            settings = {"los_gain": gains, "max_peb_m": limit}
            scenario = system.draw(system.Parameters(**settings), seed=arguments.seed, start=0, stop=arguments.draws)
            for kind in KINDS:
                metrics = system.evaluate(scenario, system.design(scenario, scheme=f"sca-bcd-{kind}"))
                error = metrics["peb_m"].values
                # rates met to the last digit leave a solver no room
                rates = metrics["rate"].values * (1.0 - 1e-9)
                told = {"kind": kind, "seed": arguments.seed, "settings": settings}
                same = error_under(rates, **told) / error
                equal = error_under(np.broadcast_to(rates.mean(axis=-1, keepdims=True), rates.shape), **told) / error
                total = np.nanmedian(rates.sum(axis=-1))
                print(
                    f"{gains:>10} {limit:8g} {kind:>5} {total:8.2f} | {np.nanmedian(same):10.5f} {np.nanmin(same):7.4f}"
                    f" {np.nanmax(same):7.4f} | {np.nanmedian(equal):11.4f} {np.isnan(equal).sum():9d}"
                )


if __name__ == "__main__":
    main()
