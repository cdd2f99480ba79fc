"""Fisher information of a target's position from monostatic echoes, eqs. (17)-(22), (61).

The echo is Y = beta a(p) a(p)^H X + Z with R = X X^H / T, noise CN(0, sigma^2) and an unknown
complex reflection coefficient beta. Every function takes leading batch axes, and the result for
one entry does not depend on the size of the batch.
"""

from __future__ import annotations

import numpy as np


def _adjoint(matrix: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(matrix, -1, -2))


def _one_of(covariance: np.ndarray | None, beamformers: np.ndarray | None) -> None:
    if (covariance is None) == (beamformers is None):
        raise ValueError("expected either covariance or beamformers, and not both")


def _scale(value: np.ndarray | complex) -> np.ndarray:
    return np.asarray(value)[..., None, None]


def position_efim(
    response: np.ndarray,
    gradient: np.ndarray,
    covariance: np.ndarray | None = None,
    *,
    beamformers: np.ndarray | None = None,
    reflection: np.ndarray | complex,
    snapshots: np.ndarray | int,
    noise_power_w: np.ndarray | float,
) -> np.ndarray:
    r"""Equivalent Fisher information of the position, eq. (21), in reduced form.

    With at_i = a_i - a (a^H a_i)/N the derivatives projected off the response, q = a^H R a and
    w = 2 T |beta|^2 / sigma^2,

        J_e = w { q Re[At^H At] + N Re[ At^H R At - At^H R a a^H R At / q ] },

    N = a^H a. It equals J_11 - J_12 J_22^-1 J_12^T of `full_fim` without its cancellation (the
    4 x 4 matrix has a condition number near 1e13).

    Parameters
    ----------
    response : ndarray of complex, shape (..., N)
        a, from `arrays.spherical_response`.
    gradient : ndarray of complex, shape (..., N, 2)
        da/dx, da/dy, from `arrays.spherical_gradient`.
    covariance : ndarray of complex, shape (..., N, N)
        R, in watts.
    beamformers : ndarray of complex, shape (..., N, K)
        W with R = W W^H, instead of `covariance`; cheaper and more accurate.
    reflection : complex or ndarray, shape (...)
        beta.
    snapshots : int or ndarray, shape (...)
        T.
    noise_power_w : float or ndarray, shape (...)
        sigma^2.

    Returns
    -------
    ndarray, shape (..., 2, 2)
        In 1/m^2.

    Raises
    ------
    ValueError
        When both or neither of `covariance` and `beamformers` are given.
    """
    _one_of(covariance, beamformers)
    a = response[..., None]
    energy = (_adjoint(a) @ a).real
    tangent = gradient - a * ((_adjoint(a) @ gradient) / energy)
    if beamformers is not None:
        to_target = _adjoint(beamformers) @ a
        to_tangent = _adjoint(beamformers) @ tangent
        q = (_adjoint(to_target) @ to_target).real
        safe = np.where(q > 0.0, q, 1.0)
        rest = to_tangent - to_target * ((_adjoint(to_target) @ to_tangent) / safe)
        schur = (_adjoint(rest) @ rest).real
    else:
        lit = covariance @ a
        q = (_adjoint(a) @ lit).real
        safe = np.where(q > 0.0, q, 1.0)
        coupling = _adjoint(lit) @ tangent
        schur = (_adjoint(tangent) @ (covariance @ tangent) - _adjoint(coupling) @ coupling / safe).real
    weight = 2.0 * _scale(snapshots) * np.abs(_scale(reflection)) ** 2 / _scale(noise_power_w)
    efim = weight * (q * (_adjoint(tangent) @ tangent).real + energy * schur)
    return 0.5 * (efim + np.swapaxes(efim, -1, -2))


def echo_efim(
    response: np.ndarray,
    gradient: np.ndarray,
    waveform: np.ndarray,
    waveform_gradient: np.ndarray,
    *,
    reflection: np.ndarray | complex,
    snapshots: np.ndarray | int,
    noise_power_w: np.ndarray | float,
) -> np.ndarray:
    r"""Equivalent Fisher information where the echo is heard by an array of its own.

    The echo is Y = beta b(p) w(p)^T S + Z with S S^H = T I and beta unknown and complex. With
    derivatives projected off what they differentiate, bt_i = b_i - b (b^H b_i)/|b|^2 and wt_i alike,

        J_ij = (2 T |beta|^2 / sigma^2) Re{ |w|^2 bt_j^H bt_i + |b|^2 wt_j^H wt_i }.

    A single stream has nothing in the second term.

    Parameters
    ----------
    response : ndarray of complex, shape (..., N)
        b, of the array that hears.
    gradient : ndarray of complex, shape (..., N, D)
        Its derivatives.
    waveform : ndarray of complex, shape (..., K)
        w, amplitude at the target of each of K streams of power one.
    waveform_gradient : ndarray of complex, shape (..., K, D)
        Its derivatives.
    reflection : complex or ndarray, shape (...)
        beta.
    snapshots : int or ndarray, shape (...)
        T.
    noise_power_w : float or ndarray, shape (...)
        sigma^2.

    Returns
    -------
    ndarray, shape (..., D, D)
    """
    heard, hearing = _gram_aside(response, gradient)
    sent, lighting = _gram_aside(waveform, waveform_gradient)
    weight = 2.0 * _scale(snapshots) * np.abs(_scale(reflection)) ** 2 / _scale(noise_power_w)
    return weight * (lighting * heard + hearing * sent)


