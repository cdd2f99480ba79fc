"""Pages of docs/ whose tables a benchmark writes, each between a mark of its name and one of its end."""

from __future__ import annotations

from pathlib import Path


def told(name: str, text: str) -> None:
    """Print a table."""
    print(f"\n{name}\n\n{text}")


def fill(page: Path, name: str, text: str) -> None:
    """Put a table between its marks in a page, and print it."""
    told(name, text)
    head, begin, rest = page.read_text().partition(f"<!-- {name} -->\n")
    _, end, tail = rest.partition("<!-- end -->")
    if not begin or not end:
        raise SystemExit(f"{page}: expected the marks <!-- {name} --> and <!-- end -->")
    page.write_text(f"{head}{begin}\n{text}\n\n{end}{tail}")
