"""What a ray tracer or a measurement may give to the system ``stars``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from isaclib.systems.given import Given
from isaclib.systems.stars.draw import as_known, with_user_channel
from isaclib.systems.stars.scenario import Scenario

GIVEN: Mapping[str, Given] = {
    "user_channel": Given(
        dims=("user", "element"),
        sizes=lambda p: (p.users, p.star_elements),
        about="channels h from the surface to the users: a user receives h^T diag(q_t) G x",
    ),
    "bs_star_channel": Given(
        dims=("element", "bs_antenna"),
        sizes=lambda p: (p.star_elements, p.bs_antennas),
        about="channel G from the base station to the surface",
    ),
    "user_range_m": Given(
        dims=("user",),
        sizes=lambda p: (p.users,),
        about="distances of the users from the centre of the surface",
        units="m",
        real=True,
        beside="user_channel",
    ),
    "user_angle_rad": Given(
        dims=("user",),
        sizes=lambda p: (p.users,),
        about="angles of the users from the normal of their side",
        units="rad",
        real=True,
        beside="user_channel",
    ),
}


def with_given(scenario: Scenario, arrays: Mapping[str, np.ndarray]) -> Scenario:
    """Return a scenario with channels that were given; what was assumed is estimated from them."""
    fields: dict[str, Any] = dict(arrays)
    channel = fields.pop("user_channel", None)
    if scenario.parameters.users == 1:
        fields.update({name: fields[name][:, 0] for name in ("user_range_m", "user_angle_rad") if name in fields})
    truth = replace(scenario, assumed=None, **fields)
    return as_known(truth if channel is None else with_user_channel(truth, channel))
