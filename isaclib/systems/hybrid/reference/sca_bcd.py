"""Algorithm 2: sum-rate under a limit on the SPEB by successive convex approximation (SCA-BCD)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isaclib.numerics.conic import ConicStatus, check_solver
from isaclib.systems.hybrid.analog import connections
from isaclib.systems.hybrid.communication.bound import sum_rate_bound
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import NormalisedProblem, normalise
from isaclib.systems.hybrid.reference.fractional import (
    analog_quadratic,
    auxiliary_variables,
    digital_quadratic,
    received_signals,
    sum_rate,
)
from isaclib.systems.hybrid.reference.outcome import Attempt, attempt_each, to_design, unattainable
from isaclib.systems.hybrid.reference.programs import sensing_functionals
from isaclib.systems.hybrid.reference.sum_rate_programs import Subproblem, linearised_program, relaxed_program
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

SCA_BCD_AS_PRINTED_OPTIONS: Mapping[str, Any] = {
    "conic_solver": "CLARABEL",
    "max_iterations": 2000,
    "tolerance": 1e-5,
}

SCA_BCD_OPTIONS: Mapping[str, Any] = {
    **SCA_BCD_AS_PRINTED_OPTIONS,
    "convexification": "linearised",
    "ccp_iterations": 1,
    "penalty": 1.0,
    "growth": 1.3,
}

CONVEXIFICATIONS = ("linearised", "penalty")
"""How the non-convex information is made convex: see `sca_bcd`."""

MARGIN = 1e-6
"""What the subproblems keep of the SPEB limit, so that a solver's last digits do not break it."""

EXCESS_PRICE = 10.0
"""First price, in nats, of a SPEB of twice its limit; doubled after each iterate that misses it."""

REJECTED_GROWTH = 4.0
"""Growth of the penalty after an iterate of less sum-rate, which is not taken."""

REJECTIONS = 6
"""Iterates in a row that are not taken before the alternation ends."""

PENALTY_LIMIT = 100.0
"""Largest penalty that mere growth leads to, in nats: beyond it nothing moves, and solvers give up."""


def check_sca_bcd(options: Mapping[str, Any]) -> None:
    """Refuse options that `sca_bcd` cannot take.

    Raises
    ------
    ValueError
        For an unknown conic solver or convexification, a number of iterations below 1, a tolerance
        or a penalty that is not above 0, or a growth below 1.
    """
    options = {**SCA_BCD_OPTIONS, **options}
    check_solver(options["conic_solver"])
    if options["convexification"] not in CONVEXIFICATIONS:
        raise ValueError(
            f"option convexification = {options['convexification']!r}: expected one of {', '.join(CONVEXIFICATIONS)}"
        )
    for name in ("max_iterations", "ccp_iterations"):
        if options[name] % 1 or options[name] < 1:
            raise ValueError(f"option {name} = {options[name]!r}: expected a whole number of at least 1")
    for name in ("tolerance", "penalty"):
        if not options[name] > 0.0:
            raise ValueError(f"option {name} = {options[name]!r}: expected a number above 0")
    if not options["growth"] >= 1.0:
        raise ValueError(f"option growth = {options['growth']!r}: expected a number of at least 1")


