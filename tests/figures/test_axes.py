import pytest
from matplotlib.figure import Figure

from isaclib.figures.axes import set_metric


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
