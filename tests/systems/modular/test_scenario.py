from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from isaclib.physics.tr38901 import umi_los_path_loss_db
from isaclib.systems.modular import draw as drawing
from isaclib.systems.modular.draw import draw_scenario, subarray_centres
from isaclib.systems.modular.parameters import Parameters
from isaclib.systems.modular.scenario import Scenario, mvdr
from isaclib.systems.streams import Streams

SMALL: dict[str, Any] = {"subarrays": 3, "elements_per_subarray": 8, "user_antennas": 3, "streams": 2}
ARRAYS = ("channel", "transmit", "receive", "reflections", "receive_filter", "subarray_responses")


def draw(start: int = 0, stop: int = 3, seed: int = 5, **values: Any) -> Scenario:
    return draw_scenario(Parameters(**{**SMALL, **values}), Streams(seed, start, stop))


def elements(p: Parameters, centres: np.ndarray) -> np.ndarray:
    m = np.arange(p.elements_per_subarray) - (p.elements_per_subarray - 1) / 2.0
    return centres[:, None] + m * p.element_spacing_m


@pytest.mark.parametrize("wavefront", ["hspm", "swm", "pwm"])
def test_the_channel_is_the_sum_over_paths_written_out(wavefront: str) -> None:
    scenario = draw(design_wavefront=wavefront, true_wavefront=wavefront, user_angle_deg=20.0)
    p, b = scenario.parameters, 1
    centres = subarray_centres(p, scenario.streams)
    places = drawing._Places.of(p, centres, scenario.streams)
    k0, middle = 2.0 * np.pi / p.wavelength_m, centres[0].mean()
    user = np.array([40.0 * np.cos(np.deg2rad(20.0)), 40.0 * np.sin(np.deg2rad(20.0)) + middle])
    own = (np.arange(3) - 1.0) * p.wavelength_m / 2.0

    def distance(origin: float, element: float, place: np.ndarray) -> float:
        """From an element to a place, as the wavefront has it."""
        start = {"hspm": origin, "swm": element, "pwm": middle}[wavefront]
        apart = np.hypot(place[0], place[1] - start)
        return float(apart - (place[1] - start) / apart * (element - start))

    expected = np.zeros((3, 3, 8), dtype=complex)
    for u in range(3):
        for i, y_l in enumerate(centres[0]):
            for m, y in enumerate(elements(p, centres[0])[i]):
                if wavefront == "swm":
                    direct = np.hypot(user[0], user[1] + own[u] - y)
                else:
                    start = y_l if wavefront == "hspm" else middle
                    away = user - [0.0, start]
                    direct = distance(y_l, y, user) + own[u] * away[1] / np.hypot(*away)
                expected[u, i, m] = places.gains[b, 0] * np.exp(-1j * k0 * direct)
                for path, scatterer in enumerate(places.scatterers_m[b]):
                    step = user - scatterer
                    apart = np.hypot(*step)
                    length = distance(y_l, y, scatterer) + apart + own[u] * step[1] / apart
                    expected[u, i, m] += places.gains[b, path + 1] * np.exp(-1j * k0 * length)
    np.testing.assert_allclose(scenario.channel[b], expected.reshape(3, 24), rtol=0, atol=1e-8 * np.abs(expected).max())


def test_scatterers_stand_where_they_may_and_shadowing_has_its_spread() -> None:
    p = Parameters(nlos_paths=4)
    streams = Streams(1, 0, 2000)
    places = drawing._Places.of(p, subarray_centres(p, streams), streams)
    distance, angle = (
        np.hypot(*places.scatterers_m.T),
        np.arctan2(places.scatterers_m[..., 1], places.scatterers_m[..., 0]),
    )
    assert distance.min() >= 5.0
    assert distance.max() <= 30.0
    assert np.abs(angle).max() <= np.deg2rad(60.0)
    loss = -20.0 * np.log10(np.abs(places.gains))
    tx = np.array([0.0, 2.5])
    length = np.hypot(*(places.scatterers_m - tx).T).T + np.hypot(*(places.user_m - places.scatterers_m).T).T
    shadowing = loss[:, 1:] - drawing.tr38901.umi_nlos_path_loss_db(length, p.carrier_hz)
    assert shadowing.std() == pytest.approx(7.82, rel=0.05)
    assert abs(shadowing.mean()) < 0.4
    np.testing.assert_allclose(loss[:, 0], umi_los_path_loss_db(40.0, p.carrier_hz))


def test_overlapping_scatterers_stand_at_interferers() -> None:
    p = Parameters(scatterer_overlap=2)
    streams = Streams(1, 0, 3)
    places = drawing._Places.of(p, subarray_centres(p, streams), streams)
    np.testing.assert_array_equal(places.scatterers_m[:, :2], np.broadcast_to(places.objects_m[1:], (3, 2, 2)))
    # and share their columns on the subarrays, whatever the wavefront of their paths
    scenario = draw_scenario(p, streams)
    np.testing.assert_allclose(scenario.subarray_responses[..., 1], scenario.subarray_responses[..., 5], atol=1e-12)


def test_normalised_powers_are_what_they_say() -> None:
    scenario = draw(nlos_paths=0, snr_db=-5.0, sensing_snr_db=27.0, clutter_db=6.0)
    p = scenario.parameters
    np.testing.assert_allclose(np.abs(scenario.channel) ** 2 * p.power_w / scenario.noise_w, 10.0**-0.5, rtol=1e-9)
    full = p.elements**2 * scenario.reflections**2 * p.power_w / scenario.sensing_noise_w
    np.testing.assert_allclose(10.0 * np.log10(full), [27.0, 33.0, 33.0])


