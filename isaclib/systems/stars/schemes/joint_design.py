"""Sensors, active and passive beamforming of least cost: the paper's proposal."""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.stars.closed_form import OPTIONS, check_options, check_parameters, closed_form

SCHEME = Scheme(
    name="joint-design",
    summary="sensors, beams and surface of least cost of position error and sensors, under rate and power",
    solvers={
        "closed-form": Solver(
            run=closed_form,
            summary="fixed point for the beam, co-phased coefficients, enumeration of the sensors; certified",
            options=OPTIONS,
            check=check_options,
            check_parameters=check_parameters,
        ),
    },
)
