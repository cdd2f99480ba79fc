"""The sum capacity without a limit on the SPEB: the bound of Figs. 7 to 9."""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.hybrid.communication.dirty_paper import dirty_paper_bound

SCHEME = Scheme(
    name="dpc-bound",
    summary="largest sum-rate of any beamformer, by dirty-paper coding, whatever the SPEB",
    solvers={
        "water-filling": Solver(
            run=dirty_paper_bound,
            summary="dual multiple-access water-filling, certified by its duality gap",
        ),
    },
)
