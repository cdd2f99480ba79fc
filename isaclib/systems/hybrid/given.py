"""What a ray tracer or a measurement may give to the system ``hybrid``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from isaclib.systems.given import Given
from isaclib.systems.hybrid.scenario import Scenario, as_known

GIVEN: Mapping[str, Given] = {
    "channels": Given(
        dims=("user", "element"),
        sizes=lambda p: (p.users, p.elements),
        about="channels h_k of the users: user k receives h_k^H x",
    ),
    "user_positions_m": Given(
        dims=("user", "coordinate"),
        sizes=lambda p: (p.users, 2),
        about="(x, y) of the users",
        units="m",
        real=True,
        beside="channels",
    ),
}


def with_given(scenario: Scenario, arrays: Mapping[str, Any]) -> Scenario:
    """Return a scenario with channels that were given; what was assumed is estimated from them."""
    return as_known(replace(scenario, assumed=None, scatterers_m=None, **arrays))
