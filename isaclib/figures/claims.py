"""Claims and verdicts as a page for the report: what the paper says, what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from isaclib.campaign.claims.ledger import ERROR, VERDICTS, Verdict, rows
from isaclib.campaign.writing import write_atomically
from isaclib.figures.html import Html, page

_COLOURS = {"holds": "#d8ecd8", "refuted": "#f6d9d5", "undecided": "#f5ecc8"}
"""Background of a verdict; others have none."""


def write_page(verdicts: Sequence[Verdict], path: str | Path, title: str) -> None:
    """Write verdicts as an HTML file that needs nothing else, whole or not at all.

    Parameters
    ----------
    verdicts : sequence of Verdict
        A row each, in this order.
    path : path
        Written.
    title : str
        Heading.
    """
    write_atomically(Path(path), page(title, claims_table(list(rows(verdicts)))).encode())


def claims_table(claims: Sequence[Mapping[str, Any]]) -> Html:
    """Return how many claims hold, and a table of all.

    Parameters
    ----------
    claims : sequence of mapping
        Rows of the table of claims, see `isaclib.campaign.claims.ledger.COLUMNS`.

    Returns
    -------
    Html
    """
    counted = Counter(row["verdict"] for row in claims)
    told = ", ".join(f"{counted[word]} {word}" for word in VERDICTS if counted[word]) or "no claims"
    head = "".join(f"<th>{word}</th>" for word in ("Figure", "The paper says", "Verdict", "Found", "Draws"))
    body = "\n".join(_row(row) for row in claims)
    return Html(
        f"<p>{told}. Verdicts are by paired "
        f"statistics; the probability that any of the whole ledger is wrong is at most {100 * ERROR:g} %. "
        f"Intervals are of 95 %, each for itself.</p>\n<table><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table>"
    )


def _row(row: Mapping[str, Any]) -> str:
    told = {key: escape(str(value)) for key, value in row.items()}
    place = f"{told['figure']}<br><small>{told['section']}</small>" if told["section"] else ""
    said = f"{told['says']}<br><small>{told['id']}</small>"
    found = told["found"]
    if told["needed"]:
        found += f"<br>About {told['needed']} realisations would decide."
    if told["explanation"]:
        found += f"<br><em>{told['explanation']}</em>"
    if told["shown_by"]:
        found += f"<br>Shown by {told['shown_by']}."
    verdict = told["verdict"]
    colour = f" style='background: {_COLOURS[verdict]}'" if verdict in _COLOURS else ""
    return (
        f"<tr><td>{place}</td><td>{said}</td><td class='verdict'{colour}>{verdict}</td>"
        f"<td>{found}</td><td>{told['draws']}</td></tr>"
    )
