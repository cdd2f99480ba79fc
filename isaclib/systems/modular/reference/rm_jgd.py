"""Algorithm 1: joint gradient descent on stream powers and a unitary matrix, in the row space of H (RM-JGD)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isaclib.systems.modular.design import Design
from isaclib.systems.modular.reference.descent import Point, descend
from isaclib.systems.modular.reference.outcome import Attempt, design_each
from isaclib.systems.modular.reference.problem import Problem, adjoint
from isaclib.systems.modular.reference.sdr_rrs import SDR_RRS_OPTIONS, relax_and_round
from isaclib.systems.modular.reference.starts import NO_START, check_descent, interior_starts
from isaclib.systems.modular.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

RM_JGD_OPTIONS: Mapping[str, Any] = {
    "barrier": 10.0,
    "start": "random",
    "starts": 10,
    "first_start": 0,
    "max_iterations": 1000,
    "tolerance": 1e-4,
}

STARTS = ("random", "sdr-rrs")

NEGLIGIBLE = 1e-3
"""SNR at full power, or its share of the largest, below which an eigenvalue of H^H H counts as zero.

At a random V every stream pays for the weakest direction: one that carries nothing would cost all.
"""

POWER_SHARE = 0.9
"""Share of the power that a start uses where the SCNR leaves room."""


def check_rm_jgd(options: Mapping[str, Any]) -> None:
    """Refuse options that `rm_jgd` cannot take.

    Raises
    ------
    ValueError
        For an unknown start, a barrier parameter or tolerance not above 0, no start, no iteration.
    """
    if options["start"] not in STARTS:
        raise ValueError(f"option start = {options['start']!r}: expected one of {', '.join(STARTS)}")
    check_descent(options)


@dataclass(frozen=True)
class RowSpace:
    """Cost (48) of F_D = U Lam^-1/2 V Sigma, eq. (41), with H^H H = U Lam U^H.

        -sum_i log(1 + p_i) - (1/t) (log(1 - tr(C S)) + sum_t log(tr(D_t S) - 1)),   S = V Sigma Sigma^H V^H,

    C = Lam^-1, D_t = Lam^-1/2 U^H A_t U Lam^-1/2. A point is (p, V), p >= 0 and V unitary.

    Attributes
    ----------
    gains : ndarray, shape (r,)
        Lam, largest first.
    axes : ndarray of complex, shape (n, r)
        U.
    forms : ndarray of complex, shape (T, r, r)
        D_t.
    streams : int
        N_s, at most r of which carry power.
    barrier : float
        t.
    """

    gains: np.ndarray
    axes: np.ndarray
    forms: np.ndarray
    streams: int
    barrier: float

    @classmethod
    def of(cls, problem: Problem, barrier: float) -> RowSpace:
        """Cost of a problem in all coordinates behind F_A."""
        _, values, rows = np.linalg.svd(problem.channel, full_matrices=False)
        kept = values**2 > NEGLIGIBLE * min(1.0, values[0] ** 2)
        axes, gains = adjoint(rows[kept]), values[kept] ** 2
        forms = problem.within(axes).forms / np.sqrt(gains[:, None] * gains)
        return cls(gains, axes, forms, problem.streams, barrier)

    @property
    def powered(self) -> int:
        """Streams that may carry power."""
        return min(self.streams, len(self.gains))

    def beams(self, point: Point) -> np.ndarray:
        """U Lam^-1/2 V Sigma, shape (S, n, N_s)."""
        powers, unitary = point
        columns = unitary[..., : self.powered] * np.sqrt(powers)[:, None]
        beams = self.axes @ (columns / np.sqrt(self.gains)[:, None])
        return np.pad(beams, [(0, 0), (0, 0), (0, self.streams - self.powered)])

    def point(self, beams: np.ndarray) -> Point:
        """(p, V) of beams (S, n, N_s) in the row space."""
        mixed = np.sqrt(self.gains)[:, None] * (adjoint(self.axes) @ beams)
        vectors, values, _ = np.linalg.svd(mixed, full_matrices=True)
        return values[:, : self.powered] ** 2, vectors

    def _walls(self, point: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Diagonals of V^H C V (S, k) and V^H D_t V (S, T, k), slack of the power (S,) and SCNRs (S, T)."""
        powers, unitary = point
        columns = unitary[..., : self.powered]
        spent = np.sum(np.abs(columns) ** 2 / self.gains[:, None], axis=1)
        lit = np.sum(np.conj(columns)[:, None] * (self.forms @ columns[:, None]), axis=2).real
        return spent, lit, 1.0 - np.sum(spent * powers, axis=-1), np.sum(lit * powers[:, None], axis=-1) - 1.0

    def cost(self, point: Point) -> np.ndarray:
        """Cost (46) in nat, infinite outside of the constraints."""
        _, _, left, margins = self._walls(point)
        slack = np.column_stack([left, margins])
        inside = np.all(slack > 0.0, axis=-1)
        walls = np.log(np.where(inside[:, None], slack, 1.0)).sum(axis=-1)
        return np.where(inside, -self.objective(point) - walls / self.barrier, np.inf)

    def gradient(self, point: Point) -> Point:
        """Gradient (50) in p, and (51) in V projected onto the tangent space (53)."""
        powers, unitary = point
        spent, lit, left, margins = self._walls(point)
        of_powers = spent / left[:, None] - np.sum(lit / margins[..., None], axis=1)
        of_powers = of_powers / self.barrier - 1.0 / (1.0 + powers)
        columns = unitary[..., : self.powered] * powers[:, None]
        push = columns / self.gains[:, None] / left[:, None, None]
        push = push - np.sum(self.forms @ columns[:, None] / margins[..., None, None], axis=1)
        ambient = np.zeros_like(unitary)
        ambient[..., : self.powered] = 2.0 * push / self.barrier
        along = adjoint(unitary) @ ambient
        return of_powers, ambient - unitary @ (along + adjoint(along)) / 2.0

    def move(self, point: Point, gradient: Point, steps: np.ndarray) -> Point:
        """Take the steps (49) and (54); powers below zero become zero, V the nearest unitary matrix (55)."""
        powers = np.maximum(point[0] - steps[:, :1] * gradient[0], 0.0)
        return powers, nearest_unitary(point[1] - steps[:, 1:, None] * gradient[1])

    def objective(self, point: Point) -> np.ndarray:
        """Spectral efficiency of the point as it is, its power not used up, nat."""
        return np.log1p(point[0]).sum(axis=-1)


