"""The seed's benchmark RandM: sensors that are drawn instead of designed.

Its words: "the interval among two radio sensors is fixed as [lost]. The number of radio sensors is randomly
distributed among [lost]. The active and passive BF designs are optimized via Algorithm 2."

Chosen: an interval of half a wavelength, the least the system allows (`sensor_spacing_wavelengths` names
another), and a number uniform on 3, ..., min(N_max, what fits onto the surface at that interval), one
uniform number a realisation that is the same at every grid point. Beam and coefficients are those of the
joint design's closed form, which light the target most, as Algorithm 2 asks.

A few sensors half a wavelength apart know next to nothing of the range. What two beams change across the
target then tells more than all light on it: at the default parameters the solver `riemannian`, which has two
beams, costs 0.003 of `closed-form` at 3 sensors, half at about 9 and the same from 12 on (20 over the Rician
channel). Means of this benchmark are made by such draws: by `closed-form` they are the price of a single beam
as much as that of random sensors.
"""

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.stars.closed_form import check_options, check_parameters
from isaclib.systems.stars.random_deployment import (
    DESCENT_OPTIONS,
    OPTIONS,
    check_descent,
    random_deployment,
    random_deployment_descent,
)

SCHEME = Scheme(
    name="random-deployment",
    summary="beams and surface that light the target most for sensors half a wavelength apart, their number drawn",
    solvers={
        "closed-form": Solver(
            run=random_deployment,
            summary="fixed point for the beam, co-phased coefficients, sensors as drawn; gap to the cost of any design",
            options=OPTIONS,
            check=check_options,
            check_parameters=check_parameters,
        ),
        "riemannian": Solver(
            run=random_deployment_descent,
            summary="augmented Lagrangian on sphere x (S^3)^N for the sensors drawn, two beams where they tell more",
            options=DESCENT_OPTIONS,
            check=check_descent,
            version=2,
        ),
    },
)
