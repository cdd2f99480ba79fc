"""STARS-assisted near-field ISAC with sensors on the surface."""

from isaclib.systems.stars.draw import draw_scenario
from isaclib.systems.stars.estimation import ESTIMATORS
from isaclib.systems.stars.given import GIVEN, with_given
from isaclib.systems.stars.metrics import METRICS, evaluate
from isaclib.systems.stars.parameters import Parameters
from isaclib.systems.stars.pattern import pattern
from isaclib.systems.stars.places import places
from isaclib.systems.stars.spectrum import spectrum
from isaclib.systems.system import System

SYSTEM = System(
    name="stars",
    version=1,
    parameters_class=Parameters,
    draw_scenario=draw_scenario,
    evaluate_design=evaluate,
    schemes_package="isaclib.systems.stars.schemes",
    metrics=METRICS,
    given=GIVEN,
    with_given=with_given,
    power_pattern=pattern,
    spectra={"music": spectrum},
    positions=places,
    estimators=ESTIMATORS,
    kept=("active", "reflection", "transmission", "sensor_count", "sensor_spacing_m"),
)
"""The system, as `isaclib.get_system` returns it."""
