"""Random designs of the system stars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from isaclib.systems.stars import deployment
from isaclib.systems.stars.scenario import Scenario


@dataclass(frozen=True)
class Guess:
    """Beams, coefficients and sensors that keep power, energy and deployment, but not the rate."""

    active: np.ndarray
    reflection: np.ndarray
    transmission: np.ndarray
    sensor_count: np.ndarray
    sensor_spacing_m: np.ndarray


def _guess(scenario: Scenario, *, beams: int, seed: int) -> Guess:
    p, batch = scenario.parameters, len(scenario)
    rng = np.random.default_rng(seed)
    active = rng.standard_normal((2, batch, p.bs_antennas, beams))
    # powers of very different sizes: one beam next to nothing as well as all alike
    active = (active[0] + 1j * active[1]) * 10.0 ** rng.uniform(-2.0, 0.0, (batch, 1, beams))
    active *= np.sqrt(p.power_w) / np.linalg.norm(active, axis=(-2, -1), keepdims=True)
    share = rng.uniform(0.0, 0.5 * np.pi, (batch, p.star_elements))
    phases = np.exp(2j * np.pi * rng.random((2, batch, p.star_elements)))
    if p.phase_shifts == "coupled":
        phases[1] = phases[0] * np.where(rng.random(share.shape) < 0.5, 1j, -1j)
    count, least, most = deployment.candidates(p)
    drawn = rng.integers(len(count), size=batch)
    spacing = least[drawn] + (most[drawn] - least[drawn]) * rng.random(batch)
    return Guess(active, np.cos(share) * phases[0], np.sin(share) * phases[1], count[drawn], spacing)


@pytest.fixture(scope="session")
def guess() -> Callable[..., Guess]:
    """Return ``guess(scenario, beams=..., seed=...)``."""
    return _guess