def test_absolute_powers_follow_the_radar_equation() -> None:
    scenario = draw(powers="absolute", power_dbm=20.0, rcs_m2=2.0, clutter_db=0.0)
    p = scenario.parameters
    assert scenario.noise_w == pytest.approx(1e-6)
    assert scenario.sensing_noise_w == pytest.approx(1e-5)
    echo = p.wavelength_m**2 * 2.0 / ((4.0 * np.pi) ** 3 * 30.0**4)
    np.testing.assert_allclose(scenario.reflections**2, echo)


@pytest.mark.parametrize("layout", ["uniform", "random", "collocated"])
def test_subarrays_keep_their_aperture_and_do_not_overlap(layout: str) -> None:
    p = Parameters(layout=layout, subarray_spacing_m=0.3)
    centres = np.broadcast_to(subarray_centres(p, Streams(3, 0, 200)), (200, 4))
    assert np.all(np.diff(centres, axis=-1) >= p.subarray_width_m * (1.0 - 1e-12))
    assert np.all((centres >= 1.0) & (centres <= 1.0 + p.span_m + 1e-12))
    if layout == "random":
        assert centres.std(axis=0).min() > 1e-3
    else:
        np.testing.assert_allclose(centres[0, [0, -1]], [1.0, 1.0 + p.span_m])


def test_mvdr_filters_are_those_of_the_whole_matrix() -> None:
    scenario = draw(target_range_m=(30.0, 25.0), target_angle_deg=(10.0, -12.0), layout="random")
    p = scenario.parameters
    for b in range(3):
        for t in range(2):
            covariance = scenario.sensing_noise_w * np.eye(p.elements, dtype=complex)
            for q in range(4):
                if q != t:
                    lit = p.power_w / p.elements * np.sum(np.abs(scenario.transmit[b, q]) ** 2)
                    a = scenario.receive[b, q]
                    covariance += scenario.reflections[q] ** 2 * lit * np.outer(a, a.conj())
            own = scenario.receive[b, t]
            w = np.linalg.solve(covariance, own)
            np.testing.assert_allclose(scenario.receive_filter[b, t], w / np.vdot(own, w), atol=1e-10)


def test_a_target_alone_is_filtered_by_its_own_response() -> None:
    values: dict[str, Any] = {"interferer_range_m": (), "interferer_angle_deg": ()}
    alone, matched = draw(**values), draw(receive_filter="matched")
    np.testing.assert_allclose(alone.receive_filter, matched.receive_filter, rtol=1e-12)
    assert mvdr(alone.receive, np.zeros((3, 1)), 1, 1.0).shape == (3, 1, 24)


@pytest.mark.parametrize("layout", ["uniform", "random"])
@pytest.mark.parametrize("values", [{}, {"true_wavefront": "swm"}], ids=["hspm", "swm"])
def test_numbers_are_the_same_however_they_are_batched(layout: str, values: dict[str, Any]) -> None:
    whole, part = (draw(start, 70, layout=layout, **values) for start in (0, 61))
    for name in ARRAYS:
        if name != "reflections":
            np.testing.assert_array_equal(getattr(whole, name)[61:], getattr(part, name))
    np.testing.assert_array_equal(whole.weights[61:], part.weights)
    np.testing.assert_array_equal(whole.filter_noise[61:], part.filter_noise)


def test_more_paths_leave_the_first_ones_as_they_were() -> None:
    few, many = (draw(nlos_paths=paths).subarray_responses for paths in (2, 5))
    np.testing.assert_array_equal(few[..., :3], many[..., :3])


def test_only_the_transmit_side_is_mismatched() -> None:
    scenario = draw(true_wavefront="swm", design_wavefront="pwm")
    known = scenario.designed_for
    assert known is scenario.assumed
    assert known.assumed is None
    assert np.abs(known.channel - scenario.channel).max() > 0.1 * np.abs(scenario.channel).max()
    assert np.abs(known.transmit - scenario.transmit).max() > 0.1
    for name in ("receive", "receive_filter", "reflections", "subarray_responses"):
        np.testing.assert_array_equal(getattr(known, name), getattr(scenario, name))
    truth = draw(true_wavefront="swm", design_wavefront="swm")
    np.testing.assert_array_equal(truth.receive_filter, scenario.receive_filter)
    np.testing.assert_array_equal(truth.channel, scenario.channel)


def test_a_scenario_built_by_hand_is_checked() -> None:
    scenario = draw()
    fields = {field.name: getattr(scenario, field.name) for field in dataclasses.fields(scenario)}
    assert len(Scenario(**{**fields, "channel": 2.0 * scenario.channel})) == 3
    with pytest.raises(ValueError, match=r"^channel of shape \(3, 2, 24\): expected \(3, 3, 24\)$"):
        Scenario(**{**fields, "channel": scenario.channel[:, :2]})
    for name in ARRAYS:
        spoilt = np.array(fields[name])
        spoilt[(-1,) * spoilt.ndim] = np.nan
        with pytest.raises(ValueError, match=rf"^{name} of shape .*: expected finite numbers$"):
            Scenario(**{**fields, name: spoilt})
    with pytest.raises(ValueError, match=r"^noise_w = 0.0: expected a number above 0 W$"):
        Scenario(**{**fields, "noise_w": 0.0})
