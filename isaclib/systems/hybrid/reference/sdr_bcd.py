"""Algorithm 1: hybrid beamforming by alternating two semidefinite relaxations (SDR-BCD)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isaclib.numerics.conic import check_solver, constant_modulus_samples
from isaclib.systems.base import Status
from isaclib.systems.hybrid.analog import connections
from isaclib.systems.hybrid.certificate import fully_digital, speb_lower_bound
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import NormalisedProblem, normalise
from isaclib.systems.hybrid.reference.outcome import Attempt, attempt_each, to_design, unattainable
from isaclib.systems.hybrid.reference.programs import Relaxed, analog_relaxation, digital_relaxation
from isaclib.systems.hybrid.reference.recovery import (
    beams_from_covariances,
    received_gains,
    share_power,
    sinr_shortfall,
)
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

SDR_BCD_OPTIONS: Mapping[str, Any] = {
    "conic_solver": "CLARABEL",
    "max_iterations": 15,
    "tolerance": 1e-3,
    "randomisations": 1000,
}

UNMET = 1e3
"""Added to the score of a sample whose rates no power split can meet."""


def sdr_bcd(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Minimise the SPEB by Algorithm 1.

    From a random F_D at full power: the analog relaxation (32) with Gaussian randomisation, the
    digital relaxation (38) with the principal eigenvectors, in turn until the objective settles.
    The best iterate that meets the rates is returned; the objective of the iterates is the trace.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `SDR_BCD_OPTIONS`: `tolerance` is the relative change of the objective at
        which the alternation stops.
    rng : Streams
        Gives the first F_D and the samples, each by realisation.

    Returns
    -------
    Design
        Hybrid; the objective is the SPEB, m^2.
    """
    return _design(scenario, options, rng, objective="error")


