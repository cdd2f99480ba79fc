"""Which rows of which runs make up a campaign: decided from sidecars, before any file is opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from isaclib.campaign.cells import taken
from isaclib.campaign.sidecar import Sidecar
from isaclib.campaign.spec import Campaign
from isaclib.campaign.table import DESIGN, positions


@dataclass(frozen=True, order=True)
class Place:
    """Where a point stands in the dataset.

    Parameters
    ----------
    scheme : int
        Index of the curve.
    index : tuple of int
        Index of the grid, one entry an axis.
    realisations : int
        How many the curve has.
    """

    scheme: int
    index: tuple[int, ...]
    realisations: int


@dataclass(frozen=True, order=True)
class Piece:
    """Consecutive rows of a run that belong to one place.

    Parameters
    ----------
    owner : str
        `DESIGN`, or an estimator.
    place : Place
        Where they go.
    start, stop : int
        First realisation and one past the last.
    row : int
        Row of the first.
    """

    owner: str
    place: Place
    start: int
    stop: int
    row: int


@dataclass
class Variable:
    """A metric of the dataset.

    Parameters
    ----------
    dims : tuple of str
        Dimensions behind the realisation.
    dtype : str
        Of its values.
    attrs : mapping
        Its attributes.
    owner : str
        Whose it is.
    padded : bool
        Whether "nothing here" fills much of it.
    """

    dims: tuple[str, ...]
    dtype: str
    attrs: Mapping[str, Any]
    owner: str
    padded: bool = False


@dataclass
class Selection:
    """What is taken, and the dataset it makes.

    Parameters
    ----------
    pieces : mapping of str to list of Piece
        Run to what is taken from it, in the order of the dataset; runs that give nothing are not named.
    variables : mapping of str to Variable
        Metrics, first seen first.
    labels : mapping of str to list
        Labels of every dimension behind the realisation.
    """

    pieces: dict[str, list[Piece]] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    labels: dict[str, list[Hashable]] = field(default_factory=dict)


def select(spec: Campaign, sidecars: Iterable[Sidecar]) -> Selection:
    """Pick rows by (point, scheme identity, realisation), every one once.

    Parameters
    ----------
    spec : Campaign
        What the dataset holds: labels, grid, realisations.
    sidecars : iterable of Sidecar
        Finished runs; what the campaign does not name is left out.

    Returns
    -------
    Selection

    Raises
    ------
    ValueError
        Where two runs give a metric different dimensions.
    """
    places, estimators = _places(spec)
    held: dict[tuple[str, Place], list[tuple[int, int]]] = defaultdict(list)
    selection = Selection()
    extents: dict[tuple[Place, str], list[Mapping[str, int | list[Any]]]] = defaultdict(list)

    def first_place(sidecar: Sidecar) -> Place | None:
        here = [place for cell in sidecar.cells for place in places.get((sidecar.scheme_id, cell.point), ())]
        return min(here, default=None)

    # in the order of the dataset, not of the runs: labels then do not depend on how it came about
    ordered = sorted((place, s.run, s) for s in sidecars if (place := first_place(s)) is not None)
    for _, run, sidecar in ordered:
        wanted = estimators[sidecar.scheme_id]
        owners = [DESIGN] if sidecar.designs else []
        owners += [name for name, identity in sidecar.estimators.items() if wanted.get(name) == identity]
        for owner in owners:
            pieces = _pieces(sidecar, owner, places, held)
            if not pieces:
                continue
            selection.pieces.setdefault(run, []).extend(pieces)
            _describe(selection, sidecar, owner)
            for point, dims in sidecar.extents.get(owner, {}).items():
                for place in places.get((sidecar.scheme_id, point), ()):
                    extents[place, owner].append(dims)
    for place, owner in sorted(extents):
        named = {dim for variable in selection.variables.values() if variable.owner == owner for dim in variable.dims}
        for dims in extents[place, owner]:
            for dim in named & set(dims):
                labels = dims[dim]
                labels = list(range(labels)) if isinstance(labels, int) else labels
                positions(selection.labels.setdefault(dim, []), labels)
    for brought in extents.values():
        for dims in brought:
            short = {dim for dim, labels in dims.items() if _amount(labels) < len(selection.labels.get(dim, ()))}
            for variable in selection.variables.values():
                variable.padded |= not short.isdisjoint(variable.dims)
    # by place, so that what lies in one chunk is written together
    selection.pieces = dict(sorted(selection.pieces.items(), key=lambda run: min((p.place, p.start) for p in run[1])))
    return selection


def _amount(labels: int | list[Any]) -> int:
    return labels if isinstance(labels, int) else len(labels)


def _places(spec: Campaign) -> tuple[dict[tuple[str, str], list[Place]], dict[str, dict[str, str]]]:
    places: dict[tuple[str, str], list[Place]] = defaultdict(list)
    estimators: dict[str, dict[str, str]] = {}
    for scheme, curve in enumerate(spec.curves):
        estimators[curve.scheme_id] = spec.estimator_ids(curve)
        for position, (index, point) in enumerate(spec.points(curve).items()):
            places[curve.scheme_id, point.id].append(Place(scheme, index, spec.count(curve, position)))
    return places, estimators


def _pieces(
    sidecar: Sidecar,
    owner: str,
    places: Mapping[tuple[str, str], list[Place]],
    held: dict[tuple[str, Place], list[tuple[int, int]]],
) -> list[Piece]:
    pieces: dict[Place, list[Piece]] = defaultdict(list)
    first = 0
    for cell in sidecar.cells:
        for place in places.get((sidecar.scheme_id, cell.point), ()):
            for start, stop in taken(cell.start, min(cell.stop, place.realisations), held[owner, place]):
                piece = Piece(owner, place, start, stop, first + start - cell.start)
                last = pieces[place][-1] if pieces[place] else None
                # cells that follow each other are one piece: each costs a write a variable
                if last is not None and last.stop == start and last.row + last.stop - last.start == piece.row:
                    pieces[place][-1] = replace(last, stop=stop)
                else:
                    pieces[place].append(piece)
        first += len(cell)
    return [piece for found in pieces.values() for piece in found]


def _describe(selection: Selection, sidecar: Sidecar, owner: str) -> None:
    for name, entry in sidecar.variables.items():
        if entry["owner"] != owner:
            continue
        # runs of before this was written down: whatever has dimensions of its own
        padded = entry.get("padded", bool(entry["dims"]))
        found = Variable(tuple(entry["dims"]), entry["dtype"], entry["attrs"], owner, padded)
        before = selection.variables.setdefault(name, found)
        if (before.dims, before.owner) != (found.dims, found.owner):
            expected = f"expected {before.dims} as in other runs"
            raise ValueError(f"run {sidecar.run}: metric {name!r} has dimensions {found.dims}: {expected}")
        before.padded |= padded
        # a run in which every draw failed describes a metric worse than one in which some did not
        if len(found.attrs) > len(before.attrs):
            before.attrs = found.attrs
