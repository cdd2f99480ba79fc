"""Grating lobes of the sensors: other places in the sector that look like the target."""

from __future__ import annotations

import numpy as np

from isaclib.systems.stars.scenario import Scenario


def grating_lobes(scenario: Scenario, count: np.ndarray, spacing_m: np.ndarray) -> np.ndarray:
    r"""Highest grating lobe within the targets' intervals of range and angle.

    Sensors d_r apart cannot tell sin th from sin th + m lambda / d_r. Of such a direction th' the
    range r' whose bending cos^2 th' / r' is next to the target's comes nearest to it:

        |b(r', th')^H b(r, th)|^2 / N_r^2 = |sum_n e^{-j k0 (n^2 d_r^2 c + n d_r s)}|^2 / N_r^2,
        c = (cos^2 th' / r' - cos^2 th / r) / 2,

    s = 0. Of a lobe whose top is just outside of the sector, not further than its first null, the
    flank at the sector's edge is taken, s off its top.

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
    turns = p.wavelength_m / spacing_m
    orders = np.arange(1, int(2.0 / np.nanmin(turns, initial=2.0)) + 1)
    sines = np.sin(angle)[..., None] + turns[:, None, None] * np.concatenate([-orders, orders])
    within = np.clip(sines, *np.sin(np.radians(p.target_angle_deg)))
    with np.errstate(divide="ignore"):
        flank = turns / count
    draw, target, order = np.nonzero(np.abs(sines - within) < flank[:, None, None])
    sine = within[draw, target, order]
    aside = sines[draw, target, order] - sine
    near, far = p.target_range_m
    bending = np.cos(angle[draw, target]) ** 2 / distance[draw, target]
    squared = 1.0 - sine**2
    apart = np.clip(bending, squared / far, squared / near) - bending
    # as many places for every draw as the parameters allow: sums of the same length however draws are batched
    places = np.arange(max(p.most_sensors, int(count.max(initial=0))))
    offsets = (places - (count[draw, None] - 1.0) / 2.0) * spacing_m[draw, None]
    phases = np.exp(-1j * p.wavenumber * offsets * (0.5 * offsets * apart[:, None] + aside[:, None]))
    overlap = np.abs(np.sum(np.where(places < count[draw, None], phases, 0.0), axis=-1) / count[draw]) ** 2
    lobes = np.zeros(distance.shape)
    np.maximum.at(lobes, (draw, target), overlap)
    return np.where(count[:, None] > 0, lobes, np.nan)