def sca_bcd(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, hybrid: bool, as_printed: bool) -> Design:
    """Maximise the sum-rate under SPEB <= Gamma_s by Algorithm 2, corrected or as printed.

    From f_A = 1 and a random F_D at full power: gamma (43) and mu (44), then the phases, then the
    digital beamformer from a convex approximation of its subproblem, until the sum-rate settles.
    The start need not meet the SPEB, and seldom does where the limit matters.

    As printed, (50) and (56) with R >= f f^H leave f = f^(t) as the only point (`RelaxedProgram`):
    the algorithm stays at its start, and where the start breaks the SPEB its subproblems have no
    point at all. Both corrections let the SPEB be exceeded at a price that grows until it is met:

    - ``linearised``: the information itself is bounded from below by its linearisation at f^(t)
      (`LinearisedProgram`). Milliseconds a subproblem.
    - ``penalty``: slack on (50) and (56) at a price of `penalty` nats (over N for the phases), times
      `growth` after each iteration; the nearest to the printed text. One semidefinite program of
      size 2 (N + 1) an iteration: minutes a realisation at N = 32. A digital beamformer that misses
      the SPEB for lack of rank one is moved to it by one linearised subproblem.

    gamma and mu are renewed before the digital stage as well. An iterate of less sum-rate than the
    one before is not taken, and the penalty grows instead, so the trace does not fall. Beamformers
    are scaled to full power, which raises every SINR and lowers the SPEB.

    Fully digital, the digital subproblem alone, in coordinates of the span of a, a_x, a_y and the
    channels: the part of W outside it takes power and gives nothing, so nothing is lost.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `SCA_BCD_OPTIONS`, or of `SCA_BCD_AS_PRINTED_OPTIONS`. `tolerance` is the
        relative gain of the sum-rate in one iteration at which the alternation stops, and
        `ccp_iterations` how often each subproblem is approximated anew with the same gamma and mu.
    rng : Streams
        Gives the first F_D, or W, by realisation.
    hybrid : bool
        Hybrid beamformers, or fully digital ones.
    as_printed : bool
        (50) and (56) without slack.

    Returns
    -------
    Design
        The objective is the sum-rate, bit/s/Hz. The trace is the sum-rate after each iteration, NaN
        where the SPEB is not met.
    """
    check_sca_bcd(options)
    options = {**SCA_BCD_OPTIONS, **options}
    p = scenario.parameters
    problem = normalise(scenario)
    starts = rng.complex_normal(Stream.SOLVER_START, (p.rf_chains if hybrid else p.elements, p.users))

    def one(index: int) -> Attempt:
        alternation = _Alternation(problem, index, options, p.max_speb_m2 / problem.speb0, as_printed)
        return alternation.run(starts[index], hybrid=hybrid)

    return to_design(
        scenario,
        problem,
        attempt_each(unattainable(scenario, problem, ("speb",)), one),
        objective="sum-rate",
        hybrid=hybrid,
        bound=sum_rate_bound(scenario, speb=True),
        speb_bound_m2=np.full(len(scenario), problem.speb0),
        promises=("speb",),
    )


@dataclass(frozen=True)
class _Iterate:
    """f_A (None: fully digital), orthonormal basis F_A / sqrt(M), streams sqrt(M) F_D of unit power.

    `excess` is SPEB / Gamma_s - 1.
    """

    phasors: np.ndarray | None
    basis: np.ndarray
    streams: np.ndarray
    rate: float
    excess: float

    @property
    def met(self) -> bool:
        return self.excess <= MARGIN / 2.0


