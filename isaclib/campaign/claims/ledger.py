"""Every claim judged: what the paper says, what the draws say, and how sure that is."""

from __future__ import annotations

import csv
import math
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isaclib.campaign.claims.comparison import MOST, Comparison
from isaclib.campaign.claims.contrast import NoRatio
from isaclib.campaign.claims.draws import Draws, NotThere
from isaclib.campaign.claims.reading import FOLDER, check_all, read_all
from isaclib.campaign.claims.samples import comparisons
from isaclib.campaign.claims.spec import Claim
from isaclib.campaign.dataset import NAME, open_campaign

ERROR = 0.05
"""Probability that any verdict of a ledger, ``holds`` or ``refuted``, is wrong."""

HOLDS, REFUTED, UNDECIDED, NOT_TESTABLE, NOT_RUN = VERDICTS = (
    "holds",
    "refuted",
    "undecided",
    "not testable",
    "not run",
)

COLUMNS = (
    *("id", "system", "campaign", "section", "figure", "says", "verdict", "found", "draws", "needed"),
    *("p_holds", "p_refuted", "comparisons", "explanation", "shown_by"),
)
"""Of the table."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a claim.

    Parameters
    ----------
    claim : Claim
        What is claimed.
    verdict : str
        One of `VERDICTS`.
    found : str
        Numbers and intervals in words at the comparison that decided, or why there is none.
    p_holds : float
        How likely such draws are, at most, if the claim is false; NaN where nothing was compared.
    p_refuted : float
        The same if it is true.
    draws : int
        Fewest draws behind a comparison.
    comparisons : int
        Comparisons that all have to hold.
    needed : int, optional
        Realisations of the campaign that would decide, about, where it is undecided and the effect
        seen lies on one side.
    """

    claim: Claim
    verdict: str
    found: str
    p_holds: float = math.nan
    p_refuted: float = math.nan
    draws: int = 0
    comparisons: int = 0
    needed: int | None = None


def judge(
    claims: str | Path | Sequence[Claim] = FOLDER,
    results: str | Path = "results",
    *,
    campaigns: Collection[str] | None = None,
) -> list[Verdict]:
    """Judge claims by the stored campaigns they read.

    Of the two hypotheses of a claim, that it holds and that it does not, exactly one is true: in
    Holm's method with Shaffer's count of those that can be true together (JASA 81, 1986) every
    p-value is compared with `ERROR` over the number of claims that have a dataset, and the probability
    of any wrong verdict is at most `ERROR`, however the claims depend on each other.

    Parameters
    ----------
    claims : path or sequence of Claim
        A file or folder of claims, or a campaign file with claims of its own.
    results : path
        Folder of all results.
    campaigns : collection of str, optional
        Campaigns whose datasets are read; default: every one that is there.

    Returns
    -------
    list of Verdict
        In the order of the files.

    Raises
    ------
    CampaignError
        One line a mistake in the claims: file, claim, key, value, what was expected.
    """
    if isinstance(claims, (str, Path)):
        claims = read_all(claims)
    check_all(claims)
    about = _by_campaign(claims)
    wanted = about if campaigns is None else [name for name in about if name in campaigns]
    stored = {name: file for name in wanted if (file := Path(results) / name / NAME).exists()}
    level = ERROR / max(sum(len(about[name]) for name in stored), 1)
    found: dict[str, Verdict] = {}
    for name, file in stored.items():
        with open_campaign(file) as data:
            draws = Draws(data)
            found.update((claim.id, verdict(claim, draws, level)) for claim in about[name])
    return [found.get(claim.id) or _without(claim) for claim in claims]


def verdict(claim: Claim, draws: Draws, level: float) -> Verdict:
    """Judge one claim.

    It is a list of comparisons of a statistic with a limit. It holds where all of them do, so that
    its p-value is the largest of theirs; it is refuted where one of them fails, so that the p-value
    is the smallest, times their number.

    Parameters
    ----------
    claim : Claim
        One that can be tested.
    draws : Draws
        Of its campaign.
    level : float
        What a p-value has to be at most.

    Returns
    -------
    Verdict

    Raises
    ------
    CampaignError
        For a ratio of negative values.
    """
    assert claim.test is not None
    try:
        compared = list(comparisons(claim.test, draws))
    except NotThere as missing:
        return Verdict(claim=claim, verdict=NOT_RUN, found=f"{claim.campaign}: {missing}")
    except NoRatio as error:
        raise claim.refused("metric", claim.test.metric, str(error)) from None
    p_holds = max(c.p_values[0] for c in compared)
    p_refuted = min(1.0, len(compared) * min(c.p_values[1] for c in compared))
    decided = HOLDS if p_holds <= level else REFUTED if p_refuted <= level else UNDECIDED
    return Verdict(
        claim=claim,
        verdict=decided,
        found=_told(_weakest(compared, decided), len(compared), decided),
        p_holds=p_holds,
        p_refuted=p_refuted,
        draws=min(c.number for c in compared),
        comparisons=len(compared),
        needed=_needed(compared, draws.realisations, level) if decided == UNDECIDED else None,
    )


