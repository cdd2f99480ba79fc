"""Drawing scenarios of the system ``stars`` (Section II of its paper)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from isaclib.physics import channels, polar
from isaclib.systems.csi import estimated
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario, centred, element_offsets_m
from isaclib.systems.streams import Stream, Streams


def draw_scenario(parameters: Parameters, streams: Streams) -> Scenario:
    """Draw users, targets and, for a Rician channel, what is scattered between base station and surface.

    |beta|^2 = lambda^2 rcs / ((4 pi)^3 r^4), h of (6), G of (3). Where channels are known with an error, h is.
    """
    p = parameters

    def places(range_stream: Stream, angle_stream: Stream, kind: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        near, far = getattr(p, f"{kind}_range_m")
        low, high = np.radians(getattr(p, f"{kind}_angle_deg"))
        # one array for each object: its draws are the same however many there are
        ranges = near + (far - near) * streams.uniform(range_stream, (count,))
        angles = low + (high - low) * streams.uniform(angle_stream, (count,))
        return (ranges[:, 0], angles[:, 0]) if count == 1 else (ranges, angles)

    target_range, target_angle = places(Stream.TARGET_RANGE, Stream.TARGET_ANGLE, "target", p.targets)
    user_range, user_angle = places(Stream.USER_RANGE, Stream.USER_ANGLE, "user", p.users)
    offsets = element_offsets_m(p)
    return as_known(
        Scenario(
            target_range_m=target_range,
            target_angle_rad=target_angle,
            user_range_m=user_range,
            user_angle_rad=user_angle,
            bs_star_channel=bs_star_channel(p, streams),
            target_response=polar.polar_response(
                offsets, target_range, target_angle, p.wavelength_m, response=p.response
            ),
            user_response=polar.polar_response(offsets, user_range, user_angle, p.wavelength_m, response=p.response),
            user_gain=channels.free_space_gain(user_range, p.wavelength_m) * np.exp(-1j * p.wavenumber * user_range),
            reflection=np.sqrt(p.wavelength_m**2 * p.rcs_m2 / ((4.0 * np.pi) ** 3 * target_range**4)),
            parameters=p,
            streams=streams,
        )
    )


def as_known(truth: Scenario) -> Scenario:
    """Return a scenario with what the designer takes for true: the users' channels, or an estimate of them."""
    error_db = truth.parameters.csi_error_db
    if error_db is None:
        return truth
    return replace(truth, assumed=with_user_channel(truth, estimated(truth.user_channel, error_db, truth.streams)))


def with_user_channel(scenario: Scenario, channel: np.ndarray) -> Scenario:
    """Return a scenario with other channels h of its users, shape (B, U, N); their gains stay."""
    response = channel / scenario.of_users(scenario.user_gain)[..., None]
    return replace(scenario, user_response=response[:, 0] if scenario.parameters.users == 1 else response)


def bs_positions_m(p: Parameters) -> np.ndarray:
    """Return (x, y) of the base station's antennas, shape (M, 2).

    They stand along y around the place that `bs_distance_m` and `bs_angle_deg` name.
    """
    angle = math.radians(p.bs_angle_deg)
    up = p.bs_distance_m * math.sin(angle) + centred(p.bs_antennas) * p.bs_spacing_wavelengths * p.wavelength_m
    return np.stack([np.full_like(up, p.bs_distance_m * math.cos(angle)), up], axis=-1)


def bs_star_channel(p: Parameters, streams: Streams) -> np.ndarray:
    """G of (2), (3): lambda / (4 pi r_nm) e^{-j k0 r_nm}, shape (N, M); Rician with its own draws, (B, N, M).

    Antennas stand where `bs_positions_m` has them.
    """
    across, up = bs_positions_m(p).T
    apart = np.hypot(across, up - element_offsets_m(p)[:, None])
    direct = channels.free_space_gain(apart, p.wavelength_m) * np.exp(-1j * p.wavenumber * apart)
    if p.bs_star_channel == "los":
        return direct
    # elements outermost, an antenna at a time: a larger surface or array keeps its first entries
    scattered = np.stack(
        [
            streams.complex_normal(Stream.SURFACE_SCATTERING, (p.star_elements,), antenna)
            for antenna in range(p.bs_antennas)
        ],
        axis=-1,
    )
    ratio = 10.0 ** (p.rician_k_db / 10.0)
    strength = channels.free_space_gain(p.bs_distance_m, p.wavelength_m)
    return np.sqrt(ratio / (1.0 + ratio)) * direct + np.sqrt(1.0 / (1.0 + ratio)) * strength * scattered
