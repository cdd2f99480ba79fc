r"""A lower bound on the cost of any design, however many beams it has.

With G G^H <= diag(y) (`field.dual_weights`) a stream of power P_k brings |sum_n z_n (G f_k)_n|^2 <=
P_k sum_n y_n |z_n|^2 through any z. The streams can be rotated so that one of power P_1 = (1 - t) P
carries all of p00 and the others, of power t P, what Proposition 1 has besides:

    p00 <= (1 - t) P  sum_n y_n |q_n a_n|^2,      p_ii - |p_i0|^2 / p00 <= t P min(s_i, c_i),

s_i = sum_n y_n |a_i,n - x_i a_n|^2 and c_i = (sum_n |G_n| |a_i,n - x_i a_n|)^2 for any x_i. The users
need a share of sum_n y_n |q_n|^2 for themselves. What is left is a convex function of t, whose least
value, with every number of sensors at its largest spacing, no design can beat.

For a single user, B_a = sum_n y_n |a_n|^2, B_h alike and l = B_a / B_h, p00 + (1 - t) l gamma sigma^2 is at
most P (1 - t) sum_n y_n x_n for some c^2 + s^2 = 1, x_n the largest eigenvalue of [[c^2 u, c s' v], [c s' v,
(s'^2 + t) v^2 / u]] with u = |a_n|^2, v^2 / u = l |h_n|^2, s'^2 = (1 - t) s^2. From its trace and determinant
x_n <= c^2 |a_n|^2 + s^2 l |h_n|^2 + t max(0, l |h_n|^2 - |a_n|^2), hence

    p00 <= (1 - t) (P B_a - l gamma sigma^2) + t P sum_n y_n max(0, l |h_n|^2 - |a_n|^2),

where the last term, the slack, is nothing if amplitudes do not vary over the surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.stars import deployment, information
from isaclib.systems.stars.information import squares
from isaclib.systems.stars.scenario import Scenario


@dataclass(frozen=True)
class Ceiling:
    """The most that can reach each target.

    Attributes
    ----------
    power : ndarray, shape (B, T)
        Bound on p00, W.
    change : ndarray, shape (B, T, 2)
        Bound on p_ii - |p_i0|^2 / p00 were all power in the other streams, or on p_ii with known-beta.
    slack : ndarray, shape (B, T)
        Bound on what p00 could be besides, were all power in the other streams, W.
    """

    power: np.ndarray
    change: np.ndarray
    slack: np.ndarray | float = 0.0


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
    own = np.sum(y * squares(response), axis=-1)
    slack = np.zeros_like(own)
    if p.target_side == "reflection" and p.users == 1 and p.min_sinr > 0.0:
        user = squares(scenario.user_channel)
        ratio = own / np.sum(y * user, axis=-1)
        slack = np.sum(y * np.maximum(ratio[..., None] * user - squares(response), 0.0), axis=-1)
        own = own - ratio * p.min_sinr * p.noise_w / p.power_w
    elif p.target_side == "reflection":
        # y_n |q_t,n|^2 |h_n|^2 in sum: each user takes gamma sigma^2 out of its own beam's power
        strongest = np.max(squares(scenario.user_channel), axis=-1)
        needed = np.sum(p.min_sinr * p.noise_w / (strongest * p.power_w), axis=-1)
        own = own - needed[:, None] * np.min(squares(response), axis=-1)
    return Ceiling(p.power_w * np.maximum(own, 0.0), p.power_w * _stray(scenario, weights), p.power_w * slack)


def _stray(scenario: Scenario, weights: np.ndarray) -> np.ndarray:
    """min(s_i, c_i) of every target, x_i = 0 with known-beta; shape (B, T, 2)."""
    y = weights[:, None]
    response, gradient = scenario.of_targets(scenario.target_response), scenario.target_gradient
    if scenario.parameters.bound == "efim":
        moments = np.sum((y * np.conj(response))[..., None] * gradient, axis=-2)
        share = moments / np.sum(y * squares(response), axis=-1)[..., None]
        gradient = gradient - response[..., None] * share[..., None, :]
    rows = np.sqrt(np.sum(squares(scenario.bs_star_channel), axis=-1))
    rows = rows if rows.ndim == 1 else rows[:, None]
    sizes = squares(gradient)
    spread = np.sum(rows[..., None] * np.sqrt(sizes), axis=-2) ** 2
    return np.minimum(np.sum(y[..., None] * sizes, axis=-2), spread)


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
    speb = _speb_bound(scenario, most, count[:, None], spacing[:, None])
    return np.min(information.cost(p, information.speb_of_targets(p, speb), count[:, None]), axis=0)


def _speb_bound(scenario: Scenario, most: Ceiling, count: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Lower bound on the closed-form SPEB, shape (C, B, T)."""
    bound = scenario.parameters.bound
    squared = scenario.of_targets(scenario.target_range_m) ** 2

    def informations(power: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turn = np.sqrt(power * change[..., 0])
        return information.diagonal_information(scenario, power, change, turn, count, spacing, bound=bound)

    with np.errstate(divide="ignore"):
        if bound == "known-beta":
            along, across = informations(most.power, most.change)
            return 1.0 / along + squared / across
        first, rest = (
            informations(most.power, 0.0 * most.change),
            informations(most.slack + 0.0 * most.power, most.change),
        )
        return _least_over_split(squared, first, rest)


def _least_over_split(
    squared: np.ndarray, first: tuple[np.ndarray, np.ndarray], rest: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """min over t in [0, 1] of 1 / u_r + r^2 / u_th, u_i = (1 - t) first_i + t rest_i.

    Where one u falls and the other grows with t, the slope is nothing at sqrt|u_r'| u_th = r sqrt|u_th'| u_r.
    """
    fall = first[0] - rest[0], first[1] - rest[1]
    size = np.sqrt(np.abs(fall[0])), np.sqrt(squared * np.abs(fall[1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (size[0] * first[1] - size[1] * first[0]) / (size[0] * fall[1] - size[1] * fall[0])
    ends = np.where((fall[0] >= 0.0) & (fall[1] >= 0.0), 0.0, 1.0)
    share = np.where(fall[0] * fall[1] < 0.0, np.clip(between, 0.0, 1.0), ends)
    u = [(1.0 - share) * a + share * b for a, b in zip(first, rest, strict=True)]
    return 1.0 / u[0] + squared / u[1]
