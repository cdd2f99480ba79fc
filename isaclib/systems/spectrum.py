"""The spectrum that an estimator searches, of one trial of one realisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

POINTS = 241
"""Ranges, and angles, where none are named."""

FLOOR = 1e-15
"""Share of a response outside of the signal subspace that double precision resolves."""


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """A MUSIC spectrum over range and angle.

    Parameters
    ----------
    ranges_m : ndarray, shape (R,)
        Distances from the origin.
    angles_rad : ndarray, shape (A,)
        From the x axis.
    levels_db : ndarray, shape (R, A)
        10 log10(d(estimate) / d) of the null spectrum d = 1 - |U^H a|^2 / |a|^2: 0 dB at the estimate.
    estimate, target : tuple of float
        Range in metres and angle in radians of what the estimator found, and of the truth.
    """

    ranges_m: np.ndarray
    angles_rad: np.ndarray
    levels_db: np.ndarray
    estimate: tuple[float, float]
    target: tuple[float, float]


class SpectrumOf(Protocol):
    """What a system offers for an estimator."""

    def __call__(
        self,
        scenario: Any,
        design: Any,
        options: Mapping[str, Any],
        *,
        index: int,
        trial: int,
        ranges_m: np.ndarray | None,
        angles_rad: np.ndarray | None,
    ) -> Spectrum:
        """Return the spectrum of a trial; where none are named over `POINTS` ranges and angles of the sector."""


def filled(values: np.ndarray | None, ends: tuple[float, float]) -> np.ndarray:
    """Return what was asked for, or `POINTS` between the ends."""
    return np.linspace(*ends, POINTS) if values is None else np.asarray(values, dtype=float)


def levels_db(null: np.ndarray, at_estimate: float) -> np.ndarray:
    """10 log10(d(estimate) / d) of a null spectrum, neither below what rounding leaves of it."""
    return 10.0 * np.log10(np.maximum(at_estimate, FLOOR) / np.maximum(null, FLOOR))
