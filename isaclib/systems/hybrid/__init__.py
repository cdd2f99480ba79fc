"""SPEB-based hybrid beamforming for near-field ISAC."""

from isaclib.systems.hybrid.estimation import ESTIMATORS
from isaclib.systems.hybrid.given import GIVEN, with_given
from isaclib.systems.hybrid.metrics import METRICS, evaluate
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.hybrid.pattern import pattern
from isaclib.systems.hybrid.places import places
from isaclib.systems.hybrid.scenario import draw_scenario
from isaclib.systems.hybrid.spectrum import spectrum
from isaclib.systems.system import System

SYSTEM = System(
    name="hybrid",
    version=1,
    parameters_class=Parameters,
    draw_scenario=draw_scenario,
    evaluate_design=evaluate,
    schemes_package="isaclib.systems.hybrid.schemes",
    estimators=ESTIMATORS,
    metrics=METRICS,
    given=GIVEN,
    with_given=with_given,
    power_pattern=pattern,
    spectra={"music": spectrum},
    positions=places,
)
