"""A campaign for other programs: the numbers of the dataset, nothing lost."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy.io import loadmat

import isaclib
from isaclib.campaign.export import export_csv, export_mat


@pytest.fixture(scope="module")
def stored(synthetic_campaign, tmp_path_factory):
    return synthetic_campaign(tmp_path_factory.mktemp("export") / "campaign.nc")


def test_a_table_has_every_draw_to_the_last_digit(stored, tmp_path):
    export_csv(stored, tmp_path / "all.csv", metrics=["peb_m", "rate"])
    with open(tmp_path / "all.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*("scheme", "power_dbm", "realisation", "status"), "peb_m", "rate[user=0]", "rate[user=1]"]
    data = isaclib.open_campaign(stored)
    assert len(rows) == data["status"].size
    for row in rows[:: len(rows) // 37]:
        at = {"scheme": row["scheme"], "power_dbm": float(row["power_dbm"]), "realisation": int(row["realisation"])}
        kept = data.isel(realisation=at.pop("realisation")).sel(at)
        assert row["peb_m"] == ("" if np.isnan(kept["peb_m"]) else repr(float(kept["peb_m"])))
        assert row["rate[user=1]"] == ("" if np.isnan(kept["peb_m"]) else repr(float(kept["rate"][1])))
    assert {row["status"] for row in rows} == {"optimal", "feasible", "violating", "infeasible", "failed"}


def test_matlab_gets_arrays_with_their_dimensions(stored, tmp_path):
    export_mat(stored, tmp_path / "all.mat")
    content = loadmat(tmp_path / "all.mat", simplify_cells=True)
    data = isaclib.open_campaign(stored)
    for name in ("peb_m", "rate", "music_error_m", "iterations"):
        np.testing.assert_array_equal(content[name], data[name].values)
        assert list(content["dims"][name]) == list(data[name].dims)
    assert content["units"]["peb_m"] == "m"
    assert list(content["coords"]["scheme"]) == list(data["scheme"].values)
    np.testing.assert_array_equal(content["status"], data["status"].values)
    assert content["status_names"][0] == "optimal"


def test_a_metric_that_is_not_there_is_one_line(stored, tmp_path):
    for export in (export_csv, export_mat):
        with pytest.raises(ValueError, match=r"^metric 'peb' is unknown: did you mean 'peb_m'\?$"):
            export(stored, tmp_path / "none", metrics=["peb"])
    assert not list(tmp_path.iterdir())
