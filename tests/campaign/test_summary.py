import csv
import multiprocessing
import resource
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from isaclib.campaign import summary as summary_module
from isaclib.campaign.summary import slabs, summarise
from isaclib.campaign.tidy import open_summary, table, write_csv


@pytest.fixture(scope="module")
def written(synthetic_campaign: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("summary")
    summarise(synthetic_campaign(folder / "campaign.nc"), folder / "summary.nc", folder / "summary.csv")
    return folder


def test_summary_holds_the_statistics_of_the_common_population(written: Path) -> None:
    campaign, summary = xr.load_dataset(written / "campaign.nc"), open_summary(written / "summary.nc")
    common = (campaign.status <= 2).all("scheme")
    expected = campaign.peb_m.where(common).median("realisation").values
    found = summary.peb_m.sel(population="common", statistic="median", limit="value")
    assert found.dims == ("scheme", "power_dbm")
    np.testing.assert_allclose(found, expected)
    np.testing.assert_array_equal(summary.peb_m_count.sel(population="common")[0], common.sum("realisation"))
    np.testing.assert_allclose(summary.common_share.sel(limit="value"), common.mean("realisation"))
    own = campaign.peb_m.where(campaign.status <= 2).median("realisation").values
    np.testing.assert_allclose(summary.peb_m.sel(population="own", statistic="median", limit="value"), own)


def test_summary_carries_units_labels_and_provenance(written: Path) -> None:
    summary = open_summary(written / "summary.nc")
    assert summary.peb_m.attrs == {"units": "m", "long_name": "position error bound"}
    assert summary.power_dbm.attrs["units"] == "dBm"
    assert {**summary.attrs, "schema_version": 1, "complete": "yes"} == xr.load_dataset(written / "campaign.nc").attrs
    assert summary.rate.dims == ("scheme", "power_dbm", "population", "user", "statistic", "limit")
    assert summary.status_count.sel(status="failed").sum() == 1


def test_traces_are_carried_forward_and_their_length_is_known(written: Path) -> None:
    campaign, summary = xr.load_dataset(written / "campaign.nc"), open_summary(written / "summary.nc")
    last = campaign.trace.min("iteration").where((campaign.status <= 2).all("scheme"))
    found = summary.trace.sel(population="common", statistic="median", limit="value").isel(iteration=-1)
    np.testing.assert_allclose(found, last.median("realisation").values)
    running = summary.trace_running.sel(population="own").isel(scheme=0, power_dbm=2)
    assert (running.diff("iteration") <= 0).all()
    assert "trace" not in (written / "summary.csv").read_text()


def test_times_are_apart_from_what_every_execution_repeats(written: Path) -> None:
    with netCDF4.Dataset(written / "summary.nc") as handle:
        assert "solve_seconds" not in handle.variables
        assert "solve_seconds" in handle.groups["timing"].variables
    assert "solve_seconds" in open_summary(written / "summary.nc")
    assert "solve_seconds" not in (written / "summary.csv").read_text()


def test_two_summaries_of_one_campaign_are_equal(written: Path, tmp_path: Path) -> None:
    summarise(written / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    assert (tmp_path / "summary.csv").read_bytes() == (written / "summary.csv").read_bytes()
    xr.testing.assert_identical(open_summary(tmp_path / "summary.nc"), open_summary(written / "summary.nc"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["summary.csv", "summary.nc"]


def test_csv_is_tidy(written: Path) -> None:
    with (written / "summary.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    summary = open_summary(written / "summary.nc")
    key = {
        "metric": "music_error_m",
        "population": "common",
        "scheme": "speb-min-hbf",
        "power_dbm": "20",
        "statistic": "rms",
    }
    (row,) = [row for row in rows if key.items() <= row.items()]
    at = {"scheme": "speb-min-hbf", "power_dbm": 20.0, "population": "common"}
    expected = summary.music_error_m.sel({**at, "statistic": "rms"})
    np.testing.assert_allclose([float(row[end]) for end in ("value", "lower", "upper")], expected, rtol=1e-9)
    assert row["units"] == "m"
    assert int(row["count"]) == summary.music_error_m_count.sel(at)
    kinds = {(row["metric"], row["population"], row["statistic"]) for row in rows}
    assert {("rate", "own", "q95"), ("peb_m", "pairs", "ratio_median"), ("status", "", "infeasible")} <= kinds
    assert {row["user"] for row in rows if row["metric"] == "rate"} == {"0", "1"}


def test_holes_and_integer_padding_are_skipped(synthetic_campaign: Callable[..., Path], tmp_path: Path) -> None:
    path = synthetic_campaign(tmp_path / "full.nc", schemes=("a", "b"))
    data = xr.load_dataset(path)
    data["status"][1, :, 4:] = 6
    data["peb_m"][1, :, 4:] = np.nan
    data["iterations"][1, :, 4:] = np.iinfo(data.iterations.dtype).min
    data.to_netcdf(tmp_path / "campaign.nc")
    summarise(tmp_path / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    summary = open_summary(tmp_path / "summary.nc").sel(population="common", power_dbm=30.0)
    assert summary.peb_m_count.values.tolist() == [40, 4]
    assert summary.iterations.sel(statistic="q05", limit="value").min() > 0
    assert summary.peb_m_pairs.values.tolist() == [40, 4]
    assert summary.peb_m.sel(statistic="median", limit="lower").isnull().values.tolist() == [False, True]


def test_a_file_that_is_no_campaign_is_named(tmp_path: Path) -> None:
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(ValueError, match=r"other\.nc: expected a variable status"):
        summarise(tmp_path / "other.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    with pytest.raises(ValueError, match=r"other\.nc: expected a summary"):
        open_summary(tmp_path / "other.nc")
    assert [path.name for path in tmp_path.iterdir()] == ["other.nc"]


def test_table_shows_values_intervals_and_the_share_of_draws(written: Path) -> None:
    summary = open_summary(written / "summary.nc")
    shown = table(summary, "peb_m", "rms")
    assert shown.index.names == ["power_dbm"]
    value, lower, upper = summary.peb_m.sel(
        scheme="snr-max-hbf", power_dbm=20.0, population="common", statistic="rms"
    ).values
    assert shown.loc["20", "snr-max-hbf"] == f"{value:.4g} [{lower:.4g}, {upper:.4g}]"
    assert shown["common draws"].str.endswith("%").all()
    assert table(summary, "rate", "mean").index.names == ["power_dbm", "user"]


@pytest.mark.parametrize(
    ("metric", "statistic", "message"),
    [
        ("peb", "mean", "metric 'peb' is unknown: did you mean 'peb_m'"),
        ("peb_m", "meen", "statistic 'meen'"),
        ("trace", "mean", "over iterations"),
    ],
)
def test_table_answers_a_wrong_name(written: Path, metric: str, statistic: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        table(open_summary(written / "summary.nc"), metric, statistic)


def test_a_gathered_campaign_is_summarised(campaign, gathered, tmp_path: Path) -> None:
    spec = campaign(
        grid="{size: {small: {elements: 4, users: 1}, large: {elements: 8, users: 2}}}",
        schemes="[plain, {scheme: plain, solver: slow, label: one by one, realisations: 5}]",
        estimators="{echo: {}}",
    )
    with gathered(spec) as data:
        summarise(tmp_path / "results" / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
        summary = open_summary(tmp_path / "summary.nc")
        expected = data.peb_m.where(data.status <= 2).sel(scheme="plain").quantile(0.75, "realisation").values
        assert summary.attrs["curves"] == data.attrs["curves"]
        assert not {"schema_version", "complete"} & set(summary.attrs)
    found = summary.peb_m.sel(population="common", statistic="q75", limit="value", scheme="plain")
    np.testing.assert_allclose(found, expected)
    assert summary.size.values.tolist() == ["small", "large"]
    assert summary.elements.dims == ("size",)
    assert "elements" in summary.coords
    assert summary.violation.sizes["constraint"] == 3
    assert "beamformers" not in summary
    assert summary.solve_seconds_count.sel(scheme="one by one", population="own").max() <= 5
    assert summary.echo_error_m_count.sel(population="own").sum() > 0


@pytest.mark.parametrize(("most", "workers"), [(1, 1), (1, 3), (40_000, 2)])
def test_neither_threads_nor_how_much_is_read_at_once_change_a_bit(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, workers: int
) -> None:
    monkeypatch.setattr(summary_module, "SLAB_BYTES", most)
    summarise(written / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv", workers=workers)
    xr.testing.assert_identical(open_summary(tmp_path / "summary.nc"), open_summary(written / "summary.nc"))
    assert (tmp_path / "summary.csv").read_bytes() == (written / "summary.csv").read_bytes()


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("most", [0, 1, 5, 8, 1000])
def test_boxes_of_points_cover_the_grid_once(shape: tuple[int, ...], most: int) -> None:
    seen = np.zeros(shape, dtype=int)
    for box in slabs(shape, most):
        seen[box] += 1
        assert seen[box].size <= max(most, 1)
    assert (seen == 1).all()


def test_memory_does_not_grow_with_the_grid(
    synthetic_campaign: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary_module, "SLAB_BYTES", 40_000)
    peaks = []
    for points in (1, 5):
        values = tuple(float(10 + i) for i in range(points))
        path = synthetic_campaign(tmp_path / f"{points}.nc", schemes=("a", "b"), values=values, realisations=1000)
        tracemalloc.start()
        summarise(path, tmp_path / "summary.nc", tmp_path / "summary.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("name", ["summary.nc", "summary.csv"])
def test_a_disk_that_is_full_is_told_in_one_line(written: Path, tmp_path: Path, name: str) -> None:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def write() -> None:
        # room for less than either file
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            if name == "summary.nc":
                summarise(written / "campaign.nc", tmp_path / name, tmp_path / "summary.csv")
            else:
                write_csv(written / "summary.nc", tmp_path / name)
        except OSError as error:
            theirs.send(str(error))

    job = context.Process(target=write)
    job.start()
    theirs.close()
    said = ours.recv()
    job.join()
    assert said.startswith(f"{tmp_path / name}: cannot be written: ")
    assert "\n" not in said
    assert not list(tmp_path.iterdir())


def test_a_damaged_campaign_is_named_and_not_the_summary(written: Path, tmp_path: Path) -> None:
    data = xr.load_dataset(written / "campaign.nc")
    data.to_netcdf(tmp_path / "campaign.nc", encoding={"music_error_m": {"fletcher32": True}})
    content = bytearray((tmp_path / "campaign.nc").read_bytes())
    content[content.index(data["music_error_m"].values.tobytes()[:64])] ^= 1
    (tmp_path / "campaign.nc").write_bytes(content)
    with pytest.raises(ValueError, match=rf"^{tmp_path}/campaign.nc: music_error_m cannot be read \(.*\): "):
        summarise(tmp_path / "campaign.nc", tmp_path / "summary.nc", tmp_path / "summary.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["campaign.nc"]
