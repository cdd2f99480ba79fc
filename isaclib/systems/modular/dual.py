"""The dual of spectral efficiency under a power limit and one quadratic constraint, compiled.

    max log det(I + H R H^H)   s.t.  tr R <= P,  tr(A R) >= c,  rank R <= N_s,

with A = sum_q d_q a_q a_q^H and one positive d. With multipliers (lambda, nu), mu = nu / lambda and
T = I - mu A >= 0, the two constraints imply the single one tr(T R) <= P - mu c, under which the best R is
water-filling over the N_s largest eigenvalues of

    K(mu) = H T^-1 H^H = H H^H + sum_j h_j h_j^H (1 / (1 - mu l_j) - 1),

(l_j, u_j) the eigenpairs of A and h_j = H u_j: a matrix of the size of the user's array. Its capacity
is an upper bound for every mu (weak duality, also of the rank-constrained problem) and quasi-convex
in mu; the sign of its slope is that of tr(A R) - c. A root search in log z, z = 1 / (1 - mu l_1),
ends where tr(A R) = c: there R is feasible and attains the bound.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.gram_schmidt import gram_schmidt
from isaclib.systems.modular.multiplier import search


@numba.njit(cache=True)
def eigenpairs(steering: np.ndarray, signed: np.ndarray, levels: np.ndarray, axes: np.ndarray) -> None:
    """Eigenpairs of A = sum_q d_q a_q a_q^H on the span of the a_q, largest first.

    Parameters
    ----------
    steering : ndarray of complex, shape (Q, n)
        a_q in row q.
    signed : ndarray, shape (Q,)
        d_q.
    levels : ndarray, shape (Q,)
        l_j, written; zeros among them where the a_q depend on each other.
    axes : ndarray of complex, shape (Q, n)
        u_j in row j, written; those of the zeros need not be of norm one.
    """
    objects = len(signed)
    basis = np.empty_like(steering)
    upper = np.empty((objects, objects), np.complex128)
    gram_schmidt(steering, basis, upper)
    inner = np.zeros((objects, objects), np.complex128)
    for i in range(objects):
        for j in range(objects):
            for q in range(max(i, j), objects):
                inner[i, j] += upper[i, q] * signed[q] * upper[j, q].conjugate()
    values, turns = np.linalg.eigh(inner)
    for j in range(objects):
        levels[j] = values[objects - 1 - j]
    axes[:, :] = np.ascontiguousarray(turns[:, ::-1].T) @ basis


@numba.njit(cache=True)
def solve(
    channel: np.ndarray,
    steering: np.ndarray,
    signed: np.ndarray,
    needed: float,
    power: float,
    beams: np.ndarray,
) -> tuple[float, float, int]:
    """Solve one problem.

    Parameters
    ----------
    channel : ndarray of complex, shape (N_u, n)
        H in units of the noise amplitude.
    steering : ndarray of complex, shape (Q, n)
        a_q in row q.
    signed : ndarray, shape (Q,)
        d_q.
    needed : float
        c, above 0.
    power : float
        P.
    beams : ndarray of complex, shape (n, N_s)
        F with R = F F^H, written where the constraint can be met.

    Returns
    -------
    bound, reach, evaluations
        Upper bound in nat, NaN where the constraint cannot be met; l_1 P / c, below one just there;
        evaluations of the dual.
    """
    streams = beams.shape[1]
    users = len(channel)
    levels = np.empty(len(signed))
    axes = np.empty_like(steering)
    eigenpairs(steering, signed, levels, axes)
    reach = levels[0] * power / needed
    if not reach >= 1.0:
        return math.nan, reach, 0
    adjoint = np.ascontiguousarray(channel.conj().T)
    heard = channel @ np.ascontiguousarray(axes.T)
    weights = np.empty((users, streams), np.complex128)
    loads = np.empty(streams)
    factors = np.empty(len(levels))
    bound, evaluations = search(channel @ adjoint, heard, levels, needed, power, factors, weights, loads)
    # F = T^-1 H^H W diag(p / g)^1/2
    for i in range(streams):
        scale = math.sqrt(loads[i])
        for a in range(users):
            weights[a, i] *= scale
    along = np.ascontiguousarray(heard.conj().T) @ weights
    for j in range(len(levels)):
        for i in range(streams):
            along[j, i] *= factors[j] - 1.0
    beams[:, :] = adjoint @ weights + np.ascontiguousarray(axes.T) @ along
    _complete(axes, levels, needed, power, beams)
    return bound, reach, evaluations


@numba.njit(cache=True)
def _complete(axes: np.ndarray, levels: np.ndarray, needed: float, power: float, beams: np.ndarray) -> None:
    """Bring F to full power and tr(A R) to c where the channel does not see the best direction.

    There T^-1 does not act on u_1: what is missing of c is put on it, which disturbs no rate.
    """
    size, streams = beams.shape
    seen = axes.conj() @ beams
    received = 0.0
    total = 0.0
    for i in range(streams):
        for j in range(len(levels)):
            received += levels[j] * (seen[j, i].real ** 2 + seen[j, i].imag ** 2)
        for n in range(size):
            total += beams[n, i].real ** 2 + beams[n, i].imag ** 2
    if received < needed * (1.0 - 1e-9):
        # along the stream with most on u_1, in phase with it
        stream = 0
        for i in range(streams):
            if abs(seen[0, i]) > abs(seen[0, stream]):
                stream = i
        there = abs(seen[0, stream])
        turn = seen[0, stream] / there if there > 0.0 else 1.0 + 0.0j
        more = math.sqrt(there * there + (needed - received) / levels[0]) - there
        for n in range(size):
            beams[n, stream] += more * turn * axes[0, n]
        total += more * (more + 2.0 * there)
    scale = math.sqrt(power / total) if total > 0.0 else 0.0
    for n in range(size):
        for i in range(streams):
            beams[n, i] *= scale


@numba.njit(cache=True)
def solve_many(
    channel: np.ndarray,
    steering: np.ndarray,
    signed: np.ndarray,
    needed: np.ndarray,
    power: float,
    beams: np.ndarray,
    bound: np.ndarray,
    reach: np.ndarray,
    evaluations: np.ndarray,
) -> None:
    """Run `solve` on a batch: a leading axis B everywhere, results written."""
    for b in range(len(channel)):
        bound[b], reach[b], evaluations[b] = solve(
            np.ascontiguousarray(channel[b]), np.ascontiguousarray(steering[b]), signed[b], needed[b], power, beams[b]
        )
