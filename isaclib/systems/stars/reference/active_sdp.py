r"""Active beamforming by the semidefinite program (43), (44), and the rank-one recovery of Proposition 4.

In units of the power, R_u the covariance of user u's beam, R_s of sensing, R their sum:

    min sum_i l_i / mu_i   s.t.  J_ii(R) >= mu_i,   tr(R) <= 1,
    (1 + gamma) tr(R_u c_u c_u^H) - gamma tr(R c_u c_u^H) >= gamma sigma^2 / P.

With an unknown reflection J_ii(R) >= mu_i is, by the Schur complement, the linear matrix inequality

    [[own_i p00 + rest p_ii - mu_i, rest p_i0], [rest p_0i, rest p00]] >= 0.

Nothing outside of the span of the c_u and of what lights the targets counts: R lives in U + 3 T
dimensions, or M where that is less.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from isaclib.numerics.conic import ConicStatus, HermitianCoordinates, principal_factor, solve
from isaclib.systems.stars import information
from isaclib.systems.stars.reference.forms import BESIDES, UNLIT, Demand, Scales, channel_of, product, shares
from isaclib.systems.stars.scenario import Scenario

DEPENDENT = 1e-9
"""Directions with less than this share of the largest are left out of the span."""

SOLVER = "CLARABEL"
"""Programs of a few dimensions: milliseconds, and more accurate than first-order solvers where users interfere."""


@dataclass(frozen=True)
class Solution:
    """What the program gave.

    Attributes
    ----------
    beams : ndarray of complex, shape (M, U + 1), or None
        At full power; None where it has no solution.
    status : ConicStatus
        How the conic solver ended.
    covariance : ndarray of complex, shape (M, M), or None
        R before the recovery.
    """

    beams: np.ndarray | None
    status: ConicStatus
    covariance: np.ndarray | None = None


def best_beams(
    one: Scenario,
    active: np.ndarray,
    reflection: np.ndarray,
    transmission: np.ndarray,
    scales: Scales,
    *,
    reach: bool = False,
) -> Solution:
    """Solve (44) for given coefficients and sensors, and recover beams.

    Parameters
    ----------
    one : Scenario
        A single realisation.
    active : ndarray of complex, shape (M, U + 1)
        Beams so far, which the program is scaled by.
    reflection, transmission : ndarray of complex, shape (N,)
        q_r and q_t.
    scales : Scales
        Of the sensors.
    reach : bool
        Raise the SINR of the worst user from what it has, before all else.

    Returns
    -------
    Solution
    """
    p = one.parameters
    channel = channel_of(one)
    lit = transmission if p.target_side == "transmission" else reflection
    users = np.conj((one.user_channel[0] * transmission) @ channel)
    response = np.conj((one.of_targets(one.target_response)[0] * lit) @ channel)
    gradient = np.conj(np.moveaxis(one.target_gradient[0], -1, -2) * lit @ channel)
    basis = _span(np.concatenate([users, response, gradient.reshape(-1, p.bs_antennas)]))
    seen_by_users = users @ np.conj(basis)
    seen = response @ np.conj(basis), gradient @ np.conj(basis)
    light = information.illuminate(one, active[None], lit[None])
    current = scales.information(light, p.bound)
    program = _program(basis.shape[1], p.users, p.targets, p.bound == "efim", p.speb_of_targets == "worst", reach)
    largest = p.power_w * np.sum(np.abs(users) ** 2, axis=-1)
    demand = Demand.of(one, np.conj(users) @ active, largest, reach=reach)
    covariances, status = program.solve(one, seen_by_users, demand, *seen, scales, light, current)
    if covariances is None:
        return Solution(None, status)
    beams = recovered(covariances, seen_by_users)
    size = np.linalg.norm(beams)
    if not size > 0.0:
        return Solution(None, status)
    total = basis @ covariances.sum(axis=0) @ np.conj(basis.T)
    # more power for all beams at once harms nothing
    return Solution(np.sqrt(p.power_w) / size * (basis @ beams), status, p.power_w * total)


def _span(rows: np.ndarray) -> np.ndarray:
    """Orthonormal basis (M, k) of the span of rows (R, M)."""
    sizes = np.linalg.norm(rows, axis=-1, keepdims=True)
    vectors, values, _ = np.linalg.svd((rows / np.where(sizes > 0.0, sizes, 1.0)).T, full_matrices=False)
    return vectors[:, values > DEPENDENT * values[0]]


def recovered(covariances: np.ndarray, users: np.ndarray) -> np.ndarray:
    """Proposition 4: w_u = R h_u / sqrt(h_u^H R h_u), what it leaves of R goes to the next user and to sensing.

    R_u of a user takes what sensing has left with it: R - w_u w_u^H is positive semidefinite and
    h_u^H (R - w_u w_u^H) h_u = 0. The sum of the covariances is kept, and with it the SPEB, and no
    user has less SINR than before. Of what sensing is left with the largest eigenpair is kept: all
    of it where it has rank one.

    Parameters
    ----------
    covariances : ndarray of complex, shape (U + 1, n, n)
        R_u of the users and R_s.
    users : ndarray of complex, shape (U, n)
        h_u: user u receives h_u^H x.

    Returns
    -------
    ndarray of complex, shape (n, U + 1)
    """
    rest = covariances[-1]
    beams = []
    for covariance, user in zip(covariances[:-1], users, strict=True):
        total = covariance + rest
        along = total @ user
        received = np.vdot(user, along).real
        beam = along / np.sqrt(received) if received > 0.0 else np.zeros_like(along)
        beams.append(beam)
        rest = total - np.outer(beam, np.conj(beam))
    return np.column_stack([*beams, principal_factor(rest)])


class _Program:
    """Problem (44) in real coordinates of the covariances, compiled once for its shape.

    Informations mu are counted in what the last beams have, so are their parts of the cost.
    """

    def __init__(self, size: int, users: int, targets: int, schur: bool, worst: bool, reach: bool) -> None:
        import cvxpy as cp

        self._coordinates = HermitianCoordinates(size)
        self._pair = HermitianCoordinates(2)
        self._parts = [cp.Variable(size * size) for _ in range(users + 1)]
        total = sum(self._parts[1:], start=self._parts[0])
        self._own, self._all = (cp.Parameter((users, size * size)) for _ in range(2))
        self._needed = cp.Parameter(users, nonneg=True)
        self._schur, self._reach = schur, reach
        cones = [self._coordinates.embedding(part) >> 0 for part in self._parts]
        margins = [self._own[u] @ self._parts[u] - self._all[u] @ total for u in range(users)]
        cones.append(cp.sum([cp.sum(part[:size]) for part in self._parts]) <= 1.0)
        if reach:
            slack, self._slack = cp.Variable(), cp.Parameter(users, nonneg=True)
            cones += [margins[u] >= self._needed[u] + self._slack[u] * slack for u in range(users)]
            self._light, self._most = cp.Parameter(size * size), cp.Parameter()
            self._problem = cp.Problem(
                cp.Maximize(slack + BESIDES * (self._light @ total)), [*cones, slack <= self._most]
            )
            return
        cones += [margins[u] >= self._needed[u] for u in range(users)]
        count = 2 * targets
        mu = cp.Variable(count)
        self._weights = cp.Parameter(count, nonneg=True)
        self._direct = cp.Parameter((count, size * size))
        direct = self._direct @ total - mu
        if schur:
            # coordinates of the 2 x 2 matrix: its diagonal, then the entry beside it
            self._below = cp.Parameter((count, size * size))
            self._real, self._imag = (cp.Parameter((count, size * size)) for _ in range(2))
            below, real, imag = self._below @ total, self._real @ total, self._imag @ total
            for i in range(count):
                cones.append(self._pair.embedding(cp.hstack([direct[i], below[i], real[i], imag[i]])) >> 0)
        else:
            cones.append(direct >= 0.0)
        errors = cp.reshape(cp.multiply(self._weights, cp.inv_pos(mu)), (targets, 2), order="C")
        error = cp.max(cp.sum(errors, axis=1)) if worst else cp.sum(errors)
        self._problem = cp.Problem(cp.Minimize(error), cones)

    def solve(
        self,
        one: Scenario,
        users: np.ndarray,
        demand: Demand,
        response: np.ndarray,
        gradient: np.ndarray,
        scales: Scales,
        light: information.Illumination,
        current: np.ndarray,
    ) -> tuple[np.ndarray | None, ConicStatus]:
        p = one.parameters
        to = self._coordinates.coordinates
        share = demand.sinr / (1.0 + demand.sinr)
        sizes = np.maximum(np.sum(np.abs(users) ** 2, axis=-1), np.finfo(float).tiny)
        heard = to(product(users[:, None], users[:, None]) / sizes[:, None, None])
        self._own.value, self._all.value = heard, share * heard
        self._needed.value = share * p.noise_w / (p.power_w * sizes)
        if self._reach:
            self._slack.value, self._most.value = demand.slack / (p.power_w * sizes * (1.0 + demand.sinr)), demand.most
            norms = np.maximum(np.sum(np.abs(response) ** 2, axis=-1, keepdims=True), np.finfo(float).tiny)
            self._light.value = to(product(response / norms, response)) / p.targets
        else:
            self._fill(p.power_w, response, gradient, scales, light, current)
        status = solve(self._problem, SOLVER)
        values = [part.value for part in self._parts]
        if not status.has_solution or any(value is None for value in values):
            return None, status
        return np.stack([_projected(self._coordinates.matrix(np.asarray(value))) for value in values]), status

    def _fill(
        self,
        power_w: float,
        response: np.ndarray,
        gradient: np.ndarray,
        scales: Scales,
        light: information.Illumination,
        current: np.ndarray,
    ) -> None:
        to = self._coordinates.coordinates
        norms = np.sum(np.abs(response) ** 2, axis=-1)
        units = np.maximum(current, UNLIT * scales.own * power_w * norms[:, None])
        self._weights.value = shares(scales.lever / units).ravel()
        over = (power_w / units)[..., None, None]
        if not self._schur:
            self._direct.value = to(over * scales.linear(response[:, None], gradient[:, :, None])).reshape(
                units.size, -1
            )
            return
        # p_ii - |p_i0|^2 / p00 does not change when a multiple of the response is taken off its
        # gradient: without it the two cancel to rounding
        along = np.sum(np.conj(light.waveform[0])[..., None] * light.gradient[0], axis=-2) / np.maximum(
            light.power[0][:, None], np.finfo(float).tiny
        )
        aside = gradient - np.conj(along)[..., None] * response[:, None]
        lit = product(response[:, None], response[:, None])[:, None]
        rest = scales.rest[:, None, None, None]
        own = scales.own[..., None, None] * lit + rest * product(aside[:, :, None], aside[:, :, None])
        below = power_w * scales.rest * norms
        beside = rest * power_w / np.sqrt(units * below[:, None])[..., None, None]
        beside = beside * product(response[:, None, None], aside[:, :, None])
        count = units.size
        self._direct.value = to(over * own).reshape(count, -1)
        self._below.value = np.repeat(to(lit[:, 0] / norms[:, None, None]), 2, axis=0)
        # the coordinates of an entry beside the diagonal are sqrt(2) times its parts
        self._real.value = np.sqrt(2.0) * to(beside).reshape(count, -1)
        self._imag.value = np.sqrt(2.0) * to(-1j * beside).reshape(count, -1)


def _projected(matrix: np.ndarray) -> np.ndarray:
    """Nearest positive semidefinite matrix: conic solvers leave eigenvalues a little below zero."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 0.0)) @ np.conj(vectors.T)


@lru_cache(maxsize=32)
def _program(size: int, users: int, targets: int, schur: bool, worst: bool, reach: bool) -> _Program:
    return _Program(size, users, targets, schur, worst, reach)
