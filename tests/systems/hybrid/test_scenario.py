import re
from dataclasses import fields, replace

import numpy as np
import pytest

from isaclib.physics import arrays
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.scenario import Scenario, draw_scenario
from isaclib.systems.streams import Streams


def _draw(start: int, stop: int, seed: int = 3, **parameters: object) -> Scenario:
    return draw_scenario(Parameters(**parameters), Streams(seed, start, stop))


def test_shapes_and_what_parameters_fix() -> None:
    scenario = _draw(0, 5, users=3, elements=16)
    p = scenario.parameters
    assert len(scenario) == 5
    assert scenario.channels.shape == (5, 3, 16)
    assert scenario.user_positions_m.shape == (5, 3, 2)
    np.testing.assert_array_equal(scenario.elements_m, arrays.uniform_linear(16, p.element_spacing_m))
    np.testing.assert_array_equal(scenario.target_m, p.target_m)
    assert (scenario.wavelength_m, scenario.reflection) == (p.wavelength_m, p.reflection)
    assert {f.name for f in fields(Scenario)} <= set(Scenario.__doc__.replace(":", " ").split())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channels": np.ones((5, 2, 16))}, "channels of shape (5, 2, 16): expected (5, 3, 16) (realisations of"),
        ({"channels": np.full((5, 3, 16), np.nan + 0j)}, "channels of shape (5, 3, 16): expected finite numbers"),
        ({"channels": np.zeros((5, 3, 16))}, "channels of realisation 0, user 0: zero on every antenna"),
        ({"user_positions_m": np.ones((3, 2))}, "user_positions_m of shape (3, 2): expected (5, 3, 2)"),
        ({"elements_m": np.zeros((8, 2))}, "elements_m of shape (8, 2): expected (16, 2) (elements, 2)"),
        ({"target_m": (10.0, 0.0, 1.0)}, "target_m of shape (3,): expected (2,) (x, y)"),
        ({"target_m": np.array([np.inf, 0.0])}, "target_m of shape (2,): expected finite numbers"),
        ({"streams": Streams(3, 0, 4)}, "channels of shape (5, 3, 16): expected (4, 3, 16) (realisations of"),
        ({"parameters": Parameters(users=2, elements=16)}, "channels of shape (5, 3, 16): expected (5, 2, 16)"),
        ({"wavelength_m": 0.0}, "wavelength_m = 0.0: expected a number above 0 m"),
        ({"reflection": complex("nan")}, "reflection = (nan+0j): expected a finite number"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    scenario = _draw(0, 5, users=3, elements=16)
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        replace(scenario, **changes)


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (63, 65), (17, 150), (128, 192)])
def test_draw_is_the_same_bits_however_it_is_batched(start: int, stop: int) -> None:
    whole, part = _draw(0, 200), _draw(start, stop)
    np.testing.assert_array_equal(part.channels, whole.channels[start:stop])
    np.testing.assert_array_equal(part.user_positions_m, whole.user_positions_m[start:stop])


def test_seeds_and_realisations_differ() -> None:
    channels = np.concatenate([_draw(0, 128).channels, _draw(0, 128, seed=4).channels])
    assert len(np.unique(channels[:, 0, 0])) == 256


def test_more_users_keep_the_first_ones() -> None:
    few, many = _draw(0, 70), _draw(0, 70, users=4)
    np.testing.assert_array_equal(many.channels[:, :2], few.channels)
    np.testing.assert_array_equal(many.user_positions_m[:, :2], few.user_positions_m)


def test_more_paths_keep_the_first_ones() -> None:
    # what a path adds is the same whether or not others follow it
    drawn = [
        _draw(0, 70, nlos_paths=paths, los_gain=gain).channels for gain in ("random", "free-space") for paths in (2, 3)
    ]
    np.testing.assert_allclose(drawn[1] - drawn[0], drawn[3] - drawn[2], atol=1e-12 * np.abs(drawn[2]).max())
    np.testing.assert_allclose(drawn[1] - drawn[3], drawn[0] - drawn[2], atol=1e-12 * np.abs(drawn[2]).max())


def test_users_and_scatterers_do_not_depend_on_powers_or_array() -> None:
    base, other = _draw(0, 70), _draw(0, 70, power_dbm=10.0, min_rate_bps_hz=1.0, elements=64, rf_chains=8)
    np.testing.assert_array_equal(other.user_positions_m, base.user_positions_m)
    # same aperture: the outermost antennas stand where they stood
    np.testing.assert_allclose(other.channels[..., [0, -1]], base.channels[..., [0, -1]], rtol=1e-9)


def test_users_stand_on_the_circle_in_front_of_the_array() -> None:
    x, y = np.moveaxis(_draw(0, 2000, user_distance_m=7.0, elements=4).user_positions_m, -1, 0)
    np.testing.assert_allclose(np.hypot(x, y), 7.0)
    assert (x >= 0.0).all()
    # angle / pi + 1/2 is uniform: mean and variance within 4.4 standard errors (1e-5 each)
    u = np.arctan2(y, x).ravel() / np.pi + 0.5
    assert abs(u.mean() - 0.5) < 4.4 * np.sqrt(1 / 12 / u.size)
    assert abs(((u - 0.5) ** 2).mean() - 1 / 12) < 4.4 * np.sqrt(1 / 180 / u.size)


def test_free_space_line_of_sight_alone_is_deterministic_given_the_position() -> None:
    scenario = _draw(0, 5, nlos_paths=0, los_gain="free-space")
    gain = scenario.wavelength_m / (4 * np.pi * 20.0)
    expected = arrays.spherical_response(scenario.elements_m, scenario.user_positions_m, scenario.wavelength_m)
    np.testing.assert_allclose(scenario.channels, gain * expected)


@pytest.mark.parametrize(("paths", "exact_db"), [(0, 61.4 + 20 * np.log10(20.0)), (1, None), (3, None)])
def test_gains_have_the_power_of_the_path_loss_formulas(paths: int, exact_db: float | None) -> None:
    scenario = _draw(0, 4000, nlos_paths=paths, elements=4)
    power = np.abs(scenario.channels[..., 0]) ** 2
    los, nlos = 10.0 ** -(6.14 + 2 * np.log10(20.0)), 10.0 ** -(7.2 + 2.92 * np.log10(20.0))
    expected = los + paths * nlos if exact_db is None else 10.0 ** (-exact_db / 10)
    # one antenna's channel is CN(0, expected): its mean power within 4.4 standard errors (1e-5)
    assert abs(power.mean() / expected - 1.0) < 4.4 / np.sqrt(power.size)
    # and the squared coefficient of variation of an exponential power is 1; that of its estimate has variance 8/n
    assert abs(power.var() / power.mean() ** 2 - 1.0) < 4.4 * np.sqrt(8.0 / power.size)


def test_scatterers_keep_to_their_ranges() -> None:
    # with one scattered path, no direct one to speak of and a wide array, the phase curvature tells the range
    parameters = {"nlos_paths": 1, "scatterer_range_m": (6.0, 6.0), "elements": 64, "rf_chains": 4}
    direct, both = _draw(0, 40, **{**parameters, "nlos_paths": 0}), _draw(0, 40, **parameters)
    path = (both.channels - direct.channels)[:, 0]
    path /= np.linalg.norm(path, axis=-1, keepdims=True)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 8001)
    circle = 6.0 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    responses = arrays.spherical_response(both.elements_m, circle, both.wavelength_m) / np.sqrt(64)
    assert np.abs(path.conj() @ responses.T).max(axis=-1).min() > 0.999
