"""Table 7.4.1-1 of TR 38.901 (UMi street canyon), worked out by hand at a few points."""

from __future__ import annotations

import numpy as np
import pytest

from isaclib.physics.tr38901 import (
    BASE_STATION_HEIGHT_M,
    NLOS_SHADOWING_DB,
    USER_HEIGHT_M,
    breakpoint_m,
    umi_los_path_loss_db,
    umi_nlos_path_loss_db,
)


@pytest.mark.parametrize(
    ("distance_m", "carrier_hz", "los_db", "nlos_db"),
    [
        # 32.4 + 21 + 0; 22.4 + 35.3 + 0
        (10.0, 1e9, 53.4, 57.7),
        # 32.4 + 42 + 28.9432; 22.4 + 70.6 + 30.8245
        (100.0, 28e9, 103.3432, 123.8245),
        # beyond the breakpoint of 1680 m: 32.4 + 132.0412 + 28.9432 - 61.2811; 22.4 + 116.5264 + 30.8245
        (2000.0, 28e9, 132.1033, 169.7508),
        # beyond one of 120 m: 32.4 + 120 + 6.0206 - 39.5251
        (1000.0, 2e9, 118.8955, 134.7119),
    ],
)
def test_path_loss_at_stated_points(distance_m: float, carrier_hz: float, los_db: float, nlos_db: float) -> None:
    assert umi_los_path_loss_db(distance_m, carrier_hz) == pytest.approx(los_db, abs=2e-4)
    assert umi_nlos_path_loss_db(distance_m, carrier_hz) == pytest.approx(nlos_db, abs=2e-4)


def test_breakpoint_and_shadowing_are_those_of_the_table() -> None:
    # 4 (10 - 1) (1.5 - 1) f_c / c
    assert breakpoint_m(28e9) == pytest.approx(1680.0)
    assert breakpoint_m(2e9, user_height_m=2.0) == pytest.approx(240.0)
    assert NLOS_SHADOWING_DB == 7.82


def test_loss_is_continuous_at_the_breakpoint() -> None:
    turn = np.hypot(breakpoint_m(3.5e9), BASE_STATION_HEIGHT_M - USER_HEIGHT_M)
    before, after = umi_los_path_loss_db(turn * np.array([1.0 - 1e-9, 1.0 + 1e-9]), 3.5e9)
    assert before == pytest.approx(after, abs=1e-6)


def test_no_link_is_better_without_its_line_of_sight() -> None:
    distance = np.geomspace(0.5, 5000.0, 200)
    los, nlos = umi_los_path_loss_db(distance, 28e9), umi_nlos_path_loss_db(distance, 28e9)
    assert np.all(nlos >= los)
    assert np.any(nlos == los)


def test_a_higher_user_loses_less_without_line_of_sight() -> None:
    # 0.3 dB a metre
    assert umi_nlos_path_loss_db(500.0, 3e9) - umi_nlos_path_loss_db(500.0, 3e9, 11.5) == pytest.approx(3.0)
