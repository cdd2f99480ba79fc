"""Complex arrays, one in each lane, as compiled kernels take them, and back."""

from __future__ import annotations

import numpy as np

from isaclib.numerics.lanes import LANES


def into_lanes(arrays: np.ndarray) -> np.ndarray:
    """(LANES, ...) complex into (..., 2, LANES)."""
    z = np.moveaxis(arrays, 0, -1)
    return np.ascontiguousarray(np.stack([z.real, z.imag], axis=-2))


def out_of_lanes(lanes: np.ndarray) -> np.ndarray:
    """(..., 2, LANES) into (LANES, ...) complex."""
    return np.moveaxis(lanes[..., 0, :] + 1j * lanes[..., 1, :], -1, 0)


def empty(*shape: int) -> np.ndarray:
    """Room for complex arrays of a shape, holding what no kernel may rely on."""
    return np.full((*shape, 2, LANES), np.nan)
