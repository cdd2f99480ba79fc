"""Analytic gradient of `evaluation.forward`, compiled.

For z = x + j y a gradient is g = df/dx + j df/dy, so that df = Re[g^H dz]: through y = A z it goes
back as A^H g. Off w, u = d - w (w^H d) / |w|^2, that of |u|^2 is 2 u with respect to d and
-2 conj(w^H d / |w|^2) u with respect to w.
"""

from __future__ import annotations

import numba
import numpy as np

from isaclib.systems.stars.riemannian.evaluation import Problem, Work, informations, light_of, received


@numba.njit(cache=True)
def backward(
    x: np.ndarray, problem: Problem, work: Work, objective: float, weight: np.ndarray, gradient: np.ndarray
) -> None:
    """Differentiate `objective` times the objective less sum_i weight_i c_i, after `forward` at x.

    Parameters
    ----------
    x, problem, work
        As `forward` left them.
    objective : float
        Factor of the objective.
    weight : ndarray, shape of `work.constraint`
        Factors of the constraints.
    gradient : ndarray, shape of x
        Overwritten.
    """
    users, targets = len(problem.noise), len(problem.weights)
    _pull_rates(problem, work, weight)
    together = 0.0
    for t in range(targets):
        together += work.speb[t]
    if problem.worst:
        gradient[-1] = objective
    for t in range(targets):
        if problem.worst:
            gradient[-1] -= weight[users + targets + t]
            share = weight[users + targets + t] / work.speb[t]
        else:
            share = objective / together
        _pull_target(problem, work.targets[t], t, share, work.pull_targets[t])
        if weight[users + t] != 0.0:
            factor = 2.0 * weight[users + t] / light_of(work.targets[t])
            for k in range(work.beams.shape[1]):
                work.pull_targets[t, 0, k] -= factor * work.targets[t, 0, k]
    _pull_incident(problem, work)
    _pull_back(x, problem, work, gradient)


@numba.njit(cache=True)
def _pull_rates(problem: Problem, work: Work, weight: np.ndarray) -> None:
    scale = problem.log_rate if problem.log_rate > 0.0 else 1.0
    for u in range(len(problem.noise)):
        total, rest = received(problem, work, u)
        for k in range(work.users.shape[1]):
            slope = 1.0 / total - (0.0 if k == u else 1.0 / rest)
            work.pull_users[u, k] = (-2.0 * weight[u] * slope / scale) * work.users[u, k]


@numba.njit(cache=True)
def _pull_target(problem: Problem, row: np.ndarray, target: int, share: float, pull: np.ndarray) -> None:
    """Gradient of share times SPEB_t with respect to w and d."""
    in_range, in_angle, both, range_share, angle_share = informations(problem, row, target)
    of_range, of_angle = problem.weights[target, 0], problem.weights[target, 1]
    share /= in_range * in_angle - both**2
    speb = (of_range * in_angle + of_angle * in_range) / (in_range * in_angle - both**2)
    by_range = share * (of_angle - speb * in_angle)
    by_angle = share * (of_range - speb * in_range)
    by_both = 0.0 if problem.known else share * 2.0 * speb * both
    range_cross, angle_cross = problem.cross[target, 0] * 1j, problem.cross[target, 1] * 1j
    for k in range(row.shape[1]):
        w = row[0, k]
        u_range, u_angle = row[1, k] - range_share * w, row[2, k] - angle_share * w
        pull_range = 2.0 * by_range * u_range + by_both * u_angle
        pull_angle = 2.0 * by_angle * u_angle + by_both * u_range
        pull[0, k] = 2.0 * (by_range + by_angle) * w
        pull[0, k] -= range_share.conjugate() * pull_range + angle_share.conjugate() * pull_angle
        pull[0, k] -= by_range * range_cross * row[1, k] + by_angle * angle_cross * row[2, k]
        pull[1, k] = pull_range + by_range * range_cross * w
        pull[2, k] = pull_angle + by_angle * angle_cross * w


@numba.njit(cache=True)
def _pull_incident(problem: Problem, work: Work) -> None:
    """From y, w and d back to S, q_t and q_r."""
    beams = work.beams.shape[1]
    lit = work.transmission if problem.transmitted else work.reflection
    for n in range(len(work.transmission)):
        of_users = 0.0j
        of_targets = 0.0j
        for k in range(beams):
            user = 0.0j
            for u in range(len(problem.noise)):
                user += problem.user_rows[u, n].conjugate() * work.pull_users[u, k]
            target = 0.0j
            for t in range(len(problem.weights)):
                for i in range(3):
                    target += problem.target_rows[t, i, n].conjugate() * work.pull_targets[t, i, k]
            work.pull_incident[n, k] = work.transmission[n].conjugate() * user + lit[n].conjugate() * target
            back = work.incident[n, k].conjugate()
            of_users += back * user
            of_targets += back * target
        if problem.transmitted:
            work.pull_transmission[n], work.pull_reflection[n] = of_users + of_targets, 0.0
        else:
            work.pull_transmission[n], work.pull_reflection[n] = of_users, of_targets


@numba.njit(cache=True)
def _pull_back(x: np.ndarray, problem: Problem, work: Work, gradient: np.ndarray) -> None:
    """From S, q_t and q_r back to the free numbers."""
    elements, antennas = problem.channel.shape
    beams = work.beams.shape[1]
    first = 2 * antennas * beams
    along = 0.0
    for m in range(antennas):
        for k in range(beams):
            pull = 0.0j
            for n in range(elements):
                pull += problem.channel[n, m].conjugate() * work.pull_incident[n, k]
            i = 2 * (m * beams + k)
            gradient[i], gradient[i + 1] = pull.real, pull.imag
            along += pull.real * work.beams[m, k].real + pull.imag * work.beams[m, k].imag
    for m in range(antennas):
        for k in range(beams):
            i = 2 * (m * beams + k)
            gradient[i] = (gradient[i] - along * work.beams[m, k].real) / work.norms[-1]
            gradient[i + 1] = (gradient[i + 1] - along * work.beams[m, k].imag) / work.norms[-1]
    for n in range(elements):
        t, r = work.transmission[n], work.reflection[n]
        of_t, of_r = work.pull_transmission[n], work.pull_reflection[n]
        if problem.coupled:
            i = first + 2 * n
            # d q_r / d phi = j q_t, d q_t / d phi = j q_r
            gradient[i] = _inner(of_t, 1j * t) + _inner(of_r, 1j * r)
            gradient[i + 1] = _inner(of_t, 1j * r) + _inner(of_r, 1j * t)
        else:
            i = first + 4 * n
            along = _inner(of_t, t) + _inner(of_r, r)
            of_t, of_r = (of_t - along * t) / work.norms[n], (of_r - along * r) / work.norms[n]
            gradient[i], gradient[i + 1] = of_t.real, of_t.imag
            gradient[i + 2], gradient[i + 3] = of_r.real, of_r.imag


@numba.njit(cache=True)
def _inner(a: complex, b: complex) -> float:
    return a.real * b.real + a.imag * b.imag
