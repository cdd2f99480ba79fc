"""Claims and verdicts as a page for the report: what the paper says, what was found."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

from isaclib.campaign.claims.ledger import ERROR, VERDICTS, Verdict

_COLOURS = {"holds": "#d8ecd8", "refuted": "#f6d9d5", "undecided": "#f5ecc8"}
"""Background of a verdict; others have none."""

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5em; color: #222; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5em .7em; border-bottom: 1px solid #ddd; }
td.verdict { white-space: nowrap; font-weight: 600; }
small { color: #555; }
"""


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
    partial = Path(f"{path}.{os.getpid()}.part")
    try:
        partial.write_text(_page(verdicts, title), encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _page(verdicts: Sequence[Verdict], title: str) -> str:
    counted = Counter(each.verdict for each in verdicts)
    told = ", ".join(f"{counted[word]} {word}" for word in VERDICTS if counted[word]) or "no claims"
    head = "".join(f"<th>{word}</th>" for word in ("Figure", "The paper says", "Verdict", "Found", "Draws"))
    rows = "\n".join(_row(each) for each in verdicts)
    return (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n<p>{told}. Verdicts are by paired "
        f"statistics; the probability that any of the whole ledger is wrong is at most {100 * ERROR:g} %. "
        f"Intervals are of 95 %, each for itself.</p>\n<table><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table>\n</body></html>\n"
    )


def _row(each: Verdict) -> str:
    claim = each.claim
    place = ""
    if claim.source:
        figure = "" if claim.source.figure is None else str(claim.source.figure)
        place = f"{escape(figure)}<br><small>{escape(claim.source.section)}</small>"
    said = f"{escape(claim.says)}<br><small>{escape(claim.id)}</small>"
    found = escape(each.found)
    if each.needed is not None:
        found += f"<br>About {each.needed} realisations would decide."
    if claim.explanation:
        found += f"<br><em>{escape(claim.explanation)}</em>"
    if claim.shown_by:
        found += f"<br>Shown by {escape(claim.shown_by)}."
    colour = f" style='background: {_COLOURS[each.verdict]}'" if each.verdict in _COLOURS else ""
    draws = each.draws or ""
    return (
        f"<tr><td>{place}</td><td>{said}</td><td class='verdict'{colour}>{each.verdict}</td>"
        f"<td>{found}</td><td>{draws}</td></tr>"
    )
