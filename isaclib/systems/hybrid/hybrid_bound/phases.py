"""The most that constant-modulus phases collect from one subarray for two streams, by duality.

With G_n (a pair) what antenna n holds, the phases of a subarray of M antennas collect at most

    max_f |sum_n f_n G_n^*|^2 <= (sum_n delta_n) lambda_max(sum_n G_n G_n^H / delta_n),  any delta > 0.

The best delta_n = (G_n^H rho G_n)^1/2 belong to the density matrix rho = (I + r . sigma) / 2 that
maximises D = sum_n delta_n, concave in the Bloch vector r, |r| <= 1. A primal-dual Newton method
with the barrier nu log(1 - |r|^2), its multiplier b a variable of its own (b (1 - |r|^2) = 2 nu),
finds it in a few passes; the bound is then within about nu of D.
"""

from __future__ import annotations

import math

import numba
import numpy as np

BARRIER = 1e-4
"""nu in units of what a subarray collects: what the bound may lose, and how far r stays from the sphere."""

PASSES = 15
"""Most Newton steps."""

START = 0.9
"""A vector of before is shortened by it: from the sphere the method does not start well."""

REACH = 0.9
"""Share of the way to zero that one step may take the multiplier."""

ACCURACY = 1e-4
"""Residual, in units of D, at which r is good enough: its error enters D in the second order."""


@numba.njit(cache=True)
def collect(stokes: np.ndarray, first: int, last: int, barrier: float, r: np.ndarray) -> float:
    """Maximise D + nu log(1 - |r|^2) from r, overwritten; return it.

    Parameters
    ----------
    stokes : ndarray, shape (4, N)
        |G_n|^2 and the three components of s_n: G_n^H rho G_n = (|G_n|^2 + r . s_n) / 2.
    first, last : int
        Antennas of the subarray.
    barrier : float
        nu.
    r : ndarray, shape (3,)
        Bloch vector, inside the unit ball.

    Returns
    -------
    float
        Smooth in what the antennas hold; no bound.
    """
    x, y, z, b = START * r[0], START * r[1], START * r[2], -1.0
    value = 0.0
    for _ in range(PASSES):
        inside = 1.0 - x * x - y * y - z * z
        total = gx = gy = gz = hxx = hyy = hzz = hxy = hxz = hyz = 0.0
        for n in range(first, last):
            sx, sy, sz = stokes[1, n], stokes[2, n], stokes[3, n]
            square = max(0.5 * (stokes[0, n] + x * sx + y * sy + z * sz), 1e-300)
            delta = math.sqrt(square)
            total += delta
            share = 0.25 / delta
            gx += share * sx
            gy += share * sy
            gz += share * sz
            share *= 0.25 / square
            hxx += share * sx * sx
            hyy += share * sy * sy
            hzz += share * sz * sz
            hxy += share * sx * sy
            hxz += share * sx * sz
            hyz += share * sy * sz
        value = total + barrier * math.log(inside)
        if b < 0.0:
            b = math.sqrt(gx * gx + gy * gy + gz * gz) + 2.0 * barrier
        residual = abs(gx - b * x) + abs(gy - b * y) + abs(gz - b * z)
        if residual < ACCURACY * total and abs(b * inside - 2.0 * barrier) < 0.1 * barrier:
            break
        pull = 2.0 * barrier / inside
        gx -= pull * x
        gy -= pull * y
        gz -= pull * z
        twist = 2.0 * b / inside
        hxx += b + twist * x * x
        hyy += b + twist * y * y
        hzz += b + twist * z * z
        hxy += twist * x * y
        hxz += twist * x * z
        hyz += twist * y * z
        l11 = math.sqrt(hxx)
        l21, l31 = hxy / l11, hxz / l11
        l22 = math.sqrt(max(hyy - l21 * l21, 1e-300))
        l32 = (hyz - l31 * l21) / l22
        l33 = math.sqrt(max(hzz - l31 * l31 - l32 * l32, 1e-300))
        w1 = gx / l11
        w2 = (gy - l21 * w1) / l22
        dz = (gz - l31 * w1 - l32 * w2) / (l33 * l33)
        dy = (w2 - l32 * dz) / l22
        dx = (w1 - l21 * dy - l31 * dz) / l11
        linear = x * dx + y * dy + z * dz
        db = (2.0 * barrier + 2.0 * b * linear) / inside - b
        b += max(db, -REACH * b)
        x += dx
        y += dy
        z += dz
        # a step along the sphere leaves it: back to where the barrier would hold it
        square = x * x + y * y + z * z
        room = min(2.0 * barrier / b, 0.5)
        if square > 1.0 - room:
            shrunk = math.sqrt((1.0 - room) / square)
            x *= shrunk
            y *= shrunk
            z *= shrunk
    r[0], r[1], r[2] = x, y, z
    return value


@numba.njit(cache=True)
def certify(stokes: np.ndarray, first: int, last: int, r: np.ndarray) -> float:
    """(sum_n delta_n) lambda_max(sum_n G_n G_n^H / delta_n) at a Bloch vector: the bound itself."""
    total = a = x = y = z = 0.0
    for n in range(first, last):
        square = stokes[0, n] + r[0] * stokes[1, n] + r[1] * stokes[2, n] + r[2] * stokes[3, n]
        delta = math.sqrt(max(0.5 * square, 1e-300))
        total += delta
        a += stokes[0, n] / delta
        x += stokes[1, n] / delta
        y += stokes[2, n] / delta
        z += stokes[3, n] / delta
    return total * 0.5 * (a + math.sqrt(x * x + y * y + z * z))