def _gram_aside(vector: np.ndarray, derivatives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Re[Dt^H Dt] of derivatives projected off the vector, and the vector's energy, shape (..., 1, 1)."""
    column = vector[..., None]
    energy = (_adjoint(column) @ column).real
    safe = np.where(energy > 0.0, energy, 1.0)
    aside = derivatives - column * ((_adjoint(column) @ derivatives) / safe)
    return (_adjoint(aside) @ aside).real, energy


def full_fim(
    response: np.ndarray,
    gradient: np.ndarray,
    covariance: np.ndarray | None = None,
    *,
    beamformers: np.ndarray | None = None,
    reflection: np.ndarray | complex,
    snapshots: np.ndarray | int,
    noise_power_w: np.ndarray | float,
) -> np.ndarray:
    r"""Fisher information of (x, y, Re beta, Im beta), eqs. (18), (19).

        J_ij = (2 T / sigma^2) Re tr(G_j R G_i^H), G_i the derivative of beta a a^H,

    as printed but for the real part missing in (19b). Badly conditioned (positions in metres
    beside reflections near 1e-7): `position_efim` is what to use; this is the check on it.

    Parameters
    ----------
    response, gradient, covariance, beamformers, reflection, snapshots, noise_power_w
        As in `position_efim`.

    Returns
    -------
    ndarray, shape (..., 4, 4)

    Raises
    ------
    ValueError
        When both or neither of `covariance` and `beamformers` are given.
    """
    _one_of(covariance, beamformers)
    a = response[..., None]
    # a a^H does not see a phase common to all antennas; its derivative would only be rounding error
    common = (_adjoint(a) @ gradient).imag / (_adjoint(a) @ a).real
    gradient = gradient - 1j * a * common
    basis = np.concatenate([np.broadcast_to(a, (*gradient.shape[:-1], 1)), gradient], axis=-1)
    gram = _adjoint(basis) @ basis
    if beamformers is not None:
        lit = _adjoint(beamformers) @ basis
        transmit = _adjoint(lit) @ lit
    else:
        transmit = _adjoint(basis) @ (covariance @ basis)
    # G_i = basis M_i basis^H, hence tr(G_j R G_i^H) = tr(gram M_j transmit M_i^H)
    beta = _scale(reflection)
    moves: list[np.ndarray] = []
    for axis in range(1, basis.shape[-1]):
        move = np.zeros((basis.shape[-1],) * 2)
        move[0, axis] = move[axis, 0] = 1.0
        moves.append(beta * move)
    fixed = np.zeros((basis.shape[-1],) * 2)
    fixed[0, 0] = 1.0
    moves += [fixed, 1j * fixed]
    rows = [[np.trace(gram @ mj @ transmit @ _adjoint(mi), axis1=-2, axis2=-1).real for mj in moves] for mi in moves]
    fim = np.stack([np.stack(np.broadcast_arrays(*row), axis=-1) for row in rows], axis=-2)
    return 2.0 * _scale(snapshots) / _scale(noise_power_w) * fim


def speb(efim: np.ndarray) -> np.ndarray:
    """Squared position error bound tr(J_e^-1), eq. (22).

    Parameters
    ----------
    efim : ndarray, shape (..., 2, 2)
        Equivalent Fisher information of the position.

    Returns
    -------
    ndarray, shape (...)
        In m^2; infinite where the position cannot be told.
    """
    xx, yy, xy = efim[..., 0, 0], efim[..., 1, 1], efim[..., 0, 1]
    determinant = xx * yy - xy * xy
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = (xx + yy) / determinant
    return np.where(determinant <= 0.0, np.inf, bound)


def polar_efim(efim: np.ndarray, position_m: np.ndarray) -> np.ndarray:
    """Express the same information in range and angle.

    J_pol = T^T J_e T, T = [[cos th, -r sin th], [sin th, r cos th]]

    Parameters
    ----------
    efim : ndarray, shape (..., 2, 2)
        Equivalent Fisher information of (x, y).
    position_m : ndarray, shape (..., 2)
        Target.

    Returns
    -------
    ndarray, shape (..., 2, 2)
        Of (range in m, angle in rad); the trace of its inverse is the joint distance and angle
        bound of the two-stage design.
    """
    position = np.asarray(position_m)
    x, y = position[..., 0], position[..., 1]
    r = np.hypot(x, y)
    jacobian = np.stack([np.stack([x / r, -y], axis=-1), np.stack([y / r, x], axis=-1)], axis=-2)
    return np.swapaxes(jacobian, -1, -2) @ efim @ jacobian
