"""Designs that an earlier run kept, for estimators that came later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isaclib.campaign import store
from isaclib.campaign.sidecar import Sidecar, read_sidecars

KEPT = "beamformers"
"""What ``store`` must have named for a design to be taken up again."""


@dataclass(frozen=True)
class StoredDesign:
    """All that an estimator needs of a design.

    Attributes
    ----------
    status : ndarray of int8, shape (B,)
        As evaluated.
    beamformers : ndarray of complex, shape (B, ...)
        NaN where there is no design.
    """

    status: np.ndarray
    beamformers: np.ndarray


class StoredDesigns:
    """The designs in a folder of runs that belong to one scheme.

    Parameters
    ----------
    folder : path
        ``results/<campaign>/runs``.
    scheme_id : str
        Identity of the scheme.
    seed : int
        Of the campaign.
    """

    def __init__(self, folder: Path, *, scheme_id: str, seed: int) -> None:
        self._folder = folder
        self._runs = [
            s
            for s in read_sidecars(folder)
            if s.designs and (s.scheme_id, s.seed) == (scheme_id, seed) and KEPT in s.variables
        ]
        self._open: tuple[str, store.RunData] | None = None

    def find(self, point: str, start: int, stop: int) -> StoredDesign | None:
        """Return the designs of realisations [start, stop) of a point, None where they are not kept, or damaged."""
        for sidecar in self._runs:
            if any(cell.point == point and cell.start <= start and stop <= cell.stop for cell in sidecar.cells):
                try:
                    data = self._read(sidecar)
                # gathering will name the file; made again, the designs are the same to the bit
                except ValueError:
                    continue
                # a cell is contiguous, so its rows are too
                at = np.flatnonzero((data.points == point) & (data.realisations >= start) & (data.realisations < stop))[
                    : stop - start
                ]
                shape = data.shapes[KEPT].get(point)
                if shape is None:
                    return None
                status = data.columns["status"].values[at]
                stored = data.columns[KEPT].values[at]
                beamformers = stored[..., 0] + 1j * stored[..., 1]
                return StoredDesign(status, beamformers[(slice(None), *(slice(0, size) for size in shape))])
        return None

    def _read(self, sidecar: Sidecar) -> store.RunData:
        # cells of one run follow each other: one file in memory is enough
        if self._open is None or self._open[0] != sidecar.run:
            self._open = sidecar.run, store.read(self._folder / f"{sidecar.run}.nc")
        return self._open[1]