def rows(verdicts: Iterable[Verdict]) -> Iterator[dict[str, Any]]:
    """Yield a row a verdict, by `COLUMNS`; what is not there is an empty text."""
    for each in verdicts:
        claim = each.claim
        row = {
            "id": claim.id,
            "system": claim.system,
            "campaign": claim.campaign,
            "section": claim.source.section if claim.source else None,
            "figure": claim.source.figure if claim.source else None,
            "says": claim.says,
            "verdict": each.verdict,
            "found": each.found,
            "draws": each.draws or None,
            "needed": each.needed,
            "p_holds": f"{each.p_holds:.3g}",
            "p_refuted": f"{each.p_refuted:.3g}",
            "comparisons": each.comparisons or None,
            "explanation": claim.explanation,
            "shown_by": claim.shown_by,
        }
        yield {key: "" if value in (None, "nan") else value for key, value in row.items()}


def write_csv(verdicts: Iterable[Verdict], path: str | Path) -> None:
    """Write the table, whole or not at all."""
    partial = Path(f"{path}.{os.getpid()}.part")
    try:
        with partial.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows(verdicts))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_csv(path: str | Path) -> list[dict[str, str]]:
    """Read the table that `write_csv` wrote: a row a verdict, by `COLUMNS`."""
    with Path(path).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _by_campaign(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.test is not None and claim.campaign is not None:
            found[claim.campaign].append(claim)
    return found


def _without(claim: Claim) -> Verdict:
    """Return the verdict on a claim that no dataset tells of."""
    if claim.test is None:
        return Verdict(claim=claim, verdict=NOT_TESTABLE, found=claim.not_testable or "")
    return Verdict(claim=claim, verdict=NOT_RUN, found=f"{claim.campaign} has no dataset yet")


def _weakest(compared: Sequence[Comparison], decided: str) -> Comparison:
    """Return the comparison that decided: the one with the least for the claim."""
    nothing = [c for c in compared if math.isnan(c.score)]
    if nothing and decided != REFUTED:
        return min(nothing, key=lambda c: c.number)
    return min((c for c in compared if not math.isnan(c.score)), key=lambda c: (c.score, c.margin))


def _told(comparison: Comparison, several: int, decided: str) -> str:
    """Say what was found: the statistic with its interval, where, and what was claimed."""
    value, lower, upper = comparison.estimate
    ends = "" if math.isnan(lower) else f" [{lower:.4g}, {upper:.4g}]"
    at = f" at {comparison.where}" if comparison.where else ""
    limit = comparison.shown(comparison.limit)
    # a scale that is told downwards turns the side over
    least = comparison.at_least == (comparison.shown(1.0) > comparison.shown(0.0))
    place = f"; the {'worst' if decided == REFUTED else 'weakest'} of {several} comparisons" if several > 1 else ""
    told = f"{comparison.what}: {value:.4g}{ends}{at} (claimed: at {'least' if least else 'most'} {limit:.4g}{place})"
    if math.isnan(comparison.score):
        unit = "draws" if comparison.blocks is None else "blocks of draws"
        return f"{told}; fewer than {comparison.fewest} {unit} decide nothing"
    return told


def _needed(compared: Sequence[Comparison], realisations: int, level: float) -> int | None:
    """Realisations that would decide, for the claim where everything points to it, else against it."""
    scale = {id(c): realisations / max(c.number, 1) for c in compared}
    pending = [c for c in compared if c.p_values[0] > level]
    number = max(c.needed(level, holds=True) * scale[id(c)] for c in pending)
    if math.isinf(number):
        number = min(c.needed(level / len(compared), holds=False) * scale[id(c)] for c in compared)
    return math.ceil(number) if number <= MOST else None
