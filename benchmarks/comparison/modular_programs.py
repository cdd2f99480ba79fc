"""The relaxation (59) of the paper of ``modular`` in CVXPY: largest spectral efficiency under the SCNR.

As the paper writes it: the covariance of the N_RF chains behind F_A, or of all N antennas, built anew for
every draw; channels in units of the noise, power in units of P, the SCNR constraint in units of its right side,
and the columns of F_A made orthonormal, without which CLARABEL gives up. Then Algorithm 2's randomisation.

In the best form a careful user would write, the one of the solver ``sdr-rrs``: orthonormal coordinates of the
span of the channel's rows and the steering vectors, compiled once a shape, and the largest eigenpairs as a candidate.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from isaclib.systems.modular.acceptance import illumination, judge
from isaclib.systems.modular.analog import Analog
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.reference.problem import Problem, principal_factor
from isaclib.systems.modular.reference.sdr_rrs import relaxed_covariance, restore_scnr
from isaclib.systems.modular.scenario import Scenario, mvdr
from isaclib.systems.streams import Stream

from .program import Unsolved, solve

SAMPLES = 1000
"""Of Algorithm 2, as the solver sdr-rrs takes them."""

ITERATIONS, TOLERANCE = 20, 1e-6
"""Of beamformers and receive filter in turn: the most, and the relative gain at which it ends."""


def seed(scenario: Scenario, solver: str, *, hybrid: bool) -> tuple[Design, Design]:
    """(59) in the coordinates of the paper, candidates by randomisation; without one, the largest eigenpairs."""
    import cvxpy as cp

    problem = _problem(scenario, hybrid=hybrid)
    size, users = problem.size, len(problem.channel)
    covariance = cp.Variable((size, size), hermitian=True)
    limits = [covariance >> 0, cp.real(cp.trace(covariance)) <= 1.0]
    limits += [cp.real(cp.trace(form @ covariance)) >= 1.0 for form in problem.forms]
    received = problem.channel @ covariance @ np.conj(problem.channel.T)
    solve(cp.Problem(cp.Maximize(cp.log_det(np.eye(users) + received)), limits), solver)
    return _rounded(scenario, problem, np.eye(size), np.asarray(covariance.value), hybrid=hybrid)


def reduced(scenario: Scenario, solver: str, *, hybrid: bool) -> tuple[Design, Design]:
    """(59) in the span of what the problem sees, compiled once a shape."""
    problem = _problem(scenario, hybrid=hybrid)
    basis = problem.span()
    covariance, status, _ = relaxed_covariance(problem.within(basis), solver)
    if covariance is None:
        raise Unsolved(status.value)
    return _rounded(scenario, problem, basis, covariance, hybrid=hybrid)


def reduced_alternation(scenario: Scenario, solver: str) -> tuple[None, Design]:
    """`reduced` for the receive filter and (21) for the beamformers in turn."""
    best = 0.0
    for _ in range(ITERATIONS):
        _, design = reduced(scenario, solver, hybrid=True)
        value = float(design.objective[0])
        if not value > best * (1.0 + TOLERANCE):
            break
        best = value
        found = replace(design, receive_filter=scenario.receive_filter)
        lit = scenario.reflections**2 * illumination(scenario, design.beamformers)
        targets = scenario.receive_filter.shape[1]
        scenario = scenario.filtered_by(mvdr(scenario.receive, lit, targets, scenario.sensing_noise_w))
    return None, found


def _problem(scenario: Scenario, *, hybrid: bool) -> Problem:
    """Problem behind F_A, or of all antennas."""
    problem = Problem.of(scenario, Analog(scenario), 0)
    if hybrid:
        return problem
    amplitude = np.sqrt(scenario.parameters.power_w / scenario.noise_w)
    return replace(problem, channel=amplitude * scenario.channel[0], steering=scenario.transmit[0])


def _rounded(
    scenario: Scenario, problem: Problem, basis: np.ndarray, covariance: np.ndarray, *, hybrid: bool
) -> tuple[Design, Design]:
    """Return the largest eigenpairs as they are, and the best candidate at full power that meets the SCNR."""
    small = problem.within(basis)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    generator = np.random.default_rng(int(scenario.streams.uniform(Stream.RANDOMISATION)[0] * 2.0**53))
    pairs = generator.standard_normal((SAMPLES, small.size, small.streams, 2))
    bare = principal_factor(covariance, small.streams)
    candidates = np.concatenate([root @ (pairs[..., 0] + 1j * pairs[..., 1]), restore_scnr(small, bare)[None]])
    candidates /= np.linalg.norm(candidates, axis=(-2, -1), keepdims=True)
    met = small.margins(candidates).min(axis=-1) >= -1e-9
    best = candidates[np.argmax(np.where(met, small.capacity(candidates), -np.inf))]
    bare, projected = (_judged(scenario, basis @ beams, hybrid=hybrid) for beams in (bare, best))
    return bare, projected


def _judged(scenario: Scenario, beams: np.ndarray, *, hybrid: bool) -> Design:
    """Judge X of `Problem`, given for unit power."""
    coordinates = np.sqrt(scenario.parameters.power_w) * beams[None]
    blocks = digital = None
    beamformers = coordinates
    if hybrid:
        analog = Analog(scenario)
        blocks = analog.blocks
        digital, beamformers = analog.expand(coordinates)
    nothing = np.full(1, np.nan)
    return judge(
        scenario,
        beamformers=beamformers,
        blocks=blocks,
        digital=digital,
        bound=nothing,
        reachable_scnr=np.full((1, scenario.weights.shape[1]), np.nan),
        status=np.zeros(1),
        reason=[""],
        iterations=np.ones(1),
    )
