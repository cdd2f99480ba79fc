"""What the draws of grid points come to: counts, shares, and the statistics of a metric; knows only arrays.

`isaclib.campaign.summary` takes it of a file, `isaclib.campaign.reduction` of what is larger than memory:
the same numbers, to the last bit. Arrays have the scheme first, then whatever axes of the grid, the
realisation, and dimensions of the metric's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from isaclib.campaign import population
from isaclib.campaign.pairing import paired
from isaclib.campaign.statistics import Samples, carry_forward, count, describe, samples_of
from isaclib.systems.base import Status

TRACE = "trace"
"""The metric over iterations: carried forward, and neither paired nor in the CSV."""

Found: TypeAlias = dict[str, np.ndarray]
"""Estimates by name."""


def real(values: np.ndarray) -> np.ndarray:
    """Bring integers with their "nothing here" (the smallest of their kind) to floats with NaN."""
    if values.dtype.kind in "iu":
        return np.where(values == np.iinfo(values.dtype).min, np.nan, values)
    return values.astype(float, copy=False)


def draws(status: np.ndarray, blocks: np.ndarray | None) -> Found:
    """Count draws and take their shares.

    Parameters
    ----------
    status : ndarray of int, shape (schemes, ..., n)
        Values of `Status`.
    blocks : ndarray of int, shape (n,), optional
        Block of each realisation, where those of one depend on each other (`isaclib.campaign.blocks`).

    Returns
    -------
    dict of str to ndarray
        ``status_count`` (schemes, ..., 7), ``common_share`` (..., 3), ``solved_share`` (schemes, ..., 3).
    """
    return {
        "status_count": population.counts(status),
        "common_share": population.common_share(status, blocks=blocks),
        "solved_share": population.solved_share(status, blocks=blocks),
    }


def populations(status: np.ndarray) -> dict[str, np.ndarray]:
    """Return the draws of each population."""
    return {"common": population.common(status), "own": population.own(status)}


def run_status(values: np.ndarray) -> np.ndarray:
    """Bring stored values to `Status`: padding, like a draw nobody asked for, was not run."""
    numbers = real(values)
    return np.where(np.isnan(numbers), float(Status.NOT_RUN), numbers).astype(np.int8)


def metric(
    values: np.ndarray,
    dims: Sequence[str],
    masks: Mapping[str, np.ndarray],
    *,
    pairs: np.ndarray | None = None,
    trace: bool = False,
    blocks: np.ndarray | None = None,
) -> tuple[dict[str, Found], Found]:
    """Take the statistics of a metric over each population, and of its pairs.

    Parameters
    ----------
    values : ndarray
        As stored.
    dims : sequence of str
        Its dimensions, ``scheme`` first.
    masks : mapping of str to ndarray of bool, shape (schemes, ..., n)
        Populations.
    pairs : ndarray of bool, shape (schemes, ..., n), optional
        Draws that each scheme has in a pair; without it none are compared.
    trace : bool
        Whether it is carried forward along ``iteration``.
    blocks : ndarray of int, shape (n,), optional
        Block of each realisation, where those of one depend on each other.

    Returns
    -------
    each : dict
        Population to ``""`` (schemes, ..., own..., S, 3), ``"_count"`` and, of a trace, ``"_running"``
        (schemes, ..., own...).
    compared : dict
        ``"_paired"`` (schemes, ..., own..., 3, 3) and ``"_pairs"`` (schemes, ..., own...).
    """
    if trace:
        return _of_traces(real(values), list(dims), masks, blocks), {}
    samples = samples_of(real(values), dims)
    each = _of_populations(samples, masks, blocks)
    if pairs is None:
        return each, {}
    compared, number = paired(samples.among(pairs).values, blocks=blocks)
    return each, {"_paired": compared, "_pairs": number}


def _of_populations(
    samples: Samples, masks: Mapping[str, np.ndarray], blocks: np.ndarray | None, running: Samples | None = None
) -> dict[str, Found]:
    each: dict[str, Found] = {}
    done: list[tuple[np.ndarray, Found]] = []
    for name, mask in masks.items():
        # where every scheme has solved every draw the populations are one
        known = next((found for other, found in done if np.array_equal(other, mask)), None)
        if known is None:
            among = samples.among(mask)
            known = {"": describe(among, blocks=blocks), "_count": count(among)}
            if running is not None:
                known["_running"] = count(running.among(mask))
            done.append((mask, known))
        each[name] = known
    return each


def _of_traces(
    numbers: np.ndarray, dims: list[str], masks: Mapping[str, np.ndarray], blocks: np.ndarray | None
) -> dict[str, Found]:
    """Take the statistics of traces, a curve at a point at a time and of its draws that have one.

    Few do: a solver in a closed form has none, and those that have thousands of iterations solve few draws.
    Padded to the longest, all draws of all schemes would be gigabytes at one grid point.
    """
    leading = numbers.shape[: dims.index("realisation")]
    inner = dims[len(leading) :]
    curves: list[dict[str, Found]] = []
    for index in np.ndindex(*leading):
        rows = np.flatnonzero(~np.isnan(numbers[index]).reshape(numbers.shape[len(leading)], -1).all(axis=-1))
        traces = numbers[index][rows]
        carried = samples_of(carry_forward(traces, inner.index("iteration")), inner)
        here = {name: mask[index][rows] for name, mask in masks.items()}
        curves.append(
            _of_populations(carried, here, None if blocks is None else blocks[rows], running=samples_of(traces, inner))
        )
    return {
        name: {
            key: np.reshape([curve[name][key] for curve in curves], (*leading, *first.shape))
            for key, first in curves[0][name].items()
        }
        for name in masks
    }
