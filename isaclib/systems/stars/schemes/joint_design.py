"""Sensors, active and passive beamforming of least cost: the paper's proposal."""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.stars.closed_form import OPTIONS, check_options, check_parameters, closed_form
from isaclib.systems.stars.reference.penalty_sdp import (
    PENALTY_SDP_OPTIONS,
    check_penalty_parameters,
    check_penalty_sdp,
    penalty_sdp,
)
from isaclib.systems.stars.riemannian.solver import RIEMANNIAN_OPTIONS, check_riemannian, riemannian

SCHEME = Scheme(
    name="joint-design",
    summary="sensors, beams and surface of least cost of position error and sensors, under rate and power",
    solvers={
        "closed-form": Solver(
            run=closed_form,
            summary="fixed point for the beam, co-phased coefficients, enumeration of the sensors; certified",
            options=OPTIONS,
            check=check_options,
            check_parameters=check_parameters,
        ),
        "penalty-sdp": Solver(
            run=penalty_sdp,
            summary="Algorithm 3 in CVXPY: Algorithm 1 for the sensors, semidefinite programs with a penalty on ranks",
            options=PENALTY_SDP_OPTIONS,
            check=check_penalty_sdp,
            check_parameters=check_penalty_parameters,
            seconds=2.0,
            traces=True,
        ),
        "riemannian": Solver(
            run=riemannian,
            summary="augmented Lagrangian on sphere x (S^3)^N: several users or targets, coupled phases, either side",
            options=RIEMANNIAN_OPTIONS,
            check=check_riemannian,
            version=2,
        ),
    },
)
