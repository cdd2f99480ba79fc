"""Run files: written whole or not at all, read with nothing taken on trust."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import netCDF4
import numpy as np
import pytest

from isaclib.campaign import sidecar as sidecars
from isaclib.campaign import store
from isaclib.campaign.cells import Cell, Run
from isaclib.campaign.run import execute
from isaclib.campaign.table import Table


@pytest.fixture
def stored(campaign, runs_of, tmp_path):
    """A run that was executed, and its file."""
    (run,) = runs_of(campaign(store="[beamformers]", estimators="{echo: {}}", grid="{elements: [4, 8]}"))
    path = tmp_path / "runs" / f"{run.id}.nc"
    execute(run, path, progress=False)
    return run, path


def some_run(points: int = 1) -> Run:
    names = [f"{i:012x}" for i in range(points)]
    return Run(
        campaign="c",
        system="tiny",
        seed=1,
        scheme="plain",
        solver="direct",
        options={},
        scheme_id="0" * 12,
        points={name: {"long": "x" * 200} for name in names},
        cells=tuple(Cell(name, 0, 2) for name in names),
        designs=True,
        estimators={},
    )


def write_some(path, run) -> None:
    table = Table(run.realisations)
    table.put("peb_m", slice(0, run.realisations), (), np.ones(run.realisations))
    store.write(path, run, table, Table(run.realisations))


def test_every_variable_has_a_checksum(stored):
    with netCDF4.Dataset(stored[1]) as file:
        for group in (file, *file.groups.values()):
            for variable in group.variables.values():
                assert variable.filters()["fletcher32"], variable.name
        assert {"campaign", "seed", "isaclib_version", "git_commit", "packages", "complete"} <= set(file.ncattrs())


def test_complex_designs_come_back_in_the_shape_of_their_point(stored):
    run, path = stored
    data = store.read(path)
    assert data.columns["beamformers"].dims == ("beamformers_0", "beamformers_1", "part")
    assert data.shapes["beamformers"] == {run.cells[0].point: (4, 2), run.cells[-1].point: (8, 2)}


def test_a_manifest_may_be_longer_than_an_attribute(tmp_path):
    run = some_run(points=400)
    write_some(tmp_path / f"{run.id}.nc", run)
    assert store.read(tmp_path / f"{run.id}.nc").run == run


def test_every_flipped_bit_and_every_cut_is_found(stored):
    _run, path = stored
    store.check(path)
    content = path.read_bytes()
    for place in np.random.default_rng(1).integers(0, len(content), 40):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(place % 8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"^{path}: damaged: its SHA-256 is not the one"):
            store.read(path)
    path.write_bytes(content[:-100])
    with pytest.raises(ValueError, match=rf"^{path}: {len(content) - 100} bytes: expected {len(content)}"):
        store.check(path)


def test_damage_is_found_without_the_sidecar_too(stored):
    _run, path = stored
    path.with_suffix(".json").unlink()
    content = path.read_bytes()
    values = store.read(path).columns["peb_m"].values
    place = content.index(values.tobytes())
    path.write_bytes(content[: place + 8] + b"\x00" + content[place + 9 :])
    with pytest.raises(ValueError, match=rf"^{path}: .*"):
        store.read(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=rf"^{path}: not a netCDF-4 file, or cut short"):
        store.read(path)


def test_foreign_and_renamed_files_are_refused(stored, tmp_path):
    run, path = stored
    foreign = tmp_path / "foreign.nc"
    with netCDF4.Dataset(foreign, "w") as file:
        file.createDimension("x", 1)
    with pytest.raises(ValueError, match=r"foreign\.nc: not a run file of isaclib"):
        store.read(foreign)
    foreign.write_bytes(b"text")
    with pytest.raises(ValueError, match=r"foreign\.nc: not a netCDF-4 file"):
        store.read(foreign)
    with pytest.raises(ValueError, match=r"gone\.nc: missing"):
        store.read(tmp_path / "gone.nc")
    renamed = path.with_name("0123456789ab.nc")
    path.rename(renamed)
    with pytest.raises(ValueError, match=f"holds run {run.id}: the file was renamed or copied"):
        store.read(renamed)
    path.with_suffix(".json").rename(renamed.with_suffix(".json"))
    with pytest.raises(ValueError, match=f"belongs to run {run.id}"):
        store.check(renamed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.setncattr("schema_version", 99), "schema_version = 99: expected 1"),
        (lambda f: f.delncattr("complete"), "not complete: it was never closed"),
        (lambda f: f["realisation"].__setitem__(0, 5), "rows 0 to 63 are not the realisations of their cell"),
        (lambda f: f.renameVariable("peb_m", "peb"), "KeyError: 'peb_m'"),
    ],
)
def test_what_contradicts_itself_is_refused(stored, change, message):
    path = stored[1]
    path.with_suffix(".json").unlink()
    with netCDF4.Dataset(path, "a") as file:
        change(file)
    with pytest.raises(ValueError, match=message):
        store.read(path)


def test_a_run_killed_while_writing_leaves_no_readable_half(tmp_path):
    run = some_run()
    path = tmp_path / f"{run.id}.nc"
    script = f"""
