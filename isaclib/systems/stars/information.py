"""Position error bounds of the system ``stars``: closed forms of Proposition 1, and exact ones.

A target is lit by the streams w = F^T G^T diag(q) a and heard by N_r sensors, d_r apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.physics import fisher, polar
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario, centred


@dataclass(frozen=True)
class Illumination:
    """What of the beams' power and of its change with the position reaches the targets.

    Attributes
    ----------
    power : ndarray, shape (B, T)
        p00 = |w|^2.
    raw : ndarray, shape (B, T, 2)
        p_rr, p_thth = |dw/dr|^2, |dw/dth|^2.
    aside : ndarray, shape (B, T, 2)
        The same off w: p_ii - |p_i0|^2 / p00, zero for a single stream.
    turn : ndarray, shape (B, T)
        Re[j p_0r], p_0r = dw/dr^H w.
    waveform : ndarray of complex, shape (B, T, K)
        w.
    gradient : ndarray of complex, shape (B, T, K, 2)
        dw/dr, dw/dth.
    """

    power: np.ndarray
    raw: np.ndarray
    aside: np.ndarray
    turn: np.ndarray
    waveform: np.ndarray
    gradient: np.ndarray


def illuminate(scenario: Scenario, active: np.ndarray, coefficients: np.ndarray) -> Illumination:
    """Send beams to the targets over the surface.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    active : ndarray of complex, shape (B, M, K)
        F.
    coefficients : ndarray of complex, shape (B, N)
        q on the targets' side.

    Returns
    -------
    Illumination
    """
    incident = (scenario.bs_star_channel @ active) * coefficients[..., None]
    waveform = scenario.of_targets(scenario.target_response) @ incident
    gradient = np.moveaxis(np.swapaxes(scenario.target_gradient, -1, -2) @ incident[:, None], -2, -1)
    power = np.sum(squares(waveform), axis=-1)
    raw = np.sum(squares(gradient), axis=-2)
    coupling = np.sum(np.conj(gradient) * waveform[..., None], axis=-2)
    # off w itself, not as a difference: a single stream leaves rounding errors of p_ii otherwise
    safe = np.where(power > 0.0, power, 1.0)[..., None, None]
    rest = gradient - waveform[..., None] * (np.conj(coupling)[..., None, :] / safe)
    aside = np.sum(squares(rest), axis=-2) if active.shape[-1] > 1 else np.zeros_like(raw)
    return Illumination(power, raw, aside, -coupling[..., 0].imag, waveform, gradient)


def squares(values: np.ndarray) -> np.ndarray:
    """|z|^2 of complex numbers."""
    return values.real**2 + values.imag**2


def second_moment(count: np.ndarray) -> np.ndarray:
    """S2 = sum n^2 = N (N^2 - 1) / 12."""
    return count * (count**2 - 1.0) / 12.0


def fourth_moment(count: np.ndarray) -> np.ndarray:
    """S4 = sum n^4 = N (N^2 - 1)(3 N^2 - 7) / 240."""
    return count * (count**2 - 1.0) * (3.0 * count**2 - 7.0) / 240.0


def spread_moment(count: np.ndarray) -> np.ndarray:
    """S4 - S2^2 / N = N (N^2 - 1)(N^2 - 4) / 180, what is left of n^2 off a constant."""
    return count * (count**2 - 1.0) * (count**2 - 4.0) / 180.0


def curvature(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """kappa = k0 cos^2 th / (2 r^2) and k0 cos th of the targets, shape (B, T)."""
    p = scenario.parameters
    cosine = np.cos(scenario.of_targets(scenario.target_angle_rad))
    return p.wavenumber * cosine**2 / (2.0 * scenario.of_targets(scenario.target_range_m) ** 2), p.wavenumber * cosine


def information_scale(scenario: Scenario) -> np.ndarray:
    """c0 = 2 T |beta|^2 / sigma^2, shape (B, T)."""
    p = scenario.parameters
    return 2.0 * p.snapshots * scenario.of_targets(scenario.reflection) ** 2 / p.noise_w


def diagonal_information(
    scenario: Scenario,
    power: np.ndarray,
    change: np.ndarray,
    turn: np.ndarray,
    count: np.ndarray,
    spacing_m: np.ndarray,
    *,
    bound: str,
) -> tuple[np.ndarray, np.ndarray]:
    r"""J_rr and J_thth of Proposition 1; the entry off the diagonal is neglected.

    efim, complex reflection unknown and x = d_r^2:

        J_rr   = c0 { p00 kappa^2 x^2 N_r (N_r^2 - 1)(N_r^2 - 4) / 180 + N_r (p_rr - |p_r0|^2 / p00) }
        J_thth = c0 { p00 (k0 cos th)^2 x S2 + N_r (p_thth - |p_th0|^2 / p00) }

    known-beta, the paper's own, too optimistic in range where the reflection is not known:

        J_rr   = c0 { p00 kappa^2 x^2 S4 + N_r p_rr + 2 kappa x S2 Re[j p_0r] }
        J_thth = c0 { p00 (k0 cos th)^2 x S2 + N_r p_thth }

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    power : ndarray, shape (B, T)
        p00.
    change : ndarray, shape (B, T, 2)
        p_ii - |p_i0|^2 / p00, or p_ii with known-beta.
    turn : ndarray, shape (B, T)
        Re[j p_0r], of known-beta only.
    count, spacing_m : ndarray, shape (..., B) or (..., 1)
        N_r and d_r.
    bound : str
        ``efim`` or ``known-beta``.

    Returns
    -------
    along, across : ndarray, shape (..., B, T)
        In 1/m^2 and 1/rad^2.
    """
    n, x = np.asarray(count, dtype=float)[..., None], np.asarray(spacing_m)[..., None] ** 2
    kappa, slope = curvature(scenario)
    scale = information_scale(scenario)
    lit = scale * power
    across = (lit * slope**2) * (x * second_moment(n)) + n * (scale * change[..., 1])
    moment = spread_moment(n) if bound == "efim" else fourth_moment(n)
    along = (lit * kappa**2) * (x**2 * moment) + n * (scale * change[..., 0])
    if bound != "efim":
        along = along + (2.0 * scale * kappa * turn) * (x * second_moment(n))
    return along, across


def closed_form_speb(
    scenario: Scenario, light: Illumination, count: np.ndarray, spacing_m: np.ndarray, *, bound: str | None = None
) -> np.ndarray:
    """SPEB of Proposition 1, 1 / J_rr + r^2 / J_thth of `diagonal_information`.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    light : Illumination
        Of its targets.
    count : ndarray, shape (..., B) or (..., 1)
        N_r, at least 3.
    spacing_m : ndarray, shape (..., B) or (..., 1)
        d_r.
    bound : str, optional
        ``efim`` or ``known-beta``; default: what the parameters say.

    Returns
    -------
    ndarray, shape (..., B, T)
        In m^2; infinite where nothing lights the target.
    """
    bound = bound or scenario.parameters.bound
    change = light.aside if bound == "efim" else light.raw
    along, across = diagonal_information(scenario, light.power, change, light.turn, count, spacing_m, bound=bound)
    with np.errstate(divide="ignore"):
        return 1.0 / along + scenario.of_targets(scenario.target_range_m) ** 2 / across


def exact_speb(scenario: Scenario, light: Illumination, count: np.ndarray, spacing_m: np.ndarray) -> np.ndarray:
    """SPEB (14), [J^-1]_rr + r^2 [J^-1]_thth from the full Fisher information, reflection unknown.

    Parameters
    ----------
    scenario, light, count, spacing_m
        As for `closed_form_speb`.

    Returns
    -------
    ndarray, shape (B, T)
        In m^2; NaN where there are no sensors.
    """
    p = scenario.parameters
    distance = scenario.of_targets(scenario.target_range_m)
    # as many places for every draw as the parameters allow: sums of the same length however draws are batched
    places = np.arange(max(p.most_sensors, int(count.max(initial=0))))
    heard = (places < count[:, None])[:, None]
    offsets = (places - (count[:, None] - 1.0) / 2.0) * spacing_m[:, None]
    response, gradient = sensor_response(p, offsets[:, None], distance, scenario.of_targets(scenario.target_angle_rad))
    efim = fisher.echo_efim(
        np.where(heard, response, 0.0),
        np.where(heard[..., None], gradient, 0.0),
        light.waveform,
        light.gradient,
        reflection=scenario.of_targets(scenario.reflection),
        snapshots=p.snapshots,
        noise_power_w=p.noise_w,
    )
    # in (r, r th) the SPEB is the trace of the inverse
    units = np.stack([np.ones_like(distance), 1.0 / distance], axis=-1)
    bound = fisher.speb(efim * units[..., None] * units[..., None, :])
    return np.where(count[:, None] > 0, bound, np.nan)


def far_field_speb(scenario: Scenario, light: Illumination, count: np.ndarray, spacing_m: np.ndarray) -> np.ndarray:
    """r^2 / J_thth of planar waves at the sensors, the range known, shape (B, T) in m^2."""
    nothing = np.zeros_like(light.raw)
    _, across = diagonal_information(scenario, light.power, nothing, light.turn, count, spacing_m, bound="efim")
    with np.errstate(divide="ignore"):
        return scenario.of_targets(scenario.target_range_m) ** 2 / across


def sensor_offsets_m(sensors: int, spacing_m: np.ndarray) -> np.ndarray:
    """y of the sensors, shape (B, N_r)."""
    return centred(sensors) * spacing_m[:, None]


def sensor_response(
    p: Parameters, offsets_m: np.ndarray, range_m: np.ndarray, angle_rad: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """b of (7) and its derivatives in range and angle, shapes (..., N_r) and (..., N_r, 2)."""
    at = offsets_m, range_m, angle_rad, p.wavelength_m
    return (
        polar.polar_response(*at, response=p.response, aside_m=p.sensor_offset_m),
        polar.polar_gradient(*at, response=p.response, aside_m=p.sensor_offset_m),
    )


def speb_of_targets(p: Parameters, speb: np.ndarray) -> np.ndarray:
    """Sum or largest SPEB of the targets, as `speb_of_targets` says; shape (B,) of (B, T)."""
    return speb.sum(axis=-1) if p.speb_of_targets == "sum" else speb.max(axis=-1)


def cost(p: Parameters, speb_m2: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Cost (22a), rho SPEB / eps + (1 - rho) N_r / N_max.

    Parameters
    ----------
    p : Parameters
        Weight rho, scale eps and budget N_max.
    speb_m2 : ndarray, shape (...)
        SPEB of all targets.
    count : ndarray, shape (...)
        N_r.

    Returns
    -------
    ndarray, shape (...)
    """
    # a weight of nothing: an unlit target then costs nothing either
    error = p.weight * speb_m2 / p.speb_scale_m2 if p.weight > 0.0 else np.zeros_like(speb_m2)
    return error + (1.0 - p.weight) * count / p.max_sensors
