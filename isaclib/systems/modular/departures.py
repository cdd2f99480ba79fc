"""How far beamformers are from what an analog and a digital one give, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np


@numba.njit(cache=True, fastmath={"nnan", "nsz"})
def _extremes(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Widen an interval to values, none of which is NaN."""
    for value in values:
        low = min(low, value)
        high = max(high, value)
    return low, high


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def _write_squares(rows: np.ndarray, squares: np.ndarray) -> float:
    """Write squared moduli; return their sum, NaN where one is."""
    total = 0.0
    for m in range(len(rows)):
        squares[m] = rows[m].real ** 2 + rows[m].imag ** 2
        total += squares[m]
    return total


@numba.njit(cache=True)
def _compare(
    columns: np.ndarray,
    digital: np.ndarray,
    beamformers: np.ndarray,
    modulus: np.ndarray,
    difference: np.ndarray,
    largest: np.ndarray,
) -> None:
    batch, subarrays, count, size = columns.shape
    streams = digital.shape[2]
    column = np.empty((count, size), np.complex128)
    beam = np.empty(size, np.complex128)
    squares = np.empty(size)
    for b in range(batch):
        low, high = 1.0, 1.0
        most = beside = total = 0.0
        for s in range(subarrays):
            for c in range(count):
                for m in range(size):
                    column[c, m] = columns[b, s, c, m]
                total += _write_squares(column[c], squares)
                low, high = _extremes(squares, low, high)
            for i in range(streams):
                for m in range(size):
                    beam[m] = beamformers[b, s * size + m, i]
                total += _write_squares(beam, squares)
                _, most = _extremes(squares, 0.0, most)
                for c in range(count):
                    t = digital[b, s * count + c, i]
                    for m in range(size):
                        beam[m] -= column[c, m] * t
                total += _write_squares(beam, squares)
                _, beside = _extremes(squares, 0.0, beside)
        there = total == total
        modulus[b] = max(math.sqrt(high) - 1.0, 1.0 - math.sqrt(low)) if there else math.nan
        difference[b] = math.sqrt(beside) if there else math.nan
        largest[b] = math.sqrt(most) if there else math.nan


def departures(
    columns: np.ndarray, digital: np.ndarray, beamformers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare the entries of F_A with modulus one, and F with F_A F_D.

    Parameters
    ----------
    columns : ndarray of complex, shape (B, L, N_RF / L, M)
        Columns of F_1..F_L of F_A = blkdiag(F_1..F_L).
    digital : ndarray of complex, shape (B, N_RF, N_s)
        F_D.
    beamformers : ndarray of complex, shape (B, N, N_s)
        F.

    Returns
    -------
    modulus, difference, largest : ndarray, shape (B,)
        Largest distance of a modulus in F_A from one, of an entry of F from that of F_A F_D, and largest
        modulus in F; NaN where there is a NaN.
    """
    found = tuple(np.empty(len(columns)) for _ in range(3))
    _compare(columns, digital, beamformers, *found)
    return found[0], found[1], found[2]
