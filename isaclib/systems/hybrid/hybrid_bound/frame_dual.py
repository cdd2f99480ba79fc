"""The most that hybrid beamformers can do along one illumination frame, by duality.

For two users, v (2 x 2) and A = [a0, c], t(v) bounds Re tr(v^H A^H W) over all W = F_A F_D of unit
power that meet the rates. A common phase of w_k changes no rate, hence h_k^H w_k >= 0, and the rate
of user k (j the other one) implies for every tau_k

    (1 + |tau_k|^2)^1/2 Re h_k^H w_k >= Gamma_k^1/2 (sigma_k + Re tau_k^* h_k^H w_j).

With multipliers m_k > 0 the beamformers are left with the power and the structure alone:

    t(v) = max Re tr(G^H W) - sum_k m_k Gamma_k^1/2 sigma_k,
    G = A v + sum_k m_k h_k ((1 + |tau_k|^2)^1/2 e_k - Gamma_k^1/2 tau_k e_j)^T.

Row n of W in subarray i is f_n d_i^T with |f_n| = 1 and M sum_i |d_i|^2 <= 1, so that
(max Re tr(G^H W))^2 is at most the sum over the subarrays of what `phases` bounds, over M. The
multipliers are those that make t(v) least. They are sought as log l_k, l_k = m_k (1 + |tau_k|^2)^1/2, and
tau_k, in which the dual is flat where a rate is not needed; the barrier -nu sum_k log m_k of their cone
keeps the descent from getting lost there.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.systems.hybrid.hybrid_bound.phases import BARRIER, certify, collect

DUALS = 6
"""log l_1, log l_2, Re tau_1, Im tau_1, Re tau_2, Im tau_2."""

CONE_BARRIER = 1e-4
"""nu: the bound is at most 2 nu above the least for it."""

ROUNDING = 1e-12
"""What rounding may have taken from a bound, in units of its terms."""


@numba.njit(cache=True)
def _sources(
    basis: np.ndarray, v: np.ndarray, root_gamma: np.ndarray, x: np.ndarray, source: np.ndarray, stokes: np.ndarray
) -> None:
    """Write G^T, shape (2, N), of basis [a0, c, h_1, h_2] (4, N), and its Stokes parameters (4, N)."""
    k0, k1 = math.exp(x[0]), math.exp(x[1])
    x0 = -k0 * root_gamma[0] / math.sqrt(1.0 + x[2] * x[2] + x[3] * x[3]) * complex(x[2], x[3])
    x1 = -k1 * root_gamma[1] / math.sqrt(1.0 + x[4] * x[4] + x[5] * x[5]) * complex(x[4], x[5])
    v00, v01, v10, v11 = v[0, 0], v[0, 1], v[1, 0], v[1, 1]
    for n in range(basis.shape[1]):
        a, c, h0, h1 = basis[0, n], basis[1, n], basis[2, n], basis[3, n]
        g0 = a * v00 + c * v10 + k0 * h0 + x1 * h1
        g1 = a * v01 + c * v11 + k1 * h1 + x0 * h0
        source[0, n] = g0
        source[1, n] = g1
        s0 = g0.real * g0.real + g0.imag * g0.imag
        s1 = g1.real * g1.real + g1.imag * g1.imag
        stokes[0, n] = s0 + s1
        stokes[1, n] = 2.0 * (g0.real * g1.real + g0.imag * g1.imag)
        stokes[2, n] = 2.0 * (g0.imag * g1.real - g0.real * g1.imag)
        stokes[3, n] = s0 - s1


@numba.njit(cache=True)
def _value(
    basis: np.ndarray,
    v: np.ndarray,
    root_gamma: np.ndarray,
    root_noise: np.ndarray,
    x: np.ndarray,
    bloch: np.ndarray,
    source: np.ndarray,
    stokes: np.ndarray,
    gradient: np.ndarray,
) -> float:
    """t(v) with both barriers, smooth in x, and its gradient: what is descended."""
    chains = bloch.shape[0]
    per_chain = basis.shape[1] // chains
    _sources(basis, v, root_gamma, x, source, stokes)
    barrier = BARRIER * math.sqrt(per_chain / chains)
    squares = 0.0
    c00 = c01 = c10 = c11 = 0.0j
    for i in range(chains):
        first, last = i * per_chain, (i + 1) * per_chain
        total = collect(stokes, first, last, barrier, bloch[i])
        r00, r11 = 0.5 * (1.0 + bloch[i, 2]), 0.5 * (1.0 - bloch[i, 2])
        w = 0.5 * complex(bloch[i, 0], bloch[i, 1])
        s00 = s01 = s10 = s11 = 0.0j
        for n in range(first, last):
            g0, g1 = source[0, n], source[1, n]
            # (rho G_n)^*
            e0 = (r00 * g0 + w * g1).conjugate()
            e1 = (w.conjugate() * g0 + r11 * g1).conjugate()
            share = 1.0 / math.sqrt(max((e0 * g0 + e1 * g1).real, 1e-300))
            h0, h1 = basis[2, n] * share, basis[3, n] * share
            s00 += e0 * h0
            s01 += e1 * h0
            s10 += e0 * h1
            s11 += e1 * h1
        squares += total * total
        c00 += total * s00
        c01 += total * s01
        c10 += total * s10
        c11 += total * s11
    root = math.sqrt(squares / per_chain)
    scale = 1.0 / (per_chain * root + 1e-300)
    r0, r1 = math.sqrt(1.0 + x[2] * x[2] + x[3] * x[3]), math.sqrt(1.0 + x[4] * x[4] + x[5] * x[5])
    # a unit of l_k: what it costs, and its derivatives in l_k and tau_k
    cost0, cost1 = root_gamma[0] * root_noise[0] / r0, root_gamma[1] * root_noise[1] / r1
    y0, y1 = -scale * root_gamma[0] / r0 * c01, -scale * root_gamma[1] / r1 * c10
    along0 = (y0 * complex(x[2], x[3])).real
    along1 = (y1 * complex(x[4], x[5])).real
    back0, back1 = (cost0 - along0) / (r0 * r0), (cost1 - along1) / (r1 * r1)
    l0, l1 = math.exp(x[0]), math.exp(x[1])
    push0, push1 = CONE_BARRIER / (r0 * r0), CONE_BARRIER / (r1 * r1)
    gradient[0] = l0 * (scale * c00.real + along0 - cost0) - CONE_BARRIER
    gradient[1] = l1 * (scale * c11.real + along1 - cost1) - CONE_BARRIER
    gradient[2] = l0 * (y0.real + back0 * x[2]) + push0 * x[2]
    gradient[3] = l0 * (-y0.imag + back0 * x[3]) + push0 * x[3]
    gradient[4] = l1 * (y1.real + back1 * x[4]) + push1 * x[4]
    gradient[5] = l1 * (-y1.imag + back1 * x[5]) + push1 * x[5]
    barriers = CONE_BARRIER * (x[0] + x[1] - math.log(r0 * r1))
    return root - l0 * cost0 - l1 * cost1 - barriers


@numba.njit(cache=True)
def certified(
    basis: np.ndarray,
    v: np.ndarray,
    root_gamma: np.ndarray,
    root_noise: np.ndarray,
    x: np.ndarray,
    bloch: np.ndarray,
    source: np.ndarray,
    stokes: np.ndarray,
) -> float:
    """Bound t(v) at any multipliers x, shape (6,), and Bloch vectors, shape (N_RF, 3)."""
    chains = bloch.shape[0]
    per_chain = basis.shape[1] // chains
    _sources(basis, v, root_gamma, x, source, stokes)
    squares = 0.0
    for i in range(chains):
        squares += certify(stokes, i * per_chain, (i + 1) * per_chain, bloch[i])
    cost = 0.0
    for k in range(2):
        length = math.sqrt(1.0 + x[2 + 2 * k] ** 2 + x[3 + 2 * k] ** 2)
        cost += math.exp(x[k]) / length * root_gamma[k] * root_noise[k]
    root = math.sqrt(squares / per_chain)
    return root - cost + ROUNDING * (root + cost)


@numba.njit(cache=True)
def _first_guess(root_gamma: np.ndarray, x: np.ndarray, inverse: np.ndarray) -> None:
    """Inverse Hessian to begin with: curvature of order one in l_k and in Gamma_k^1/2 l_k tau_k."""
    inverse[:] = 0.0
    for k in range(2):
        square = math.exp(2.0 * x[k])
        inverse[k, k] = 1.0 / max(square, 0.02)
        inverse[2 + 2 * k, 2 + 2 * k] = inverse[3 + 2 * k, 3 + 2 * k] = 1.0 / max(root_gamma[k] ** 2 * square, 0.05)


@numba.njit(cache=True)
def minimise(
    basis: np.ndarray,
    v: np.ndarray,
    root_gamma: np.ndarray,
    root_noise: np.ndarray,
    x: np.ndarray,
    bloch: np.ndarray,
    inverse: np.ndarray,
    steps: int,
    tolerance: float,
    enough: float,
) -> float:
    """Descend in the multipliers by BFGS from x, overwritten; return the bound t(v) where it ends.

    Parameters
    ----------
    basis : ndarray of complex, shape (4, N)
        Rows a0, c, h_1, h_2.
    v : ndarray of complex, shape (2, 2)
        Frame.
    root_gamma, root_noise : ndarray, shape (2,)
        Gamma_k^1/2 and sigma_k.
    x : ndarray, shape (6,)
        Multipliers: first and last.
    bloch : ndarray, shape (N_RF, 3)
        Bloch vectors of the subarrays: first and last.
    inverse : ndarray, shape (6, 6)
        Inverse Hessian: first (zero where there is none yet) and last.
    steps : int
        Most BFGS steps.
    tolerance : float
        Decrease a step promises below which it ends.
    enough : float
        Value below which it ends too.

    Returns
    -------
    float
        Bound; whatever the descent did.
    """
    source = np.empty((2, basis.shape[1]), np.complex128)
    stokes = np.empty((4, basis.shape[1]))
    gradient, last_gradient = np.empty(DUALS), np.empty(DUALS)
    trial, step = np.empty(DUALS), np.empty(DUALS)
    change, product = np.empty(DUALS), np.empty(DUALS)
    value = _value(basis, v, root_gamma, root_noise, x, bloch, source, stokes, gradient)
    # a first guess is scaled by the first change of the gradient
    fresh = inverse[0, 0] == 0.0
    if fresh:
        _first_guess(root_gamma, x, inverse)
    for _ in range(steps):
        slope = 0.0
        for i in range(DUALS):
            total = 0.0
            for j in range(DUALS):
                total -= inverse[i, j] * gradient[j]
            step[i] = total
            slope += total * gradient[i]
        # not a number: nothing to descend along
        if not -slope >= tolerance or value < enough:
            break
        longest = 0.0
        for i in range(DUALS):
            longest = max(longest, abs(step[i]))
        # a multiplier changes by a factor of e at most
        scale = min(1.0, 1.0 / longest)
        last_gradient[:] = gradient
        moved = False
        found = value
        for _ in range(8):
            for i in range(DUALS):
                trial[i] = x[i] + scale * step[i]
            found = _value(basis, v, root_gamma, root_noise, trial, bloch, source, stokes, gradient)
            if found <= value + 1e-4 * scale * slope:
                moved = True
                break
            scale *= 0.3
        if not moved:
            value = _value(basis, v, root_gamma, root_noise, x, bloch, source, stokes, gradient)
            if fresh:
                break
            _first_guess(root_gamma, x, inverse)
            fresh = True
            continue
        value = found
        x[:] = trial
        curvature = 0.0
        for i in range(DUALS):
            step[i] *= scale
            change[i] = gradient[i] - last_gradient[i]
            curvature += step[i] * change[i]
        if curvature <= 1e-14:
            continue
        if fresh:
            size = 0.0
            for i in range(DUALS):
                size += change[i] * inverse[i, i] * change[i]
            for i in range(DUALS):
                inverse[i, i] *= min(max(curvature / size, 0.1), 10.0)
            fresh = False
        form = 0.0
        for i in range(DUALS):
            total = 0.0
            for j in range(DUALS):
                total += inverse[i, j] * change[j]
            product[i] = total
            form += total * change[i]
        for i in range(DUALS):
            for j in range(DUALS):
                inverse[i, j] += (1.0 + form / curvature) * step[i] * step[j] / curvature
                inverse[i, j] -= (product[i] * step[j] + step[i] * product[j]) / curvature
    return certified(basis, v, root_gamma, root_noise, x, bloch, source, stokes)
