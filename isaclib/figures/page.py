"""One HTML file to look into campaigns with: statistics and beam patterns, offline, without a server."""

from __future__ import annotations

import base64
import csv
import gzip
from collections.abc import Container, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from isaclib.campaign.tidy import open_summary
from isaclib.campaign.writing import write_atomically
from isaclib.figures.page_data import compact, page_data
from isaclib.figures.page_patterns import page_patterns

SCRIPTS = ("page.js", "page_chart.js", "page_patterns.js")


def write_page(folders: Sequence[str | Path], output: str | Path, *, draws: int = 3) -> list[str]:
    """Write an interactive page of campaigns that needs nothing but a browser.

    Statistics are those of each ``summary.nc``; beam patterns are of designs that are made anew from
    ``campaign.nc`` (seconds a scheme). The data and the drawing library are compressed in the file, and
    its content policy lets it load nothing else.

    Parameters
    ----------
    folders : sequence of path
        ``results/<campaign>`` each, shown in this order.
    output : path
        The HTML file, written whole or not at all.
    draws : int
        Draws with beam patterns in each campaign; 0: none.

    Returns
    -------
    list of str
        Why campaigns have no beam patterns, a line each.

    Raises
    ------
    ValueError
        In one line: no campaign, or a folder without a summary.
    """
    from plotly.offline import get_plotlyjs

    if not folders:
        raise ValueError("no campaign: expected at least one folder of results with a summary.nc")
    campaigns, reasons = [], []
    for place, folder in enumerate(map(Path, folders)):
        file = folder / "summary.nc"
        if not file.exists():
            raise ValueError(f"{file}: missing: expected the summary of a finished campaign; `snakemake` makes it")
        data = page_data(open_summary(file))
        data["opening"] = _opening(folder, data["metrics"])
        name = folder.resolve().name
        try:
            data["patterns"] = page_patterns(folder, draws=draws) if draws else {"missing": "None were asked for."}
        # a campaign whose designs cannot be made again still has its statistics
        except ValueError as error:
            data["patterns"] = {"missing": f"None: {error}."}
            reasons.append(f"{name}: no beam patterns: {error}")
        about = f'id="campaign-{place}" data-campaign="{escape(name)}"'
        campaigns.append(f'<script type="text/plain" {about}>{_packed(compact(data))}</script>')
    page = Template(_asset("page.html")).substitute(
        style=_asset("page.css"),
        library=_packed(get_plotlyjs()),
        campaigns="\n".join(campaigns),
        script="\n".join(map(_asset, SCRIPTS)),
    )
    write_atomically(Path(output), page.encode())
    return reasons


def _opening(folder: Path, known: Container[str]) -> dict[str, str]:
    """Return metric and statistic of the campaign's first figure, which a reader looks for first."""
    for file in sorted(folder.glob("figures/*.csv")):
        with file.open(newline="", encoding="utf-8") as handle:
            row = next(csv.DictReader(handle), {})
        if row.get("metric") in known:
            return {"metric": row["metric"], "statistic": row["statistic"]}
    return {}


def _asset(name: str) -> str:
    return files("isaclib.figures").joinpath(name).read_text(encoding="utf-8")


def _packed(text: str) -> str:
    """Compress a text: base64 holds nothing that ends a script, and no time, so that equal data is an equal page."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")
