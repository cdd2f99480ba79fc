"""Which realisations of a campaign are on disk, and which are missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from isaclib.campaign.cells import Cell
from isaclib.campaign.sidecar import Sidecar
from isaclib.campaign.spec import Campaign, Curve
from isaclib.systems.streams import BLOCK


@dataclass(frozen=True, order=True)
class Task:
    """What the cells of one run have in common.

    Parameters
    ----------
    scheme_id : str
        Identity of the scheme.
    designs : bool
        True: designs, and every estimator. False: only estimates of designs already on disk.
    estimators : tuple of str
        Names, sorted.
    """

    scheme_id: str
    designs: bool
    estimators: tuple[str, ...]


class Coverage:
    """The realisations that finished runs hold, by identity and point.

    Parameters
    ----------
    sidecars : iterable of Sidecar
        Of runs whose files are there.
    store : tuple of str
        What a run must have kept for its designs to count.
    """

    def __init__(self, sidecars: Iterable[Sidecar], store: tuple[str, ...] = ()) -> None:
        self._held: dict[tuple[str, str], list[Cell]] = defaultdict(list)
        for sidecar in sidecars:
            for identity in held_identities(sidecar, store):
                for cell in sidecar.cells:
                    self._held[identity, cell.point].append(cell)

    def mask(self, identity: str, point: str, count: int) -> np.ndarray:
        """Tell for each of the first `count` realisations whether it is there, shape (count,)."""
        there = np.zeros(count, dtype=bool)
        for cell in self._held.get((identity, point), ()):
            there[cell.start : cell.stop] = True
        return there

    def extent(self, identity: str, point: str) -> int:
        """Return one past the last realisation that is there."""
        return max((cell.stop for cell in self._held.get((identity, point), ())), default=0)


def held_identities(sidecar: Sidecar, store: tuple[str, ...] = ()) -> list[str]:
    """Return the identities of scheme and estimators that a run's file holds results of."""
    designs = sidecar.designs and set(store) <= set(sidecar.variables)
    return [*([sidecar.scheme_id] if designs else []), *sidecar.estimators.values()]


def missing_cells(campaign: Campaign, coverage: Coverage) -> dict[Task, list[Cell]]:
    """Return what the campaign asks for and no finished run holds.

    Parameters
    ----------
    campaign : Campaign
        In the effort asked for.
    coverage : Coverage
        What is there.

    Returns
    -------
    dict
        Task to its cells, points in grid order, realisations ascending. No cell holds more than
        one effort names: what `isaclib status` counts cell by cell is then true of each effort.
    """
    missing: dict[Task, list[Cell]] = defaultdict(list)
    named: dict[str, set[int]] = defaultdict(set)
    for curve in campaign.entries:
        # a block is not torn apart: each part of it would cost the whole
        named[curve.scheme_id].update(end for n in curve.efforts.values() for end in (n // BLOCK, -(-n // BLOCK)))
    for (scheme, point), (curve, count) in _wanted(campaign).items():
        estimators = campaign.estimator_ids(curve)
        absent = {name: ~coverage.mask(identity, point, count) for name, identity in estimators.items()}
        ends = np.array(sorted(named[scheme])) * BLOCK
        for start, stop, designed in _stretches(coverage.mask(scheme, point, count), absent, ends):
            if not designed:
                missing[Task(scheme, True, tuple(sorted(estimators)))].append(Cell(point, start, stop))
            elif lacking := tuple(sorted(name for name in absent if absent[name][start])):
                missing[Task(scheme, False, lacking)].append(Cell(point, start, stop))
    return dict(missing)


def serves(campaign: Campaign, sidecar: Sidecar, named: Mapping[tuple[str, str], int]) -> bool:
    """Tell whether a finished run holds anything that the campaign names in any effort.

    Parameters
    ----------
    campaign : Campaign
        Whose `store` counts.
    sidecar : Sidecar
        Of the run.
    named : mapping
        See `named_realisations`.
    """
    return any(
        cell.start < named.get((identity, cell.point), 0)
        for identity in held_identities(sidecar, campaign.store)
        for cell in sidecar.cells
    )


def named_realisations(campaign: Campaign) -> dict[tuple[str, str], int]:
    """Return (identity of scheme or estimator, point) to the most realisations any effort names."""
    named: dict[tuple[str, str], int] = {}
    for (scheme, point), (curve, count) in _wanted(campaign.named()).items():
        for identity in (scheme, *campaign.estimator_ids(curve).values()):
            named[identity, point] = count
    return named


def extended(
    campaign: Campaign, sidecars: Iterable[Sidecar], counts: Mapping[str, Sequence[int]] | None = None
) -> Campaign:
    """Return the campaign with every curve as long as what is there, up to what any effort names.

    A dataset holds what the file names, whatever the effort: realisations of a larger effort
    that are there already stay in it. Runs taken over from another campaign may be longer than
    anything asked for here, on some of the curves: they make none longer.

    Parameters
    ----------
    campaign : Campaign
        In the effort asked for.
    sidecars : iterable of Sidecar
        Of the runs that are gathered.
    counts : mapping of str to sequence of int, optional
        `Plan.counts`: what curves with a precision have grown to.
    """
    coverage = Coverage((s for s in sidecars if s.campaign == campaign.name), campaign.store)
    lengths = {}
    for curve in campaign.entries:
        there = max(coverage.extent(curve.scheme_id, point.id) for point in campaign.points(curve).values())
        asked = max((curve.realisations, *(counts or {}).get(curve.label, ())))
        lengths[curve.label] = max(asked, min(there, curve.most))
    return campaign.holding(lengths)


def _wanted(campaign: Campaign) -> dict[tuple[str, str], tuple[Curve, int]]:
    """Map (scheme, point) to a curve that wants it and its realisations; curves may share points."""
    wanted: dict[tuple[str, str], tuple[Curve, int]] = {}
    for curve in campaign.curves:
        for position, point in enumerate(campaign.points(curve).values()):
            key, count = (curve.scheme_id, point.id), campaign.count(curve, position)
            if key not in wanted or wanted[key][1] < count:
                wanted[key] = curve, count
    return wanted


def _stretches(
    designed: np.ndarray, absent: dict[str, np.ndarray], ends: np.ndarray
) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, stop, designed) of stretches that lack the same things, none across one of the ends."""
    count = len(designed)
    changes = np.zeros(max(count - 1, 0), dtype=bool)
    changes[ends[(ends > 0) & (ends < count)] - 1] = True
    for mask in (designed, *absent.values()):
        changes |= mask[1:] != mask[:-1]
    cuts = [0, *(np.flatnonzero(changes) + 1).tolist(), count]
    for start, stop in pairwise(cuts):
        yield start, stop, bool(designed[start])
