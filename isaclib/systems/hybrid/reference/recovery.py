"""From relaxed covariances back to beamformers that hold the rates and the power."""

from __future__ import annotations

import numpy as np

from isaclib.numerics.conic import principal_factor
from isaclib.systems.hybrid.feasibility import uplink_powers

EXCESSIVE_POWER = 1e6
"""Where the search for the least power gives up, in units of the power there is."""


def share_power(
    gains: np.ndarray, noise: np.ndarray, gamma: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Share unit power among fixed directions so that every SINR is met, as close to a wish as that allows.

    The smallest powers that meet the SINRs solve a linear system; scaled up to unit power they
    exceed them. From there the largest step towards the wished shares that keeps the SINRs is taken.

    Parameters
    ----------
    gains : ndarray, shape (..., K, K)
        |g_k^H u_j|^2 of user k and unit direction j.
    noise : ndarray, shape (K,)
        Noise of each user in units of the power.
    gamma : ndarray, shape (K,)
        SINRs asked for.
    wanted : ndarray, shape (..., K)
        Shares wished for, non-negative; scaled to a sum of one.

    Returns
    -------
    tuple of ndarray, shapes (..., K) and (...,)
        Powers with a sum of one, and whether they meet the SINRs; where no powers do, the wish.
    """
    users = gains.shape[-1]
    wanted = wanted / wanted.sum(axis=-1, keepdims=True)
    own = np.eye(users, dtype=bool)
    system = np.where(own, gains / gamma[:, None], -gains)
    with np.errstate(all="ignore"):
        # a singular system has no positive solution; the ridge only keeps `solve` from raising
        least = np.linalg.solve(system + 1e-300 * own, np.broadcast_to(noise, wanted.shape)[..., None])[..., 0]
        total = least.sum(axis=-1)
        attainable = np.all(least > 0.0, axis=-1) & (total <= 1.0)
    safe = np.where(attainable[..., None], least, wanted) / np.where(attainable, total, 1.0)[..., None]

    def slack(powers: np.ndarray) -> np.ndarray:
        return (system @ powers[..., None])[..., 0] - noise

    slack_safe, slack_wanted = np.maximum(slack(safe), 0.0), slack(wanted)
    short = slack_wanted < 0.0
    steps = np.where(short, slack_safe / np.where(short, slack_safe - slack_wanted, 1.0), 1.0)
    step = np.min(steps, axis=-1, keepdims=True)
    return np.where(attainable[..., None], (1.0 - step) * safe + step * wanted, wanted), attainable


def received_gains(channels: np.ndarray, beamformers: np.ndarray) -> np.ndarray:
    """|g_k^H w_j|^2 of channels (K, N) and beamformers (..., N, K), shape (..., K, K)."""
    return np.abs(np.conj(channels) @ beamformers) ** 2


def sinr_shortfall(gains: np.ndarray, noise: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    """Largest log(gamma_k / SINR_k) over the users; at most zero where every SINR is met, shape (...,)."""
    own = np.diagonal(gains, axis1=-2, axis2=-1)
    interference = np.where(np.eye(gains.shape[-1], dtype=bool), 0.0, gains).sum(axis=-1)
    sinr = own / (interference + noise)
    with np.errstate(divide="ignore"):
        return np.max(np.log(gamma) - np.log(sinr), axis=-1)


def minimum_power_beams(channels: np.ndarray, noise: np.ndarray, gamma: np.ndarray) -> np.ndarray | None:
    """Beamformers that meet the SINRs with the least power, by uplink-downlink duality.

    Parameters
    ----------
    channels : ndarray of complex, shape (K, n)
        Channels.
    noise, gamma : ndarray, shape (K,)
        Noise in units of the power; SINRs asked for.

    Returns
    -------
    ndarray of complex, shape (n, K), or None
        None where they need more than `EXCESSIVE_POWER`, or cannot be met at all.
    """
    users, size = channels.shape
    uplink = np.empty(users)
    total = uplink_powers(np.conj(channels) @ channels.T, noise, gamma, EXCESSIVE_POWER, uplink)
    if not total <= EXCESSIVE_POWER:
        return None
    filters = np.linalg.solve(np.eye(size) + (channels.T * uplink) @ np.conj(channels), channels.T)
    directions = filters / np.linalg.norm(filters, axis=0)
    gains = received_gains(channels, directions)
    own = np.eye(users, dtype=bool)
    powers = np.linalg.solve(np.where(own, gains / gamma[:, None], -gains), noise)
    return directions * np.sqrt(powers) if np.all(powers > 0.0) else None


def restore_rates(
    beams: np.ndarray, channels: np.ndarray, noise: np.ndarray, gamma: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Move beamformers no further than needed towards the ones of least power, until the SINRs hold.

    With g_k^H w_k real and positive the SINR constraints are second-order cones, so on the segment
    from the given beamformers to beamformers that exceed every SINR each constraint is broken up
    to one point and holds from there on.

    Parameters
    ----------
    beams : ndarray of complex, shape (n, K)
        Beamformers that nearly meet the SINRs.
    channels : ndarray of complex, shape (K, n)
        Channels.
    noise, gamma : ndarray, shape (K,)
        Noise in units of the power; SINRs asked for.

    Returns
    -------
    tuple of ndarray, shape (n, K), and bool
        Beamformers of unit power, and whether they meet the SINRs; the given ones, scaled, where
        unit power cannot meet them.
    """

    def aligned(w: np.ndarray) -> np.ndarray:
        own = np.sum(np.conj(channels.T) * w, axis=0)
        w = w * np.exp(-1j * np.angle(own))
        return w / np.linalg.norm(w)

    def meets(w: np.ndarray) -> bool:
        return bool(sinr_shortfall(received_gains(channels, w), noise, gamma) <= 0.0)

    start = aligned(beams)
    if meets(start):
        return start, True
    least = minimum_power_beams(channels, noise, gamma)
    if least is None or np.linalg.norm(least) > 1.0:
        return start, False
    safe = aligned(least)
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (low, middle) if meets(aligned((1.0 - middle) * start + middle * safe)) else (middle, high)
    restored = aligned((1.0 - high) * start + high * safe)
    return restored, meets(restored)


def beams_from_covariances(
    covariances: tuple[np.ndarray, ...], channels: np.ndarray, noise: np.ndarray, gamma: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Principal eigenvector of each covariance, then power or directions adjusted to meet the SINRs.

    Parameters
    ----------
    covariances : tuple of ndarray, each (n, n)
        R_1..R_K.
    channels : ndarray of complex, shape (K, n)
        Channels in the same coordinates.
    noise, gamma : ndarray, shape (K,)
        Noise in units of the power; SINRs asked for.

    Returns
    -------
    tuple of ndarray, shape (n, K), and bool
        Beamformers of unit power, and whether they meet the SINRs.
    """
    beams = np.stack([principal_factor(covariance) for covariance in covariances], axis=-1)
    norms = np.linalg.norm(beams, axis=0)
    directions = beams / np.where(norms > 0.0, norms, 1.0)
    wanted = np.array([max(np.trace(covariance).real, 0.0) for covariance in covariances])
    powers, met = share_power(received_gains(channels, directions), noise, gamma, wanted)
    beams = directions * np.sqrt(powers)
    return (beams, True) if met else restore_rates(beams, channels, noise, gamma)
