"""MUSIC over range and angle at once: one target among other echoes, seen by an array of subarrays.

A coarse search takes every piece of the array as planar, so that a table of its beams spares the
responses; what it finds is refined with the exact response, far below the grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from isaclib.physics import music_kernels

GRID_TURNS = 0.125
"""Grid step of the coarse search: the change of phase at the edge of the array, in turns."""

PIECE_TURNS = 1.0 / 32.0
"""Bending of a spherical wave that the coarse search overlooks inside a piece, in turns."""

MOST_POINTS = 1_000_000
"""Points of the coarse grid times pieces of the array: what memory bears."""


@dataclass(frozen=True)
class Aperture:
    """A receive array along y, cut into pieces on which waves count as planar.

    Under the hybrid model the pieces are the subarrays, under the spherical one single elements.

    Parameters
    ----------
    elements_m : ndarray, shape (B, N)
        y of the elements; B is one where all arrays are alike.
    edges : ndarray of int, shape (P + 1,)
        Piece p has the elements edges[p] to edges[p + 1] - 1.
    centres_m : ndarray, shape (B, P)
        y of the points that the pieces' distances and angles are taken from.
    coarse_edges : ndarray of int, shape (C + 1,)
        Pieces for the coarse search.
    coarse_centres_m : ndarray, shape (B, C)
        Their centres.
    length_m : float
        Length that sets the resolution of the search; the same for all arrays of a study.
    wavelength_m : float
        Wavelength.
    """

    elements_m: np.ndarray
    edges: np.ndarray
    centres_m: np.ndarray
    coarse_edges: np.ndarray
    coarse_centres_m: np.ndarray
    length_m: float
    wavelength_m: float

    def rows(self, chosen: np.ndarray) -> Aperture:
        """Return the arrays of some realisations."""
        if len(self.elements_m) == 1:
            return self
        elements, centres, coarse = (a[chosen] for a in (self.elements_m, self.centres_m, self.coarse_centres_m))
        return replace(self, elements_m=elements, centres_m=centres, coarse_centres_m=coarse)

    @classmethod
    def of(
        cls,
        centres_m: np.ndarray,
        offsets_m: np.ndarray,
        wavelength_m: float,
        wavefront: str,
        *,
        length_m: float,
        nearest_m: float,
    ) -> Aperture:
        """Cut a modular array into pieces.

        Parameters
        ----------
        centres_m : ndarray, shape (B, L)
            y of the subarray centres.
        offsets_m : ndarray, shape (M,)
            y of the elements from the centre of their subarray, around zero.
        wavelength_m : float
            Wavelength.
        wavefront : str
            ``hspm`` or ``swm``, as `isaclib.physics.wavefronts` has them; planar waves know no range.
        length_m : float
            Length of the whole array; where arrays differ, of the longest that there may be.
        nearest_m : float
            Smallest range that is searched.

        Returns
        -------
        Aperture

        Raises
        ------
        ValueError
            For another wavefront.
        """
        subarrays, size = centres_m.shape[1], len(offsets_m)
        elements = np.ascontiguousarray((centres_m[..., None] + offsets_m).reshape(len(centres_m), -1))
        if wavefront == "hspm":
            edges = np.arange(subarrays + 1) * size
            return cls(elements, edges, centres_m, edges, centres_m, length_m, wavelength_m)
        if wavefront != "swm":
            raise ValueError(f"wavefront = {wavefront!r}: expected hspm or swm, planar waves know no range")
        # phase at the edge of a piece of width w: w^2 / (8 lambda r) turns
        widest = math.sqrt(8.0 * PIECE_TURNS * wavelength_m * nearest_m)
        parts = max(1, math.ceil(float(np.ptp(offsets_m)) / widest))
        inner = np.array([part[0] for part in np.array_split(np.arange(size), min(parts, size))])
        edges = np.append((np.arange(subarrays)[:, None] * size + inner).ravel(), subarrays * size)
        sums = np.add.reduceat(elements, edges[:-1], axis=1)
        singles = np.arange(subarrays * size + 1)
        return cls(elements, singles, elements, edges, sums / np.diff(edges), length_m, wavelength_m)


@dataclass(frozen=True)
class Sector:
    """Where the target is searched; range and angle are seen from the origin.

    Parameters
    ----------
    range_m : tuple of float
        (min, max), above zero.
    angle_rad : tuple of float
        (min, max) from the x axis, within +-pi/2.

    Raises
    ------
    ValueError
        For an empty sector, or one outside of what is allowed.
    """

    range_m: tuple[float, float]
    angle_rad: tuple[float, float]

    def __post_init__(self) -> None:
        if not 0.0 < self.range_m[0] < self.range_m[1] < math.inf:
            raise ValueError(f"range_m = {self.range_m}: expected (min, max) with 0 < min < max")
        if not -math.pi / 2 <= self.angle_rad[0] < self.angle_rad[1] <= math.pi / 2:
            raise ValueError(f"angle_rad = {self.angle_rad}: expected (min, max) within +-pi/2 with min < max")


def check_size(aperture: Aperture, sector: Sector) -> None:
    """Refuse a sector that takes too many points at the resolution of the array.

    Raises
    ------
    ValueError
        Naming the numbers of points and of pieces.
    """
    _grids(aperture, sector)


def _grids(aperture: Aperture, sector: Sector) -> tuple[np.ndarray, np.ndarray]:
    """Inverse ranges and sines of angles of the coarse search."""
    reach = aperture.length_m / 2.0
    (near, far), (low, high) = sector.range_m, np.sin(sector.angle_rad)
    ends = (1.0 / far, 1.0 / near, 0.5 * reach**2), (float(low), float(high), reach)
    sizes = [
        max(3, math.ceil((stop - start) * turns / aperture.wavelength_m / GRID_TURNS) + 1)
        for start, stop, turns in ends
    ]
    pieces = len(aperture.coarse_edges) - 1
    if sizes[0] * sizes[1] * pieces > MOST_POINTS:
        raise ValueError(
            f"a search of {sizes[0]} ranges and {sizes[1]} angles for an array of {pieces} pieces: "
            f"expected a narrower sector, with a product of at most {MOST_POINTS}"
        )
    curvatures, sines = (np.linspace(start, stop, size) for (start, stop, _), size in zip(ends, sizes, strict=True))
    return curvatures, sines


def signal_subspace(echoes: np.ndarray, sources: int) -> np.ndarray:
    """Return the dominant eigenvectors of Y Y^H.

    Parameters
    ----------
    echoes : ndarray of complex, shape (B, N, T)
        Y.
    sources : int
        Dimension K of the subspace, at most min(N, T).

    Returns
    -------
    ndarray of complex, shape (B, N, K)
        Orthonormal columns; NaN where the echoes are not finite or vanish.
    """
    # a tenth of a second that only the runs of estimators pay
    from scipy.linalg import eigh
    from scipy.linalg.blas import zherk

    count, elements, snapshots = echoes.shape
    found = np.full((count, elements, sources), np.nan + 0j)
    side = min(elements, snapshots)
    for row, echo in enumerate(echoes):
        if not np.isfinite(echo).all() or not echo.any():
            continue
        # Y^T lies in columns: herk gives the conjugate of Y Y^H or of Y^H Y, whichever is smaller
        gram = zherk(1.0, np.ascontiguousarray(echo).T, trans=2 if elements <= snapshots else 0)
        vectors = eigh(
            gram, lower=False, subset_by_index=[side - sources, side - 1], check_finite=False, overwrite_a=True
        )[1].conj()
        if elements > snapshots:
            vectors = np.linalg.qr((echo @ vectors)[:, ::-1])[0]
        found[row] = vectors
    return found


def locate(subspace: np.ndarray, aperture: Aperture, sector: Sector) -> np.ndarray:
    r"""Find the peak of the MUSIC spectrum over range and angle.

    (r, theta) = argmax 1 / d, d(r, theta) = 1 - ||U^H a||^2 / ||a||^2

    with the signal subspace U and the response a(r, theta) of the array: on a grid first (uniform in
    sin(theta) and 1/r, waves planar on each piece), then by Newton steps on the exact d from its
    best local minima.

    Parameters
    ----------
    subspace : ndarray of complex, shape (B, N, K)
        U, orthonormal columns.
    aperture : Aperture
        The array.
    sector : Sector
        Where to search.

    Returns
    -------
    ndarray, shape (B, 2)
        Range in metres and angle in radians; NaN where the subspace is.

    Raises
    ------
    ValueError
        For a sector that takes too many points at the resolution of the array.
    """
    curvatures, sines = _grids(aperture, sector)
    found = np.empty((len(subspace), 2))
    music_kernels.locate(
        np.ascontiguousarray(subspace),
        aperture.elements_m,
        aperture.edges,
        np.ascontiguousarray(aperture.centres_m),
        aperture.coarse_edges,
        np.ascontiguousarray(aperture.coarse_centres_m),
        2.0 * math.pi / aperture.wavelength_m,
        curvatures,
        sines,
        found,
    )
    return found


def range_width(subspace: np.ndarray, aperture: Aperture, peaks: np.ndarray) -> np.ndarray:
    """Return the -3 dB width in range of the main lobe, through its peak at the peak's angle.

    Parameters
    ----------
    subspace : ndarray of complex, shape (B, N, K)
        U.
    aperture : Aperture
        The array.
    peaks : ndarray, shape (B, 2)
        From `locate`.

    Returns
    -------
    ndarray, shape (B,)
        Metres between the two ranges where the spectrum is half its peak; infinite where it never
        falls that low, NaN where there is no peak.
    """
    widths = np.empty(len(subspace))
    music_kernels.width(
        np.ascontiguousarray(subspace),
        aperture.elements_m,
        aperture.edges,
        np.ascontiguousarray(aperture.centres_m),
        2.0 * math.pi / aperture.wavelength_m,
        np.ascontiguousarray(peaks),
        widths,
    )
    return widths


def spectrum_db(
    subspace: np.ndarray, aperture: Aperture, peaks: np.ndarray, ranges_m: np.ndarray, angles_rad: np.ndarray
) -> np.ndarray:
    """Return the MUSIC spectrum over ranges and angles, 0 dB at its peak.

    Parameters
    ----------
    subspace : ndarray of complex, shape (B, N, K)
        U.
    aperture : Aperture
        The array.
    peaks : ndarray, shape (B, 2)
        From `locate`; what the spectrum is normalised to.
    ranges_m : ndarray, shape (R,)
        Ranges from the origin.
    angles_rad : ndarray, shape (A,)
        Angles from the x axis.

    Returns
    -------
    ndarray, shape (B, R, A)
        10 log10(d(peak) / d); NaN where there is no peak.
    """
    spectrum = np.empty((len(subspace), len(ranges_m), len(angles_rad)))
    music_kernels.spectrum(
        np.ascontiguousarray(subspace),
        aperture.elements_m,
        aperture.edges,
        np.ascontiguousarray(aperture.centres_m),
        2.0 * math.pi / aperture.wavelength_m,
        np.ascontiguousarray(peaks),
        np.ascontiguousarray(ranges_m),
        np.ascontiguousarray(angles_rad),
        spectrum,
    )
    return spectrum
