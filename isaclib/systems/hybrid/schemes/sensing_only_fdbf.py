"""Sensing alone by fully digital beamforming: the bound of Fig. 5."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.direct import sensing_only

SCHEME = Scheme(
    name="sensing-only-fdbf",
    summary="fully digital beamformers of least SPEB without users",
    solvers={
        "closed-form": Solver(
            run=partial(sensing_only, hybrid=False),
            summary="all power on the response of the target",
        ),
    },
)
