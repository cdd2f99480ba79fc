"""A batch of realisations of the system ``stars`` (Section II of its paper)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from isaclib.physics import polar
from isaclib.systems.parameters import complaint
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.streams import Streams


@dataclass(frozen=True)
class Scenario:
    """A batch of realisations; build one from your own channels, or draw it.

    Where there are several targets or users, an axis for them follows the first one; a single one
    has none.

    Attributes
    ----------
    target_range_m, target_angle_rad : ndarray, shape (B,) or (B, T)
        Targets, from the surface's centre and the normal of their side.
    user_range_m, user_angle_rad : ndarray, shape (B,) or (B, U)
        Users alike.
    bs_star_channel : ndarray of complex, shape (N, M) or (B, N, M)
        G: the surface receives G x. One for all realisations, or one each.
    target_response : ndarray of complex, shape (B, N) or (B, T, N)
        a: the amplitude at a target is a^T diag(q) G x.
    user_response : ndarray of complex, shape (B, N) or (B, U, N)
        a at the users' places.
    user_gain : ndarray of complex, shape (B,) or (B, U)
        lambda / (4 pi r_c) e^{-j k0 r_c}; h = gain a.
    reflection : ndarray, shape (B,) or (B, T)
        |beta|, amplitude of the echo.
    parameters : Parameters
        Powers, limits and sizes.
    streams : Streams
        Names the realisations; random starts and echoes are drawn from it.
    assumed : Scenario or None
        What the designer takes for true where channels are known with errors; None: the truth.

    Raises
    ------
    ValueError
        Naming the field and what was expected: arrays that do not fit each other, numbers that are
        not finite, objects on the wrong side of the surface or that nothing reaches.
    """

    target_range_m: np.ndarray
    target_angle_rad: np.ndarray
    user_range_m: np.ndarray
    user_angle_rad: np.ndarray
    bs_star_channel: np.ndarray
    target_response: np.ndarray
    user_response: np.ndarray
    user_gain: np.ndarray
    reflection: np.ndarray
    parameters: Parameters
    streams: Streams
    assumed: Scenario | None = None

    def __post_init__(self) -> None:
        p = self.parameters
        count = self.streams.stop - self.streams.start
        targets = (count,) if p.targets == 1 else (count, p.targets)
        users = (count,) if p.users == 1 else (count, p.users)
        elements, antennas = p.star_elements, p.bs_antennas
        shapes = {
            "target_range_m": targets,
            "target_angle_rad": targets,
            "user_range_m": users,
            "user_angle_rad": users,
            "bs_star_channel": (count, elements, antennas),
            "target_response": (*targets, elements),
            "user_response": (*users, elements),
            "user_gain": users,
            "reflection": targets,
        }
        for name, shape in shapes.items():
            values = np.asarray(getattr(self, name))
            allowed = (shape, shape[1:]) if name == "bs_star_channel" else (shape,)
            if values.shape not in allowed:
                raise ValueError(f"{name} of shape {values.shape}: expected {' or '.join(map(str, allowed))}")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} of shape {values.shape}: expected finite numbers")
        for name in ("target_range_m", "user_range_m", "reflection"):
            if not np.all(np.asarray(getattr(self, name)) > 0.0):
                raise complaint(name, float(np.min(getattr(self, name))), "positive numbers")
        for name, side in (("target_angle_rad", p.target_side), ("user_angle_rad", "transmission")):
            widest = np.max(np.abs(getattr(self, name)))
            if not widest < np.pi / 2.0:
                raise complaint(name, float(widest), f"angles between -pi/2 and pi/2, on the {side} side")
        for name, strength in (("target_response", self.target_response), ("user_gain", self.user_channel)):
            if not np.all(np.any(np.asarray(strength) != 0.0, axis=-1)):
                raise complaint(name, 0.0, "some element of the surface that reaches each of them")

    def __len__(self) -> int:
        return len(self.target_range_m)

    @property
    def designed_for(self) -> Scenario:
        """What a scheme designs for: `assumed`, or the truth itself."""
        return self if self.assumed is None else self.assumed

    def single(self, index: int) -> Scenario:
        """Return one realisation, as a batch of one."""
        given = ("bs_star_channel", "parameters", "streams", "assumed")
        drawn = {f.name: getattr(self, f.name)[index : index + 1] for f in fields(self) if f.name not in given}
        channel = self.bs_star_channel
        return replace(
            self,
            **drawn,
            bs_star_channel=channel if channel.ndim == 2 else channel[index : index + 1],
            streams=self.streams.single(index),
            assumed=None if self.assumed is None else self.assumed.single(index),
        )

    @cached_property
    def channels(self) -> np.ndarray:
        """G with an axis for the realisations also where they share it, shape (1 or B, N, M)."""
        p = self.parameters
        return np.ascontiguousarray(self.bs_star_channel).reshape(-1, p.star_elements, p.bs_antennas)

    def of_targets(self, values: np.ndarray) -> np.ndarray:
        """Give a field of the targets its axis for them also where there is one, shape (B, T, ...)."""
        return values[:, None] if self.parameters.targets == 1 else values

    def of_users(self, values: np.ndarray) -> np.ndarray:
        """Give a field of the users its axis for them also where there is one, shape (B, U, ...)."""
        return values[:, None] if self.parameters.users == 1 else values

    @cached_property
    def user_channel(self) -> np.ndarray:
        """h of (6): a user receives h^T diag(q_t) G x, shape (B, U, N)."""
        return self.of_users(self.user_gain)[..., None] * self.of_users(self.user_response)

    @cached_property
    def target_gradient(self) -> np.ndarray:
        """da/dr, da/dth of the targets, shape (B, T, N, 2)."""
        p = self.parameters
        return polar.polar_gradient(
            element_offsets_m(p),
            self.of_targets(self.target_range_m),
            self.of_targets(self.target_angle_rad),
            p.wavelength_m,
            response=p.response,
        )


def centred(count: int) -> np.ndarray:
    """n = i - (count - 1) / 2, shape (count,)."""
    return np.arange(count) - (count - 1) / 2.0


def element_offsets_m(p: Parameters) -> np.ndarray:
    """y of the surface's elements, shape (N,)."""
    return centred(p.star_elements) * p.element_spacing_m
