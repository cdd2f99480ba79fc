"""A campaign on one page: figures, claims beside them, what became of the draws, time, what made it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from isaclib.campaign.sidecar import read_sidecars
from isaclib.campaign.spec import Campaign
from isaclib.campaign.spent import Spent, spent
from isaclib.campaign.tidy import open_summary
from isaclib.campaign.writing import write_atomically
from isaclib.figures.claims import claims_table
from isaclib.figures.draws import missing_table, reasons, status_table, time_table
from isaclib.figures.html import folded, image, page
from isaclib.figures.setting import setting

if TYPE_CHECKING:
    import xarray as xr

_SHORT = 12
"""Rows of a table that is shown without a click."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What is told of a campaign.

    Parameters
    ----------
    campaign : Campaign
        Its file, in any effort.
    folder : Path
        ``results/<campaign>``.
    summary : xarray.Dataset
        From `isaclib.campaign.tidy.open_summary`.
    curves : sequence of Spent
        What the draws took.
    claims : sequence of mapping
        Rows of the table of claims that are about it.
    """

    campaign: Campaign
    folder: Path
    summary: xr.Dataset
    curves: Sequence[Spent]
    claims: Sequence[Mapping[str, str]]


def read_account(campaign: Campaign, folder: Path, claims: Sequence[Mapping[str, str]]) -> Account:
    """Read what is told of a campaign.

    Parameters
    ----------
    campaign : Campaign
        Its file, in any effort.
    folder : Path
        ``results/<campaign>``: summary, sidecars, figures.
    claims : sequence of mapping
        Rows of the table of claims; those about other campaigns are left out.

    Returns
    -------
    Account

    Raises
    ------
    ValueError, OSError
        Where the summary is missing or none.
    """
    return Account(
        campaign=campaign,
        folder=folder,
        summary=open_summary(folder / "summary.nc"),
        curves=spent(read_sidecars(folder / "runs"), campaign),
        claims=[row for row in claims if row["campaign"] == campaign.name],
    )


def write_account(account: Account, path: Path) -> None:
    """Write the page of a campaign, whole or not at all.

    Parameters
    ----------
    account : Account
        Its figures are drawn already.
    path : Path
        Written.

    Raises
    ------
    OSError
        Where a figure is missing or the page cannot be written.
    """
    campaign, summary = account.campaign, account.summary
    figures = "\n".join(_figure(account.folder / "figures" / figure.name) for figure in campaign.figures)
    shown = {"Figures": figures, "Claims": claims_table(account.claims) if account.claims else ""}
    columns = "".join(f"<div><h2>{title}</h2>\n{content}</div>" for title, content in shown.items() if content)
    parts = [
        f"<p>Campaign <b>{escape(campaign.name)}</b>. Intervals are of 95 %.</p>",
        f"<div class='beside'>{columns}</div>",
        f"<h2>Draws</h2>\n{status_table(summary)}",
        _missing(account),
        f"<h2>Time and memory</h2>\n{time_table(account.curves, summary)}",
        "<p><small>Core time is that of all jobs that solved some of a curve, estimates included; "
        "each: that time over the number of draws. The solver's own time is the median over the draws of a point, "
        "from the fastest point of the grid to the slowest.</small></p>",
        f"<h2>What was computed</h2>\n{setting(campaign)}",
        f"<h2>What made it</h2>\n{_made(summary)}",
    ]
    write_atomically(path, page(campaign.title, *parts).encode())


def _figure(stem: Path) -> str:
    """Return a figure with its caption; what made it is told once, at the end of the page."""
    words = stem.with_name(f"{stem.name}.rst").read_text(encoding="utf-8")
    told = [re.sub(r"\\(.)", r"\1", text.strip()) for text in words.split("\n\n") if not text.strip().startswith("*")]
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in told if text)
    drawn = image(stem.with_name(f"{stem.name}.png"), stem.name)
    return f"<figure>{drawn}<figcaption><b>{escape(stem.name)}</b>{paragraphs}</figcaption></figure>"


def _missing(account: Account) -> str:
    found = missing_table(account.summary)
    if found is None:
        return "<p>Every draw has a design, and no design breaks a constraint.</p>"
    said = "".join(f"<li>{escape(line)}</li>" for line in reasons(account.curves))
    why = f"<p>Why, as the last draws of each job have it:</p><ul>{said}</ul>" if said else ""
    place = "Where draws have no design, or one that breaks a constraint"
    return (f"<h3>{place}</h3>\n{found}" if found.count("<tr>") <= 1 + _SHORT else folded(place, found)) + why


def _made(summary: xr.Dataset) -> str:
    told = {
        "Runs": f"isaclib {summary.attrs['runs_isaclib_versions']}, commit {summary.attrs['runs_git_commits']}",
        "Gathered by": f"isaclib {summary.attrs['isaclib_version']}, commit {summary.attrs['git_commit'] or 'unknown'}",
        "Packages of the runs": summary.attrs["runs_packages"],
    }
    return "<ul>" + "".join(f"<li>{key}: {escape(str(value))}</li>" for key, value in told.items()) + "</ul>"
