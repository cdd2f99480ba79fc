"""A convex bound that knows the structure, for any number of users.

For every X = [[1, kappa], [kappa, kappa^2 + rho]] >= 0 and all complex z, z2

    tr(C M^-1) >= 2 s (tr C^1/2 X C^1/2)^1/2 - s^2 tr(X M) for every s,   tr(X M) <= tr(R Phi),
    Phi = (1 + kappa^2 + rho) a0 a0^H + c c^H + rho c2 c2^H,   c = b1 + kappa b2 - z a0,   c2 = b2 - z2 a0,

(tr Y^1/2 stands for the sum of the roots of the eigenvalues). A hybrid beamformer gives every
antenna of a subarray the same power in stream k: tr(R_k diag mu_k) = 0 for every mu_k of mean zero
over each subarray. With multipliers lambda >= 0 of the rates and power at most one

    tr(X M) <= E = max(0, max_k lambda_max(Phi + lambda_k (1 + 1/Gamma_k) H_k - sum_j lambda_j H_j + diag mu_k))
                   - sum_k lambda_k sigma_k^2,   f >= u / E,   u = (tr (C^1/2 X C^1/2)^1/2)^2,

valid at every point with E > 0; E < 0 proves the rates out of reach. Being convex in the R_k it
admits time-sharing between beamformers and closes only a part of the price of hybrid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isaclib.systems.hybrid.normalisation import NormalisedProblem

REDUCED_SMOOTHING = (1e-2, 1e-3, 1e-4, 1e-5)
SMOOTHING = (1e-2, 1e-3, 1e-4)
"""Temperatures of the soft maximum over the eigenvalues, one descent each: in the span of sensing basis and
channels, where mu is left out, and with mu."""

REDUCED_STEPS, STEPS = 200, 150
"""Most L-BFGS steps a temperature."""

ROUNDING = 1e-11
"""What rounding of eigenvalues may take from E."""


@dataclass(frozen=True)
class ConvexBound:
    """What the convex bound found, in normalised units.

    Attributes
    ----------
    value : float
        Bound on f; infinite where the rates are proven out of reach.
    energy : float
        E where it ended.
    shift : complex
        z where it ended.
    """

    value: float
    energy: float
    shift: complex


def diagonal_sensing(problem: NormalisedProblem) -> tuple[np.ndarray, np.ndarray]:
    """[a0, b1, b2] with b turned so that C is diagonal, shape (N, 3), and (C_11, C_22), C_11 >= C_22.

    A rotation keeps Re(b^H b) = I; C turns along.
    """
    values, vectors = np.linalg.eigh(problem.weight)
    return np.column_stack([problem.a0, problem.b @ vectors[:, ::-1]]), np.maximum(values[::-1], 0.0)


@dataclass(frozen=True)
class _Point:
    kappa: float
    rho: float
    z: complex
    z2: complex
    multipliers: np.ndarray
    mu: np.ndarray


@dataclass(frozen=True)
class _Forms:
    """The bound as a function of x = (kappa, log rho, z, z2, lambda, mu) in some coordinates.

    Attributes
    ----------
    sensing, channels : ndarray of complex, shape (dim, 3), (dim, K)
        [a0, b1, b2] and g.
    weight : ndarray, shape (2,)
        C_11, C_22.
    noise, gamma : ndarray, shape (K,)
        sigma_k^2 and Gamma_k.
    chains : int
        N_RF; 0: coordinates that are no antennas, without mu.
    rank_one : bool
        kappa = rho = 0: E bounds M_11 alone.
    """

    sensing: np.ndarray
    channels: np.ndarray
    weight: np.ndarray
    noise: np.ndarray
    gamma: np.ndarray
    chains: int
    rank_one: bool

    def point(self, x: np.ndarray) -> _Point:
        users = len(self.noise)
        mu = np.zeros((users, len(self.sensing)))
        if self.chains:
            free = x[6 + users :].reshape(users, self.chains, -1)
            mu = np.reshape(free - free.mean(axis=-1, keepdims=True), mu.shape)
        kappa, rho = (0.0, 0.0) if self.rank_one else (float(x[0]), math.exp(x[1]))
        return _Point(kappa, rho, complex(x[2], x[3]), complex(x[4], x[5]), x[6 : 6 + users], mu)

    def matrices(self, at: _Point) -> np.ndarray:
        """Phi + lambda_k (1 + 1/Gamma_k) H_k - sum_j lambda_j H_j + diag mu_k, shape (K, dim, dim)."""
        a0, b1, b2 = self.sensing.T
        c, c2 = b1 + at.kappa * b2 - at.z * a0, b2 - at.z2 * a0
        lit = np.column_stack([a0, c, c2, self.channels])
        scale = np.concatenate([[1.0 + at.kappa**2 + at.rho, 1.0, at.rho], -at.multipliers])
        own = np.einsum("ik,jk->kij", self.channels, self.channels.conj())
        matrices = (lit * scale) @ lit.conj().T + (at.multipliers * (1.0 + 1.0 / self.gamma))[:, None, None] * own
        diagonal = np.arange(len(a0))
        matrices[:, diagonal, diagonal] += at.mu
        return matrices

    def energy(self, x: np.ndarray) -> float:
        """E, a little more than exact."""
        at = self.point(x)
        top = float(np.linalg.eigvalsh(self.matrices(at)).max())
        return max(top, 0.0) - float(at.multipliers @ self.noise) + ROUNDING * (1.0 + abs(top))

    def soft_energy(self, x: np.ndarray, temperature: float) -> tuple[float, np.ndarray]:
        """E with a soft maximum, and its gradient."""
        at = self.point(x)
        a0, b1, b2 = self.sensing.T
        users = len(self.noise)
        values, vectors = np.linalg.eigh(self.matrices(at))
        top = values.max()
        weights = np.exp((values - top) / temperature)
        total = weights.sum()
        share = (vectors * (weights / total)[:, None, :]) @ np.conj(np.swapaxes(vectors, 1, 2))
        c, c2 = b1 + at.kappa * b2 - at.z * a0, b2 - at.z2 * a0
        seen = share.sum(axis=0) @ np.column_stack([a0, c2, b2])
        lit = np.vdot(a0, seen[:, 0]).real
        slope, slope2 = np.vdot(c, seen[:, 0]), at.rho * np.vdot(c2, seen[:, 0])
        gradient = np.empty_like(x)
        gradient[0] = 2.0 * at.kappa * lit + 2.0 * np.vdot(c, seen[:, 2]).real
        gradient[1] = at.rho * (lit + np.vdot(c2, seen[:, 1]).real)
        gradient[2:6] = -2.0 * slope.real, 2.0 * slope.imag, -2.0 * slope2.real, 2.0 * slope2.imag
        received = np.einsum("ik,jil,lk->jk", self.channels.conj(), share, self.channels).real
        gradient[6 : 6 + users] = (1.0 + 1.0 / self.gamma) * np.diagonal(received) - received.sum(axis=0) - self.noise
        if self.chains:
            power = np.einsum("kii->ki", share).real.reshape(users, self.chains, -1)
            gradient[6 + users :] = (power - power.mean(axis=-1, keepdims=True)).ravel()
        return float(top + temperature * math.log(total)) - float(at.multipliers @ self.noise), gradient

    def strength(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """u, and its derivatives in kappa and log rho."""
        first, second = self.weight
        if self.rank_one:
            return float(first), np.zeros(2)
        kappa, rho = x[0], math.exp(x[1])
        root = math.sqrt(first * second * rho)
        u = first + second * (kappa**2 + rho) + 2.0 * root
        return float(u), np.array([2.0 * second * kappa, second * rho + root])


class _Unreachable(Exception):
    """A point with E <= 0 was passed."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x


