"""Opening a stored campaign."""

from __future__ import annotations

import pytest
import xarray as xr

import isaclib


def test_a_campaign_is_opened_lazily_and_by_its_folder(campaign, gathered, tmp_path):
    gathered(campaign())
    data = isaclib.open_campaign(tmp_path / "results", chunks={})
    assert data["peb_m"].chunks is not None
    assert data.attrs["campaign"] == "tiny-1"


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
