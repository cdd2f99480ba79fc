"""Best coefficients of the surface for one beam, one user and one target on opposite sides, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.stars.field import climb

SETTLED = 1e-13
"""Relative change of the illumination below which beam and coefficients agree."""

MOST_NEWTON = 100

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
        sizes[n] = math.hypot(g.real, g.imag)


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
    limits: np.ndarray,
    reachable: np.ndarray,
    iterations: np.ndarray,
    outcome: np.ndarray,
) -> None:
    r"""Maximise |sum_n a_n q_r,n g_n| subject to |sum_n h_n q_t,n g_n| >= needed, g = G f, |f| = 1.

    For a given beam co-phased coefficients are best, with tan(phi_n) = mu |h_n| / |a_n| at the
    multiplier mu of the user; for a given mu the beam of largest sum_n w_n |g_n|, w_n =
    sqrt(|a_n|^2 + mu^2 |h_n|^2). In turn; where amplitudes do not vary over the surface the first
    beam is the last.

    Parameters
    ----------
    channels : ndarray of complex, shape (1 or B, N, M)
        G.
    starts : ndarray of complex, shape (1 or B, M)
        Beams to start from, of norm one.
    target, user : ndarray of complex, shape (B, N)
        a and h.
    needed : float
        sqrt(gamma sigma^2 / P).
    most : int
        Largest number of iterations, of the turns and of the beam in each.
    beams : ndarray of complex, shape (B, M)
        Overwritten by f.
    transmission, reflection : ndarray of complex, shape (B, N)
        Overwritten by q_t and q_r.
    limits : ndarray, shape (B,)
        Overwritten by sum_n w_n |g_n| - mu needed, the largest illumination amplitude if the beam
        is the best for its weights, less what the last turn left.
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
            a[n], h[n] = abs(target[b, n]), abs(user[b, n])
        # what the user could have, and whether the start is enough for it
        _fields(channel, beam, field, sizes)
        enough = np.sum(h * sizes) >= needed
        alone = beam.copy()
        reachable[b], iterations[b] = climb(channel, h, alone, most)
        outcome[b] = FOUND if reachable[b] >= needed else OUT_OF_REACH
        if outcome[b] == OUT_OF_REACH:
            continue
        if not enough:
            beam[:] = alone
        before = -1.0
        mu = 0.0
        for _ in range(max(1, most)):
            _fields(channel, beam, field, sizes)
            mu = _multiplier(a, h, sizes, needed) if needed > 0.0 else 0.0
            total = -mu * needed
            for n in range(elements):
                weights[n] = math.hypot(a[n], mu * h[n])
                total += weights[n] * sizes[n]
            limits[b] = total
            if total <= before * (1.0 + SETTLED) or most == 0:
                break
            before = total
            _, taken = climb(channel, weights, beam, most)
            iterations[b] += taken
            if taken == 0:
                break
        beams[b] = beam
        for n in range(elements):
            size = weights[n] * sizes[n]
            if size > 0.0:
                back = np.conj(field[n]) / size
                reflection[b, n] = back * np.conj(target[b, n])
                transmission[b, n] = mu * back * np.conj(user[b, n])
            else:
                reflection[b, n] = 1.0
                transmission[b, n] = 0.0
