"""Section IV of the paper of ``hybrid`` in CVXPY: least SPEB, or largest sensing SNR, under rates.

As the paper writes it: problems (32) and (38) in the matrices of (19), (30) and (37) at the size they
have there, built anew for every draw and every iteration. In units as plain as the solvers bear: powers
in units of P, channels in units of the noise, information in units of 2 T |beta|^2 P / sigma^2 and |beta|.
`raw` keeps watts and metres.

In the best form a careful user would write (`reduced_digital`): normalised, in the span of what the
problem sees, compiled once a shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isaclib.numerics.conic import constant_modulus_samples, principal_factor
from isaclib.physics import arrays, links
from isaclib.systems.hybrid.acceptance import judge, objective_value
from isaclib.systems.hybrid.analog import connections
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import NormalisedProblem, normalise
from isaclib.systems.hybrid.reference.programs import digital_relaxation
from isaclib.systems.hybrid.reference.recovery import beams_from_covariances
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.hybrid.two_stage import focusing_beamformer
from isaclib.systems.streams import Stream

from .program import Unsolved, solve

ITERATIONS, TOLERANCE, SAMPLES = 15, 1e-3, 1000
"""Of Algorithm 1: as those of the solver sdr-bcd."""


@dataclass(frozen=True)
class Forms:
    """Matrices of Section IV of one realisation.

    Attributes
    ----------
    information : ndarray of complex, shape (6, n, n)
        X of J_xx, J_xy, J_yy, J_xb, J_yb, J_bb = tr(X R): (30) or (37).
    rates : ndarray of complex, shape (K, B, n, n)
        sum_b tr(rates_kb R_b) >= sigma^2: (32c) or (38c).
    """

    information: np.ndarray
    rates: np.ndarray


@dataclass(frozen=True)
class Paper:
    """What Section IV needs of one realisation.

    Attributes
    ----------
    information : ndarray of complex, shape (6, N, N)
        A_x^H A_x, A_x^H A_y, A_y^H A_y, A_x^H A, A_y^H A, A^H A.
    channels : ndarray of complex, shape (K, N)
    gamma : ndarray, shape (K,)
    noise, power, scale : float
        sigma^2, P and 2 T |beta|^2 / sigma^2 in the units chosen.
    reflection : complex
        beta in the units chosen.
    weight : ndarray, shape (2, 2)
        L, the objective is tr(L^T J_e^-1 L).
    """

    information: np.ndarray
    channels: np.ndarray
    gamma: np.ndarray
    noise: float
    power: float
    scale: float
    reflection: complex
    weight: np.ndarray

    @classmethod
    def of(cls, scenario: Scenario, *, polar: bool, raw: bool) -> Paper:
        """Matrices of a scenario of one realisation."""
        p = scenario.parameters
        place = scenario.elements_m, scenario.target_m, scenario.wavelength_m
        a, gradient = arrays.spherical_response(*place), arrays.spherical_gradient(*place)
        both = np.outer(a, np.conj(a))
        along, across = (np.outer(g, np.conj(a)) + np.outer(a, np.conj(g)) for g in gradient.T)
        pairs = ((along, along), (along, across), (across, across), (along, both), (across, both), (both, both))
        x, y = scenario.target_m
        radius = np.hypot(x, y)
        to_polar = np.array([[x / radius, y / radius], [-y / radius**2, x / radius**2]])
        weight = to_polar.T if polar else np.eye(2)
        beta, channels = scenario.reflection, scenario.channels[0]
        if raw:
            units = dict(noise=p.noise_w, power=p.power_w, scale=2.0 * p.snapshots * abs(beta) ** 2 / p.noise_w)
        else:
            channels, beta = channels * np.sqrt(p.power_w / p.noise_w), beta / abs(beta)
            units = dict(noise=1.0, power=1.0, scale=1.0)
        return cls(
            information=np.stack([np.conj(first.T) @ second for first, second in pairs]),
            channels=channels,
            gamma=2.0**p.min_rates_bps_hz - 1.0,
            reflection=beta,
            weight=weight,
            **units,
        )

    def digital(self, analog: np.ndarray) -> Forms:
        """(37) and (38c) for F_A (N, n); its covariances have a trace of P / M together."""
        seen = np.conj(analog.T) @ self.channels.T
        outer = np.einsum("nk,mk->knm", seen, np.conj(seen))
        users = len(self.gamma)
        share = np.eye(users) * (1.0 + 1.0 / self.gamma)[:, None] - 1.0
        return Forms(np.conj(analog.T) @ self.information @ analog, share[..., None, None] * outer[:, None])

    def phases(self, spread: np.ndarray) -> Forms:
        """(30) and (32c) for Phi F_D (N, K)."""
        users = len(self.gamma)
        columns = np.conj(spread.T)[None] * self.channels[:, None]
        outer = np.einsum("kjn,kjm->kjnm", columns, np.conj(columns))
        own = (1.0 + 1.0 / self.gamma)[:, None, None] * outer[np.arange(users), np.arange(users)]
        return Forms(self.information * (np.conj(spread) @ spread.T), (own - outer.sum(axis=1))[:, None])

    def relax(self, forms: Forms, *, budget: float | None, objective: str, solver: str) -> list[np.ndarray]:
        """Solve (38) with a budget, (32) with none; raise `Unsolved` where there is no solution."""
        import cvxpy as cp

        size = forms.rates.shape[-1]
        parts = [cp.Variable((size, size), hermitian=True) for _ in range(forms.rates.shape[1])]
        total: Any = sum(parts)
        limits = [part >> 0 for part in parts]
        limits += [
            cp.real(sum(cp.trace(form @ part) for form, part in zip(row, parts, strict=True))) >= self.noise
            for row in forms.rates
        ]
        limits.append(cp.diag(total) == 1.0 if budget is None else cp.real(cp.trace(total)) <= budget)
        if objective == "snr":
            goal = cp.Maximize(cp.real(cp.trace(forms.information[5] @ total)))
        else:
            bound, epigraph = speb_epigraph(self, forms, total)
            limits += epigraph
            goal = cp.Minimize(bound)
        solve(cp.Problem(goal, limits), solver)
        return [np.asarray(part.value) for part in parts]


def speb_epigraph(paper: Paper, forms: Forms, covariance: Any) -> tuple[Any, list[Any]]:
    """Schur complement (25b): tr(L^T U^-1 L) and what U has to meet, in the matrices of (19) to (21)."""
    import cvxpy as cp

    xx, xy, yy, xb, yb, bb = (cp.trace(form @ covariance) for form in forms.information)
    bound = cp.Variable((2, 2), symmetric=True)
    j11 = paper.scale * cp.real(cp.bmat([[xx, xy], [xy, yy]]))
    across = [paper.scale / paper.reflection * part for part in (xb, yb)]
    j12 = cp.bmat([[cp.real(part), -cp.imag(part)] for part in across])
    j22 = paper.scale / abs(paper.reflection) ** 2 * cp.real(bb) * np.eye(2)
    schur = cp.bmat([[j11 - bound, j12], [j12.T, j22]]) >> 0
    return cp.matrix_frac(paper.weight, bound), [schur]


def judged(
    scenario: Scenario,
    objective: str,
    beams: np.ndarray,
    analog: np.ndarray | None = None,
    promises: tuple[str, ...] = ("rate",),
) -> Design:
    """Judge W, or F_D behind F_A, given for unit power."""
    digital = beams[None] * np.sqrt(scenario.parameters.power_w)
    hybrid = analog is not None
    nothing = np.full(1, np.nan)
    return judge(
        scenario,
        objective=objective,
        beamformers=analog @ digital if hybrid else digital,
        analog=analog[None] if hybrid else None,
        digital=digital if hybrid else None,
        bound=nothing,
        speb_bound_m2=nothing,
        status=np.zeros(1),
        reason=[""],
        iterations=np.ones(1),
        promises=promises,
    )


def _recovered(
    scenario: Scenario,
    problem: NormalisedProblem,
    objective: str,
    covariances: list[np.ndarray],
    basis: np.ndarray,
    analog: np.ndarray | None,
) -> tuple[Design, Design]:
    """Principal eigenvectors as they are, and brought to rates and power; `basis` has orthonormal columns."""
    root = 1.0 if analog is None else np.linalg.norm(analog[:, 0])
    channels = problem.g[0] @ np.conj(basis)
    bare = np.stack([principal_factor(covariance) for covariance in covariances], axis=-1)
    projected, _ = beams_from_covariances(tuple(covariances), channels, problem.noise[0], problem.gamma)
    if analog is None:
        bare, projected = basis @ bare, basis @ projected
    return tuple(judged(scenario, objective, beams / root, analog) for beams in (bare, projected))


def seed_digital(scenario: Scenario, solver: str, *, two_stage: bool, raw: bool = False) -> tuple[Design, Design]:
    """Problem (38) behind the focused F_A of the two-stage benchmark, or with F_A = I."""
    p = scenario.parameters
    analog = focusing_beamformer(scenario)[0] if two_stage else None
    basis = np.eye(p.elements) if analog is None else analog
    paper = Paper.of(scenario, polar=two_stage, raw=raw)
    squared = np.linalg.norm(basis[:, 0]) ** 2
    found = paper.relax(paper.digital(basis), budget=paper.power / squared, objective="error", solver=solver)
    # of unit power, in the orthonormal columns of basis
    found = [squared / paper.power * covariance for covariance in found]
    name = "polar" if two_stage else "speb"
    return _recovered(scenario, normalise(scenario), name, found, basis / np.sqrt(squared), analog)


def reduced_digital(scenario: Scenario, solver: str, *, two_stage: bool) -> tuple[Design, Design]:
    """Do the same normalised, in the span of a, its gradient and the channels where F_A = I, compiled once."""
    problem = normalise(scenario, polar=two_stage)
    analog = focusing_beamformer(scenario)[0] if two_stage else None
    if analog is None:
        basis = np.linalg.qr(np.column_stack([problem.sensing_basis, problem.g[0].T]))[0]
    else:
        basis = analog / np.linalg.norm(analog[:, 0])
    relaxed = digital_relaxation(problem, 0, basis, objective="error", solver=solver)
    if not relaxed.status.has_solution:
        raise Unsolved(relaxed.status.value)
    return _recovered(scenario, problem, "polar" if two_stage else "speb", list(relaxed.covariances), basis, analog)


def seed_alternation(scenario: Scenario, solver: str, *, objective: str) -> tuple[Design, Design]:
    """Algorithm 1: (32) with Gaussian randomisation and (38) with eigenvectors in turn, from a random F_D."""
    p = scenario.parameters
    name = "speb" if objective == "error" else "snr"
    paper, problem = Paper.of(scenario, polar=False, raw=False), normalise(scenario)
    block = connections(p.elements, p.rf_chains)
    squared = p.elements // p.rf_chains
    rng = scenario.streams
    digital = rng.complex_normal(Stream.SOLVER_START, (p.rf_chains, p.users))[0]
    digital /= np.sqrt(squared) * np.linalg.norm(digital)
    seed = int(rng.uniform(Stream.RANDOMISATION)[0] * 2.0**53)
    pairs = np.random.default_rng(seed).standard_normal((ITERATIONS, SAMPLES, p.elements, 2))
    normals = (pairs[..., 0] + 1j * pairs[..., 1]) / np.sqrt(2.0)
    last = np.inf
    for iteration in range(ITERATIONS):
        spread = block @ digital
        (phases,) = paper.relax(paper.phases(spread), budget=None, objective=objective, solver=solver)
        samples = constant_modulus_samples(phases, normals[iteration])
        analog = _best_sample(scenario, samples, spread, name)[:, None] * block
        found = paper.relax(paper.digital(analog), budget=1.0 / squared, objective=objective, solver=solver)
        covariances = [squared * covariance for covariance in found]
        bare, projected = _recovered(scenario, problem, name, covariances, analog / np.sqrt(squared), analog)
        digital = projected.digital[0] / np.sqrt(p.power_w)
        value = float(projected.objective[0])
        if abs(value - last) <= TOLERANCE * abs(value):
            break
        last = value
    return bare, projected


def _best_sample(scenario: Scenario, samples: np.ndarray, spread: np.ndarray, objective: str) -> np.ndarray:
    """Return the sample f_A of best objective of those that meet the rates; if none does, the nearest to them."""
    p = scenario.parameters
    beams = np.sqrt(p.power_w) * samples[..., None] * spread
    rates = links.rate(links.sinr(scenario.channels, beams, p.noise_w))
    slack = np.min(rates - p.min_rates_bps_hz, axis=-1)
    if not np.any(slack >= 0.0):
        return samples[np.argmax(slack)]
    value = objective_value(scenario, beams, objective) * (-1.0 if objective == "snr" else 1.0)
    return samples[np.argmin(np.where(slack >= 0.0, value, np.inf))]
