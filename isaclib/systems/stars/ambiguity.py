"""Grating lobes of the sensors: other places in the sector that look like the target."""

from __future__ import annotations

import math

import numba
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
    sine = np.sin(scenario.of_targets(scenario.target_angle_rad))
    bending = (1.0 - sine**2) / scenario.of_targets(scenario.target_range_m)
    low, high = np.sin(np.radians(p.target_angle_deg))
    lobes = np.full(sine.shape, np.nan)
    _highest(count, spacing_m, p.wavelength_m, sine, bending, (low, high), p.target_range_m, lobes)
    return lobes


@numba.njit(cache=True)
def _highest(
    count: np.ndarray,
    spacing_m: np.ndarray,
    wavelength_m: float,
    sine: np.ndarray,
    bending: np.ndarray,
    sines: tuple[float, float],
    ranges_m: tuple[float, float],
    lobes: np.ndarray,
) -> None:
    """Overwrite `lobes` (B, T) of draws that have sensors, for targets at `sine` and `bending` (B, T)."""
    near, far = ranges_m
    for b in range(len(count)):
        if count[b] == 0:
            continue
        turn = wavelength_m / spacing_m[b]
        for t in range(sine.shape[1]):
            lobes[b, t] = 0.0
            # tops are at most 2 apart in sine, and one more may reach into the sector with its flank
            for order in range(1, int(2.0 / turn) + 2):
                for side in (-1.0, 1.0):
                    top = sine[b, t] + side * order * turn
                    within = min(max(top, sines[0]), sines[1])
                    if abs(top - within) >= turn / count[b]:
                        continue
                    squared = 1.0 - within**2
                    apart = min(max(bending[b, t], squared / far), squared / near) - bending[b, t]
                    real = imaginary = 0.0
                    for n in range(count[b]):
                        y = (n - 0.5 * (count[b] - 1)) * spacing_m[b]
                        phase = 2.0 * math.pi / wavelength_m * y * (0.5 * y * apart + top - within)
                        real += math.cos(phase)
                        imaginary += math.sin(phase)
                    lobes[b, t] = max(lobes[b, t], (real**2 + imaginary**2) / count[b] ** 2)
