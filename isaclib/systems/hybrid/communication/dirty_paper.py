"""The sum capacity of the downlink: dirty-paper coding, by its dual uplink.

With h_k in units of the noise at full power, the best sum-rate of the uplink with the same channels
and total power is that of the downlink (Vishwanath, Jindal and Goldsmith, 2003):

    C = max log2 det(I + sum_k q_k h_k h_k^H)   s.t.  q >= 0, sum q = 1.

The uplink decodes user k in the presence of the users before it, B_k = I + sum_{j<k} q_j h_j h_j^H;
the downlink encodes in the order of the users, so that user k sees those after it. The same rates at
the same total power come from the beamformers

    w_k = (q_k A_k / (h_k^H B_k^-1 h_k))^1/2 B_k^-1 h_k,   A_k = 1 + sum_{j>k} |h_k^H w_j|^2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numba
import numpy as np

from isaclib.numerics.waterfilling import absorb, water_fill
from isaclib.systems.base import Status
from isaclib.systems.hybrid.acceptance import judge
from isaclib.systems.hybrid.design import Design
from isaclib.systems.hybrid.normalisation import normalise
from isaclib.systems.hybrid.scenario import Scenario
from isaclib.systems.streams import Streams


@numba.njit(cache=True)
def downlink_beams(channels: np.ndarray, powers: np.ndarray, beams: np.ndarray) -> None:
    """Write downlink beams with the rates and the total power of an uplink.

    Parameters
    ----------
    channels : ndarray of complex, shape (r, K)
        h_k in column k, with unit noise.
    powers : ndarray, shape (K,)
        q_k.
    beams : ndarray of complex, shape (r, K)
        w_k in column k, written.
    """
    size, users = channels.shape
    root = np.zeros((size, size), np.complex128)
    for i in range(size):
        root[i, i] = 1.0
    inner = np.empty(size, np.complex128)
    solved = np.empty(size, np.complex128)
    forms = np.empty(users)
    for k in range(users):
        forms[k] = absorb(root, channels[:, k], powers[k], inner, solved)
        beams[:, k] = solved
    for k in range(users - 1, -1, -1):
        heard = 1.0
        for j in range(k + 1, users):
            t = 0.0j
            for i in range(size):
                t += channels[i, k].conjugate() * beams[i, j]
            heard += t.real * t.real + t.imag * t.imag
        # a channel of zeros carries nothing
        scale = math.sqrt(powers[k] * heard / forms[k]) if forms[k] > 0.0 else 0.0
        for i in range(size):
            beams[i, k] *= scale


@numba.njit(cache=True)
def _batch(channels: np.ndarray, powers: np.ndarray, beams: np.ndarray) -> None:
    for b in range(channels.shape[0]):
        downlink_beams(channels[b], powers[b], beams[b])


def dirty_paper_bound(scenario: Scenario, options: Mapping[str, Any], rng: Streams) -> Design:
    """Attain the sum capacity by dirty-paper coding, certified by the gap of the dual uplink.

    No beamformer has a larger sum-rate, whatever its structure and whatever it has to sense.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations.
    options : mapping
        None are taken.
    rng : Streams
        Not used.

    Returns
    -------
    Design
        Beamformers of dirty-paper coded streams; `iterations` counts Newton steps.
    """
    p = scenario.parameters
    batch = len(scenario)
    unit = scenario.channels * np.sqrt(p.power_w / p.noise_w)
    basis, factors = np.linalg.qr(np.swapaxes(unit, -1, -2))
    uplink = water_fill(factors)
    beams = np.empty_like(factors)
    _batch(factors, uplink.powers, beams)
    beams *= np.sqrt(p.power_w / np.sum(np.abs(beams) ** 2, axis=(-2, -1), keepdims=True))
    return judge(
        scenario,
        objective="sum-rate",
        beamformers=basis @ beams,
        bound=uplink.bound / np.log(2.0),
        speb_bound_m2=np.full(batch, normalise(scenario).speb0),
        status=np.full(batch, Status.OPTIMAL),
        reason=[""] * batch,
        iterations=uplink.steps,
        promises=(),
        dirty_paper=True,
    )
