"""What a campaign file says of its figures, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from isaclib.campaign import document
from isaclib.campaign.document import CampaignError
from isaclib.campaign.entry import build, check_types, keys_of, one_of
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.population import POPULATIONS
from isaclib.campaign.quantity_spec import CurveSpec, QuantitySpec
from isaclib.campaign.statistics import STATISTICS
from isaclib.systems.base import nearest

KINDS = ("curves", "convergence", "tradeoff", "image")

_METRIC = "{metric: ..., statistic: ...}"
_KEYS_OF = {"tradeoff": ("along",), "image": ("image", "panels", "realisation", "contour", "printed")}
"""Keys that figures of one kind have alone."""


@dataclass(frozen=True, kw_only=True)
class FigureSpec:
    """One figure of a campaign.

    Parameters
    ----------
    name : str
        Stem of its files.
    kind : str
        ``curves`` (a statistic over a grid axis), ``convergence`` (over the iterations of a solver),
        ``tradeoff`` (a statistic of one metric against that of another, along a grid axis) or
        ``image`` (a metric over two dimensions of its own, of one draw of one scheme).
    x : str or QuantitySpec, optional
        ``curves``: a grid axis; ``tradeoff``: the metric on the x axis; others: none.
    along : str, optional
        Grid axis that a ``tradeoff`` runs along: each of its values is a point of the curve.
    y : tuple of CurveSpec
        What is drawn; ``convergence`` defaults to the median trace with its quartiles; ``image``: none.
    image : str, optional
        The metric of an ``image``.
    panels : str, optional
        Grid axis of an ``image``: one panel for each of its values.
    realisation : int
        The draw that an ``image`` shows.
    contour : float, optional
        Level of an ``image`` that a line is drawn at.
    printed : tuple of QuantitySpec
        Quantities whose values stand in each panel of an ``image``.
    schemes : tuple of str
        Labels drawn, in this order; empty: all.
    series : str, optional
        A further grid axis: one curve for each of its values.
    select : mapping
        Value of each remaining grid axis; an axis with one value need not be named.
    population : str
        ``common`` (draws solved by every scheme that is run on all of them) or ``own``.
    log_x, log_y : bool
        Logarithmic axes.
    x_label, y_label : str, optional
        Axis labels; default: long_name and units of what is drawn.
    title : str, optional
        First sentence of the caption.

    Raises
    ------
    ValueError
        Naming the key, its value and what is allowed.
    """

    name: str
    kind: str = "curves"
    x: str | QuantitySpec | None = None
    along: str | None = None
    y: tuple[CurveSpec, ...] = ()
    image: str | None = None
    panels: str | None = None
    realisation: int = 0
    contour: float | None = None
    printed: tuple[QuantitySpec, ...] = ()
    schemes: tuple[str, ...] = ()
    series: str | None = None
    select: Mapping[str, Any] = field(default_factory=dict)
    population: str = "common"
    log_x: bool = False
    log_y: bool = False
    x_label: str | None = None
    y_label: str | None = None
    title: str | None = None

    def __post_init__(self) -> None:
        """Check every key."""
        check_types(self)
        one_of("kind", self.kind, KINDS)
        one_of("population", self.population, POPULATIONS)
        if not self.name or not all(letter.isalnum() or letter in "-_" for letter in self.name):
            raise ValueError(f"name = {self.name!r}: expected letters, digits, - and _ (it becomes a file name)")
        defaults = {entry.name: entry.default for entry in fields(self)}
        for kind, keys in _KEYS_OF.items():
            for key in keys if self.kind != kind else ():
                if (value := getattr(self, key)) != defaults[key]:
                    raise ValueError(f"{key} = {value!r}: expected none, only a figure of kind {kind} has it")
        if self.kind == "image":
            self._check_image()
            return
        if self.kind == "convergence":
            self._check_convergence()
            if not self.y:
                object.__setattr__(self, "y", (CurveSpec(metric="trace", statistic="median", band="quartiles"),))
            return
        if self.x is None:
            raise ValueError(f"x is missing: expected {self._x_expected}")
        if isinstance(self.x, str) == (self.kind == "tradeoff") or not isinstance(self.x, (str, QuantitySpec)):
            raise ValueError(f"x = {self.x!r}: expected {self._x_expected}")
        if self.kind == "tradeoff" and self.along is None:
            raise ValueError("along is missing: expected the name of the grid axis that the curves run along")
        if not self.y:
            raise ValueError(f"y is missing: expected a list of {_METRIC}")

    def _check_image(self) -> None:
        if self.image is None:
            raise ValueError("image is missing: expected the name of a metric over two dimensions")
        if self.realisation < 0:
            raise ValueError(f"realisation = {self.realisation}: expected a whole number of at least 0")
        for i, quantity in enumerate(self.printed):
            if quantity.statistic in PAIRED:
                raise ValueError(
                    f"printed[{i}].statistic = {quantity.statistic!r}: expected one of {', '.join(STATISTICS)}"
                )
        for key in ("x", "y", "series", "log_x", "log_y"):
            if getattr(self, key):
                raise ValueError(f"{key} = {getattr(self, key)!r}: expected none in a figure of kind image")

    def _check_convergence(self) -> None:
        if self.x is not None:
            raise ValueError(f"x = {self.x!r}: expected none, a convergence figure is drawn over the iterations")
        for i, curve in enumerate(self.y):
            if curve.statistic in PAIRED:
                raise ValueError(
                    f"y[{i}].statistic = {curve.statistic!r}: expected one of {', '.join(STATISTICS)} "
                    "(traces are not paired)"
                )

    @property
    def _x_expected(self) -> str:
        return f"a metric, {_METRIC}" if self.kind == "tradeoff" else "the name of a grid axis"

    @property
    def axis(self) -> str | None:
        """The grid axis whose values are the points of a curve, or the panels; None for iterations."""
        if self.kind == "image":
            return self.panels
        if self.kind == "tradeoff":
            return self.along
        return self.x if isinstance(self.x, str) else None

    @property
    def quantities(self) -> dict[str, QuantitySpec]:
        """Every metric of the figure, by the key of the entry it stands in."""
        across = {"x": self.x} if isinstance(self.x, QuantitySpec) else {}
        printed = {f"printed[{i}]": quantity for i, quantity in enumerate(self.printed)}
        return {**across, **{f"y[{i}]": curve for i, curve in enumerate(self.y)}, **printed}

    @classmethod
    def read(cls, entry: Any, where: str = "figures[0]") -> FigureSpec:
        """Read one entry of a campaign file's ``figures``.

        Parameters
        ----------
        entry : mapping
            As YAML gives it.
        where : str
            Where it stands, for the message.

        Returns
        -------
        FigureSpec

        Raises
        ------
        ValueError
            One line: where, key, value, what is allowed.
        """
        values = dict(keys_of(cls, entry, where))
        if isinstance(values.get("x"), Mapping) and values.get("kind") == "tradeoff":
            values["x"] = QuantitySpec.read(values["x"], f"{where}.x")
        for key, kind in (("y", CurveSpec), ("printed", QuantitySpec)):
            if key not in values:
                continue
            several = [values[key]] if isinstance(values[key], Mapping) else values[key]
            if not isinstance(several, Sequence) or isinstance(several, str):
                raise ValueError(f"{where}.{key} = {several!r}: expected a list of {_METRIC}")
            values[key] = tuple(kind.read(each, f"{where}.{key}[{i}]") for i, each in enumerate(several))
        return build(cls, values, where)

    def check(self, *, axes: Mapping[str, Sequence[Any]], schemes: Sequence[str], where: str = "figures[0]") -> None:
        """Hold the figure against the grid and the schemes of its campaign.

        Parameters
        ----------
        axes : mapping of str to sequence
            Values (or labels) of each grid axis.
        schemes : sequence of str
            Labels of the compared schemes.
        where : str
            Where the figure stands, for the message.

        Raises
        ------
        ValueError
            One line: where, key, value, what is allowed.
        """
        key = {"tradeoff": "along", "image": "panels"}.get(self.kind, "x")
        for name, axis in ((key, self.axis), ("series", self.series), *(("select", axis) for axis in self.select)):
            if axis is not None and axis not in axes:
                raise ValueError(f"{where}.{name} = {axis!r}: expected an axis of the grid; {nearest(axis, axes)}")
        also = "" if self.kind == "image" else ", as series"
        for axis, value in self.select.items():
            if value not in list(axes[axis]):
                raise ValueError(
                    f"{where}.select.{axis} = {value!r}: expected one of {', '.join(str(v) for v in axes[axis])}"
                )
        for at, labels in (
            (where, self.schemes),
            *((f"{where}.y[{i}]", curve.schemes) for i, curve in enumerate(self.y)),
        ):
            for label in labels:
                if label not in schemes:
                    raise ValueError(
                        f"{at}.schemes has {label!r}: expected a label of the campaign; {nearest(label, schemes)}"
                    )
        if self.kind == "image" and len(self.schemes or schemes) != 1:
            raise ValueError(f"{where}.schemes = {list(self.schemes)}: expected one of {', '.join(schemes)}")
        for axis, values in axes.items():
            if axis not in (self.axis, self.series) and axis not in self.select and len(values) > 1:
                raise ValueError(
                    f"{where}: axis {axis!r} has {len(values)} values: expected it as {key}{also} or in select"
                )


def find_figure(path: Path, name: str) -> tuple[FigureSpec, list[str]]:
    """Read one figure of a campaign file that was checked before, without its system: a job draws it and nothing else.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Of the figure.

    Returns
    -------
    FigureSpec
        The figure.
    list of str
        Every label of the campaign.

    Raises
    ------
    CampaignError
        Where the file has no such figure any more.
    """
    content = document.read(path)
    schemes = [{"scheme": entry} if isinstance(entry, str) else entry for entry in content["schemes"]]
    for i, entry in enumerate(content.get("figures") or []):
        if entry["name"] == name:
            return FigureSpec.read(entry, f"figures[{i}]"), [each.get("label", each["scheme"]) for each in schemes]
    raise CampaignError(f"{path}: changed while the workflow was running: start it again")
