from __future__ import annotations

import numpy as np
import pytest

from isaclib.numerics.augmented_lagrangian import lbfgs_direction, lbfgs_update
from isaclib.numerics.lanes import LANES
from isaclib.numerics.simultaneous_lbfgs import LEAST_MEMORY, MEMORY, Walk, forget, look, move, turn, walk


def step(w: Walk, slot: int, accepted: np.ndarray) -> None:
    """Go where accepted lanes look, with the pairs of those counting."""
    w.accepted[0] = accepted
    move(w, slot)
    w.curvature[slot] = np.where(accepted > 0.0, 1.0 / np.where(accepted > 0.0, w.product[0], 1.0), 0.0)
    w.unit[0] = np.where(accepted > 0.0, w.product[0] / np.where(accepted > 0.0, w.change[0], 1.0), w.unit[0])


@pytest.mark.parametrize("variables", [5, 8])
def test_directions_are_those_of_every_lane_alone(variables: int) -> None:
    rng = np.random.default_rng(7)
    root = rng.standard_normal((variables, variables))
    hessian = root @ root.T + np.eye(variables)
    w = walk(variables)
    w.x[:] = rng.standard_normal(w.x.shape)
    w.gradient[:] = hessian @ w.x
    for lane in range(LANES):
        forget(w.curvature, w.unit, lane)
    steps, changes = np.empty((2, LANES, MEMORY, variables))
    curvature = np.empty((LANES, MEMORY))
    ring = [(0, 0)] * LANES
    for number in range(MEMORY + 5):
        w.trial[:] = w.x + 0.3 * rng.standard_normal(w.x.shape)
        w.trial_gradient[:] = hessian @ w.trial
        before, gradient_before = w.x.copy(), w.gradient.copy()
        # lane 2 stays now and then, so that an old pair falls out of its ring; lane 3 begins anew
        accepted = np.ones(LANES)
        accepted[2] = float(number != 2)
        step(w, number % MEMORY, accepted)
        moved = np.where(accepted > 0.0, w.trial, before)
        np.testing.assert_allclose(w.x, moved, rtol=1e-15)
        np.testing.assert_allclose(w.largest[0], np.abs(w.gradient).max(axis=0), rtol=1e-15)
        if number == 4:
            forget(w.curvature, w.unit, 3)
            ring[3] = (0, 0)
        turn(w, number % MEMORY)
        for lane in range(LANES):
            if accepted[lane] > 0.0 and not (number == 4 and lane == 3):
                ring[lane] = lbfgs_update(
                    w.x[:, lane].copy(), before[:, lane].copy(), w.gradient[:, lane].copy(),
                    gradient_before[:, lane].copy(), steps[lane], changes[lane], curvature[lane], *ring[lane],
                )  # fmt: skip
            # the place that lane 2 left empty is missing for as long as it is in the ring
            stored = ring[lane][0] - (lane == 2 and MEMORY <= number < MEMORY + 2)
            direction = np.empty(variables)
            slope = lbfgs_direction(
                w.gradient[:, lane].copy(), steps[lane], changes[lane], curvature[lane], stored, ring[lane][1],
                direction,
            )  # fmt: skip
            np.testing.assert_allclose(w.direction[:, lane], direction, rtol=1e-8, atol=1e-12)
            assert w.slope[0, lane] == pytest.approx(slope, rel=1e-8)
        np.testing.assert_allclose(w.square[0], np.sum(w.gradient**2, axis=0), rtol=1e-12)


def test_lanes_look_along_their_direction_or_down_the_gradient_or_stay() -> None:
    w = walk(3)
    w.x[:] = 1.0
    w.gradient[:] = 2.0
    w.direction[:] = np.nan
    w.direction[:, 0] = 5.0
    w.step[0, :2] = 0.5
    w.steepest[0, 1] = 1.0
    look(w)
    np.testing.assert_array_equal(w.trial[:, 0], 3.5)
    np.testing.assert_array_equal(w.trial[:, 1], 0.0)
    np.testing.assert_array_equal(w.trial[:, 2:], 1.0)


def test_many_variables_keep_fewer_pairs_but_some() -> None:
    memories = [walk(variables).curvature.shape[0] for variables in (8, 600, 4000)]
    assert memories[0] == MEMORY
    assert MEMORY > memories[1] > memories[2] == LEAST_MEMORY
