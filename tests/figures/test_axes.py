import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from isaclib.figures import style
from isaclib.figures.axes import set_metric, set_x


@pytest.mark.parametrize(("low", "high"), [(0.0155, 0.034), (0.9, 1.1), (0.02, 0.3), (1e-5, 10.0)])
@pytest.mark.parametrize("which", ["x", "y"])
def test_a_logarithmic_axis_has_numbers_to_read_whatever_its_range(which: str, low: float, high: float) -> None:
    page = Figure()
    axes = page.add_subplot()
    axes.plot([low, high], [low, high])
    set_metric(axes, which, log=True)
    page.draw_without_rendering()
    axis = axes.xaxis if which == "x" else axes.yaxis
    first, last = axis.get_view_interval()
    shown = [tick for tick in axis.get_major_ticks() if first <= tick.get_loc() <= last and tick.label1.get_text()]
    assert len(shown) >= 3


@pytest.mark.parametrize("values", [[0.02, 0.025, 0.03, 0.04, 0.06, 0.1, 0.2, 0.3], [4, 8, 16], [2, 3, 100]])
def test_the_ticks_of_a_grid_do_not_touch(values: list[float]) -> None:
    with style.context():
        page = Figure(layout="constrained")
        axes = page.add_subplot()
        axes.plot(values, values)
        set_x(axes, np.array(values), None, log=True, continuous=False)
        page.draw_without_rendering()
        boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
    assert len(boxes) >= 3
    assert not any(left.overlaps(right) for left, right in itertools.pairwise(boxes))


def test_numbers_below_zero_have_a_minus_sign_on_both_axes() -> None:
    values = np.array([-20.0, -10.0, 0.0])
    page = Figure()
    axes = page.add_subplot()
    axes.plot(values, values)
    set_x(axes, values, None, log=False, continuous=False)
    set_metric(axes, "y", log=False)
    page.draw_without_rendering()
    shown = [{label.get_text() for label in labels} for labels in (axes.get_xticklabels(), axes.get_yticklabels())]
    assert all("\N{MINUS SIGN}20" in "".join(texts) for texts in shown)
