import numpy as np
import pytest
from matplotlib.path import Path

from isaclib.figures.region import confidence_region

X = np.array([[1.0, 0.9, 1.2], [2.0, 1.8, 2.1], [4.0, 3.0, 5.0]])
Y = np.array([[1.0, 0.5, 2.0], [3.0, 2.5, 3.5], [4.0, 3.9, 4.2]])


def area(polygon: np.ndarray) -> float:
    """Signed: positive where the polygon runs counterclockwise."""
    (x, y), (u, v) = polygon.T, np.roll(polygon, -1, axis=0).T
    return 0.5 * float(np.sum(x * v - y * u))


@pytest.mark.parametrize("log", [False, True])
def test_the_region_holds_every_box_and_what_lies_between_neighbours(log: bool) -> None:
    polygons = confidence_region(X, Y, log_x=log, log_y=log)
    assert len(polygons) == 2
    assert all(area(polygon) > 0.0 for polygon in polygons)
    scale = np.log if log else np.array
    for polygon, k in zip(polygons, (0, 1), strict=True):
        outline = Path(scale(polygon))
        for i in (k, k + 1):
            corners = [[x, y] for x in X[i, 1:] for y in Y[i, 1:]]
            assert outline.contains_points(scale(corners), radius=1e-9).all()
        middle = scale([X[k : k + 2, 0], Y[k : k + 2, 0]]).mean(axis=1)
        assert outline.contains_point(middle)


def test_a_point_that_is_certain_in_one_direction_makes_a_flat_box() -> None:
    certain = X[:, :1] * np.ones(3)
    (polygon, _) = confidence_region(certain, Y, log_x=False, log_y=False)
    assert sorted(map(tuple, polygon)) == [(1.0, 0.5), (1.0, 2.0), (2.0, 2.5), (2.0, 3.5)]
    blank = np.where([True, False, False], X, np.nan)
    (again, _) = confidence_region(blank, Y, log_x=False, log_y=False)
    np.testing.assert_array_equal(again, polygon)


def test_a_single_point_has_its_box_and_points_without_intervals_have_no_region() -> None:
    (box,) = confidence_region(X[:1], Y[:1], log_x=False, log_y=False)
    assert area(box) == pytest.approx(0.3 * 1.5)
    blank = np.where([True, False, False], X, np.nan)
    assert confidence_region(blank, blank, log_x=False, log_y=False) == []
