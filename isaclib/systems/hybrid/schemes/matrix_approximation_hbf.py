"""Hybrid beamforming by matrix approximation, the benchmark [44]."""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.communication.matrix_approximation import (
    MATRIX_APPROXIMATION_OPTIONS,
    check_matrix_approximation,
    matrix_approximation,
)

SCHEME = Scheme(
    name="matrix-approximation-hbf",
    summary="hybrid beamformers closest to the fully digital ones of largest sum-rate; may break the SPEB limit",
    solvers={
        "alternating-minimisation": Solver(
            run=matrix_approximation,
            summary="phases and digital beamformer by turns, each in closed form",
            options=MATRIX_APPROXIMATION_OPTIONS,
            check=check_matrix_approximation,
            version=2,
        ),
    },
)
