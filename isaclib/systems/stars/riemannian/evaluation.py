r"""The one smooth problem behind the Riemannian solver, compiled; `gradient` differentiates it.

Beams F on the unit sphere and the surface's coefficients (q_t,n, q_r,n) on S^3 (or on its torus
q_r = e^{j psi} cos phi, q_t = j e^{j psi} sin phi, where phases are coupled) are normalised free
numbers: x -> x / |x|. With S = G F, everything else is seen through a few rows,

    user u      y_u = h_u^T diag(q_t) S
    target t    w = a^T diag(q) S,  d_i = (da/di)^T diag(q) S,  i in {r, th}, scaled so that
                SPEB_t = (W_r J_th + W_th J_r) / (J_r J_th - J_rth^2)
    efim        J_i = |w|^2 + |u_i|^2,  J_rth = Re[u_r^H u_th],  u_i = d_i - w (w^H d_i) / |w|^2
    known-beta  J_i = |w|^2 + |d_i|^2 + X_i Re[j d_i^H w],  J_rth = 0

    sum         log sum_t SPEB_t
    worst       v, subject to v - log SPEB_t >= 0
    rate u      (log(1 + SINR_u) - log(1 + gamma)) / log(1 + gamma) >= 0
    light t     log |w|^2 - log of the least light >= 0
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np


class Problem(NamedTuple):
    """One realisation with given sensors, in normalised units.

    Attributes
    ----------
    channel : ndarray of complex, shape (N, M)
        G.
    user_rows : ndarray of complex, shape (U, N)
        h_u.
    target_rows : ndarray of complex, shape (T, 3, N)
        a and its derivatives, the latter divided by the square roots of what the sensors see of
        range and angle.
    noise : ndarray, shape (U,)
        Noise of the users for beams of unit power.
    weights, cross : ndarray, shape (T, 2)
        W and X.
    log_light : ndarray, shape (T,)
        log of the least |w|^2; -inf: none.
    log_rate : float
        log(1 + gamma).
    known : bool
        Known reflection: no information is lost to it.
    worst : bool
        The worst target counts; x ends with v.
    coupled : bool
        Coupled phases: two angles an element.
    transmitted : bool
        The targets share q_t with the users.
    """

    channel: np.ndarray
    user_rows: np.ndarray
    target_rows: np.ndarray
    noise: np.ndarray
    weights: np.ndarray
    cross: np.ndarray
    log_light: np.ndarray
    log_rate: float
    known: bool
    worst: bool
    coupled: bool
    transmitted: bool


class Work(NamedTuple):
    """What an evaluation leaves for its gradient and its reader.

    Attributes
    ----------
    beams : ndarray of complex, shape (M, K)
        F.
    transmission, reflection : ndarray of complex, shape (N,)
        q_t and q_r.
    norms : ndarray, shape (N + 1,)
        |x| of the coefficients of every element, then that of the beams.
    incident : ndarray of complex, shape (N, K)
        S.
    users : ndarray of complex, shape (U, K)
        y.
    targets : ndarray of complex, shape (T, 3, K)
        w, d_r, d_th.
    speb : ndarray, shape (T,)
        SPEB_t.
    constraint : ndarray, shape (U + T,) or (U + 2 T,)
        Rates, lights, then, where the worst target counts, v - log SPEB_t.
    pull_users, pull_targets, pull_incident : ndarray of complex
        Gradients with respect to y, to w and d, and to S.
    pull_transmission, pull_reflection : ndarray of complex, shape (N,)
        Gradients with respect to q_t and q_r.
    """

    beams: np.ndarray
    transmission: np.ndarray
    reflection: np.ndarray
    norms: np.ndarray
    incident: np.ndarray
    users: np.ndarray
    targets: np.ndarray
    speb: np.ndarray
    constraint: np.ndarray
    pull_users: np.ndarray
    pull_targets: np.ndarray
    pull_incident: np.ndarray
    pull_transmission: np.ndarray
    pull_reflection: np.ndarray


@numba.njit(cache=True)
def room(problem: Problem) -> Work:
    """Make the arrays of an evaluation."""
    elements, antennas = problem.channel.shape
    users, targets = len(problem.noise), len(problem.weights)
    beams = users + 1
    return Work(
        np.empty((antennas, beams), np.complex128),
        np.empty(elements, np.complex128),
        np.empty(elements, np.complex128),
        np.empty(elements + 1),
        np.empty((elements, beams), np.complex128),
        np.empty((users, beams), np.complex128),
        np.empty((targets, 3, beams), np.complex128),
        np.empty(targets),
        np.empty(users + (2 if problem.worst else 1) * targets),
        np.empty((users, beams), np.complex128),
        np.empty((targets, 3, beams), np.complex128),
        np.empty((elements, beams), np.complex128),
        np.empty(elements, np.complex128),
        np.empty(elements, np.complex128),
    )


@numba.njit(cache=True)
def expand(x: np.ndarray, problem: Problem, work: Work) -> None:
    """Take free numbers onto the manifold: beams (M, K), then 4 or 2 numbers an element."""
    antennas, beams = work.beams.shape
    first = 2 * antennas * beams
    norm = 0.0
    for i in range(first):
        norm += x[i] * x[i]
    norm = math.sqrt(norm)
    work.norms[-1] = norm
    for m in range(antennas):
        for k in range(beams):
            i = 2 * (m * beams + k)
            work.beams[m, k] = complex(x[i], x[i + 1]) / norm
    for n in range(len(work.transmission)):
        if problem.coupled:
            i = first + 2 * n
            turn = complex(math.cos(x[i]), math.sin(x[i]))
            work.reflection[n] = turn * math.cos(x[i + 1])
            work.transmission[n] = turn * complex(0.0, math.sin(x[i + 1]))
        else:
            i = first + 4 * n
            norm = math.sqrt(x[i] ** 2 + x[i + 1] ** 2 + x[i + 2] ** 2 + x[i + 3] ** 2)
            work.norms[n] = norm
            work.transmission[n] = complex(x[i], x[i + 1]) / norm
            work.reflection[n] = complex(x[i + 2], x[i + 3]) / norm


@numba.njit(cache=True)
def _see(problem: Problem, work: Work) -> None:
    """S, y, w and d."""
    elements, antennas = problem.channel.shape
    beams = work.beams.shape[1]
    users, targets = len(problem.noise), len(problem.weights)
    lit = work.transmission if problem.transmitted else work.reflection
    for u in range(users):
        for k in range(beams):
            work.users[u, k] = 0.0
    for t in range(targets):
        for i in range(3):
            for k in range(beams):
                work.targets[t, i, k] = 0.0
    for n in range(elements):
        for k in range(beams):
            s = 0.0j
            for m in range(antennas):
                s += problem.channel[n, m] * work.beams[m, k]
            work.incident[n, k] = s
            sent = work.transmission[n] * s
            for u in range(users):
                work.users[u, k] += problem.user_rows[u, n] * sent
            sent = lit[n] * s
            for t in range(targets):
                for i in range(3):
                    work.targets[t, i, k] += problem.target_rows[t, i, n] * sent


@numba.njit(cache=True)
def informations(problem: Problem, row: np.ndarray, target: int) -> tuple[float, float, float, complex, complex]:
    """J_r, J_th, J_rth of a target, and z_i = w^H d_i / |w|^2 (0 where the reflection is known)."""
    power = 1e-300
    range_along = 0.0j
    angle_along = 0.0j
    for k in range(row.shape[1]):
        back = row[0, k].conjugate()
        power += row[0, k].real ** 2 + row[0, k].imag ** 2
        range_along += back * row[1, k]
        angle_along += back * row[2, k]
    range_share = 0.0j if problem.known else range_along / power
    angle_share = 0.0j if problem.known else angle_along / power
    # off w itself: |d|^2 - |d^H w|^2 / |w|^2 of a single beam would be a rounding error
    in_range, in_angle, both = power, power, 0.0
    for k in range(row.shape[1]):
        of_range = row[1, k] - range_share * row[0, k]
        of_angle = row[2, k] - angle_share * row[0, k]
        in_range += of_range.real**2 + of_range.imag**2
        in_angle += of_angle.real**2 + of_angle.imag**2
        both += of_range.real * of_angle.real + of_range.imag * of_angle.imag
    # Re[j d^H w] = Im[w^H d]
    in_range += problem.cross[target, 0] * range_along.imag
    in_angle += problem.cross[target, 1] * angle_along.imag
    return in_range, in_angle, 0.0 if problem.known else both, range_share, angle_share


@numba.njit(cache=True)
def light_of(row: np.ndarray) -> float:
    """|w|^2 of a target."""
    power = 1e-300
    for k in range(row.shape[1]):
        power += row[0, k].real ** 2 + row[0, k].imag ** 2
    return power


@numba.njit(cache=True)
def received(problem: Problem, work: Work, user: int) -> tuple[float, float]:
    """Power a user receives with its noise, and the part that is none of its own."""
    rest = problem.noise[user]
    for k in range(work.users.shape[1]):
        if k != user:
            rest += work.users[user, k].real ** 2 + work.users[user, k].imag ** 2
    own = work.users[user, user]
    return rest + own.real**2 + own.imag**2, rest


@numba.njit(cache=True)
def forward(x: np.ndarray, problem: Problem, work: Work) -> float:
    """Evaluate objective and constraints at x.

    Parameters
    ----------
    x : ndarray, shape (2 M K + 4 N,) or (2 M K + 2 N,), one more where the worst target counts
        Free numbers.
    problem : Problem
        Data.
    work : Work
        Overwritten, `constraint` among it.

    Returns
    -------
    float
        log of the SPEB that counts, in m^2.
    """
    expand(x, problem, work)
    _see(problem, work)
    users, targets = len(problem.noise), len(problem.weights)
    scale = problem.log_rate if problem.log_rate > 0.0 else 1.0
    for u in range(users):
        total, rest = received(problem, work, u)
        work.constraint[u] = (math.log(total / rest) - problem.log_rate) / scale
    together = 0.0
    for t in range(targets):
        in_range, in_angle, both, _, _ = informations(problem, work.targets[t], t)
        speb = (problem.weights[t, 0] * in_angle + problem.weights[t, 1] * in_range) / (in_range * in_angle - both**2)
        work.speb[t] = speb
        together += speb
        work.constraint[users + t] = math.log(light_of(work.targets[t])) - problem.log_light[t]
        if problem.worst:
            work.constraint[users + targets + t] = x[-1] - math.log(speb)
    return x[-1] if problem.worst else math.log(together)
