"""The partially connected structure: each RF chain feeds its own subarray, eq. (1)."""

from __future__ import annotations

import numpy as np


def connections(elements: int, chains: int) -> np.ndarray:
    """Phi: 1 where an RF chain feeds an antenna, else 0, shape (N, N_RF)."""
    return np.repeat(np.eye(chains), elements // chains, axis=0)


def block_diagonal(entries: np.ndarray, chains: int) -> np.ndarray:
    """F_A (1) with the given entry at each antenna, shape (..., N, N_RF), from entries (..., N)."""
    return entries[..., None] * connections(entries.shape[-1], chains)
