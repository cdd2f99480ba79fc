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
    analog : ndarray of complex, shape (B, N, N_RF), or None
        Block-diagonal F_A with entries of modulus one; None when fully digital.
    digital : ndarray of complex, shape (B, N_RF, N_s), or None
        F_D; None when fully digital.
    reachable_scnr : ndarray, shape (B, T)
        Largest SCNR that the architecture could give each target alone, as a ratio.
    """

    beamformers: np.ndarray
    analog: np.ndarray | None = None
    digital: np.ndarray | None = None
    reachable_scnr: np.ndarray

    def covariance(self) -> np.ndarray:
        """R = F F^H (7), shape (B, N, N)."""
        return self.beamformers @ np.conj(np.swapaxes(self.beamformers, -1, -2))
