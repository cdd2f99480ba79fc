"""Coarse search of `isaclib.physics.music_2d`: waves planar on each piece, a table of its beams."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

TABLE_TURNS = 1.0 / 16.0
"""Step of the table of beams: the change of phase at the edge of a piece, in turns."""

CANDIDATES = 8
"""Most peaks of the coarse search that are looked at closely."""

MARGIN = 0.15
"""Noise-space share by which a coarse peak may be worse than the best one and still be looked at."""

# strict arithmetic, as in `isaclib.physics.music_kernels`
_kernel: dict[str, Any] = {"cache": True, "error_model": "numpy"}


@numba.njit(**_kernel)
def geometry(
    curvatures: np.ndarray,
    sines: np.ndarray,
    centres: np.ndarray,
    sizes: np.ndarray,
    wavenumber: float,
    seen: np.ndarray,
    phasors: np.ndarray,
) -> None:
    """Fill in sine and phasor (of a unit response) of every piece at every point of the coarse grid."""
    g = 0
    for curvature in curvatures:
        for sine in sines:
            x, y = math.sqrt(1.0 - sine * sine) / curvature, sine / curvature
            norm = 0.0
            for piece in range(len(centres)):
                along = y - centres[piece]
                distance = math.sqrt(x * x + along * along)
                seen[g, piece] = along / distance
                norm += sizes[piece] / (distance * distance)
                phase = wavenumber * distance
                phasors[g, piece] = complex(math.cos(phase) / distance, -math.sin(phase) / distance)
            for piece in range(len(centres)):
                phasors[g, piece] /= math.sqrt(norm)
            g += 1


@numba.njit(**_kernel)
def shares_of(
    subspace: np.ndarray,
    elements: np.ndarray,
    edges: np.ndarray,
    centres: np.ndarray,
    wavenumber: float,
    seen: np.ndarray,
    phasors: np.ndarray,
    shares: np.ndarray,
) -> None:
    """Fill in d of every point of the coarse grid, by interpolation in the pieces' beams."""
    sources = subspace.shape[1]
    power = np.zeros((len(shares), sources), dtype=np.complex128)
    for piece in range(len(centres)):
        first, last = edges[piece], edges[piece + 1]
        reach = max(elements[last - 1] - centres[piece], centres[piece] - elements[first])
        reach = max(reach, centres[piece] - elements[last - 1], elements[first] - centres[piece])
        low, high = seen[:, piece].min(), seen[:, piece].max()
        cells = 1 + int((high - low) * reach * wavenumber / (2.0 * math.pi) / TABLE_TURNS)
        step = max((high - low) / cells, 1e-300)
        table = np.zeros((cells + 1, sources), dtype=np.complex128)
        for i in range(cells + 1):
            for n in range(first, last):
                phase = wavenumber * (low + i * step) * (elements[n] - centres[piece])
                value = complex(math.cos(phase), math.sin(phase))
                for k in range(sources):
                    table[i, k] += subspace[n, k].conjugate() * value
        for g in range(len(shares)):
            place = (seen[g, piece] - low) / step
            i = min(int(place), cells - 1)
            weight = place - i
            for k in range(sources):
                power[g, k] += phasors[g, piece] * ((1.0 - weight) * table[i, k] + weight * table[i + 1, k])
    for g in range(len(shares)):
        total = 0.0
        for k in range(sources):
            total += power[g, k].real ** 2 + power[g, k].imag ** 2
        shares[g] = 1.0 - total


@numba.njit(**_kernel)
def minima(shares: np.ndarray, found: np.ndarray) -> int:
    """Write the indices of the smallest local minima of a map into `found`, best first; return their number."""
    rows, columns = shares.shape
    values = np.full(len(found), np.inf)
    count = 0
    for i in range(rows):
        for j in range(columns):
            here = shares[i, j]
            if not here < values[-1]:
                continue
            lowest = True
            for p in range(max(i - 1, 0), min(i + 2, rows)):
                for q in range(max(j - 1, 0), min(j + 2, columns)):
                    if shares[p, q] < here or (shares[p, q] == here and (p, q) < (i, j)):
                        lowest = False
            if not lowest:
                continue
            place = min(count, len(found) - 1)
            while place > 0 and values[place - 1] > here:
                values[place] = values[place - 1]
                found[place] = found[place - 1]
                place -= 1
            values[place] = here
            found[place, 0], found[place, 1] = i, j
            count = min(count + 1, len(found))
    while count > 0 and values[count - 1] > values[0] + MARGIN:
        count -= 1
    return count
