"""Designs that an earlier run kept, for estimators that came later."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from isaclib.campaign import store
from isaclib.campaign.sidecar import Sidecar, read_sidecars
from isaclib.campaign.table import PART


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
    kept : tuple of str
        Arrays that a design needs to be taken up again, `System.kept`.
    """

    def __init__(self, folder: Path, *, scheme_id: str, seed: int, kept: tuple[str, ...]) -> None:
        self._folder = folder
        self._kept = kept
        found = [
            s
            for s in read_sidecars(folder)
            if s.designs and (s.scheme_id, s.seed) == (scheme_id, seed) and set(kept) <= set(s.variables)
        ]
        # a draw that a lower limit of time stopped may have been solved again since
        self._runs = sorted(found, key=lambda sidecar: sidecar.timeouts)
        self._open: tuple[str, store.RunData] | None = None

    def find(self, point: str, start: int, stop: int) -> SimpleNamespace | None:
        """Return the designs of realisations [start, stop) of a point.

        Returns
        -------
        SimpleNamespace or None
            ``status``, as evaluated, and the kept arrays, realisations first and NaN where there is
            no design. None where they are not kept, or damaged.
        """
        for sidecar in self._runs:
            for cell, rows in store.rows_of(sidecar.cells):
                if cell.point != point or start < cell.start or stop > cell.stop:
                    continue
                try:
                    data = self._read(sidecar)
                # gathering will name the file; made again, the designs are the same to the bit
                except ValueError:
                    break
                first = rows.start + start - cell.start
                at = slice(first, first + stop - start)
                design = SimpleNamespace(status=data.columns["status"].values[at])
                for name in self._kept:
                    values = _array(data, name, point, at)
                    if values is None:
                        return None
                    setattr(design, name, values)
                return design
        return None

    def _read(self, sidecar: Sidecar) -> store.RunData:
        # cells of one run follow each other: one file in memory is enough
        if self._open is None or self._open[0] != sidecar.run:
            self._open = sidecar.run, store.read(self._folder / f"{sidecar.run}.nc")
        return self._open[1]


def _array(data: store.RunData, name: str, point: str, at: slice) -> np.ndarray | None:
    """Rows `at` of a kept array, without what pads them to the sizes of other points."""
    column = data.columns[name]
    values = column.values[at]
    if PART in column.dims:
        values = values[..., 0] + 1j * values[..., 1]
    # metrics have no shape of their own at a point
    if name not in data.shapes:
        return values
    shape = data.shapes[name].get(point)
    return None if shape is None else values[(slice(None), *(slice(0, size) for size in shape))]