def sdr_bcd_snr(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Maximise the sensing SNR a^H R a by the alternation of `sdr_bcd`.

    Parameters
    ----------
    scenario, options, rng
        As for `sdr_bcd`.

    Returns
    -------
    Design
        Hybrid; the objective is the sensing SNR, to be maximised.
    """
    return _design(scenario, options, rng, objective="snr")


def check_sdr_bcd(options: Mapping[str, Any]) -> None:
    """Refuse options that `sdr_bcd` cannot take.

    Raises
    ------
    ValueError
        For an unknown conic solver, a number of iterations or samples below 1, or a tolerance
        that is not above 0.
    """
    check_solver(options["conic_solver"])
    for name in ("max_iterations", "randomisations"):
        if options[name] % 1 or options[name] < 1:
            raise ValueError(f"option {name} = {options[name]!r}: expected a whole number of at least 1")
    if not options["tolerance"] > 0.0:
        raise ValueError(f"option tolerance = {options['tolerance']!r}: expected a number above 0")


def _design(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, objective: str) -> Design:
    check_sdr_bcd(options)
    options = {**options, **{name: int(options[name]) for name in ("max_iterations", "randomisations")}}
    p = scenario.parameters
    problem = normalise(scenario)
    starts = rng.complex_normal(Stream.SOLVER_START, (p.rf_chains, p.users))
    # one seed a realisation: its samples do not depend on how many iterations its neighbours take
    seeds = (rng.uniform(Stream.RANDOMISATION) * 2.0**53).astype(np.int64)

    def one(index: int) -> Attempt:
        generator = np.random.Generator(np.random.PCG64(int(seeds[index])))
        return _Alternation(problem, index, options, objective).run(starts[index], generator)

    name = "speb" if objective == "error" else objective
    attempts = attempt_each(unattainable(scenario, problem), one)
    bound = fully_digital(scenario, name).bound
    speb_bound = bound if name == "speb" else speb_lower_bound(scenario)
    return to_design(scenario, problem, attempts, objective=name, hybrid=True, bound=bound, speb_bound_m2=speb_bound)


@dataclass(frozen=True)
class _Alternation:
    problem: NormalisedProblem
    index: int
    options: Mapping[str, Any]
    objective: str

    def run(self, start: np.ndarray, generator: np.random.Generator) -> Attempt:
        elements, chains = len(self.problem.a0), len(start)
        root = np.sqrt(elements // chains)
        block = connections(elements, chains)
        # sqrt(M) F_D: unit norm is unit transmit power
        streams = start / np.linalg.norm(start)
        best, best_value = Attempt(status=Status.NOT_FOUND, reason="no iterate met the rates"), np.inf
        trace: list[float] = []
        reason = best.reason
        while len(trace) < self.options["max_iterations"]:
            analog = self._analog(block @ streams / root, generator)
            if analog is None:
                reason = f"analog stage {len(trace) + 1}: no solution from {self.options['conic_solver']}"
                break
            basis = analog[:, None] * block / root
            found = self._digital(basis)
            if found is None:
                reason = f"digital stage {len(trace) + 1}: no solution from {self.options['conic_solver']}"
                break
            streams, met = found
            value = self._value(basis @ streams) if met else np.nan
            if self._cost(value) < best_value:
                best_value = self._cost(value)
                best = Attempt(analog=analog[:, None] * block, digital=streams / root)
            trace.append(value)
            if len(trace) > 1 and abs(trace[-1] - trace[-2]) <= self.options["tolerance"] * abs(trace[-1]):
                break
        return Attempt(
            analog=best.analog,
            digital=best.digital,
            reason="" if best.digital is not None else reason,
            trace=tuple(trace),
        )

    def _value(self, beams: np.ndarray) -> float:
        gram = self.problem.gram(beams)
        return float(gram[0, 0].real if self.objective == "snr" else self.problem.cost(gram))

    def _cost(self, value: float) -> float:
        return -value if self.objective == "snr" else value

    def _analog(self, spread: np.ndarray, generator: np.random.Generator) -> np.ndarray | None:
        """Best sample f_A of the relaxation (32), shape (N,)."""
        problem, noise = self.problem, self.problem.noise[self.index]
        relaxed = self._relax(analog_relaxation, spread)
        if relaxed is None:
            return None
        pairs = generator.standard_normal((self.options["randomisations"], len(spread), 2))
        normals = (pairs[..., 0] + 1j * pairs[..., 1]) / np.sqrt(2.0)
        samples = constant_modulus_samples(relaxed.covariances[0], normals)
        beams = samples[:, :, None] * spread
        powers = np.sum(np.abs(spread) ** 2, axis=0)
        gains = received_gains(problem.g[self.index], beams)
        # the digital stage comes next and is free to split the power anew: rank samples with that freedom
        wanted = np.broadcast_to(powers, (len(samples), len(powers)))
        shares, met = share_power(gains / powers, noise, problem.gamma, wanted)
        gram = problem.gram(beams * np.sqrt(shares / powers)[:, None, :])
        merit = -gram[..., 0, 0].real if self.objective == "snr" else problem.cost(gram)
        return samples[np.argmin(np.where(met, merit, UNMET + sinr_shortfall(gains, noise, problem.gamma)))]

    def _digital(self, basis: np.ndarray) -> tuple[np.ndarray, bool] | None:
        """Beamformers of the relaxation (38) in the coordinates of `basis`, and whether they meet the rates."""
        relaxed = self._relax(digital_relaxation, basis)
        if relaxed is None:
            return None
        channels = self.problem.g[self.index] @ np.conj(basis)
        return beams_from_covariances(relaxed.covariances, channels, self.problem.noise[self.index], self.problem.gamma)

    def _relax(self, relaxation: Any, matrix: np.ndarray) -> Relaxed | None:
        """Solve as written, and where the other factor leaves no point that meets the rates, as near as can be."""
        solver = self.options["conic_solver"]
        for forgiving in (False, True):
            relaxed = relaxation(
                self.problem, self.index, matrix, objective=self.objective, solver=solver, forgiving=forgiving
            )
            if relaxed.status.has_solution:
                return relaxed
        return None
