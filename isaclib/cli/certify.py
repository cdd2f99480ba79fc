"""How much of a hybrid design's distance to the fully digital bound is certain to be the price of hybrid."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields

from isaclib.cli.solve import described, named_settings
from isaclib.systems import get_system
from isaclib.systems.base import Status
from isaclib.systems.hybrid.hybrid_bound import check_method, speb_lower_bound

SCHEME = "speb-min-hbf"


def print_certificate(
    *,
    settings: Sequence[str],
    options: Sequence[str],
    seed: int,
    realisation: int,
    method: str,
    seconds: float,
    gap: float,
) -> None:
    """Design for one realisation, bound every hybrid beamformer of it and print what is left between.

    Parameters
    ----------
    settings, options : sequence of str
        ``name=value`` of parameters and of the options of the direct solver.
    seed, realisation : int
        Name the draw.
    method : str
        One of `isaclib.systems.hybrid.hybrid_bound.METHODS`.
    seconds : float
        Time limit of branch and bound.
    gap : float
        Relative gap at which it ends.

    Raises
    ------
    ValueError
        One line: which name or value, and what is allowed; or why there is nothing to certify.
    """
    system = get_system("hybrid")
    parameters = system.Parameters(**named_settings("--set", settings, [f.name for f in fields(system.Parameters)]))
    solver = system.scheme(SCHEME).solver()
    resolved = solver.resolve(named_settings("--option", options, list(solver.options)))
    check_method(method, parameters.users)
    scenario = system.draw(parameters, seed=seed, start=realisation, stop=realisation + 1)
    design = system.design(scenario, scheme=SCHEME, options=resolved)
    status = Status(int(design.status[0]))
    if status == Status.INFEASIBLE:
        advice = "another --realisation may have a design"
        raise ValueError(f"seed {seed}, realisation {realisation}: nothing to certify: {design.reason[0]}; {advice}")
    objective = float(design.objective[0])
    found = math.isfinite(objective)
    watched = sys.stderr.isatty()
    bound = speb_lower_bound(
        scenario,
        method=method,
        objective_m2=design.objective,
        gap=gap,
        seconds=seconds,
        progress=_progress(objective) if watched else None,
    )
    if watched:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    digital, hybrid = float(bound.fully_digital_m2[0]), float(bound.bound_m2[0])

    print(f"{system.scheme(SCHEME).summary}; bound by {method}")
    print(f"{described(system, parameters)}; seed {seed}, realisation {realisation}\n")
    _row("status", status.name.lower().replace("_", " "))
    _row("objective", f"{objective:.6g} m^2" if found else f"none: {design.reason[0]}")
    _row("fully digital bound", f"{digital:.6g} m^2")
    if math.isinf(hybrid):
        _row("hybrid bound", "infinite: no hybrid beamformer meets the rates")
    else:
        _row("hybrid bound", f"{hybrid:.6g} m^2")
        certain = f"{hybrid / digital - 1.0:.2%} is certain"
        _row("price of hybrid", f"{certain}, {objective / digital - 1.0:.2%} at most" if found else certain)
        if found:
            _row("optimality gap", f"{objective / hybrid - 1.0:.2%}")
    if method == "branch-and-bound":
        _row("nodes", str(bound.nodes[0]))
        _row("ended", "by itself" if bound.finished[0] else "at its limit")
    _row("seconds", f"{bound.seconds[0]:.1f}")


def _row(name: str, value: str) -> None:
    print(f"  {name:<20} {value}")


def _progress(objective_m2: float) -> Callable[[float, int, float], None]:
    def show(bound_m2: float, nodes: int, seconds: float) -> None:
        gap = f", gap {objective_m2 / bound_m2 - 1.0:.2%}" if math.isfinite(objective_m2) else ""
        line = f"{seconds:.0f} s, {nodes} nodes, bound {bound_m2:.6g} m^2{gap}"
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)

    return show
