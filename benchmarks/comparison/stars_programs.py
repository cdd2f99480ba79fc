"""Algorithms 2 and 3 of the paper of ``stars`` in CVXPY: sensors, beams and surface of least cost.

As the paper writes it: the active program (44) over all antennas and the lifted passive one (50), built
anew in every iteration; powers in units of P, the noise is one, light and information in units of what the last
beams have. Algorithm 1 places the sensors.

In the best form a careful user would write, the one of the solver ``penalty-sdp``: (44) in the span of what it
sees, both compiled once a shape, the sensors by enumeration, since Algorithm 1 jams.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from isaclib.numerics.conic import principal_factor
from isaclib.systems.stars import acceptance
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.random_deployment import draw_sensors
from isaclib.systems.stars.reference.active_sdp import recovered
from isaclib.systems.stars.reference.deployment import sca_gp
from isaclib.systems.stars.reference.forms import Scales, channel_of
from isaclib.systems.stars.reference.outcome import Layout
from isaclib.systems.stars.reference.penalty_sdp import MOST_PENALTIES, PENALTY_SDP_OPTIONS, initial_layout, penalty_sdp
from isaclib.systems.stars.scenario import Scenario

from .program import Unsolved, solve


def reduced(scenario: Scenario, solver: str, *, drawn: bool, **options: Any) -> tuple[None, Design]:
    """Solve by ``penalty-sdp``, sensors enumerated, or as the scheme ``random-deployment`` draws them."""
    options = {**PENALTY_SDP_OPTIONS, "deployment": "enumerate", "conic_solver": solver, **options}
    design = penalty_sdp(_placed(scenario) if drawn else scenario, options, scenario.streams)
    if not np.isfinite(design.objective[0]):
        raise Unsolved(design.reason[0])
    return None, design


def seed(scenario: Scenario, solver: str, *, drawn: bool) -> tuple[Design, Design]:
    """Algorithm 3, or Algorithm 2 for sensors as they are drawn."""
    one = _placed(scenario) if drawn else scenario
    layout, cost = initial_layout(one), np.inf
    limits = PENALTY_SDP_OPTIONS
    for _ in range(1 if drawn else limits["iterations"]):
        if not drawn:
            start = np.array([layout.sensor_count]), np.array([layout.sensor_spacing_m])
            count, spacing = sca_gp(one, _assessed(one, layout).light, start=start)
            layout = replace(layout, sensor_count=int(count[0]), sensor_spacing_m=float(spacing[0]))
        bare, layout = _algorithm_2(one, layout, solver)
        before, cost = cost, _assessed(one, layout).cost[0]
        if abs(before - cost) <= limits["tolerance"] * cost:
            break
    return _judged(scenario, bare), _judged(scenario, layout)


def _algorithm_2(one: Scenario, layout: Layout, solver: str) -> tuple[Layout, Layout]:
    """Passive and active programs in turn while the penalty on ranks sharpens; the last layout bare and projected."""
    limits = PENALTY_SDP_OPTIONS
    scales = Scales.of(one, layout.sensor_count, layout.sensor_spacing_m)
    penalty = limits["penalty"]
    for _ in range(MOST_PENALTIES):
        cost = np.inf
        for _ in range(limits["inner_iterations"]):
            factors, excess = _coefficients(one, layout, penalty, solver)
            surface = replace(layout, reflection=factors[0], transmission=factors[1])
            beams = _beams(one, _conserving(surface), scales, solver)
            bare = replace(surface, active=beams)
            layout = _projected(one, bare)
            before, cost = cost, _assessed(one, layout).cost[0]
            if abs(before - cost) <= limits["tolerance"] * cost:
                break
        if excess <= limits["rank_tolerance"]:
            break
        penalty *= limits["penalty_factor"]
    return bare, layout


def _coefficients(one: Scenario, layout: Layout, penalty: float, solver: str) -> tuple[np.ndarray, float]:
    """Problem (50): principal factors of Q_r and Q_t, and the share of them above rank one."""
    import cvxpy as cp

    p = one.parameters
    size = p.star_elements
    incident = channel_of(one) @ layout.active
    target = np.conj(one.target_response[0][:, None] * incident)
    user = np.conj(one.user_channel[0, 0][:, None] * incident) / np.sqrt(p.noise_w)
    light = target @ np.conj(target.T) / np.sum(np.abs(np.conj(target.T) @ layout.reflection) ** 2)
    heard = np.outer(user[:, 0], np.conj(user[:, 0])) - p.min_sinr * user[:, 1:] @ np.conj(user[:, 1:].T)
    sides = [cp.Variable((size, size), hermitian=True) for _ in range(2)]
    kept: Any = 0.0
    for side, last in zip(sides, (layout.reflection, layout.transmission), strict=True):
        axis = last / np.linalg.norm(last)
        kept += cp.real(cp.trace(np.outer(axis, np.conj(axis)) @ side)) - cp.real(cp.trace(side))
    goal = cp.real(cp.trace(light @ sides[0])) + kept / (penalty * size)
    limits = [side >> 0 for side in sides]
    most = np.sum(np.abs(user[:, 0])) ** 2
    limits.append(cp.diag(sides[0]) + cp.diag(sides[1]) == 1.0)
    limits.append(cp.real(cp.trace(heard / most @ sides[1])) >= p.min_sinr / most)
    solve(cp.Problem(cp.Maximize(goal), limits), solver)
    values = [np.asarray(side.value) for side in sides]
    factors = np.stack([principal_factor(value) for value in values])
    return factors, (sum(np.trace(value).real for value in values) - np.sum(np.abs(factors) ** 2)) / size


def _beams(one: Scenario, layout: Layout, scales: Scales, solver: str) -> np.ndarray:
    """Problem (44) and the recovery of Proposition 4."""
    import cvxpy as cp

    p = one.parameters
    lit = layout.reflection @ (np.eye(p.star_elements) * one.target_response[0]) @ channel_of(one)
    moved = (layout.reflection[:, None] * one.target_gradient[0, 0]).T @ channel_of(one)
    user = np.conj((one.user_channel[0, 0] * layout.transmission) @ channel_of(one))
    units = scales.information(_assessed(one, layout).light, p.bound)[0]
    most = p.power_w * np.vdot(lit, lit).real
    covariances = [cp.Variable((p.bs_antennas, p.bs_antennas), hermitian=True) for _ in range(2)]
    total: Any = sum(covariances)
    mu = cp.Variable(2, pos=True)
    limits = [part >> 0 for part in covariances] + [cp.real(cp.trace(total)) <= 1.0]
    gain = p.power_w / p.noise_w * np.outer(user, np.conj(user))
    wanted, other = (cp.real(cp.trace(gain @ part)) for part in covariances)
    limits.append(wanted >= p.min_sinr * (other + 1.0))
    p00 = p.power_w * cp.real(lit @ total @ np.conj(lit))
    for i in range(2):
        pii = p.power_w * cp.real(moved[i] @ total @ np.conj(moved[i]))
        pi0 = p.power_w * moved[i] @ total @ np.conj(lit)
        first = (scales.own[0, i] * p00 + scales.rest[0] * pii) / units[i] - mu[i]
        beside = pi0 * np.sqrt(scales.rest[0] / (units[i] * most))
        limits.append(cp.bmat([[first, beside], [cp.conj(beside), p00 / most]]) >> 0)
    errors = scales.lever[0] / units
    solve(cp.Problem(cp.Minimize(cp.sum(cp.multiply(errors / errors.sum(), cp.inv_pos(mu)))), limits), solver)
    found = np.stack([np.asarray(part.value) for part in covariances])
    return np.sqrt(p.power_w) * recovered(found, user[None])


def _conserving(layout: Layout) -> Layout:
    """Scale q_r and q_t to |q_r|^2 + |q_t|^2 = 1 at every element."""
    size = np.hypot(np.abs(layout.reflection), np.abs(layout.transmission))
    return replace(layout, reflection=layout.reflection / size, transmission=layout.transmission / size)


def _projected(one: Scenario, bare: Layout) -> Layout:
    """Energy of every element, all of the power, and as much more transmission as the user's rate still takes."""
    p = one.parameters
    layout = _conserving(bare)
    active = layout.active * np.sqrt(p.power_w) / np.linalg.norm(layout.active)
    received = np.abs((one.user_channel[0, 0] * layout.transmission) @ channel_of(one) @ active) ** 2
    more = p.min_sinr * p.noise_w / max(received[0] - p.min_sinr * received[1:].sum(), np.finfo(float).tiny)
    share = np.minimum(np.abs(layout.transmission) ** 2 * max(1.0, more * (1.0 + 1e-9)), 1.0)
    reflection = np.sqrt(1.0 - share) * np.exp(1j * np.angle(layout.reflection))
    transmission = np.sqrt(share) * np.exp(1j * np.angle(layout.transmission))
    return replace(layout, active=active, reflection=reflection, transmission=transmission)


def _placed(scenario: Scenario) -> Scenario:
    """Sensors as the scheme ``random-deployment`` draws them, as parameters."""
    count, spacing = draw_sensors(scenario.parameters, scenario.streams)
    wavelengths = float(spacing[0]) / scenario.parameters.wavelength_m
    return replace(
        scenario,
        parameters=replace(scenario.parameters, sensors=int(count[0]), sensor_spacing_wavelengths=wavelengths),
    )


def _arrays(layout: Layout) -> dict[str, np.ndarray]:
    return {
        "active": layout.active[None],
        "reflection": layout.reflection[None],
        "transmission": layout.transmission[None],
        "sensor_count": np.array([layout.sensor_count]),
        "sensor_spacing_m": np.array([layout.sensor_spacing_m]),
    }


def _assessed(one: Scenario, layout: Layout) -> acceptance.Verdict:
    return acceptance.assess(one, **_arrays(layout))


def _judged(scenario: Scenario, layout: Layout) -> Design:
    nothing = np.full(1, np.nan)
    return acceptance.judge(
        scenario,
        **_arrays(layout),
        bound=nothing,
        illumination_bound=nothing,
        reachable_rate=nothing,
        status=np.zeros(1),
        reason=[""],
        iterations=np.ones(1),
    )
