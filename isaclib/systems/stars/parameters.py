"""Parameters of the system ``stars`` (Section IV of its paper, whose numbers did not survive)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from isaclib.physics.polar import RESPONSES
from isaclib.systems.parameters import SPEED_OF_LIGHT, complaint, normalise, parameter

FEWEST_SENSORS = 3
"""Two sensors know no range."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Base station, surface with elements and sensors, users behind it and targets in front of it.

    Every field is checked on construction; see ``config/README.md`` for their meaning.

    Raises
    ------
    ValueError
        Naming the field, its value and what is allowed.
    """

    carrier_hz: float = parameter(28e9, unit="Hz", doc="carrier frequency", low=1e8, high=1e13)
    bs_antennas: int = parameter(8, unit="1", doc="antennas of the base station", low=1, high=1024, integer=True)
    bs_spacing_wavelengths: float = parameter(
        0.5, unit="1", doc="distance of neighbouring antennas, in wavelengths", low=0.0, open_low=True, high=100.0
    )
    bs_distance_m: float = parameter(
        5.0, unit="m", doc="distance of base station and surface", low=0.0, open_low=True, high=1e4
    )
    bs_angle_deg: float = parameter(
        30.0, unit="deg", doc="angle of the base station from the surface's normal", low=-90.0, high=90.0
    )
    bs_star_channel: str = parameter(
        "los",
        unit="1",
        doc="channel between base station and surface: line of sight, or Rician",
        choices=("los", "rician"),
    )
    rician_k_db: float = parameter(
        10.0, unit="dB", doc="power of the line of sight over that of the scattered paths", low=-100.0, high=100.0
    )
    star_elements: int = parameter(
        32, unit="1", doc="elements of the surface that transmit and reflect", low=3, high=4096, integer=True
    )
    element_spacing_wavelengths: float = parameter(
        0.5, unit="1", doc="distance of neighbouring elements, in wavelengths", low=0.0, open_low=True, high=100.0
    )
    phase_shifts: str = parameter(
        "independent",
        unit="1",
        doc="phases of transmission and reflection: independent, or coupled (a quarter turn apart)",
        choices=("independent", "coupled"),
    )
    max_sensors: int = parameter(
        32, unit="1", doc="budget of sensors, N_max", low=FEWEST_SENSORS, high=4096, integer=True
    )
    sensors: int | None = parameter(
        None,
        unit="1",
        doc="sensors, where their number is not designed",
        low=FEWEST_SENSORS,
        integer=True,
        optional=True,
    )
    sensor_spacing_wavelengths: float | None = parameter(
        None, unit="1", doc="distance of neighbouring sensors, where it is not designed", low=0.5, optional=True
    )
    max_sensor_spacing_wavelengths: float | None = parameter(
        None, unit="1", doc="largest distance of neighbouring sensors", low=0.5, optional=True
    )
    sensor_offset_m: float = parameter(
        0.05, unit="m", doc="distance of the line of sensors from that of elements", low=0.0, high=10.0
    )
    users: int = parameter(1, unit="1", doc="single-antenna users", low=1, high=64, integer=True)
    user_range_m: tuple[float, float] = parameter(
        (3.0, 6.0), unit="m", doc="ranges of the users (min, max)", low=0.0, open_low=True, high=1e4, length=2
    )
    user_angle_deg: tuple[float, float] = parameter(
        (-60.0, 60.0), unit="deg", doc="angles of the users from the normal of the transmission side", length=2
    )
    targets: int = parameter(1, unit="1", doc="targets", low=1, high=64, integer=True)
    target_side: str = parameter(
        "reflection", unit="1", doc="side of the surface the targets are on", choices=("reflection", "transmission")
    )
    target_range_m: tuple[float, float] = parameter(
        (3.0, 6.0), unit="m", doc="ranges of the targets (min, max)", low=0.0, open_low=True, high=1e4, length=2
    )
    target_angle_deg: tuple[float, float] = parameter(
        (-60.0, 60.0), unit="deg", doc="angles of the targets from the normal of their side", length=2
    )
    rcs_m2: float = parameter(
        1.0, unit="m^2", doc="radar cross section of the targets", low=0.0, open_low=True, high=1e6
    )
    power_dbm: float = parameter(20.0, unit="dBm", doc="transmit power", low=-60.0, high=80.0)
    noise_dbm: float = parameter(-120.0, unit="dBm", doc="noise power of users and sensors", low=-200.0, high=60.0)
    snapshots: int = parameter(
        1024, unit="1", doc="symbols of one sensing interval", low=1, high=10_000_000, integer=True
    )
    min_rate_bps_hz: float = parameter(6.0, unit="bit/s/Hz", doc="rate each user is guaranteed", low=0.0, high=50.0)
    weight: float = parameter(
        0.5, unit="1", doc="weight rho of the position error in the cost; 1 - rho weighs the sensors", low=0.0, high=1.0
    )
    speb_scale_m2: float = parameter(
        0.05, unit="m^2", doc="squared position error that costs one, epsilon", low=0.0, open_low=True, high=1e6
    )
    speb_of_targets: str = parameter(
        "sum", unit="1", doc="squared position error of several targets in the cost", choices=("sum", "worst")
    )
    response: str = parameter(
        "fresnel",
        unit="1",
        doc="responses: to second order in y / r, or exact in phase and amplitude",
        choices=RESPONSES,
    )
    bound: str = parameter(
        "efim",
        unit="1",
        doc="closed form of the cost: complex reflection unknown, or known as in the paper's own Proposition 1",
        choices=("efim", "known-beta"),
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
        for name, side in (("user_angle_deg", "transmission side"), ("target_angle_deg", f"{self.target_side} side")):
            if not all(-90.0 < angle < 90.0 for angle in getattr(self, name)):
                raise complaint(
                    name,
                    getattr(self, name),
                    f"angles between -90 and 90 deg, on the {side}: beyond lies the other side of the surface",
                )
        for name in ("user_range_m", "user_angle_deg", "target_range_m", "target_angle_deg"):
            low, high = getattr(self, name)
            if low > high:
                raise complaint(name, (low, high), "(min, max) with min <= max")
        for name in ("user_range_m", "target_range_m"):
            if getattr(self, name)[0] <= self.aperture_m / 2.0:
                raise complaint(
                    name, getattr(self, name), f"ranges above {self.aperture_m / 2.0:.6g} m, outside the surface"
                )
        if self.most_sensors < FEWEST_SENSORS:
            raise complaint(
                "star_elements",
                self.star_elements,
                f"a surface of at least {FEWEST_SENSORS} half wavelengths: a range takes {FEWEST_SENSORS} sensors",
            )
        spacing = self.sensor_spacing_wavelengths or 0.5
        sensors = self.sensors or FEWEST_SENSORS
        if sensors * spacing > self.aperture_wavelengths * (1.0 + 1e-12):
            name = "sensor_spacing_wavelengths" if self.sensor_spacing_wavelengths else "sensors"
            raise complaint(
                name,
                getattr(self, name),
                f"{sensors} sensors no wider than the surface of {self.aperture_wavelengths:g} wavelengths",
            )
        if self.sensors is not None and self.sensors > self.max_sensors:
            raise complaint("sensors", self.sensors, f"at most max_sensors = {self.max_sensors}")
        cap = self.max_sensor_spacing_wavelengths
        if cap is not None and spacing > cap:
            raise complaint("sensor_spacing_wavelengths", spacing, f"at most max_sensor_spacing_wavelengths = {cap:g}")

    @property
    def wavelength_m(self) -> float:
        """Wavelength."""
        return SPEED_OF_LIGHT / self.carrier_hz

    @property
    def wavenumber(self) -> float:
        """k0 = 2 pi / lambda, in 1/m."""
        return 2.0 * math.pi / self.wavelength_m

    @property
    def element_spacing_m(self) -> float:
        """d_s."""
        return self.element_spacing_wavelengths * self.wavelength_m

    @property
    def aperture_wavelengths(self) -> float:
        """N d_s in wavelengths, which the sensors must not exceed."""
        return self.star_elements * self.element_spacing_wavelengths

    @property
    def aperture_m(self) -> float:
        """N d_s."""
        return self.aperture_wavelengths * self.wavelength_m

    @property
    def most_sensors(self) -> int:
        """Largest N_r within the budget whose sensors, half a wavelength apart, fit on the surface."""
        return min(self.max_sensors, int(self.aperture_wavelengths * 2.0 * (1.0 + 1e-12)))

    @property
    def power_w(self) -> float:
        """Transmit power in watts."""
        return 10.0 ** (self.power_dbm / 10.0 - 3.0)

    @property
    def noise_w(self) -> float:
        """sigma^2 in watts."""
        return 10.0 ** (self.noise_dbm / 10.0 - 3.0)

    @property
    def min_sinr(self) -> float:
        """gamma = 2^R_min - 1."""
        return 2.0**self.min_rate_bps_hz - 1.0

    @property
    def rayleigh_distance_m(self) -> float:
        """Rayleigh distance 2 D^2 / lambda of the surface."""
        return 2.0 * self.aperture_m**2 / self.wavelength_m