def _descend(forms: _Forms, x: np.ndarray, temperatures: Sequence[float], steps: int) -> np.ndarray:
    """Minimise log(E / u) from x, colder and colder."""
    from scipy.optimize import minimize

    users = len(forms.noise)
    bounds = [(-10.0, 10.0), (-60.0, 10.0)] + [(None, None)] * 4 + [(0.0, None)] * users
    bounds += [(None, None)] * (len(x) - len(bounds))

    def objective(point: np.ndarray, temperature: float) -> tuple[float, np.ndarray]:
        energy, gradient = forms.soft_energy(point, temperature)
        if energy <= 0.0:
            raise _Unreachable(point.copy())
        u, change = forms.strength(point)
        gradient = gradient / energy
        gradient[:2] -= change / u
        if forms.rank_one:
            gradient[[0, 1, 4, 5]] = 0.0
        return math.log(energy / u), gradient

    try:
        for temperature in temperatures:
            options = {"maxiter": steps, "maxcor": 20, "ftol": 1e-9}
            found = minimize(
                objective, x, args=(temperature,), jac=True, method="L-BFGS-B", bounds=bounds, options=options
            )
            x = found.x
    except _Unreachable as reached:
        x = reached.x
    return x


def convex_bound(problem: NormalisedProblem, row: int, *, rf_chains: int, rank_one: bool = False) -> ConvexBound:
    """Bound f of every hybrid beamformer of one draw from below.

    Parameters
    ----------
    problem : NormalisedProblem
        Of a batch, any number of users.
    row : int
        The draw.
    rf_chains : int
        N_RF.
    rank_one : bool
        Bound M_11 alone by E (X = e1 e1^T) instead of f as well as possible.

    Returns
    -------
    ConvexBound
    """
    sensing, weight = diagonal_sensing(problem)
    _, users, elements = problem.g.shape
    vectors = np.column_stack([sensing, problem.g[row].T])
    x = np.concatenate([[0.0, math.log(max(weight[1], 1e-20) / weight[0])], np.zeros(4), np.full(users, 0.1)])
    _, reduced = np.linalg.qr(vectors)
    forms = _Forms(reduced[:, :3], reduced[:, 3:], weight, problem.noise[row], problem.gamma, 0, rank_one)
    x = _descend(forms, x, REDUCED_SMOOTHING, REDUCED_STEPS)
    forms = _Forms(sensing, vectors[:, 3:], weight, problem.noise[row], problem.gamma, rf_chains, rank_one)
    x = _descend(forms, np.concatenate([x, np.zeros(users * elements)]), SMOOTHING, STEPS)
    energy = forms.energy(x)
    at = forms.point(x)
    # the second direction sees at most M_22 <= 1 where X leaves it out
    rest = weight[1] if rank_one else 0.0
    value = forms.strength(x)[0] / energy + rest if energy > 0.0 else math.inf
    return ConvexBound(value=float(value), energy=energy, shift=at.z)
