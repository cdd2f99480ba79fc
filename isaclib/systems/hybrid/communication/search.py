"""Multi-start search for hybrid beamformers of largest sum-rate under a cap on the SPEB."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.hybrid import smooth
from isaclib.systems.hybrid.communication.beams import restore_cap, sum_rate
from isaclib.systems.hybrid.search import SAME, Found, analog_gains, mixed_phases, packed, project
from isaclib.systems.hybrid.simultaneous_descent import Effort, descend_many
from isaclib.systems.streams import Stream, Streams

EFFORT = Effort(penalty=10.0, tolerance=1e-6, gradient_tolerance=1e-4, max_outer=15, max_inner=100)

BISECTIONS = 20
"""Halvings of the turn towards the target that a descent needs which ended above the cap."""


def search(
    basis: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    cap: float,
    chains: int,
    *,
    projected: tuple[np.ndarray, ...],
    starts: int,
    rng: Streams,
    again: int = 0,
    trace: int = 0,
) -> Found:
    """Search from several starts and keep the best.

    The starts, in this order: the fully digital beamformers given, each projected on the structure;
    all subarrays on the target; subarrays on the users in turn, once for each way to begin;
    subarrays on users and target; then random combinations of what target, derivatives and
    users ask for.

    Parameters
    ----------
    basis : ndarray of complex, shape (B, N, 3 + K)
        V.
    cost : ndarray, shape (2, 2)
        C.
    noise : ndarray, shape (B, K)
        Normalised noise.
    cap : float
        Largest f; infinity: none.
    chains : int
        RF chains.
    projected : tuple of ndarray of complex, each (B, N, K)
        Fully digital beams.
    starts : int
        At most so many starts.
    rng : Streams
        Random starts.
    again : int
        No further start once the best optimum has been found again so often; 0: no such end.
    trace : int
        L-BFGS steps whose value is kept.

    Returns
    -------
    Found
    """
    batch, elements, columns = basis.shape
    users = columns - 3
    capped = cap < np.inf
    basis = np.ascontiguousarray(basis)
    noise = np.ascontiguousarray(noise)
    found = Found(
        value=np.full(batch, -np.inf),
        phases=np.zeros((batch, elements)),
        digital=np.zeros((batch, chains, users), dtype=complex),
        evaluations=np.zeros(batch, dtype=np.int64),
        trace=np.full((batch, trace), np.nan),
    )
    times_found = np.zeros(batch, dtype=np.int64)
    draws = np.arange(batch)
    for number in range(starts):
        if again:
            draws = draws[times_found[draws] <= again]
        if not len(draws):
            break
        phases, digital = _start(
            number, basis[draws], noise[draws], chains, tuple(beams[draws] for beams in projected), draws, rng
        )
        x = packed(phases, digital)
        traces = np.full((len(draws), trace), np.nan)
        value, residual = np.empty((2, len(draws)))
        evaluations = np.zeros(len(draws), dtype=np.int64)
        descend_many(
            x, draws, chains, basis, cost, noise, np.zeros(users), smooth.SUM_RATE,
            math.log(cap) if capped else np.inf, np.zeros((len(draws), users + int(capped))), EFFORT,
            value, residual, evaluations, traces, np.full(len(draws), np.inf),
        )  # fmt: skip
        found.evaluations[draws] += evaluations
        phases = x[:, :elements]
        ends = x[:, elements:].reshape(len(draws), chains, users, 2)
        beams = np.ascontiguousarray(ends[..., 0] + 1j * ends[..., 1])
        rates = _finish(basis[draws], phases, cost, noise[draws], cap, beams)
        lost = np.flatnonzero(~np.isfinite(rates))
        if len(lost):
            some = beams[lost]
            phases[lost], rates[lost] = _turn(basis[draws[lost]], phases[lost], cost, noise[draws[lost]], cap, some)
            beams[lost] = some
        before = found.value[draws]
        # a better optimum starts the count anew
        times_found[draws[rates > before + SAME]] = 0
        times_found[draws[np.isfinite(rates) & (rates >= before - SAME)]] += 1
        better = rates > before
        found.value[draws[better]] = rates[better]
        found.phases[draws[better]] = phases[better]
        found.digital[draws[better]] = beams[better]
        found.trace[draws[better]] = -traces[better]
    return found


def _finish(
    basis: np.ndarray, phases: np.ndarray, cost: np.ndarray, noise: np.ndarray, cap: float, beams: np.ndarray
) -> np.ndarray:
    """Bring beams (B, N_RF, K) under the cap to rounding, in place; their sum-rates, -inf where it is not met."""
    rates = np.empty(len(beams))
    gains = analog_gains(basis, phases, beams.shape[1])
    _restore(np.ascontiguousarray(gains), np.ascontiguousarray(cost), np.ascontiguousarray(noise), cap, beams, rates)
    return rates


def _turn(
    basis: np.ndarray, phases: np.ndarray, cost: np.ndarray, noise: np.ndarray, cap: float, beams: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turn phases (B, N) towards the target until the cap can be met, which it can with all of them there.

    Returns the phases and the sum-rates; the beams are overwritten.
    """
    batch, chains = beams.shape[:2]
    rotors = np.exp(1j * (phases - np.angle(basis[:, :, 0]))).reshape(batch, chains, -1)
    # what a whole subarray is off by does not matter
    rotors *= np.exp(-1j * np.angle(rotors.sum(axis=-1, keepdims=True)))
    off = np.angle(rotors).reshape(batch, -1)
    low, high = np.zeros(batch), np.ones(batch)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        met = np.isfinite(_finish(basis, phases - middle[:, None] * off, cost, noise, cap, beams.copy()))
        low, high = np.where(met, low, middle), np.where(met, middle, high)
    turned = phases - high[:, None] * off
    return turned, _finish(basis, turned, cost, noise, cap, beams)


