"""The confidence region of a curve whose points are uncertain in both directions."""

from __future__ import annotations

import itertools

import numpy as np


def confidence_region(across: np.ndarray, ends: np.ndarray, *, log_x: bool, log_y: bool) -> list[np.ndarray]:
    """Sweep the confidence box of each point along the curve.

    A point (x, y) has the box [x lower, x upper] x [y lower, y upper]; between two neighbours the
    region is the convex hull of their boxes, as straight on paper as the curve itself.

    Parameters
    ----------
    across, ends : ndarray, shape (X, 3)
        Value, lower and upper end of x and of y; ends that are NaN count as the value.
    log_x, log_y : bool
        Logarithmic axes.

    Returns
    -------
    list of ndarray, shape (V, 2)
        Polygons, counterclockwise: filled by the nonzero rule, their union has one shade. Empty
        where no point has an interval.
    """
    if np.isnan(across[:, 1:]).all() and np.isnan(ends[:, 1:]).all():
        return []
    scaled = []
    for values, log in ((across, log_x), (ends, log_y)):
        filled = np.where(np.isnan(values), values[:, :1], values)
        scaled.append(np.log(filled) if log else filled)
    x, y = scaled
    corners = np.stack([x[:, [1, 2, 2, 1]], y[:, [1, 1, 2, 2]]], axis=-1)
    swept = itertools.pairwise(corners) if len(corners) > 1 else [(corners[0],)]
    polygons = [_hull(np.concatenate(boxes)) for boxes in swept]
    for axis, log in enumerate((log_x, log_y)):
        for polygon in polygons:
            polygon[:, axis] = np.exp(polygon[:, axis]) if log else polygon[:, axis]
    return polygons


def _hull(points: np.ndarray) -> np.ndarray:
    """Convex hull, counterclockwise, by Andrew's monotone chain."""
    ordered = np.unique(points, axis=0)
    if len(ordered) < 3:
        return ordered
    halves = []
    for chain in (ordered, ordered[::-1]):
        half: list[np.ndarray] = []
        for point in chain:
            while len(half) > 1 and _turn(half[-2], half[-1], point) <= 0.0:
                half.pop()
            half.append(point)
        halves.append(half[:-1])
    return np.array([*halves[0], *halves[1]])


def _turn(origin: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    (x, y), (u, v) = first - origin, second - origin
    return float(x * v - y * u)
