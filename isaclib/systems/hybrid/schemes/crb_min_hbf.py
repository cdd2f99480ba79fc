"""Minimisation of the joint bound on distance and angle by hybrid beamforming."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.direct import HYBRID_OPTIONS, check_hybrid, hybrid_direct

SCHEME = Scheme(
    name="crb-min-hbf",
    summary="hybrid beamformers of least joint distance-and-angle CRB under the guaranteed rates",
    solvers={
        "direct": Solver(
            run=partial(hybrid_direct, objective="polar"),
            summary="phases and digital beamformer as one smooth problem, augmented Lagrangian",
            options=HYBRID_OPTIONS,
            check=check_hybrid,
            version=6,
        ),
    },
)
