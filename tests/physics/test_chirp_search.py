from typing import Any

import numpy as np
import pytest

from isaclib.physics import polar
from isaclib.physics.chirp_search import Grid, coarse_sizes, locate

WAVELENGTH = 0.0107
ELEMENTS = (np.arange(16) - 7.5) * WAVELENGTH / 2.0
SECTOR = (2.0, 8.0, -1.0, 1.0)
APERTURE = 16.0 * WAVELENGTH


class Case:
    """What sensors heard of one place among noise, and its match by definition."""

    def __init__(self, seed: int, *, response: str, streams: int, signal: float, count: int) -> None:
        rng = np.random.default_rng(seed)
        self.response, self.count, self.spacing = response, count, APERTURE / count
        self.place = rng.uniform(3.0, 6.0), rng.uniform(-0.9, 0.9)
        self.lit = self._normal(rng, 16, streams) if streams > 1 else None
        self.heard = self._normal(rng, count, streams)
        b, g = self._responses(*self.place)
        self.heard += signal * b[:, None] * (g / 4.0 if self.lit is not None else 1.0)

    @staticmethod
    def _normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
        return rng.standard_normal((*shape, 2)) @ [1.0, 1j]

    def _responses(self, r: Any, th: Any) -> tuple[np.ndarray, np.ndarray]:
        r, th = np.asarray(r, dtype=float), np.asarray(th, dtype=float)
        y = (np.arange(self.count) - (self.count - 1) / 2.0) * self.spacing
        b = polar.polar_response(y, r, th, WAVELENGTH, response=self.response, aside_m=0.05)
        if self.lit is None:
            return b, np.ones((*r.shape, 1))
        return b, polar.polar_response(ELEMENTS, r, th, WAVELENGTH, response=self.response) @ self.lit

    def match(self, r: Any, th: Any) -> np.ndarray:
        b, g = self._responses(r, th)
        total = np.sum(np.conj(g) * (np.conj(b) @ self.heard), axis=-1)
        return np.abs(total) ** 2 / np.sum(np.abs(b) ** 2, axis=-1) / np.sum(np.abs(g) ** 2, axis=-1)

    def locate(self, sector: tuple[float, float, float, float] = SECTOR, **options: Any) -> tuple[float, float]:
        one = np.array([self.count]), np.array([self.spacing]), np.array([sector])
        kwargs = {"wavelength_m": WAVELENGTH, "response": self.response, "aside_m": 0.05, **options}
        if self.lit is not None:
            kwargs |= {"lit": self.lit[None], "elements_m": ELEMENTS}
        distance, angle = locate(self.heard[None], *one, **kwargs)[0]
        return float(distance), float(angle)


CASES = [
    # widely spaced sensors have grating lobes, noise alone has peaks anywhere
    pytest.param(
        {"response": response, "streams": streams, "signal": signal, "count": count}, id=f"{response}-{streams}-{count}"
    )
    for response, streams, signal, count in (
        ("fresnel", 1, 0.0, 4),
        ("fresnel", 1, 2.0, 32),
        ("fresnel", 3, 1.0, 5),
        ("exact", 1, 1.0, 6),
        ("exact", 2, 0.5, 16),
    )
]


@pytest.mark.parametrize("kind", CASES)
def test_nothing_in_the_sector_matches_better(kind: dict[str, Any]) -> None:
    for seed in range(4):
        case = Case(seed, **kind)
        distance, angle = case.locate()
        assert SECTOR[0] <= distance <= SECTOR[1]
        assert SECTOR[2] <= angle <= SECTOR[3]
        r, th = np.meshgrid(1.0 / np.linspace(1 / 8.0, 1 / 2.0, 15), np.arcsin(np.linspace(-0.841, 0.841, 1201)))
        assert case.match(distance, angle) >= case.match(r, th).max() * (1.0 - 1e-9)
        # at a maximum: a step of a hundredth of the resolution is enough to lose
        for dr, dth in ((0.05, 0.0), (-0.05, 0.0), (0.0, 2e-3), (0.0, -2e-3)):
            near_by = np.clip(distance + dr, *SECTOR[:2]), np.clip(angle + dth, *SECTOR[2:])
            assert case.match(*near_by) <= case.match(distance, angle)


