"""Path loss of 3GPP TR 38.901, urban micro street canyon (Table 7.4.1-1)."""

from __future__ import annotations

import numpy as np

SPEED_OF_LIGHT = 3.0e8
"""As rounded by note 1 of the table."""

BASE_STATION_HEIGHT_M = 10.0
USER_HEIGHT_M = 1.5
ENVIRONMENT_HEIGHT_M = 1.0
NLOS_SHADOWING_DB = 7.82
"""Standard deviation of the shadowing without a line of sight."""


def breakpoint_m(carrier_hz: float, user_height_m: float = USER_HEIGHT_M) -> float:
    """Breakpoint distance 4 h'_BS h'_UT f_c / c, note 1 of the table."""
    heights = (BASE_STATION_HEIGHT_M - ENVIRONMENT_HEIGHT_M) * (user_height_m - ENVIRONMENT_HEIGHT_M)
    return 4.0 * heights * carrier_hz / SPEED_OF_LIGHT


def umi_los_path_loss_db(
    distance_m: np.ndarray | float, carrier_hz: float, user_height_m: float = USER_HEIGHT_M
) -> np.ndarray:
    """Line-of-sight path loss.

    PL1 = 32.4 + 21 log10(d) + 20 log10(f_c) up to the breakpoint, beyond it
    PL2 = 32.4 + 40 log10(d) + 20 log10(f_c) - 9.5 log10(d_BP^2 + (h_BS - h_UT)^2), f_c in GHz.

    Parameters
    ----------
    distance_m : float or ndarray
        Distance in space, metres.
    carrier_hz : float
        Carrier frequency.
    user_height_m : float
        Height of the user.

    Returns
    -------
    ndarray
        In dB.
    """
    distance = np.asarray(distance_m, dtype=float)
    drop = BASE_STATION_HEIGHT_M - user_height_m
    turn = breakpoint_m(carrier_hz, user_height_m)
    frequency = 20.0 * np.log10(carrier_hz / 1e9)
    near = 32.4 + 21.0 * np.log10(distance) + frequency
    far = 32.4 + 40.0 * np.log10(distance) + frequency - 9.5 * np.log10(turn**2 + drop**2)
    # the breakpoint is a distance on the ground
    return np.where(distance**2 <= turn**2 + drop**2, near, far)


def umi_nlos_path_loss_db(
    distance_m: np.ndarray | float, carrier_hz: float, user_height_m: float = USER_HEIGHT_M
) -> np.ndarray:
    """Path loss without a line of sight.

    max(PL_LOS, 22.4 + 35.3 log10(d) + 21.3 log10(f_c) - 0.3 (h_UT - 1.5)), f_c in GHz.

    Parameters
    ----------
    distance_m, carrier_hz, user_height_m
        As for `umi_los_path_loss_db`.

    Returns
    -------
    ndarray
        In dB.
    """
    distance = np.asarray(distance_m, dtype=float)
    scattered = (
        22.4 + 35.3 * np.log10(distance) + 21.3 * np.log10(carrier_hz / 1e9) - 0.3 * (user_height_m - USER_HEIGHT_M)
    )
    return np.maximum(umi_los_path_loss_db(distance, carrier_hz, user_height_m), scattered)
