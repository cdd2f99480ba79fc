"""What a figure draws: a metric with a statistic, and how its curve looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from isaclib.campaign.entry import build, check_types, keys_of, one_of
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.statistics import QUANTILES, STATISTICS

LINES = ("solid", "dashed", "dotted", "none")
BANDS = ("interval", "quartiles", "none")

Quantity = TypeVar("Quantity", bound="QuantitySpec")


@dataclass(frozen=True, kw_only=True)
class QuantitySpec:
    """A metric and the statistic of it that is shown.

    Parameters
    ----------
    metric : str
        Variable of the summary (``peb_m``).
    statistic : str
        One of `STATISTICS`, or ``difference_mean``, ``difference_median``, ``ratio_median``
        (paired, against the campaign's first scheme).
    band : str
        ``interval`` (95 % confidence, default), ``quartiles`` (25 to 75 % of the draws) or ``none``.
    label : str, optional
        What legend and axis call the quantity; default: its name and statistic.
    root : bool
        Draw the square root (SPEB as PEB); quantiles only, where the two commute.

    Raises
    ------
    ValueError
        Naming the key, its value and what is allowed.
    """

    metric: str
    statistic: str = "median"
    band: str = "interval"
    label: str | None = None
    root: bool = False

    def __post_init__(self) -> None:
        """Check every key."""
        check_types(self)
        one_of("statistic", self.statistic, (*STATISTICS, *PAIRED))
        one_of("band", self.band, BANDS)
        if self.root and self.statistic not in QUANTILES:
            raise ValueError(
                f"root = True: expected a quantile as statistic ({', '.join(QUANTILES)}), found {self.statistic!r}"
            )

    @classmethod
    def read(cls: type[Quantity], entry: Any, where: str) -> Quantity:
        """Read one entry as YAML gives it.

        Raises
        ------
        ValueError
            One line: where, key, value, what is allowed.
        """
        return build(cls, keys_of(cls, entry, where), where)


@dataclass(frozen=True, kw_only=True)
class CurveSpec(QuantitySpec):
    """One quantity of a figure, drawn for every scheme.

    Parameters
    ----------
    line : str
        ``solid``, ``dashed``, ``dotted`` or ``none``.
    marker : bool
        Draw a marker at each grid value; without a line it carries an error bar.
    schemes : tuple of str
        Labels it is drawn for; empty: those of the figure.

    Raises
    ------
    ValueError
        Naming the key, its value and what is allowed.
    """

    line: str = "solid"
    marker: bool = False
    schemes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every key."""
        super().__post_init__()
        one_of("line", self.line, LINES)
        if self.line == "none" and not self.marker:
            raise ValueError("marker = False: expected true where line is none, else nothing is drawn")
