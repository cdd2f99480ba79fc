"""A file of channels: what a ray tracer or a measurement has, one scenario a realisation, as netCDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from isaclib import __version__
from isaclib.campaign.inputs import file_id
from isaclib.campaign.netcdf import put_array
from isaclib.campaign.table import PART
from isaclib.campaign.writing import written
from isaclib.systems import get_system
from isaclib.systems.base import nearest
from isaclib.systems.given import Given, check_names
from isaclib.systems.streams import BLOCK
from isaclib.systems.system import System

REALISATION = "realisation"

DRAWN = "drawn"
"""What a campaign says of its channels that come from no file."""


@dataclass(frozen=True)
class Channels:
    """A file of channels whose layout is sound.

    Parameters
    ----------
    path : Path
        The file.
    id : str
        Hash of its content.
    realisations : int
        How many it has.
    sizes : mapping of str to tuple of int
        Array of `System.given` to the sizes of its dimensions behind the realisation.
    given : mapping of str to Given
        What these arrays are.
    """

    path: Path
    id: str
    realisations: int
    sizes: Mapping[str, tuple[int, ...]]
    given: Mapping[str, Given]

    @classmethod
    def open(cls, path: str | Path, system: System) -> Channels:
        """Look at a file, and read none of its numbers.

        Parameters
        ----------
        path : path
            netCDF, with some of the variables that `System.given` names, dimensions in the order
            (realisation, ...), of complex ones a last one ``part`` of real and imaginary part, each
            with its ``units``. Whatever else is in the file is left alone.
        system : System
            Whose channels they are.

        Raises
        ------
        ValueError
            One line: file, variable, what was found, what was expected.
        """
        path = Path(path)
        with _opened(path) as file:
            known = {name: entry for name, entry in system.given.items() if name in file.variables}
            try:
                check_names(system.given, set(known))
            except ValueError as error:
                found = nearest(next(iter(system.given)), file.variables)
                raise ValueError(f"{path}: variable {error}{'' if known else f'; {found}'}") from None
            shapes = {name: _shape(path, file.variables[name], entry) for name, entry in known.items()}
            (count,) = {shape[0] for shape in shapes.values()}
        if not count:
            raise ValueError(f"{path}: no realisation: expected at least one")
        return cls(path, file_id(path), count, {name: shape[1:] for name, shape in shapes.items()}, known)

    def read(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Read the realisations [start, stop), as `System.draw` takes them.

        Raises
        ------
        ValueError
            Naming the file and how many realisations it has, where it has fewer; or a damaged file.
        """
        if not 0 <= start < stop <= self.realisations:
            raise ValueError(
                f"{self.path}: realisations {start} to {stop - 1}: expected some of its {self.realisations}"
            )
        arrays = {}
        with _opened(self.path) as file:
            for name, entry in self.given.items():
                values = np.asarray(file.variables[name][start:stop], dtype=float)
                arrays[name] = values if entry.real else values[..., 0] + 1j * values[..., 1]
        return arrays

    def check_values(self) -> None:
        """Read every number once, a block at a time, and refuse what no channel has.

        Raises
        ------
        ValueError
            One line: file, variable, realisation, value, what was expected.
        """
        for start in range(0, self.realisations, BLOCK):
            for name, values in self.read(start, min(start + BLOCK, self.realisations)).items():
                try:
                    self.given[name].check_values(name, values, start)
                except ValueError as error:
                    raise ValueError(f"{self.path}: {error}") from None


