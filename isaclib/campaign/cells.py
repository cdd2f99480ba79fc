"""What a campaign is made of: cells, the unit of coverage, and runs, the jobs that fill them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isaclib.systems.streams import BLOCK

DIGITS = 12
"""Hexadecimal digits of an identity."""


def identity(content: Any) -> str:
    """Hash plain JSON content: the same for every order of keys, machine and Python.

    Parameters
    ----------
    content : object
        Mappings, lists, tuples, strings, numbers, booleans, None.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


@dataclass(frozen=True, order=True)
class Cell:
    """Realisations [start, stop) of one point.

    One entry stands for any number of blocks: plans and sidecars grow with the number of runs, not
    with that of realisations.

    Parameters
    ----------
    point : str
        Identity of the point.
    start, stop : int
        First realisation and one past the last.
    """

    point: str
    start: int
    stop: int

    def __post_init__(self) -> None:
        """Refuse a range without realisations."""
        if not 0 <= self.start < self.stop:
            raise ValueError(f"cell {self.start}, {self.stop}: expected a first realisation and one past the last")

    def __len__(self) -> int:
        """Return the number of realisations."""
        return self.stop - self.start

    @property
    def blocks(self) -> int:
        """Number of blocks that hold some of the realisations."""
        return (self.stop - 1) // BLOCK - self.start // BLOCK + 1


def taken(start: int, stop: int, held: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what of [start, stop) is in no held range, and add it to them.

    Parameters
    ----------
    start, stop : int
        A range; empty where `stop` is not larger.
    held : list of tuple of int
        Ranges that do not overlap; grows in place.
    """
    left = [(start, stop)] if start < stop else []
    for low, high in held:
        cut = [(a, b) for first, last in left for a, b in ((first, min(last, low)), (max(first, high), last))]
        left = [(a, b) for a, b in cut if a < b]
    for a, b in left:
        if held and held[-1][1] == a:
            held[-1] = held[-1][0], b
        else:
            held.append((a, b))
    return left


@dataclass(frozen=True, kw_only=True)
class Run:
    """One job, one file: everything needed to execute it.

    Parameters
    ----------
    campaign, system : str
        Names.
    seed : int
        Seed of the campaign.
    scheme, solver : str
        Names.
    options : mapping
        Options of the solver, resolved.
    scheme_id : str
        Identity of (scheme, solver, options, solver version).
    points : mapping of str to mapping
        Resolved parameters, as plain JSON values, of every point the cells name.
    cells : tuple of Cell
        What the run covers.
    designs : bool
        True: design metrics are stored. False: only estimates, for designs already on disk.
    estimators : mapping of str to mapping
        Name to ``{"id": identity, "options": resolved options}``.
    store : tuple of str
        What is kept beside the metrics (``beamformers``).
    seconds : float
        Expected time; part of no identity.
    memory_mb : float
        Expected largest memory, 0 where nobody knows; part of no identity.
    draw_seconds : float, optional
        How long the solver may take for one draw; without it the identity is that of a run that
        knows no limit.
    sampling : str
        How the realisations are drawn; ``random``, the default, is left out of the identity.
    scheme_file : str
        Hash of the file that holds the scheme, see `isaclib.campaign.inputs`; empty where it is installed.
    channels : str
        Hash of the file that channels come from; empty where they are drawn.
    """

    campaign: str
    system: str
    seed: int
    scheme: str
    solver: str
    options: Mapping[str, Any]
    scheme_id: str
    points: Mapping[str, Mapping[str, Any]]
    cells: tuple[Cell, ...]
    designs: bool
    estimators: Mapping[str, Mapping[str, Any]]
    store: tuple[str, ...] = ()
    seconds: float = 0.0
    memory_mb: float = 0.0
    draw_seconds: float | None = None
    sampling: str = "random"
    scheme_file: str = ""
    channels: str = ""

    @property
    def id(self) -> str:
        """Hash of all but `seconds` and `memory_mb`: the name of the run's files."""
        content = self._content()
        del content["seconds"], content["memory_mb"]
        return identity(content)

    @property
    def realisations(self) -> int:
        """Realisations in all cells together."""
        return sum(len(cell) for cell in self.cells)

    def _content(self) -> dict[str, Any]:
        return {
            "campaign": self.campaign,
            "system": self.system,
            "seed": self.seed,
            "scheme": self.scheme,
            "solver": self.solver,
            "options": dict(self.options),
            "scheme_id": self.scheme_id,
            "points": {point: dict(values) for point, values in self.points.items()},
            "cells": [[cell.point, cell.start, cell.stop] for cell in self.cells],
            "designs": self.designs,
            "estimators": {name: dict(entry) for name, entry in self.estimators.items()},
            "store": list(self.store),
            "seconds": self.seconds,
            "memory_mb": self.memory_mb,
            **({} if self.draw_seconds is None else {"draw_seconds": self.draw_seconds}),
            **({} if self.sampling == "random" else {"sampling": self.sampling}),
            **({"scheme_file": self.scheme_file} if self.scheme_file else {}),
            **({"channels": self.channels} if self.channels else {}),
        }

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON content, `id` included for the reader's eye."""
        return {"id": self.id, **self._content()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Run:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            Where the recorded id is not that of the content: an edited plan names other data.
        """
        values = {name: value for name, value in content.items() if name != "id"}
        values["cells"] = tuple(Cell(point, start, stop) for point, start, stop in values["cells"])
        values["store"] = tuple(values["store"])
        run = cls(**values)
        if content.get("id", run.id) != run.id:
            raise ValueError(f"run {content['id']}: its content has identity {run.id}: the plan was edited")
        return run
