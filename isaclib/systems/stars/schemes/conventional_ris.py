"""The seed's benchmark conRIS: two conventional surfaces side by side in place of one that does both.

Its words: "the full space radio sensing and communication functionalities are implemented via one
reflecting-only RIS and one transmitting-only RIS. For the fair comparison, there are [N/2] elements in each
separate RIS, where [N] is assumed to be an even number for simplicity. Thus, the corresponding optimization
can be solved via Algorithm 2."

Chosen: the N/2 elements of lower y transmit, the N/2 of higher y, next to the base station where its angle is
positive, reflect; sensors over the whole surface, their number and interval designed as for the proposal.
"""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.stars.closed_form import check_options
from isaclib.systems.stars.conventional_ris import OPTIONS, check_parameters, conventional_ris

SCHEME = Scheme(
    name="conventional-ris",
    summary="sensors, beams and phases of least cost where half the elements transmit and the others reflect",
    solvers={
        "closed-form": Solver(
            run=conventional_ris,
            summary="fixed point for the beam of both halves, co-phased coefficients, enumeration; certified",
            options=OPTIONS,
            check=check_options,
            check_parameters=check_parameters,
        ),
    },
)
