"""Transmit beamformers and receive filter in turn: beyond the paper, whose filter stays fixed."""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.modular.receive import ALTERNATING_OPTIONS, alternating_mvdr, check_alternating

SCHEME = Scheme(
    name="joint-receive",
    summary="hybrid beamformers and MVDR receive filter of largest spectral efficiency under the SCNR constraint",
    solvers={
        "alternating-mvdr": Solver(
            run=alternating_mvdr,
            summary="the dual for the filter and MVDR for the beamformers, in turn",
            options=ALTERNATING_OPTIONS,
            check=check_alternating,
            traces=True,
        ),
    },
)
