from __future__ import annotations

import numpy as np
import pytest

from isaclib.systems.stars import SYSTEM, acceptance, closed_form, information
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.reference.forms import Scales
from isaclib.systems.stars.reference.passive_sdp import Solution, best_coefficients
from isaclib.systems.stars.reference.penalty_sdp import initial_layout
from isaclib.systems.stars.scenario import Scenario

pytestmark = pytest.mark.slow


def solved(s: Scenario, active: np.ndarray, solver: str = "CLARABEL", penalty: float = 10.0, **extra: bool) -> Solution:
    start = initial_layout(s)
    scales = Scales.of(s, start.sensor_count, start.sensor_spacing_m)
    return best_coefficients(s, active, start.reflection, start.transmission, scales, penalty, solver, **extra)


@pytest.mark.parametrize("solver", ["CLARABEL", "SCS"])
def test_one_beam_gets_the_coefficients_of_the_closed_form(solver: str) -> None:
    s = SYSTEM.draw(Parameters(star_elements=8, bs_antennas=4, power_dbm=30.0), seed=3, stop=1)
    known = closed_form.light_the_target(s, starts=3)
    active = np.column_stack([known.active[0], np.zeros(4)])
    found = solved(s, active, solver)
    assert found.reflection is not None
    assert found.transmission is not None
    assert found.excess <= 1e-6
    np.testing.assert_allclose(np.abs(found.reflection) ** 2 + np.abs(found.transmission) ** 2, 1.0, rtol=1e-12)
    assert acceptance.rates(s, active[None], found.transmission[None])[0, 0] >= 6.0 * (1.0 - 1e-6)
    lit = [
        information.illuminate(s, active[None], reflection[None]).power[0, 0]
        for reflection in (found.reflection, known.reflection[0])
    ]
    assert lit[0] == pytest.approx(lit[1], rel=1e-5)


@pytest.mark.parametrize("side", ["reflection", "transmission"])
def test_a_sharper_penalty_leaves_rank_one(side: str) -> None:
    p = Parameters(
        star_elements=8, bs_antennas=4, power_dbm=45.0, users=2, targets=3, target_side=side, min_rate_bps_hz=0.5,
        bs_distance_m=0.3,
    )  # fmt: skip
    s = SYSTEM.draw(p, seed=3, stop=1)
    active = initial_layout(s).active
    excess = [solved(s, active, penalty=penalty).excess for penalty in (1e4, 1e-3)]
    assert excess[0] > 1e-2
    assert excess[1] < 1e-3


def test_a_rate_that_is_missed_is_raised() -> None:
    p = Parameters(star_elements=8, bs_antennas=4, min_rate_bps_hz=12.0)
    s = SYSTEM.draw(p, seed=3, stop=1)
    start = initial_layout(s)
    assert solved(s, start.active).transmission is None
    raised = solved(s, start.active, reach=True).transmission
    assert raised is not None
    before, after = (acceptance.rates(s, start.active[None], q[None])[0, 0] for q in (start.transmission, raised))
    # all of the surface for the user: four times its half
    assert after - before == pytest.approx(1.0, abs=0.1)
