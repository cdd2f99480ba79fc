"""Normalised units of the Riemannian solver: a batch of realisations as its kernel takes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.stars import information
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario


@dataclass(frozen=True)
class Normalised:
    """What does not depend on the sensors, for beams of unit power.

    Attributes
    ----------
    channels : ndarray of complex, shape (1 or B, N, M)
        G over its largest singular value's field on one element, |G|_F / sqrt(N).
    scale : ndarray, shape (1 or B,)
        That field.
    user_rows : ndarray of complex, shape (B, U, N)
        h over N times its mean size.
    noise : ndarray, shape (B, U)
        sigma^2 in the same units.
    log_rate : float
        log(1 + gamma).
    flags : tuple of bool
        known, worst, coupled, transmitted, as `evaluation.Problem` has them.
    """

    channels: np.ndarray
    scale: np.ndarray
    user_rows: np.ndarray
    noise: np.ndarray
    log_rate: float
    flags: tuple[bool, bool, bool, bool]

    def light_unit(self, power_w: float) -> np.ndarray:
        """p00 of |w| = 1 in the kernel's units for beams of a power, W, shape (1 or B, 1)."""
        return power_w * (self.channels.shape[1] * self.scale[:, None]) ** 2


def normalise(scenario: Scenario) -> Normalised:
    """Bring channels and noise to order one."""
    p = scenario.parameters
    channels = scenario.channels
    scale = np.linalg.norm(channels, axis=(-2, -1)) / np.sqrt(p.star_elements)
    user = scenario.user_channel
    sizes = p.star_elements * np.mean(np.abs(user), axis=-1)
    return Normalised(
        channels=np.ascontiguousarray(channels / scale[:, None, None]),
        scale=scale,
        user_rows=np.ascontiguousarray(user / sizes[..., None]),
        noise=p.noise_w / (p.power_w * (scale[:, None] * sizes) ** 2),
        log_rate=float(np.log1p(p.min_sinr)),
        flags=(p.bound == "known-beta", counts_worst(p), p.phase_shifts == "coupled", p.target_side == "transmission"),
    )


def counts_worst(p: Parameters) -> bool:
    """Whether the worst of several targets counts."""
    return p.targets > 1 and p.speb_of_targets == "worst"


@dataclass(frozen=True)
class Sensing:
    """What the sensors make of the targets, for beams of unit power.

    Attributes
    ----------
    rows : ndarray of complex, shape (B, T, 3, N)
        a / N, and its derivatives over N sqrt(alpha_i / N_r), where J_i = c0 alpha_i p00 + ...
    weights : ndarray, shape (B, T, 2)
        W_i, in m^2.
    cross : ndarray, shape (B, T, 2)
        X_i.
    """

    rows: np.ndarray
    weights: np.ndarray
    cross: np.ndarray


def sense(scenario: Scenario, normalised: Normalised, count: np.ndarray, spacing_m: np.ndarray) -> Sensing:
    """Put the closed-form SPEB of given sensors into the kernel's form.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    normalised : Normalised
        Of the scenario.
    count, spacing_m : ndarray, shape (B,)
        N_r and d_r.

    Returns
    -------
    Sensing
    """
    p = scenario.parameters
    n, x = np.asarray(count, dtype=float)[:, None], np.asarray(spacing_m)[:, None] ** 2
    kappa, slope = information.curvature(scenario)
    bend, turn = kappa * x, slope**2 * x * information.second_moment(n)
    cross = np.zeros((*kappa.shape, 2))
    if p.bound == "known-beta":
        along = bend**2 * information.fourth_moment(n)
        cross[..., 0] = 2.0 * bend * information.second_moment(n) / np.sqrt(along * n)
    else:
        along = bend**2 * n * (n**2 - 1.0) * (n**2 - 4.0) / 180.0
    seen = np.stack([along, turn], axis=-1)
    gradient = np.moveaxis(scenario.target_gradient, -1, -2) * np.sqrt(n[..., None] / seen)[..., None]
    response = scenario.of_targets(scenario.target_response)[:, :, None]
    worth = np.stack([np.ones_like(kappa), scenario.of_targets(scenario.target_range_m) ** 2], axis=-1)
    scale = information.information_scale(scenario) * normalised.light_unit(p.power_w)
    return Sensing(
        rows=np.ascontiguousarray(np.concatenate([response, gradient], axis=2) / p.star_elements),
        weights=worth / (scale[..., None] * seen),
        cross=cross,
    )
