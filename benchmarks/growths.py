"""What grows in the benchmark of growth, and what is solved at every size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reference:
    """A solver of a paper, with the options that serve it best."""

    scheme: str
    solver: str
    options: Mapping[str, Any] = field(default_factory=dict)
    form: str = ""

    @property
    def name(self) -> str:
        """Of its curve."""
        return " ".join(part for part in (self.scheme, self.solver, self.form) if part)


@dataclass(frozen=True)
class Growth:
    """What grows, and what is solved at every size."""

    system: str
    name: str
    axis: str
    symbol: str
    sizes: tuple[int, ...]
    parameters: Callable[[int], dict[str, Any]]
    schemes: tuple[str, ...]
    references: tuple[Reference, ...] = ()


HYBRID = ("speb-min-fdbf", "speb-min-hbf", "sca-bcd-fdbf", "sca-bcd-hbf")
MODULAR = ("fully-digital", "hybrid-beamforming", "joint-receive")
STARS = ("joint-design", "conventional-ris", "random-deployment")

FAR = {
    "user_range_m": 80.0,
    "target_range_m": (60.0,),
    "interferer_range_m": (60.0, 60.0),
    "scatterer_range_m": (30.0, 60.0),
}
"""Places outside of arrays up to 23 m long."""

SDR_RRS = (
    Reference("hybrid-beamforming", "sdr-rrs", {"dimension": "seed"}, "printed"),
    Reference("hybrid-beamforming", "sdr-rrs", {"dimension": "span"}, "reduced"),
)
PENALTY_SDP = (Reference("joint-design", "penalty-sdp", {"deployment": "enumerate"}),)

GROWTHS = (
    Growth(
        "hybrid",
        "hybrid-antennas",
        "Antennas $N$",
        "N",
        (32, 64, 128, 256, 512, 1024),
        lambda size: {"elements": size, "rf_chains": min(size // 8, 64), "users": 4},
        HYBRID,
        (
            Reference("speb-min-hbf", "sdr-bcd"),
            Reference("speb-min-fdbf", "sdr"),
            Reference("sca-bcd-hbf", "sca-bcd"),
            Reference("sca-bcd-fdbf", "sca-bcd"),
        ),
    ),
    Growth(
        "hybrid",
        "hybrid-users",
        "Users $K$",
        "K",
        (1, 2, 4, 8, 16),
        lambda size: {"elements": 128, "rf_chains": 16, "users": size},
        HYBRID,
    ),
    Growth(
        "hybrid",
        "hybrid-rf-chains",
        "RF chains $N_\\mathrm{RF}$",
        "N_\\mathrm{RF}",
        (4, 8, 16, 32, 64),
        lambda size: {"elements": 256, "rf_chains": size, "users": 4},
        HYBRID,
    ),
    Growth(
        "modular",
        "modular-subarrays",
        "Antennas $N = LM$, $M = 64$",
        "N",
        (64, 128, 256, 512, 1024, 2048, 4096),
        lambda size: {"subarrays": size // 64, "elements_per_subarray": 64, "subarray_spacing_m": 0.35, **FAR},
        MODULAR,
        SDR_RRS,
    ),
    Growth(
        "modular",
        "modular-elements",
        "Antennas $N = LM$, $L = 4$",
        "N",
        (64, 128, 256, 512, 1024, 2048, 4096),
        lambda size: {"subarrays": 4, "elements_per_subarray": size // 4, "subarray_spacing_m": 5.5, **FAR},
        MODULAR,
        SDR_RRS,
    ),
    Growth(
        "stars",
        "stars-los",
        "Elements $N$",
        "N",
        (16, 32, 64, 128, 256, 512),
        lambda size: {"star_elements": size, "max_sensors": size},
        STARS,
        PENALTY_SDP,
    ),
    Growth(
        "stars",
        "stars-rician",
        "Elements $N$, Rician channel",
        "N",
        (16, 32, 64, 128, 256, 512),
        lambda size: {"star_elements": size, "max_sensors": size, "bs_star_channel": "rician"},
        STARS,
        PENALTY_SDP,
    ),
)


def named(name: str) -> Growth:
    return next(growth for growth in GROWTHS if growth.name == name)
