"""Two-stage hybrid beamforming, the benchmark [18]."""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.direct import two_stage_direct
from isaclib.systems.hybrid.reference.digital_sdr import DIGITAL_SDR_OPTIONS, check_digital_sdr, digital_sdr

SCHEME = Scheme(
    name="two-stage-hbf",
    summary="subarrays focused on users and target, digital stage of least joint distance-and-angle CRB",
    solvers={
        "direct": Solver(
            run=two_stage_direct,
            summary="digital stage by the dual of its relaxation, certified",
            version=4,
        ),
        "sdr": Solver(
            run=digital_sdr,
            summary="digital stage by semidefinite relaxation in CVXPY, eigenvector recovery",
            options=DIGITAL_SDR_OPTIONS,
            check=check_digital_sdr,
            seconds=1.0,
        ),
    },
)
