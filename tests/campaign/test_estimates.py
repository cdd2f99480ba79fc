"""What the draws of grid points come to."""

from __future__ import annotations

import tracemalloc

import numpy as np

from isaclib.campaign.estimates import metric

DIMS = ("scheme", "realisation", "iteration")


def test_traces_take_no_memory_for_draws_that_have_none():
    traces = np.full((8, 4000, 200), np.nan)
    traces[1, 3:10] = np.random.default_rng(1).random((7, 200))
    traces[1, 5, 120:] = np.nan
    masks = {"own": np.ones((8, 4000), dtype=bool)}
    tracemalloc.start()
    each, compared = metric(traces, DIMS, masks, trace=True)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 0.5 * traces.nbytes
    assert compared == {}

    alone, _ = metric(traces[1:2, 3:10], DIMS, {"own": np.ones((1, 7), dtype=bool)}, trace=True)
    for name, found in alone["own"].items():
        np.testing.assert_allclose(each["own"][name][1:2], found, rtol=1e-13)
    assert each["own"]["_count"].max(axis=1).tolist() == [0, 7, *[0] * 6]
    assert each["own"]["_running"][1, -1] == 6
