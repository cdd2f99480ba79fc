from typing import Any

import numpy as np
import pytest

from isaclib.physics import arrays, fisher

WAVELENGTH = 299_792_458.0 / 28e9
APERTURE = 0.5
FRESNEL = 0.62 * np.sqrt(APERTURE**3 / WAVELENGTH)
RAYLEIGH = 2.0 * APERTURE**2 / WAVELENGTH
LINK: dict[str, Any] = {"reflection": 2e-6 * np.exp(0.7j), "snapshots": 100, "noise_power_w": 1e-12}
TARGETS = [(10.0, 0.0), (FRESNEL, 0.0), (RAYLEIGH, 0.0), (0.8 * FRESNEL, 0.6 * FRESNEL), (25.0, -15.0)]


def _target(elements: int, position: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    array = arrays.uniform_linear(elements, APERTURE / (elements - 1))
    where = np.array(position)
    return arrays.spherical_response(array, where, WAVELENGTH), arrays.spherical_gradient(array, where, WAVELENGTH)


def _beamformers(response: np.ndarray, seed: int, batch: int = 4, columns: int = 3) -> np.ndarray:
    """Watts spread over the target and elsewhere."""
    rng = np.random.default_rng(seed)
    shape = (batch, len(response), columns)
    w = rng.standard_normal(shape) + 1j * rng.standard_normal(shape) + 0.5 * response[:, None]
    return w / np.linalg.norm(w, axis=(-2, -1), keepdims=True)


def _covariance(beamformers: np.ndarray) -> np.ndarray:
    return beamformers @ beamformers.conj().swapaxes(-1, -2)


def _schur(fim: np.ndarray) -> np.ndarray:
    """Eq. (21) as printed."""
    return fim[..., :2, :2] - fim[..., :2, 2:] @ np.linalg.solve(fim[..., 2:, 2:], fim[..., 2:, :2])


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference, each entry relative to what Cauchy-Schwarz allows it."""
    scale = np.sqrt(np.diagonal(other, axis1=-2, axis2=-1))
    return float(np.max(np.abs(one - other) / (scale[..., :, None] * scale[..., None, :])))


@pytest.mark.parametrize("elements", [16, 32, 128])
@pytest.mark.parametrize("position", TARGETS)
def test_reduced_form_is_the_schur_complement_of_the_full_matrix(elements: int, position: tuple[float, float]) -> None:
    response, gradient = _target(elements, position)
    beamformers = _beamformers(response, seed=elements)
    reduced = fisher.position_efim(response, gradient, beamformers=beamformers, **LINK)
    direct = _schur(fisher.full_fim(response, gradient, beamformers=beamformers, **LINK))
    assert _apart(reduced, direct) < 1e-10
    np.testing.assert_allclose(fisher.speb(reduced), fisher.speb(direct), rtol=1e-10)


@pytest.mark.parametrize("elements", [16, 32, 128])
@pytest.mark.parametrize("position", TARGETS)
def test_reduced_form_is_well_conditioned(elements: int, position: tuple[float, float]) -> None:
    array = arrays.uniform_linear(elements, APERTURE / (elements - 1))
    long = np.longdouble
    if np.finfo(long).eps > 1e-18:
        pytest.skip("this processor has no wider floating-point type to compare with")
    response, gradient = _target(elements, position)
    beamformers = _beamformers(response, seed=1)
    got = fisher.position_efim(response, gradient, beamformers=beamformers, **LINK)
    wide = arrays.spherical_gradient(array.astype(long), np.array(position, dtype=long), long(WAVELENGTH))
    response = arrays.spherical_response(array.astype(long), np.array(position, dtype=long), long(WAVELENGTH))
    expected = fisher.position_efim(response, wide, beamformers=beamformers.astype(np.clongdouble), **LINK)
    assert expected.dtype == long
    assert _apart(got, expected) < 1e-9
    assert np.linalg.cond(expected.astype(float)).max() < 1e9


@pytest.mark.parametrize("function", [fisher.position_efim, fisher.full_fim])
def test_covariance_and_its_factor_give_the_same(function: Any) -> None:
    response, gradient = _target(32, (10.0, 1.0))
    beamformers = _beamformers(response, seed=3)
    by_covariance = function(response, gradient, _covariance(beamformers), **LINK)
    assert _apart(by_covariance, function(response, gradient, beamformers=beamformers, **LINK)) < 1e-10


@pytest.mark.parametrize("given", [{}, {"covariance": np.eye(32), "beamformers": np.eye(32)}])
@pytest.mark.parametrize("function", [fisher.position_efim, fisher.full_fim])
def test_either_covariance_or_beamformers(function: Any, given: dict[str, Any]) -> None:
    response, gradient = _target(32, (10.0, 1.0))
    with pytest.raises(ValueError, match="either covariance or beamformers"):
        function(response, gradient, **given, **LINK)


@pytest.mark.parametrize("position", [(10.0, 0.0), (4.0, 1.5)])
def test_full_matrix_is_that_of_central_differences_of_the_mean_echo(position: tuple[float, float]) -> None:
    elements, snapshots, noise = 8, 6, 0.3
    array = arrays.uniform_linear(elements, APERTURE / (elements - 1))
    rng = np.random.default_rng(8)
    waveform = rng.standard_normal((elements, snapshots)) + 1j * rng.standard_normal((elements, snapshots))

    def mean(xi: np.ndarray) -> np.ndarray:
        response = arrays.spherical_response(array, xi[:2], WAVELENGTH)
        return ((xi[2] + 1j * xi[3]) * np.outer(response, response.conj()) @ waveform).ravel()

    xi, step = np.array([*position, 0.8, -0.5]), 1e-5
    slopes = np.stack([(mean(xi + step * e) - mean(xi - step * e)) / (2 * step) for e in np.eye(4)])
    expected = 2.0 / noise * (slopes.conj() @ slopes.T).real
    fim = fisher.full_fim(
        arrays.spherical_response(array, xi[:2], WAVELENGTH),
        arrays.spherical_gradient(array, xi[:2], WAVELENGTH),
        waveform @ waveform.conj().T / snapshots,
        reflection=0.8 - 0.5j,
        snapshots=snapshots,
        noise_power_w=noise,
    )
    assert _apart(fim, expected) < 1e-5


def test_sensing_only_bound_in_closed_form() -> None:
    response, gradient = _target(32, (10.0, 0.0))
    power = 2.0
    tangent = gradient - np.outer(response, response.conj() @ gradient) / 32
    weight = 2.0 * LINK["snapshots"] * abs(LINK["reflection"]) ** 2 / LINK["noise_power_w"]
    expected = np.trace(np.linalg.inv((tangent.conj().T @ tangent).real)) / (weight * power * 32)
    matched = np.sqrt(power / 32) * response[:, None]
    efim = fisher.position_efim(response, gradient, beamformers=matched, **LINK)
    np.testing.assert_allclose(fisher.speb(efim), expected, rtol=1e-9)


def test_no_design_beats_the_sensing_only_bound() -> None:
    response, gradient = _target(32, (10.0, 0.0))
    matched = response[:, None] / np.sqrt(32)
    bound = fisher.speb(fisher.position_efim(response, gradient, beamformers=matched, **LINK))
    for share in np.linspace(0.0, 1.0, 5):
        w = share * matched + (1.0 - share) * _beamformers(response, seed=9, batch=200, columns=1)
        w /= np.linalg.norm(w, axis=(-2, -1), keepdims=True)
        speb = fisher.speb(fisher.position_efim(response, gradient, beamformers=w, **LINK))
        assert (speb >= bound * (1 - 1e-12)).all()


def test_position_is_lost_when_nothing_lights_the_target() -> None:
    response, gradient = _target(32, (10.0, 0.0))
    dark = fisher.position_efim(response, gradient, beamformers=np.zeros((32, 1), dtype=complex), **LINK)
    assert np.isinf(fisher.speb(dark))


def test_speb_is_the_trace_of_the_inverse() -> None:
    factor = np.random.default_rng(4).standard_normal((6, 2, 3))
    efim = factor @ factor.swapaxes(-1, -2)
    np.testing.assert_allclose(fisher.speb(efim), np.trace(np.linalg.inv(efim), axis1=-2, axis2=-1))


def test_polar_bound_is_that_of_polar_derivatives() -> None:
    x, y = position = np.array([8.0, 6.0])
    response, gradient = _target(32, (x, y))
    beamformers = _beamformers(response, seed=5)
    along = (gradient @ position) / 10.0
    across = gradient @ np.array([-y, x])
    expected = fisher.position_efim(response, np.stack([along, across], -1), beamformers=beamformers, **LINK)
    efim = fisher.position_efim(response, gradient, beamformers=beamformers, **LINK)
    assert _apart(fisher.polar_efim(efim, position), expected) < 1e-9


@pytest.mark.parametrize("by_covariance", [True, False])
def test_bounds_of_a_slice_are_the_slice_bit_for_bit(by_covariance: bool) -> None:
    response, gradient = _target(32, (10.0, 0.0))
    w = _beamformers(response, seed=6, batch=70)

    def bounds(part: slice) -> np.ndarray:
        given = {"covariance": _covariance(w)[part]} if by_covariance else {"beamformers": w[part]}
        return fisher.position_efim(response, gradient, **given, **LINK)

    whole = bounds(slice(None))
    for part in (slice(0, 1), slice(5, 7), slice(3, 67)):
        np.testing.assert_array_equal(bounds(part), whole[part])


def test_leading_axes_broadcast() -> None:
    array = arrays.uniform_linear(16, 0.03)
    positions = np.array([[5.0, 0.0], [9.0, 2.0], [7.0, -1.0]])
    response = arrays.spherical_response(array, positions, WAVELENGTH)
    gradient = arrays.spherical_gradient(array, positions, WAVELENGTH)
    beamformers = _beamformers(response[0], seed=7, batch=4)[:, None]
    efim = fisher.position_efim(response, gradient, beamformers=beamformers, **LINK)
    fim = fisher.full_fim(response, gradient, beamformers=beamformers, **LINK)
    assert efim.shape == (4, 3, 2, 2)
    assert fim.shape == (4, 3, 4, 4)
    alone = fisher.position_efim(response[2], gradient[2], beamformers=beamformers[1, 0], **LINK)
    np.testing.assert_array_equal(efim[1, 2], alone)


def _echo(places: int, streams: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    shapes = ((places,), (places, 2), (streams,), (streams, 2))
    return tuple(rng.standard_normal(shape) + 1j * rng.standard_normal(shape) for shape in shapes)


@pytest.mark.parametrize("streams", [1, 2, 3])
def test_echo_heard_elsewhere_is_that_of_central_differences(streams: int) -> None:
    # b and w bend with the position, the reflection is complex: every term of the full matrix, then its complement
    b, db, w, dw = _echo(5, streams, 3)
    beta, snapshots, noise = 0.3 * np.exp(0.4j), 40, 0.7

    def mean(x: np.ndarray) -> np.ndarray:
        curved = x[:2] + 0.3 * x[:2] ** 2
        return (x[2] + 1j * x[3]) * np.outer(b + db @ curved, w + dw @ curved).ravel()

    here = np.array([0.0, 0.0, beta.real, beta.imag])
    slopes = np.stack([(mean(here + e) - mean(here - e)) / 2e-5 for e in 1e-5 * np.eye(4)], axis=-1)
    fim = 2.0 * snapshots / noise * (slopes.conj().T @ slopes).real
    found = fisher.echo_efim(b, db, w, dw, reflection=beta, snapshots=snapshots, noise_power_w=noise)
    np.testing.assert_allclose(found, _schur(fim), rtol=1e-7)


def test_one_stream_knows_the_position_at_the_array_alone() -> None:
    b, db, w, dw = _echo(5, 1, 4)
    scale: dict[str, Any] = {"reflection": 1.0, "snapshots": 1, "noise_power_w": 1.0}
    np.testing.assert_allclose(
        fisher.echo_efim(b, db, w, dw, **scale), fisher.echo_efim(b, db, w, 0.0 * dw, **scale), rtol=1e-12
    )


def test_echo_that_comes_back_to_its_array_is_that_of_the_monostatic_form() -> None:
    response, gradient = _target(16, (10.0, 4.0))
    beams = _beamformers(response, 8)
    waveform, change = np.swapaxes(beams, -1, -2) @ response, np.swapaxes(beams, -1, -2) @ gradient
    found = fisher.echo_efim(response, gradient, waveform, change, **LINK)
    assert _apart(found, fisher.position_efim(response, gradient, beamformers=beams.conj(), **LINK)) < 1e-12
