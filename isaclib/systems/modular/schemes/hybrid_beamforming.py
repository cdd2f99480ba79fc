"""Spectral efficiency maximisation by hybrid beamforming, problem (22)."""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.modular.direct import dual
from isaclib.systems.modular.reference.rgd_full_range import RGD_OPTIONS, rgd_full_range
from isaclib.systems.modular.reference.rm_jgd import RM_JGD_OPTIONS, check_rm_jgd, rm_jgd
from isaclib.systems.modular.reference.sdr_rrs import SDR_RRS_OPTIONS, check_sdr_rrs, sdr_rrs
from isaclib.systems.modular.reference.starts import check_descent
from isaclib.systems.modular.reference.trust_regions import TRUST_REGIONS_OPTIONS, trust_regions

SCHEME = Scheme(
    name="hybrid-beamforming",
    summary="hybrid beamformers of largest spectral efficiency under the SCNR constraint",
    solvers={
        "dual": Solver(
            run=partial(dual, hybrid=True),
            summary="water-filling at the multiplier where the constraint is met, exact behind Theorem 1's F_A",
        ),
        "sdr-rrs": Solver(
            run=sdr_rrs,
            summary="Algorithm 2 in CVXPY: semidefinite relaxation, randomisation or largest eigenpairs",
            options=SDR_RRS_OPTIONS,
            check=check_sdr_rrs,
            seconds=3.0,
        ),
        "rm-jgd": Solver(
            run=rm_jgd,
            summary="Algorithm 1 as printed: joint gradient descent in the row space of the channel, log barrier",
            options=RM_JGD_OPTIONS,
            check=check_rm_jgd,
            seconds=1.0,
            traces=True,
        ),
        "rgd-full-range": Solver(
            run=rgd_full_range,
            summary="Riemannian gradient descent on the sphere of the power, log barrier with continuation",
            options=RGD_OPTIONS,
            check=check_descent,
            seconds=0.5,
            traces=True,
        ),
        "trust-regions": Solver(
            run=trust_regions,
            summary="the same by pymanopt's Riemannian trust regions",
            options=TRUST_REGIONS_OPTIONS,
            check=check_descent,
            seconds=0.3,
            traces=True,
        ),
    },
)
