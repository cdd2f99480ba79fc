"""The seed's benchmark RandM: sensors that are drawn instead of designed.

Its words: "the interval among two radio sensors is fixed as [lost]. The number of radio sensors is randomly
distributed among [lost]. The active and passive BF designs are optimized via Algorithm 2."

Chosen: an interval of half a wavelength, the least the system allows (`sensor_spacing_wavelengths` names
another), and a number uniform on 3, ..., min(N_max, what fits onto the surface at that interval), one
uniform number a realisation that is the same at every grid point. Beam and coefficients are those of the
joint design's closed form, which light the target most, as Algorithm 2 asks.

A few sensors half a wavelength apart know next to nothing of the range. What two beams change across the
target then tells more than all light on it: random pairs of beams were seen to cost less at 3 sensors, and
over a Rician channel at 6; never at 20. Means of this benchmark are made by such draws, and say little of
random sensors under the best beams for them.
"""

from functools import partial

from isaclib.systems.base import Scheme, Solver
from isaclib.systems.stars.closed_form import check_options, check_parameters
from isaclib.systems.stars.random_deployment import OPTIONS, random_deployment

SCHEME = Scheme(
    name="random-deployment",
    summary="beams and surface that light the target most for sensors half a wavelength apart, their number drawn",
    solvers={
        "closed-form": Solver(
            run=random_deployment,
            summary="fixed point for the beam, co-phased coefficients, sensors as drawn; gap to the cost of any design",
            options=OPTIONS,
            check=check_options,
            check_parameters=partial(check_parameters, other=""),
        ),
    },
)
