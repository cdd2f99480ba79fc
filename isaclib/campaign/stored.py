"""Variables of a stored campaign as bare arrays: importing xarray takes longer than most campaigns' statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from isaclib.campaign.netcdf import CACHE_BYTES, get_text

_LIBRARY = ("_FillValue", "_Encoding", "coordinates")
"""Attributes that say how a file is read, and nothing of what it holds."""


@dataclass(frozen=True)
class Stored:
    """A variable of a file.

    Parameters
    ----------
    variable : netCDF4.Variable
        Open.
    dims : tuple of str
        Its dimensions; without that of the characters where it is text.
    source : path
        The file, for messages.
    """

    variable: Any
    dims: tuple[str, ...]
    source: Path

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.variable.name)

    @property
    def dtype(self) -> np.dtype:
        """Type of its values."""
        return np.dtype(self.variable.dtype)

    @property
    def attrs(self) -> dict[str, Any]:
        """What its attributes say of it."""
        return {name: self.variable.getncattr(name) for name in self.variable.ncattrs() if name not in _LIBRARY}

    @property
    def is_metric(self) -> bool:
        """Whether it is real numbers over scheme and realisation; designs (real, imaginary) are none."""
        return (
            {"scheme", "realisation"} <= set(self.dims)
            and "part" not in self.dims
            and self.dtype.kind in "fiu"
            and self.name != "status"
        )

    def read(self, at: Mapping[str, slice]) -> np.ndarray:
        """Read a part of it: scheme, axes of the grid, realisation, and what it has besides, as they lie.

        Raises
        ------
        ValueError
            In one line, naming the file, where it is damaged.
        """
        try:
            return np.asarray(self.variable[tuple(at.get(dim, slice(None)) for dim in self.dims)])
        # a checksum that fails is a RuntimeError, which names nothing
        except (RuntimeError, OSError) as error:
            raise ValueError(
                f"{self.source}: {self.name} cannot be read ({error}): `isaclib verify` finds damage"
            ) from error

    def labels(self) -> np.ndarray:
        """Read all of it: numbers, or text."""
        if self.dtype.kind == "S":
            return get_text(self.variable.group(), self.name)
        values = self.variable[:]
        return values.astype(str) if values.dtype.kind == "O" else np.asarray(values)


@contextmanager
def stored(path: Path) -> Iterator[tuple[netCDF4.Dataset, dict[str, dict[str, Stored]]]]:
    """Open a file: hand out its root, and the variables of every group by name, those of the root under ``/``."""
    with netCDF4.Dataset(path) as file:
        # before the variables are looked at: numbers as they are stored
        file.set_auto_maskandscale(False)
        groups = {"/": file, **file.groups}
        yield (
            file,
            {
                group: {name: _entry(variable, path) for name, variable in handle.variables.items()}
                for group, handle in groups.items()
            },
        )


def _entry(variable: Any, path: Path) -> Stored:
    dims = tuple(variable.dimensions)
    text = variable.dtype == np.dtype("S1") and dims
    # the library's own keeps whole variables, each for itself, as long as the file is open
    variable.set_var_chunk_cache(size=CACHE_BYTES)
    return Stored(variable, dims[:-1] if text else dims, path)
