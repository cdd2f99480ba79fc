from __future__ import annotations

import re
from typing import Any

import pytest

from isaclib.systems.modular.parameters import Parameters
from isaclib.systems.parameters import SPEED_OF_LIGHT


def test_defaults_are_those_of_the_paper() -> None:
    p = Parameters()
    assert (p.elements, p.subarrays, p.rf_chains, p.streams) == (192, 4, 28, 4)
    assert p.responses == ("los", "nlos-1", "nlos-2", "nlos-3", "target-1", "interferer-1", "interferer-2")
    assert p.element_spacing_m == pytest.approx(SPEED_OF_LIGHT / 28e9 / 2.0)
    assert p.span_m == 3.0
    assert p.rayleigh_distance_m == pytest.approx(2.0 * (3.0 + 48 * p.element_spacing_m) ** 2 / p.wavelength_m)


def test_served_responses_set_the_chains() -> None:
    words: Any = ["target-1", "los"]
    p = Parameters(served_responses=words, streams=2)
    assert p.served == (0, 4)
    assert p.rf_chains == 8
    words = "all"
    assert Parameters(served_responses=words).rf_chains == 28


def test_a_collocated_array_has_no_spacing() -> None:
    p = Parameters(layout="collocated", subarray_spacing_m=0.01)
    assert p.span_m == pytest.approx(3 * p.subarray_width_m)


def test_powers_are_normalised_or_absolute() -> None:
    assert Parameters(power_dbm=10.0).power_w == 1.0
    assert Parameters(powers="absolute", power_dbm=10.0).power_w == pytest.approx(0.01)


def test_none_of_an_object_is_none() -> None:
    nothing: Any = []
    p = Parameters(interferer_range_m=nothing, interferer_angle_deg=())
    assert p.responses[-1] == "target-1"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"subarray_spacing_m": 0.2},
            "subarray_spacing_m = 0.2: expected at least 0.256965 m, the width of a subarray: they must not overlap",
        ),
        (
            {"subarray_spacing_m": 0.2, "layout": "random"},
            "subarray_spacing_m = 0.2: expected at least 0.256965 m, the width of a subarray: they must not overlap",
        ),
        ({"streams": 5}, "streams = 5: expected at most user_antennas = 4"),
        (
            {"interferer_range_m": (30.0, 20.0), "interferer_angle_deg": (10.0, 40.0)},
            "interferer_range_m = (30.0, 20.0): expected no interferer at the target at 30 m, 10 deg",
        ),
        (
            {"target_range_m": (30.0, 30.0), "target_angle_deg": (10.0, 10.0)},
            "target_range_m = (30.0, 30.0): expected targets at different places",
        ),
        ({"target_range_m": (), "target_angle_deg": ()}, "target_range_m = (): expected at least one target"),
        (
            {"target_angle_deg": (10.0, 20.0)},
            "target_angle_deg = (10.0, 20.0): expected as many as target_range_m has, 1",
        ),
        (
            {"served_responses": ("los",), "subarrays": 2, "streams": 3},
            "served_responses = ['los']: expected at least streams = 3 RF chains in all, found 2",
        ),
        ({"served_responses": ()}, "served_responses = []: expected at least streams = 4 RF chains in all, found 0"),
        (
            {"served_responses": ("los", "nlos-4")},
            "served_responses = ['los', 'nlos-4']: expected all, or some of los, nlos-1, nlos-2, nlos-3, target-1, "
            "interferer-1, interferer-2",
        ),
        (
            {"scatterer_range_m": (4.0, 30.0)},
            "scatterer_range_m = (4.0, 30.0): expected above 4.25696 m, outside the arrays",
        ),
        ({"target_range_m": (3.0,)}, "target_range_m = (3.0,): expected above 4.25696 m, outside the arrays"),
        (
            {"interferer_range_m": (30.0, 2.0)},
            "interferer_range_m = (30.0, 2.0): expected above 4.25696 m, outside the arrays",
        ),
        (
            {"user_range_m": 1.0, "user_angle_deg": 90.0},
            "user_range_m = 1.0: expected above 1.75696 m at 90 deg, outside the transmit array",
        ),
        (
            {"scatterer_angle_deg": (10.0, -10.0)},
            "scatterer_angle_deg = (10.0, -10.0): expected (min, max) with min <= max",
        ),
        (
            {"scatterer_overlap": 3},
            "scatterer_overlap = 3: expected at most the 3 scattered paths and the 2 interferers",
        ),
        ({"receive_filter": "none"}, "receive_filter = 'none': expected one of mvdr, matched"),
    ],
)
def test_what_cannot_be_is_answered_with_field_value_and_expectation(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Parameters(**values)


def test_scatterers_that_do_not_exist_may_stand_anywhere() -> None:
    assert Parameters(nlos_paths=0, scatterer_range_m=(1.0, 2.0)).rf_chains == 16
