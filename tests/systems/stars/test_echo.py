from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import ks_2samp

from isaclib.systems import get_system
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.echo import Echo
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Streams

SYSTEM = get_system("stars")
PLACED: dict[str, Any] = {
    "target_range_m": (4.0, 4.0),
    "target_angle_deg": (20.0, 20.0),
    "user_range_m": (3.0, 3.0),
    "user_angle_deg": (0.0, 0.0),
    "min_rate_bps_hz": 0.0,
    "star_elements": 16,
}
ERROR_RATE = 1e-4


def designed(count: int, beams: int, **parameters: Any) -> tuple[Scenario, Design]:
    """The same design for all realisations; its beams have different directions."""
    scenario = SYSTEM.draw(SYSTEM.Parameters(**{**PLACED, **parameters}), seed=5, start=0, stop=count)
    design = SYSTEM.design(scenario, scheme="joint-design")
    first = design.active[:, :, :1]
    turned = first * np.exp(1j * np.linspace(0.0, 4.0, first.shape[1]))[:, None]
    return scenario, replace(
        design, active=np.concatenate([first, 0.7 * turned, -0.4 * first[:, ::-1]], -1)[..., :beams]
    )


@pytest.mark.parametrize(("beams", "snapshots"), [(1, 9), (2, 6), (3, 4), (3, 2), (2, 1)])
def test_statistics_are_distributed_as_those_of_simulated_echoes(beams: int, snapshots: int) -> None:
    # an error rate of 1e-4 for each of 5 x 4 comparisons
    count = 3000
    scenario, design = designed(count, beams, snapshots=snapshots, noise_dbm=-108.0, sensors=4)
    echo = Echo.of(scenario, design, np.arange(count))
    heard = echo.draw(scenario.streams, np.arange(count), 0, beyond=True)
    rng = np.random.default_rng(1)

    def normal(*shape: int) -> np.ndarray:
        return (rng.standard_normal((*shape, 2)) @ [1.0, 1j]) / np.sqrt(2.0)

    symbols = normal(count, beams, snapshots)
    samples = echo.response[:, :, None] * (echo.waveform[:, None] @ symbols)
    samples += np.sqrt(scenario.parameters.noise_w) * normal(*samples.shape)
    known = (
        heard.mixing @ np.conj(np.swapaxes(heard.mixing, 1, 2)),
        heard.along @ np.conj(np.swapaxes(heard.mixing, 1, 2)),
    )
    simulated = symbols @ np.conj(np.swapaxes(symbols, 1, 2)), samples @ np.conj(np.swapaxes(symbols, 1, 2))
    assert heard.beyond is not None
    whole = np.concatenate([heard.along, heard.beyond], axis=-1)
    top = np.linalg.svd(samples)[0][..., 0]
    weight = np.exp(1j * np.arange(beams))

    def features(gram: np.ndarray, cross: np.ndarray, all_: np.ndarray, vector: np.ndarray) -> list[np.ndarray]:
        return [
            (np.conj(weight) @ gram @ weight).real,
            np.sum(np.conj(echo.response) * (cross @ weight), axis=1).real,
            np.sum(np.abs(all_) ** 2, axis=(1, 2)),
            np.abs(np.sum(np.conj(echo.response) * vector, axis=1)),
        ]

    mine, theirs = features(*known, whole, echo.dominant(heard)), features(*simulated, samples, top)
    for own, other in zip(mine, theirs, strict=True):
        assert ks_2samp(own, other).pvalue > ERROR_RATE


def test_the_first_numbers_stay_when_sensors_beams_and_realisations_are_added() -> None:
    def draw(sensors: int, beams: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        scenario, design = designed(count, beams, sensors=sensors)
        # noise alone: the echo depends on the design
        scenario = replace(scenario, reflection=np.full(count, 1e-30))
        heard = Echo.of(scenario, design, np.arange(count)).draw(scenario.streams, np.arange(count), 3, beyond=True)
        assert heard.beyond is not None
        gram = heard.beyond @ np.conj(np.swapaxes(heard.beyond, 1, 2))
        return heard.along, gram + heard.along @ np.conj(np.swapaxes(heard.along, 1, 2))

    along, gram = draw(9, 2, 70)
    fewer_along, fewer_gram = draw(5, 1, 66)
    np.testing.assert_allclose(fewer_along, along[:66, :5, :1], rtol=1e-12)
    np.testing.assert_allclose(fewer_gram, gram[:66, :5, :5], rtol=1e-9, atol=1e-9 * np.abs(gram).max())


def test_a_single_stream_is_recognised_whatever_its_columns() -> None:
    scenario, design = designed(3, 2)
    scale = np.array([[1.0, 0.3 - 0.2j]])
    collinear = replace(design, active=design.active[..., :1] * scale)
    rows = np.arange(3)
    assert Echo.of(scenario, collinear, rows).single.all()
    assert not Echo.of(scenario, design, rows).single.any()
    # the echo lies in the one direction that is listened to
    quiet = Streams(5, 0, 3)
    echo = Echo.of(scenario, collinear, rows)
    silent = replace(echo, parameters=replace(scenario.parameters, noise_dbm=-200.0))
    heard = silent.draw(quiet, rows, 0, beyond=False)
    received = np.sum(np.abs(silent.of_stream(heard)) ** 2, axis=-1)
    np.testing.assert_allclose(received, np.sum(np.abs(heard.along) ** 2, axis=(1, 2)), rtol=1e-6)
