"""Gathering runs into one dataset, and opening it."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
import xarray as xr

import isaclib
from isaclib.campaign import store
from isaclib.campaign.gather import gather
from isaclib.campaign.run import execute
from isaclib.systems.base import Status

CURVES = "[plain, {scheme: plain, solver: slow, label: one by one, realisations: 5}]"


def simulated(tiny, spec, curve, index, start, stop):
    parameters = tiny.system.Parameters(**spec.points(curve)[index].parameters)
    scenario = tiny.system.draw(parameters, seed=spec.seed, start=start, stop=stop)
    design = tiny.system.design(scenario, scheme=curve.scheme, solver=curve.solver, options=curve.options)
    return tiny.system.evaluate(scenario, design)


def test_the_dataset_is_what_the_file_names(campaign, gathered, tiny):
    spec = campaign(schemes=CURVES, grid="{power_dbm: [10, 20], users: [3, 2]}", estimators="{echo: {}}")
    data = gathered(spec)
    outer = {"scheme": 2, "power_dbm": 2, "users": 2, "realisation": 100}
    assert dict(data.sizes) == {**outer, "user": 3, "constraint": 4, "iteration": 5, "trial": 3}
    assert data["peb_m"].dims == ("scheme", "power_dbm", "users", "realisation")
    assert data["scheme"].values.tolist() == ["plain", "one by one"]
    assert data["power_dbm"].attrs["units"] == "dBm"
    assert data["constraint"].values.tolist() == ["power", "rate 0", "rate 1", "rate 2"]
    direct = simulated(tiny, spec, spec.curves[0], (1, 1), 64, 128)
    here = data.sel(scheme="plain", power_dbm=20.0, users=2)
    np.testing.assert_array_equal(here["peb_m"].values[64:], direct["peb_m"].values[:36])
    np.testing.assert_array_equal(here["rate"].values[64:, :2], direct["rate"].values[:36])
    assert here["peb_m"].attrs == {"units": "m", "long_name": "position error bound"}


def test_padding_and_holes_are_nan_and_not_run(campaign, gathered):
    data = gathered(campaign(schemes=CURVES, grid="{power_dbm: [10, 20], users: [3, 2]}"))
    assert np.isnan(data["rate"].sel(users=2, user=2).values).all()
    assert np.isnan(data["trace"].sel(power_dbm=10).values[..., -1]).all()
    hole = data.sel(scheme="one by one").isel(realisation=slice(5, None))
    assert (hole["status"] == Status.NOT_RUN).all()
    assert np.isnan(hole["peb_m"].values).all()
    assert np.isnan(hole["iterations"].values).all()
    assert data["status"].dtype == np.int8
    meanings = data["status"].attrs["flag_meanings"].split()
    assert meanings[int(data["status"].values.max())] == "not_run"
    assert data["status"].attrs["flag_values"].tolist() == [int(s) for s in Status]


def test_labels_of_an_axis_and_what_they_set(campaign, gathered):
    data = gathered(
        campaign(grid="{size: {small: {elements: 4, users: 1}, large: {elements: 8, users: 2}}}", realisations="4")
    )
    assert data["size"].values.tolist() == ["small", "large"]
    assert data["elements"].dims == ("size",)
    assert data.sel(size="large")["elements"] == 8


def test_parameters_of_every_curve_are_recorded(campaign, gathered):
    data = gathered(
        campaign(
            schemes="[plain, {scheme: plain, label: wide, parameters: {elements: 9}}]",
            parameters="{users: 3}",
            realisations="4",
        )
    )
    expected = {"plain": {"elements": 4, "users": 3}, "wide": {"elements": 9, "users": 3}}
    assert json.loads(data.attrs["parameters"]) == expected


def test_versions_of_all_runs_are_recorded(campaign, gathered, runs_of, monkeypatch):
    made_by = {"isaclib_version": "0.0.1", "git_commit": "abc", "packages": "numpy 1.0, scipy 1.0"}
    spec = campaign(realisations="4")
    first, second = runs_of(spec, size=1)
    with monkeypatch.context() as patch:
        patch.setattr(store, "provenance", lambda: made_by)
        gathered(campaign(realisations="4", grid="{power_dbm: [10]}"), [first], name="first.nc")
        patch.setattr(store, "provenance", lambda: {**made_by, "git_commit": "", "packages": "numpy 2.0, scipy 1.0"})
        data = gathered(spec, [first, second])
    assert data.attrs["runs_git_commits"] == "abc unknown"
    assert data.attrs["runs_isaclib_versions"] == "0.0.1"
    assert data.attrs["runs_packages"] == "numpy 1.0, numpy 2.0, scipy 1.0"
    assert data.attrs["isaclib_version"] == isaclib.__version__


def test_times_are_apart(campaign, gathered, tmp_path):
    data = gathered(campaign())
    assert not [name for name in data.variables if name.endswith("_seconds")]
    timing = xr.open_dataset(tmp_path / "results" / "campaign.nc", group="timing")
    assert timing["solve_seconds"].dims == ("scheme", "power_dbm", "realisation")
    assert (timing["solve_seconds"] > 0).all()


def test_reasons_of_failed_draws(campaign, gathered, tiny, tmp_path):
    tiny.bad = {70, 3}
    data = gathered(campaign(grid="{users: [1, 2]}"))
    failures = xr.open_dataset(tmp_path / "results" / "campaign.nc", group="failures")
    assert failures["failed_realisation"].values.tolist() == [3, 70, 3, 70]
    assert failures["failed_users"].values.tolist() == [0, 0, 1, 1]
    assert failures["reason"].values[1] == "FloatingPointError: singular matrix at 70, second line"
    assert (data["status"].isel(realisation=[3, 70]) == Status.FAILED).all()


def test_every_variable_has_a_checksum_and_a_curve_is_one_chunk(campaign, gathered, tmp_path):
    import netCDF4

    gathered(campaign(schemes=CURVES, estimators="{echo: {}}"))
    with netCDF4.Dataset(tmp_path / "results" / "campaign.nc") as file:
        for group in (file, *file.groups.values()):
            for variable in group.variables.values():
                assert variable.filters()["fletcher32"], variable.name
        assert file["peb_m"].chunking() == [1, 2, 100]


def test_only_what_is_padded_is_compressed(campaign, gathered, runs_of, tmp_path):
    import netCDF4

    def compressed(path):
        with netCDF4.Dataset(path) as file:
            drawn = {name: variable for name, variable in file.variables.items() if "scheme" in variable.dimensions}
            return {name for name, variable in drawn.items() if variable.filters()["zlib"]} - {"scheme"}

    results = tmp_path / "results"
    gathered(campaign(grid="{users: [2]}"))
    assert not compressed(results / "campaign.nc")
    # each of the runs is full: it is the dataset that has holes
    spec = campaign(grid="{users: [2, 1]}")
    gathered(spec, runs_of(spec, size=1))
    assert compressed(results / "campaign.nc") == {"rate", "trace", "violation"}
    # runs of before this was written down
    for path in (results / "runs").glob("*.json"):
        content = json.loads(path.read_text())
        for entry in content["variables"].values():
            del entry["padded"]
        path.write_text(json.dumps(content))
    gathered(campaign(grid="{users: [2]}"))
    assert compressed(results / "campaign.nc") == {"trace", "rate", "violation"}


def test_history_leaves_no_trace(campaign, gathered, runs_of, tmp_path):
    small = campaign(realisations="64", grid="{users: [4, 2]}")
    gathered(small, name="small.nc")
    spec = campaign(realisations="100", grid="{users: [2, 1]}", schemes=CURVES)
    grown = gathered(spec, runs_of(spec, size=1), name="grown.nc")
    for old in (tmp_path / "results" / "runs").iterdir():
        old.unlink()
    fresh = gathered(spec, name="fresh.nc")
    xr.testing.assert_identical(grown, fresh)
    assert fresh.sizes["user"] == 2


def test_estimates_of_later_runs_join_their_designs(campaign, gathered, runs_of):
    plain = campaign()
    gathered(plain, name="plain.nc")
    spec = campaign(estimators="{echo: {trials: 2}}")
    late = gathered(spec, runs_of(spec, designs=False), name="late.nc")
    assert late.sizes["trial"] == 2
    assert not np.isnan(late["echo_error_m"].where(late["status"] == 0, 0.0)).any()
    other = campaign(estimators="{echo: {trials: 1}}")
    again = gathered(other, runs_of(other, designs=False), name="again.nc")
    assert again.sizes["trial"] == 1
    xr.testing.assert_equal(again["peb_m"], late["peb_m"])


def test_a_damaged_run_is_named(campaign, gathered, runs_of, tmp_path):
    spec = campaign()
    gathered(spec)
    path = next((tmp_path / "results" / "runs").glob("*.nc"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^{path}: damaged: "):
        gather(path.parent.parent, spec, [path.stem], tmp_path / "out.nc")
    assert not (tmp_path / "out.nc").exists()
    with pytest.raises(ValueError, match=r"abc\.json: missing: "):
        gather(path.parent.parent, spec, ["abc"], tmp_path / "out.nc")
    assert not list(tmp_path.glob(".*.part"))


def test_memory_does_not_grow_with_the_realisations(campaign, runs_of, tmp_path):
    def peak(count: int) -> int:
        spec = campaign(realisations=str(count), grid="{power_dbm: [10]}")
        root = tmp_path / str(count)
        runs = runs_of(spec, size=4)
        for run in runs:
            execute(run, root / "runs" / f"{run.id}.nc", progress=False)
        tracemalloc.start()
        gather(root, spec, [run.id for run in runs], root / "campaign.nc")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(256)  # what is imported and cached once
    few, many = peak(512), peak(4096)
    # eight times the draws: a byte a draw for the index of the dimension, and the sidecars
    assert many < few + 400_000
    assert many < 3_000_000


def test_a_draw_in_two_runs_is_taken_once(campaign, gathered, runs_of, tiny, tmp_path):
    tiny.bad = {3}
    spec = campaign(grid="{users: [1]}")
    once = gathered(spec, name="once.nc")
    twice = gathered(spec, runs_of(spec, size=1), name="twice.nc")
    assert len(list((tmp_path / "results" / "runs").glob("*.nc"))) == 3
    xr.testing.assert_identical(once, twice)
    failures = xr.open_dataset(tmp_path / "results" / "twice.nc", group="failures")
    assert failures["failed_realisation"].values.tolist() == [3]
