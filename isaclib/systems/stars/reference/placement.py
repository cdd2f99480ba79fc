"""The deployment of one realisation as a signomial program: cost and limits in N_r and x = d_r^2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.systems.stars import deployment, information
from isaclib.systems.stars.information import Illumination
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.scenario import Scenario


@dataclass(frozen=True)
class Signomial:
    """sum_k c_k N_r^{a_k} x^{b_k}, coefficients of either sign.

    Attributes
    ----------
    terms : tuple of (float, int, int)
        (c_k, a_k, b_k), none of them zero.
    """

    terms: tuple[tuple[float, int, int], ...]

    @classmethod
    def of(cls, *terms: tuple[float, int, int]) -> Signomial:
        """Add up the terms that are not zero."""
        return cls(tuple((float(c), a, b) for c, a, b in terms if c != 0.0))

    def value(self, count: float, x: float) -> float:
        """Value at N_r and x."""
        return sum(c * count**a * x**b for c, a, b in self.terms)

    @property
    def negative(self) -> tuple[tuple[float, int, int], ...]:
        """Terms of negative sign, their coefficients made positive."""
        return tuple((-c, a, b) for c, a, b in self.terms if c < 0.0)

    def of_spacing(self, count: float) -> np.ndarray:
        """Coefficients of x^0, x^1, x^2 at fixed N_r, as (25) has them, shape (3,)."""
        coefficients = np.zeros(3)
        for c, a, b in self.terms:
            coefficients[b] += c * count**a
        return coefficients

    def condensed(self, count: float, x: float) -> tuple[float, float, float]:
        """Monomial below the positive terms that touches them at a point, (37), (38).

        By the means of the terms u_k: sum_k u_k >= prod_k (u_k / w_k)^{w_k}, w_k = u_k / sum u at
        the point.

        Returns
        -------
        tuple of float
            Coefficient, power of N_r, power of x.
        """
        terms = [(c, a, b) for c, a, b in self.terms if c > 0.0]
        sizes = np.array([c * count**a * x**b for c, a, b in terms])
        weights = sizes / sizes.sum()
        power_count = float(sum(w * a for w, (_, a, _) in zip(weights, terms, strict=True)))
        power_x = float(sum(w * b for w, (_, _, b) in zip(weights, terms, strict=True)))
        return float(sizes.sum()) * count**-power_count * x**-power_x, power_count, power_x


@dataclass(frozen=True)
class Placement:
    """Problem (23) of one realisation, spacings in half wavelengths.

    Attributes
    ----------
    errors : tuple of tuple of Signomial
        For every target J_rr and J_thth, scaled such that their inverses are what the position
        error adds to the cost.
    worst : bool
        Whether the largest error counts, not the sum.
    per_sensor : float
        (1 - rho) / N_max.
    fewest, most : int
        Limits of N_r.
    least, widest : float
        Limits of x = d_r^2, without the aperture.
    aperture : float
        Limit of N_r d_r.
    """

    errors: tuple[tuple[Signomial, Signomial], ...]
    worst: bool
    per_sensor: float
    fewest: int
    most: int
    least: float
    widest: float
    aperture: float

    @property
    def free_spacing(self) -> bool:
        """Whether the spacing is designed."""
        return self.least < self.widest

    def largest(self, count: float) -> float:
        """Return the largest x of a number of sensors."""
        return max(self.least, min(self.widest, (self.aperture / count) ** 2))

    def capacity(self, x: float) -> int:
        """Return the largest N_r at a spacing."""
        return min(self.most, int(self.aperture / np.sqrt(x) * (1.0 + 1e-9)))

    def cost(self, count: float, x: float) -> float:
        """Cost (22a), the number of sensors whole or not."""
        parts = [1.0 / along.value(count, x) + 1.0 / angle.value(count, x) for along, angle in self.errors]
        return (max(parts) if self.worst else sum(parts)) + self.per_sensor * count


def placements(scenario: Scenario, light: Illumination) -> list[Placement | None]:
    """Problem (23) of every realisation; None where nothing lights a target, or its error has no weight.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    light : Illumination
        Of its targets.

    Returns
    -------
    list of Placement or None
        Of length B.
    """
    p = scenario.parameters
    kappa, slope = information.curvature(scenario)
    unit = (p.wavelength_m / 2.0) ** 2
    # 1 / J of these adds up to rho SPEB / eps
    weight = np.inf if p.weight == 0.0 else p.speb_scale_m2 / p.weight
    along = information.information_scale(scenario) * weight
    angle = along / scenario.of_targets(scenario.target_range_m) ** 2
    found: list[Placement | None] = []
    for b in range(len(scenario)):
        if p.weight == 0.0 or not np.all(light.power[b] > 0.0):
            found.append(None)
            continue
        errors = []
        for t in range(p.targets):
            power, raw, aside = light.power[b, t], light.raw[b, t], light.aside[b, t]
            bend, tilt = (kappa[b, t] * unit) ** 2 * power, slope[b, t] ** 2 * unit * power / 12.0
            if p.bound == "efim":
                # N (N^2 - 1)(N^2 - 4) / 180, N (N^2 - 1) / 12
                fifth = bend / 180.0
                rr = [(fifth, 5, 2), (-5.0 * fifth, 3, 2), (4.0 * fifth, 1, 2), (aside[0], 1, 0)]
                tt = [(tilt, 3, 1), (-tilt, 1, 1), (aside[1], 1, 0)]
            else:
                # S4 = N (3 N^4 - 10 N^2 + 7) / 240
                fifth, third = bend / 240.0, kappa[b, t] * unit * light.turn[b, t] / 6.0
                rr = [(3.0 * fifth, 5, 2), (-10.0 * fifth, 3, 2), (7.0 * fifth, 1, 2)]
                rr += [(third, 3, 1), (-third, 1, 1), (raw[0], 1, 0)]
                tt = [(tilt, 3, 1), (-tilt, 1, 1), (raw[1], 1, 0)]
            errors.append(
                (
                    Signomial.of(*((along[b, t] * c, a, e) for c, a, e in rr)),
                    Signomial.of(*((angle[b, t] * c, a, e) for c, a, e in tt)),
                )
            )
        found.append(_limited(p, tuple(errors)))
    return found


def _limited(p: Parameters, errors: tuple[tuple[Signomial, Signomial], ...]) -> Placement:
    count, least, most = deployment.candidates(p)
    half = p.wavelength_m / 2.0
    return Placement(
        errors=errors,
        worst=p.speb_of_targets == "worst",
        per_sensor=(1.0 - p.weight) / p.max_sensors,
        fewest=int(count[0]),
        most=int(count[-1]),
        least=float(least[0] / half) ** 2,
        widest=float(most[0] / half) ** 2,
        aperture=2.0 * p.aperture_wavelengths,
    )
