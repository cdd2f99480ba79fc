"""Sum-rate maximisation by hybrid beamforming without a SPEB constraint, the bound of Fig. 9."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.communication.direct import HYBRID_RATE_OPTIONS, check_hybrid_rate, sum_rate_hybrid
from isaclib.systems.hybrid.reference.fp_bcd import FP_BCD_OPTIONS, check_fp_bcd, fp_bcd

SCHEME = Scheme(
    name="communication-only-hbf",
    summary="hybrid beamformers of largest sum-rate, whatever the SPEB",
    solvers={
        "direct": Solver(
            run=partial(sum_rate_hybrid, speb=False),
            summary="phases and digital beamformer as one smooth problem, augmented Lagrangian",
            options=HYBRID_RATE_OPTIONS,
            check=check_hybrid_rate,
            version=3,
        ),
        "fp-bcd": Solver(
            run=partial(fp_bcd, hybrid=True),
            summary="closed-form fractional programming (WMMSE) iterations from the paper's start",
            options=FP_BCD_OPTIONS,
            check=check_fp_bcd,
            traces=True,
        ),
    },
)
