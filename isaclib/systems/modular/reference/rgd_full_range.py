"""Riemannian gradient descent over the whole range of F_A: a sphere of the power, barriers for the SCNRs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isaclib.systems.modular.design import Design
from isaclib.systems.modular.reference.descent import Point, descend
from isaclib.systems.modular.reference.outcome import Attempt, design_each
from isaclib.systems.modular.reference.problem import Problem, adjoint
from isaclib.systems.modular.reference.starts import NO_START, check_descent, interior_starts
from isaclib.systems.modular.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

RGD_OPTIONS: Mapping[str, Any] = {
    "barrier": 1e6,
    "starts": 1,
    "first_start": 0,
    "max_iterations": 3000,
    "tolerance": 1e-7,
}

FIRST_BARRIER = 10.0
BARRIER_STEP = 10.0

ON_THE_WAY = 1e-4
"""Norm of the gradient at which one barrier parameter gives way to the next."""


def barriers(last: float) -> list[float]:
    """Barrier parameters of a continuation: 10, 100, ... and the last, or the last alone."""
    levels = [last]
    while levels[0] > FIRST_BARRIER:
        levels.insert(0, max(FIRST_BARRIER, levels[0] / BARRIER_STEP))
    return levels


@dataclass(frozen=True)
class Sphere:
    """-log det(I + H X X^H H^H) - (1/t) sum_t log(tr(X^H A_t X) - 1) on |X|_F = 1.

    Parameters
    ----------
    problem : Problem
        Its H and A_t.
    barrier : float
        t.
    """

    problem: Problem
    barrier: float

    def cost(self, point: Point) -> np.ndarray:
        """Cost in nat, infinite where an SCNR is not met."""
        (beams,) = point
        margins = self.problem.margins(beams)
        inside = np.all(margins > 0.0, axis=-1)
        walls = np.log(np.where(inside[:, None], margins, 1.0)).sum(axis=-1)
        return np.where(inside, -self.problem.capacity(beams) - walls / self.barrier, np.inf)

    def ambient_gradient(self, beams: np.ndarray) -> np.ndarray:
        """-2 G X (I + X^H G X)^-1 - (2/t) sum_t A_t X / (tr(X^H A_t X) - 1), G = H^H H."""
        seen = self.problem.gram @ beams
        inner = np.eye(beams.shape[-1]) + adjoint(beams) @ seen
        push = (1.0 / self.problem.margins(beams)) @ self.problem.forms.reshape(len(self.problem.forms), -1)
        push = push.reshape(*beams.shape[:-2], *self.problem.gram.shape)
        return -2.0 * (adjoint(np.linalg.solve(inner, adjoint(seen))) + push @ beams / self.barrier)

    def gradient(self, point: Point) -> Point:
        """Part of the gradient tangent to the sphere."""
        (beams,) = point
        gradient = self.ambient_gradient(beams)
        along = np.sum((np.conj(beams) * gradient).real, axis=(-2, -1), keepdims=True)
        return (gradient - along * beams,)

    def move(self, point: Point, gradient: Point, steps: np.ndarray) -> Point:
        """Step, then scale back to the sphere."""
        beams = point[0] - steps[:, :1, None] * gradient[0]
        return (beams / np.linalg.norm(beams, axis=(-2, -1), keepdims=True),)

    def objective(self, point: Point) -> np.ndarray:
        """Spectral efficiency, nat."""
        return self.problem.capacity(point[0])


def rgd_full_range(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Maximise the spectral efficiency on the sphere of the power.

    Minimises `Sphere` for t = 10, 100, ... up to `barrier`, each from where the last ended, by
    steps of Barzilai and Borwein under Armijo's rule; the last leaves at most 1/t nat a target.
    Starts are random beams, with as much power on the targets as the SCNR needs. The gradient never
    leaves the span of the channel's rows and the steering vectors, so the coordinates are those of
    the span.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `RGD_OPTIONS`: starts number `first_start` and following, `max_iterations`
        at each barrier parameter, `tolerance` the norm of the gradient in nat at
        which a start ends.
    rng : Streams
        Gives the starts by realisation.

    Returns
    -------
    Design
        Of the best start, as are trace and iterations.
    """
    check_descent(options)
    p = scenario.parameters
    first, count = options["first_start"], options["starts"]
    normals = rng.complex_normal(Stream.SOLVER_START, (first + count, p.rf_chains, p.streams))[:, first:]

    def one(problem: Problem, index: int) -> Attempt:
        basis = problem.span()
        small = problem.within(basis)
        beams = interior_starts(small, adjoint(basis) @ normals[index])
        if beams is None:
            return Attempt(reason=NO_START)
        traces = []
        for barrier in barriers(options["barrier"]):
            ended = descend(
                Sphere(small, barrier),
                (beams,),
                iterations=options["max_iterations"],
                tolerance=options["tolerance"] if barrier == options["barrier"] else ON_THE_WAY,
            )
            (beams,) = ended.point
            traces.append(ended.trace)
        trace = np.concatenate(traces)
        best = np.argmax(small.capacity(beams))
        kept = trace[np.isfinite(trace[:, best]), best]
        return Attempt(beams=basis @ beams[best], trace=tuple(kept), iterations=len(kept))

    return design_each(scenario, one)
