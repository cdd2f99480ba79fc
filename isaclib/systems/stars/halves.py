"""Best beam for a surface whose first half transmits and whose second half reflects, compiled, with its dual bound."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.stars.field import CLOSED, climb, scaled_weights


@numba.njit(cache=True)
def _ascend(
    channel: np.ndarray, weights: np.ndarray, half: int, needed: float, beam: np.ndarray, most: int
) -> tuple[float, int]:
    """Raise the field on the reflecting half from a beam whose field on the other half is enough.

    With c_R, c_T = G^H (w sgn(G f)) of either half, S_R(x) >= Re c_R^H x and S_T(x) >= Re c_T^H x with
    equality at f: the best unit x of the right-hand sides, c_R + mu c_T, lowers neither S_R nor S_T
    below what is needed.

    Returns
    -------
    multiplier : float
        mu of the last step; 0 where the need does not bind.
    iterations : int
    """
    elements, antennas = channel.shape
    pull = np.empty((2, antennas), dtype=np.complex128)
    before, mu = -1.0, 0.0
    taken = 0
    for iteration in range(most + 1):
        pull[:] = 0.0
        reflected = 0.0
        for n in range(elements):
            g = 0.0j
            for m in range(antennas):
                g += channel[n, m] * beam[m]
            size = math.hypot(g.real, g.imag)
            if n >= half:
                reflected += weights[n] * size
            if size > 0.0:
                along = g * (weights[n] / size)
                for m in range(antennas):
                    pull[int(n >= half), m] += np.conj(channel[n, m]) * along
        if iteration == most or not reflected > before * (1.0 + CLOSED):
            break
        before = reflected
        taken = iteration + 1
        own, cross, other = 0.0, 0.0, 0.0
        for m in range(antennas):
            t, r = pull[0, m], pull[1, m]
            own += r.real**2 + r.imag**2
            other += t.real**2 + t.imag**2
            cross += r.real * t.real + r.imag * t.imag
        mu = 0.0
        if cross < needed * math.sqrt(own):
            room = other - needed**2
            if room <= 1e-15 * other:
                break
            mu = (needed * math.sqrt(max(own * other - cross**2, 0.0) / room) - cross) / other
        for m in range(antennas):
            beam[m] = pull[1, m] + mu * pull[0, m]
        beam /= math.sqrt(np.sum(beam.real**2 + beam.imag**2))
    return mu, taken


@numba.njit(cache=True)
def _served(channel: np.ndarray, weights: np.ndarray, beam: np.ndarray) -> float:
    """sum_n w_n |(G f)_n| of one half."""
    total = 0.0
    for n in range(len(channel)):
        g = 0.0j
        for m in range(len(beam)):
            g += channel[n, m] * beam[m]
        total += weights[n] * math.hypot(g.real, g.imag)
    return total


@numba.njit(cache=True)
def light_halves(
    channels: np.ndarray,
    target_starts: np.ndarray,
    user_starts: np.ndarray,
    sizes: np.ndarray,
    needed: float,
    most: int,
    beams: np.ndarray,
    multipliers: np.ndarray,
    user_beams: np.ndarray,
    reachable: np.ndarray,
    iterations: np.ndarray,
) -> None:
    """Maximise S_R = sum over the second half of w_n |g_n| with S_T of the first at least `needed`, g = G f, |f| = 1.

    The beam that serves the reflecting half alone, if it is enough for the other one too; else the
    ascent of `_ascend` from the beam that serves the transmitting half alone.

    Parameters
    ----------
    channels : ndarray of complex, shape (1 or B, N, M)
        G.
    target_starts, user_starts : ndarray of complex, shape (1 or B, M)
        Beams of norm one to start from, for either half.
    sizes : ndarray, shape (B, N)
        w: |h_n| in the first half, |a_n| in the second.
    needed : float
        sqrt(gamma sigma^2 / P).
    most : int
        Largest number of iterations of a fixed point.
    beams : ndarray of complex, shape (B, M)
        Overwritten by f; where `reachable` is less than needed, the one of largest S_R.
    multipliers : ndarray, shape (B,)
        Overwritten by mu of the constraint.
    user_beams : ndarray of complex, shape (B, M)
        Overwritten by the beams of largest S_T.
    reachable : ndarray, shape (B,)
        Overwritten by their S_T.
    iterations : ndarray of int, shape (B,)
        Overwritten.
    """
    batch, elements = sizes.shape
    half = elements // 2
    beam = np.empty(channels.shape[2], dtype=np.complex128)
    for b in range(batch):
        channel = channels[b if len(channels) > 1 else 0]
        k = b if len(target_starts) > 1 else 0
        beam[:] = user_starts[k]
        reachable[b], taken = climb(channel[:half], sizes[b, :half], beam, most)
        user_beams[b] = beam
        beam[:] = target_starts[k]
        _, more = climb(channel[half:], sizes[b, half:], beam, most)
        iterations[b] = taken + more
        multipliers[b] = 0.0
        if reachable[b] >= needed and _served(channel[:half], sizes[b], beam) < needed:
            beam[:] = user_beams[b]
            multipliers[b], taken = _ascend(channel, sizes[b], half, needed, beam, most)
            iterations[b] += taken
        beams[b] = beam


def certify_halves(
    channels: np.ndarray, sizes: np.ndarray, beams: np.ndarray, multipliers: np.ndarray, even: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Bound what any beams can bring through the halves.

    y with G G^H <= diag(y), by `field.scaled_weights` with w_n = |a_n| in the reflecting half and mu |h_n| in
    the other. For B_R, B_T = sum y_n |a_n|^2, sum y_n |h_n|^2 of the halves and
    any signs S_R^2 / B_R + S_T^2 / B_T <= |f|^2, hence p00 <= B_R (P - gamma sigma^2 / B_T) however many
    beams there are. With mu = 0 the reflecting half is bounded alone, and B_T without limit.

    Parameters
    ----------
    channels : ndarray of complex, shape (1 or B, N, M)
        G.
    sizes : ndarray, shape (B, N)
        |h_n| in the first half, |a_n| in the second.
    beams : ndarray of complex, shape (B, M)
        Of norm one, from `light_halves`.
    multipliers : ndarray, shape (B,)
        mu.
    even : ndarray of complex, shape (1 or B, M)
        Beams that bring most field onto the reflecting half.

    Returns
    -------
    weights : ndarray, shape (B, N)
        y in the reflecting half, 0 in the other.
    of_user : ndarray, shape (B,)
        B_T.
    """
    half = sizes.shape[1] // 2
    weights = np.zeros_like(sizes)
    of_user = np.full(len(sizes), np.inf)
    weights[:, half:] = scaled_weights(channels[:, half:], sizes[:, half:], beams, even)
    at = np.flatnonzero(multipliers > 0.0)
    if len(at):
        scale = np.ones((len(at), 2 * half))
        scale[:, :half] = multipliers[at, None]
        both = scaled_weights(channels if len(channels) == 1 else channels[at], scale * sizes[at], beams[at])
        weights[at, half:] = both[:, half:]
        of_user[at] = np.sum(both[:, :half] * sizes[at, :half] ** 2, axis=-1)
    return weights, of_user
