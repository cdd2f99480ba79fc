"""A claim as its file says it, and what is wrong with the file, in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isaclib.campaign import document
from isaclib.campaign.claims.vocabulary import Assertion, read_assertion
from isaclib.campaign.document import CampaignError, check_keys, refuse
from isaclib.campaign.entry import build, check_types, keys_of
from isaclib.systems.base import nearest

COMMON = ("id", "source", "says", "campaign", "test", "not_testable", "explanation", "shown_by")
"""Keys of a claim beside those of its test."""

_ID = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a paper claims something.

    Parameters
    ----------
    section : str
        Section, theorem or remark.
    figure : int or str, optional
        Figure, or table.
    """

    section: str
    figure: int | str | None = None

    def __post_init__(self) -> None:
        """Check every key."""
        check_types(self)
        if isinstance(self.figure, bool) or not isinstance(self.figure, int | str | None):
            raise ValueError(f"figure = {self.figure!r}: expected a number, or text")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence that states a result, and the test it stands for.

    Parameters
    ----------
    file : Path
        Where it is written.
    id : str
        Its name; no two are equal.
    says : str
        The sentence, paraphrased.
    system : str
        Name of the system.
    campaign : str, optional
        Name of the campaign that tells; none where nothing can be tested.
    test : Assertion, optional
        What is tested.
    not_testable : str, optional
        Why nothing is.
    source : Source, optional
        Where the paper says so.
    explanation : str, optional
        What was found, and why.
    shown_by : str, optional
        A further campaign that shows why.
    """

    file: Path
    id: str
    says: str
    system: str
    campaign: str | None = None
    test: Assertion | None = None
    not_testable: str | None = None
    source: Source | None = None
    explanation: str | None = None
    shown_by: str | None = None

    def refused(self, key: str, value: Any, expected: str) -> CampaignError:
        """Return the error ``file: claim.key = value: expected ...``."""
        return CampaignError(f"{self.file}: {self.id}.{key} = {document.shown(value)}: expected {expected}")


def read_ledger(path: str | Path) -> tuple[Claim, ...]:
    """Read a file of claims.

    Parameters
    ----------
    path : path
        YAML with the keys ``system`` and ``claims``.

    Returns
    -------
    tuple of Claim

    Raises
    ------
    CampaignError
        One line: file, claim, key, value, what was expected.
    """
    path = Path(path)
    content = document.read(path)
    try:
        check_keys("", content, ("system", "claims"), ("system", "claims"))
        return read_claims(content["claims"], file=path, system=document.text("system", content["system"]))
    except ValueError as error:
        message = str(error)
        raise CampaignError(message if message.startswith(f"{path}: ") else f"{path}: {message}") from None


def read_claims(content: Any, *, file: Path, system: str, campaign: str | None = None) -> tuple[Claim, ...]:
    """Read a list of claims.

    Parameters
    ----------
    content : object
        As YAML gives it; None counts as an empty list.
    file : Path
        Where they are written.
    system : str
        Name of the system.
    campaign : str, optional
        The campaign whose file they stand in: all are about it, and need no source.

    Returns
    -------
    tuple of Claim

    Raises
    ------
    ValueError
        One line: claim, key, value, what was expected.
    """
    if content is not None and not isinstance(content, list):
        raise refuse("claims", content, "a list of claims")
    claims: list[Claim] = []
    for i, entry in enumerate(content or []):
        claim = _read(entry, f"claims[{i}]", file, system, campaign)
        if claim.id in {other.id for other in claims}:
            raise refuse(f"claims[{i}].id", claim.id, "an id that no other claim has")
        claims.append(claim)
    return tuple(claims)


def _read(entry: Any, place: str, file: Path, system: str, campaign: str | None) -> Claim:
    if not isinstance(entry, dict):
        raise refuse(place, entry, "a mapping with id, says and test")
    if "id" not in entry:
        raise CampaignError(f"{place}: id is missing: expected `id: ...`, a name that no other claim has")
    name = entry["id"]
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise refuse(f"{place}.id", name, "letters and digits, with - between them")
    common = {key: value for key, value in entry.items() if key in COMMON}
    rest = {key: value for key, value in entry.items() if key not in COMMON}
    if campaign is not None:
        if "campaign" in common:
            raise refuse(f"{name}.campaign", common["campaign"], f"none: the claim stands in the file of {campaign}")
        common["campaign"] = campaign
    check_keys(name, common, COMMON, ("says",) if campaign is not None else ("says", "source"))
    texts: dict[str, Any] = {key: document.text(f"{name}.{key}", common[key]) for key in _texts(common)}
    if ("test" in common) == ("not_testable" in common):
        raise CampaignError(f"{name}: test is missing: expected either test or not_testable")
    source = common.get("source")
    if source is not None:
        source = build(Source, keys_of(Source, source, f"{name}.source"), f"{name}.source")
    if "test" not in common:
        if rest:
            raise CampaignError(f"{name}: key {next(iter(rest))!r} is unknown: {nearest(next(iter(rest)), COMMON)}")
        return Claim(file=file, system=system, source=source, **texts)
    if "campaign" not in texts:
        raise CampaignError(f"{name}: campaign is missing: expected `campaign: ...`, the one that tells")
    test = read_assertion({"test": common["test"], **rest}, name)
    return Claim(file=file, system=system, source=source, test=test, **texts)


def _texts(common: Mapping[str, Any]) -> list[str]:
    return [key for key, value in common.items() if key not in ("source", "test") and value is not None]
