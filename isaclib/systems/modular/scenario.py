"""Random scenario of the system ``modular`` (Sections II and III of its paper)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isaclib.physics import tr38901, wavefronts
from isaclib.systems.modular.parameters import Parameters
from isaclib.systems.streams import Stream, Streams

REFERENCE_RANGE_M = 40.0
"""Distance at which normalised powers give `snr_db` on the line of sight."""


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
        What the designer takes for true where that is another wavefront; None: the truth.

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
            values = getattr(self, name)
            if np.shape(values) != shape:
                raise ValueError(f"{name} of shape {np.shape(values)}: expected {shape}")
            if not np.isfinite(values).all():
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

    @property
    def weights(self) -> np.ndarray:
        """om_tq = |alpha_q|^2 |w_t^H a_rq|^2, echo of object q in the filter of target t, shape (B, T, Q)."""
        heard = np.conj(self.receive_filter) @ np.swapaxes(self.receive, 1, 2)
        return self.reflections**2 * np.abs(heard) ** 2

    @property
    def filter_noise(self) -> np.ndarray:
        """sigma_s^2 |w_t|^2, shape (B, T)."""
        return self.sensing_noise_w * np.sum(np.abs(self.receive_filter) ** 2, axis=-1)


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


def draw_scenario(parameters: Parameters, streams: Streams) -> Scenario:
    """Draw scatterers, path gains and, in a random layout, the subarrays; eqs. (1) to (10), (16) to (21)."""
    p = parameters
    centres = _centres(p, streams)
    places = _Places.of(p, centres, streams)
    if p.true_wavefront == p.design_wavefront:
        return _scenario(p, streams, centres, places, p.true_wavefront, None)
    assumed = _scenario(p, streams, centres, places, p.design_wavefront, None)
    return _scenario(p, streams, centres, places, p.true_wavefront, assumed)


def _centres(p: Parameters, streams: Streams) -> np.ndarray:
    """y of the subarray centres, shape (1 or B, L)."""
    index = np.arange(p.subarrays)
    if p.layout == "collocated":
        return p.array_offset_m + (index * p.subarray_width_m)[None]
    if p.layout == "uniform":
        return p.array_offset_m + (index * p.subarray_spacing_m)[None]
    # subarrays in random places of the same aperture: sorted gaps between them
    room = p.span_m - (p.subarrays - 1) * p.subarray_width_m
    gaps = np.sort(streams.uniform(Stream.PLACEMENT, (p.subarrays,)), axis=-1)
    return p.array_offset_m + room * gaps + index * p.subarray_width_m


@dataclass(frozen=True)
class _Places:
    """Where everything stands, and how strong the paths are."""

    centre_m: np.ndarray
    user_m: np.ndarray
    scatterers_m: np.ndarray
    gains: np.ndarray
    objects_m: np.ndarray

    @classmethod
    def of(cls, p: Parameters, centres: np.ndarray, streams: Streams) -> _Places:
        count = streams.stop - streams.start
        middle = centres.mean(axis=-1)
        user = _polar(p.user_range_m, np.deg2rad(p.user_angle_deg)) + np.stack([0.0 * middle, middle], axis=-1)
        objects = _polar(
            np.array(p.target_range_m + p.interferer_range_m),
            np.deg2rad(np.array(p.target_angle_deg + p.interferer_angle_deg)),
        )
        paths = p.nlos_paths
        low, high = p.scatterer_range_m
        ranges = low + (high - low) * streams.uniform(Stream.SCATTERER_RANGE, (paths,))
        low, high = np.deg2rad(p.scatterer_angle_deg)
        angles = low + (high - low) * streams.uniform(Stream.SCATTERER_ANGLE, (paths,))
        scatterers = _polar(ranges, angles)
        if p.scatterer_overlap:
            first = len(p.target_range_m)
            scatterers[:, : p.scatterer_overlap] = objects[first : first + p.scatterer_overlap]
        phases = np.exp(2j * np.pi * streams.uniform(Stream.PATH_PHASE, (paths + 1,)))
        shadowing = p.nlos_shadowing_db * np.sqrt(2.0) * streams.complex_normal(Stream.SHADOWING, (paths,)).real
        tx = np.stack([0.0 * middle, middle], axis=-1)
        direct = np.linalg.norm(user - tx, axis=-1)
        length = np.linalg.norm(scatterers - tx[:, None], axis=-1) + np.linalg.norm(user[:, None] - scatterers, axis=-1)
        loss = np.concatenate(
            [
                np.broadcast_to(tr38901.umi_los_path_loss_db(direct, p.carrier_hz)[:, None], (count, 1)),
                tr38901.umi_nlos_path_loss_db(length, p.carrier_hz) + shadowing,
            ],
            axis=-1,
        )
        return cls(middle, user, scatterers, 10.0 ** (-loss / 20.0) * phases, objects)


def _polar(distance: np.ndarray | float, angle: np.ndarray | float) -> np.ndarray:
    return np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=-1)


def _scenario(
    p: Parameters,
    streams: Streams,
    centres: np.ndarray,
    places: _Places,
    wavefront: str,
    assumed: Scenario | None,
) -> Scenario:
    count = streams.stop - streams.start
    offsets = (np.arange(p.elements_per_subarray) - (p.elements_per_subarray - 1) / 2.0) * p.element_spacing_m
    channel = _channel(p, centres, offsets, places, wavefront)
    # conjugated rows: (batch, object, element)
    transmit = np.conj(_objects(centres, offsets, places, p, wavefront))
    receive = _objects(-centres, -offsets, places, p, wavefront)
    transmit, receive = (np.broadcast_to(array, (count, *array.shape[1:])) for array in (transmit, receive))
    powered = _Powers.of(p)
    targets = len(p.target_range_m)
    if p.receive_filter == "matched":
        filters = receive[:, :targets] / np.sum(np.abs(receive[:, :targets]) ** 2, axis=-1, keepdims=True)
    else:
        lit = p.power_w / p.elements * np.sum(np.abs(transmit) ** 2, axis=-1)
        filters = mvdr(
            receive[:1] if centres.shape[0] == 1 else receive,
            (powered.reflections**2 * lit)[: len(centres)],
            targets,
            powered.sensing_noise_w,
        )
        filters = np.broadcast_to(filters, (count, *filters.shape[1:]))
    return Scenario(
        channel=channel,
        transmit=transmit,
        receive=receive,
        reflections=powered.reflections,
        receive_filter=filters,
        subarray_responses=_columns(p, centres, offsets, places) if assumed is None else assumed.subarray_responses,
        noise_w=powered.noise_w,
        sensing_noise_w=powered.sensing_noise_w,
        parameters=p,
        streams=streams,
        assumed=assumed,
    )


@dataclass(frozen=True)
class _Powers:
    noise_w: float
    sensing_noise_w: float
    reflections: np.ndarray

    @classmethod
    def of(cls, p: Parameters) -> _Powers:
        interferers = len(p.interferer_range_m)
        if p.powers == "absolute":
            ranges = np.array(p.target_range_m)
            targets = np.sqrt(p.wavelength_m**2 * p.rcs_m2 / ((4.0 * np.pi) ** 3 * ranges**4))
            noise = 10.0 ** (p.noise_dbm / 10.0 - 3.0)
            sensing_noise = 10.0 ** (p.sensing_noise_dbm / 10.0 - 3.0)
        else:
            received = p.power_w * 10.0 ** (
                -float(tr38901.umi_los_path_loss_db(REFERENCE_RANGE_M, p.carrier_hz)) / 10.0
            )
            noise = received / 10.0 ** (p.snr_db / 10.0)
            sensing_noise = 1.0
            targets = np.full(
                len(p.target_range_m),
                np.sqrt(10.0 ** (p.sensing_snr_db / 10.0) * sensing_noise / p.power_w) / p.elements,
            )
        clutter = targets[0] * 10.0 ** (p.clutter_db / 20.0)
        return cls(noise, sensing_noise, np.concatenate([targets, np.full(interferers, clutter)]))


def _objects(centres: np.ndarray, offsets: np.ndarray, places: _Places, p: Parameters, wavefront: str) -> np.ndarray:
    """Responses g to the objects, shape (1 or B, Q, N)."""
    g = wavefronts.modular_response(centres[:, None], offsets, places.objects_m[None], p.wavelength_m, wavefront)
    return g.reshape(*g.shape[:2], -1)


def _channel(p: Parameters, centres: np.ndarray, offsets: np.ndarray, places: _Places, wavefront: str) -> np.ndarray:
    """H of (9) and (10), shape (B, N_u, N)."""
    k0 = 2.0 * np.pi / p.wavelength_m
    own = (np.arange(p.user_antennas) - (p.user_antennas - 1) / 2.0) * p.wavelength_m / 2.0
    count = len(places.gains)
    # scattered paths: planar at the user, phases of every element to the scatterer
    to_scatterers = wavefronts.path_response(
        centres[:, None], offsets, places.centre_m[:, None], places.scatterers_m, p.wavelength_m, wavefront
    ).reshape(count, p.nlos_paths, -1)
    step = places.user_m[:, None] - places.scatterers_m
    apart = np.linalg.norm(step, axis=-1)
    sine = step[..., 1] / apart
    arriving = np.exp(-1j * k0 * (apart[..., None] + sine[..., None] * own)) * places.gains[:, 1:, None]
    channel = np.swapaxes(arriving, 1, 2) @ to_scatterers
    # the line of sight: its own angle at the user for each subarray, or for each element
    if wavefront == "swm":
        antennas = places.user_m[:, None] + np.stack([0.0 * own, own], axis=-1)
        direct = wavefronts.path_response(
            centres[:, None], offsets, places.centre_m[:, None], antennas, p.wavelength_m, wavefront
        )
    else:
        direct = wavefronts.path_response(centres, offsets, places.centre_m, places.user_m, p.wavelength_m, wavefront)[
            :, None
        ]
        origin = centres if wavefront == "hspm" else places.centre_m[:, None]
        along = places.user_m[:, 1:] - origin
        sine = along / np.hypot(places.user_m[:, :1], along)
        direct = direct * np.exp(-1j * k0 * sine[:, None, :, None] * own[:, None, None])
    return channel + places.gains[:, :1, None] * direct.reshape(len(direct), p.user_antennas, -1)


def _columns(p: Parameters, centres: np.ndarray, offsets: np.ndarray, places: _Places) -> np.ndarray:
    """Phases of paths and objects over each subarray, as the design wavefront has them, shape (B, L, M, R)."""
    count = len(places.gains)
    user = np.broadcast_to(places.user_m, (count, 2))[:, None]
    points = np.concatenate([user, places.scatterers_m], axis=1)
    if p.design_wavefront == "hspm":
        paths = wavefronts.subarray_response(centres[:, None], offsets, points, p.wavelength_m)
    else:
        paths = wavefronts.path_response(
            centres[:, None], offsets, places.centre_m[:, None], points, p.wavelength_m, p.design_wavefront
        )
    g = _objects(centres, offsets, places, p, p.design_wavefront)
    objects = (g / np.abs(g)).reshape(*g.shape[:2], p.subarrays, p.elements_per_subarray)
    objects = np.broadcast_to(objects, (count, *objects.shape[1:]))
    return np.conj(np.moveaxis(np.concatenate([paths, objects], axis=1), 1, -1))
