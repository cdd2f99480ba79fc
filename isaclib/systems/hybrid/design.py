"""What a scheme of the system ``hybrid`` returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems import base


@dataclass(frozen=True, kw_only=True)
class Design(base.Design):
    """A design of the system ``hybrid``.

    Attributes
    ----------
    beamformers : ndarray of complex, shape (B, N, K)
        W = F_A F_D; NaN where there is no design.
    analog : ndarray of complex, shape (B, N, N_RF), or None
        Block-diagonal F_A with entries of modulus one; None when fully digital.
    digital : ndarray of complex, shape (B, N_RF, K), or None
        F_D; None when fully digital.
    speb_bound_m2 : ndarray, shape (B,)
        Certified lower bound on the SPEB of every beamformer that meets the constraints of
        the draw, fully digital or hybrid.
    certified : ndarray of complex, shape (B, N, K), or None
        Beamformers that attain `objective` where ties between optimal designs were broken
        afterwards at a stated cost; None where `beamformers` attain it themselves.
    objective_name : str
        What `objective` is: a key of `isaclib.systems.hybrid.acceptance.OBJECTIVES`.
    promises : tuple of str
        Constraints of the scheme besides power and modulus: "rate" where R_k >= R_min, "speb" where
        SPEB <= Gamma_s.
    dirty_paper : bool
        The streams are dirty-paper coded in the order of the users, not just superposed.
    """

    beamformers: np.ndarray
    analog: np.ndarray | None = None
    digital: np.ndarray | None = None
    speb_bound_m2: np.ndarray
    certified: np.ndarray | None = None
    objective_name: str = "speb"
    promises: tuple[str, ...] = ("rate",)
    dirty_paper: bool = False
