"""Sum-rate maximisation under a SPEB constraint by fully digital beamforming, problem (24)."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.communication.direct import FULLY_DIGITAL_RATE_OPTIONS, sum_rate_fully_digital
from isaclib.systems.hybrid.reference.sca_bcd import (
    SCA_BCD_AS_PRINTED_OPTIONS,
    SCA_BCD_OPTIONS,
    check_sca_bcd,
    sca_bcd,
)

SCHEME = Scheme(
    name="sca-bcd-fdbf",
    summary="fully digital beamformers of largest sum-rate under the SPEB constraint",
    solvers={
        "direct": Solver(
            run=partial(sum_rate_fully_digital, speb=True),
            summary="dual uplink and dual of the SPEB constraint, with their certificate",
            options=FULLY_DIGITAL_RATE_OPTIONS,
            version=2,
        ),
        "sca-bcd": Solver(
            run=partial(sca_bcd, hybrid=False, as_printed=False),
            summary="Algorithm 2 in CVXPY: fractional programming and successive convex approximation",
            options=SCA_BCD_OPTIONS,
            check=check_sca_bcd,
            seconds=1.0,
            traces=True,
        ),
        "sca-bcd-as-printed": Solver(
            run=partial(sca_bcd, hybrid=False, as_printed=True),
            summary="Algorithm 2 with (50) and (56) as printed, which cannot leave its start",
            options=SCA_BCD_AS_PRINTED_OPTIONS,
            check=check_sca_bcd,
            seconds=1.0,
            traces=True,
        ),
    },
)
