r"""Passive beamforming by the lifted program (50): Q_t, Q_r with a penalty on what exceeds rank one.

    max  g(Q) - 1 / (eta N) sum_s (|Q_s|_* - u_s^H Q_s u_s)
    s.t. diag(Q_t) + diag(Q_r) = 1,  tr(Q_t (Z_u - gamma sum_{k != u} Z_k)) >= gamma sigma^2,  Q_s >= 0,

u_s the largest eigenvector of the last Q_s, by which the spectral norm in the penalty is linearised
(49). g is linear in p00: for one target p00 itself, for several the errors that go as 1 / p00. The
Schur complement of the information would reward ranks above one with information that no
coefficients have; with a known reflection the informations are linear in Q and are taken as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from isaclib.numerics.conic import ConicStatus, HermitianCoordinates, principal_factor, solve
from isaclib.systems.stars import information
from isaclib.systems.stars.reference.forms import BESIDES, UNLIT, Demand, Scales, channel_of, product, shares
from isaclib.systems.stars.scenario import Scenario


@dataclass(frozen=True)
class Solution:
    """What the program gave.

    Attributes
    ----------
    reflection, transmission : ndarray of complex, shape (N,), or None
        Principal factors of Q_r and Q_t, brought to |q_r|^2 + |q_t|^2 = 1; None where it has no
        solution.
    excess : float
        sum_s (|Q_s|_* - |Q_s|_2) / N: zero where both have rank one.
    status : ConicStatus
        How the conic solver ended.
    """

    reflection: np.ndarray | None
    transmission: np.ndarray | None
    excess: float
    status: ConicStatus


def best_coefficients(
    one: Scenario,
    active: np.ndarray,
    reflection: np.ndarray,
    transmission: np.ndarray,
    scales: Scales,
    penalty: float,
    solver: str,
    *,
    reach: bool = False,
) -> Solution:
    """Solve (50) for given beams and sensors.

    Parameters
    ----------
    one : Scenario
        A single realisation.
    active : ndarray of complex, shape (M, U + 1)
        F.
    reflection, transmission : ndarray of complex, shape (N,)
        Coefficients so far, about which the penalty is linearised.
    scales : Scales
        Of the sensors.
    penalty : float
        eta.
    solver : str
        One of `isaclib.numerics.conic.CONIC_SOLVERS`.
    reach : bool
        Raise the SINR of the worst user from what it has, before all else.

    Returns
    -------
    Solution
    """
    p = one.parameters
    incident = channel_of(one) @ active
    # amplitude of beam k at user u is z^H q_t, z = (h_u G f_k)^*
    users = np.conj(one.user_channel[0][:, None] * incident.T)
    response = np.conj(one.of_targets(one.target_response)[0][:, None] * incident.T)
    gradient = np.conj(np.moveaxis(one.target_gradient[0], -1, -2)[:, :, None] * incident.T)
    lit = transmission if p.target_side == "transmission" else reflection
    light = information.illuminate(one, active[None], lit[None])
    current = scales.information(light, p.bound)
    power = product(response, response)
    most = UNLIT * p.star_elements * np.trace(power, axis1=-2, axis2=-1).real[:, None]
    if p.bound == "known-beta":
        forms, units = scales.linear(response, gradient), np.maximum(current, scales.own * most)
        errors = scales.lever / units
    else:
        forms, units = power[:, None], np.maximum(light.power[0][:, None], most)
        errors = np.sum(scales.lever / scales.own, axis=-1, keepdims=True) / units
    forms = forms / units[..., None, None]
    weights = shares(errors)
    program = _program(
        p.star_elements, p.users, *weights.shape, p.target_side == "reflection", p.speb_of_targets == "worst", reach
    )
    largest = np.sum(np.abs(np.diagonal(users).T), axis=-1) ** 2
    demand = Demand.of(one, np.sum(np.conj(users) * transmission, axis=-1), largest, reach=reach)
    return program.solve(one, users, demand, forms, weights, (reflection, transmission), penalty, solver)


class _Program:
    """Problem (50) in real coordinates of Q_r and Q_t, compiled once for its shape."""

    def __init__(
        self, elements: int, users: int, targets: int, parts: int, reflecting: bool, worst: bool, reach: bool
    ) -> None:
        import cvxpy as cp

        n = elements
        self._coordinates, self._reach = HermitianCoordinates(n), reach
        self._sides = [cp.Variable(n * n) for _ in range(2)]
        reflection, transmission = self._sides
        self._axes = [cp.Parameter(n * n) for _ in range(2)]
        self._heard, self._needed = cp.Parameter((users, n * n)), cp.Parameter(users, nonneg=True)
        cones = [self._coordinates.embedding(side) >> 0 for side in self._sides]
        cones.append(reflection[:n] + transmission[:n] == 1.0)
        # the nuclear norms add up to N, whatever the shares of the sides
        kept = sum(axis @ side for axis, side in zip(self._axes, self._sides, strict=True))
        margins = self._heard @ transmission
        if reach:
            slack, self._slack = cp.Variable(), cp.Parameter(users, nonneg=True)
            self._light, self._most = cp.Parameter(n * n), cp.Parameter()
            cones += [margins >= self._needed + self._slack * slack, slack <= self._most]
            lit = self._light @ (reflection if reflecting else transmission)
            self._problem = cp.Problem(cp.Maximize(slack + BESIDES * lit + kept), cones)
            return
        cones.append(margins >= self._needed)
        self._forms = cp.Parameter((targets * parts, n * n))
        self._weights = cp.Parameter(targets * parts, nonneg=True)
        lit = self._forms @ (reflection if reflecting else transmission)
        if targets * parts == 1:
            gain = lit[0]
        else:
            errors = cp.reshape(cp.multiply(self._weights, cp.inv_pos(lit)), (targets, parts), order="C")
            gain = -(cp.max(cp.sum(errors, axis=1)) if worst else cp.sum(errors))
        self._problem = cp.Problem(cp.Maximize(gain + kept), cones)

    def solve(
        self,
        one: Scenario,
        users: np.ndarray,
        demand: Demand,
        forms: np.ndarray,
        weights: np.ndarray,
        last: tuple[np.ndarray, np.ndarray],
        penalty: float,
        solver: str,
    ) -> Solution:
        p = one.parameters
        n = p.star_elements
        to = self._coordinates.coordinates
        heard = np.empty((p.users, n, n), dtype=complex)
        sizes = np.empty(p.users)
        for u, amplitudes in enumerate(users):
            wanted, others = amplitudes[u], np.delete(amplitudes, u, axis=0)
            sizes[u] = max(np.sum(np.abs(wanted)) ** 2, np.finfo(float).tiny)
            heard[u] = (np.outer(wanted, np.conj(wanted)) - demand.sinr * product(others, others)) / sizes[u]
        self._heard.value, self._needed.value = to(heard), demand.sinr * p.noise_w / sizes
        if self._reach:
            self._slack.value, self._most.value = demand.slack / sizes, demand.most
            sizes = np.maximum(np.trace(forms, axis1=-2, axis2=-1).real, np.finfo(float).tiny)
            self._light.value = np.mean(to(forms) / (n * sizes[..., None]), axis=(0, 1))
        else:
            self._forms.value, self._weights.value = to(forms).reshape(weights.size, -1), weights.ravel()
        for axis, side in zip(self._axes, last, strict=True):
            # a side that nobody is on may be left without any of the surface
            size = np.linalg.norm(side)
            axis.value = to(np.outer(side, np.conj(side))) / (penalty * n * (size**2 if size > 0.0 else 1.0))
        status = solve(self._problem, solver)
        values = [side.value for side in self._sides]
        if not status.has_solution or any(value is None for value in values):
            return Solution(None, None, np.inf, status)
        lifted = [self._coordinates.matrix(np.asarray(value)) for value in values]
        factors = np.stack([principal_factor(matrix) for matrix in lifted])
        excess = sum(np.trace(matrix).real for matrix in lifted) - np.sum(np.abs(factors) ** 2)
        reflection, transmission = _conserving(factors)
        return Solution(reflection, transmission, float(max(excess, 0.0)) / n, status)


def _conserving(factors: np.ndarray) -> np.ndarray:
    """Scale q_r and q_t, shape (2, N), to |q_r|^2 + |q_t|^2 = 1 at every element."""
    sizes = np.sqrt(np.sum(np.abs(factors) ** 2, axis=0))
    factors = np.where(sizes > 0.0, factors / np.where(sizes > 0.0, sizes, 1.0), np.array([[1.0], [0.0]]))
    return factors / np.sqrt(np.sum(np.abs(factors) ** 2, axis=0))


@lru_cache(maxsize=16)
def _program(
    elements: int, users: int, targets: int, parts: int, reflecting: bool, worst: bool, reach: bool
) -> _Program:
    return _Program(elements, users, targets, parts, reflecting, worst, reach)
