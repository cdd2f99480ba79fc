"""Statistics of a campaign larger than memory: the same numbers, and nothing read that is not asked for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import isaclib
from isaclib.campaign import summary
from isaclib.campaign.tidy import open_summary


@pytest.fixture(scope="module")
def stored(synthetic_campaign: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reduction")
    summary.summarise(synthetic_campaign(folder / "campaign.nc"), folder / "summary.nc", folder / "summary.csv")
    return folder


def same_as_the_file(found: xr.Dataset, folder: Path, population: str = "common") -> None:
    expected = open_summary(folder / "summary.nc").sel(population=population)
    names = [name for name in expected.data_vars if not str(name).startswith("solve_seconds")]
    assert set(found.data_vars) == set(names)
    xr.testing.assert_identical(found, expected[names])


@pytest.mark.parametrize("population", ["common", "own"])
@pytest.mark.parametrize("chunks", [None, {}, {"realisation": 7, "scheme": 2}], ids=["no dask", "file's", "small"])
def test_the_numbers_are_those_of_the_summary(stored, chunks, population):
    with xr.open_dataset(stored / "campaign.nc", chunks=chunks) as data:
        same_as_the_file(isaclib.summarise(data, population=population), stored, population)


def test_an_order_of_dimensions_changes_no_bit(stored):
    with xr.open_dataset(stored / "campaign.nc") as data:
        same_as_the_file(isaclib.summarise(data.load().transpose("trial", "user", "realisation", ...)), stored)


def test_the_numbers_of_a_distributed_client_are_the_same(stored, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="the package distributed is not installed")
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "local_directory": str(tmp_path)}
    with (
        distributed.LocalCluster(**workers, dashboard_address=":0") as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        xr.open_dataset(stored / "campaign.nc", chunks={}) as data,
    ):
        # nothing but the client may do the work
        monkeypatch.setattr("dask.compute", None)
        same_as_the_file(isaclib.summarise(data, client=client), stored)
        with pytest.raises(ValueError, match=r"^campaign: a dataset that is not in chunks: .*chunks=\{\}"):
            isaclib.summarise(data.isel(realisation=slice(2)).compute(scheduler="sync"), client=client)


def test_a_folder_of_results_is_summarised_by_its_path(campaign, gathered, tmp_path):
    gathered(campaign(estimators="{echo: {trials: 2}}"))
    results = tmp_path / "results"
    summary.summarise(results / "campaign.nc", results / "summary.nc", results / "summary.csv")
    found, expected = isaclib.summarise(results), open_summary(results / "summary.nc").sel(population="common")
    assert {"peb_m", "peb_m_paired", "echo_error_m", "violation_count", "trace_running"} <= set(found.data_vars)
    xr.testing.assert_identical(found, expected[list(found.data_vars)])


def test_a_selection_is_summarised_for_the_statistics_that_are_asked_for(stored):
    expected = open_summary(stored / "summary.nc").sel(population="common", power_dbm=[20.0])
    with xr.open_dataset(stored / "campaign.nc", chunks={}) as data:
        chosen = data.sel(power_dbm=[20.0])
        found = isaclib.summarise(chosen, metrics="peb_m", statistics=["difference_median", "q95", "median"])
        alone = isaclib.summarise(chosen.isel(power_dbm=0), metrics=["rate"], statistics="mean")
    assert set(found.data_vars) == {
        *("status_count", "common_share", "solved_share"),
        *("peb_m", "peb_m_count", "peb_m_paired", "peb_m_pairs"),
    }
    assert found["statistic"].values.tolist() == ["median", "q95"]
    xr.testing.assert_identical(found["peb_m"], expected["peb_m"].sel(statistic=["median", "q95"]))
    xr.testing.assert_identical(found["peb_m_paired"], expected["peb_m_paired"].sel(paired=["difference_median"]))
    assert "rate_paired" not in alone
    np.testing.assert_array_equal(alone["rate"].values[..., 0, :], expected["rate"].sel(statistic="mean")[:, 0])


class Blocks:
    """Chunks of random numbers, how many were made and how many there were at a time."""

    def __init__(self) -> None:
        self.lock, self.made, self.living, self.most = threading.Lock(), 0, 0, 0

    def draw(self, block: np.ndarray) -> np.ndarray:
        drawn = np.random.default_rng(5).random(block.shape)
        weakref.finalize(drawn, self.count, -1)
        self.count(1)
        return drawn

    def count(self, step: int) -> None:
        with self.lock:
            self.made, self.living = self.made + max(step, 0), self.living + step
            self.most = max(self.most, self.living)

    @staticmethod
    def forbidden(block: np.ndarray) -> np.ndarray:
        raise AssertionError("a metric that nobody asked for was computed")


def test_only_what_is_asked_for_is_computed_and_a_few_blocks_at_a_time():
    import dask
    import dask.array

    points, workers, blocks = 24, 2, Blocks()
    dims, shape = ("scheme", "power_dbm", "realisation"), (2, points, 64)
    empty = dask.array.zeros(shape, chunks=(2, 1, 64))
    data = xr.Dataset(
        {
            "status": (dims, dask.array.zeros(shape, dtype=np.int8, chunks=(2, 1, 64))),
            "peb_m": (dims, empty.map_blocks(blocks.draw, dtype=float, meta=np.array([]))),
            "rate": (dims, empty.map_blocks(Blocks.forbidden, dtype=float, meta=np.array([]))),
        },
        coords={"scheme": ["a", "b"]},
    )
    with dask.config.set(num_workers=workers):
        found = isaclib.summarise(data, metrics="peb_m")
        assert found["peb_m_count"].min() == 64
        assert blocks.made == points
        assert blocks.most <= 2 * workers
        with pytest.raises(AssertionError, match="nobody asked for"):
            isaclib.summarise(data)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"metrics": "peb"}, r"^metric 'peb' is unknown: did you mean 'peb_m'\?$"),
        ({"statistics": ["meam"]}, r"^statistic 'meam' is unknown: did you mean 'mean'\?$"),
        ({"population": "all"}, r"^population 'all' is unknown: known: common, own$"),
    ],
)
def test_what_is_unknown_is_refused_in_one_line(stored, keys, line):
    with xr.open_dataset(stored / "campaign.nc") as data, pytest.raises(ValueError, match=line):
        isaclib.summarise(data, **keys)


def test_what_is_no_campaign_or_no_client_is_refused_in_one_line(monkeypatch):
    with pytest.raises(ValueError, match=r"^campaign: expected a variable status over scheme"):
        isaclib.summarise(xr.Dataset({"a": 1}))
    if importlib.util.find_spec("distributed"):
        with pytest.raises(TypeError, match=r"^client = 'tcp://127.0.0.1:8786': expected a distributed.Client$"):
            isaclib.summarise(xr.Dataset(), client="tcp://127.0.0.1:8786")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError, match=r"^client: .* the package distributed is not installed$"):
        isaclib.summarise(xr.Dataset(), client="tcp://127.0.0.1:8786")


def test_dask_is_imported_only_where_it_is_used():
    code = "import sys, isaclib; isaclib.summarise; sys.exit('dask' in sys.modules or 'distributed' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
