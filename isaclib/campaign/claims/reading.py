"""Files of claims, held against the campaigns they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from isaclib.campaign import document
from isaclib.campaign.claims.check import check_claim
from isaclib.campaign.claims.spec import Claim, read_ledger
from isaclib.campaign.document import CampaignError
from isaclib.campaign.reading import load
from isaclib.campaign.settings import FOLDER as CAMPAIGNS
from isaclib.campaign.spec import EFFORTS, Campaign
from isaclib.systems.base import nearest

FOLDER = Path("config/claims")
"""Where the claims of the papers stand."""


def read_all(path: str | Path) -> tuple[Claim, ...]:
    """Read claims.

    Parameters
    ----------
    path : path
        A file of claims, a campaign file with a block ``claims``, or a folder of such files.

    Returns
    -------
    tuple of Claim

    Raises
    ------
    CampaignError
        One line a mistake: file, claim, key, value, what was expected.
    """
    path = Path(path)
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise CampaignError(f"{path}: no file of claims in it: expected *.yaml; results are named by --results")
    claims: dict[str, Claim] = {}
    mistakes = []
    for file in files:
        try:
            own = load_any_effort(file).claims if "campaign" in document.read(file) else read_ledger(file)
            for claim in own:
                if claim.id in claims:
                    raise claim.refused("id", claim.id, f"an id that {claims[claim.id].file} does not have")
                claims[claim.id] = claim
        except CampaignError as error:
            mistakes.append(str(error))
    if mistakes:
        raise CampaignError("\n".join(mistakes))
    return tuple(claims.values())


def read_built(campaigns: Iterable[Campaign]) -> tuple[Claim, ...]:
    """Read the claims of the project, and those that campaigns carry themselves.

    Parameters
    ----------
    campaigns : iterable of Campaign
        Those that are built.

    Returns
    -------
    tuple of Claim
        All of the project, and each campaign's own. Those about a campaign that is built are checked.

    Raises
    ------
    CampaignError
        One line a mistake: file, claim, key, value, what was expected.
    """
    built = {campaign.name: campaign for campaign in campaigns}
    claims = {claim.id: claim for claim in (read_all(FOLDER) if FOLDER.is_dir() else ())}
    for claim in (claim for campaign in built.values() for claim in campaign.claims):
        if claim.id in claims:
            raise claim.refused("id", claim.id, f"an id that {claims[claim.id].file} does not have")
        claims[claim.id] = claim
    for claim in claims.values():
        if claim.test is not None and claim.campaign in built:
            check_claim(claim, built[claim.campaign])
    return tuple(claims.values())


def check_all(claims: Iterable[Claim]) -> None:
    """Hold claims against the files of their campaigns; nothing that was run is needed.

    Raises
    ------
    CampaignError
        One line a mistake: file, claim, key, value, what was expected.
    """
    campaign_at = cache(load_any_effort)
    mistakes: dict[str, None] = {}
    for claim in claims:
        try:
            for key in ("campaign", "shown_by"):
                if (name := getattr(claim, key)) is None:
                    continue
                campaign = _named(claim, key, name, campaign_at)
                if key == "campaign" and claim.test is not None:
                    check_claim(claim, campaign)
        except CampaignError as error:
            mistakes[str(error)] = None
    if mistakes:
        raise CampaignError("\n".join(mistakes))


def load_any_effort(path: Path) -> Campaign:
    """Read a campaign in the first effort that it has realisations for; claims are the same in all.

    Raises
    ------
    CampaignError
        As `isaclib.campaign.reading.load`.
    """
    realisations = document.read(path).get("realisations")
    named = realisations if isinstance(realisations, dict) else EFFORTS
    return load(path, effort=next((effort for effort in EFFORTS if effort in named), EFFORTS[0]))


def campaign_file(claim: Claim, name: str) -> Path:
    """Return the file of a campaign that a claim names: its own, one beside its folder, or one of the project's."""
    if claim.file.stem == name:
        return claim.file
    beside = claim.file.resolve().parent.parent / "campaigns" / f"{name}.yaml"
    return beside if beside.exists() else CAMPAIGNS / f"{name}.yaml"


def _named(claim: Claim, key: str, name: str, campaign_at: Callable[[Path], Campaign]) -> Campaign:
    file = campaign_file(claim, name)
    if not file.exists():
        known = [other.stem for other in file.parent.glob("*.yaml")]
        raise claim.refused(key, name, f"a campaign of {file.parent}; {nearest(name, known)}" if known else f"{file}")
    return campaign_at(file)
