"""Zero-forcing: every user has its rate on a beam that the others do not see, the target has the power that is left."""

import numpy as np

from isaclib.physics import arrays
from isaclib.systems.base import Scheme, Solver, Status
from isaclib.systems.hybrid.acceptance import judge


def zero_forcing(scenario, options, rng):
    """Design for a batch of B realisations; channels are of shape (B, K, N), beamformers of shape (B, N, K)."""
    p = scenario.parameters
    users = np.swapaxes(scenario.channels, 1, 2)
    inverse = users @ np.linalg.inv(
        np.conj(scenario.channels) @ users
    )  # h_k^H times column j is one if k = j, else zero
    sinr = (2.0**p.min_rates_bps_hz - 1.0) * 10.0 ** (options["margin_db"] / 10.0)
    beams = inverse * np.sqrt(sinr * p.noise_w)
    left_w = p.power_w - np.sum(np.abs(beams) ** 2, axis=(1, 2))

    target = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    unseen = target - (inverse @ (np.conj(scenario.channels) @ target)[..., None])[..., 0]
    unseen /= np.linalg.norm(unseen, axis=-1, keepdims=True)
    beams = beams + np.sqrt(np.maximum(left_w, 0.0) / p.users)[:, None, None] * unseen[..., None]

    found = left_w >= 0.0
    return judge(
        scenario,
        objective="speb",
        beamformers=np.where(found[:, None, None], beams, np.nan),
        bound=np.full(len(found), np.nan),  # none is known: no design is proven optimal
        speb_bound_m2=np.full(len(found), np.nan),
        status=np.where(found, Status.FEASIBLE, Status.NOT_FOUND),
        reason=["" if ok else "zero-forcing takes more than the transmit power" for ok in found],
        iterations=np.zeros(len(found), dtype=int),
    )


SCHEME = Scheme(
    name="zero-forcing",
    summary="beams that other users do not see, the power that is left on the target",
    solvers={
        "closed-form": Solver(
            run=zero_forcing,
            summary="pseudo-inverse of the channels",
            options={"margin_db": 0.0},
        ),
    },
)
