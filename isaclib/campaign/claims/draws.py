"""The draws of a stored campaign, one curve and point at a time, each read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.campaign.blocks import blocks_of
from isaclib.campaign.dataset import loaded, real_values
from isaclib.campaign.gather import TIMING
from isaclib.campaign.precision_spec import SHARE, SOLVED
from isaclib.systems.base import HAS_DESIGN, Status

if TYPE_CHECKING:
    import xarray as xr


class NotThere(ValueError):
    """A dataset lacks what a claim asks for: another effort, or an older campaign file."""


class Draws:
    """What claims read of a campaign.

    Parameters
    ----------
    data : xarray.Dataset
        From `isaclib.open_campaign`; nothing is read before it is asked for.
    """

    def __init__(self, data: xr.Dataset) -> None:
        self.data = data
        self._read: dict[tuple[Any, ...], np.ndarray] = {}

    @cached_property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """Values, or labels, of each axis of the grid."""
        dims = [str(dim) for dim in self.data["status"].dims if dim not in ("scheme", "realisation")]
        return {dim: tuple(self.data[dim].values.tolist()) for dim in dims}

    @cached_property
    def schemes(self) -> tuple[str, ...]:
        """Labels."""
        return tuple(str(label) for label in self.data["scheme"].values)

    @property
    def realisations(self) -> int:
        """Draws of the longest curve."""
        return int(self.data.sizes["realisation"])

    @cached_property
    def blocks(self) -> np.ndarray | None:
        """Block of each draw, where those of one depend on each other."""
        return blocks_of(self.data.attrs.get("sampling", "random"), self.data["realisation"].values)

    def numbers(
        self, metric: str, scheme: str, point: Mapping[str, Any], *, statistic: str, root: bool = False
    ) -> np.ndarray:
        """Return one number a draw.

        Parameters
        ----------
        metric : str
            A metric, or for the statistic ``share`` a status.
        scheme : str
            Label.
        point : mapping
            Value of every axis.
        statistic : str
            ``rms``: the mean square over the trials of a draw; ``share``: 1 for the status, 0 for
            another; else the mean over the trials.
        root : bool
            Take the square root.

        Returns
        -------
        ndarray, shape (realisation,)
            NaN where the draw has no design, or was not run.

        Raises
        ------
        NotThere
            Where the dataset has no such metric, scheme or value.
        """
        kind = statistic if statistic in (SHARE, "rms") else "mean"
        key = metric, scheme, tuple(point.values()), kind
        if key not in self._read:
            self._read[key] = self._numbers(metric, self._at(scheme, point), kind)
        found = self._read[key]
        return np.sqrt(found) if root else found

    def traces(self, metric: str, scheme: str, point: Mapping[str, Any]) -> np.ndarray:
        """Return a metric over iterations, shape (realisation, iteration), NaN-padded; else as `numbers`."""
        at = self._at(scheme, point)
        return np.where(self._has_design(at)[:, None], self._array(metric, at), np.nan)

    def _numbers(self, metric: str, at: Mapping[str, int], kind: str) -> np.ndarray:
        has = self._has_design(at)
        if kind == SHARE:
            status = self._status(at)
            hit = has if metric == SOLVED else status == Status[metric.upper()]
            return np.where(status == Status.NOT_RUN, np.nan, hit.astype(float))
        values = self._array(metric, at)
        if kind == "rms":
            values = values**2
        if values.ndim > 1:
            # trials of one draw are no independent samples; a trial that gave nothing is left out
            there = ~np.isnan(values)
            with np.errstate(invalid="ignore"):
                values = np.where(there, values, 0.0).sum(axis=1) / there.sum(axis=1)
        return np.where(has, values, np.nan)

    def _has_design(self, at: Mapping[str, int]) -> np.ndarray:
        return np.isin(self._status(at), HAS_DESIGN)

    def _status(self, at: Mapping[str, int]) -> np.ndarray:
        key = "status", *at.values()
        if key not in self._read:
            self._read[key] = self._array("status", at)
        return self._read[key]

    def _array(self, metric: str, at: Mapping[str, int]) -> np.ndarray:
        """Read one curve at one point, realisation first."""
        import xarray as xr

        source = self.data if metric in self.data.data_vars else self._times
        if metric not in source.data_vars:
            raise NotThere(f"metric {metric!r} is not in the dataset")
        # the variable alone: to label an array costs more than to read it
        chosen = xr.DataArray(source.variables[metric].isel(at).transpose("realisation", ...), name=metric)
        return real_values(loaded(chosen)).values

    @cached_property
    def _times(self) -> xr.Dataset:
        import xarray as xr

        if "source" not in self.data.encoding:
            return xr.Dataset()
        with xr.open_dataset(self.data.encoding["source"], group=TIMING) as times:
            return times.load()

    def _at(self, scheme: str, point: Mapping[str, Any]) -> dict[str, int]:
        return {
            "scheme": _position("scheme", scheme, self.schemes),
            **{axis: _position(axis, value, self.axes[axis]) for axis, value in point.items()},
        }


def _position(axis: str, value: Any, known: Sequence[Any]) -> int:
    if value not in known:
        raise NotThere(f"{axis} = {value!r} is not in the dataset")
    return list(known).index(value)
