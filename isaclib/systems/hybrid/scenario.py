"""Random scenario of the system ``hybrid`` (Section II of its paper)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from isaclib.physics import arrays, channels
from isaclib.systems.csi import estimated
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.streams import Stream, Streams


@dataclass(frozen=True)
class Scenario:
    """A batch of realisations; build one from your own channels, or draw it.

    Attributes
    ----------
    channels : ndarray of complex, shape (B, K, N)
        h_k: user k receives h_k^H x.
    user_positions_m : ndarray, shape (B, K, 2)
        (x, y) of the users.
    elements_m : ndarray, shape (N, 2)
        (x, y) of the antennas.
    target_m : ndarray, shape (2,)
        (x, y) of the target.
    wavelength_m : float
        Wavelength.
    reflection : complex
        Reflection coefficient beta of the target.
    parameters : Parameters
        Powers, rates and sizes.
    streams : Streams
        Names the realisations; random starts and echoes are drawn from it.
    assumed : Scenario or None
        What the designer takes for true where channels are known with errors; None: the truth.
    scatterers_m : ndarray, shape (B, K, L, 2), or None
        (x, y) of what scatters the L paths of each user, to be looked at; None where it is not known.

    Raises
    ------
    ValueError
        Naming the field, its shape or value and what was expected: arrays, parameters and streams
        that do not fit each other, or numbers that are not finite.
    """

    channels: np.ndarray
    user_positions_m: np.ndarray
    elements_m: np.ndarray
    target_m: np.ndarray
    wavelength_m: float
    reflection: complex
    parameters: Parameters
    streams: Streams
    assumed: Scenario | None = None
    scatterers_m: np.ndarray | None = None

    def __post_init__(self) -> None:
        p = self.parameters
        count = self.streams.stop - self.streams.start
        fields = {
            "channels": (self.channels, (count, p.users, p.elements), "realisations of streams, users, elements"),
            "user_positions_m": (self.user_positions_m, (count, p.users, 2), "realisations of streams, users, 2"),
            "elements_m": (self.elements_m, (p.elements, 2), "elements, 2"),
            "target_m": (self.target_m, (2,), "x, y"),
        }
        for name, (values, shape, meaning) in fields.items():
            if np.shape(values) != shape:
                raise ValueError(f"{name} of shape {np.shape(values)}: expected {shape} ({meaning})")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} of shape {shape}: expected finite numbers")
        silent = np.argwhere(~np.any(self.channels, axis=-1))
        if len(silent):
            draw, user = self.streams.start + silent[0, 0], silent[0, 1]
            raise ValueError(f"channels of realisation {draw}, user {user}: zero on every antenna, expected a channel")
        if not (np.isfinite(self.wavelength_m) and self.wavelength_m > 0.0):
            raise ValueError(f"wavelength_m = {self.wavelength_m!r}: expected a number above 0 m")
        if not np.isfinite(self.reflection):
            raise ValueError(f"reflection = {self.reflection!r}: expected a finite number")

    def __len__(self) -> int:
        return len(self.channels)

    @property
    def designed_for(self) -> Scenario:
        """What a scheme designs for: `assumed`, or the truth itself."""
        return self if self.assumed is None else self.assumed


def draw_scenario(parameters: Parameters, streams: Streams) -> Scenario:
    """Draw user positions and Saleh-Valenzuela channels, eqs. (5), (6), (58), (59).

    Users lie on a circle of radius `user_distance_m` at angles U(-pi/2, pi/2); scatterers at
    angles U(-pi/2, pi/2) and ranges U(scatterer_range_m); path gains are CN(0, 10^(-PL/10)).
    """
    p = parameters
    users, paths = p.users, p.nlos_paths
    elements_m = arrays.uniform_linear(p.elements, p.element_spacing_m)
    angle = np.pi * (streams.uniform(Stream.USER_ANGLE, (users,)) - 0.5)
    positions = p.user_distance_m * np.stack([np.cos(angle), np.sin(angle)], axis=-1)

    if p.los_gain == "random":
        scale = channels.amplitude(channels.los_path_loss_db(p.user_distance_m))
        gain = scale * streams.complex_normal(Stream.LOS_GAIN, (users,))
    else:
        gain = np.full(angle.shape, channels.free_space_gain(p.user_distance_m, p.wavelength_m), dtype=complex)
    responses = arrays.spherical_response(elements_m, positions, p.wavelength_m)
    total = channels.saleh_valenzuela(gain[..., None], responses[..., None, :])

    scale = channels.amplitude(channels.nlos_path_loss_db(p.user_distance_m))
    low, high = p.scatterer_range_m
    everywhere = np.empty((*positions.shape[:2], paths, 2))
    # one generator a user: both the users and the paths of each may grow and keep the first ones
    for user in range(users if paths else 0):
        gain = scale * streams.complex_normal(Stream.NLOS_GAIN, (paths,), user)
        theta = np.pi * (streams.uniform(Stream.SCATTERER_ANGLE, (paths,), user) - 0.5)
        distance = low + (high - low) * streams.uniform(Stream.SCATTERER_RANGE, (paths,), user)
        scatterers = distance[..., None] * np.stack([np.cos(theta), np.sin(theta)], axis=-1)
        everywhere[:, user] = scatterers
        responses = arrays.spherical_response(elements_m, scatterers, p.wavelength_m)
        total[:, user] += channels.saleh_valenzuela(gain, responses)
    return as_known(
        Scenario(
            channels=total,
            user_positions_m=positions,
            elements_m=elements_m,
            target_m=np.asarray(p.target_m),
            wavelength_m=p.wavelength_m,
            reflection=p.reflection,
            parameters=p,
            streams=streams,
            scatterers_m=everywhere,
        )
    )


def as_known(truth: Scenario) -> Scenario:
    """Return a scenario with what the designer takes for true: the channels, or an estimate of them."""
    error_db = truth.parameters.csi_error_db
    if error_db is None:
        return truth
    return replace(truth, assumed=replace(truth, channels=estimated(truth.channels, error_db, truth.streams)))
