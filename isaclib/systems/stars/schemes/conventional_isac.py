"""The seed's benchmark conISAC: one beam, which serves the user and senses.

The seed lost the item that describes it; what is left calls the proposal superior by its dedicated sensing
beam. Chosen: the joint design with the user's beam alone, sensors, beam and surface designed alike.

The two cost the same: the closed form of the joint design has no power for the sensing beam either. Where the
status is `optimal`, no design with any number of beams costs less; where it is `feasible`, a second beam could
lower the cost by the gap at most. The solver `riemannian` found none to do so at the default parameters; over
random channels a random walk found one on two draws in a thousand, for a tenth of the cost at most. Where
sensors are few and close by decree, two beams are worth much.
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
