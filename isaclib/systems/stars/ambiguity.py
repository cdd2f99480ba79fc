"""Grating lobes of the sensors: other places in the sector that look like the target."""

from __future__ import annotations

import numpy as np

from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario, centred


def grating_lobes(scenario: Scenario, count: np.ndarray, spacing_m: np.ndarray) -> np.ndarray:
    r"""Highest grating lobe within the targets' intervals of range and angle.

    Sensors d_r apart cannot tell sin th from sin th + m lambda / d_r. Of such a direction th' the
    range r' whose bending cos^2 th' / r' is next to the target's comes nearest to it:

        |b(r', th')^H b(r, th)|^2 / N_r^2 = |sum_n e^{-j k0 n^2 d_r^2 c}|^2 / N_r^2,
        c = (cos^2 th' / r' - cos^2 th / r) / 2.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    count : ndarray, shape (B,)
        N_r.
    spacing_m : ndarray, shape (B,)
        d_r.

    Returns
    -------
    ndarray, shape (B, T)
        0 where there is no such direction in the sector, 1 where a place cannot be told from the
        target; NaN where there are no sensors.
    """
    p = scenario.parameters
    distance, angle = scenario.of_targets(scenario.target_range_m), scenario.of_targets(scenario.target_angle_rad)
    highest = np.full(distance.shape, np.nan)
    for sensors in np.unique(count[count > 0]):
        at = np.flatnonzero(count == sensors)
        lobes = np.zeros(distance[at].shape)
        turns = p.wavelength_m / spacing_m[at][:, None]
        for order in range(1, int(2.0 / turns.min(initial=2.0)) + 1):
            for side in (-order, order):
                sine = np.sin(angle[at]) + side * turns
                lobes = np.maximum(lobes, _lobe(p, int(sensors), spacing_m[at], distance[at], angle[at], sine))
        highest[at] = lobes
    return highest


def _lobe(
    p: Parameters, sensors: int, spacing_m: np.ndarray, distance: np.ndarray, angle: np.ndarray, sine: np.ndarray
) -> np.ndarray:
    """Height of the lobes at other sines, shape (B, T); 0 outside of the sector."""
    low, high = np.sin(np.radians(p.target_angle_deg))
    near, far = p.target_range_m
    inside = (sine >= low) & (sine <= high)
    bending = np.cos(angle) ** 2 / distance
    squared = 1.0 - np.where(inside, sine, 0.0) ** 2
    other = np.clip(bending, squared / far, squared / near)
    step = -0.5j * p.wavenumber * spacing_m[:, None] ** 2 * (other - bending)
    overlap = np.abs(np.mean(np.exp(step[..., None] * centred(sensors) ** 2), axis=-1)) ** 2
    return np.where(inside, overlap, 0.0)
