"""The claims of the three papers: sound against their campaigns, and explained where the draws refute them."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from isaclib.campaign.claims.ledger import REFUTED, VERDICTS
from isaclib.campaign.claims.reading import check_all, read_all

ROOT = Path(__file__).parents[3]
CLAIMS = ROOT / "config" / "claims"

# of all campaigns in quick effort: `isaclib claims --csv`, the columns id and verdict
STORED = Path(__file__).with_name("verdicts.csv")


@pytest.fixture(scope="module")
def claims():
    """The ledger; two claims with one id are refused."""
    return read_all(CLAIMS)


def test_every_claim_reads_what_its_campaign_has(claims) -> None:
    check_all(claims)


def test_each_paper_has_its_claims(claims) -> None:
    count = Counter(claim.system for claim in claims)
    assert set(count) == {"hybrid", "modular", "stars"}
    assert min(count.values()) >= 40
    for claim in claims:
        assert claim.id.startswith(f"{claim.system}-")
        assert claim.source is not None


def test_refuted_claims_are_explained(claims) -> None:
    with STORED.open(newline="") as handle:
        verdicts = {row["id"]: row["verdict"] for row in csv.DictReader(handle)}
    assert set(verdicts) == {claim.id for claim in claims}
    assert set(verdicts.values()) <= set(VERDICTS)
    missing = [claim.id for claim in claims if verdicts[claim.id] == REFUTED and not claim.explanation]
    assert not missing
