"""A tiny deterministic system, and runs of it, for the tests of this floor."""

from __future__ import annotations

import sys
import textwrap
import types
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import isaclib
import isaclib.systems
from isaclib.campaign.cells import Cell, Run
from isaclib.campaign.gather import gather
from isaclib.campaign.inputs import keep
from isaclib.campaign.plan import find_run, make_plan, plan_path
from isaclib.campaign.reading import load
from isaclib.campaign.run import execute
from isaclib.systems import base
from isaclib.systems.base import Estimator, Scheme, Solver, Status
from isaclib.systems.parameters import normalise, parameter
from isaclib.systems.streams import BLOCK, Stream, Streams
from isaclib.systems.system import System


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Two sizes and a power."""

    elements: int = parameter(4, unit="1", doc="antennas", low=1, integer=True)
    users: int = parameter(2, unit="1", doc="users", low=1, high=64, integer=True)
    power_dbm: float = parameter(10.0, unit="dBm", doc="transmit power", low=-60.0, high=80.0)

    def __post_init__(self) -> None:
        normalise(self)


@dataclass(frozen=True)
class Scenario:
    """Channels (B, K, N)."""

    channels: np.ndarray
    parameters: Parameters
    streams: Streams


@dataclass(frozen=True, kw_only=True)
class Design(base.Design):
    """With beamformers (B, N, K)."""

    beamformers: np.ndarray


@dataclass
class Tiny:
    """The system, and what the tests change about it."""

    system: System
    bad: set[int] = field(default_factory=set)
    """Realisations whose solver raises."""
    bad_estimates: set[int] = field(default_factory=set)
    """Realisations whose estimator raises."""
    batches: list[tuple[int, int]] = field(default_factory=list)
    """Ranges that were designed, in order."""


def make_tiny() -> Tiny:
    def draw(parameters: Parameters, streams: Streams) -> Scenario:
        gains = [streams.complex_normal(Stream.LOS_GAIN, (parameters.elements,), k) for k in range(parameters.users)]
        return Scenario(np.stack(gains, axis=1), parameters, streams)

    def solve(scenario: Scenario, options: dict, rng: Streams) -> Design:
        tiny.batches.append((rng.start, rng.stop))
        drawn = range(rng.start, rng.stop)
        for r in drawn:
            if r in tiny.bad:
                raise FloatingPointError(f"singular matrix at {r},\nsecond line")
        power = 10.0 ** (scenario.parameters.power_dbm / 10.0)
        gain = (np.abs(scenario.channels) ** 2).sum(axis=(1, 2))
        infeasible = gain < 5.0
        objective = np.where(infeasible, np.nan, options["scale"] / (power * gain))
        steps = 3 + int(scenario.parameters.power_dbm // 10)
        beamformers = np.conj(np.swapaxes(scenario.channels, 1, 2)).copy()
        beamformers[infeasible] = np.nan
        return Design(
            status=np.where(infeasible, Status.INFEASIBLE, Status.OPTIMAL).astype(np.int8),
            objective=objective,
            bound=objective,
            gap=objective * 0.0,
            violation=np.where(infeasible, np.nan, -0.5)[:, None] * np.ones(1 + scenario.parameters.users),
            constraints=("power", *(f"rate {k}" for k in range(scenario.parameters.users))),
            iterations=np.full(len(gain), steps),
            reason=tuple("not enough power" if bad else "" for bad in infeasible),
            trace=objective[:, None] * np.linspace(2.0, 1.0, steps),
            beamformers=beamformers,
        )

    def evaluate(scenario: Scenario, design: Design) -> xr.Dataset:
        rate = np.abs(design.beamformers).sum(axis=1)
        return xr.Dataset(
            {
                "status": ("realisation", design.status),
                "peb_m": (
                    "realisation",
                    np.sqrt(design.objective),
                    {"units": "m", "long_name": "position error bound"},
                ),
                "rate": (("realisation", "user"), rate, {"units": "bit/s/Hz"}),
                "violation": (("realisation", "constraint"), design.violation),
            },
            coords={"constraint": list(design.constraints)},
        )

    def estimate(scenario: Scenario, design: Design, options: dict, rng: Streams) -> xr.Dataset:
        if tiny.bad_estimates & set(range(rng.start, rng.stop)):
            raise ValueError("no peak")
        noise = rng.uniform(Stream.NOISE, (options["trials"],))
        error = noise * np.abs(design.beamformers).sum(axis=(1, 2))[:, None]
        return xr.Dataset({"echo_error_m": (("realisation", "trial"), error, {"units": "m"})})

    solvers = {
        "direct": Solver(solve, "at once", {"scale": 1.0}),
        "slow": Solver(solve, "one by one", {"scale": 2.0}, seconds=1.0),
    }
    system = System(
        name="tiny",
        version=1,
        parameters_class=Parameters,
        draw_scenario=draw,
        evaluate_design=evaluate,
        schemes_package="isaclib.systems.tiny.schemes",
        further=(Scheme("plain", "plain", solvers),),
        metrics={"status": (), "peb_m": (), "rate": ("user",), "violation": ("constraint",), "trace": ("iteration",)},
        estimators={
            "echo": Estimator("echo", "listens", estimate, {"trials": 3}, metrics={"echo_error_m": ("trial",)})
        },
    )
    tiny = Tiny(system)
    return tiny


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """The tiny system, registered as ``tiny``."""
    made = make_tiny()
    module = types.ModuleType("isaclib.systems.tiny")
    module.SYSTEM = made.system  # type: ignore[attr-defined]
    schemes = types.ModuleType("isaclib.systems.tiny.schemes")
    schemes.__path__ = []
    for each in (module, schemes):
        monkeypatch.setitem(sys.modules, each.__name__, each)
    monkeypatch.setattr(isaclib.systems, "SYSTEMS", ("tiny",))
    return made


@pytest.fixture
def campaign(tiny: Tiny, tmp_path: Path):
    """Return a factory of campaigns: text that replaces keys of a small campaign file."""

    def make(effort: str = "quick", **keys: str):
        content = {
            "campaign": "tiny-1",
            "title": "A tiny campaign",
            "system": "tiny",
            "seed": "7",
            "grid": "{power_dbm: [10, 20]}",
            "schemes": "[plain]",
            "realisations": "{quick: 100, paper: 200}",
            **keys,
        }
        path = tmp_path / "tiny-1.yaml"
        path.write_text("".join(f"{key}: {textwrap.dedent(value)}\n" for key, value in content.items()))
        return load(path, effort=effort)

    return make


@pytest.fixture
def runs_of():
    """Return a factory of the runs of a campaign: one a curve and `size` cells."""

    def make(spec, *, size: int = 1000, designs: bool = True, estimators: bool = True) -> list[Run]:
        runs = []
        for curve in spec.curves:
            ids = spec.estimator_ids(curve) if estimators else {}
            points = {point.id: point.parameters for point in spec.points(curve).values()}
            cells = [
                Cell(point, start, min(start + BLOCK, curve.realisations))
                for point in points
                for start in range(0, curve.realisations, BLOCK)
            ]
            for first in range(0, len(cells), size):
                chosen = tuple(cells[first : first + size])
                runs.append(
                    Run(
                        campaign=spec.name,
                        system=spec.system,
                        seed=spec.seed,
                        scheme=curve.scheme,
                        solver=curve.solver,
                        options=curve.options,
                        scheme_id=curve.scheme_id,
                        points={cell.point: points[cell.point] for cell in chosen},
                        cells=chosen,
                        designs=designs,
                        estimators={n: {"id": i, "options": spec.estimators[n]} for n, i in ids.items()},
                        store=spec.store,
                    )
                )
        return runs

    return make


@pytest.fixture
def solved(tmp_path: Path):
    """Return a function that plans a campaign and solves what is missing, as the workflow does."""

    def solve(spec) -> list[str]:
        root = tmp_path / "results"
        plan = make_plan(spec, root, run_seconds=100.0)
        keep(spec.inputs, root)
        plan.write(plan_path(root, spec.digest, 0))
        for run in plan.runs:
            execute(find_run(root, run.id), root / "runs" / f"{run.id}.nc", progress=False)
        return sorted({run.scheme for run in plan.runs})

    return solve


@pytest.fixture
def gathered(tmp_path: Path, runs_of):
    """Return a function that executes runs of a campaign and gathers all runs there are."""

    def make(spec, runs=None, name: str = "campaign.nc") -> xr.Dataset:
        folder = tmp_path / "results" / "runs"
        for run in runs_of(spec) if runs is None else runs:
            if not (folder / f"{run.id}.nc").exists():
                execute(run, folder / f"{run.id}.nc", progress=False)
        output = tmp_path / "results" / name
        gather(folder.parent, spec, [path.stem for path in folder.glob("*.nc")], output)
        return isaclib.open_campaign(output)

    return make
