"""Section V of the paper of ``hybrid`` in CVXPY: Algorithm 2, largest sum-rate under a limit on the SPEB.

As the paper writes it: problems (51) and (57) at the size they have there, built anew in every
iteration, in the units of `hybrid_sensing`. One thing differs, without which nothing moves: with
(50) and (56) as printed f = f^(t) is the only point, so both have slack at a price (penalty
convex-concave procedure), and so has the SPEB, which the start need not meet.

The best form a careful user would write is the solver ``sca-bcd``: information linearised instead of
lifted, in the span of what the problem sees, normalised, compiled once a shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from isaclib.systems.hybrid.acceptance import objective_value
from isaclib.systems.hybrid.analog import connections
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.reference.fractional import (
    analog_quadratic,
    auxiliary_variables,
    digital_quadratic,
    received_signals,
    sum_rate,
)
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.streams import Stream

from .hybrid_sensing import Forms, Paper, judged, speb_epigraph
from .program import Unsolved, solve

ITERATIONS, TOLERANCE = 200, 1e-4
"""Of Algorithm 2: the most, and the relative gain of the sum-rate at which it ends."""

PENALTY, GROWTH, EXCESS = 1.0, 1.3, 10.0
"""First price of slack on (50) and (56) in nats, its growth where the SPEB is missed, price of a SPEB of twice its
limit."""


def seed_alternation(scenario: Scenario, solver: str, *, hybrid: bool) -> tuple[Design, Design]:
    """Algorithm 2 from f_A = 1 and a random F_D; with F_A = I its digital half alone."""
    p = scenario.parameters
    paper = Paper.of(scenario, polar=False, raw=False)
    # SPEB in units of what the information is counted in
    limit = p.max_speb_m2 * 2.0 * p.snapshots * abs(scenario.reflection) ** 2 * p.power_w / p.noise_w
    block = connections(p.elements, p.rf_chains)
    squared = p.elements // p.rf_chains if hybrid else 1
    analog = block.astype(complex) if hybrid else np.eye(p.elements, dtype=complex)
    digital = scenario.streams.complex_normal(Stream.SOLVER_START, (analog.shape[1], p.users))[0]
    digital /= np.sqrt(squared) * np.linalg.norm(digital)
    before, penalty = 0.0, PENALTY

    def auxiliary() -> tuple[np.ndarray, np.ndarray]:
        return auxiliary_variables(received_signals(paper.channels, analog @ digital), np.ones(p.users))

    for _ in range(ITERATIONS):
        if hybrid:
            factor, linear = analog_quadratic(paper.channels, block @ digital, *auxiliary())
            phases = analog.sum(axis=1)[:, None]
            forms = paper.phases(block @ digital)
            found = _lifted(paper, forms, factor, linear[:, None], phases, limit, penalty / p.elements, None, solver)
            analog = np.exp(1j * np.angle(found)) * block
        factor, linear = digital_quadratic(paper.channels @ np.conj(analog), *auxiliary())
        forms = paper.digital(analog)
        digital = _lifted(paper, forms, factor, linear, digital, limit, penalty, 1.0 / squared, solver)
        rate = float(sum_rate(received_signals(paper.channels, analog @ digital), np.ones(p.users)))
        beams = np.sqrt(p.power_w) * analog @ digital
        met = float(objective_value(scenario, beams[None], "speb")[0]) <= p.max_speb_m2
        if met and abs(rate - before) <= TOLERANCE * rate:
            break
        before, penalty = rate, penalty * (1.0 if met else GROWTH)
    # more power raises every SINR and lowers the SPEB
    full = digital / (np.sqrt(squared) * np.linalg.norm(digital))
    beams = (digital, full) if hybrid else (analog @ digital, analog @ full)
    bare, projected = (judged(scenario, "sum-rate", w, analog if hybrid else None, promises=("speb",)) for w in beams)
    return bare, projected


def _lifted(
    paper: Paper,
    forms: Forms,
    factor: np.ndarray,
    linear: np.ndarray,
    previous: np.ndarray,
    limit: float,
    penalty: float,
    budget: float | None,
    solver: str,
) -> np.ndarray:
    """Problem (57) with a budget, (51) with none: sum_b f_b^H C C^H f_b - 2 Re f_b^H c_b over R_b >= f_b f_b^H."""
    import cvxpy as cp

    size, blocks = previous.shape
    lifted = [cp.Variable((size + 1, size + 1), hermitian=True) for _ in range(blocks)]
    parts = [x[:size, :size] for x in lifted]
    vectors = [x[:size, size] for x in lifted]
    total: Any = sum(parts)
    slack, excess = cp.Variable(blocks, nonneg=True), cp.Variable(nonneg=True)
    limits = [x >> 0 for x in lifted] + [x[size, size] == 1.0 for x in lifted]
    limits.append(cp.diag(total) == 1.0 if budget is None else cp.real(cp.trace(total)) <= budget)
    cost: Any = penalty * cp.sum(slack) + EXCESS * excess
    for b in range(blocks):
        last = previous[:, b]
        departure = cp.real(cp.trace(parts[b])) - 2.0 * cp.real(np.conj(last) @ vectors[b]) + np.vdot(last, last).real
        limits.append(departure <= slack[b])
        cost -= 2.0 * cp.real(np.conj(linear[:, b]) @ vectors[b])
    cost += cp.real(cp.trace(factor @ np.conj(factor.T) @ total))
    bound, epigraph = speb_epigraph(paper, forms, total)
    limits += [*epigraph, bound / limit <= 1.0 + excess]
    # of the order of the SINRs, at which CLARABEL gives up
    solve(cp.Problem(cp.Minimize(cost / np.linalg.norm(linear.conj().T @ previous)), limits), solver)
    found = np.stack([np.asarray(vector.value) for vector in vectors], axis=-1)
    if not np.any(found):
        raise Unsolved("nothing but zeros")
    return found
