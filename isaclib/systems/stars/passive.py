"""Best coefficients of the surface for one beam, one user and one target on opposite sides, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.stars.field import climb

SETTLED = 1e-13
"""Relative gain of the illumination below which beam and coefficients agree."""

MOST_NEWTON = 100

UNSEEN = 1e-9
"""Least share of the strongest element's amplitude at the target that an element is taken to have."""

FOUND, OUT_OF_REACH = 0, 1


@numba.njit(cache=True)
def _multiplier(target: np.ndarray, user: np.ndarray, sizes: np.ndarray, needed: float) -> float:
    """Find mu with sum_n mu H_n^2 |g_n| / sqrt(A_n^2 + mu^2 H_n^2) = needed; it can be reached.

    The sum grows with mu and is concave in it: Newton's steps from the left stay left.
    """
    mu = 0.0
    for _ in range(MOST_NEWTON):
        value = -needed
        slope = 0.0
        for n in range(len(sizes)):
            squared = target[n] ** 2 + (mu * user[n]) ** 2
            share = user[n] ** 2 * sizes[n] / math.sqrt(squared)
            value += mu * share
            slope += share * target[n] ** 2 / squared
        if slope <= 0.0 or -value <= 1e-15 * needed:
            break
        following = mu - value / slope
        if following <= mu:
            break
        mu = following
    return mu


@numba.njit(cache=True)
def _fields(channel: np.ndarray, beam: np.ndarray, field: np.ndarray, sizes: np.ndarray) -> None:
    for n in range(len(field)):
        g = 0.0j
        for m in range(len(beam)):
            g += channel[n, m] * beam[m]
        field[n] = g
        sizes[n] = _size(g)


@numba.njit(cache=True)
def _size(z: complex) -> float:
    return math.sqrt(z.real * z.real + z.imag * z.imag)


@numba.njit(cache=True)
def _against(z: complex) -> complex:
    """e^{-j arg z}; one where there is nothing to turn."""
    size = _size(z)
    return np.conj(z) / size if size > 0.0 else 1.0 + 0.0j


@numba.njit(cache=True)
def share_surfaces(
    channels: np.ndarray,
    starts: np.ndarray,
    target: np.ndarray,
    user: np.ndarray,
    needed: float,
    most: int,
    beams: np.ndarray,
    transmission: np.ndarray,
    reflection: np.ndarray,
    amplitudes: np.ndarray,
    reachable: np.ndarray,
    iterations: np.ndarray,
    outcome: np.ndarray,
) -> None:
    r"""Maximise |sum_n a_n q_r,n g_n| subject to |sum_n h_n q_t,n g_n| >= needed, g = G f, |f| = 1.

    For a given beam co-phased coefficients are best, with tan(phi_n) = mu |h_n| / |a_n| at the
    multiplier mu of the user; for a given mu the beam of largest sum_n w_n |g_n|, w_n =
    sqrt(|a_n|^2 + mu^2 |h_n|^2). In turn, as long as the target gains; where amplitudes do not vary
    over the surface the first beam is the last.

    Parameters
    ----------
    channels : ndarray of complex, shape (1 or B, N, M)
        G.
    starts : ndarray of complex, shape (1 or B, M)
        Beams to start from, of norm one.
    target, user : ndarray of complex, shape (B, N)
        a and h; an element that the target does not see counts as one it sees `UNSEEN` times as well
        as the best.
    needed : float
        sqrt(gamma sigma^2 / P).
    most : int
        Largest number of iterations, of the turns and of the beam in each.
    beams : ndarray of complex, shape (B, M)
        Overwritten by f.
    transmission, reflection : ndarray of complex, shape (B, N)
        Overwritten by q_t and q_r.
    amplitudes : ndarray, shape (B,)
        Overwritten by sum_n |a_n q_r,n g_n|, what was maximised.
    reachable : ndarray, shape (B,)
        Overwritten by sum_n |h_n g_n| of the beam that serves the user alone.
    iterations, outcome : ndarray of int, shape (B,)
        Overwritten by the iterations of the beam, and FOUND or OUT_OF_REACH.
    """
    batch, elements = target.shape
    field = np.empty(elements, dtype=np.complex128)
    sizes, weights = np.empty(elements), np.empty(elements)
    a, h = np.empty(elements), np.empty(elements)
    beam = np.empty(channels.shape[2], dtype=np.complex128)
    for b in range(batch):
        channel = channels[b if len(channels) > 1 else 0]
        beam[:] = starts[b if len(starts) > 1 else 0]
        for n in range(elements):
            a[n], h[n] = _size(target[b, n]), _size(user[b, n])
        a[:] = np.maximum(a, UNSEEN * np.max(a))
        # what the user could have, and whether the start is enough for it
        alone = beam.copy()
        reachable[b], iterations[b] = climb(channel, h, alone, most)
        outcome[b] = FOUND if reachable[b] >= needed else OUT_OF_REACH
        if outcome[b] == OUT_OF_REACH:
            continue
        _fields(channel, beam, field, sizes)
        if np.sum(h * sizes) < needed:
            beam[:] = alone
            _fields(channel, beam, field, sizes)
        amplitudes[b] = -1.0
        best = 0.0
        for _ in range(most + 1):
            mu = _multiplier(a, h, sizes, needed) if needed > 0.0 else 0.0
            total = -mu * needed
            for n in range(elements):
                weights[n] = math.sqrt(a[n] ** 2 + (mu * h[n]) ** 2)
                total += weights[n] * sizes[n]
            # the best beam for this mu may be worse for the mu that it needs itself
            if total <= amplitudes[b]:
                break
            settled = total <= amplitudes[b] * (1.0 + SETTLED)
            amplitudes[b] = total
            best = mu
            beams[b] = beam
            if settled:
                break
            _, taken = climb(channel, weights, beam, most)
            iterations[b] += taken
            if taken == 0:
                break
            _fields(channel, beam, field, sizes)
            if np.sum(h * sizes) < needed:
                break
        _fields(channel, beams[b], field, sizes)
        for n in range(elements):
            weight = math.sqrt(a[n] ** 2 + (best * h[n]) ** 2)
            reflection[b, n] = a[n] / weight * _against(target[b, n] * field[n])
            transmission[b, n] = best * h[n] / weight * _against(user[b, n] * field[n])
