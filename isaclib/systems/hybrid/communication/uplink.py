"""The dual uplink: sum-rates of beamformers under one linear power constraint, compiled.

Under tr(Q R) <= 1 the downlink reaches the SINRs of an uplink with noise covariance Q and powers
lambda_k that add up to one (uplink-downlink duality). The uplink sees Q only through

    A = H^H Q^-1 H,   H = [g_1 / sqrt(n_1), ..., g_K / sqrt(n_K)],

and its sum-rate with linear receivers is sum_k log(1 + SINR_k), with

    log(1 + SINR_k) = log det(I + Lambda A) - log det(I + Lambda_-k A),

Lambda = diag(lambda) and Lambda_-k the same without user k. For two users, a and b on the diagonal
of A and d its determinant, it is 2 log D - log E with

    D(l) = 1 + l a + (1 - l) b + l (1 - l) d,   E(l) = (1 + l a) (1 + (1 - l) b),

whose stationary points are the roots of the cubic 2 D' E - D E': the maximum over beamformers, a
nonconvex problem in the downlink, is found for certain. For more users the sum capacity with
successive decoding, log det(I + Lambda A), stands for it: larger, and concave in lambda.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.waterfilling import multiple_access


@numba.njit(cache=True)
def _two_user_rate(a: float, b: float, d: float, share: float) -> float:
    other = 1.0 - share
    grown = share * a + other * b + share * other * d
    return 2.0 * math.log1p(grown) - math.log1p(share * a) - math.log1p(other * b)


@numba.njit(cache=True)
def _slope_sign(a: float, b: float, d: float, share: float) -> float:
    """2 D' E - D E' at a share."""
    other = 1.0 - share
    determinant = 1.0 + share * a + other * b + share * other * d
    product = (1.0 + share * a) * (1.0 + other * b)
    determinant_slope = a - b + (other - share) * d
    product_slope = a * (1.0 + other * b) - b * (1.0 + share * a)
    return 2.0 * determinant_slope * product - determinant * product_slope


@numba.njit(cache=True)
def _best_share(a: float, b: float, d: float) -> float:
    """Return the share of user one that maximises the sum-rate of two users."""
    # the turning points of the cubic split [0, 1] into pieces on which it is monotone
    d2, d1, d0 = -d, a - b + d, 1.0 + b
    e2, e1, e0 = -a * b, a + a * b - b, 1.0 + b
    c3 = 2.0 * d2 * e2
    c2 = 3.0 * d2 * e1
    c1 = 4.0 * d2 * e0 + d1 * e1 - 2.0 * d0 * e2
    ends = np.zeros(4)
    last = 0
    discriminant = c2 * c2 - 3.0 * c3 * c1
    if discriminant > 0.0 and c3 != 0.0:
        q = -(c2 + math.copysign(math.sqrt(discriminant), c2))
        first = q / (3.0 * c3)
        second = c1 / q if q != 0.0 else first
        for turn in (min(first, second), max(first, second)):
            if 0.0 < turn < 1.0:
                last += 1
                ends[last] = turn
    last += 1
    ends[last] = 1.0
    best, best_rate = 0.0, _two_user_rate(a, b, d, 0.0)
    if _two_user_rate(a, b, d, 1.0) > best_rate:
        best, best_rate = 1.0, _two_user_rate(a, b, d, 1.0)
    for piece in range(last):
        low, high = ends[piece], ends[piece + 1]
        # a maximum is where the slope turns from up to down
        if not (_slope_sign(a, b, d, low) > 0.0 > _slope_sign(a, b, d, high)):
            continue
        while True:
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            if _slope_sign(a, b, d, middle) > 0.0:
                low = middle
            else:
                high = middle
        rate = _two_user_rate(a, b, d, low)
        if rate > best_rate:
            best, best_rate = low, rate
    return best


@numba.njit(cache=True)
def best_rate(gram: np.ndarray, powers: np.ndarray) -> float:
    """Write the best uplink powers; return a bound in nat on the sum-rate of any beamformers.

    Parameters
    ----------
    gram : ndarray of complex, shape (K, K)
        A.
    powers : ndarray, shape (K,)
        lambda, written.

    Returns
    -------
    float
        The maximum itself for one and two users; for more a bound on the sum capacity.
    """
    users = powers.size
    if users == 1:
        powers[0] = 1.0
        return math.log1p(gram[0, 0].real)
    if users == 2:
        a, b = gram[0, 0].real, gram[1, 1].real
        cross = gram[0, 1]
        d = max(0.0, a * b - (cross.real * cross.real + cross.imag * cross.imag))
        share = _best_share(a, b, d)
        powers[0] = share
        powers[1] = 1.0 - share
        return _two_user_rate(a, b, d, share)
    _, bound = multiple_access(gram, powers)
    return bound


@numba.njit(cache=True)
def rate_slope(gram: np.ndarray, powers: np.ndarray, slope: np.ndarray) -> None:
    """Write the derivative of the bound with respect to A at fixed powers, Hermitian.

    The powers maximise, so that this is the derivative of the maximum (envelope theorem).

    Parameters
    ----------
    gram : ndarray of complex, shape (K, K)
        A.
    powers : ndarray, shape (K,)
        From `best_rate`.
    slope : ndarray of complex, shape (K, K)
        Gamma with d rate = tr(Gamma dA), written.
    """
    users = powers.size
    matrix = np.empty((users, users), np.complex128)
    for i in range(users):
        for j in range(users):
            matrix[i, j] = powers[i] * gram[i, j] + (1.0 if i == j else 0.0)
    inverse = np.linalg.inv(matrix)
    linear = users == 2
    for i in range(users):
        for j in range(users):
            slope[i, j] = (2.0 if linear else 1.0) * inverse[i, j] * powers[j]
    if linear:
        for k in range(users):
            slope[k, k] -= powers[k] / (1.0 + powers[k] * gram[k, k].real)
    for i in range(users):
        for j in range(i):
            mean = 0.5 * (slope[i, j] + slope[j, i].conjugate())
            slope[i, j] = mean
            slope[j, i] = mean.conjugate()
        slope[i, i] = slope[i, i].real
