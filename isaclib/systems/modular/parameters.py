"""Parameters of the system ``modular`` (Section V of its paper)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from isaclib.physics.tr38901 import NLOS_SHADOWING_DB
from isaclib.physics.wavefronts import WAVEFRONTS
from isaclib.systems.parameters import SPEED_OF_LIGHT, complaint, normalise, parameter

LAYOUTS = ("uniform", "random", "collocated")


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Modular XL-MIMO base station that serves one user and senses targets among interferers.

    Every field is checked on construction; see ``config/README.md`` for their meaning.

    Raises
    ------
    ValueError
        Naming the field, its value and what is allowed.
    """

    carrier_hz: float = parameter(28e9, unit="Hz", doc="carrier frequency", low=1e8, high=1e13)
    subarrays: int = parameter(
        4, unit="1", doc="subarrays of the transmit and of the receive array", low=1, high=1024, integer=True
    )
    elements_per_subarray: int = parameter(
        48, unit="1", doc="antennas of a subarray, half a wavelength apart", low=1, high=4096, integer=True
    )
    subarray_spacing_m: float = parameter(
        1.0,
        unit="m",
        doc="distance of neighbouring subarray centres (uniform); layout random keeps their span",
        low=0.0,
        open_low=True,
        high=1e3,
    )
    array_offset_m: float = parameter(
        1.0, unit="m", doc="centre of the first subarray from the origin, along y", low=0.0, high=1e3
    )
    layout: str = parameter("uniform", unit="1", doc="where the subarrays stand", choices=LAYOUTS)
    design_wavefront: str = parameter(
        "hspm", unit="1", doc="wavefront model that beamformers are designed with", choices=WAVEFRONTS
    )
    true_wavefront: str = parameter(
        "hspm", unit="1", doc="wavefront model that designs are judged with", choices=WAVEFRONTS
    )
    user_antennas: int = parameter(4, unit="1", doc="antennas of the user", low=1, high=64, integer=True)
    streams: int = parameter(4, unit="1", doc="data streams", low=1, integer=True)
    served_responses: tuple[str, ...] = parameter(
        ("all",),
        unit="1",
        doc="responses with an RF chain on each subarray: all, or of los, nlos-1, target-1, interferer-1, ...",
        words=True,
    )
    user_range_m: float = parameter(
        40.0, unit="m", doc="distance of the user from the transmit array's centre", low=0.0, open_low=True, high=1e5
    )
    user_angle_deg: float = parameter(
        0.0, unit="deg", doc="angle of the user from the transmit array's centre", low=-90.0, high=90.0
    )
    target_range_m: tuple[float, ...] = parameter(
        (30.0,), unit="m", doc="ranges of the targets from the origin", low=0.0, open_low=True, high=1e5, several=True
    )
    target_angle_deg: tuple[float, ...] = parameter(
        (10.0,), unit="deg", doc="angles of the targets", low=-90.0, high=90.0, several=True
    )
    interferer_range_m: tuple[float, ...] = parameter(
        (30.0, 30.0), unit="m", doc="ranges of the interferers", low=0.0, open_low=True, high=1e5, several=True
    )
    interferer_angle_deg: tuple[float, ...] = parameter(
        (40.0, -30.0), unit="deg", doc="angles of the interferers", low=-90.0, high=90.0, several=True
    )
    nlos_paths: int = parameter(3, unit="1", doc="scattered paths of the user", low=0, high=1000, integer=True)
    scatterer_range_m: tuple[float, float] = parameter(
        (5.0, 30.0),
        unit="m",
        doc="range of the scatterers from the origin (min, max)",
        low=0.0,
        open_low=True,
        length=2,
    )
    scatterer_angle_deg: tuple[float, float] = parameter(
        (-60.0, 60.0), unit="deg", doc="angle of the scatterers (min, max)", low=-90.0, high=90.0, length=2
    )
    scatterer_overlap: int = parameter(0, unit="1", doc="scatterers at interferers", low=0, integer=True)
    powers: str = parameter(
        "normalised",
        unit="1",
        doc="normalised: by snr_db and sensing_snr_db; absolute: by power_dbm, the noises and rcs_m2",
        choices=("normalised", "absolute"),
    )
    snr_db: float = parameter(
        -5.0, unit="dB", doc="SNR of an antenna pair on the line of sight at 40 m (normalised)", low=-100.0, high=100.0
    )
    sensing_snr_db: float = parameter(
        30.0,
        unit="dB",
        doc="sensing SNR of full illumination, N^2 |alpha|^2 P / sigma_s^2 (normalised)",
        low=-100.0,
        high=150.0,
    )
    power_dbm: float = parameter(30.0, unit="dBm", doc="transmit power (absolute)", low=-60.0, high=80.0)
    noise_dbm: float = parameter(-30.0, unit="dBm", doc="noise power of the user (absolute)", low=-200.0, high=60.0)
    sensing_noise_dbm: float = parameter(
        -20.0, unit="dBm", doc="noise power of the sensing receiver (absolute)", low=-200.0, high=60.0
    )
    rcs_m2: float = parameter(
        1.0, unit="m^2", doc="radar cross section of the targets (absolute)", low=0.0, open_low=True, high=1e6
    )
    clutter_db: float = parameter(
        10.0, unit="dB", doc="echo power of an interferer over that of the first target", low=-100.0, high=100.0
    )
    nlos_shadowing_db: float = parameter(
        NLOS_SHADOWING_DB, unit="dB", doc="standard deviation of the shadowing of a scattered path", low=0.0, high=40.0
    )
    min_scnr_db: float = parameter(20.0, unit="dB", doc="SCNR each target is guaranteed", low=-100.0, high=150.0)
    receive_filter: str = parameter(
        "mvdr",
        unit="1",
        doc="receive filter: MVDR (21) of omnidirectional transmission, or matched",
        choices=("mvdr", "matched"),
    )
    snapshots: int = parameter(
        256, unit="1", doc="symbols of one sensing interval", low=1, high=10_000_000, integer=True
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
        crowded = self.subarrays > 1 and self.subarray_spacing_m < self.subarray_width_m
        if crowded and self.layout != "collocated":
            raise complaint(
                "subarray_spacing_m",
                self.subarray_spacing_m,
                f"at least {self.subarray_width_m:.6g} m, the width of a subarray: they must not overlap",
            )
        if self.streams > self.user_antennas:
            raise complaint("streams", self.streams, f"at most user_antennas = {self.user_antennas}")
        for kind in ("target", "interferer"):
            ranges, angles = getattr(self, f"{kind}_range_m"), getattr(self, f"{kind}_angle_deg")
            if len(ranges) != len(angles):
                raise complaint(f"{kind}_angle_deg", angles, f"as many as {kind}_range_m has, {len(ranges)}")
        if not self.target_range_m:
            raise complaint("target_range_m", self.target_range_m, "at least one target")
        targets = list(zip(self.target_range_m, self.target_angle_deg, strict=True))
        for place in zip(self.interferer_range_m, self.interferer_angle_deg, strict=True):
            if place in targets:
                raise complaint(
                    "interferer_range_m",
                    self.interferer_range_m,
                    f"no interferer at the target at {place[0]:g} m, {place[1]:g} deg",
                )
        if len(set(targets)) < len(targets):
            raise complaint("target_range_m", self.target_range_m, "targets at different places")
        for name in ("scatterer_range_m", "scatterer_angle_deg"):
            low, high = getattr(self, name)
            if low > high:
                raise complaint(name, (low, high), "(min, max) with min <= max")
        beside = self.user_range_m * math.cos(math.radians(self.user_angle_deg))
        half = self.span_m / 2.0 + self.subarray_width_m
        if beside < self.element_spacing_m and self.user_range_m <= half:
            raise complaint(
                "user_range_m",
                self.user_range_m,
                f"above {half:.6g} m at {self.user_angle_deg:g} deg, outside the transmit array",
            )
        for name, ranges in (
            ("scatterer_range_m", self.scatterer_range_m[:1] if self.nlos_paths else ()),
            ("target_range_m", self.target_range_m),
            ("interferer_range_m", self.interferer_range_m),
        ):
            for value in ranges:
                if value <= self.shortest_range_m:
                    raise complaint(
                        name, getattr(self, name), f"above {self.shortest_range_m:.6g} m, outside the arrays"
                    )
        if self.scatterer_overlap > min(self.nlos_paths, len(self.interferer_range_m)):
            raise complaint(
                "scatterer_overlap",
                self.scatterer_overlap,
                f"at most the {self.nlos_paths} scattered paths and the {len(self.interferer_range_m)} interferers",
            )
        for word in self.served_responses:
            if word not in ("all", *self.responses):
                raise complaint(
                    "served_responses", list(self.served_responses), f"all, or some of {', '.join(self.responses)}"
                )
        if self.rf_chains < self.streams:
            raise complaint(
                "served_responses",
                list(self.served_responses),
                f"at least streams = {self.streams} RF chains in all, found {self.rf_chains}",
            )

    @property
    def wavelength_m(self) -> float:
        """Wavelength."""
        return SPEED_OF_LIGHT / self.carrier_hz

    @property
    def element_spacing_m(self) -> float:
        """Distance of neighbouring antennas in a subarray, half a wavelength."""
        return self.wavelength_m / 2.0

    @property
    def subarray_width_m(self) -> float:
        """Room a subarray takes: M d, so that neighbours keep half a wavelength."""
        return self.elements_per_subarray * self.element_spacing_m

    @property
    def span_m(self) -> float:
        """Distance of the first and last subarray centre."""
        pitch = self.subarray_width_m if self.layout == "collocated" else self.subarray_spacing_m
        return (self.subarrays - 1) * pitch

    @property
    def elements(self) -> int:
        """Antennas of the transmit array, N = L M."""
        return self.subarrays * self.elements_per_subarray

    @property
    def responses(self) -> tuple[str, ...]:
        """Names of what a subarray may serve: paths of the user, targets, interferers."""
        return (
            "los",
            *(f"nlos-{p + 1}" for p in range(self.nlos_paths)),
            *(f"target-{t + 1}" for t in range(len(self.target_range_m))),
            *(f"interferer-{q + 1}" for q in range(len(self.interferer_range_m))),
        )

    @property
    def served(self) -> tuple[int, ...]:
        """Indices into `responses` of those with an RF chain on each subarray."""
        if "all" in self.served_responses:
            return tuple(range(len(self.responses)))
        return tuple(i for i, name in enumerate(self.responses) if name in self.served_responses)

    @property
    def rf_chains(self) -> int:
        """RF chains of the transmit array: one for each served response of each subarray."""
        return self.subarrays * len(self.served)

    @property
    def rayleigh_distance_m(self) -> float:
        """Rayleigh distance 2 D^2 / lambda of the whole array."""
        return 2.0 * (self.span_m + self.subarray_width_m) ** 2 / self.wavelength_m

    @property
    def power_w(self) -> float:
        """Transmit power in watts; one where powers are normalised."""
        return 10.0 ** (self.power_dbm / 10.0 - 3.0) if self.powers == "absolute" else 1.0

    @property
    def min_scnr(self) -> float:
        """SCNR each target is guaranteed, as a ratio."""
        return 10.0 ** (self.min_scnr_db / 10.0)

    @property
    def shortest_range_m(self) -> float:
        """Range from which on a point is outside the arrays."""
        return self.array_offset_m + self.span_m + self.subarray_width_m
