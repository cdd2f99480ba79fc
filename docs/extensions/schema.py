"""Tables of parameters, schemes, estimators and keys, made from the code when the pages are built.

```{parameters} hybrid``` and alike; ```{keys} isaclib.campaign.figure_spec.FigureSpec``` lists the fields of an entry
of a campaign file with the words of its docstring.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from numpydoc.docscrape import ClassDoc
from sphinx.util.docutils import SphinxDirective

import isaclib
from isaclib.campaign.identity import plain
from isaclib.cli.template import template
from isaclib.systems.parameters import expectation

_CONSTANT = re.compile("`([A-Z]+)`")


def _flow(value: Any) -> str:
    """Return a value as it stands in a campaign file."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    text = yaml.safe_dump(plain(value), default_flow_style=True, sort_keys=False, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}: {_flow(value)}`" for name, value in options.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def parameters(name: str) -> list[str]:
    """Table of a system's parameters."""
    rows = []
    for field in dataclasses.fields(isaclib.get_system(name).Parameters):
        allowed = expectation(field.metadata)
        rows.append([f"`{field.name}`", field.metadata["doc"], allowed, f"`{_flow(field.default)}`"])
    return _table(["parameter", "meaning", "allowed", "default"], rows)


def schemes(name: str) -> list[str]:
    """Table of a system's schemes, their solvers and options; the first solver is the default."""
    rows = []
    for scheme in isaclib.get_system(name).schemes.values():
        for place, (solver, chosen) in enumerate(scheme.solvers.items()):
            first = [f"`{scheme.name}`", scheme.summary] if place == 0 else ["", ""]
            rows.append([*first, f"`{solver}`", chosen.summary, _options(chosen.options)])
    return _table(["scheme", "what it is", "solver", "how", "options with defaults"], rows)


def estimators(name: str) -> list[str]:
    """Table of a system's estimators."""
    found = isaclib.get_system(name).estimators.values()
    return _table(
        ["estimator", "how", "options with defaults"], [[f"`{e.name}`", e.summary, _options(e.options)] for e in found]
    )


def keys(name: str) -> list[str]:
    """Table of the keys that a dataclass takes from a campaign file."""
    module, _, attribute = name.rpartition(".")
    cls = getattr(import_module(module), attribute)
    documented = [entry for each in reversed(cls.__mro__) for entry in ClassDoc(each)["Parameters"]]
    # numpydoc has one entry for "relative, absolute"
    said = {name: " ".join(entry.desc) for entry in documented for name in entry.name.split(", ")}
    rows = []
    for field in dataclasses.fields(cls):
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        default = "required" if required else f"`{_flow(_default(field))}`"
        # "One of `STATISTICS`": which these are
        words = _CONSTANT.sub(lambda match: _listed(getattr(import_module(module), match[1])), said[field.name])
        rows.append([f"`{field.name}`", words, default])
    return _table(["key", "meaning", "default"], rows)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def new(name: str) -> list[str]:
    """Return the file that ``isaclib new`` writes."""
    return ["```yaml", *template(f"my-{name}", system=name).splitlines(), "```"]


class Generated(SphinxDirective):
    """What a function of this module returns for the argument, read as Markdown."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse it in place."""
        parent = nodes.Element()
        lines = globals()[self.name](self.arguments[0])
        self.state.nested_parse(StringList(lines, source=self.name), self.content_offset, parent)
        return parent.children


def setup(app: Any) -> dict[str, bool]:
    """Name the directives after the functions."""
    for function in (parameters, schemes, estimators, keys, new):
        app.add_directive(function.__name__, Generated)
    return {"parallel_read_safe": True}
