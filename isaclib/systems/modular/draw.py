"""Drawing scenarios of the system ``modular`` (Sections II and III of its paper)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from isaclib.physics import tr38901, wavefronts
from isaclib.systems.csi import estimated
from isaclib.systems.modular.parameters import Parameters
from isaclib.systems.modular.scenario import Scenario, mvdr
from isaclib.systems.streams import Stream, Streams

REFERENCE_RANGE_M = 40.0
"""Distance at which normalised powers give `snr_db` on the line of sight."""


def draw_scenario(parameters: Parameters, streams: Streams) -> Scenario:
    """Draw scatterers, path gains and, in a random layout, the subarrays; eqs. (1) to (10), (16) to (21).

    The receive array is calibrated: its responses and its filter are those of the truth, also where
    the designer takes another wavefront for true. Where channels are known with an error, that of
    the user is; objects are known.
    """
    p = parameters
    centres = subarray_centres(p, streams)
    places = _Places.of(p, centres, streams)
    heard = _Heard.of(p, centres, places)
    assumed = None
    if p.true_wavefront != p.design_wavefront:
        assumed = _scenario(p, streams, centres, places, heard, p.design_wavefront, None)
    return as_known(_scenario(p, streams, centres, places, heard, p.true_wavefront, assumed))


def as_known(truth: Scenario) -> Scenario:
    """Return a scenario with what the designer takes for the channel where it is known with an error."""
    error_db, known = truth.parameters.csi_error_db, truth.designed_for
    if error_db is None:
        return truth
    return replace(truth, assumed=replace(known, channel=estimated(known.channel, error_db, truth.streams)))


def subarray_centres(p: Parameters, streams: Streams) -> np.ndarray:
    """Return y of the transmit array's subarray centres, shape (1 or B, L); the receive array is mirrored."""
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
        user, objects = user_position_m(p, centres), object_positions_m(p)
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
        shadowing = p.nlos_shadowing_db * np.sqrt(2.0) * streams.normal(Stream.SHADOWING, (paths,))
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


def user_position_m(p: Parameters, centres: np.ndarray) -> np.ndarray:
    """Return (x, y) of the user's centre, counted from that of the transmit array, shape (1 or B, 2)."""
    middle = centres.mean(axis=-1)
    return _polar(p.user_range_m, np.deg2rad(p.user_angle_deg)) + np.stack([0.0 * middle, middle], axis=-1)


def object_positions_m(p: Parameters) -> np.ndarray:
    """Return (x, y) of the targets, then of the interferers, shape (Q, 2)."""
    return _polar(
        np.array(p.target_range_m + p.interferer_range_m),
        np.deg2rad(np.array(p.target_angle_deg + p.interferer_angle_deg)),
    )


def _polar(distance: np.ndarray | float, angle: np.ndarray | float) -> np.ndarray:
    return np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=-1)


def _scenario(
    p: Parameters,
    streams: Streams,
    centres: np.ndarray,
    places: _Places,
    heard: _Heard,
    wavefront: str,
    assumed: Scenario | None,
) -> Scenario:
    count = streams.stop - streams.start
    offsets = element_offsets_m(p)
    inside, phases = _paths(p, centres, offsets, places, wavefront)
    g = wavefronts.modular_response(centres[:, None], offsets, places.objects_m[None], p.wavelength_m, wavefront)
    # conjugated rows: (batch, object, element)
    transmit = np.conj(g).reshape(*g.shape[:2], -1)
    if assumed is None:
        at = centres[:, None], offsets, places.objects_m[None], p.wavelength_m
        objects = wavefronts.subarray_response(*at) if wavefront == "hspm" else g / np.abs(g)
        columns = np.empty((count, len(p.responses), *inside.shape[2:]), dtype=complex)
        np.conj(inside, out=columns[:, : inside.shape[1]])
        np.conj(objects, out=columns[:, inside.shape[1] :])
        subarray_responses = np.moveaxis(columns, 1, -1)
    else:
        subarray_responses = assumed.subarray_responses
    return Scenario(
        channel=_channel(p, centres, offsets, places, phases, wavefront),
        transmit=_for_all(transmit, count),
        receive=_for_all(heard.receive, count),
        reflections=heard.powers.reflections,
        receive_filter=_for_all(heard.filters, count),
        subarray_responses=subarray_responses,
        noise_w=heard.powers.noise_w,
        sensing_noise_w=heard.powers.sensing_noise_w,
        parameters=p,
        streams=streams,
        assumed=assumed,
        scatterers_m=places.scatterers_m,
    )


