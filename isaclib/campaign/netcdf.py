"""How numbers and text lie in a netCDF file: checksummed, chunked, readable by anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isaclib.campaign.table import fill_value
from isaclib.systems.base import Status

CHUNK_BYTES = 1 << 20
"""Largest chunk: what one read brings in, and what a reader's cache must hold."""

CACHE_BYTES = 4 * CHUNK_BYTES
"""Chunk cache of a variable: what bounds the memory of gathering and of statistics."""

FLAGS = {
    "flag_values": np.array([int(status) for status in Status], dtype=np.int8),
    "flag_meanings": " ".join(status.name.lower() for status in Status),
}
"""Attributes of ``status``, as the CF conventions have them."""


def rows_a_chunk(rows: int, row_bytes: int) -> int:
    """Return how many rows a chunk takes: parts of one size, as a last one of a few would be padded to the others."""
    parts = -(-max(rows, 1) // max(1, CHUNK_BYTES // max(row_bytes, 1)))
    return -(-max(rows, 1) // parts)


def is_padded(values: np.ndarray) -> bool:
    """Tell whether a quarter of an array is "nothing here": that compresses, numbers of a simulation do not."""
    if values.ndim < 2 or values.dtype.kind not in "fi":
        return False
    empty = np.isnan(values) if values.dtype.kind == "f" else values == fill_value(values.dtype)
    return 4 * int(np.count_nonzero(empty)) >= max(values.size, 1)


def put_array(
    group: Any, name: str, dims: tuple[str, ...], values: np.ndarray, attrs: Mapping[str, Any], *, holes: bool = True
) -> None:
    """Write numbers with a checksum, in chunks of at most `CHUNK_BYTES`.

    Parameters
    ----------
    group : netCDF4.Dataset or netCDF4.Group
        Where.
    name : str
        Of the variable.
    dims : tuple of str
        Its dimensions, which exist.
    values : ndarray
        Floats or integers.
    attrs : mapping
        Its attributes.
    holes : bool
        Whether `fill_value` stands for "nothing here"; integers without holes are read as integers.
    """
    inner = int(np.prod(values.shape[1:], dtype=np.int64)) * values.dtype.itemsize
    chunks = (rows_a_chunk(values.shape[0], inner), *(max(size, 1) for size in values.shape[1:]))
    variable = group.createVariable(
        name,
        values.dtype,
        dims,
        fletcher32=True,
        chunksizes=chunks,
        zlib=is_padded(values),
        complevel=1,
        fill_value=fill_value(values.dtype) if holes else False,
    )
    variable.setncatts(attrs)
    variable[:] = values


def put_text(group: Any, name: str, dims: tuple[str, ...], values: np.ndarray, attrs: Mapping[str, Any]) -> None:
    """Write text as characters: a checksum does not reach into strings of variable length."""
    encoded = np.char.encode(np.asarray(values, dtype=str), "utf-8")
    width = max(encoded.dtype.itemsize, 1)
    length = f"{name}_length"
    group.createDimension(length, width)
    chunks = (*(rows_a_chunk(size, width) for size in encoded.shape), width)
    variable = group.createVariable(
        name, "S1", (*dims, length), fletcher32=True, chunksizes=chunks, zlib=True, complevel=1
    )
    variable.setncatts(attrs)
    variable[:] = np.frombuffer(encoded.astype(f"S{width}").tobytes(), "S1").reshape(*encoded.shape, width)
    # set last: the library would otherwise encode the characters once more
    variable.setncattr("_Encoding", "utf-8")


def get_text(group: Any, name: str) -> np.ndarray:
    """Read what `put_text` wrote."""
    return np.char.decode(get_encoded(group, name), "utf-8")


def get_encoded(group: Any, name: str) -> np.ndarray:
    """Read what `put_text` wrote as bytes in UTF-8: decoding takes longer than reading."""
    variable = group.variables[name]
    variable.set_auto_chartostring(False)
    characters = np.ascontiguousarray(np.ma.filled(variable[:], b""))
    return characters.view(f"S{characters.shape[-1]}")[..., 0]


def plain_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as plain JSON values."""
    return {
        str(name): value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
        for name, value in attrs.items()
    }
