"""Making a design keep several quadratic constraints where the dual leaves it a little beside them, compiled."""

from __future__ import annotations

import math

import numba
import numpy as np

NOTICED = 1e-12
"""Relative distance of tr(A_t R) from its limit from which on something is done about it."""

ACTIVE = 1e-8
"""Multipliers, in units of the power's, from which on a constraint counts as active."""

UNHEARD = 1e-9
"""Share of the power from which on a direction that the channel does not hear is given it."""

MAX_REPAIRS = 40


@numba.njit(cache=True)
def symmetric_solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve a small positive semidefinite system; nothing along what it does not weigh, or of numbers not finite."""
    solution = np.zeros(len(right))
    scales = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if not np.isfinite(np.sum(matrix)) or not np.isfinite(np.sum(right)):
        return solution
    for i in range(len(scales)):
        if scales[i] == 0.0:
            scales[i] = 1.0
    values, vectors = np.linalg.eigh(matrix / np.outer(scales, scales))
    for i in range(len(right)):
        if values[i] > 1e-14:
            along = vectors[:, i] / scales
            solution += along * (np.dot(along, right) / values[i])
    return solution


@numba.njit(cache=True)
def _echoes(beams: np.ndarray, quadratic: np.ndarray, echoes: np.ndarray) -> None:
    """Write tr(A_t F F^H)."""
    for t in range(len(quadratic)):
        echoes[t] = np.sum((beams.conj() * (quadratic[t] @ beams)).real)


@numba.njit(cache=True)
def _aside(
    beams: np.ndarray, quadratic: np.ndarray, active: np.ndarray, echoes: np.ndarray, errors: np.ndarray
) -> float:
    """Bring F to tr R = 1; write tr(A_t R) and what it is short of one, or beside it where active; return the worst."""
    norm = math.sqrt(np.sum(beams.real**2 + beams.imag**2))
    if norm == 0.0:
        errors[:] = 1.0
        return 1.0
    beams /= norm
    _echoes(beams, quadratic, echoes)
    for t in range(len(quadratic)):
        errors[t] = 1.0 - echoes[t] if active[t] else max(0.0, 1.0 - echoes[t])
    return np.max(np.abs(errors))


@numba.njit(cache=True)
def _light_unheard(
    beams: np.ndarray, quadratic: np.ndarray, active: np.ndarray, matrix: np.ndarray, weight: float
) -> None:
    """Give the directions that neither the channel hears nor T weighs what is missing of power and echoes.

    Such a direction v joins the streams as v x^H, x across v^H A_t F, so that it changes no echo but its own.
    """
    size, streams = beams.shape
    targets = len(quadratic)
    values, vectors = np.linalg.eigh(matrix)
    count = 0
    while count < size and weight / values[count] > UNHEARD:
        count += 1
    if count == 0:
        return
    # what each direction brings: its power, and its echoes
    system = np.zeros((targets + 1, count))
    missing = np.zeros(targets + 1)
    echoes = np.empty(targets)
    _echoes(beams, quadratic, echoes)
    missing[0] = 1.0 - np.sum(beams.real**2 + beams.imag**2)
    for i in range(count):
        direction = np.ascontiguousarray(vectors[:, i])
        system[0, i] = 1.0
        for t in range(targets):
            if active[t]:
                missing[t + 1] = 1.0 - echoes[t]
                system[t + 1, i] = np.sum((direction.conj() * (quadratic[t] @ direction)).real)
    loads = np.linalg.lstsq(system, missing)[0]
    for i in range(count):
        if not loads[i] > 0.0:
            continue
        direction = np.ascontiguousarray(vectors[:, i])
        cross = np.zeros((targets, streams), np.complex128)
        for t in range(targets):
            echo = (quadratic[t] @ direction).conj() @ beams
            norm = math.sqrt(np.sum(echo.real**2 + echo.imag**2))
            if norm > 0.0:
                cross[t] = echo / norm
        _, across = np.linalg.eigh(np.ascontiguousarray(cross.conj().T) @ cross)
        for n in range(size):
            for s in range(streams):
                beams[n, s] += math.sqrt(loads[i]) * direction[n] * across[s, 0].conjugate()


@numba.njit(cache=True)
def repair(
    beams: np.ndarray, quadratic: np.ndarray, multipliers: np.ndarray, matrix: np.ndarray, weight: float
) -> float:
    """Turn F to tr R = 1 and tr(A_t R) >= 1, equal where active; returns the largest relative shortfall left.

    Parameters
    ----------
    beams : ndarray of complex, shape (n, N_s)
        F, changed.
    quadratic : ndarray of complex, shape (T, n, n)
        A_t.
    multipliers : ndarray, shape (T + 1,)
        lambda and nu_t.
    matrix : ndarray of complex, shape (n, n)
        T = lambda I - sum_t nu_t A_t.
    weight : float
        Weight of the barrier that has led there.

    Returns
    -------
    float
    """
    targets = len(quadratic)
    active = multipliers[1:] > ACTIVE * multipliers[0]
    echoes, errors = np.empty(targets), np.empty(targets)
    if 1.0 - np.sum(beams.real**2 + beams.imag**2) > UNHEARD:
        _light_unheard(beams, quadratic, active, matrix, weight)
    worst = _aside(beams, quadratic, active, echoes, errors)
    trial_echoes, trial_errors = np.empty(targets), np.empty(targets)
    for _ in range(MAX_REPAIRS):
        if worst <= NOTICED:
            break
        # F <- (I + sum_t k_t A_t) F at full power: Newton on the echoes that are beside their limits
        moved = np.empty((targets, *beams.shape), np.complex128)
        for t in range(targets):
            moved[t] = quadratic[t] @ beams
        jacobian = np.eye(targets)
        for t in range(targets):
            for s in range(targets):
                if errors[t] != 0.0 and errors[s] != 0.0:
                    jacobian[t, s] = 2.0 * (np.sum((moved[t].conj() * moved[s]).real) - echoes[t] * echoes[s])
        change = symmetric_solve(jacobian, errors)
        length = 1.0
        while length > 1e-4:
            trial = beams.copy()
            for t in range(targets):
                trial += length * change[t] * moved[t]
            reached = _aside(trial, quadratic, active, trial_echoes, trial_errors)
            if reached < worst:
                break
            length *= 0.5
        else:
            break
        beams[:, :] = trial
        echoes[:], errors[:], worst = trial_echoes, trial_errors, reached
    return 1.0 - np.min(echoes)
