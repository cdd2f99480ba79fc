"""The metrics of a run, one row a realisation, however their sizes differ from point to point."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

PART = "part"
"""Trailing dimension of complex arrays: the one form every reader of netCDF gets right."""

PARTS = ("real", "imag")

DESIGN = "design"
"""Owner of what a design and its evaluation give; estimates are owned by their estimator."""

STORED = "store"
"""Owner of arrays kept on request; they stay in the run files."""


def is_timing(name: str) -> bool:
    """Tell whether a metric is a time: those differ from one execution to the next."""
    return name.endswith("_seconds")


def fill_value(dtype: Any) -> Any:
    """Return what stands for "nothing here": NaN, or the smallest integer of its kind."""
    dtype = np.dtype(dtype)
    return np.nan if dtype.kind == "f" else np.iinfo(dtype).min


@dataclass
class Column:
    """One metric.

    Parameters
    ----------
    dims : tuple of str
        Dimensions behind the rows.
    values : ndarray, shape (rows, ...)
        Floats or integers, `fill_value` where there is nothing.
    attrs : mapping
        ``units``, ``long_name``, ...
    owner : str
        `DESIGN`, or the name of the estimator it came from.
    """

    dims: tuple[str, ...]
    values: np.ndarray
    attrs: Mapping[str, Any]
    owner: str = DESIGN


@dataclass
class Table:
    """Columns over a known number of rows; other dimensions grow as labels appear.

    A dimension is aligned by its labels (the names of constraints), by position where it has
    none (users, iterations), and padded to the largest.

    Parameters
    ----------
    rows : int
        Number of realisations, all points together.
    labels : mapping of str to list
        Labels of every dimension.
    columns : mapping of str to Column
        The metrics.
    extents : mapping of str to mapping
        Owner and point to the labels they brought.
    """

    rows: int
    labels: dict[str, list[Hashable]] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    extents: dict[str, dict[str, dict[str, list[Hashable]]]] = field(default_factory=dict)

    def put(
        self,
        name: str,
        at: slice,
        dims: Sequence[str],
        values: np.ndarray,
        *,
        point: str = "",
        attrs: Mapping[str, Any] | None = None,
        owner: str = DESIGN,
        labels: Mapping[str, Sequence[Hashable]] | None = None,
    ) -> None:
        """Fill the rows `at` of one column.

        Parameters
        ----------
        name : str
            The metric.
        at : slice
            Rows.
        dims : sequence of str
            Dimensions of `values` behind the first.
        values : ndarray
            Rows first; booleans and complex numbers are brought to their stored form.
        point : str
            Whose rows they are.
        attrs : mapping, optional
            Attributes of the metric; those of the first call are kept.
        owner : str
            Whose metric it is.
        labels : mapping, optional
            Labels of dimensions; without them positions are the labels.

        Raises
        ------
        ValueError
            For a metric that is neither a number nor a truth value, or whose dimensions change.
        """
        values, dims = stored_form(name, values, tuple(dims))
        index = []
        for dim, size in zip(dims, values.shape[1:], strict=True):
            wanted = list((labels or {}).get(dim, PARTS if dim == PART else range(size)))
            positions(self.extents.setdefault(owner, {}).setdefault(point, {}).setdefault(dim, []), wanted)
            index.append(positions(self.labels.setdefault(dim, []), wanted))
        column = self.columns.get(name)
        if column is None:
            column = self.columns[name] = Column(dims, self._empty(dims, values.dtype), dict(attrs or {}), owner)
        elif column.dims != dims or column.values.dtype.kind != values.dtype.kind:
            found, before = (dims, values.dtype), (column.dims, column.values.dtype)
            raise ValueError(f"metric {name!r} has dimensions and type {found}: expected {before} as before")
        column.values = self._grown(column)
        column.values[
            (at, *index) if all(isinstance(i, slice) for i in index) else _mesh(at, index, column.values.shape)
        ] = values

    def put_dataset(
        self,
        at: slice,
        data: xr.Dataset,
        names: Collection[Hashable] | None = None,
        *,
        point: str = "",
        owner: str = DESIGN,
    ) -> None:
        """Fill the rows `at` from a dataset over ``realisation``.

        Parameters
        ----------
        at : slice
            Rows, as many as `data` has realisations.
        data : xarray.Dataset
            Every variable has the dimension ``realisation``.
        names : collection of str, optional
            Variables to take; default: all.
        point : str
            Whose rows they are.
        owner : str
            Whose metrics they are.

        Raises
        ------
        ValueError
            For a variable without ``realisation``.
        """
        labels = {str(dim): index.tolist() for dim, index in data.indexes.items() if dim != "realisation"}
        for name in data.data_vars:
            if names is not None and name not in names:
                continue
            # the bare variable: it skips the bookkeeping of coordinates
            variable = data.variables[name]
            if "realisation" not in variable.dims:
                raise ValueError(f"metric {name!r} has dimensions {variable.dims}: expected 'realisation' among them")
            moved = variable.transpose("realisation", ...)
            self.put(
                str(name),
                at,
                [str(dim) for dim in moved.dims[1:]],
                np.asarray(moved.values),
                point=point,
                attrs=variable.attrs,
                owner=owner,
                labels=labels,
            )

    def finish(self) -> None:
        """Bring every column to the final sizes."""
        for column in self.columns.values():
            column.values = self._grown(column)

    def _empty(self, dims: tuple[str, ...], dtype: np.dtype) -> np.ndarray:
        return np.full((self.rows, *(len(self.labels[dim]) for dim in dims)), fill_value(dtype), dtype)

    def _grown(self, column: Column) -> np.ndarray:
        if column.values.shape[1:] == tuple(len(self.labels[dim]) for dim in column.dims):
            return column.values
        grown = self._empty(column.dims, column.values.dtype)
        grown[tuple(slice(0, size) for size in column.values.shape)] = column.values
        return grown


def positions(known: list[Hashable], wanted: list[Hashable]) -> slice | list[int]:
    """Return where labels are among the known ones, new ones appended to them.

    Parameters
    ----------
    known : list
        Grows in place.
    wanted : list
        Labels.

    Returns
    -------
    slice or list of int
        A slice where they are the first of the known ones, which is the usual case.
    """
    if known[: len(wanted)] != wanted:
        known.extend(label for label in wanted if label not in known)
    return slice(0, len(wanted)) if known[: len(wanted)] == wanted else [known.index(label) for label in wanted]


def stored_form(name: str, values: np.ndarray, dims: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return floats as they are, complex numbers with a trailing axis, truth values as int8.

    Parameters
    ----------
    name : str
        For the message.
    values : ndarray
        Any numbers.
    dims : tuple of str
        Dimensions behind the rows.

    Returns
    -------
    tuple
        Values and dimensions.

    Raises
    ------
    ValueError
        For anything that is no number.
    """
    values = np.asarray(values)
    if values.dtype.kind == "c":
        return np.stack([values.real, values.imag], axis=-1), (*dims, PART)
    if values.dtype.kind == "b":
        return values.astype(np.int8), dims
    if values.dtype.kind == "u":
        return values.astype(np.int64), dims
    if values.dtype.kind not in "fi":
        raise ValueError(f"metric {name!r} has type {values.dtype}: expected numbers")
    return values, dims


def _mesh(at: slice, index: list[slice | list[int]], shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    axes = [np.arange(shape[0])[at]]
    axes += [
        np.arange(size)[i] if isinstance(i, slice) else np.asarray(i) for i, size in zip(index, shape[1:], strict=True)
    ]
    return np.ix_(*axes)
