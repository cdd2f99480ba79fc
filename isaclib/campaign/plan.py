"""The plan: which runs fill a campaign, written once and never changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from isaclib import __version__
from isaclib.campaign.adoption import Adopted, adopt
from isaclib.campaign.cells import Cell, Run
from isaclib.campaign.costs import Cost, Costs
from isaclib.campaign.coverage import Coverage, Task, missing_cells, named_realisations, serves
from isaclib.campaign.packing import pack, target_seconds
from isaclib.campaign.precision import Aim, aims, grown, started
from isaclib.campaign.sidecar import read_sidecars
from isaclib.campaign.spec import Campaign, Curve, efforts_covering
from isaclib.campaign.writing import write_atomically

SCHEMA = 1
"""Version of the layout of plan files."""

COPIES = 2
"""Every number is stored twice: in a run and in the dataset gathered from the runs."""

COPIES_IN_MEMORY = 3
"""What a run collects is converted, and copied again where it is written."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Runs on disk that serve a campaign, and new runs for the rest.

    Parameters
    ----------
    campaign, digest, effort : str
        What is planned: `Campaign.name`, `Campaign.digest`, `Campaign.effort`.
    round : int
        0, or one more than the plan whose results this one looks at.
    final : bool
        No further round follows.
    reuse : tuple of str
        Finished runs that hold something the campaign names.
    runs : tuple of Run
        New ones, longest first.
    bytes : float
        Expected size of what the new runs add.
    counts : mapping of str to tuple of int
        Label of each curve with a precision to its realisations at every point, in grid order.
    aims : tuple of Aim
        How far these curves were when the plan was written; none in round 0.
    adopted : tuple of Adopted
        Those of `reuse` that another campaign solved, and that are new here.
    """

    campaign: str
    digest: str
    effort: str
    round: int
    final: bool
    reuse: tuple[str, ...]
    runs: tuple[Run, ...]
    bytes: float
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    aims: tuple[Aim, ...] = ()
    adopted: tuple[Adopted, ...] = ()

    @property
    def seconds(self) -> float:
        """Expected time of the new runs together, on one core."""
        return sum(run.seconds for run in self.runs)

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Every run that is gathered, sorted."""
        return tuple(sorted({*self.reuse, *(run.id for run in self.runs)}))

    def write(self, path: str | Path) -> None:
        """Write the plan, whole or not at all."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        content: dict[str, Any] = {
            "schema": SCHEMA,
            "campaign": self.campaign,
            "digest": self.digest,
            "effort": self.effort,
            "round": self.round,
            "final": self.final,
            "isaclib": __version__,
            "seconds": round(self.seconds, 1),
            "bytes": round(self.bytes),
            "reuse": list(self.reuse),
            "runs": {run.id: run.to_json() for run in self.runs},
        }
        if self.counts:
            content["counts"] = {label: list(counts) for label, counts in self.counts.items()}
            content["aims"] = [aim.to_json() for aim in self.aims]
        if self.adopted:
            content["adopted"] = {entry.run.id: entry.to_json() for entry in self.adopted}
        write_atomically(path, json.dumps(content, indent=1).encode())

    @classmethod
    def read(cls, path: str | Path) -> Plan:
        """Read a plan.

        Raises
        ------
        ValueError
            In one line, naming the file, where it is missing, damaged or edited.
        """
        with _opened(path) as content:
            return cls(
                campaign=content["campaign"],
                digest=content["digest"],
                effort=content["effort"],
                round=content["round"],
                final=content["final"],
                reuse=tuple(content["reuse"]),
                runs=tuple(Run.from_json(run) for run in content["runs"].values()),
                bytes=content["bytes"],
                counts={label: tuple(counts) for label, counts in content.get("counts", {}).items()},
                aims=tuple(Aim.from_json(aim) for aim in content.get("aims", ())),
                adopted=tuple(Adopted.from_json(entry) for entry in content.get("adopted", {}).values()),
            )


@contextmanager
def _opened(path: str | Path) -> Iterator[dict[str, Any]]:
    """Hand out the content of a plan file; whatever is wrong with it is said with its name."""
    try:
        content = json.loads(Path(path).read_bytes())
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema = {content['schema']!r}: expected {SCHEMA}")
        yield content
    except FileNotFoundError:
        raise ValueError(f"{path}: missing: expected a plan; `snakemake` writes it") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        advice = "`isaclib verify` removes it, `snakemake` writes it anew"
        raise ValueError(f"{path}: not a plan of this version ({type(error).__name__}: {error}); {advice}") from error


def make_plan(
    campaign: Campaign,
    root: str | Path,
    *,
    round_: int = 0,
    cores: int = 1,
    run_seconds: float | None = None,
    before_timing: Callable[[], None] | None = None,
    beside: Iterable[Path] = (),
) -> Plan:
    """Plan what a campaign lacks.

    Round 0 is what the file names; where it asks for a precision, every further round looks at the
    runs of those before it and asks for more draws where intervals are too wide.

    Parameters
    ----------
    campaign : Campaign
        In the effort asked for.
    root : path
        ``results/<campaign>``; need not exist.
    round_ : int
        The plans of all rounds before it are written, and their runs are there.
    cores : int
        Cores that share the runs; part of no identity.
    run_seconds : float, optional
        Length of a run, where it is set by hand.
    before_timing : callable, optional
        Called once where costs have to be measured.
    beside : iterable of path
        Folders of other campaigns (`siblings`): their finished runs count where they hold what is missing.

    Returns
    -------
    Plan
        Not written yet, nor its `adopted` runs taken over. Costs that no finished run and no solver tells are measured.

    Raises
    ------
    ValueError
        In one line, naming an earlier plan, or a run of it, that is missing or damaged.
    """
    looked: list[Aim] = []
    campaign = started(campaign)
    if round_:
        before = [Plan.read(plan_path(root, campaign.digest, k)) for k in range(round_)]
        campaign = replace(campaign, grown=before[-1].counts)
        looked = aims(campaign, root, {run for plan in before for run in plan.run_ids})
        campaign = grown(campaign, looked)
    finished = read_sidecars(Path(root) / "runs")
    sidecars = [sidecar for sidecar in finished if not sidecar.cut_short(campaign.draw_seconds)]
    named = named_realisations(campaign)
    adopted, taken = adopt(campaign, sidecars, beside)
    finished, sidecars = [*finished, *taken], [*sidecars, *taken]
    reuse = tuple(sorted(s.run for s in sidecars if serves(campaign, s, named)))
    missing = missing_cells(campaign, Coverage(sidecars, campaign.store))
    costs = Costs(campaign, finished, folder=Path(root) / "runs", before_timing=before_timing)
    by_task = {task: costs.of(task, cells) for task, cells in missing.items()}
    runs, size = _pack(campaign, missing, costs, by_task, cores, run_seconds)
    return Plan(
        campaign=campaign.name,
        digest=campaign.digest,
        effort=campaign.effort,
        round=round_,
        final=not campaign.grown or (round_ > 0 and campaign.grown == before[-1].counts),
        reuse=reuse,
        runs=tuple(sorted(runs, key=lambda run: (-run.seconds, run.id))),
        bytes=size * COPIES,
        counts=campaign.grown,
        aims=tuple(looked),
        adopted=adopted,
    )


def round_under_way(campaign: Campaign, root: str | Path) -> int:
    """Return the round that is to be solved now: the last planned one, or the next where its runs are all there.

    Parameters
    ----------
    campaign : Campaign
        In the effort asked for.
    root : path
        ``results/<campaign>``; need not exist.
    """
    plans = [Plan.read(path) for path in plan_paths(root, campaign.digest)]
    if not plans:
        return 0
    there = {sidecar.run for sidecar in read_sidecars(Path(root) / "runs")}
    done = there.issuperset(run for plan in plans for run in plan.run_ids)
    return len(plans) if done and not plans[-1].final else len(plans) - 1


def find_run(root: str | Path, run_id: str) -> Run:
    """Return a run by its identity from any plan of a campaign.

    Parameters
    ----------
    root : path
        ``results/<campaign>``.
    run_id : str
        Name of the run.

    Raises
    ------
    ValueError
        In one line, where no plan has it, or naming a plan that is damaged or edited.
    """
    for path in sorted(Path(root).glob("plan/*/*.json")):
        with _opened(path) as content:
            # only the one run is rebuilt and checked: a job should not pay for its thousand neighbours
            if (found := content["runs"].get(run_id)) is not None:
                return Run.from_json(found)
            if (taken := content.get("adopted", {}).get(run_id)) is not None:
                return Adopted.from_json(taken).run
    raise ValueError(f"{root}: run {run_id} is in no plan there: start `snakemake` again, which plans what is missing")


def settled(campaign: Campaign, root: str | Path) -> Campaign:
    """Return the campaign in a larger effort where that is complete, else as it is.

    After ``paper``, ``quick`` asks for nothing that is not there: the dataset stays as it is.

    Parameters
    ----------
    campaign : Campaign
        In the effort asked for.
    root : path
        ``results/<campaign>``.
    """
    for larger in efforts_covering(campaign):
        if complete_marker(root, larger.digest).exists():
            return larger
    return campaign


def plan_paths(root: str | Path, digest: str) -> list[Path]:
    """Return the paths of the plans of a digest, one a round."""
    return sorted((Path(root) / "plan" / digest).glob("*.json"))


def plan_path(root: str | Path, digest: str, round_: int) -> Path:
    """Return the path of the plan of one round."""
    return Path(root) / "plan" / digest / f"{round_:03d}.json"


def complete_marker(root: str | Path, digest: str) -> Path:
    """Return the path of the marker that says that every run of the plans of a digest is there."""
    return Path(root) / "plan" / digest / "complete"


def _pack(
    campaign: Campaign,
    missing: Mapping[Task, list[Cell]],
    costs: Costs,
    by_task: Mapping[Task, Mapping[str, Cost]],
    cores: int,
    run_seconds: float | None,
) -> tuple[list[Run], float]:
    def seconds(task: Task, cells: Sequence[Cell]) -> float:
        unit = costs.unit(task)
        return sum(
            by_task[task][cell.point].seconds * (len(cell) if unit == 1 else cell.blocks * unit) for cell in cells
        )

    total = sum(seconds(task, cells) for task, cells in missing.items())
    target = target_seconds(total, cores=cores, asked=run_seconds)
    runs, size = [], 0.0
    for task, cells in missing.items():
        cost, unit = by_task[task], costs.unit(task)
        size += sum(cost[cell.point].bytes * len(cell) for cell in cells)
        # a solver of whole blocks knows no single draw
        limit = campaign.draw_seconds if unit == 1 else None
        each = [cost[cell.point].seconds * unit for cell in cells]
        for chosen in pack(cells, each, target, unit=unit, cores=cores):
            collected = sum(cost[cell.point].bytes * len(cell) for cell in chosen)
            memory = max(cost[cell.point].memory_mb for cell in chosen) + COPIES_IN_MEMORY * collected / 1e6
            runs.append(_run(campaign, task, chosen, seconds(task, chosen), memory, limit))
    return runs, size


def _run(
    campaign: Campaign, task: Task, cells: Sequence[Cell], seconds: float, memory_mb: float, draw_seconds: float | None
) -> Run:
    curves: list[Curve] = [curve for curve in campaign.curves if curve.scheme_id == task.scheme_id]
    parameters = {point.id: point.parameters for curve in curves for point in campaign.points(curve).values()}
    identities = campaign.estimator_ids(curves[0])
    return Run(
        campaign=campaign.name,
        system=campaign.system,
        seed=campaign.seed,
        scheme=curves[0].scheme,
        solver=curves[0].solver,
        options=curves[0].options,
        scheme_id=task.scheme_id,
        points={point: parameters[point] for point in dict.fromkeys(cell.point for cell in cells)},
        cells=tuple(cells),
        designs=task.designs,
        estimators={
            name: {"id": identities[name], "options": dict(campaign.estimators[name])} for name in task.estimators
        },
        store=campaign.store if task.designs else (),
        seconds=round(seconds, 3),
        memory_mb=round(memory_mb),
        draw_seconds=draw_seconds,
        sampling=campaign.sampling,
        scheme_file=campaign.model.scheme(curves[0].scheme).file_id,
        channels=campaign.channels.id if campaign.channels else "",
    )
