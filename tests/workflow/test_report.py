"""The report as a co-author gets it: every figure, claim, count, time and version, and nothing from a network."""

from __future__ import annotations

import json
import re
import zipfile

import isaclib

CLAIM = {
    **{"id": "less-with-power", "says": "More power, less error.", "test": "trend", "metric": "peb_m"},
    **{"scheme": "FDBF", "along": "power_dbm", "direction": "decreasing"},
}
FIGURE = {"name": "bound", "x": "power_dbm", "y": [{"metric": "peb_m"}]}
SCHEMES = [{"scheme": "speb-min-fdbf", "label": "FDBF"}]


def test_a_report_tells_all_of_a_campaign_and_follows_its_file(workshop):
    work = workshop(figures=[FIGURE], claims=[CLAIM], schemes=SCHEMES, grid={"power_dbm": [15, 30]}, realisations=70)
    work.build(target="all")
    for ending in ("pdf", "png", "csv", "rst"):
        assert (work.results / "figures" / f"bound.{ending}").stat().st_size > 0
    assert ",holds," in (work.folder / "results" / "claims.csv").read_text()
    assert work.snakemake("--report", "report.zip").returncode == 0

    with zipfile.ZipFile(work.folder / "report.zip") as archive:
        files = {name.rsplit("/", 1)[1]: archive.read(name) for name in archive.namelist()}
    for name in ("bound.png", "summary.csv", "claims.csv", "claims.html", "index.html", "overview.html"):
        assert files[name]
    start = files["report.html"].decode()
    assert "Status of a draw" in start
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=.?https?:", start)

    with isaclib.open_campaign(work.results / "campaign.nc") as data:
        statuses = data["status"].values.ravel().tolist()
        commit = data.attrs["runs_git_commits"]
    infeasible = statuses.count(3)
    assert 0 < infeasible < 70
    sidecars = [json.loads(path.read_text()) for path in work.results.glob("runs/*.json")]
    memory = max(sidecar["peak_memory_mb"] for sidecar in sidecars)
    for name in ("index.html", "overview.html"):
        page = files[name].decode()
        counted = re.sub(r"<span[^>]*>(.*?)</span>", r"\1", page)
        assert f"<td class='number'>{infeasible}</td>" in counted
        assert f"{memory:,.0f} MB" in page
        assert commit in page
    page = files["index.html"].decode()
    for text in ("data:image/png;base64,", "More power, less error.", "holds", "transmit power: 15, 30 dBm", "direct"):
        assert text in page

    # another title draws the figure again, and solves nothing
    work.write(figures=[{**FIGURE, "title": "Another first sentence"}], claims=[{**CLAIM, "direction": "increasing"}])
    assert work.build(target="all") == {}
    page = (work.results / "index.html").read_text()
    assert "Another first sentence" in page
    assert "refuted" in page