def _for_all(array: np.ndarray, count: int) -> np.ndarray:
    return np.broadcast_to(array, (count, *array.shape[1:]))


def element_offsets_m(p: Parameters) -> np.ndarray:
    """y of the elements from the centre of their subarray, shape (M,)."""
    return (np.arange(p.elements_per_subarray) - (p.elements_per_subarray - 1) / 2.0) * p.element_spacing_m


@dataclass(frozen=True)
class _Heard:
    """Responses and filters of the receive array under the true wavefront, shape (1 or B, ..., N)."""

    receive: np.ndarray
    filters: np.ndarray
    powers: _Powers

    @classmethod
    def of(cls, p: Parameters, centres: np.ndarray, places: _Places) -> _Heard:
        powers = _Powers.of(p)
        offsets = element_offsets_m(p)
        targets = len(p.target_range_m)
        at = centres[:, None], offsets, places.objects_m[None], p.wavelength_m, p.true_wavefront
        lit = np.sum(np.abs(wavefronts.modular_response(*at)) ** 2, axis=(-2, -1))
        # mirrored: the element at y has its twin at -y
        g = wavefronts.modular_response(-centres[:, None], -offsets, *at[2:])
        receive = g.reshape(*g.shape[:2], -1)
        if p.receive_filter == "matched":
            filters = receive[:, :targets] / np.sum(np.abs(receive[:, :targets]) ** 2, axis=-1, keepdims=True)
        else:
            omnidirectional = powers.reflections**2 * p.power_w / p.elements * lit
            filters = mvdr(receive, omnidirectional, targets, powers.sensing_noise_w)
        return cls(receive, filters, powers)


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


def _paths(
    p: Parameters, centres: np.ndarray, offsets: np.ndarray, places: _Places, wavefront: str
) -> tuple[np.ndarray, np.ndarray]:
    """Phases of the paths to the user and the scatterers over each subarray, shape (B, P + 1, L, M).

    Once as analog beamformers take them, under a hybrid wavefront b_l, and once from the user's and the
    scatterers' distances, as the channel has them.
    """
    user = np.broadcast_to(places.user_m, (len(places.gains), 2))[:, None]
    points = np.concatenate([user, places.scatterers_m], axis=1)
    if wavefront == "hspm":
        inside = wavefronts.subarray_response(centres[:, None], offsets, points, p.wavelength_m)
        return inside, wavefronts.subarray_phase(centres[:, None], points, p.wavelength_m)[..., None] * inside
    phases = wavefronts.path_response(
        centres[:, None], offsets, places.centre_m[:, None], points, p.wavelength_m, wavefront
    )
    return phases, phases


def _channel(
    p: Parameters, centres: np.ndarray, offsets: np.ndarray, places: _Places, phases: np.ndarray, wavefront: str
) -> np.ndarray:
    """H of (9) and (10), shape (B, N_u, N)."""
    k0 = 2.0 * np.pi / p.wavelength_m
    own = (np.arange(p.user_antennas) - (p.user_antennas - 1) / 2.0) * p.wavelength_m / 2.0
    count = len(places.gains)
    # scattered paths: planar at the user, phases of every element to the scatterer
    step = places.user_m[:, None] - places.scatterers_m
    apart = np.linalg.norm(step, axis=-1)
    sine = step[..., 1] / apart
    arriving = np.exp(-1j * k0 * (apart[..., None] + sine[..., None] * own)) * places.gains[:, 1:, None]
    channel = np.swapaxes(arriving, 1, 2) @ phases[:, 1:].reshape(count, p.nlos_paths, p.elements)
    direct = channel.reshape(count, p.user_antennas, p.subarrays, -1)
    gain = places.gains[:, :1, None, None]
    # the line of sight: its own angle at the user for each subarray, or for each element
    if wavefront == "swm":
        antennas = places.user_m[:, None] + np.stack([0.0 * own, own], axis=-1)
        direct += gain * wavefronts.path_response(
            centres[:, None], offsets, places.centre_m[:, None], antennas, p.wavelength_m, wavefront
        )
        return channel
    origin = centres if wavefront == "hspm" else places.centre_m[:, None]
    along = places.user_m[:, 1:] - origin
    sine = along / np.hypot(places.user_m[:, :1], along)
    direct += (gain * np.exp(-1j * k0 * sine[:, None, :, None] * own[:, None, None])) * phases[:, :1]
    return channel