@dataclass(frozen=True)
class _Alternation:
    problem: NormalisedProblem
    index: int
    options: Mapping[str, Any]
    cap: float
    as_printed: bool

    def run(self, start: np.ndarray, *, hybrid: bool) -> Attempt:
        elements = len(self.problem.a0)
        relaxed = self.as_printed or self.options["convexification"] == "penalty"
        block = None
        if hybrid:
            block = connections(elements, len(start))
            last = self._from_phasors(np.ones(elements, dtype=complex), block, start)
        else:
            span = np.linalg.qr(np.column_stack([self.problem.sensing_basis, self.problem.g[self.index].T]))[0]
            last = self._iterate(None, span, np.conj(span.T) @ start)
        penalty, price, rejected = self.options["penalty"], EXCESS_PRICE, 0
        trace: list[float] = []
        while len(trace) < self.options["max_iterations"]:
            new = last
            if block is not None:
                new = self._turn(new, block, penalty, price, relaxed)
            new = self._share(new, penalty, price, relaxed)
            if relaxed and not self.as_printed and not new.met:
                new = self._share(new, penalty, price, False)
            gain = new.rate - last.rate if new.met and last.met else np.inf
            taken = self.as_printed or not last.met or (new.met and gain >= 0.0)
            last, rejected = (new, 0) if taken else (last, rejected + 1)
            trace.append(last.rate if last.met else np.nan)
            settled = abs(gain) <= self.options["tolerance"] * abs(new.rate)
            if (taken and settled) or rejected == REJECTIONS or (self.as_printed and not last.met):
                break
            if not taken:
                penalty *= REJECTED_GROWTH
            elif relaxed:
                penalty = max(penalty, min(penalty * self.options["growth"], PENALTY_LIMIT))
            if not last.met:
                price *= 2.0
        if block is None or last.phasors is None:
            return Attempt(digital=last.basis @ last.streams, trace=tuple(trace))
        root = np.sqrt(elements // len(start))
        return Attempt(analog=last.phasors[:, None] * block, digital=last.streams / root, trace=tuple(trace))

    def _from_phasors(self, phasors: np.ndarray, block: np.ndarray, streams: np.ndarray) -> _Iterate:
        return self._iterate(phasors, phasors[:, None] * block / np.sqrt(len(block) // block.shape[1]), streams)

    def _iterate(self, phasors: np.ndarray | None, basis: np.ndarray, streams: np.ndarray) -> _Iterate:
        streams = streams / np.linalg.norm(streams)
        beams = basis @ streams
        received = received_signals(self.problem.g[self.index], beams)
        rate = float(sum_rate(received, self.problem.noise[self.index]))
        return _Iterate(
            phasors, basis, streams, rate, float(self.problem.cost(self.problem.gram(beams))) / self.cap - 1.0
        )

    def _turn(self, at: _Iterate, block: np.ndarray, penalty: float, price: float, relaxed: bool) -> _Iterate:
        """Phases from (51) or its linearised kind; as they were where the solver has none."""
        g = self.problem.g[self.index]
        spread = block @ at.streams / np.sqrt(len(block) // block.shape[1])
        factor, linear = analog_quadratic(g, spread, *self._auxiliary(at))
        basis = self.problem.sensing_basis
        sensing = np.sum([sensing_functionals(np.conj(s)[:, None] * basis) for s in spread.T], axis=0)
        phasors = np.array(at.phasors)[:, None]
        for _ in range(self.options["ccp_iterations"]):
            numbers = self._numbers(at, factor, linear[:, None], phasors, sensing, penalty / len(block), price)
            found = self._solve(numbers, relaxed=relaxed, unit_modulus=True)
            if found is None:
                break
            phasors = np.exp(1j * np.angle(found))
        return self._from_phasors(phasors[:, 0], block, at.streams)

    def _share(self, at: _Iterate, penalty: float, price: float, relaxed: bool) -> _Iterate:
        """Streams from (57) or its linearised kind; as they were where the solver has none."""
        seen = self.problem.g[self.index] @ np.conj(at.basis)
        factor, linear = digital_quadratic(seen, *self._auxiliary(at))
        sensing = sensing_functionals(np.conj(at.basis.T) @ self.problem.sensing_basis)
        streams = at.streams
        for _ in range(self.options["ccp_iterations"]):
            # power has no modulus to be kept to: the linearised problem asks for no penalty
            numbers = self._numbers(at, factor, linear, streams, sensing, penalty if relaxed else 0.0, price)
            found = self._solve(numbers, relaxed=relaxed, unit_modulus=False)
            if found is None or not np.any(found):
                break
            streams = found
        return self._iterate(at.phasors, at.basis, streams)

    def _auxiliary(self, at: _Iterate) -> tuple[np.ndarray, np.ndarray]:
        received = received_signals(self.problem.g[self.index], at.basis @ at.streams)
        return auxiliary_variables(received, self.problem.noise[self.index])

    def _numbers(
        self,
        at: _Iterate,
        factor: np.ndarray,
        linear: np.ndarray,
        previous: np.ndarray,
        sensing: np.ndarray,
        penalty: float,
        price: float,
    ) -> Subproblem:
        return Subproblem(
            factor=factor,
            linear=linear,
            previous=previous,
            sensing=sensing,
            weight=self.problem.weight,
            cap=self.cap * (1.0 if self.as_printed else 1.0 - MARGIN),
            penalty=penalty,
            price=price,
            # the quadratic is about minus the sum of the SINRs where it was taken
            scale=max(1.0, float(self._auxiliary(at)[0].sum())),
        )

    def _solve(self, numbers: Subproblem, *, relaxed: bool, unit_modulus: bool) -> np.ndarray | None:
        (size, blocks), limited = numbers.previous.shape, bool(np.isfinite(self.cap))
        if relaxed:
            relaxation = relaxed_program(
                size, blocks, unit_modulus=unit_modulus, sensing=limited, as_printed=self.as_printed
            )
            status, found = relaxation.solve(numbers, self.options["conic_solver"])
            # a single point has no interior: a solution of reduced accuracy is some other point
            return None if self.as_printed and status is not ConicStatus.SOLVED else found
        linearisation = linearised_program(
            size, blocks, numbers.factor.shape[1], unit_modulus=unit_modulus, sensing=limited
        )
        return linearisation.solve(numbers, self.options["conic_solver"])[1]
