"""Scrambled Sobol nets of 64 points: numbers that lie more evenly than independent ones.

A net is the first 64 points of the Sobol sequence, of which the first 2^k are again as even as 2^k
points can be. Owen's scrambling makes it random: for each dimension the halves of [0, 1) are
exchanged at random, within each half its halves, and so on; then every point is uniform, and what
is exchanged in one dimension says nothing of another (Owen, *Randomly permuted (t,m,s)-nets and
(t,s)-sequences*, 1995).
"""

from __future__ import annotations

import numpy as np

_LEVELS = 6

POINTS = 1 << _LEVELS
"""Points of a net."""

_DIRECTIONS = np.array(
    [
        (32, 16, 8, 4, 2, 1),
        (32, 48, 40, 60, 34, 51),
        (32, 48, 24, 36, 58, 23),
        (32, 48, 8, 20, 62, 29),
        (32, 16, 8, 44, 62, 55),
        (32, 16, 24, 12, 50, 9),
        (32, 48, 40, 52, 22, 37),
        (32, 16, 40, 20, 34, 9),
        (32, 16, 40, 20, 10, 53),
        (32, 16, 56, 44, 38, 37),
    ]
)
"""Direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2008), in 64ths: dimension, binary digit of the index."""


def _sobol() -> np.ndarray:
    index = np.arange(POINTS)
    points = np.zeros((len(_DIRECTIONS), POINTS), dtype=np.int64)
    for level in range(_LEVELS):
        points ^= _DIRECTIONS[:, level, None] * (index >> level & 1)
    return points


SOBOL = _sobol()
"""The points before they are scrambled, in 64ths, shape (dimension, POINTS)."""


def column(generator: np.random.Generator, dimension: int | None) -> np.ndarray:
    """Draw one dimension of a net.

    Parameters
    ----------
    generator : numpy.random.Generator
        Of this dimension of this net: others know nothing of it.
    dimension : int or None
        Of `SOBOL`; None spreads the points evenly along this dimension, in an order of their own.

    Returns
    -------
    ndarray, shape (POINTS,)
        Numbers in (0, 1), one in each of the POINTS equal intervals.
    """
    strata = generator.permutation(POINTS) if dimension is None else _scrambled(SOBOL[dimension], generator)
    # neither 0 nor 1, where the quantile of a normal is infinite
    return (strata + (1.0 - generator.random(POINTS))) / POINTS * (1.0 - 2.0**-53)


def _scrambled(points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    # one coin for each node of the binary tree above the points, the root's is number 1
    coins = generator.integers(0, 2, POINTS)
    scrambled = np.zeros_like(points)
    for level in range(_LEVELS):
        node = (1 << level) + (points >> (_LEVELS - level))
        digit = points >> (_LEVELS - 1 - level) & 1
        scrambled = 2 * scrambled + (digit ^ coins[node])
    return scrambled
