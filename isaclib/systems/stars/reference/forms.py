r"""Power and information as linear functionals of a lifted variable V, amplitudes z^H v, V = v v^H.

For the beams v is a beam and z what the surface makes of the responses; for the surface v holds
its coefficients and every beam has its own z. Sums run over the z of one response.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.stars import information
from isaclib.systems.stars.scenario import Scenario

AIM = 2e-6
"""Share by which the SINR asked of a solver exceeds the one promised: its accuracy is finite."""

MARGIN = 1.1
"""SINR over the one promised beyond which it is not raised where it was missed."""

BESIDES = 1e-2
"""Weight of light on the targets where the SINR is raised: more than one design has the largest."""

UNLIT = 1e-4
"""Share of the most that could light a target by which programs are scaled where less does."""


def product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """sum_k z_k y_k^H with tr(V product) = sum_k (y_k^H v)(z_k^H v)^*.

    Parameters
    ----------
    first, second : ndarray of complex, shape (..., K, n)
        z and y.

    Returns
    -------
    ndarray of complex, shape (..., n, n)
    """
    return np.swapaxes(first, -1, -2) @ np.conj(second)


def channel_of(one: Scenario) -> np.ndarray:
    """G of a single realisation, shape (N, M)."""
    channel = one.bs_star_channel
    return channel if channel.ndim == 2 else channel[0]


@dataclass(frozen=True)
class Scales:
    """What Proposition 1 multiplies the illumination of one realisation's targets with.

    efim: J_ii = own_i p00 + rest (p_ii - |p_i0|^2 / p00), i = r, th.
    known-beta: J_ii = own_i p00 + rest p_ii, and J_rr has cross Re[j p_0r] besides.

    Attributes
    ----------
    own : ndarray, shape (T, 2)
    rest, cross : ndarray, shape (T,)
    lever : ndarray, shape (T, 2)
        rho / eps times 1 and r^2: SPEB / eps rho = sum_i lever_i / J_ii.
    """

    own: np.ndarray
    rest: np.ndarray
    cross: np.ndarray
    lever: np.ndarray

    @classmethod
    def of(cls, one: Scenario, count: int, spacing_m: float) -> Scales:
        """Of one realisation with N_r sensors, d_r apart."""
        p = one.parameters
        kappa, slope = (values[0] for values in information.curvature(one))
        scale = information.information_scale(one)[0]
        n, x = np.asarray(float(count)), spacing_m**2
        second, fourth = information.second_moment(n), information.fourth_moment(n)
        bend = n * (n**2 - 1.0) * (n**2 - 4.0) / 180.0 if p.bound == "efim" else fourth
        # an error without weight: any design is as good, the most accurate is as cheap
        weight = (p.weight if p.weight > 0.0 else 1.0) / p.speb_scale_m2
        distance = one.of_targets(one.target_range_m)[0]
        return cls(
            own=scale[:, None] * np.stack([kappa**2 * x**2 * bend, slope**2 * x * second], axis=-1),
            rest=scale * n,
            cross=np.zeros_like(scale) if p.bound == "efim" else scale * 2.0 * kappa * x * second,
            lever=weight * np.stack([np.ones_like(distance), distance**2], axis=-1),
        )

    def information(self, light: information.Illumination, bound: str) -> np.ndarray:
        """J_rr and J_thth of one realisation, shape (T, 2)."""
        stray = light.aside[0] if bound == "efim" else light.raw[0]
        values = self.own * light.power[0][:, None] + self.rest[:, None] * stray
        values[:, 0] += self.cross * light.turn[0]
        return values

    def linear(self, response: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """J_rr and J_thth of a known reflection as functionals, shape (T, 2, n, n).

        Parameters
        ----------
        response : ndarray of complex, shape (T, K, n)
            z of w.
        gradient : ndarray of complex, shape (T, 2, K, n)
            z of dw/dr and dw/dth.
        """
        forms = self.own[..., None, None] * product(response, response)[:, None]
        forms = forms + self.rest[:, None, None, None] * product(gradient, gradient)
        # Re[j p_0r] = Im sum_k (dw/dr)_k w_k^*
        forms[:, 0] += self.cross[:, None, None] * (-1j * product(response, gradient[:, 0]))
        return forms


@dataclass(frozen=True)
class Demand:
    """SINR asked of users: wanted - sinr interference >= sinr noise + slack s.

    Attributes
    ----------
    sinr : float
        gamma of the promise; where it is to be approached only, what the worst user has.
    slack : ndarray, shape (U,)
        Gamma of the promise times the interference and noise that users have, or all that could
        reach them where that is less: what s counts in where it is raised.
    most : float
        Largest s worth having, a little more than the promise takes.
    """

    sinr: float
    slack: np.ndarray
    most: float

    @classmethod
    def of(cls, one: Scenario, amplitudes: np.ndarray, largest: np.ndarray, *, reach: bool) -> Demand:
        """Of one realisation whose users receive beams with `amplitudes` (U, K), at most `largest` (U,) of power."""
        p = one.parameters
        asked = p.min_sinr * (1.0 + AIM)
        received = np.abs(amplitudes) ** 2
        wanted = np.diagonal(received)
        disturbing = received.sum(axis=-1) - wanted + p.noise_w
        sinr = min(asked, float(np.min(wanted / disturbing))) if reach else asked
        return cls(sinr, np.minimum(asked * disturbing, largest), MARGIN - sinr / asked if asked > 0.0 else 0.0)


def shares(errors: np.ndarray) -> np.ndarray:
    """Parts of a cost over their sum; equal where there is none yet."""
    total = errors.sum()
    if not (np.isfinite(total) and total > 0.0):
        return np.full(errors.shape, 1.0 / errors.size)
    return errors / total
