"""What a campaign file says, resolved: curves, points, identities, realisations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from isaclib.campaign import document, grid
from isaclib.campaign.cells import identity
from isaclib.campaign.channels import Channels
from isaclib.campaign.claims.spec import Claim
from isaclib.campaign.document import CampaignError
from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.identity import estimator_id, plain, plain_parameters, point_id
from isaclib.campaign.precision_spec import PrecisionSpec
from isaclib.systems import get_system
from isaclib.systems.base import Scheme
from isaclib.systems.system import System

EFFORTS = ("quick", "paper")
"""How many realisations: enough to look at, enough to print."""


class Point(NamedTuple):
    """One combination of grid values.

    Parameters
    ----------
    id : str
        Identity of (system, model version, parameters, seed, sampling, channels).
    parameters : mapping
        Every parameter of the system, as plain JSON values.
    """

    id: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One entry of ``schemes``: what is drawn as one curve and compared with the others.

    Parameters
    ----------
    label : str
        Its coordinate along ``scheme``.
    scheme, solver : str
        Names.
    options : mapping
        Options of the solver, resolved.
    scheme_id : str
        Identity of scheme, solver, options and solver version.
    parameters : mapping
        Parameters that this curve sets differently.
    efforts : mapping of str to int
        Realisations in each effort.
    realisations : int
        Realisations asked for; 0 leaves the curve out.
    precision : PrecisionSpec, optional
        More are solved until its interval is narrow enough.
    """

    label: str
    scheme: str
    solver: str
    options: Mapping[str, Any]
    scheme_id: str
    parameters: Mapping[str, Any]
    efforts: Mapping[str, int]
    realisations: int
    precision: PrecisionSpec | None = None

    @property
    def most(self) -> int:
        """The most realisations that any effort, or the precision, names."""
        named = max(self.efforts.values())
        return max(named, self.precision.max_realisations) if self.precision and named else named


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A campaign file, resolved for one effort.

    Parameters
    ----------
    path : Path
        The file.
    name, title, system : str
        Name (also of its folder under results), title, name of the system.
    seed : int
        Names the draws.
    effort : str
        One of `EFFORTS`.
    parameters : mapping
        Parameters the file sets for every point.
    axes : mapping
        Axis to its values: ((value or label, {parameter: value}), ...), in the file's order.
    entries : tuple of Curve
        Every entry of ``schemes``, also those left out of this effort.
    estimators : mapping
        Estimator to its resolved options.
    store : tuple of str
        What is kept beside the metrics.
    figures : tuple of FigureSpec
        Figures.
    claims : tuple of Claim
        What is claimed of it in the same file.
    draw_seconds : float, optional
        How long a solver that takes one realisation at a time may take for it.
    sampling : str
        How the realisations are drawn, one of `isaclib.systems.streams.SAMPLINGS`.
    own_schemes : tuple of Scheme
        Schemes of files that the file names.
    inputs : mapping of Path to str
        Files that runs read, each to the name it is kept under; see `isaclib.campaign.inputs`.
    channels : Channels, optional
        Where channels come from; none where they are drawn.
    grown : mapping of str to tuple of int
        Label of a curve with a precision to its realisations at each point, in grid order, as a
        later round has them.
    """

    path: Path
    name: str
    title: str
    system: str
    seed: int
    effort: str
    parameters: Mapping[str, Any]
    axes: grid.Axes
    entries: tuple[Curve, ...]
    estimators: Mapping[str, Mapping[str, Any]]
    store: tuple[str, ...]
    figures: tuple[FigureSpec, ...]
    claims: tuple[Claim, ...] = ()
    draw_seconds: float | None = None
    sampling: str = "random"
    own_schemes: tuple[Scheme, ...] = ()
    inputs: Mapping[Path, str] = field(default_factory=dict)
    channels: Channels | None = None
    grown: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    _points: dict[str, dict[tuple[int, ...], Point]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def model(self) -> System:
        """The system, own schemes included."""
        system = get_system(self.system)
        return replace(system, further=(*system.further, *self.own_schemes)) if self.own_schemes else system

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The curves with at least one realisation."""
        return tuple(curve for curve in self.entries if curve.realisations)

    @property
    def realisations(self) -> int:
        """Realisations of the longest curve: the length of the dataset's dimension."""
        return max((max(curve.realisations, *self.grown.get(curve.label, (0,))) for curve in self.curves), default=0)

    def count(self, curve: Curve, position: int) -> int:
        """Realisations of a curve at a point, by its position in grid order."""
        grown = self.grown.get(curve.label)
        return curve.realisations if grown is None else max(curve.realisations, grown[position])

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(values) for values in self.axes.values())

    def values(self, axis: str) -> tuple[Any, ...]:
        """Values, or labels, of one axis."""
        return tuple(value for value, _ in self.axes[axis])

    def resolve(self, curve: Curve, index: tuple[int, ...]) -> Any:
        """Return the ``Parameters`` of a curve at one index of the grid.

        Raises
        ------
        CampaignError
            Where a value is refused: file, key, value, what is allowed.
        """
        return _resolve(self.path, self.model, self.parameters, self.axes, curve, self.entries.index(curve), index)

    def points(self, curve: Curve) -> Mapping[tuple[int, ...], Point]:
        """Return the point at every index of the grid.

        Parameters
        ----------
        curve : Curve
            Whose own parameters count.

        Returns
        -------
        mapping
            Index, one entry an axis, to its point; the last axis runs fastest.
        """
        known = self._points.get(curve.label)
        if known is None:
            known = self._points[curve.label] = {}
            given = self.channels.id if self.channels else ""
            for index in grid.indices(self.axes):
                parameters = self.resolve(curve, index)
                name = point_id(self.model, parameters, seed=self.seed, sampling=self.sampling, channels=given)
                known[index] = Point(name, plain_parameters(parameters))
        return known

    def estimator_ids(self, curve: Curve) -> dict[str, str]:
        """Identity of every estimator on the designs of a curve."""
        return {
            name: estimator_id(self.model.estimators[name], options, curve.scheme_id)
            for name, options in self.estimators.items()
        }

    @cached_property
    def digest(self) -> str:
        """Hash of what the file asks for in this effort; not of its title, figures and claims."""
        return identity(
            {
                "campaign": self.name,
                "system": self.system,
                "axes": [[name, [plain(value) for value, _ in values]] for name, values in self.axes.items()],
                "curves": [
                    [
                        c.label,
                        c.scheme_id,
                        c.realisations,
                        [p.id for p in self.points(c).values()],
                        sorted(self.estimator_ids(c).items()),
                        *([asdict(c.precision)] if c.precision is not None else []),
                    ]
                    for c in self.curves
                ],
                "store": list(self.store),
                # another limit is another plan: what is not solved yet is solved under it
                **({} if self.draw_seconds is None else {"draw_seconds": self.draw_seconds}),
            }
        )

    def at(self, effort: str) -> Campaign:
        """Return the same campaign in another effort."""
        return self.holding({curve.label: curve.efforts[effort] for curve in self.entries}, effort=effort)

    def named(self) -> Campaign:
        """Return the campaign with every curve at the most realisations any effort, or its precision, names."""
        return self.holding({curve.label: curve.most for curve in self.entries})

    def holding(self, realisations: Mapping[str, int], *, effort: str | None = None) -> Campaign:
        """Return the campaign with other numbers of realisations.

        Parameters
        ----------
        realisations : mapping of str to int
            Label to realisations; a label that is missing gets none.
        effort : str, optional
            Name of the effort they belong to.
        """
        entries = tuple(replace(curve, realisations=realisations.get(curve.label, 0)) for curve in self.entries)
        return replace(self, entries=entries, effort=effort or self.effort)


