"""Analog and digital beamformers held against their product."""

from __future__ import annotations

import numpy as np

from isaclib.systems.modular.departures import departures


def test_departures_are_those_of_the_formulas_and_nan_stays_nan() -> None:
    rng = np.random.default_rng(1)
    batch, subarrays, count, size, streams = 5, 2, 3, 7, 2

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)

    columns = np.exp(1j * rng.uniform(0.0, 6.0, (batch, subarrays, count, size)))
    columns[0, 1, 2, 3] *= 0.9
    columns[1, 0, 0, 6] *= 1.2
    digital, beamformers = normal(batch, subarrays * count, streams), normal(batch, subarrays * size, streams)
    blocks = np.swapaxes(columns, -1, -2)
    product = (blocks @ digital.reshape(batch, subarrays, count, streams)).reshape(beamformers.shape)
    expected = (
        np.max(np.abs(np.abs(columns) - 1.0), axis=(1, 2, 3)),
        np.max(np.abs(product - beamformers), axis=(1, 2)),
        np.max(np.abs(beamformers), axis=(1, 2)),
    )
    for found, known in zip(departures(columns, digital, beamformers), expected, strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-12, atol=1e-15)
    for array in (columns, digital, beamformers):
        broken = [np.array(each) for each in (columns, digital, beamformers)]
        next(each for each in broken if each.shape == array.shape).reshape(batch, -1)[2, 4] = np.nan
        for found in departures(*broken):
            np.testing.assert_array_equal(np.isnan(found), np.arange(batch) == 2)
