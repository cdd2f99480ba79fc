"""SPEB minimisation by fully digital beamforming (Section IV, full dimension)."""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.direct import FULLY_DIGITAL_OPTIONS, check_fully_digital, fully_digital_direct
from isaclib.systems.hybrid.reference.sdr import SDR_OPTIONS, check_sdr, sdr

SCHEME = Scheme(
    name="speb-min-fdbf",
    summary="fully digital beamformers of least SPEB under the guaranteed rates",
    solvers={
        "direct": Solver(
            run=fully_digital_direct,
            summary="reduced (K + 3)-dimensional relaxation by its dual, certified; ties broken towards the target",
            options=FULLY_DIGITAL_OPTIONS,
            check=check_fully_digital,
            version=3,
        ),
        "sdr": Solver(
            run=sdr,
            summary="full-size semidefinite relaxation in CVXPY, eigenvector recovery",
            options=SDR_OPTIONS,
            check=check_sdr,
            seconds=30.0,
        ),
    },
)
