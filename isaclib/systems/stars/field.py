"""The beam that brings most field onto the surface, max sum_n w_n |(G f)_n|, compiled, with its dual bound."""

from __future__ import annotations

import math

import numba
import numpy as np

CLOSED = 1e-14
"""Relative length of the part of an iteration that is off the beam, squared and halved, at a fixed point."""

PLAIN = 4
"""Iterations without acceleration: most channels take no more."""

FAINT = 1e-6
"""Elements of a response below this share of its largest count as so much in the dual bound."""

ALIKE = 1e-9
"""Relative differences of an element's weight from another's that count as none."""


@numba.njit(cache=True)
def climb(channel: np.ndarray, weights: np.ndarray, beam: np.ndarray, most: int) -> tuple[float, int]:
    """Take f <- G^H (w sgn(G f)), normalised, until f points where it came from.

    The fixed point is approached the slower, the closer the singular values of G: after a few iterations
    f is mixed from the last two images so that what they moved cancels (Anderson's acceleration, of
    depth one), unless that gains less than the image alone is sure to.

    Parameters
    ----------
    channel : ndarray of complex, shape (N, M)
        G.
    weights : ndarray, shape (N,)
        w, not negative.
    beam : ndarray of complex, shape (M,)
        f, a start of any norm; overwritten by the unit vector that was reached.
    most : int
        Largest number of iterations.

    Returns
    -------
    value : float
        sum_n w_n |(G f)_n|.
    iterations : int
    """
    elements, antennas = channel.shape
    step, image = np.empty(antennas, dtype=np.complex128), np.empty(antennas, dtype=np.complex128)
    moved = np.zeros(antennas, dtype=np.complex128)
    value = sure = 0.0
    _normalise(beam)
    for iteration in range(most + 1):
        value = 0.0
        step[:] = 0.0
        for n in range(elements):
            g = 0.0j
            for m in range(antennas):
                g += channel[n, m] * beam[m]
            size = math.sqrt(g.real * g.real + g.imag * g.imag)
            value += weights[n] * size
            if size > 0.0:
                pull = g * (weights[n] / size)
                for m in range(antennas):
                    step[m] += np.conj(channel[n, m]) * pull
        if value < sure * (1.0 - CLOSED):
            beam[:] = image
            sure = 0.0
            continue
        # value = Re[step^H f] <= |step|, and the value of the image step / |step| is at least |step|
        sure = _norm(step)
        if iteration == most or sure <= value * (1.0 + CLOSED):
            break
        along = squared = 0.0
        for m in range(antennas):
            step[m] /= sure
            now = step[m] - beam[m]
            apart = now - moved[m]
            along += apart.real * now.real + apart.imag * now.imag
            squared += apart.real**2 + apart.imag**2
            moved[m] = now
        beam[:] = step
        # the last one is plain: there is no other after it, should it gain nothing
        if PLAIN <= iteration < most - 1 and squared > 0.0:
            beam += (along / squared) * (image - step)
            _normalise(beam)
        image[:] = step
    return value, iteration


@numba.njit(cache=True)
def _norm(beam: np.ndarray) -> float:
    squared = 0.0
    for m in range(len(beam)):
        squared += beam[m].real ** 2 + beam[m].imag ** 2
    return math.sqrt(squared)


@numba.njit(cache=True)
def _normalise(beam: np.ndarray) -> None:
    size = _norm(beam)
    if size > 0.0:
        beam /= size


@numba.njit(cache=True)
def strongest_beams(channels: np.ndarray, starts: int, most: int, beams: np.ndarray, values: np.ndarray) -> None:
    """Find the beam of largest sum_n |(G f)_n| for each channel, from matched starts.

    Parameters
    ----------
    channels : ndarray of complex, shape (B, N, M)
        G.
    starts : int
        Fixed points tried, each from the beam matched to one element, spread over the surface.
    most : int
        Largest number of iterations of each.
    beams : ndarray of complex, shape (B, M)
        Overwritten by unit vectors.
    values : ndarray, shape (B,)
        Overwritten by the sums L.
    """
    batch, elements, antennas = channels.shape
    weights = np.ones(elements)
    beam = np.empty(antennas, dtype=np.complex128)
    for b in range(batch):
        values[b] = -1.0
        for start in range(starts):
            n = (2 * start + 1) * elements // (2 * starts)
            for m in range(antennas):
                beam[m] = np.conj(channels[b, n, m])
            value, _ = climb(channels[b], weights, beam, most)
            if value > values[b]:
                values[b] = value
                beams[b] = beam


def dual_weights(channels: np.ndarray, beams: np.ndarray) -> np.ndarray:
    r"""Certify beams: y with G G^H <= diag(y), so that |sum_n z_n (G f)_n|^2 <= |f|^2 sum_n y_n |z_n|^2.

    At a fixed point y_n = L |(G f)_n|, times the largest eigenvalue of D^{-1/2} G G^H D^{-1/2},
    D = diag(L |G f|), has sum y = L^2 where that eigenvalue is one: the beam is then the best of
    all. Where another choice is smaller in sum, y_n = sigma_1(G)^2 is taken.

    Parameters
    ----------
    channels : ndarray of complex, shape (B, N, M)
        G.
    beams : ndarray of complex, shape (B, M)
        f, of norm one.

    Returns
    -------
    ndarray, shape (B, N)
    """
    field = np.abs((channels @ beams[..., None])[..., 0])
    weights = field.sum(axis=-1, keepdims=True) * field
    adjoint = np.conj(np.swapaxes(channels, -1, -2))
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = (adjoint / weights[:, None]) @ channels
    # an element without field: its weight would have to be infinite
    usable = np.isfinite(scaled).all(axis=(-2, -1))
    excess = np.linalg.eigvalsh(np.where(usable[:, None, None], scaled, 0.0))[:, -1:]
    # rounding leaves an eigenvalue of one a little below it
    weights = np.where(usable[:, None], weights * np.maximum(excess, 1.0), np.inf)
    flat = np.linalg.eigvalsh(adjoint @ channels)[:, -1:] * np.ones(channels.shape[1])
    better = weights.sum(axis=-1, keepdims=True) <= flat.sum(axis=-1, keepdims=True)
    return np.where(better, weights, flat)


def scaled_weights(
    channels: np.ndarray, sizes: np.ndarray, beams: np.ndarray, even: np.ndarray | None = None
) -> np.ndarray:
    """Certify beams as `dual_weights` does, tightly for those of largest sum_n w_n |(G f)_n|.

    Parameters
    ----------
    channels : ndarray of complex, shape (1 or B, N, M)
        G.
    sizes : ndarray, shape (B, N)
        w, not negative.
    beams : ndarray of complex, shape (B, M)
        f, of norm one.
    even : ndarray of complex, shape (1, M), optional
        The beam for w that do not vary, where all realisations share G: theirs is then solved once.

    Returns
    -------
    ndarray, shape (B, N)
        y with G G^H <= diag(y).
    """
    largest = sizes.max(axis=-1, keepdims=True)
    sizes = np.maximum(sizes, FAINT * largest)
    weights = np.empty_like(sizes)
    own = np.full(len(sizes), True)
    if even is not None and len(channels) == 1:
        own = np.ptp(sizes, axis=-1) > ALIKE * largest[:, 0]
        weights[~own] = dual_weights(channels, even)
    at = np.flatnonzero(own)
    if len(at):
        each = sizes[at]
        weights[at] = dual_weights((channels if len(channels) == 1 else channels[at]) * each[..., None], beams[at])
        weights[at] /= each**2
    return weights