def nearest_unitary(matrices: np.ndarray) -> np.ndarray:
    """Polar factor of square matrices (..., r, r)."""
    left, _, right = np.linalg.svd(matrices)
    return left @ right


def rm_jgd(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Maximise the spectral efficiency by Algorithm 1 as printed.

    F_D lies in the row space of H (in orthonormal coordinates behind F_A, so that power is counted
    with F_A^H F_A), which reaches far less SCNR than the whole range of F_A: where it falls short of
    the threshold, this algorithm finds no design, though there is one. Simultaneous gradient steps
    on p and V, each of a length of its own, under Armijo's rule; the barrier parameter stays. The
    last iterate is brought to full power, which raises its spectral efficiency and SCNR above those
    of the trace.

    Starts are random p and V with so much power on the targets as the SCNR needs (`start`
    ``random``, the best of `starts`), or the beams of `sdr-rrs` seen in the row space (``sdr-rrs``).

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `RM_JGD_OPTIONS`: random starts number `first_start` and following,
        `tolerance` the norm of the gradient in nat at which a start ends.
    rng : Streams
        Gives the starts by realisation.

    Returns
    -------
    Design
        Of the best start, as are trace and iterations.
    """
    check_rm_jgd(options)
    p = scenario.parameters
    first, last = options["first_start"], options["first_start"] + options["starts"]
    normals = rng.complex_normal(Stream.SOLVER_START, (last, p.user_antennas, p.user_antennas))[:, first:]
    shares = rng.uniform(Stream.SOLVER_START, (last, p.user_antennas), 1)[:, first:]
    seeds = (rng.uniform(Stream.RANDOMISATION) * 2.0**53).astype(np.int64)

    def one(problem: Problem, index: int) -> Attempt:
        surface = RowSpace.of(problem, options["barrier"])
        row = problem.within(surface.axes)
        reached = 10.0 * np.log10(np.maximum(row.reach().min(), 1e-30)) + p.min_scnr_db
        if reached <= p.min_scnr_db:
            reason = f"at most {reached:.4g} dB of SCNR in the row space of the channel, {p.min_scnr_db:g} dB asked"
            return Attempt(reason=reason)
        if options["start"] == "sdr-rrs":
            found = relax_and_round(problem, SDR_RRS_OPTIONS, int(seeds[index]))
            if found.beams is None:
                return found
            wanted = adjoint(surface.axes) @ found.beams[None]
        else:
            size = len(surface.gains)
            unitary = nearest_unitary(normals[index, :, :size, :size])
            wanted = adjoint(surface.axes) @ surface.beams((shares[index, :, : surface.powered], unitary))
        starts = interior_starts(row, wanted)
        if starts is None:
            return Attempt(reason=NO_START)
        least = 1.0 / (1.0 + row.margins(starts).min(axis=-1))
        used = np.maximum(POWER_SHARE, (1.0 + least) / 2.0)
        point = surface.point(surface.axes @ (starts * np.sqrt(used)[:, None, None]))
        ended = descend(surface, point, iterations=options["max_iterations"], tolerance=options["tolerance"])
        beams = surface.beams(ended.point)
        beams /= np.linalg.norm(beams, axis=(-2, -1), keepdims=True)
        best = np.argmax(problem.capacity(beams))
        trace = ended.trace[np.isfinite(ended.trace[:, best]), best]
        return Attempt(beams=beams[best], trace=tuple(trace), iterations=len(trace))

    return design_each(scenario, one)
