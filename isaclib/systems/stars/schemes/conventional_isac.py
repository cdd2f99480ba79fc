"""The seed's benchmark conISAC: one beam, which serves the user and senses.

The seed lost the item that describes it; what is left calls the proposal superior by its dedicated sensing
beam. Chosen: the joint design with the user's beam alone, sensors, beam and surface designed alike.

Seen so far: no draw on which the joint design found a use for the sensing beam, so that the two cost the
same. A certificate that no second beam could lower the cost is there where the status is `optimal`; at the
others it stays open.
"""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.stars.closed_form import OPTIONS, check_options, check_parameters, closed_form

SCHEME = Scheme(
    name="conventional-isac",
    summary="sensors, surface and a single beam, the user's, of least cost of position error and sensors",
    solvers={
        "closed-form": Solver(
            run=partial(closed_form, sensing_beam=False),
            summary="as the joint design's, without a beam for sensing alone; certified",
            options=OPTIONS,
            check=check_options,
            check_parameters=partial(check_parameters, other=""),
        ),
    },
)
