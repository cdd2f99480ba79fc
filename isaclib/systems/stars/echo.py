"""Echoes of the first target at the sensors, drawn as statistics and not as samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from isaclib.physics import echoes
from isaclib.systems.stars import information
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Stream, Streams

SINGLE = 1e-9
"""Beams whose power off the strongest direction is below this share are one stream."""


@dataclass(frozen=True)
class Heard:
    """What the sensors heard in one trial, Y = beta b w^T S + Z with S = L V and V V^H = I.

    Attributes
    ----------
    mixing : ndarray of complex, shape (B, beams, K)
        L, lower triangular, K = min(beams, snapshots): S S^H = L L^H.
    along : ndarray of complex, shape (B, N, K)
        Y V^H = beta b w^T L + noise: Y S^H = Y V^H L^H.
    beyond : ndarray of complex, shape (B, N, C), or None
        X with X X^H = Y (I - V^H V) Y^H in distribution, where it was asked for.
    """

    mixing: np.ndarray
    along: np.ndarray
    beyond: np.ndarray | None


@dataclass(frozen=True)
class Echo:
    """How the first target of designed realisations answers.

    Attributes
    ----------
    parameters : Parameters
        Of the scenario.
    count : ndarray of int, shape (B,)
        N_r.
    spacing_m : ndarray, shape (B,)
        d_r.
    lit : ndarray of complex, shape (B, N, beams)
        diag(q) G F: streams on the elements.
    waveform : ndarray of complex, shape (B, beams)
        w = lit^T a at the target.
    response : ndarray of complex, shape (B, sensors)
        beta b, zero beyond N_r; as wide as the most sensors there are.
    direction : ndarray of complex, shape (B, beams)
        Strongest direction of the beams: of a single stream, w at any place is a multiple of it.
    single : ndarray of bool, shape (B,)
        Whether there is a single stream.
    """

    parameters: Parameters
    count: np.ndarray
    spacing_m: np.ndarray
    lit: np.ndarray
    waveform: np.ndarray
    response: np.ndarray
    direction: np.ndarray
    single: np.ndarray

    @classmethod
    def of(cls, scenario: Scenario, design: Design, at: np.ndarray) -> Echo:
        """Take beams, coefficients and sensors of the realisations `at`, all of which have a design.

        Parameters
        ----------
        scenario : Scenario
            What was designed for.
        design : Design
            The design, or what a file kept of it.
        at : ndarray of int, shape (B,)
            Rows of the batch.

        Returns
        -------
        Echo
        """
        p = scenario.parameters
        active, count, spacing = (
            design.active[at],
            design.sensor_count[at].astype(np.int64),
            design.sensor_spacing_m[at],
        )
        coefficients = (design.transmission if p.target_side == "transmission" else design.reflection)[at]
        channel = scenario.bs_star_channel
        lit = ((channel if channel.ndim == 2 else channel[at]) @ active) * coefficients[..., None]
        own, amplitude, distance, angle = (
            scenario.of_targets(values)[at, 0]
            for values in (
                scenario.target_response,
                scenario.reflection,
                scenario.target_range_m,
                scenario.target_angle_rad,
            )
        )
        response = np.zeros((len(at), count.max()), dtype=np.complex128)
        for sensors in np.unique(count):
            those = np.flatnonzero(count == sensors)
            offsets = information.sensor_offsets_m(int(sensors), spacing[those])
            b, _ = information.sensor_response(p, offsets, distance[those], angle[those])
            response[those, :sensors] = amplitude[those, None] * b
        powers, directions = np.linalg.eigh(np.conj(np.swapaxes(active, -1, -2)) @ active)
        single = powers[:, :-1].sum(axis=-1) <= SINGLE * powers[:, -1]
        return cls(
            parameters=p,
            count=count,
            spacing_m=spacing,
            lit=lit,
            waveform=np.sum(own[..., None] * lit, axis=1),
            response=response,
            direction=np.conj(directions[..., -1]),
            # with one snapshot there is one product of symbols, whatever the beams
            single=single | (p.snapshots == 1),
        )

    def draw(self, streams: Streams, rows: np.ndarray, trial: int, *, beyond: bool) -> Heard:
        """Draw symbols and noise of one trial.

        The numbers are those of realisation and trial, whatever the scheme: the first ones stay when
        sensors or beams are added.

        Parameters
        ----------
        streams : Streams
            Of a range of realisations.
        rows : ndarray of int, shape (B,)
            Which of them these are.
        trial : int
            From 0.
        beyond : bool
            Whether the noise outside of the rows of S is needed.

        Returns
        -------
        Heard
        """
        p, sensors, beams = self.parameters, self.response.shape[1], self.waveform.shape[1]

        def factor(stream: Stream, size: int, freedom: int, *index: int) -> np.ndarray:
            diagonal = streams.uniform(stream, (size,), *index, 0)[rows]
            below = streams.complex_normal(stream, (size * (size - 1) // 2,), *index, 1)[rows]
            return echoes.bartlett_factor(diagonal, below, freedom)

        mixing = factor(Stream.SYMBOLS, beams, p.snapshots, trial)
        # as many directions set apart as any scheme has beams: the noise beyond them is the same for all
        apart = min(max(p.users + 1, beams), p.snapshots)
        deviation, width = math.sqrt(p.noise_w), mixing.shape[-1]
        noise = np.stack(
            [
                deviation * streams.complex_normal(Stream.NOISE, (sensors,), trial, 0, k)[rows]
                for k in range(apart if beyond else width)
            ],
            axis=-1,
        )
        wave = np.sum(self.waveform[..., None] * mixing, axis=1)
        along = self.response[..., None] * wave[:, None] + noise[..., :width]
        if not beyond:
            return Heard(mixing, along, None)
        rest = deviation * factor(Stream.NOISE, sensors, p.snapshots - apart, trial, 1)
        return Heard(mixing, along, np.concatenate([noise[..., width:], rest], axis=-1))

    def dominant(self, heard: Heard) -> np.ndarray:
        """Dominant eigenvector of Y Y^H, drawn with `beyond`, shape (B, sensors)."""
        parts = [part for part in (heard.along, heard.beyond) if part is not None]
        return echoes.dominant_vectors(np.concatenate(parts, axis=-1), self.count)

    def of_stream(self, heard: Heard) -> np.ndarray:
        """Y s^* / |s| of a single stream s, shape (B, sensors)."""
        direction = np.sum(self.direction[..., None] * heard.mixing, axis=1)
        direction = direction / np.sqrt(np.sum(np.abs(direction) ** 2, axis=-1, keepdims=True))
        return np.sum(heard.along * np.conj(direction)[:, None], axis=-1)
