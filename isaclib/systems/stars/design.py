"""What a scheme of the system ``stars`` returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems import base


@dataclass(frozen=True, kw_only=True)
class Design(base.Design):
    """A design of the system ``stars``.

    Attributes
    ----------
    active : ndarray of complex, shape (B, M, beams)
        F: a beam for each user, then the one for sensing alone if the scheme has one; NaN where
        there is no design.
    reflection, transmission : ndarray of complex, shape (B, N)
        q_r and q_t, coefficients of the surface.
    sensor_count : ndarray of int, shape (B,)
        N_r; 0 where there is no design.
    sensor_spacing_m : ndarray, shape (B,)
        d_r.
    reachable_rate : ndarray, shape (B,)
        Largest rate that the user could have, bit/s/Hz; NaN where it is not known.
    illumination_bound : ndarray, shape (B,)
        Upper bound on the power p00 that reaches the target, of several the one lit least, W; NaN
        where there is none.
    """

    active: np.ndarray
    reflection: np.ndarray
    transmission: np.ndarray
    sensor_count: np.ndarray
    sensor_spacing_m: np.ndarray
    reachable_rate: np.ndarray
    illumination_bound: np.ndarray
