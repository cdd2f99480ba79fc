"""What a campaign file says of its figures, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isaclib.campaign.entry import build, check_types, keys_of, one_of
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.population import POPULATIONS
from isaclib.campaign.quantity_spec import CurveSpec, QuantitySpec
from isaclib.campaign.statistics import STATISTICS
from isaclib.systems.base import nearest

KINDS = ("curves", "convergence", "tradeoff")

_METRIC = "{metric: ..., statistic: ...}"


@dataclass(frozen=True, kw_only=True)
class FigureSpec:
    """One figure of a campaign.

    Parameters
    ----------
    name : str
        Stem of its files.
    kind : str
        ``curves`` (a statistic over a grid axis), ``convergence`` (over the iterations of a solver)
        or ``tradeoff`` (a statistic of one metric against that of another, along a grid axis).
    x : str or QuantitySpec, optional
        ``curves``: a grid axis; ``tradeoff``: the metric on the x axis; ``convergence``: none.
    along : str, optional
        Grid axis that a ``tradeoff`` runs along: each of its values is a point of the curve.
    y : tuple of CurveSpec
        What is drawn; ``convergence`` defaults to the median trace with its quartiles.
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
        if self.along is not None and self.kind != "tradeoff":
            raise ValueError(f"along = {self.along!r}: expected none, only a figure of kind tradeoff has it")
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
        """The grid axis whose values are the points of a curve; None for iterations."""
        if self.kind == "tradeoff":
            return self.along
        return self.x if isinstance(self.x, str) else None

    @property
    def quantities(self) -> dict[str, QuantitySpec]:
        """Every metric of the figure, by the key of the entry it stands in."""
        across = {"x": self.x} if isinstance(self.x, QuantitySpec) else {}
        return {**across, **{f"y[{i}]": curve for i, curve in enumerate(self.y)}}

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
        if isinstance(values.get("y"), Mapping):
            values["y"] = [values["y"]]
        if "y" in values:
            if not isinstance(values["y"], Sequence) or isinstance(values["y"], str):
                raise ValueError(f"{where}.y = {values['y']!r}: expected a list of {_METRIC}")
            values["y"] = tuple(CurveSpec.read(curve, f"{where}.y[{i}]") for i, curve in enumerate(values["y"]))
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
        key = "along" if self.kind == "tradeoff" else "x"
        for name, axis in ((key, self.axis), ("series", self.series), *(("select", axis) for axis in self.select)):
            if axis is not None and axis not in axes:
                raise ValueError(f"{where}.{name} = {axis!r}: expected an axis of the grid; {nearest(axis, axes)}")
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
        for axis, values in axes.items():
            if axis not in (self.axis, self.series) and axis not in self.select and len(values) > 1:
                raise ValueError(
                    f"{where}: axis {axis!r} has {len(values)} values: expected it as {key}, as series or in select"
                )
