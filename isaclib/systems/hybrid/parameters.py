"""Parameters of the system ``hybrid`` (Table II of its paper)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from isaclib.systems.parameters import SPEED_OF_LIGHT, complaint, normalise, parameter


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Near-field ISAC base station with a partially-connected hybrid beamformer.

    Every field is checked on construction; see ``config/README.md`` for their meaning.

    Raises
    ------
    ValueError
        Naming the field, its value and what is allowed.
    """

    carrier_hz: float = parameter(28e9, unit="Hz", doc="carrier frequency", low=1e8, high=1e13)
    elements: int = parameter(
        # two antennas cannot tell a position: the information on it is singular
        32,
        unit="1",
        doc="antennas of the transmit and of the receive array",
        low=3,
        high=65536,
        integer=True,
    )
    rf_chains: int = parameter(
        4, unit="1", doc="RF chains; each feeds elements / rf_chains antennas", low=1, integer=True
    )
    users: int = parameter(2, unit="1", doc="single-antenna communication users", low=1, integer=True)
    aperture_m: float = parameter(0.5, unit="m", doc="length of the array", low=0.0, open_low=True, high=100.0)
    spacing_m: float | None = parameter(
        None,
        unit="m",
        doc="antenna spacing; when given it fixes the aperture",
        low=0.0,
        open_low=True,
        high=10.0,
        optional=True,
    )
    power_dbm: float = parameter(30.0, unit="dBm", doc="transmit power", low=-60.0, high=80.0)
    noise_dbm: float = parameter(-90.0, unit="dBm", doc="noise power at each receiver", low=-200.0, high=30.0)
    min_rate_bps_hz: float | tuple[float, ...] = parameter(
        5.0, unit="bit/s/Hz", doc="rate each user is guaranteed", low=0.0, open_low=True, high=40.0, per_user=True
    )
    max_peb_m: float | None = parameter(
        0.2,
        unit="m",
        doc="position error bound allowed (communication-oriented); none: any",
        low=0.0,
        open_low=True,
        optional=True,
    )
    snapshots: int = parameter(
        100, unit="1", doc="symbols of one sensing interval", low=1, high=10_000_000, integer=True
    )
    target_m: tuple[float, float] = parameter((10.0, 0.0), unit="m", doc="target position (x, y)", length=2)
    user_distance_m: float = parameter(
        20.0, unit="m", doc="distance of the users from the array centre", low=0.0, open_low=True, high=1e5
    )
    nlos_paths: int = parameter(3, unit="1", doc="scattered paths a user", low=0, high=10_000, integer=True)
    rcs_m2: float = parameter(
        1.0, unit="m^2", doc="radar cross section of the target", low=0.0, open_low=True, high=1e6
    )
    scatterer_range_m: tuple[float, float] = parameter(
        (5.0, 20.0), unit="m", doc="range of the scatterers (min, max)", low=0.0, open_low=True, length=2
    )
    los_gain: str = parameter(
        "random",
        unit="1",
        doc="line-of-sight gain: random, or the free-space value of (3)",
        choices=("random", "free-space"),
    )
    csi_error_db: float | None = parameter(
        None,
        unit="dB",
        doc="squared error of the channel estimate over the channel's power; none: the channels are known",
        low=-200.0,
        high=60.0,
        optional=True,
        neutral=True,
    )

    def __post_init__(self) -> None:
        normalise(self)
        if self.rf_chains > self.elements or self.elements % self.rf_chains:
            raise complaint("rf_chains", self.rf_chains, f"a divisor of elements = {self.elements}")
        if self.users > self.rf_chains:
            raise complaint("users", self.users, f"at most rf_chains = {self.rf_chains}")
        if isinstance(self.min_rate_bps_hz, tuple) and len(self.min_rate_bps_hz) != self.users:
            raise complaint(
                "min_rate_bps_hz", self.min_rate_bps_hz, f"one number, or one for each of the {self.users} users"
            )
        if self.target_m[0] <= 0.0:
            raise complaint("target_m", self.target_m, "a position in front of the array, x above 0 m")
        low, high = self.scatterer_range_m
        if low > high:
            raise complaint("scatterer_range_m", self.scatterer_range_m, "(min, max) with min <= max")

    @property
    def wavelength_m(self) -> float:
        """Wavelength."""
        return SPEED_OF_LIGHT / self.carrier_hz

    @property
    def element_spacing_m(self) -> float:
        """Distance of neighbouring antennas."""
        return self.spacing_m if self.spacing_m is not None else self.aperture_m / (self.elements - 1)

    @property
    def rayleigh_distance_m(self) -> float:
        """Rayleigh distance 2 D^2 / lambda of the array."""
        return 2.0 * (self.element_spacing_m * (self.elements - 1)) ** 2 / self.wavelength_m

    @property
    def power_w(self) -> float:
        """Transmit power in watts."""
        return 10.0 ** (self.power_dbm / 10.0 - 3.0)

    @property
    def noise_w(self) -> float:
        """Noise power in watts."""
        return 10.0 ** (self.noise_dbm / 10.0 - 3.0)

    @property
    def min_rates_bps_hz(self) -> np.ndarray:
        """Guaranteed rates, shape (K,)."""
        return np.broadcast_to(np.asarray(self.min_rate_bps_hz, dtype=float), (self.users,)).copy()

    @property
    def max_speb_m2(self) -> float:
        """SPEB allowed, Gamma_s; infinity where there is no limit."""
        return math.inf if self.max_peb_m is None else self.max_peb_m**2

    @property
    def reflection(self) -> float:
        """Reflection coefficient of the target, eq. (60)."""
        distance = math.hypot(*self.target_m)
        return math.sqrt(self.wavelength_m**2 * self.rcs_m2 / ((4.0 * math.pi) ** 3 * distance**4))