@pytest.mark.parametrize("kind", CASES)
def test_the_best_place_of_a_grid_is_found(kind: dict[str, Any]) -> None:
    grid = Grid(0.3, 0.02, SECTOR[:2], SECTOR[2:])
    assert (grid.ranges_m[0], len(grid.ranges_m), len(grid.angles_rad)) == (pytest.approx(2.15), 20, 100)
    r, th = np.meshgrid(grid.ranges_m, grid.angles_rad, indexing="ij")
    for seed in range(4):
        case = Case(seed, **kind)
        best = np.unravel_index(np.argmax(case.match(r, th)), r.shape)
        assert case.locate(grid=grid) == (r[best], th[best])


def test_without_noise_the_place_itself_is_found() -> None:
    for response in polar.RESPONSES:
        case = Case(3, response=response, streams=1, signal=1e9, count=32)
        np.testing.assert_allclose(case.locate(), case.place, rtol=1e-5)


def test_a_narrower_sector_ends_the_search_at_its_border_and_keeps_to_the_grid() -> None:
    case = Case(1, response="fresnel", streams=1, signal=50.0, count=32)
    distance, angle = case.place
    assert case.locate((distance + 1.0, 8.0, angle - 0.1, angle + 0.1))[0] == pytest.approx(distance + 1.0)
    assert case.locate((2.0, 8.0, angle + 0.01, 1.0))[1] == pytest.approx(angle + 0.01)
    grid = Grid(0.5, 0.1, SECTOR[:2], SECTOR[2:])
    # no place of the grid is inside: the nearest one
    middle = grid.ranges_m[4] + 0.1, grid.angles_rad[7] - 0.02
    tiny = middle[0] - 0.01, middle[0] + 0.01, middle[1] - 0.001, middle[1] + 0.001
    assert case.locate(tiny, grid=grid) == (grid.ranges_m[4], grid.angles_rad[7])


def test_rows_do_not_know_each_other_and_nothing_is_found_in_nothing() -> None:
    cases = [
        Case(seed, response="exact", streams=1, signal=1.0, count=count) for seed, count in enumerate((9, 4, 9, 31))
    ]
    heard = np.zeros((6, 31, 1), dtype=complex)
    for row, case in enumerate(cases):
        heard[row, : case.count] = case.heard
    heard[4] = np.nan
    count = np.array([9, 4, 9, 31, 9, 0])
    spacing = np.append([case.spacing for case in cases], [0.01, np.nan])
    found = locate(
        heard, count, spacing, np.tile(SECTOR, (6, 1)), wavelength_m=WAVELENGTH, response="exact", aside_m=0.05
    )
    assert [tuple(row) for row in found[:4]] == [case.locate() for case in cases]
    assert np.isnan(found[4:]).all()


def test_the_coarse_search_has_an_eighth_of_a_turn_between_its_points() -> None:
    # turns at the end: y / lambda = 16 for each unit of sin th, y^2 / (2 lambda) = 1 for each of 1 / r
    assert coarse_sizes(0.125, 2.0**-7, 0.5, 1.5) == (1.0 / 2.0 / 0.125 + 1.0, 1.5 * 16.0 / 0.125 + 1.0)
    assert coarse_sizes(0.125, 2.0**-7, 0.01, 0.01) == (3, 3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"response": "planar"}, "response = 'planar': expected one of fresnel, exact"),
        ({"heard": np.ones((1, 3, 2), dtype=complex)}, "heard of shape .*: expected one stream, or lit"),
        ({"sector": np.array([[3.0, 3.0, -1.0, 1.0]])}, "sector: expected 0 < smallest < largest range"),
        ({"sector": np.array([[3.0, 4.0, -2.0, 1.0]])}, "sector: .*within"),
    ],
)
def test_what_cannot_be_searched_is_refused(changed: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "heard": np.ones((1, 3, 1), dtype=complex),
        "count": np.array([3]),
        "spacing_m": np.array([0.01]),
        "sector": np.array([SECTOR]),
        "wavelength_m": WAVELENGTH,
        **changed,
    }
    with pytest.raises(ValueError, match=message):
        locate(**arguments)
