"""Transmit beamformers and receive filter in turn, where the paper keeps the filter fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from isaclib.systems.base import HAS_DESIGN, Status
from isaclib.systems.modular.acceptance import illumination, judge
from isaclib.systems.modular.design import Design
from isaclib.systems.modular.direct import dual
from isaclib.systems.modular.scenario import Scenario, mvdr
from isaclib.systems.streams import Streams

ALTERNATING_OPTIONS: Mapping[str, Any] = {"max_iterations": 20, "tolerance": 1e-9}

NO_LIMIT_DB = -100.0
"""SCNR that every design has: the problem without its constraint."""


def check_alternating(options: Mapping[str, Any]) -> None:
    """Refuse options that `alternating_mvdr` cannot take.

    Raises
    ------
    ValueError
        For fewer than one iteration or a tolerance that is not above 0.
    """
    if options["max_iterations"] < 1:
        raise ValueError(f"option max_iterations = {options['max_iterations']!r}: expected at least 1")
    if not options["tolerance"] > 0.0:
        raise ValueError(f"option tolerance = {options['tolerance']!r}: expected a number above 0")


def alternating_mvdr(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Maximise the spectral efficiency over transmit beamformers and receive filters in turn.

    From the filter of the scenario: the dual gives the best beamformers for the filter, (21) the best
    filter for the beamformers. A better filter only loosens the SCNR constraint, so that the
    spectral efficiency never falls.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        ``max_iterations``; ``tolerance``: relative gain at which the alternation of a draw ends.
    rng : Streams
        Not used.

    Returns
    -------
    Design
        With `receive_filter`; `bound` is the spectral efficiency without the SCNR constraint, which
        holds for every filter. A draw out of reach of the first filter is `not_found`.

    Raises
    ------
    ValueError
        For options that `check_alternating` refuses.
    """
    check_alternating(options)
    filters = np.array(scenario.receive_filter)
    design = dual(scenario, {}, rng, hybrid=True)
    found = np.isin(design.status, HAS_DESIGN)
    open_draws = found.copy()
    iterations = np.ones(len(scenario), dtype=np.int64)
    trace = np.full((len(scenario), int(options["max_iterations"])), np.nan)
    trace[:, 0] = design.objective
    for step in range(1, trace.shape[1]):
        if not open_draws.any():
            break
        # settled draws keep their filter, so that no draw depends on its neighbours
        renewed = _renewed(scenario, design)
        filters = np.where(open_draws[:, None, None], renewed, filters)
        design = dual(scenario.filtered_by(filters), {}, rng, hybrid=True)
        trace[open_draws, step] = design.objective[open_draws]
        iterations[open_draws] += 1
        open_draws &= trace[:, step] > trace[:, step - 1] * (1.0 + options["tolerance"])
    unlimited = replace(scenario, parameters=replace(scenario.parameters, min_scnr_db=NO_LIMIT_DB))
    bound = dual(unlimited, {}, rng, hybrid=True).bound
    judged = judge(
        scenario.filtered_by(filters),
        beamformers=design.beamformers,
        blocks=design.blocks,
        digital=design.digital,
        bound=bound,
        reachable_scnr=design.reachable_scnr,
        status=np.where(found, design.status, Status.NOT_FOUND),
        reason=[f"for the first receive filter {text}" if text else "" for text in design.reason],
        iterations=iterations,
        trace=trace,
    )
    return replace(judged, receive_filter=filters)


def _renewed(scenario: Scenario, design: Design) -> np.ndarray:
    """MVDR filters (21) of what the design transmits, shape (B, T, N)."""
    lit = scenario.reflections**2 * illumination(scenario, np.nan_to_num(design.beamformers))
    return mvdr(scenario.receive, lit, scenario.receive_filter.shape[1], scenario.sensing_noise_w)
