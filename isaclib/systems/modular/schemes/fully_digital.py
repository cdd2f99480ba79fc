"""Spectral efficiency maximisation over all antennas: the bound of hybrid designs."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.modular.direct import dual

SCHEME = Scheme(
    name="fully-digital",
    summary="fully digital beamformers of largest spectral efficiency under the SCNR constraint",
    solvers={
        "dual": Solver(
            run=partial(dual, hybrid=False),
            summary="water-filling at the multiplier where the constraint is met, exact",
        ),
    },
)
