"""Claims in the terminal: the table of verdicts, or what is wrong with a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path


def check_claims(path: Path) -> None:
    """Check claims against the files of their campaigns and say how many there are.

    Parameters
    ----------
    path : Path
        File or folder of claims, or a campaign file.

    Raises
    ------
    CampaignError
        One line a mistake.
    """
    from isaclib.campaign.claims.reading import check_all, read_all

    claims = read_all(path)
    check_all(claims)
    words = Counter(claim.test.word if claim.test else "not testable" for claim in claims)
    told = ", ".join(f"{count} {word}" for word, count in words.most_common())
    print(f"{path}: {len(claims)} claims, all sound" + (f": {told}" if told else ""))
