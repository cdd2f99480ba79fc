"""What a cell costs: from finished runs, from the solver's own word, or measured on a few draws."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from isaclib.campaign.cells import Cell
from isaclib.campaign.coverage import Task
from isaclib.campaign.designs import StoredDesigns
from isaclib.campaign.memory import peak_memory_mb
from isaclib.campaign.sidecar import Sidecar
from isaclib.campaign.spec import Campaign, Curve
from isaclib.systems.base import Solver
from isaclib.systems.streams import BLOCK

SAMPLE, LARGE_SAMPLE = 32, 256
"""Realisations timed at a point; more of them where they are cheap, since runs take many of those together."""

SAMPLED_POINTS = 3
"""Points timed of a curve: first, middle, last; the others are interpolated."""

SAMPLE_SECONDS, LARGE_SAMPLE_SECONDS = 1.0, 0.2
"""Time a point's sample may take: a slow solver is timed on fewer realisations."""

UNKNOWN_SECONDS, UNKNOWN_BYTES = 0.1, 1000.0
"""A realisation of a solver that could not be timed because it failed on the sample."""

UNKNOWN_MEMORY_MB = 1000.0
"""A run of a solver that was not sampled; the largest reference solver, an SDP of 32 antennas, takes 800 MB."""


@dataclass(frozen=True)
class Cost:
    """Expected cost.

    Parameters
    ----------
    seconds : float
        A realisation, in a whole block.
    bytes : float
        A realisation, in a run file.
    memory_mb : float
        A run, without the metrics that it collects.
    """

    seconds: float
    bytes: float
    memory_mb: float


