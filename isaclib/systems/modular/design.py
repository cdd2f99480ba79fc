"""What a scheme of the system ``modular`` returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems import base


@dataclass(frozen=True, kw_only=True)
class Design(base.Design):
    """A design of the system ``modular``.

    Attributes
    ----------
    beamformers : ndarray of complex, shape (B, N, N_s)
        F = F_A F_D; NaN where there is no design.
    blocks : ndarray of complex, shape (B, L, M, N_RF / L), or None
        Blocks F_1..F_L of the analog beamformer, with entries of modulus one; None when fully digital.
    digital : ndarray of complex, shape (B, N_RF, N_s), or None
        F_D; None when fully digital.
    reachable_scnr : ndarray, shape (B, T)
        Largest SCNR that the architecture could give each target alone, as a ratio.
    receive_filter : ndarray of complex, shape (B, T, N), or None
        w of each target where it was designed too; None: the scenario's.
    """

    beamformers: np.ndarray
    blocks: np.ndarray | None = None
    digital: np.ndarray | None = None
    reachable_scnr: np.ndarray
    receive_filter: np.ndarray | None = None

    @property
    def analog(self) -> np.ndarray | None:
        """F_A = blkdiag(F_1..F_L) (8), shape (B, N, N_RF); None when fully digital."""
        if self.blocks is None:
            return None
        batch, subarrays, size, count = self.blocks.shape
        analog = np.zeros((batch, subarrays, size, subarrays, count), dtype=complex)
        index = np.arange(subarrays)
        analog[:, index, :, index] = np.moveaxis(self.blocks, 1, 0)
        return analog.reshape(batch, subarrays * size, subarrays * count)

    def covariance(self) -> np.ndarray:
        """R = F F^H (7), shape (B, N, N)."""
        return self.beamformers @ np.conj(np.swapaxes(self.beamformers, -1, -2))
