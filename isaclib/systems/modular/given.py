"""What a ray tracer or a measurement may give to the system ``modular``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from isaclib.systems.given import Given
from isaclib.systems.modular.draw import as_known
from isaclib.systems.modular.scenario import Scenario

GIVEN: Mapping[str, Given] = {
    "channel": Given(
        dims=("user_antenna", "element"),
        sizes=lambda p: (p.user_antennas, p.elements),
        about="channel H of the user, who receives H x; elements of one subarray after the other",
    ),
    "subarray_responses": Given(
        dims=("subarray", "subarray_element", "response"),
        sizes=lambda p: (p.subarrays, p.elements_per_subarray, len(p.responses)),
        about="columns that analog beamformers may take on each subarray: paths of the user, targets, interferers",
        beside="channel",
        modulus_one=True,
    ),
}


def with_given(scenario: Scenario, arrays: Mapping[str, Any]) -> Scenario:
    """Return a scenario with a channel that was given.

    The designer knows it, or an estimate of it; where wavefronts are taken for others, only those of
    the objects are.
    """
    assumed = None if scenario.assumed is None else replace(scenario.assumed, scatterers_m=None, **arrays)
    return as_known(replace(scenario, assumed=assumed, scatterers_m=None, **arrays))
