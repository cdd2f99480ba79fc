from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isaclib.systems.stars import SYSTEM, deployment, information
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.reference.placement import Signomial, placements


@pytest.mark.parametrize("bound", ["efim", "known-beta"])
@pytest.mark.parametrize("together", ["sum", "worst"])
def test_signomials_have_the_cost_of_the_closed_form(guess: Any, bound: str, together: str) -> None:
    p = Parameters(star_elements=12, bs_antennas=4, targets=2, speb_of_targets=together, bound=bound, power_dbm=50.0)
    s = SYSTEM.draw(p, seed=2, stop=4)
    design = guess(s, beams=2, seed=3)
    light = information.illuminate(s, design.active, design.reflection)
    cost = deployment.deployment_cost(s, light, design.sensor_count, design.sensor_spacing_m)
    x = (2.0 * design.sensor_spacing_m / p.wavelength_m) ** 2
    for index, placement in enumerate(placements(s, light)):
        assert placement is not None
        count = int(design.sensor_count[index])
        assert placement.cost(count, x[index]) == pytest.approx(cost[index], rel=1e-9)
        along, _ = placement.errors[0]
        assert np.polyval(along.of_spacing(count)[::-1], x[index]) == pytest.approx(along.value(count, x[index]))


def test_a_condensed_signomial_touches_its_positive_terms_from_below() -> None:
    signomial = Signomial.of((2.0, 5, 2), (-1.0, 3, 2), (0.5, 1, 1), (0.0, 4, 4), (3.0, 1, 0))
    assert signomial.negative == ((1.0, 3, 2),)
    coefficient, a, b = signomial.condensed(5.0, 1.5)
    grid = np.meshgrid(np.linspace(2.0, 9.0, 40), np.linspace(0.5, 4.0, 40))
    for count, x in [(5.0, 1.5), *zip(*(axis.ravel() for axis in grid), strict=True)]:
        positive = signomial.value(count, x) + count**3 * x**2
        below = coefficient * count**a * x**b
        assert below <= positive * (1.0 + 1e-12)
        if (count, x) == (5.0, 1.5):
            assert below == pytest.approx(positive, rel=1e-12)


def test_what_no_sensor_mends_has_no_program(guess: Any) -> None:
    p = Parameters(star_elements=12, bs_antennas=4, weight=0.0)
    s = SYSTEM.draw(p, seed=2, stop=2)
    light = information.illuminate(s, guess(s, beams=1, seed=3).active, np.zeros((2, 12)))
    assert placements(s, light) == [None, None]
