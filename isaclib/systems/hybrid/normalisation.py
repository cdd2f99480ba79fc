"""The design problem of ``hybrid`` in numbers of order one.

In raw units the information matrices have a condition number of about 4e13 and no solver can be
trusted. With R of unit power, a0 = a / sqrt(N), a whitened gradient b and unit channels,

    f(R) = tr(C M^-1),   M = q I + Re(S - s s^H / q),
    q = a0^H R a0,   s = b^H R a0,   S = b^H R b,

is the SPEB divided by the SPEB of the sensing-only optimum R = a0 a0^H.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from isaclib.physics import arrays
from isaclib.systems.hybrid.scenario import Scenario


@dataclass(frozen=True)
class NormalisedProblem:
    """Arrays of the normalised problem.

    Attributes
    ----------
    a0 : ndarray of complex, shape (N,)
        Response of the target with unit norm.
    b : ndarray of complex, shape (N, 2)
        Gradient of the response orthogonal to a0, whitened: Re(b^H b) = I, b^H a0 = 0.
    weight : ndarray, shape (2, 2)
        C, symmetric with trace one.
    cost0 : float
        What f = 1 stands for: tr(V J_e^-1) of the sensing-only optimum at full power; m^2 when
        V = I.
    speb0 : float
        SPEB of the sensing-only optimum, m^2.
    snr0 : float
        Sensing SNR of the sensing-only optimum.
    g : ndarray of complex, shape (B, K, N)
        Channels with unit norm.
    noise : ndarray, shape (B, K)
        sigma^2 / (P |h_k|^2).
    gamma : ndarray, shape (K,)
        SINR each user is guaranteed, 2^R_min - 1.
    """

    a0: np.ndarray
    b: np.ndarray
    weight: np.ndarray
    cost0: float
    speb0: float
    snr0: float
    g: np.ndarray
    noise: np.ndarray
    gamma: np.ndarray

    @property
    def sensing_basis(self) -> np.ndarray:
        """[a0, b], shape (N, 3): the SPEB sees R through the Gram matrix of these alone."""
        return np.column_stack([self.a0, self.b])

    def gram(self, beamformers: np.ndarray) -> np.ndarray:
        """[a0, b]^H W W^H [a0, b] of beamformers (..., N, K), shape (..., 3, 3)."""
        seen = np.conj(self.sensing_basis.T) @ beamformers
        return seen @ np.conj(np.swapaxes(seen, -1, -2))

    def cost(self, gram: np.ndarray) -> np.ndarray:
        """f of the Gram matrix (..., 3, 3) of unit-power beamformers; inf where M is singular.

        Parameters
        ----------
        gram : ndarray of complex, shape (..., 3, 3)
            From `gram`, or [a0, b]^H R [a0, b] of any covariance R.

        Returns
        -------
        ndarray, shape (...,)
        """
        q = gram[..., 0, 0].real
        s = gram[..., 1:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            coupling = (s[..., :, None] * np.conj(s[..., None, :])).real / q[..., None, None]
            m = gram[..., 1:, 1:].real - coupling + q[..., None, None] * np.eye(2)
            determinant = m[..., 0, 0] * m[..., 1, 1] - m[..., 0, 1] * m[..., 1, 0]
            c = self.weight
            cost = (c[0, 0] * m[..., 1, 1] + c[1, 1] * m[..., 0, 0] - 2.0 * c[0, 1] * m[..., 0, 1]) / determinant
        return np.where((q > 0.0) & (determinant > 0.0), cost, np.inf)


def normalise(scenario: Scenario, *, polar: bool = False) -> NormalisedProblem:
    """Normalise a scenario.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    polar : bool
        Weight J_e^-1 by V = (T T^T)^-1, T = [[cos th, -r sin th], [sin th, r cos th]], so that
        the objective is the joint bound on distance and angle, instead of V = I.

    Returns
    -------
    NormalisedProblem
    """
    p = scenario.parameters
    elements = len(scenario.elements_m)
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    gradient = arrays.spherical_gradient(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    a0 = response / math.sqrt(elements)
    # the range gradient is almost along a: a second projection removes what rounding left of it
    tangent = gradient
    for _ in range(2):
        tangent = tangent - np.outer(a0, np.conj(a0) @ tangent)
    information = (np.conj(tangent.T) @ tangent).real
    values, vectors = np.linalg.eigh(information)
    inverse_root = (vectors / np.sqrt(values)) @ vectors.T

    # 1 / (w P N) with w = 2 T |beta|^2 / sigma^2
    scale = p.noise_w / (2.0 * p.snapshots * abs(scenario.reflection) ** 2 * p.power_w * elements)
    inverse = inverse_root @ inverse_root
    metric = np.eye(2)
    if polar:
        x, y = scenario.target_m
        radius = math.hypot(x, y)
        jacobian = np.array([[x / radius, -y], [y / radius, x]])
        metric = np.linalg.inv(jacobian @ jacobian.T)
    weight = inverse_root @ metric @ inverse_root
    weight = (weight + weight.T) / 2.0

    norms = np.linalg.norm(scenario.channels, axis=-1)
    return NormalisedProblem(
        a0=a0,
        b=tangent @ inverse_root,
        weight=weight / np.trace(weight),
        cost0=float(np.trace(weight) * scale),
        speb0=float(np.trace(inverse) * scale),
        snr0=float(abs(scenario.reflection) ** 2 * elements**2 * p.power_w / p.noise_w),
        g=scenario.channels / norms[..., None],
        noise=p.noise_w / (p.power_w * norms**2),
        gamma=2.0**p.min_rates_bps_hz - 1.0,
    )