import sys, time, numpy as np
sys.path.insert(0, {os.path.dirname(__file__)!r})
from isaclib.campaign import netcdf, store
from isaclib.campaign.cells import Run
from isaclib.campaign.table import Table
import json
write = netcdf.put_array
def slow(group, name, *rest, **more):
    write(group, name, *rest, **more)
    group.sync()
    if name == "peb_m":
        print("half", flush=True)
        time.sleep(60)
store.put_array = slow
run = Run.from_json(json.loads({json.dumps(run.to_json())!r}))
table = Table(2)
table.put("peb_m", slice(0, 2), (), np.ones(2))
store.write({str(path)!r}, run, table, Table(2))
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(f".{run.id}.nc.")
    assert sidecars.read_sidecars(tmp_path) == []
    with pytest.raises(ValueError, match="missing"):
        store.read(path)
    write_some(path, run)
    assert store.read(path).run == run


def test_an_error_while_writing_leaves_nothing(tmp_path):
    run = some_run()
    table = Table(run.realisations)
    table.put("peb_m", slice(0, 2), (), np.ones(2), attrs={"units": object()})
    with pytest.raises((TypeError, ValueError)):
        store.write(tmp_path / f"{run.id}.nc", run, table, Table(2))
    assert list(tmp_path.iterdir()) == []


def test_sidecars_say_what_the_run_holds(stored):
    run, path = stored
    (found,) = sidecars.read_sidecars(path.parent)
    assert found == sidecars.read_sidecar(path)
    assert found.cells == run.cells
    assert found.estimators == {"echo": run.estimators["echo"]["id"]}
    assert found.bytes == path.stat().st_size
    assert found.peak_memory_mb > 10
    assert found.extents["design"][run.cells[0].point]["constraint"] == ["power", "rate 0", "rate 1"]
    assert found.extents["echo"][run.cells[0].point] == {"trial": 3}
    assert found.variables["echo_error_m"]["owner"] == "echo"


def test_a_run_without_its_file_or_with_another_is_not_there(stored):
    _run, path = stored
    path.write_bytes(path.read_bytes() + b"x")
    assert sidecars.read_sidecars(path.parent) == []
    path.unlink()
    assert sidecars.read_sidecars(path.parent) == []
    with pytest.raises(ValueError, match=f"{path}: missing"):
        store.check(path)


def test_a_damaged_sidecar_is_named(stored):
    path = stored[1].with_suffix(".json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "schema": 0}))
    with pytest.raises(ValueError, match=r"schema = 0: expected 1"):
        sidecars.read_sidecar(path)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(ValueError, match=f"^{path}: not a sidecar of this version"):
        sidecars.read_sidecar(path)


def test_another_plan_of_the_same_cells_is_the_same_run():
    run = some_run()
    assert dataclasses.replace(run, seconds=time.time()).id == run.id
