"""The benchmark of two conventional surfaces: one half of the elements transmits, the other reflects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from isaclib.systems.base import Status
from isaclib.systems.parameters import complaint
from isaclib.systems.stars import deployment, field, halves, information
from isaclib.systems.stars.acceptance import judge
from isaclib.systems.stars.bound import Ceiling, ceiling, cost_bound
from isaclib.systems.stars.closed_form import MOST_ITERATIONS, strongest_beams
from isaclib.systems.stars.design import Design
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario
from isaclib.systems.streams import Streams

OPTIONS: Mapping[str, Any] = {"starts": 3, "deployment": "enumerate"}


def check_parameters(p: Parameters) -> None:
    """Refuse surfaces that cannot be halved, and what a single beam on two halves does not cover.

    Raises
    ------
    ValueError
        Naming the field, its value, and what was expected.
    """
    if p.star_elements % 2:
        raise complaint("star_elements", p.star_elements, "an even number for the scheme conventional-ris")
    for name, covered in (("users", 1), ("targets", 1), ("target_side", "reflection")):
        if getattr(p, name) != covered:
            raise complaint(name, getattr(p, name), f"{covered} for the scheme conventional-ris")


def conventional_ris(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Design sensors, beam and phases of least cost (22) where either half has all energy on its own side.

    Co-phased coefficients are best for any beam, the beam is that of `halves.light_halves`, and sensors
    spread over the whole surface as for the joint design. Bound and gap are those of this problem, with
    the halves as they are.

    Parameters
    ----------
    scenario : Scenario
        One user, one target on the other side, an even number of elements.
    options : mapping
        ``starts`` of the fixed point; ``deployment``, one of `deployment.METHODS`.
    rng : Streams
        Not used.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        For what `check_parameters` refuses.
    """
    p = scenario.parameters
    check_parameters(p)
    batch, half = len(scenario), p.star_elements // 2
    channels = scenario.channels
    responses = np.concatenate([scenario.user_channel[:, 0, :half], scenario.target_response[:, half:]], axis=-1)
    sizes = np.abs(responses)
    needed = np.sqrt(p.min_sinr * p.noise_w / p.power_w)
    beams, user_beams = np.empty((2, batch, p.bs_antennas), dtype=complex)
    multipliers, reachable = np.empty((2, batch))
    iterations = np.empty(batch, dtype=np.int64)
    to_target, to_user = (strongest_beams(part, options["starts"]) for part in (channels[:, half:], channels[:, :half]))
    halves.light_halves(
        channels, to_target, to_user, sizes, needed, MOST_ITERATIONS,
        beams, multipliers, user_beams, reachable, iterations,
    )  # fmt: skip
    found = reachable >= needed
    most, illumination_bound = _bounds(scenario, channels, sizes, beams, multipliers, to_target)
    active = np.zeros((batch, p.bs_antennas, 2), dtype=complex)
    active[..., 0] = np.sqrt(p.power_w) * np.where(found[:, None], beams, np.nan)
    phases = np.exp(-1j * np.angle(responses * (channels @ beams[..., None])[..., 0]))
    reflects = np.arange(p.star_elements) >= half
    reflection, transmission = np.where(reflects, phases, 0.0), np.where(reflects, 0.0, phases)
    count, spacing = np.zeros(batch, dtype=np.int64), np.full(batch, np.nan)
    if found.any():
        with np.errstate(invalid="ignore"):
            light = information.illuminate(scenario, active, reflection)
            chosen = deployment.deploy(scenario, light, options["deployment"])
        count[found], spacing[found] = chosen[0][found], chosen[1][found]
    status = np.full(batch, Status.OPTIMAL)
    lost = np.flatnonzero(~found)
    if len(lost):
        status[lost] = _without(
            channels[lost] if len(channels) > 1 else channels, sizes[lost], user_beams[lost], needed
        )
    rate = np.log2(1.0 + p.power_w * reachable**2 / p.noise_w)
    return judge(
        scenario,
        active=active,
        reflection=reflection,
        transmission=transmission,
        sensor_count=count,
        sensor_spacing_m=spacing,
        bound=cost_bound(scenario, most),
        illumination_bound=illumination_bound,
        reachable_rate=rate,
        status=status,
        reason=[
            "" if ok else f"at most {most:.4g} bit/s/Hz can be reached, {p.min_rate_bps_hz:g} asked"
            for ok, most in zip(found, rate, strict=True)
        ],
        iterations=iterations,
    )


def _bounds(
    scenario: Scenario,
    channels: np.ndarray,
    sizes: np.ndarray,
    beams: np.ndarray,
    multipliers: np.ndarray,
    to_target: np.ndarray,
) -> tuple[Ceiling, np.ndarray]:
    """Bound what any beams bring to the target: with all power for it alone, and p00 beside the user."""
    p = scenario.parameters
    half = p.star_elements // 2
    weights, of_user = halves.certify_halves(channels, sizes, beams, multipliers, to_target)
    reflecting = np.sum(weights[:, half:] * sizes[:, half:] ** 2, axis=-1)
    dark = channels.copy()
    dark[:, :half] = 0.0
    lit = replace(scenario, bs_star_channel=dark if scenario.bs_star_channel.ndim == 3 else dark[0])
    # power split between streams may serve the user out of those that do not light the target
    most = replace(ceiling(lit, weights), power=p.power_w * reflecting[:, None], slack=0.0)
    return most, reflecting * np.maximum(p.power_w - p.min_sinr * p.noise_w / of_user, 0.0)


def _without(channels: np.ndarray, sizes: np.ndarray, user_beams: np.ndarray, needed: float) -> np.ndarray:
    """Status of realisations without a design: infeasible where no beam can serve the user."""
    half = sizes.shape[1] // 2
    weights = field.scaled_weights(channels[:, :half], sizes[:, :half], user_beams)
    proven = np.sum(weights * sizes[:, :half] ** 2, axis=-1) < needed**2
    return np.where(proven, Status.INFEASIBLE, Status.NOT_FOUND)
