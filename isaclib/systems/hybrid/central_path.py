"""The relaxation solved by a primal-dual predictor-corrector method, compiled.

Every matrix B of the dual has a multiplier Z > 0 (R_k for the users), and every lambda_k one as
well. Steps go towards B Z = mu I by the HKM direction, the predictor telling how small mu may
become (Mehrotra). The dual point stays feasible, so that its value is a bound at any time; the
method ends when beams taken from the R_k meet that bound.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from isaclib.numerics.hermitian import (
    adjoint_product,
    inner,
    invert,
    longest_step,
    product,
    scaled_cholesky,
    solve_scaled,
)
from isaclib.numerics.interior_point import advance, change_multiplier, second_order
from isaclib.systems.hybrid.beams import RATE_SLIP, beam_cost, rank_one
from isaclib.systems.hybrid.dual_problem import (
    COST,
    ILLUMINATION,
    SENSING,
    TIE_BREAK,
    add_corner_traces,
    add_root_traces,
    add_user_traces,
    corner_matrix,
    dual_objective,
    linear_parts,
    root_matrix,
    start_point,
    user_matrices,
)
from isaclib.systems.hybrid.newton_matrix import add_corner, add_root, add_user, map_tensor

GAP = 1e-7
"""Relative distance of the beams to the bound at which the method ends; ten times that to break ties."""

CAP_SLIP = 1e-6
"""Relative excess over the cap that beams may have."""

MOST_STEPS = 60

BACK = 0.97
"""Share of the longest step taken."""

WARM = 1e-3
"""Relative distance to the bound at which a point is kept for breaking ties."""

WARM_SCALE = 30.0
"""First guess of the multiplier of the cap."""


@numba.njit(cache=True)
def follow(
    vectors: np.ndarray,
    cost: np.ndarray,
    noise: np.ndarray,
    gamma: np.ndarray,
    uplink: np.ndarray,
    mode: int,
    cap: float,
    beams: np.ndarray,
    multipliers: np.ndarray,
    warm_dual: np.ndarray,
    warm_matrices: np.ndarray,
    warm_corner: np.ndarray,
    warm_root: np.ndarray,
) -> tuple[float, float, float, int]:
    """Solve the relaxation; take the beams from its R_k.

    Parameters
    ----------
    vectors : ndarray of complex, shape (dim, 3 + K)
        [a0, b1, b2, g_1, ..., g_K].
    cost : ndarray, shape (2, 2)
        C.
    noise, gamma : ndarray, shape (K,)
        Normalised noise and SINR thresholds.
    uplink : ndarray, shape (K,)
        Uplink powers of the minimum-power problem: the path starts from a share of them.
    mode : int
        `COST`, `TIE_BREAK` or `ILLUMINATION`.
    cap : float
        Largest f under `TIE_BREAK`.
    beams : ndarray of complex, shape (dim, K)
        Written: beams of unit power; left as they were where the path ends without any.
    multipliers : ndarray, shape (K,)
        Written with the beams: lambda of the rates.
    warm_dual : ndarray, shape (10 + 2 K,)
        Under `COST` written, under `TIE_BREAK` read: dual variables of a point a thousandth from
        the bound, then the multipliers of lambda.
    warm_matrices, warm_corner, warm_root : ndarray of complex, shapes (K, dim, dim), (3, 3), (2, 2)
        Its R_k and the multipliers of B_0 and B_r.

    Returns
    -------
    bound, value, margin, steps
        Bound on the objective, objective of the beams, their smallest rate margin in nat, and
        steps.
    """
    users = noise.size
    size, count = vectors.shape
    sensing = mode != ILLUMINATION
    first = SENSING if sensing else 0
    n = first + users + 1
    entries = size * size
    parts = np.zeros((n, size, size), np.complex128)
    own = np.zeros((users, size, size), np.complex128)
    constant = np.zeros((size, size), np.complex128)
    linear_parts(vectors, gamma, mode, parts, own, constant)
    # as real vectors, which the loops over them like better
    flat_parts = parts.reshape(n, entries).view(np.float64)
    flat_own = own.reshape(users, entries).view(np.float64)
    flat_constant = constant.reshape(entries).view(np.float64)
    matrices = np.zeros((users, size, size), np.complex128)
    flat_matrices = matrices.reshape(users, entries).view(np.float64)
    moves = np.zeros((users, size, size), np.complex128)
    flat_moves = moves.reshape(users, entries).view(np.float64)
    inverses = np.zeros((users, size, size), np.complex128)
    covariances = np.zeros((users, size, size), np.complex128)
    changes = np.zeros((users, size, size), np.complex128)
    seconds = np.zeros((users, size, size), np.complex128)
    factor = np.zeros((size, size), np.complex128)
    scratch = np.zeros((size, size), np.complex128)
    seen = np.zeros((5, max(size, count), count), np.complex128)
    three, two = np.zeros((8, 3, 3), np.complex128), np.zeros((9, 2, 2), np.complex128)
    corner, corner_move, corner_inverse, corner_multiplier = three[0], three[1], three[2], three[3]
    corner_change, corner_second, small, small_factor = three[4], three[5], three[6], three[7]
    det, det_move, det_inverse, det_multiplier = two[0], two[1], two[2], two[3]
    det_change, det_second, pair, pair_factor, unit = two[4], two[5], two[6], two[7], two[8]
    tensor = np.zeros((3, 3, 3, 3), np.complex128)
    row, unit_variables, slope = np.empty(SENSING), np.empty(SENSING), np.empty(4)
    slack, slack_change, slack_second = np.empty(users), np.empty(users), np.empty(users)
    real = np.zeros((6, n))
    x, move, gradient, toward, right, scale = real[0], real[1], real[2], real[3], real[4], real[5]
    hessian, root = np.empty((n, n)), np.empty((n, n))
    trial = np.empty((size, users), np.complex128)

    if mode == TIE_BREAK:
        for i in range(n):
            x[i] = WARM_SCALE * warm_dual[i]
        x[n - 1] += 1.0
        covariances[:] = warm_matrices
        corner_multiplier[:] = warm_corner
        det_multiplier[:] = warm_root
        slack[:] = warm_dual[n:]
        user_matrices(x, flat_parts, flat_own, flat_constant, 1.0, flat_matrices)
    else:
        start_point(cost, uplink, sensing, x)
        # B Z = mu I of unit power
        user_matrices(x, flat_parts, flat_own, flat_constant, 1.0, flat_matrices)
        power = 0.0
        for k in range(users):
            invert(matrices[k], factor, covariances[k])
            for i in range(size):
                power += covariances[k, i, i].real
        for k in range(users):
            covariances[k] /= power
            slack[k] = 1.0 / (power * x[first + k])
        if sensing:
            corner_matrix(x, corner)
            invert(corner, small_factor, corner_multiplier)
            corner_multiplier /= power
            root_matrix(x, det)
            invert(det, pair_factor, det_multiplier)
            det_multiplier /= power
    if sensing:
        corner_matrix(x, corner)
        root_matrix(x, det)

    degree = users * (size + 1) + (5 if sensing else 0)
    goal = 10.0 * GAP if mode == TIE_BREAK else GAP
    bound = -np.inf if mode == COST else np.inf
    best = np.inf if mode == COST else -np.inf
    best_margin = -np.inf
    kept = False
    stuck = False
    steps = 0
    while True:
        hessian[:, :] = 0.0
        value = dual_objective(x, noise, cost, mode, cap, slope, gradient, hessian)
        bound = max(bound, -value) if mode == COST else min(bound, value)
        distance = 0.0
        for k in range(users):
            distance += inner(matrices[k], covariances[k]) + x[first + k] * slack[k]
        if sensing:
            distance += inner(corner, corner_multiplier) + inner(det, det_multiplier)
        done = stuck or steps == MOST_STEPS or distance <= 0.01 * goal * abs(bound)
        if mode == COST and not kept and (done or distance <= WARM * abs(bound)):
            kept = True
            warm_dual[:n] = x
            warm_dual[n:] = slack
            warm_matrices[:] = covariances
            warm_corner[:] = corner_multiplier
            warm_root[:] = det_multiplier
        if done or distance <= 10.0 * goal * abs(bound):
            margin = rank_one(vectors, noise, gamma, covariances, trial)
            f, q = beam_cost(vectors, cost, trial)
            better = f < best if mode == COST else q > best
            if best_margin < -RATE_SLIP:
                better = margin > best_margin
            elif margin < -RATE_SLIP:
                better = False
            if better and (mode != TIE_BREAK or f <= cap * (1.0 + CAP_SLIP)):
                best = f if mode == COST else q
                best_margin = margin
                beams[:] = trial
                multipliers[:] = x[first : first + users]
            met = best <= (1.0 + goal) * bound if mode == COST else best >= (1.0 - goal) * bound
            if done or (best_margin >= -RATE_SLIP and met):
                break

        steps += 1
        tensor[:] = 0.0
        toward[:] = 0.0
        for k in range(users):
            if not invert(matrices[k], factor, inverses[k]):
                stuck = True
                break
            add_user(vectors, inverses[k], covariances[k], gamma, k, sensing, seen, hessian, tensor, toward)
            toward[first + k] += 1.0 / x[first + k]
            hessian[first + k, first + k] += slack[k] / x[first + k]
        if sensing and not stuck:
            stuck = not invert(corner, small_factor, corner_inverse) or not invert(det, pair_factor, det_inverse)
            if not stuck:
                add_corner(corner_inverse, corner_multiplier, hessian, tensor, toward, small, row)
                map_tensor(tensor, hessian)
                add_root(
                    det_inverse, det_multiplier, hessian, toward, unit, pair, pair_factor, unit_variables, row
                )  # fmt: skip
        if stuck:
            continue
        scaled_cholesky(hessian, scale, root)
        centre = 0.0
        seconds[:] = 0.0
        corner_second[:] = 0.0
        det_second[:] = 0.0
        slack_second[:] = 0.0
        for corrector in range(2):
            for i in range(n):
                right[i] = centre * toward[i] - gradient[i]
            if corrector:
                for k in range(users):
                    product(seconds[k], vectors, seen[0, :size])
                    adjoint_product(vectors, seen[0, :size], 3, 3, seen[1, :count])
                    add_user_traces(vectors, seconds[k], seen[1], gamma, k, sensing, -1.0, right)
                    right[first + k] -= slack_second[k]
                if sensing:
                    add_corner_traces(corner_second, -1.0, right)
                    add_root_traces(det_second, -1.0, right)
            solve_scaled(scale, root, right, move)
            user_matrices(move, flat_parts, flat_own, flat_constant, 0.0, flat_moves)
            dual_step = primal_step = 1.0
            for k in range(users):
                change_multiplier(
                    covariances[k], inverses[k], moves[k], centre, seconds[k], scratch, changes[k]
                )  # fmt: skip
                if not corrector:
                    second_order(changes[k], scratch, seconds[k])
                dual_step = longest_step(matrices[k], moves[k], dual_step, factor)
                primal_step = longest_step(covariances[k], changes[k], primal_step, factor)
                part = move[first + k] / x[first + k]
                slack_change[k] = centre / x[first + k] - slack[k] - slack[k] * part - slack_second[k]
                if not corrector:
                    slack_second[k] = slack_change[k] * part
                if part < 0.0:
                    dual_step = min(dual_step, -1.0 / part)
                if slack_change[k] < 0.0:
                    primal_step = min(primal_step, -slack[k] / slack_change[k])
            if sensing:
                corner_matrix(move, corner_move)
                change_multiplier(
                    corner_multiplier, corner_inverse, corner_move, centre, corner_second, small, corner_change
                )
                if not corrector:
                    second_order(corner_change, small, corner_second)
                dual_step = longest_step(corner, corner_move, dual_step, small_factor)
                primal_step = longest_step(corner_multiplier, corner_change, primal_step, small_factor)
                root_matrix(move, det_move)
                change_multiplier(det_multiplier, det_inverse, det_move, centre, det_second, pair, det_change)
                if not corrector:
                    second_order(det_change, pair, det_second)
                dual_step = longest_step(det, det_move, dual_step, pair_factor)
                primal_step = longest_step(det_multiplier, det_change, primal_step, pair_factor)
            if not corrector:
                # how much of the distance the predictor would leave
                left = 0.0
                for k in range(users):
                    left += inner(matrices[k], covariances[k]) + primal_step * inner(matrices[k], changes[k])
                    left += dual_step * (inner(moves[k], covariances[k]) + primal_step * inner(moves[k], changes[k]))
                    left += (x[first + k] + dual_step * move[first + k]) * (slack[k] + primal_step * slack_change[k])
                if sensing:
                    left += inner(corner, corner_multiplier) + primal_step * inner(corner, corner_change)
                    left += dual_step * inner(corner_move, corner_multiplier)
                    left += dual_step * primal_step * inner(corner_move, corner_change)
                    left += inner(det, det_multiplier) + primal_step * inner(det, det_change)
                    left += dual_step * (inner(det_move, det_multiplier) + primal_step * inner(det_move, det_change))
                share = min(max(left / distance, 1e-4), 0.9)
                centre = share * math.sqrt(share) * distance / degree
        dual_step *= BACK
        primal_step *= BACK
        stuck = min(dual_step, primal_step) < 1e-3
        for i in range(n):
            x[i] += dual_step * move[i]
        user_matrices(x, flat_parts, flat_own, flat_constant, 1.0, flat_matrices)
        for k in range(users):
            advance(covariances[k], changes[k], primal_step)
            slack[k] += primal_step * slack_change[k]
        if sensing:
            corner_matrix(x, corner)
            advance(corner_multiplier, corner_change, primal_step)
            root_matrix(x, det)
            advance(det_multiplier, det_change, primal_step)
    return bound, best, best_margin, steps