class Costs:
    """Costs of the cells of a campaign.

    Parameters
    ----------
    campaign : Campaign
        What is planned.
    sidecars : iterable of Sidecar
        Finished runs, whose costs are known.
    folder : path
        Where they lie, with the designs they kept.
    before_timing : callable, optional
        Called once, before the first sample: the first may compile for minutes.
    """

    def __init__(
        self,
        campaign: Campaign,
        sidecars: Iterable[Sidecar],
        *,
        folder: Path,
        before_timing: Callable[[], None] | None = None,
    ) -> None:
        self._campaign = campaign
        self._folder = folder
        self._stored: dict[str, StoredDesigns] = {}
        self._before_timing = before_timing
        self._system = campaign.model
        self._solvers: dict[str, Solver] = {
            curve.scheme_id: self._system.scheme(curve.scheme).solver(curve.solver) for curve in campaign.entries
        }
        self._known = _known(sidecars, self.one_by_one)
        self._curves: dict[tuple[str, str], Curve] = {}
        for curve in campaign.curves:
            for point in campaign.points(curve).values():
                self._curves.setdefault((curve.scheme_id, point.id), curve)

    def one_by_one(self, scheme_id: str) -> bool:
        """Tell whether a scheme's solver takes its realisations one at a time, not in whole blocks."""
        return scheme_id in self._solvers and self._solvers[scheme_id].seconds is not None

    def of(self, task: Task, cells: Sequence[Cell]) -> dict[str, Cost]:
        """Return the cost a realisation at every point of the cells.

        Parameters
        ----------
        task : Task
            What is done in them.
        cells : sequence of Cell
            In grid order.

        Returns
        -------
        dict
            Point to cost.
        """
        points = list(dict.fromkeys(cell.point for cell in cells))
        identities = tuple(
            sorted(
                self._campaign.estimator_ids(self._curves[task.scheme_id, points[0]])[name] for name in task.estimators
            )
        )
        costs = {
            point: cost
            for point in points
            if (cost := self._known.get((task.scheme_id, task.designs, identities, point))) is not None
        }
        unknown = [point for point in points if point not in costs]
        declared = self._solvers[task.scheme_id].seconds
        if unknown and declared is not None and self._kept(task, unknown[0], 1) is None:
            costs.update(dict.fromkeys(unknown, Cost(declared, UNKNOWN_BYTES, UNKNOWN_MEMORY_MB)))
        elif unknown:
            costs.update(self._measured(task, unknown))
        return costs

    def unit(self, task: Task) -> int:
        """Return the realisations that are solved at once: a part of them costs as much as all."""
        return 1 if self.one_by_one(task.scheme_id) else BLOCK

    def _measured(self, task: Task, points: Sequence[str]) -> dict[str, Cost]:
        # curves of one scheme may differ in what makes a draw hard: each is sampled by itself
        by_curve: dict[str, list[str]] = defaultdict(list)
        for point in points:
            by_curve[self._curves[task.scheme_id, point].label].append(point)
        if self._before_timing is not None:
            self._before_timing()
            self._before_timing = None
        self._sample(task, points[0], 1)  # compiles what the solver compiles
        costs: dict[str, Cost] = {}
        for own in by_curve.values():
            costs.update(self._interpolated(task, own))
        return costs

    def _interpolated(self, task: Task, points: Sequence[str]) -> dict[str, Cost]:
        sampled = sorted({round(i) for i in np.linspace(0, len(points) - 1, SAMPLED_POINTS)})
        found = []
        for i in sampled:
            first = self._sample(task, points[i], 1)
            alone = max(first.seconds, 1e-9)
            most = min(SAMPLE_SECONDS / alone, SAMPLE)
            # designs that are taken up lie in runs, few of them perhaps
            if task.designs:
                most = max(most, min(LARGE_SAMPLE_SECONDS / alone, LARGE_SAMPLE))
            count = int(max(most, 1))
            if self.one_by_one(task.scheme_id):
                count = 1  # as the run will take them
            found.append(self._sample(task, points[i], count) if count > 1 else first)
        seconds = np.interp(np.arange(len(points)), sampled, [cost.seconds for cost in found])
        size = np.interp(np.arange(len(points)), sampled, [cost.bytes for cost in found])
        memory = found[-1].memory_mb  # a process's peak only grows
        return {point: Cost(float(seconds[i]), float(size[i]), memory) for i, point in enumerate(points)}

    def _sample(self, task: Task, point: str, count: int) -> Cost:
        curve = self._curves[task.scheme_id, point]
        parameters = self._system.Parameters(**_parameters(self._campaign, curve, point))
        spec = self._campaign
        count = min(count, spec.channels.realisations) if spec.channels else count
        # processor time: other jobs on the machine do not make this one dearer
        began = time.process_time()
        try:
            channels = spec.channels.read(0, count) if spec.channels else None
            scenario = self._system.draw(
                parameters, seed=spec.seed, start=0, stop=count, sampling=spec.sampling, channels=channels
            )
            design: Any = self._kept(task, point, count)
            if design is None:
                design = self._system.design(scenario, scheme=curve.scheme, solver=curve.solver, options=curve.options)
            options = self._campaign.estimators
            data = [self._system.evaluate(scenario, design)] if task.designs else []
            data += [
                self._system.estimate(scenario, design, estimator=name, options=options[name])
                for name in task.estimators
            ]
        # whatever fails here fails in the run too, and is recorded there with its reason
        except Exception:
            return Cost(UNKNOWN_SECONDS, UNKNOWN_BYTES, UNKNOWN_MEMORY_MB)
        seconds = time.process_time() - began
        size = sum(part.nbytes for part in data)
        if task.designs:
            size += sum(np.asarray(getattr(design, name, 0)).nbytes for name in self._campaign.store)
        return Cost(seconds / count, size / count, peak_memory_mb())

    def _kept(self, task: Task, point: str, count: int) -> SimpleNamespace | None:
        """Return designs that a run of estimates would take up instead of making them."""
        if task.designs:
            return None
        if task.scheme_id not in self._stored:
            self._stored[task.scheme_id] = StoredDesigns(
                self._folder, scheme_id=task.scheme_id, seed=self._campaign.seed, kept=self._system.kept
            )
        return self._stored[task.scheme_id].find(point, 0, count)


def _parameters(campaign: Campaign, curve: Curve, point: str) -> Mapping[str, Any]:
    return next(found.parameters for found in campaign.points(curve).values() if found.id == point)


def _known(
    sidecars: Iterable[Sidecar], one_by_one: Callable[[str], bool]
) -> dict[tuple[str, bool, tuple[str, ...], str], Cost]:
    seconds: dict[tuple[str, bool, tuple[str, ...], str], list[float]] = defaultdict(list)
    size: dict[tuple[str, bool, tuple[str, ...], str], float] = {}
    memory: dict[tuple[str, bool, tuple[str, ...], str], float] = defaultdict(float)
    for sidecar in sidecars:
        rows = sum(len(cell) for cell in sidecar.cells)
        for cell, spent in zip(sidecar.cells, sidecar.cell_seconds, strict=True):
            key = sidecar.scheme_id, sidecar.designs, tuple(sorted(sidecar.estimators.values())), cell.point
            seconds[key].append(spent / (len(cell) if one_by_one(sidecar.scheme_id) else cell.blocks * BLOCK))
            size[key] = sidecar.bytes / rows
            memory[key] = max(memory[key], sidecar.peak_memory_mb)
    return {key: Cost(sum(values) / len(values), size[key], memory[key]) for key, values in seconds.items()}
