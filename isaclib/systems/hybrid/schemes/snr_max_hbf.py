"""Sensing-SNR maximisation by hybrid beamforming, the benchmark [19]."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.direct import HYBRID_OPTIONS, check_hybrid, hybrid_direct
from isaclib.systems.hybrid.reference.sdr_bcd import SDR_BCD_OPTIONS, check_sdr_bcd, sdr_bcd_snr

SCHEME = Scheme(
    name="snr-max-hbf",
    summary="hybrid beamformers of largest sensing SNR under the guaranteed rates",
    solvers={
        "direct": Solver(
            run=partial(hybrid_direct, objective="snr"),
            summary="phases and digital beamformer as one smooth problem, augmented Lagrangian",
            options=HYBRID_OPTIONS,
            check=check_hybrid,
            version=6,
        ),
        "sdr-bcd": Solver(
            run=sdr_bcd_snr,
            summary="Algorithm 1 in CVXPY with a^H R a as objective",
            options=SDR_BCD_OPTIONS,
            check=check_sdr_bcd,
            seconds=60.0,
            traces=True,
        ),
    },
)
