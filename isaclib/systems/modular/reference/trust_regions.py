"""Riemannian trust regions over the whole range of F_A, by pymanopt: a further reference."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.systems.modular.design import Design
from isaclib.systems.modular.reference.outcome import Attempt, design_each
from isaclib.systems.modular.reference.problem import Problem, adjoint
from isaclib.systems.modular.reference.rgd_full_range import Sphere, barriers
from isaclib.systems.modular.reference.starts import NO_START, check_descent, interior_starts
from isaclib.systems.modular.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

TRUST_REGIONS_OPTIONS: Mapping[str, Any] = {
    "barrier": 1e6,
    "starts": 1,
    "first_start": 0,
    "max_iterations": 200,
    "tolerance": 1e-6,
}

SECONDS = 60.0
"""Most time at one barrier parameter."""


def trust_regions(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Maximise the spectral efficiency on the sphere of the power by pymanopt's TrustRegions.

    Cost, continuation and starts are those of `rgd_full_range`, with the Hessian in closed form; the
    sphere is that of the real and imaginary parts. The trace is the spectral efficiency after each
    barrier parameter, of the best start.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved one by one.
    options : mapping
        With the keys of `TRUST_REGIONS_OPTIONS`: `max_iterations` at each barrier parameter,
        `tolerance` the norm of the gradient in nat at which it ends.
    rng : Streams
        Gives the starts by realisation.

    Returns
    -------
    Design
        `iterations` are the outer ones of the best start.
    """
    check_descent(options)
    p = scenario.parameters
    first, count = options["first_start"], options["starts"]
    normals = rng.complex_normal(Stream.SOLVER_START, (first + count, p.rf_chains, p.streams))[:, first:]

    def one(problem: Problem, index: int) -> Attempt:
        basis = problem.span()
        small = problem.within(basis)
        starts = interior_starts(small, adjoint(basis) @ normals[index])
        if starts is None:
            return Attempt(reason=NO_START)
        found = []
        for beams in starts:
            trace, iterations = [], 0
            for barrier in barriers(options["barrier"]):
                beams, more = _minimise(Sphere(small, barrier), beams, options)
                iterations += more
                trace.append(float(small.capacity(beams)))
            found.append(Attempt(beams=basis @ beams, trace=tuple(trace), iterations=iterations))
        return max(found, key=lambda attempt: attempt.trace[-1])

    return design_each(scenario, one)


def _minimise(surface: Sphere, beams: np.ndarray, options: Mapping[str, Any]) -> tuple[np.ndarray, int]:
    """Minimise the cost from beams (n, N_s); return the last ones and the iterations."""
    import pymanopt

    manifold = pymanopt.manifolds.Sphere(2, *beams.shape)

    @pymanopt.function.numpy(manifold)
    def cost(point: np.ndarray) -> float:
        return float(surface.cost((_joined(point)[None],))[0])

    @pymanopt.function.numpy(manifold)
    def gradient(point: np.ndarray) -> np.ndarray:
        return _parted(surface.ambient_gradient(_joined(point)))

    @pymanopt.function.numpy(manifold)
    def hessian(point: np.ndarray, tangent: np.ndarray) -> np.ndarray:
        return _parted(hessian_product(surface, _joined(point), _joined(tangent)))

    optimizer = pymanopt.optimizers.TrustRegions(
        max_iterations=options["max_iterations"], min_gradient_norm=options["tolerance"], max_time=SECONDS, verbosity=0
    )
    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient, euclidean_hessian=hessian)
    with warnings.catch_warnings():
        # a step across a barrier costs infinity and is refused; the ratio it gives is no news
        warnings.simplefilter("ignore", RuntimeWarning)
        result = optimizer.run(problem, initial_point=_parted(beams))
    return _joined(result.point), int(result.iterations)


def hessian_product(surface: Sphere, beams: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the derivative of `Sphere.ambient_gradient` along a direction, both of shape (n, N_s)."""
    gram, forms = surface.problem.gram, surface.problem.forms
    inverse = np.linalg.inv(np.eye(beams.shape[1]) + adjoint(beams) @ gram @ beams)
    seen = gram @ beams
    turned = adjoint(direction) @ seen
    bent = gram @ direction @ inverse - seen @ inverse @ (turned + adjoint(turned)) @ inverse
    margins = surface.problem.margins(beams)[:, None, None]
    lit = forms @ beams
    change = 2.0 * np.sum((np.conj(lit) * direction).real, axis=(1, 2), keepdims=True)
    walls = np.sum(forms @ direction / margins - lit * change / margins**2, axis=0)
    return -2.0 * (bent + walls / surface.barrier)


def _parted(matrix: np.ndarray) -> np.ndarray:
    return np.stack([matrix.real, matrix.imag])


def _joined(parts: np.ndarray) -> np.ndarray:
    return parts[0] + 1j * parts[1]