@numba.njit(cache=True)
def _restore(
    gains: np.ndarray, cost: np.ndarray, noise: np.ndarray, cap: float, beams: np.ndarray, rates: np.ndarray
) -> None:
    for b in range(beams.shape[0]):
        f = restore_cap(gains[b, :3], cost, cap, beams[b])
        rates[b] = sum_rate(gains[b, 3:] @ beams[b], noise[b]) if f <= cap else -np.inf


def _start(
    number: int,
    basis: np.ndarray,
    noise: np.ndarray,
    chains: int,
    projected: tuple[np.ndarray, ...],
    rows: np.ndarray,
    rng: Streams,
) -> tuple[np.ndarray, np.ndarray]:
    """Phases (B, N) and digital beamformers (B, N_RF, K) of a start."""
    users = noise.shape[1]
    if number < len(projected):
        return project(projected[number], chains)
    number -= len(projected)
    if number == 0:
        phases = np.angle(basis[:, :, 0])
        return phases, _regularised(basis, noise, phases, chains, 0.5)
    if number <= users:
        # subarray r looks at user (r + first) mod K
        looked_at = 3 + (np.arange(chains) + number - 1) % users
        phases = _focused(basis, looked_at)
        return phases, _regularised(basis, noise, phases, chains, 0.1)
    if number == users + 1:
        looked_at = np.arange(chains) % (users + 1)
        phases = _focused(basis, np.where(looked_at == users, 0, 3 + looked_at))
        return phases, _regularised(basis, noise, phases, chains, 0.3)
    phases = mixed_phases(basis, rng.complex_normal(Stream.SOLVER_START, (chains, basis.shape[2]), number)[rows])
    return phases, _regularised(basis, noise, phases, chains, 0.2)


def _focused(basis: np.ndarray, looked_at: np.ndarray) -> np.ndarray:
    """Phases (B, N) with subarray r matched to column looked_at[r] of the basis."""
    columns = np.repeat(looked_at, basis.shape[1] // len(looked_at))
    return np.angle(basis[:, np.arange(basis.shape[1]), columns])


def _regularised(basis: np.ndarray, noise: np.ndarray, phases: np.ndarray, chains: int, share: float) -> np.ndarray:
    """Regularised zero-forcing columns, with a share of light on the target in each."""
    gains = analog_gains(basis, phases, chains)
    channels = np.conj(np.swapaxes(gains[:, 3:], 1, 2)) / np.sqrt(noise)[:, None, :]
    users = noise.shape[1]
    gram = np.conj(np.swapaxes(channels, 1, 2)) @ channels
    columns = channels @ np.linalg.inv(np.eye(users) + gram / users)
    columns /= np.linalg.norm(columns, axis=1, keepdims=True)
    light = np.conj(gains[:, 0])
    light /= np.linalg.norm(light, axis=1, keepdims=True)
    return (1.0 - share) * columns + share * light[:, :, None]
