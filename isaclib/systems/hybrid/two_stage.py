"""Analog stage of two-stage hybrid beamforming."""

from __future__ import annotations

import numpy as np

from isaclib.physics import arrays
from isaclib.systems.hybrid.analog import connections
from isaclib.systems.hybrid.scenario import Scenario


def focusing_beamformer(scenario: Scenario) -> np.ndarray:
    """Focus the first K subarrays on one user each and the others on the target.

    A subarray's phases are those of the channel it sees, which maximises |h_k,i^H f_i| under
    |f_i| = 1; for the target those of its response.

    Parameters
    ----------
    scenario : Scenario
        Batch of B realisations; K <= N_RF.

    Returns
    -------
    ndarray of complex, shape (B, N, N_RF)
        Block-diagonal F_A with entries of modulus one.
    """
    elements, chains = len(scenario.elements_m), scenario.parameters.rf_chains
    batch, users = scenario.channels.shape[:2]
    response = arrays.spherical_response(scenario.elements_m, scenario.target_m, scenario.wavelength_m)
    aims = np.concatenate([scenario.channels, np.broadcast_to(response, (batch, chains - users, elements))], axis=1)
    phases = np.exp(1j * np.angle(aims))
    block = connections(elements, chains)
    return np.swapaxes(phases, 1, 2) * block
