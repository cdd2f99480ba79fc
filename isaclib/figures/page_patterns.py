"""Beam patterns of a few draws of a stored campaign, as an interactive page takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.dataset import open_campaign
from isaclib.campaign.population import solved
from isaclib.campaign.redesign import Redesigned, redesign_several, system_of
from isaclib.systems.base import HAS_DESIGN

if TYPE_CHECKING:
    import xarray as xr

RANGES, ANGLES = 49, 181
"""Cells of a pattern."""

WITHIN = 4
"""Directions looked at within a cell: it shows the brightest, or narrow fringes would be missed."""

DYNAMIC_DB = 50
"""Levels further below the brightest of the campaign are not told apart."""


@dataclass(frozen=True)
class View:
    """Cells that a pattern is shown in.

    Parameters
    ----------
    name : str
        What they cover.
    ranges_m, angles_deg : ndarray, shapes (R,) and (A,)
        Their centres.
    within : int
        Directions looked at within a cell, the brightest of which it shows.
    """

    name: str
    ranges_m: np.ndarray
    angles_deg: np.ndarray
    within: int = 1

    def plain(self) -> dict[str, Any]:
        """Return it as the page takes it."""
        return {"name": self.name, "ranges_m": _short(self.ranges_m), "angles_deg": _short(self.angles_deg)}


_MARKED = ("user", "users", "target", "targets", "interferers")


def page_patterns(folder: Path, *, draws: int) -> dict[str, Any]:
    """Return power patterns of the first draws, of every scheme that a default solver designs.

    Designs are made anew at the middle of the grid.

    Parameters
    ----------
    folder : path
        ``results/<campaign>``.
    draws : int
        How many, those that the most schemes have solved first.

    Returns
    -------
    dict
        ``point``; ``draws``: index to ``views``, each with ``name``, ``ranges_m``, ``angles_deg``, and to
        ``schemes``: label to ``half_db`` (for each view rows of ranges, in half decibels over 1 W) and
        ``places`` (kind to [range in m, angle in deg]).

    Raises
    ------
    ValueError
        In one line, where designs cannot be made anew, or none of these has a pattern.
    """
    with open_campaign(folder) as data:
        axes = json.loads(data.attrs.get("axes", "{}"))
        point = {name: entries[len(entries) // 2][0] for name, entries in axes.items()}
        labels = _labels(data)
        chosen = _draws(data, labels, draws)
        made = {
            (draw, label): one
            for label in labels
            for draw, one in zip(
                chosen, redesign_several(data, scheme=label, realisations=chosen, **point), strict=True
            )
            if one.design.status[0] in HAS_DESIGN
        }
    where = ", ".join(f"{name} = {value}" for name, value in point.items())
    if not made:
        raise ValueError(f"no scheme that its default solver designs has a design at {where}")
    everything = _around(list(made.values()))
    # a target may stand elsewhere in every draw
    views = {draw: [everything, _at_target(one)] for (draw, _), one in made.items()}
    powers = {(draw, label): [_power(one, view) for view in views[draw]] for (draw, label), one in made.items()}
    # what is a bound alone has no beams
    powers = {key: power for key, power in powers.items() if np.isfinite(power[0]).all()}
    if not powers:
        raise ValueError(f"no scheme that its default solver designs has beams at {where}")
    lowest = max(power[0].max() for power in powers.values()) * 10.0 ** (-DYNAMIC_DB / 10.0)
    patterns: dict[str, dict[str, Any]] = {
        str(draw): {"views": [view.plain() for view in views[draw]], "schemes": {}} for draw, _ in powers
    }
    for (draw, label), power in powers.items():
        levels = [20.0 * np.log10(np.maximum(each, lowest)) for each in power]
        patterns[str(draw)]["schemes"][label] = {
            "half_db": [level.round().astype(int).ravel().tolist() for level in levels],
            "places": _places(made[draw, label]),
        }
    return {"point": point, "draws": patterns}


def _labels(data: xr.Dataset) -> list[str]:
    """Labels of the curves that a default solver designs, many draws at once."""
    found = []
    for curve in json.loads(data.attrs["curves"]):
        scheme = system_of(data, curve).scheme(curve["scheme"])
        if curve["solver"] == scheme.default_solver and scheme.solver().seconds is None:
            found.append(curve["label"])
    return found


def _draws(data: xr.Dataset, labels: Sequence[str], count: int) -> list[int]:
    """Draws of the first block, for one block is all that is designed, that the most schemes solved at the middle."""
    status = data["status"].sel(scheme=list(labels)).isel(realisation=slice(0, 64))
    middle = {dim: size // 2 for dim, size in status.sizes.items() if dim not in ("scheme", "realisation")}
    number = solved(status.isel(middle).load()).sum("scheme").values
    return sorted(np.argsort(-number, kind="stable")[:count].tolist())


def _around(made: Sequence[Redesigned]) -> View:
    """Return the view of everything that stands there."""
    places = [one.system.places(one.scenario, 0) for one in made]
    arrays = np.concatenate([next(iter(each.values())) for each in places])
    marked = np.concatenate([at for each in places for kind, at in each.items() if kind in _MARKED])
    nearest, farthest = (np.linalg.norm(at, axis=-1).max() for at in (arrays, marked))
    # a surface has two sides: half a turn more
    low, high = (-90.0, 270.0) if (marked[:, 0] < 0.0).any() else (-90.0, 90.0)
    width = (high - low) / ANGLES
    angles = low + width * (np.arange(ANGLES) + 0.5)
    return View("everything", np.linspace(1.05 * nearest, 1.2 * farthest, RANGES), angles, within=WITHIN)


def _at_target(one: Redesigned) -> View:
    """Return the view of the first target's surroundings, as fine as the array tells places apart."""
    places = one.system.places(one.scenario, 0)
    array = next(iter(places.values()))
    width = np.degrees(one.scenario.parameters.wavelength_m / np.ptp(array[:, 1]))
    distance, angle = _polar(next(at for kind, at in places.items() if kind in ("target", "targets")))[0]
    return View(
        "around the target",
        distance * np.linspace(0.7, 1.3, RANGES),
        angle + width * np.linspace(-4.0, 4.0, ANGLES // 2),
    )


def _polar(at: np.ndarray) -> np.ndarray:
    """Return (range in m, angle in deg) of (x, y); what stands behind the array beyond 90 deg, none below -90."""
    angle = (np.degrees(np.arctan2(at[:, 1], at[:, 0])) + 90.0) % 360.0 - 90.0
    return np.stack([np.linalg.norm(at, axis=-1), angle], axis=-1)


def _power(one: Redesigned, view: View) -> np.ndarray:
    width = view.angles_deg[1] - view.angles_deg[0]
    offsets = width * ((np.arange(view.within) + 0.5) / view.within - 0.5)
    directions = np.radians(view.angles_deg[:, None] + offsets)
    power = one.system.pattern(one.scenario, one.design, 0, view.ranges_m, directions.ravel())
    return power.reshape(len(view.ranges_m), *directions.shape).max(axis=-1)


def _short(values: np.ndarray) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _places(one: Redesigned) -> dict[str, list[list[float]]]:
    places = one.system.places(one.scenario, 0)
    return {kind: [_short(place) for place in _polar(at)] for kind, at in places.items() if kind in _MARKED}
