"""The default solver of ``modular``: problem (22) by its dual, exact, with a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.systems.base import Status
from isaclib.systems.modular import dual as dual_one
from isaclib.systems.modular import dual_several
from isaclib.systems.modular.acceptance import judge
from isaclib.systems.modular.analog import Analog
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.scenario import Scenario
from isaclib.systems.streams import Streams

STATUS = np.array([Status.OPTIMAL, Status.INFEASIBLE, Status.NOT_FOUND])
"""What becomes of the outcomes FOUND, INFEASIBLE and NOT_FOUND."""


def reachable_scnr(scenario: Scenario, steering: np.ndarray) -> np.ndarray:
    """Largest SCNR each target could have alone, om_t a_t^H (sum_q om_q a_q a_q^H + (n / P) I)^-1 a_t.

    Parameters
    ----------
    scenario : Scenario
        Weights, filter noise and power.
    steering : ndarray of complex, shape (B, Q, n)
        a_q as the architecture sees them.

    Returns
    -------
    ndarray, shape (B, T)
    """
    weights, noise = scenario.weights, scenario.filter_noise / scenario.parameters.power_w
    gram = np.conj(steering) @ np.swapaxes(steering, 1, 2)
    reach = []
    for target in range(weights.shape[1]):
        others = [q for q in range(weights.shape[2]) if q != target]
        own = gram[:, target, target].real
        if others:
            inner = weights[:, target, others, None] * gram[:, others][:, :, others]
            inner = inner + noise[:, target, None, None] * np.eye(len(others))
            share = np.linalg.solve(inner, (weights[:, target, others] * gram[:, others, target])[..., None])[..., 0]
            own = own - np.sum(gram[:, target, others] * share, axis=-1).real
        reach.append(weights[:, target, target] * own / noise[:, target])
    return np.stack(reach, axis=-1)


def dual(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, hybrid: bool) -> Design:
    """Maximise the spectral efficiency under the SCNR constraints by the dual.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        None are taken.
    rng : Streams
        Not used.
    hybrid : bool
        Behind the analog beamformer of Theorem 1, or over all antennas.

    Returns
    -------
    Design
        `bound` is that of the problem behind the given analog beamformer, or of all antennas.
    """
    p = scenario.parameters
    analog = Analog(scenario) if hybrid else None
    if analog is None:
        channel = np.ascontiguousarray(scenario.channel / np.sqrt(scenario.noise_w))
        steering = np.ascontiguousarray(scenario.transmit)
    else:
        channel, steering = analog.channel, analog.steering
    batch, _, size = channel.shape
    # tr(A_t R) >= c_t, A_t = sum_q signed_tq a_q a_q^H: (20) at the threshold
    targets = scenario.weights.shape[1]
    own = np.arange(targets)
    signed = np.ascontiguousarray(-p.min_scnr * scenario.weights)
    signed[:, own, own] = scenario.weights[:, own, own]
    needed = np.ascontiguousarray(p.min_scnr * scenario.filter_noise)
    coordinates = np.empty((batch, size, p.streams), dtype=complex)
    bound = np.empty(batch)
    evaluations = np.zeros(batch, dtype=np.int64)
    outcome = np.full(batch, dual_several.FOUND)
    if targets == 1:
        reach = np.empty(batch)
        dual_one.solve_many(
            channel, steering, signed[:, 0], needed[:, 0], p.power_w, coordinates, bound, reach, evaluations
        )
        outcome[~(reach >= 1.0)] = dual_several.INFEASIBLE
    else:
        dual_several.solve_many(channel, steering, signed, needed, p.power_w, coordinates, bound, outcome, evaluations)
    coordinates[outcome != dual_several.FOUND] = np.nan
    digital = blocks = None
    beamformers = coordinates
    if analog is not None:
        blocks = analog.blocks
        digital, beamformers = analog.expand(coordinates)
    largest = reachable_scnr(scenario, steering)
    return judge(
        scenario,
        beamformers=beamformers,
        blocks=blocks,
        digital=digital,
        bound=bound / np.log(2.0),
        reachable_scnr=largest,
        status=STATUS[outcome],
        reason=[_reason(result, most, p.min_scnr) for result, most in zip(outcome, largest.min(axis=-1), strict=True)],
        iterations=evaluations,
    )


def _reason(outcome: int, reachable: float, needed: float) -> str:
    """Say why there is no design; nothing where there is one."""
    if outcome == dual_several.FOUND:
        return ""
    asked = f"{10.0 * np.log10(needed):g} dB asked"
    if outcome == dual_several.NOT_FOUND:
        return f"no beamformers of so few streams found that give every target its SCNR, {asked}"
    if reachable < needed:
        with np.errstate(divide="ignore"):
            return f"at most {10.0 * np.log10(reachable):.4g} dB of SCNR can be reached, {asked}"
    return f"the targets can reach their SCNR one by one, not at once, {asked}"
