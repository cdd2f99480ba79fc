from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from isaclib.campaign.summary import summarise
from isaclib.campaign.tidy import metrics, open_summary


def test_images_are_kept_for_the_draws_that_have_one_without_statistics(
    synthetic_campaign: Callable[..., Path], tmp_path: Path
) -> None:
    path = synthetic_campaign(tmp_path / "plain.nc", schemes=("a", "b"), realisations=9)
    data = xr.load_dataset(path)
    levels = np.full((2, 3, 9, 4, 5), np.nan, dtype=np.float32)
    levels[:, 0, 6] = np.arange(40.0).reshape(2, 4, 5)
    levels[1, 2, [2, 6]] = np.arange(40.0).reshape(2, 4, 5) - 50.0
    attrs = {"units": "dB", "long_name": "spectrum", "origin": "target"}
    data["spectrum_db"] = (("scheme", "power_dbm", "realisation", "range_m", "angle_deg"), levels, attrs)
    data = data.assign_coords(range_m=[1.0, 2.0, 3.0, 4.0], realisation=np.arange(9))
    data.to_netcdf(tmp_path / "campaign.nc")
    summarise(tmp_path / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    summary = open_summary(tmp_path / "summary.nc")
    image = summary["spectrum_db"]
    assert image.dims == ("scheme", "power_dbm", "realisation", "range_m", "angle_deg")
    assert image.attrs == attrs
    assert sorted(image["realisation"].values) == [2, 6]
    assert image["range_m"].values.tolist() == [1.0, 2.0, 3.0, 4.0]
    for draw in (2, 6):
        np.testing.assert_array_equal(image.sel(realisation=draw), levels[:, :, draw])
    assert "spectrum_db" not in metrics(summary)
    assert "spectrum_db" not in (tmp_path / "summary.csv").read_text()
