"""What a call of the workflow builds: ``config/config.yaml`` and what ``--config`` sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isaclib.campaign import document
from isaclib.campaign.document import CampaignError, check_keys, refuse
from isaclib.campaign.plan import settled
from isaclib.campaign.reading import check_writable, load
from isaclib.campaign.spec import EFFORTS, Campaign

CONFIG = "config/config.yaml"
"""The file, as messages name it."""

FOLDER = Path("config/campaigns")
"""Where a campaign's file is looked for by its name."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is built, and where.

    Parameters
    ----------
    campaigns : mapping of str to Campaign
        By name, in the effort asked for or in a larger one that is complete already.
    results : str
        Folder of all results.
    run_seconds : float or None
        Length of a run, where it is set by hand.
    """

    campaigns: Mapping[str, Campaign]
    results: str
    run_seconds: float | None


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check the configuration and every campaign it names.

    Parameters
    ----------
    config : mapping
        ``campaigns`` (names, or paths of campaign files), ``effort``, ``results``, ``run_seconds``.

    Returns
    -------
    Settings

    Raises
    ------
    CampaignError
        One line a mistake: file, key, value, what was expected.
    """
    try:
        check_keys("", config, ("campaigns", "effort", "results", "run_seconds"), ("campaigns",))
        effort = config.get("effort", EFFORTS[0])
        if effort not in EFFORTS:
            raise refuse("effort", effort, f"one of {', '.join(EFFORTS)}")
        results = document.text("results", config.get("results", "results")).rstrip("/")
        check_writable(results)
        seconds = config.get("run_seconds")
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0):
            raise refuse("run_seconds", seconds, "a number above 0 s")
        names = config["campaigns"]
        names = [names] if isinstance(names, str) else names
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise refuse("campaigns", names, "a list of at least one campaign")
    except CampaignError as error:
        raise CampaignError(f"{CONFIG}: {error}") from None
    campaigns: dict[str, Campaign] = {}
    mistakes = []
    for name in names:
        try:
            campaign = load(name if name.endswith(".yaml") else FOLDER / f"{name}.yaml", effort=effort)
        except CampaignError as error:
            mistakes.append(str(error))
            continue
        if campaign.name in campaigns:
            mistakes.append(f"{CONFIG}: campaigns: {campaign.name!r} stands twice: expected each campaign once")
        campaigns[campaign.name] = settled(campaign, Path(results) / campaign.name)
    if mistakes:
        raise CampaignError("\n".join(mistakes))
    return Settings(campaigns=campaigns, results=results, run_seconds=seconds)
