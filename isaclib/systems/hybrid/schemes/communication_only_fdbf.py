"""Sum-rate maximisation by fully digital beamforming without a SPEB constraint, the bound of Fig. 9."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.communication.direct import FULLY_DIGITAL_RATE_OPTIONS, sum_rate_fully_digital
from isaclib.systems.hybrid.reference.fp_bcd import FP_BCD_OPTIONS, check_fp_bcd, fp_bcd

SCHEME = Scheme(
    name="communication-only-fdbf",
    summary="fully digital beamformers of largest sum-rate, whatever the SPEB",
    solvers={
        "direct": Solver(
            run=partial(sum_rate_fully_digital, speb=False),
            summary="dual uplink and dual of the SPEB constraint, with their certificate",
            options=FULLY_DIGITAL_RATE_OPTIONS,
            version=2,
        ),
        "fp-bcd": Solver(
            run=partial(fp_bcd, hybrid=False),
            summary="closed-form fractional programming (WMMSE) iterations from the paper's start",
            options=FP_BCD_OPTIONS,
            check=check_fp_bcd,
            traces=True,
        ),
    },
)
