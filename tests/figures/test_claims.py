"""The page of the claims: every verdict with what it rests on, whatever stands in the text."""

from __future__ import annotations

from pathlib import Path

from isaclib.campaign.claims.ledger import Verdict
from isaclib.campaign.claims.spec import Claim, Source
from isaclib.figures.claims import write_page


def test_a_page_says_what_is_claimed_found_and_why(tmp_path):
    claim = Claim(
        file=Path("some.yaml"),
        id="one",
        says="A < B & so on.",
        system="hybrid",
        source=Source(section="V-A", figure=3),
        explanation="It is not.",
        shown_by="other",
    )
    refuted = Verdict(claim=claim, verdict="refuted", found="median ratio 1 [1, 1]", draws=256)
    undecided = Verdict(claim=claim, verdict="undecided", found="median ratio 1 [0, 2]", draws=9, needed=1234)
    write_page([refuted, undecided], tmp_path / "claims.html", "Some <title>")
    page = (tmp_path / "claims.html").read_text(encoding="utf-8")
    for text in (
        *("A &lt; B &amp; so on.", "V-A", "1 refuted, 1 undecided", "median ratio 1 [1, 1]", "It is not."),
        *("Shown by other.", "About 1234 realisations would decide.", "<td>256</td>", "<h1>Some &lt;title&gt;</h1>"),
    ):
        assert text in page
    assert [path.name for path in tmp_path.iterdir()] == ["claims.html"]
