"""Beams from covariances: rates restored, costs measured, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.hybrid.smooth import objective_of

RATE_SLIP = 1e-7
"""Rate in nat that beams may miss: a seventh of what acceptance allows."""

ATTEMPTS = 200
"""Rounds in which missing rates are made up: each costs far less than what a descent would take for it."""


@numba.njit(cache=True)
def restore_rates(channels: np.ndarray, noise: np.ndarray, gamma: np.ndarray, beams: np.ndarray) -> float:
    """Scale beams to unit power and make up missing rates along zero-forcing directions.

    An increment along a zero-forcing direction disturbs no other user.

    Parameters
    ----------
    channels : ndarray of complex, shape (dim, K)
        Channels in the coordinates of the beams.
    noise, gamma : ndarray, shape (K,)
        Normalised noise and SINR thresholds.
    beams : ndarray of complex, shape (dim, K)
        Overwritten.

    Returns
    -------
    float
        Smallest log(1 + SINR_k) - log(1 + Gamma_k).
    """
    size, users = channels.shape
    adjoint = np.ascontiguousarray(channels.conj().T)
    gram = adjoint @ channels
    for k in range(users):
        gram[k, k] += 1e-15
    zero_forcing = channels @ np.linalg.inv(gram)
    margin = -np.inf
    for attempt in range(ATTEMPTS):
        norm = 0.0
        for i in range(size):
            for k in range(users):
                norm += beams[i, k].real ** 2 + beams[i, k].imag ** 2
        norm = 1.0 / math.sqrt(norm)
        for i in range(size):
            for k in range(users):
                beams[i, k] *= norm
        seen = adjoint @ beams
        margin = np.inf
        rests = np.empty(users)
        for k in range(users):
            rests[k] = noise[k]
            for j in range(users):
                if j != k:
                    rests[k] += seen[k, j].real ** 2 + seen[k, j].imag ** 2
            own = abs(seen[k, k])
            margin = min(margin, math.log(1.0 + own * own / rests[k]) - math.log(1.0 + gamma[k]))
        if margin >= 0.0 or attempt == ATTEMPTS - 1:
            break
        for k in range(users):
            own = abs(seen[k, k])
            needed = math.sqrt(gamma[k] * rests[k]) * (1.0 + 1e-10)
            if 0.0 < own < needed:
                for i in range(size):
                    beams[i, k] += zero_forcing[i, k] * ((needed - own) / own) * seen[k, k]
    return margin


@numba.njit(cache=True)
def beam_cost(vectors: np.ndarray, cost: np.ndarray, beams: np.ndarray) -> tuple[float, float]:
    """tr(C M^-1) and q of beams (dim, K) of unit power."""
    seen = np.ascontiguousarray(vectors[:, :3].conj().T) @ beams
    return math.exp(objective_of(seen, cost, False)), math.exp(-objective_of(seen, cost, True))


@numba.njit(cache=True)
def rank_one(
    vectors: np.ndarray, noise: np.ndarray, gamma: np.ndarray, inverses: np.ndarray, beams: np.ndarray
) -> float:
    """Write beams R_k g_k / (g_k^H R_k g_k)^1/2 with rates restored; return the rate margin.

    w_k w_k^H <= R_k, so that the rates hold as they do for R_k, up to rounding.
    """
    size, n_basis = vectors.shape
    users = n_basis - 3
    channels = np.ascontiguousarray(vectors[:, 3:])
    for k in range(users):
        gain = 0.0
        for i in range(size):
            t = 0.0j
            for j in range(size):
                t += inverses[k, i, j] * channels[j, k]
            beams[i, k] = t
            gain += (channels[i, k].conjugate() * t).real
        for i in range(size):
            beams[i, k] /= math.sqrt(gain)
    return restore_rates(channels, noise, gamma, beams)
