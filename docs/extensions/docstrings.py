"""Docstrings are written to be read in a terminal; here their mathematics is kept from being taken for markup."""

import re
from typing import Any

_MARKUP = re.compile(r"``[^`]*``|`[^`]*`|(?P<bar>(?<!\\)\|)|(?P<tail>(?<=\w)_(?!\w))|(?P<star>(?<![*\w])\*{1,2}(?=\w))")
"""Literals, which stay as they are, and signs that would begin a substitution, a reference or an emphasis."""

_SYMBOL = re.compile(r"^(\s*)(\w\.)(?=\s|$)")
"""A line such as ``T.``, which would begin a list."""


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match.lastgroup is None else match[0].replace("|", "\\|").replace("_", "\\_").replace("*", "\\*")


def escape(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape the signs of one docstring, but for what is mathematics in TeX already."""
    lines[:] = [line if ".. math::" in line else _SYMBOL.sub(r"\1\\\2", _MARKUP.sub(_escaped, line)) for line in lines]


def setup(app: Any) -> dict[str, bool]:
    """Come before numpydoc, which splits parameters at their colons."""
    app.connect("autodoc-process-docstring", escape, priority=400)
    return {"parallel_read_safe": True}