def write_channels(path: str | Path, *, system: str, **arrays: Any) -> None:
    """Write channels to a file that a campaign can name.

    Parameters
    ----------
    path : path
        The file; written whole or not at all.
    system : str
        Name of the system.
    **arrays : array_like
        By their names in `System.given`, realisations along the first axis, complex as they are:
        of ``hybrid`` `channels` (realisation, user, element).

    Raises
    ------
    ValueError
        One line: array, what was found, what was expected.
    OSError
        Where the file cannot be written.

    Examples
    --------
    >>> import isaclib, numpy as np
    >>> isaclib.write_channels("measured.nc", system="hybrid", channels=np.ones((100, 2, 32), dtype=complex))
    """
    path, known = Path(path), get_system(system).given
    for name in arrays:
        if name not in known:
            raise ValueError(f"{name}: system {system!r} takes no array of this name; {nearest(name, known)}")
    check_names(known, set(arrays))
    sizes: dict[str, int] = {}
    found: dict[str, np.ndarray] = {}
    for name, values in arrays.items():
        entry, dims = known[name], (REALISATION, *known[name].dims)
        if np.ndim(values) != len(dims):
            raise ValueError(f"{name} of shape {np.shape(values)}: expected the dimensions {', '.join(dims)}")
        if entry.real and np.iscomplexobj(values):
            raise ValueError(f"{name}: expected real numbers")
        for dim, size in zip(dims, np.shape(values), strict=True):
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"{name} of shape {np.shape(values)}: expected {dim} to be {sizes[dim]}, as before")
        found[name] = np.asarray(values, dtype=float if entry.real else complex)
        entry.check_values(name, found[name])
    with written(path) as partial, netCDF4.Dataset(partial, "w") as file:
        file.setncatts({"Conventions": "CF-1.11", "title": f"channels of {system}", "isaclib_version": __version__})
        for dim, size in (*sizes.items(), (PART, 2)):
            file.createDimension(dim, size)
        for name, numbers in found.items():
            entry, dims = known[name], (REALISATION, *known[name].dims)
            if not entry.real:
                numbers, dims = np.stack([numbers.real, numbers.imag], axis=-1), (*dims, PART)
            put_array(file, name, dims, numbers, {"long_name": entry.about, "units": entry.units}, holes=False)


def read_channels(path: str | Path, *, system: str, start: int = 0, stop: int | None = None) -> dict[str, np.ndarray]:
    """Read channels from a file, as `isaclib.systems.system.System.draw` takes them.

    Parameters
    ----------
    path : path
        The file.
    system : str
        Name of the system.
    start, stop : int
        First realisation and one past the last; default: all.

    Raises
    ------
    ValueError
        One line: file, variable, what was found, what was expected.
    """
    channels = Channels.open(path, get_system(system))
    return channels.read(start, channels.realisations if stop is None else stop)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Hand out an open file; what the library says of a broken one is said with its name."""
    try:
        file = netCDF4.Dataset(path)
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no such file: expected channels") from None
    except OSError as error:
        raise ValueError(f"{path}: not a netCDF file ({error.strerror or error})") from None
    with file:
        file.set_auto_mask(False)
        try:
            yield file
        # a checksum that fails
        except RuntimeError as error:
            raise ValueError(f"{path}: damaged ({error})") from error


def _shape(path: Path, variable: Any, entry: Given) -> tuple[int, ...]:
    """Return the sizes of a variable without its parts, once its layout is what it has to be."""
    dims = (REALISATION, *entry.dims, *(() if entry.real else (PART,)))
    if variable.dimensions != dims:
        raise ValueError(
            f"{path}: variable {variable.name} over ({', '.join(variable.dimensions)}): expected ({', '.join(dims)})"
        )
    if not entry.real and variable.shape[-1] != 2:
        raise ValueError(f"{path}: variable {variable.name}: {PART} = {variable.shape[-1]}: expected 2")
    if variable.dtype is str or variable.dtype.kind not in "fiu":
        raise ValueError(f"{path}: variable {variable.name} of type {variable.dtype}: expected numbers")
    units = getattr(variable, "units", None)
    if units != entry.units:
        raise ValueError(f"{path}: variable {variable.name}: units = {units!r}: expected {entry.units!r}")
    return tuple(variable.shape if entry.real else variable.shape[:-1])
