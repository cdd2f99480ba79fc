"""The sensor deployment: how many sensors, how far apart, by exact enumeration."""

from __future__ import annotations

import math

import numpy as np

from isaclib.systems.parameters import complaint
from isaclib.systems.stars import information
from isaclib.systems.stars.information import Illumination
from isaclib.systems.stars.parameters import FEWEST_SENSORS, Parameters
from isaclib.systems.stars.scenario import Scenario

METHODS = ("enumerate", "sca-gp", "joint-gp")
"""Exact enumeration; interval and number in turn as Algorithm 1 has them; both in one geometric program."""

SPACINGS = 129
"""Spacings tried first where the information does not grow with the spacing."""

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def check_method(name: str) -> None:
    """Refuse a deployment that is not one of `METHODS`.

    Raises
    ------
    ValueError
        Naming it.
    """
    if name not in METHODS:
        raise complaint("option deployment", name, f"one of {', '.join(METHODS)}")


def deploy(scenario: Scenario, light: Illumination, method: str = "enumerate") -> tuple[np.ndarray, np.ndarray]:
    """Choose the sensors for given beams.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    light : Illumination
        Of the beams.
    method : str
        One of `METHODS`.

    Returns
    -------
    count : ndarray of int, shape (B,)
        N_r.
    spacing_m : ndarray, shape (B,)
        d_r.

    Raises
    ------
    ValueError
        For another method.
    """
    check_method(method)
    if method == "enumerate":
        return enumerate_deployments(scenario, light)
    # geometric programs bring CVXPY, which nobody else has to wait for
    from isaclib.systems.stars.reference import deployment as programs

    return programs.sca_gp(scenario, light) if method == "sca-gp" else programs.joint_gp(scenario, light)


def candidates(p: Parameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of sensors that may be chosen, and the smallest and largest spacing of each.

    N_r d_r <= N d_s (23b), d_r of at least half a wavelength and at most the cap, where there is one.

    Returns
    -------
    count : ndarray of int, shape (C,)
    least_m, most_m : ndarray, shape (C,)
    """
    if p.sensors is not None:
        count = np.array([p.sensors])
    else:
        fitting = p.aperture_wavelengths * (1.0 + 1e-12) / (p.sensor_spacing_wavelengths or 0.5)
        count = np.arange(FEWEST_SENSORS, min(p.max_sensors, int(fitting)) + 1)
    widest = p.aperture_wavelengths / count
    if p.max_sensor_spacing_wavelengths is not None:
        widest = np.minimum(widest, p.max_sensor_spacing_wavelengths)
    least = np.full(len(count), 0.5)
    if p.sensor_spacing_wavelengths is not None:
        least[:] = widest[:] = p.sensor_spacing_wavelengths
    widest = np.maximum(widest, least)
    return count, least * p.wavelength_m, widest * p.wavelength_m


def excess(p: Parameters, count: np.ndarray, spacing_m: np.ndarray) -> np.ndarray:
    """By how much a deployment misses its limits, relative to them; negative is slack.

    Aperture (22b), half a wavelength, the budget, `FEWEST_SENSORS`, and where the parameters name
    them the cap of the spacing, the number of sensors and their spacing.

    Parameters
    ----------
    p : Parameters
        Limits.
    count, spacing_m : ndarray, shape (...)
        N_r and d_r.

    Returns
    -------
    ndarray, shape (...)
    """
    wavelengths = spacing_m / p.wavelength_m
    parts = [
        count * wavelengths / p.aperture_wavelengths - 1.0,
        1.0 - wavelengths / 0.5,
        count / p.max_sensors - 1.0,
        1.0 - count / FEWEST_SENSORS,
    ]
    if p.max_sensor_spacing_wavelengths is not None:
        parts.append(wavelengths / p.max_sensor_spacing_wavelengths - 1.0)
    if p.sensors is not None:
        parts.append(np.abs(count / p.sensors - 1.0))
    if p.sensor_spacing_wavelengths is not None:
        parts.append(np.abs(wavelengths / p.sensor_spacing_wavelengths - 1.0))
    return np.max(parts, axis=0)


def enumerate_deployments(scenario: Scenario, light: Illumination) -> tuple[np.ndarray, np.ndarray]:
    """Find the deployment of least cost (23) for given beams, exactly.

    Every number of sensors is tried with its best spacing. With `efim` that is the largest, since
    both informations grow with it (the corrected Proposition 2); with `known-beta` it is the
    largest unless Re[j p_0r] < 0, where it is searched.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    light : Illumination
        Of the beams.

    Returns
    -------
    count : ndarray of int, shape (B,)
        N_r.
    spacing_m : ndarray, shape (B,)
        d_r.
    """
    count, least, most = candidates(scenario.parameters)
    spacing = np.broadcast_to(most[:, None], (len(count), len(scenario)))
    if scenario.parameters.bound == "known-beta" and np.any(light.turn < 0.0):
        spacing = _best_spacings(scenario, light, count[:, None], least[:, None], most[:, None])
    costs = deployment_cost(scenario, light, count[:, None], spacing)
    best = np.argmin(np.where(np.isnan(costs), np.inf, costs), axis=0)
    return count[best], spacing[best, np.arange(len(scenario))]


def deployment_cost(scenario: Scenario, light: Illumination, count: np.ndarray, spacing_m: np.ndarray) -> np.ndarray:
    """Cost (22a) under given beams, shape (..., B), of `count` and `spacing_m` of shape (..., B) or (..., 1)."""
    speb = information.closed_form_speb(scenario, light, count, spacing_m)
    return information.cost(scenario.parameters, information.speb_of_targets(scenario.parameters, speb), count)


def _best_spacings(
    scenario: Scenario, light: Illumination, count: np.ndarray, least: np.ndarray, most: np.ndarray
) -> np.ndarray:
    """Spacing of least cost between two ends of shape (C, 1): on a grid, then by golden sections; shape (C, B)."""

    def value(spacing: np.ndarray) -> np.ndarray:
        return deployment_cost(scenario, light, count, spacing)

    shares = np.linspace(0.0, 1.0, SPACINGS)
    on_grid = np.stack([value((1.0 - share) * least + share * most) for share in shares])
    best = np.argmin(on_grid, axis=0)
    low, high = (
        (1.0 - shares[at]) * least + shares[at] * most
        for at in (np.maximum(best - 1, 0), np.minimum(best + 1, SPACINGS - 1))
    )
    for _ in range(50):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        smaller = value(left) <= value(right)
        low, high = np.where(smaller, low, left), np.where(smaller, right, high)
    middle, start = 0.5 * (low + high), (1.0 - shares[best]) * least + shares[best] * most
    # the search closes in on an end of the interval without reaching it
    return np.where(value(start) < value(middle), start, middle)
