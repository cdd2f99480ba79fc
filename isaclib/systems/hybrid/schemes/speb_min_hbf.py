"""SPEB minimisation by hybrid beamforming, problem (23)."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.direct import SPEB_HYBRID_OPTIONS, check_speb_hybrid, hybrid_direct
from isaclib.systems.hybrid.reference.sdr_bcd import SDR_BCD_OPTIONS, check_sdr_bcd, sdr_bcd

SCHEME = Scheme(
    name="speb-min-hbf",
    summary="hybrid beamformers of least SPEB under the guaranteed rates",
    solvers={
        "direct": Solver(
            run=partial(hybrid_direct, objective="speb"),
            summary="phases and digital beamformer as one smooth problem, augmented Lagrangian",
            options=SPEB_HYBRID_OPTIONS,
            check=check_speb_hybrid,
            version=6,
        ),
        "sdr-bcd": Solver(
            run=sdr_bcd,
            summary="Algorithm 1 in CVXPY: alternating semidefinite relaxations, Gaussian randomisation",
            options=SDR_BCD_OPTIONS,
            check=check_sdr_bcd,
            seconds=60.0,
            traces=True,
        ),
    },
)
