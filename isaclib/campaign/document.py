"""Reading a YAML file written by a person: plain values, and errors of one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from isaclib.systems.base import nearest

YAML = "expected `key: value`, indented by spaces, with quotes around text that has a colon, a brace or a #"
"""What is nearly always wrong with a file that is no YAML."""


class CampaignError(ValueError):
    """What is wrong with a file a person wrote: ``file: field: value: expected ...`` in one line."""


class _BadKey(yaml.MarkedYAMLError):
    """A key that YAML itself would take."""


class _Loader(yaml.SafeLoader):
    """YAML in which 28e9 is a number and a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float)):
                raise _BadKey(problem=f"key {key!r}: expected text or a number", problem_mark=key_node.start_mark)
            if key in seen:
                raise _BadKey(problem=f"key {key!r} stands twice: expected it once", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 takes "28e9" for text; everybody who writes it means a number.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d[\d_]*)(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict

    Raises
    ------
    CampaignError
        Where it is missing, is not YAML, names a key twice or is no mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        beside = sorted(other.name for other in path.parent.glob("*.yaml"))
        hint = nearest(path.name, beside) if beside else "`isaclib new` writes a campaign"
        raise CampaignError(f"{path}: there is no such file: {hint}") from None
    except OSError as error:
        expected = "expected a file that you may read"
        raise CampaignError(f"{path}: cannot be read: {error.strerror or error}: {expected}") from None
    except UnicodeDecodeError as error:
        raise CampaignError(f"{path}: byte {error.start} is no text: expected a file in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        hint = "" if isinstance(error, _BadKey) else f": {YAML}"
        raise CampaignError(f"{path}: {line}{error.problem or error.context}{hint}") from None
    except yaml.YAMLError as error:
        raise CampaignError(f"{path}: {' '.join(str(error).split())}: {YAML}") from None
    if not isinstance(content, dict):
        found = "nothing" if content is None else type(content).__name__
        raise CampaignError(f"{path}: expected keys and values, found {found}")
    return content


def check_keys(where: str, content: Mapping[Any, Any], known: Iterable[str], needed: Iterable[str] = ()) -> None:
    """Refuse an unknown key, with the nearest known one, and a missing one.

    Parameters
    ----------
    where : str
        Where the mapping stands; empty for the top level.
    content : mapping
        What was written.
    known, needed : iterable of str
        Allowed and required keys.

    Raises
    ------
    CampaignError
        Without the file's name, which the caller knows.
    """
    prefix = f"{where}: " if where else ""
    known = tuple(known)
    for key in content:
        if key not in known:
            raise CampaignError(f"{prefix}key {key!r} is unknown: {nearest(str(key), known)}")
    for key in needed:
        if content.get(key) is None:
            raise CampaignError(f"{prefix}{key} is missing: expected `{key}: ...`")


def refuse(where: str, value: Any, expected: str) -> CampaignError:
    """Return the error ``field: value: expected ...``."""
    return CampaignError(f"{where}: {shown(value)}: expected {expected}")


def shown(value: Any) -> str:
    """Show a value as its author wrote it, shortened where long."""
    text = repr(value) if not isinstance(value, (list, tuple)) else "[" + ", ".join(repr(v) for v in value) + "]"
    return text if len(text) <= 80 else text[:77] + "..."


def text(where: str, value: Any) -> str:
    """Take a text, in one line.

    Raises
    ------
    CampaignError
        For anything else, or an empty one.
    """
    if not isinstance(value, str) or not value.strip():
        raise refuse(where, value, "text")
    return " ".join(value.split())


def whole(where: str, value: Any, *, low: int, high: int) -> int:
    """Take a whole number from `low` to `high`.

    Raises
    ------
    CampaignError
        For anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1 != 0 or value < low:
        raise refuse(where, value, f"a whole number of at least {low}")
    if value > high:
        raise refuse(where, value, f"a whole number of at most {high}")
    return int(value)


def mapping(where: str, value: Any, expected: str = "keys and values") -> dict[Any, Any]:
    """Take a mapping; nothing written counts as an empty one.

    Raises
    ------
    CampaignError
        For anything else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refuse(where, value, expected)
    return value


def parse(where: str, value: str) -> Any:
    """Read one value as a campaign file would.

    Raises
    ------
    CampaignError
        Where it is no YAML.
    """
    try:
        return yaml.load(value, Loader=_Loader)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise CampaignError(f"{where}: {reason}: expected a value as in a campaign file") from None
