"""A batch of realisations of the system ``modular`` (Sections II and III of its paper)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from isaclib.systems.modular.parameters import Parameters
from isaclib.systems.streams import Streams


@dataclass(frozen=True)
class Scenario:
    """A batch of realisations; build one from your own channels, or draw it.

    Objects are the targets, then the interferers.

    Attributes
    ----------
    channel : ndarray of complex, shape (B, N_u, N)
        H: the user receives H x.
    transmit : ndarray of complex, shape (B, Q, N)
        Steering vectors a_q = g_q^H of the objects: a_q^H x lights object q.
    receive : ndarray of complex, shape (B, Q, N)
        Responses a_rq of the receive array to the objects.
    reflections : ndarray, shape (Q,)
        |alpha_q|, amplitude of an object's echo.
    receive_filter : ndarray of complex, shape (B, T, N)
        w of each target.
    subarray_responses : ndarray of complex, shape (B, L, M, R)
        Columns that analog beamformers may take on each subarray, of modulus one: conj(b_l) of the
        paths of the user, the targets and the interferers, as the designer knows them.
    noise_w, sensing_noise_w : float
        sigma_c^2 at each antenna of the user and sigma_s^2 at each of the receive array.
    parameters : Parameters
        Powers, thresholds and sizes.
    streams : Streams
        Names the realisations; random starts and echoes are drawn from it.
    assumed : Scenario or None
        What the designer takes for true where that is another wavefront, or a channel with errors; None:
        the truth.
    scatterers_m : ndarray, shape (B, P, 2), or None
        (x, y) of what scatters the P paths of the user, to be looked at; None where it is not known.

    Raises
    ------
    ValueError
        Naming the field, its shape and what was expected: arrays that do not fit each other, or
        numbers that are not finite.
    """

    channel: np.ndarray
    transmit: np.ndarray
    receive: np.ndarray
    reflections: np.ndarray
    receive_filter: np.ndarray
    subarray_responses: np.ndarray
    noise_w: float
    sensing_noise_w: float
    parameters: Parameters
    streams: Streams
    assumed: Scenario | None = None
    scatterers_m: np.ndarray | None = None

    def __post_init__(self) -> None:
        p = self.parameters
        count = self.streams.stop - self.streams.start
        targets = len(p.target_range_m)
        objects = targets + len(p.interferer_range_m)
        shapes = {
            "channel": (count, p.user_antennas, p.elements),
            "transmit": (count, objects, p.elements),
            "receive": (count, objects, p.elements),
            "reflections": (objects,),
            "receive_filter": (count, targets, p.elements),
            "subarray_responses": (count, p.subarrays, p.elements_per_subarray, len(p.responses)),
        }
        for name, shape in shapes.items():
            values = np.asarray(getattr(self, name))
            if values.shape != shape:
                raise ValueError(f"{name} of shape {values.shape}: expected {shape}")
            if not np.isfinite(distinct(values)).all():
                raise ValueError(f"{name} of shape {shape}: expected finite numbers")
        for name in ("noise_w", "sensing_noise_w"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} = {value!r}: expected a number above 0 W")

    def __len__(self) -> int:
        return len(self.channel)

    @property
    def designed_for(self) -> Scenario:
        """What a scheme designs for: `assumed`, or the truth itself."""
        return self if self.assumed is None else self.assumed

    def filtered_by(self, receive_filter: np.ndarray) -> Scenario:
        """Return the scenario with other receive filters w, shape (B, T, N), also in what is assumed."""
        assumed = None if self.assumed is None else self.assumed.filtered_by(receive_filter)
        return replace(self, receive_filter=receive_filter, assumed=assumed)

    @cached_property
    def weights(self) -> np.ndarray:
        """om_tq = |alpha_q|^2 |w_t^H a_rq|^2, echo of object q in the filter of target t, shape (B, T, Q)."""
        heard = np.conj(distinct(self.receive_filter)) @ np.swapaxes(distinct(self.receive), 1, 2)
        weights = self.reflections**2 * np.abs(heard) ** 2
        return np.broadcast_to(weights, (len(self), *weights.shape[1:]))

    @cached_property
    def filter_noise(self) -> np.ndarray:
        """sigma_s^2 |w_t|^2, shape (B, T)."""
        noise = self.sensing_noise_w * np.sum(np.abs(distinct(self.receive_filter)) ** 2, axis=-1)
        return np.broadcast_to(noise, (len(self), noise.shape[1]))


def distinct(array: np.ndarray) -> np.ndarray:
    """Return the one realisation of an array that is the same for all of them; any other array as it is."""
    return array[:1] if len(array) and array.strides[0] == 0 else array


def mvdr(receive: np.ndarray, powers: np.ndarray, targets: int, sensing_noise_w: float) -> np.ndarray:
    """MVDR receive filters (21), w_t = S^-1 a_rt / (a_rt^H S^-1 a_rt).

    S = sum_{q != t} powers_q a_rq a_rq^H + sigma_s^2 I, inverted in the span of the responses.

    Parameters
    ----------
    receive : ndarray of complex, shape (B, Q, N)
        a_rq.
    powers : ndarray, shape (B, Q)
        |alpha_q|^2 a_q^H R a_q.
    targets : int
        The first T objects are targets.
    sensing_noise_w : float
        sigma_s^2.

    Returns
    -------
    ndarray of complex, shape (B, T, N)
    """
    objects = receive.shape[1]
    gram = np.conj(receive) @ np.swapaxes(receive, 1, 2)
    filters = []
    for target in range(targets):
        others = [q for q in range(objects) if q != target]
        column = receive[:, target]
        if others:
            # S^-1 a = (a - A (diag(s/p) + A^H A)^-1 A^H a) / s; a silent object has no part in it
            inner = gram[:, others][:, :, others] * powers[:, None, others] + sensing_noise_w * np.eye(len(others))
            share = np.linalg.solve(inner, gram[:, others, target][..., None])[..., 0]
            column = column - np.einsum("bq,bqn->bn", powers[:, others] * share, receive[:, others])
        filters.append(column / np.sum(np.conj(receive[:, target]) * column, axis=-1)[:, None])
    return np.stack(filters, axis=1)
