"""Opening a stored campaign."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import isaclib


def test_a_campaign_is_opened_lazily_and_by_its_folder(campaign, gathered, tmp_path):
    gathered(campaign())
    data = isaclib.open_campaign(tmp_path / "results", chunks={})
    assert data["peb_m"].chunks is not None
    assert data.attrs["campaign"] == "tiny-1"


def test_nothing_is_read_before_it_is_used(campaign, gathered, tmp_path):
    whole = gathered(campaign()).load()
    whole.close()
    file = tmp_path / "results" / "campaign.nc"
    content, numbers = file.read_bytes(), whole["peb_m"].values.tobytes()
    assert content.count(numbers) == 1
    damaged = content.replace(numbers, bytes(len(numbers)))
    file.write_bytes(damaged)
    for chunks in (None, {}):
        with isaclib.open_campaign(file, chunks=chunks) as data:
            chosen = data.sel(power_dbm=20).isel(realisation=slice(10))
            xr.testing.assert_identical(
                isaclib.summarise(data, metrics="rate"), isaclib.summarise(whole, metrics="rate")
            )
            np.testing.assert_array_equal(chosen["rate"], whole["rate"].sel(power_dbm=20)[:, :10])
            with pytest.raises((OSError, RuntimeError)):
                chosen["peb_m"].load()


def test_what_is_no_campaign_is_refused_in_one_line(tmp_path):
    with pytest.raises(ValueError, match=r"campaign\.nc: missing: the campaign is not gathered yet"):
        isaclib.open_campaign(tmp_path)
    with pytest.raises(ValueError, match=r"nowhere: missing: "):
        isaclib.open_campaign(tmp_path / "nowhere")
    (tmp_path / "campaign.nc").write_bytes(b"no netCDF")
    with pytest.raises(ValueError, match=r"campaign\.nc: not a netCDF-4 file"):
        isaclib.open_campaign(tmp_path)
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(ValueError, match=r"other\.nc: schema_version = none: expected 1"):
        isaclib.open_campaign(tmp_path / "other.nc")
