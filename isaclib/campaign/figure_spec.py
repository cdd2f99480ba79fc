"""What a campaign file says of its figures, checked before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.population import POPULATIONS
from isaclib.campaign.statistics import QUANTILES, STATISTICS
from isaclib.systems.base import nearest

KINDS = ("curves", "convergence")
LINES = ("solid", "dashed", "dotted", "none")
BANDS = ("interval", "quartiles", "none")


@dataclass(frozen=True, kw_only=True)
class CurveSpec:
    """One quantity of a figure, drawn for every scheme.

    Parameters
    ----------
    metric : str
        Variable of the summary (``peb_m``).
    statistic : str
        One of `STATISTICS`, or ``difference_mean``, ``difference_median``, ``ratio_median``
        (paired, against the campaign's first scheme).
    line : str
        ``solid``, ``dashed``, ``dotted`` or ``none``.
    marker : bool
        Draw a marker at each grid value; without a line it carries an error bar.
    band : str
        ``interval`` (95 % confidence, default), ``quartiles`` (25 to 75 % of the draws) or ``none``.
    label : str, optional
        What the legend calls the quantity; default: its name and statistic.
    schemes : tuple of str
        Labels it is drawn for; empty: those of the figure.
    root : bool
        Draw the square root (SPEB as PEB); quantiles only, where the two commute.

    Raises
    ------
    ValueError
        Naming the key, its value and what is allowed.
    """

    metric: str
    statistic: str = "median"
    line: str = "solid"
    marker: bool = False
    band: str = "interval"
    label: str | None = None
    schemes: tuple[str, ...] = ()
    root: bool = False

    def __post_init__(self) -> None:
        """Check every key."""
        _check_types(self)
        _one_of("statistic", self.statistic, (*STATISTICS, *PAIRED))
        _one_of("line", self.line, LINES)
        _one_of("band", self.band, BANDS)
        if self.line == "none" and not self.marker:
            raise ValueError("marker = False: expected true where line is none, else nothing is drawn")
        if self.root and self.statistic not in QUANTILES:
            raise ValueError(
                f"root = True: expected a quantile as statistic ({', '.join(QUANTILES)}), found {self.statistic!r}"
            )


@dataclass(frozen=True, kw_only=True)
class FigureSpec:
    """One figure of a campaign.

    Parameters
    ----------
    name : str
        Stem of its files.
    kind : str
        ``curves`` (a statistic over a grid axis) or ``convergence`` (over the iterations of a solver).
    x : str, optional
        Grid axis; needed for ``curves``, not allowed for ``convergence``.
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
    x: str | None = None
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
        _check_types(self)
        _one_of("kind", self.kind, KINDS)
        _one_of("population", self.population, POPULATIONS)
        if not self.name or not all(letter.isalnum() or letter in "-_" for letter in self.name):
            raise ValueError(f"name = {self.name!r}: expected letters, digits, - and _ (it becomes a file name)")
        if self.kind == "convergence":
            if self.x is not None:
                raise ValueError(f"x = {self.x!r}: expected none, a convergence figure is drawn over the iterations")
            for i, curve in enumerate(self.y):
                if curve.statistic in PAIRED:
                    raise ValueError(
                        f"y[{i}].statistic = {curve.statistic!r}: expected one of {', '.join(STATISTICS)} "
                        "(traces are not paired)"
                    )
            if not self.y:
                object.__setattr__(self, "y", (CurveSpec(metric="trace", statistic="median", band="quartiles"),))
        else:
            if self.x is None:
                raise ValueError("x is missing: expected the name of a grid axis")
            if not self.y:
                raise ValueError("y is missing: expected a list of {metric: ..., statistic: ...}")

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
        values = dict(_mapping(cls, entry, where))
        if isinstance(values.get("y"), Mapping):
            values["y"] = [values["y"]]
        if "y" in values:
            if not isinstance(values["y"], Sequence) or isinstance(values["y"], str):
                raise ValueError(f"{where}.y = {values['y']!r}: expected a list of {{metric: ..., statistic: ...}}")
            values["y"] = tuple(
                _build(CurveSpec, _mapping(CurveSpec, curve, f"{where}.y[{i}]"), f"{where}.y[{i}]")
                for i, curve in enumerate(values["y"])
            )
        return _build(cls, values, where)

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
        for key, axis in (("x", self.x), ("series", self.series), *(("select", axis) for axis in self.select)):
            if axis is not None and axis not in axes:
                raise ValueError(f"{where}.{key} = {axis!r}: expected an axis of the grid; {nearest(axis, axes)}")
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
        for axis, axis_values in axes.items():
            if axis not in (self.x, self.series) and axis not in self.select and len(axis_values) > 1:
                raise ValueError(
                    f"{where}: axis {axis!r} has {len(axis_values)} values: expected it as x, as series or in select"
                )


_READERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "str": (lambda value: isinstance(value, str), "text"),
    "str | None": (lambda value: value is None or isinstance(value, str), "text"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "tuple[str, ...]": (
        lambda value: isinstance(value, tuple) and all(isinstance(v, str) for v in value),
        "a list of labels",
    ),
    "tuple[CurveSpec, ...]": (lambda value: isinstance(value, tuple), "a list of {metric: ..., statistic: ...}"),
    "Mapping[str, Any]": (lambda value: isinstance(value, Mapping), "a mapping of axis to value"),
}


def _check_types(instance: Any) -> None:
    for entry in fields(instance):
        value = getattr(instance, entry.name)
        if isinstance(value, list):
            value = tuple(value)
            object.__setattr__(instance, entry.name, value)
        fits, expected = _READERS[str(entry.type)]
        if not fits(value):
            raise ValueError(f"{entry.name} = {value!r}: expected {expected}")


def _one_of(key: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{key} = {value!r}: expected one of {', '.join(allowed)}")


def _mapping(cls: type, entry: Any, where: str) -> Mapping[str, Any]:
    known = [f.name for f in fields(cls)]
    needed = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where} = {entry!r}: expected a mapping with {', '.join(needed)}")
    for key in entry:
        if key not in known:
            raise ValueError(f"{where}: key {key!r} is unknown: {nearest(str(key), known)}")
    for key in needed:
        if key not in entry:
            raise ValueError(f"{where}: {key} is missing")
    return entry


def _build(cls: type, values: Mapping[str, Any], where: str) -> Any:
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{where}.{error}") from None
