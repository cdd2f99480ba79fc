r"""A lower bound on the cost of any design, however many beams it has.

With G G^H <= diag(y) (`field.dual_weights`) a stream of power P_k brings |sum_n z_n (G f_k)_n|^2 <=
P_k sum_n y_n |z_n|^2 through any z. The streams can be rotated so that one of power P_1 = (1 - t) P
carries all of p00 and the others, of power t P, what Proposition 1 has besides:

    p00 <= (1 - t) P  sum_n y_n |q_n a_n|^2,      p_ii - |p_i0|^2 / p00 <= t P min(s_i, c_i),

s_i = sum_n y_n |a_i,n - x_i a_n|^2 and c_i = (sum_n |G_n| |a_i,n - x_i a_n|)^2 for any x_i. The users
need a share of sum_n y_n |q_n|^2 for themselves. What is left is a convex function of t, whose least
value, with every number of sensors at its largest spacing, no design can beat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.stars import deployment, information
from isaclib.systems.stars.scenario import Scenario

HALVINGS = 60


@dataclass(frozen=True)
class Ceiling:
    """The most that can reach each target.

    Attributes
    ----------
    power : ndarray, shape (B, T)
        Bound on p00, W.
    aside, raw : ndarray, shape (B, T, 2)
        Bounds on p_ii - |p_i0|^2 / p00 and on p_ii of all power.
    """

    power: np.ndarray
    aside: np.ndarray
    raw: np.ndarray


def ceiling(scenario: Scenario, weights: np.ndarray) -> Ceiling:
    """Bound the illumination of every target over all beams and coefficients.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    weights : ndarray, shape (1 or B, N)
        y of `field.dual_weights`.

    Returns
    -------
    Ceiling
    """
    p = scenario.parameters
    response = scenario.of_targets(scenario.target_response)
    y = weights[:, None]
    own = np.sum(y * _squares(response), axis=-1)
    if p.target_side == "reflection":
        # y_n |q_t,n|^2 |h_n|^2 in sum: each user takes gamma sigma^2 out of its own beam's power
        strongest = np.max(_squares(scenario.user_channel), axis=-1)
        needed = np.sum(p.min_sinr * p.noise_w / (strongest * p.power_w), axis=-1)
        own = own - needed[:, None] * np.min(_squares(response), axis=-1)
    return Ceiling(
        p.power_w * np.maximum(own, 0.0),
        p.power_w * _stray(scenario, weights, projected=True),
        p.power_w * _stray(scenario, weights, projected=False),
    )


def _stray(scenario: Scenario, weights: np.ndarray, *, projected: bool) -> np.ndarray:
    """min(s_i, c_i) of every target, shape (B, T, 2)."""
    y = weights[:, None]
    response, gradient = scenario.of_targets(scenario.target_response), scenario.target_gradient
    if projected:
        moments = np.sum((y * np.conj(response))[..., None] * gradient, axis=-2)
        gradient = (
            gradient
            - response[..., None] * (moments / np.sum(y * _squares(response), axis=-1)[..., None])[..., None, :]
        )
    rows = np.sqrt(np.sum(_squares(scenario.bs_star_channel), axis=-1))
    rows = rows if rows.ndim == 1 else rows[:, None]
    sizes = np.abs(gradient)
    spread = np.sum(rows[..., None] * sizes, axis=-2) ** 2
    return np.minimum(np.sum(y[..., None] * sizes**2, axis=-2), spread)


def _squares(values: np.ndarray) -> np.ndarray:
    return values.real**2 + values.imag**2


def cost_bound(scenario: Scenario, most: Ceiling) -> np.ndarray:
    """Lower bound on the cost (22a) of any design, shape (B,).

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    most : Ceiling
        Of its targets.

    Returns
    -------
    ndarray, shape (B,)
    """
    p = scenario.parameters
    count, _, spacing = deployment.candidates(p)
    speb = np.stack([_speb_bound(scenario, most, float(n), d) for n, d in zip(count, spacing, strict=True)])
    return np.min(information.cost(p, information.speb_of_targets(p, speb), count[:, None]), axis=0)


def _speb_bound(scenario: Scenario, most: Ceiling, n: float, spacing: float) -> np.ndarray:
    """Lower bound on the closed-form SPEB of n sensors, shape (B, T)."""
    kappa, slope = information.curvature(scenario)
    x = spacing**2
    scale = information.information_scale(scenario)
    weights = 1.0 / scale, scenario.of_targets(scenario.target_range_m) ** 2 / scale
    angle = slope**2 * x * information.second_moment(np.asarray(n)) * most.power
    with np.errstate(divide="ignore", invalid="ignore"):
        if scenario.parameters.bound == "known-beta":
            bend = kappa * x * np.sqrt(most.power)
            cross = 2.0 * bend * information.second_moment(np.asarray(n)) * np.sqrt(most.raw[..., 0])
            along = bend**2 * information.fourth_moment(np.asarray(n)) + n * most.raw[..., 0] + cross
            return weights[0] / along + weights[1] / (angle + n * most.raw[..., 1])
        along = kappa**2 * x**2 * n * (n**2 - 1.0) * (n**2 - 4.0) / 180.0 * most.power
        return _least_over_split(weights, (along, angle), (n * most.aside[..., 0], n * most.aside[..., 1]))


def _least_over_split(
    weights: tuple[np.ndarray, np.ndarray], first: tuple[np.ndarray, np.ndarray], rest: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """min over t in [0, 1] of sum_i w_i / ((1 - t) first_i + t rest_i), convex in t."""

    def slope(t: np.ndarray) -> np.ndarray:
        return sum(w * (a - b) / ((1.0 - t) * a + t * b) ** 2 for w, a, b in zip(weights, first, rest, strict=True))

    low, high = np.zeros_like(first[0]), np.ones_like(first[0])
    high[slope(low) >= 0.0] = 0.0
    if high.any():
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            rising = slope(middle) >= 0.0
            low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    # at either end of what is left the function is above its least value by rounding only
    return sum(w / ((1.0 - low) * a + low * b) for w, a, b in zip(weights, first, rest, strict=True))
