"""Sensing alone by hybrid beamforming: the bound of Fig. 5."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.direct import sensing_only

SCHEME = Scheme(
    name="sensing-only-hbf",
    summary="hybrid beamformers of least SPEB without users",
    solvers={
        "closed-form": Solver(
            run=partial(sensing_only, hybrid=True),
            summary="all power on the response of the target",
        ),
    },
)
