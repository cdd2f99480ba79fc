"""Problem (22) of one realisation behind the analog beamformer of Theorem 1, in units of the power.

    max log det(I + H X X^H H^H)   s.t.  tr(X^H A_t X) >= 1 for every target t,  |X|_F = 1,

X (n, N_s) the beamformers in orthonormal coordinates behind F_A, A_t = (P / c_t) (om_tt a_t a_t^H -
Gam sum_{q != t} om_tq a_q a_q^H), c_t = Gam sigma_s^2 |w_t|^2. Full power harms neither side of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from isaclib.systems.modular.analog import Analog
from isaclib.systems.modular.scenario import Scenario

DEPENDENT = 1e-9
"""Directions with less than this share of the largest are left out of a span."""


def adjoint(matrices: np.ndarray) -> np.ndarray:
    """Conjugate transpose of matrices (..., m, n)."""
    return np.conj(np.swapaxes(matrices, -1, -2))


def principal_factor(covariances: np.ndarray, streams: int) -> np.ndarray:
    """X of the N_s largest eigenpairs, X X^H the best approximation of covariances of that rank.

    Parameters
    ----------
    covariances : ndarray of complex, shape (..., n, n)
        Hermitian; eigenvalues below zero are taken for zero.
    streams : int
        N_s; where it is above n, the first columns are zero.

    Returns
    -------
    ndarray of complex, shape (..., n, N_s)
    """
    values, vectors = np.linalg.eigh(covariances)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    missing = max(0, streams - root.shape[-1])
    return np.pad(root, [(0, 0)] * (root.ndim - 1) + [(missing, 0)])[..., -streams:]


@dataclass(frozen=True)
class Problem:
    """One realisation.

    Attributes
    ----------
    channel : ndarray of complex, shape (N_u, n)
        H sqrt(P) / sigma_c.
    steering : ndarray of complex, shape (Q, n)
        a_q in row q.
    signed : ndarray, shape (T, Q)
        Weights of the a_q a_q^H in A_t.
    streams : int
        N_s.
    """

    channel: np.ndarray
    steering: np.ndarray
    signed: np.ndarray
    streams: int

    @classmethod
    def of(cls, scenario: Scenario, analog: Analog, index: int) -> Problem:
        """Problem of one realisation of a scenario, in all coordinates behind its analog beamformers."""
        p = scenario.parameters
        weights = scenario.weights[index]
        targets = np.arange(len(weights))
        signed = -p.min_scnr * weights
        signed[targets, targets] = weights[targets, targets]
        signed *= p.power_w / (p.min_scnr * scenario.filter_noise[index])[:, None]
        return cls(analog.channel[index] * np.sqrt(p.power_w), analog.steering[index], signed, p.streams)

    @property
    def size(self) -> int:
        """Coordinates n."""
        return self.channel.shape[-1]

    @cached_property
    def forms(self) -> np.ndarray:
        """A_t, shape (T, n, n)."""
        rows = self.steering
        return np.einsum("tq,qn,qm->tnm", self.signed, rows, np.conj(rows))

    @cached_property
    def gram(self) -> np.ndarray:
        """H^H H, shape (n, n)."""
        return adjoint(self.channel) @ self.channel

    def within(self, basis: np.ndarray) -> Problem:
        """Return the problem for X = basis Y, `basis` (n, k) orthonormal."""
        return Problem(self.channel @ basis, self.steering @ np.conj(basis), self.signed, self.streams)

    def span(self, *, sensing: bool = True) -> np.ndarray:
        """Orthonormal basis (n, k) of the row space of H, with the a_q where `sensing`.

        Neither side of the problem sees anything outside of {H^H, a_q}: an optimal X lies in it.
        """
        columns = [adjoint(self.channel) / np.linalg.norm(self.channel)]
        if sensing:
            columns.append((self.steering / np.linalg.norm(self.steering, axis=-1, keepdims=True)).T)
        vectors, values, _ = np.linalg.svd(np.column_stack(columns), full_matrices=False)
        return vectors[:, values > DEPENDENT * values[0]]

    def margins(self, beams: np.ndarray) -> np.ndarray:
        """tr(X^H A_t X) - 1 of beams (..., n, N_s), shape (..., T)."""
        lit = np.sum(np.abs(np.conj(self.steering) @ beams) ** 2, axis=-1)
        return lit @ self.signed.T - 1.0

    def reach(self) -> np.ndarray:
        """Largest SCNR each target could have alone in these coordinates, divided by Gam, shape (T,)."""
        reach = []
        for target, signed in enumerate(self.signed):
            own = self.steering[target]
            others = np.delete(np.arange(len(signed)), target)
            rows = self.steering[others]
            clutter = np.eye(self.size) - (rows.T * signed[others]) @ np.conj(rows)
            reach.append(signed[target] * np.vdot(own, np.linalg.solve(clutter, own)).real)
        return np.array(reach)

    def capacity(self, beams: np.ndarray) -> np.ndarray:
        """Spectral efficiency (14) of beams (..., n, N_s) in nat, shape (...)."""
        received = self.channel @ beams
        return np.linalg.slogdet(np.eye(beams.shape[-1]) + adjoint(received) @ received)[1]
