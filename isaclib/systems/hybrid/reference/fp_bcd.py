"""Sum-rate without sensing by closed-form fractional programming (FP-BCD, the WMMSE iteration)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

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
from isaclib.systems.hybrid.reference.outcome import Attempt, to_design
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

FP_BCD_OPTIONS: Mapping[str, Any] = {"max_iterations": 5000, "tolerance": 1e-6}

BISECTIONS = 60
"""Halvings of the interval of the power multiplier; what is left is made up by scaling to full power."""


def check_fp_bcd(options: Mapping[str, Any]) -> None:
    """Refuse options that `fp_bcd` cannot take.

    Raises
    ------
    ValueError
        For a number of iterations below 1, or a tolerance below 0.
    """
    if options["max_iterations"] % 1 or options["max_iterations"] < 1:
        raise ValueError(
            f"option max_iterations = {options['max_iterations']!r}: expected a whole number of at least 1"
        )
    if not options["tolerance"] >= 0.0:
        raise ValueError(f"option tolerance = {options['tolerance']!r}: expected a number of at least 0")


def fp_bcd(scenario: Scenario, options: Mapping[str, Any], rng: Streams, *, hybrid: bool) -> Design:
    """Maximise the sum-rate under the power (and the constant modulus) alone.

    In turn gamma (43), mu (44), the phases of F_A one after the other and F_D, each in closed form:

        f_i = (c_i - sum_{n != i} B_in f_n) / |.|,   F_D = (D + nu I)^-1 E,

    nu >= 0 by bisection so that the power is met. No step lowers the sum-rate. The SPEB is not
    looked at. From f_A = 1 and a random F_D at full power, as Algorithm 2 starts; fully digital from
    a random W, of which only the part in the span of the channels matters.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations, solved together.
    options : mapping
        With the keys of `FP_BCD_OPTIONS`: `tolerance` is the relative gain of the sum-rate in one
        iteration at which a realisation stops.
    rng : Streams
        Gives the first F_D by realisation.
    hybrid : bool
        Hybrid beamformers, or fully digital ones.

    Returns
    -------
    Design
        The objective is the sum-rate, bit/s/Hz; its trace is the sum-rate after each iteration.
    """
    check_fp_bcd(options)
    began = time.perf_counter()
    problem = normalise(scenario)
    analog, digital, trace = _iterate(scenario, problem, options, rng, hybrid)
    seconds = (time.perf_counter() - began) / len(scenario)
    attempts = [
        Attempt(
            analog=analog[index] if hybrid else None,
            digital=digital[index],
            trace=tuple(trace[index][np.isfinite(trace[index])]),
            seconds=seconds,
        )
        for index in range(len(scenario))
    ]
    return to_design(
        scenario,
        problem,
        attempts,
        objective="sum-rate",
        hybrid=hybrid,
        bound=sum_rate_bound(scenario, speb=False),
        speb_bound_m2=np.full(len(scenario), problem.speb0),
        promises=(),
    )


def _iterate(
    scenario: Scenario, problem: NormalisedProblem, options: Mapping[str, Any], rng: Streams, hybrid: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """F_A (a basis of the channels' span when fully digital), F_D or W, and the sum-rates."""
    p, batch, limit = scenario.parameters, len(scenario), int(options["max_iterations"])
    g, noise = problem.g, problem.noise
    root = np.sqrt(p.elements // p.rf_chains)
    block = connections(p.elements, p.rf_chains)
    streams = rng.complex_normal(Stream.SOLVER_START, (p.rf_chains if hybrid else p.elements, p.users))
    phasors = np.ones((batch, p.elements), dtype=complex)
    if hybrid:
        basis = np.broadcast_to(block / root, (batch, *block.shape)).astype(complex)
    else:
        # the sum-rate sees nothing else; K x K matrices stand for N x N ones
        basis = np.linalg.qr(np.swapaxes(g, 1, 2))[0]
        streams = np.conj(np.swapaxes(basis, 1, 2)) @ streams
    streams = streams / np.linalg.norm(streams, axis=(1, 2), keepdims=True)

    trace = np.full((batch, limit), np.nan)
    active = np.arange(batch)
    before = sum_rate(received_signals(g, basis @ streams), noise)
    for iteration in range(limit):
        if hybrid:
            gamma, mu = auxiliary_variables(received_signals(g[active], basis[active] @ streams[active]), noise[active])
            factor, linear = analog_quadratic(g[active], block @ streams[active] / root, gamma, mu)
            phasors[active] = turn_phases(phasors[active], factor, linear)
            basis[active] = phasors[active][:, :, None] * block / root
        seen = g[active] @ np.conj(basis[active])
        gamma, mu = auxiliary_variables(received_signals(seen, streams[active]), noise[active])
        streams[active] = best_streams(*digital_quadratic(seen, gamma, mu))
        rate = sum_rate(received_signals(seen, streams[active]), noise[active])
        trace[active, iteration] = rate
        moving = rate - before[active] > options["tolerance"] * rate
        before[active] = rate
        active = active[moving]
        if not len(active):
            break
    analog = phasors[:, :, None] * block
    return analog, streams / root if hybrid else basis @ streams, trace


def turn_phases(phasors: np.ndarray, factor: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """One sweep of the best phase of each antenna, the others fixed.

    Parameters
    ----------
    phasors : ndarray of complex, shape (B, N)
        f_A, of modulus one.
    factor, linear : ndarray of complex, shapes (B, N, Q) and (B, N)
        C and c of f^H C C^H f - 2 Re f^H c, to be minimised.

    Returns
    -------
    ndarray of complex, shape (B, N)
        No step raises the quadratic.
    """
    turned = phasors.copy()
    seen = np.sum(np.conj(factor) * turned[:, :, None], axis=1)
    for i in range(turned.shape[1]):
        row = factor[:, i]
        pull = linear[:, i] - np.sum(row * seen, axis=-1) + np.sum(np.abs(row) ** 2, axis=-1) * turned[:, i]
        size = np.abs(pull)
        new = np.where(size > 0.0, pull / np.where(size > 0.0, size, 1.0), turned[:, i])
        # a phasor keeps its modulus to the last digit or two, however long the iteration is
        new = new / np.abs(new)
        seen += np.conj(row) * (new - turned[:, i])[:, None]
        turned[:, i] = new
    return turned


def best_streams(factor: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Minimise sum_k s_k^H C C^H s_k - 2 Re s_k^H e_k within unit power, then scale to unit power.

    Scaling up lowers no SINR, so the sum-rate is at least that of the minimiser.

    Parameters
    ----------
    factor, linear : ndarray of complex, each (B, n, K)
        C and the columns e_k, which lie in its range.

    Returns
    -------
    ndarray of complex, shape (B, n, K)
    """
    vectors, values, _ = np.linalg.svd(factor, full_matrices=False)
    values = values**2
    turned = np.conj(np.swapaxes(vectors, 1, 2)) @ linear
    weight = np.sum(np.abs(turned) ** 2, axis=-1)
    low, high = np.zeros(len(values)), np.sqrt(weight.sum(axis=-1))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        excessive = np.sum(weight / (values + middle[:, None]) ** 2, axis=-1) > 1.0
        low, high = np.where(excessive, middle, low), np.where(excessive, high, middle)
    streams = vectors @ (turned / (values + high[:, None])[:, :, None])
    return streams / np.linalg.norm(streams, axis=(1, 2), keepdims=True)
