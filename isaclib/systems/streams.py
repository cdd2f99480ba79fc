"""Random numbers named by what they are for and by the realisation they belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

BLOCK = 64
"""Realisations that share one generator: the unit in which random numbers are drawn."""


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
    """

    seed: int
    start: int
    stop: int

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
        return self.draw(stream, lambda g, n: g.random((*shape, n)), *index)

    def complex_normal(self, stream: Stream, shape: tuple[int, ...] = (), *index: int) -> np.ndarray:
        """Circular complex normal numbers of variance 1, shape (realisations, *shape)."""

        def sampler(generator: np.random.Generator, count: int) -> np.ndarray:
            # real and imaginary part innermost: a longer leading axis keeps its first numbers
            pair = generator.standard_normal((*shape, count, 2))
            return (pair[..., 0] + 1j * pair[..., 1]) / np.sqrt(2.0)

        return self.draw(stream, sampler, *index)
