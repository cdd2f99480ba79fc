"""Spectral efficiency maximisation by hybrid beamforming, problem (22)."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.modular.direct import dual

SCHEME = Scheme(
    name="hybrid-beamforming",
    summary="hybrid beamformers of largest spectral efficiency under the SCNR constraint",
    solvers={
        "dual": Solver(
            run=partial(dual, hybrid=True),
            summary="water-filling at the multiplier where the constraint is met, exact behind Theorem 1's F_A",
        ),
    },
)
