"""Modular XL-MIMO hybrid beamforming for near-field ISAC."""

from isaclib.systems.modular.draw import draw_scenario
from isaclib.systems.modular.estimation import ESTIMATORS
from isaclib.systems.modular.given import GIVEN, with_given
from isaclib.systems.modular.metrics import METRICS, evaluate
from isaclib.systems.modular.parameters import Parameters
from isaclib.systems.modular.pattern import pattern
from isaclib.systems.modular.places import places
from isaclib.systems.modular.spectrum import spectrum
from isaclib.systems.system import System

SYSTEM = System(
    name="modular",
    version=1,
    parameters_class=Parameters,
    draw_scenario=draw_scenario,
    evaluate_design=evaluate,
    schemes_package="isaclib.systems.modular.schemes",
    estimators=ESTIMATORS,
    metrics=METRICS,
    given=GIVEN,
    with_given=with_given,
    power_pattern=pattern,
    spectra={"music": spectrum},
    positions=places,
)
