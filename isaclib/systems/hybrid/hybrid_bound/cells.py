"""How much a cell of illumination frames can exceed the value at its centre.

With two users and Y = [y0; y1] = [a0, c]^H W (2 x 2, c = b1 - z a0), the information along the first
sensing direction is

    g = |y0|^2 + |eta|^2,   y0 = |y0| s,   y1 = eta s_perp + zeta s,

and the frame of W is (alpha, beta, phi, chi, psi) with

    s = e^{j phi} s0,  s0 = (cos alpha e^{j beta}, sin alpha e^{-j beta}),
    s_perp = e^{j chi} s0_perp,  s0_perp = (-sin alpha e^{j beta}, cos alpha e^{-j beta}),
    |y0| = x cos psi,  eta = x sin psi >= 0,  x = sqrt(g).

Every matrix [y0; y1] has such a frame with alpha, psi in [0, pi/2], beta in [0, pi], phi and chi in
[0, 2 pi]. Let t bound Re tr(v^H Y), v = [cos psi s; sin psi s_perp] the frame of the centre, and
E bound |y0|^2 + |y1|^2 = x^2 + |zeta|^2. A frame of the cell then has

    t >= Re tr(v^H Y) >= c x - a |zeta|,   |zeta|^2 <= E - x^2,

with c the least of cos psi cos psi' Re<s, s'> + sin psi sin psi' Re<s_perp, s_perp'> over the cell
and a the largest of sin psi |<s_perp, s'>|. The largest x that this allows bounds the cell:

    x <= [t c + a sqrt(E (c^2 + a^2) - t^2)] / (c^2 + a^2),   x <= sqrt(E) where t >= c sqrt(E).

Only alpha and beta enter a, so that phi, chi and psi cost in the second order of their width only.
"""

from __future__ import annotations

import math

import numba
import numpy as np

SIDES = 5
"""alpha, beta, phi, chi, psi."""

EMPTY = -1.0
"""Bound of a cell in which no beamformer has its frame."""


@numba.njit(cache=True)
def frame(centre: np.ndarray, v: np.ndarray) -> None:
    """Write v = [cos psi s; sin psi s_perp], shape (2, 2), of a point (alpha, beta, phi, chi, psi)."""
    alpha, beta, phi, chi, psi = centre[0], centre[1], centre[2], centre[3], centre[4]
    first = complex(math.cos(beta), math.sin(beta))
    rest = first.conjugate()
    lit = math.cos(psi) * complex(math.cos(phi), math.sin(phi))
    turned = math.sin(psi) * complex(math.cos(chi), math.sin(chi))
    v[0, 0] = lit * math.cos(alpha) * first
    v[0, 1] = lit * math.sin(alpha) * rest
    v[1, 0] = -turned * math.sin(alpha) * first
    v[1, 1] = turned * math.cos(alpha) * rest


@numba.njit(cache=True)
def alignment(centre: np.ndarray, half: np.ndarray) -> tuple[float, float]:
    """c and a of a cell.

    With d_alpha, d_beta the differences between two frames,

        <s0, s0'> = r + j i,  <s0_perp, s0_perp'> = r - j i,
        r = cos d_alpha cos d_beta,  i = cos(alpha + alpha') sin d_beta,
        |<s0_perp, s0'>|^2 = sin^2 d_alpha cos^2 d_beta + sin^2(alpha + alpha') sin^2 d_beta.

    Parameters
    ----------
    centre, half : ndarray, shape (5,)
        (alpha, beta, phi, chi, psi), inside their ranges, and half widths of at most pi / 2.

    Returns
    -------
    c, a : float
        Bounds of the alignment from below and of the tilt from above.
    """
    # alpha + alpha'
    low, high = 2.0 * centre[0] - half[0], 2.0 * centre[0] + half[0]
    # both are largest at an end, but for the sine where pi / 2 lies between
    cosine = max(abs(math.cos(low)), abs(math.cos(high)))
    sine = max(abs(math.sin(low)), abs(math.sin(high)))
    if low <= 0.5 * math.pi <= high:
        sine = 1.0
    direct = math.cos(half[0]) * math.cos(half[1])
    crossed = cosine * math.sin(half[1])
    lit = direct * math.cos(half[2]) - crossed * math.sin(half[2])
    turned = direct * math.cos(half[3]) - crossed * math.sin(half[3])
    psi = centre[4]
    near, far = max(psi - half[4], 0.0), min(psi + half[4], 0.5 * math.pi)
    if lit >= 0.0 and turned >= 0.0:
        # concave in psi': least at an end
        c = min(
            math.cos(psi) * math.cos(near) * lit + math.sin(psi) * math.sin(near) * turned,
            math.cos(psi) * math.cos(far) * lit + math.sin(psi) * math.sin(far) * turned,
        )
    else:
        c = math.cos(psi) * lit * (math.cos(far) if lit >= 0.0 else math.cos(near))
        c += math.sin(psi) * turned * (math.sin(near) if turned >= 0.0 else math.sin(far))
    tilt = math.sin(half[0]) ** 2
    # the larger of d_beta = 0 and of the whole width
    twist = max(sine * sine - tilt, 0.0) * math.sin(half[1]) ** 2
    return c, math.sin(psi) * math.sqrt(tilt + twist)


@numba.njit(cache=True)
def reachable(t: float, c: float, a: float, energy: float) -> float:
    """Largest x = sqrt(g) with c x - a sqrt(E - x^2) <= t; `EMPTY` where there is none."""
    most = math.sqrt(energy)
    # a t that is not a number says nothing
    if not t < c * most or c <= 0.0:
        return most
    square = c * c + a * a
    inside = energy * square - t * t
    if inside < 0.0:
        return EMPTY
    x = (t * c + a * math.sqrt(inside)) / square
    return x if x >= 0.0 else EMPTY
