"""Pages that need nothing else: one HTML file with its style, tables and images inside."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5em; color: #222; background: #fff; }
h2 { margin-top: 1.6em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4em .7em; border-bottom: 1px solid #ddd; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.verdict { white-space: nowrap; font-weight: 600; }
small, figcaption { color: #555; }
figure { margin: 0 0 1.5em; }
figure img { width: 100%; max-width: 46em; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(34em, 100%), 1fr)); gap: 1em 2.5em; }
"""


class Html(str):
    """Text that is HTML already; any other text is escaped."""

    __slots__ = ()


def page(title: str, *parts: str) -> str:
    """Return a page: its heading, then the parts, each HTML."""
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>"
    body = "\n".join((f"<h1>{escape(title)}</h1>", *parts))
    return f"<!DOCTYPE html>\n<html lang='en'><head>{head}</head><body>\n{body}\n</body></html>\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, words: int = 1) -> Html:
    """Return a table.

    Parameters
    ----------
    head : sequence of str
        Words above the columns.
    rows : iterable of sequence
        Numbers, texts or `Html`.
    words : int
        The first so many columns stand to the left, as words do; the others to the right, as numbers do.

    Returns
    -------
    Html
    """

    def line(cells: Sequence[object], tag: str) -> str:
        marks = ("" if at < words else " class='number'" for at in range(len(cells)))
        return "".join(f"<{tag}{mark}>{inline(cell)}</{tag}>" for mark, cell in zip(marks, cells, strict=True))

    body = "\n".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return Html(f"<table><thead><tr>{line(head, 'th')}</tr></thead>\n<tbody>\n{body}\n</tbody></table>")


def inline(value: object) -> str:
    """Return a value as HTML, escaped unless it is `Html`."""
    return value if isinstance(value, Html) else escape(str(value))


def shaded(value: object, colour: str) -> Html:
    """Return a value on a background."""
    return Html(f"<span style='background: {colour}; padding: .1em .35em'>{inline(value)}</span>")


def folded(title: str, content: str) -> Html:
    """Return HTML that is shown when its title is clicked."""
    return Html(f"<details><summary>{escape(title)}</summary>\n{content}\n</details>")


def image(path: Path, words: str) -> Html:
    """Return a PNG file as an image inside the page; `words` are for those who cannot see it."""
    data = base64.b64encode(path.read_bytes()).decode()
    return Html(f"<img alt='{escape(words)}' src='data:image/png;base64,{data}'>")
