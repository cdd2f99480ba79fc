"""Tables and lines for LaTeX."""

from __future__ import annotations

import numpy as np
import pytest

from isaclib.campaign.summary import summarise
from isaclib.campaign.tidy import open_summary
from isaclib.figures.pgfplots import export_pgfplots


@pytest.fixture(scope="module")
def folder(synthetic_campaign, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pgfplots")
    summarise(synthetic_campaign(folder / "campaign.nc"), folder / "summary.nc", folder / "summary.csv")
    return folder


def test_a_table_has_the_numbers_of_the_summary(folder, tmp_path):
    table, drawing = export_pgfplots(folder, tmp_path, metric="peb_m", statistic="q25")
    header, *rows = (line.split() for line in table.read_text().splitlines())
    chosen = open_summary(folder / "summary.nc")["peb_m"].sel(statistic="q25", population="common")
    assert [row[0] for row in rows] == ["{10.0}", "{20.0}", "{30.0}"]
    assert header[:4] == ["power_dbm", "speb_min_fdbf", "speb_min_fdbf_lower", "speb_min_fdbf_upper"]
    numbers = np.array([[float(number) for number in row[1:]] for row in rows])
    expected = chosen.transpose("power_dbm", "scheme", "limit").values.reshape(3, -1)
    np.testing.assert_allclose(numbers, expected, rtol=1e-9)
    lines = drawing.read_text()
    # the colour that the scheme has in every figure
    assert "{isaclibspebminhbf}{HTML}{D55E00}" in lines
    assert "\\addlegendentry{SPEB-min HBF}" in lines
    assert lines.count(table.name) == 3 * len(chosen["scheme"])


def test_what_is_no_single_curve_is_refused(folder, tmp_path):
    with pytest.raises(ValueError, match=r"^metric 'rate' is over user: expected one number a draw$"):
        export_pgfplots(folder, tmp_path, metric="rate")
    with pytest.raises(ValueError, match=r"^statistic 'meen' is unknown: did you mean 'mean'\?$"):
        export_pgfplots(folder, tmp_path, metric="peb_m", statistic="meen")