def efforts_covering(campaign: Campaign) -> Iterator[Campaign]:
    """Yield the campaign in every effort that asks for at least as much of every curve."""
    for effort in EFFORTS:
        if effort != campaign.effort and all(
            effort in c.efforts and c.efforts[effort] >= c.realisations for c in campaign.entries
        ):
            yield campaign.at(effort)


_REFUSAL = re.compile(r"^(\w+) = (.*?): (expected .*)$", re.DOTALL)


def _resolve(
    path: Path,
    system: System,
    common: Mapping[str, Any],
    axes: grid.Axes,
    curve: Curve,
    position: int,
    index: tuple[int, ...],
) -> Any:
    on_grid = grid.settings(axes, index)
    chosen = {**common, **on_grid, **curve.parameters}
    try:
        return system.Parameters(**chosen)
    except ValueError as error:
        match = _REFUSAL.match(str(error))
        if not match:
            raise CampaignError(f"{path}: {error}") from None
        name, value, expected = match.groups()
        found = document.shown(chosen[name]) if name in chosen else value
        origin = _origin(name, common, axes, curve, position, index)
        raise CampaignError(f"{path}: {origin}: {found}: {expected}") from None


def _origin(
    name: str, common: Mapping[str, Any], axes: grid.Axes, curve: Curve, position: int, index: tuple[int, ...]
) -> str:
    if name in curve.parameters:
        return f"schemes[{position}].parameters.{name}"
    for (axis, values), i in zip(axes.items(), index, strict=True):
        value, chosen = values[i]
        if name in chosen:
            return f"grid.{axis}" if name == axis else f"grid.{axis}.{value}.{name}"
    return f"parameters.{name}" if name in common else f"{name}, the system's own"
