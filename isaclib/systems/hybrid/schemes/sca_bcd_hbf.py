"""Sum-rate maximisation under a SPEB constraint by hybrid beamforming, problem (24)."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.communication.direct import HYBRID_RATE_OPTIONS, check_hybrid_rate, sum_rate_hybrid
from isaclib.systems.hybrid.reference.sca_bcd import (
    SCA_BCD_AS_PRINTED_OPTIONS,
    SCA_BCD_OPTIONS,
    check_sca_bcd,
    sca_bcd,
)

SCHEME = Scheme(
    name="sca-bcd-hbf",
    summary="hybrid beamformers of largest sum-rate under the SPEB constraint",
    solvers={
        "direct": Solver(
            run=partial(sum_rate_hybrid, speb=True),
            summary="phases and digital beamformer as one smooth problem, augmented Lagrangian",
            options=HYBRID_RATE_OPTIONS,
            check=check_hybrid_rate,
            version=3,
        ),
        "sca-bcd": Solver(
            run=partial(sca_bcd, hybrid=True, as_printed=False),
            summary="Algorithm 2 in CVXPY: fractional programming and successive convex approximation",
            options=SCA_BCD_OPTIONS,
            check=check_sca_bcd,
            seconds=25.0,
            traces=True,
        ),
        "sca-bcd-as-printed": Solver(
            run=partial(sca_bcd, hybrid=True, as_printed=True),
            summary="Algorithm 2 with (50) and (56) as printed, which cannot leave its start",
            options=SCA_BCD_AS_PRINTED_OPTIONS,
            check=check_sca_bcd,
            seconds=1.0,
            traces=True,
        ),
    },
)
