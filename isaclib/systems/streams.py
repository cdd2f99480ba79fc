"""Random numbers named by what they are for and by the realisation they belong to.

Under the sampling ``sobol`` the numbers that make a scenario are spread evenly over the 64
realisations of a block: each block is a scrambled Sobol net (`isaclib.systems.nets`). One
realisation alone has the law it has under ``random``, and blocks are independent of each other;
the realisations of a block are not, and their mean scatters less than that of 64 independent ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from isaclib.systems import nets

BLOCK = nets.POINTS
"""Realisations that share one generator, 64: the unit in which random numbers are drawn."""

SAMPLINGS = ("random", "sobol")
"""How the realisations of a block are drawn: each for itself, or as one net."""


class Stream(IntEnum):
    """One constant a physical quantity; a value, once given, never changes its meaning."""

    USER_ANGLE = 1
    LOS_GAIN = 2
    NLOS_GAIN = 3
    SCATTERER_ANGLE = 4
    SCATTERER_RANGE = 5
    SYMBOLS = 6
    NOISE = 7
    SOLVER_START = 8
    RANDOMISATION = 9
    SHADOWING = 10
    PATH_PHASE = 11
    PLACEMENT = 12
    USER_RANGE = 13
    TARGET_RANGE = 14
    TARGET_ANGLE = 15
    SURFACE_SCATTERING = 16
    SENSOR_COUNT = 17
    CSI_ERROR = 18


SPREAD = frozenset(
    {
        Stream.USER_ANGLE,
        Stream.USER_RANGE,
        Stream.TARGET_ANGLE,
        Stream.TARGET_RANGE,
        Stream.LOS_GAIN,
        Stream.NLOS_GAIN,
        Stream.SCATTERER_ANGLE,
        Stream.SCATTERER_RANGE,
        Stream.SHADOWING,
        Stream.PATH_PHASE,
        Stream.PLACEMENT,
        Stream.SENSOR_COUNT,
    }
)
"""What a net spreads; noise, symbols, starts and what is scattered over a surface have too many numbers for it."""

DIMENSIONS: dict[tuple[int, ...], int] = {
    (Stream.USER_ANGLE, 0): 0,
    (Stream.USER_ANGLE, 1): 1,
    (Stream.TARGET_ANGLE, 0): 2,
    (Stream.TARGET_RANGE, 0): 3,
    (Stream.USER_RANGE, 0): 4,
    (Stream.SENSOR_COUNT,): 5,
    # of a gain its strength: index of the user, of its path, part
    **{(Stream.LOS_GAIN, user, 0): 2 + user for user in range(2)},
    **{(Stream.NLOS_GAIN, user, path, 0): 4 + 2 * path + user for path in range(3) for user in range(2)},
    # of one user
    **{(Stream.SHADOWING, path): path for path in range(3)},
    **{(Stream.SCATTERER_ANGLE, path): 3 + path for path in range(3)},
    **{(Stream.SCATTERER_RANGE, path): 6 + path for path in range(3)},
}
"""Dimension of the net of what matters most, by stream, index and entry; two quantities of one system never share one.

What is not here is spread evenly by itself, whatever the others do. An entry, once given, never changes: another
dimension is another campaign.
"""


@dataclass(frozen=True)
class Streams:
    """Random numbers of the realisations [start, stop) under one seed.

    A number depends on (seed, stream, index, realisation) alone: never on how the
    realisations were batched, on the scheme or on the grid point.

    Parameters
    ----------
    seed : int
        Seed of the campaign, non-negative.
    start, stop : int
        First realisation and one past the last.
    sampling : str
        One of `SAMPLINGS`.
    """

    seed: int
    start: int
    stop: int
    sampling: str = "random"

    def single(self, index: int) -> Streams:
        """Return the random numbers of one realisation, counted from the first of the range."""
        return replace(self, start=self.start + index, stop=self.start + index + 1)

    def draw(
        self, stream: Stream, sampler: Callable[[np.random.Generator, int], np.ndarray], *index: int
    ) -> np.ndarray:
        """Draw for every realisation of the range.

        Parameters
        ----------
        stream : Stream
            The quantity.
        sampler : callable
            ``sampler(generator, count)`` returns an array whose last axis has `count` entries,
            one a realisation. Axes in front of it are the ones a grid may grow: growing the
            outermost leaves the numbers of its first entries as they were.
        *index : int
            Further names of the quantity (a user's index), for quantities with two axes
            that may grow.

        Returns
        -------
        ndarray
            Realisations first: shape (stop - start, ...).
        """
        first, last = self.start // BLOCK, -(-self.stop // BLOCK)
        blocks = [
            sampler(
                np.random.Generator(
                    np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=(int(stream), b, *index)))
                ),
                BLOCK,
            )
            for b in range(first, last)
        ]
        offset = first * BLOCK
        numbers = np.concatenate(blocks, axis=-1)[..., self.start - offset : self.stop - offset]
        return np.ascontiguousarray(np.moveaxis(numbers, -1, 0))

    def uniform(self, stream: Stream, shape: tuple[int, ...] = (), *index: int) -> np.ndarray:
        """Uniform numbers in [0, 1), shape (realisations, *shape)."""
        if self._spread(stream):
            return self.draw(stream, lambda g, _: _columns(g, stream, index, shape), *index)
        return self.draw(stream, lambda g, n: g.random((*shape, n)), *index)

    def complex_normal(self, stream: Stream, shape: tuple[int, ...] = (), *index: int) -> np.ndarray:
        """Circular complex normal numbers of variance 1, shape (realisations, *shape)."""

        def sampler(generator: np.random.Generator, count: int) -> np.ndarray:
            # real and imaginary part innermost: a longer leading axis keeps its first numbers
            pair = generator.standard_normal((*shape, count, 2))
            return (pair[..., 0] + 1j * pair[..., 1]) / np.sqrt(2.0)

        def spread(generator: np.random.Generator, _: int) -> np.ndarray:
            # strength and phase: of a channel's gain it is the strength that matters
            strength, phase = np.moveaxis(_columns(generator, stream, index, (*shape, 2)), -2, 0)
            return np.sqrt(-np.log1p(-strength)) * np.exp(2j * np.pi * phase)

        return self.draw(stream, spread if self._spread(stream) else sampler, *index)

    def normal(self, stream: Stream, shape: tuple[int, ...] = (), *index: int) -> np.ndarray:
        """Real normal numbers of variance 1/2, as the real part of `complex_normal`, shape (realisations, *shape)."""
        if self._spread(stream):
            # a third of a second to import, which a run of independent draws need not pay
            from scipy import special

            return self.draw(
                stream, lambda g, _: special.ndtri(_columns(g, stream, index, shape)) / np.sqrt(2.0), *index
            )
        return self.complex_normal(stream, shape, *index).real

    def _spread(self, stream: Stream) -> bool:
        return self.sampling == "sobol" and stream in SPREAD


def _columns(
    generator: np.random.Generator, stream: Stream, index: tuple[int, ...], shape: tuple[int, ...]
) -> np.ndarray:
    """Evenly spread numbers in (0, 1) for one block, entry after entry, shape (*shape, BLOCK)."""
    entries = [nets.column(generator, DIMENSIONS.get((stream, *index, *at))) for at in np.ndindex(*shape)]
    return np.array(entries).reshape(*shape, BLOCK)
