"""Files of claims: what is read, and one line for what is wrong."""

from __future__ import annotations

import textwrap

import pytest

from isaclib.campaign.claims.reading import check_all, read_all
from isaclib.campaign.claims.vocabulary import Ratio
from isaclib.campaign.document import CampaignError

CAMPAIGN = """
    campaign: small
    system: hybrid
    seed: 7
    grid: {power_dbm: [10, 20, 30]}
    schemes: [{scheme: speb-min-fdbf, label: FDBF}, {scheme: speb-min-hbf, label: HBF, options: {trace: 9}}]
    realisations: 10
"""
CLAIM = "{id: ours, source: {section: V, figure: 3}, says: So it is., campaign: small, %s}"
RATIO = "test: ratio, scheme: HBF, against: FDBF, metric: peb_m, at_most: 1.5"


@pytest.fixture
def ledger(tmp_path):
    """Return a function that writes a ledger beside a campaign."""
    for folder in ("campaigns", "claims"):
        (tmp_path / folder).mkdir()
    (tmp_path / "campaigns" / "small.yaml").write_text(textwrap.dedent(CAMPAIGN))

    def write(*claims, name="hybrid", system="hybrid"):
        file = tmp_path / "claims" / f"{name}.yaml"
        file.write_text(f"system: {system}\nclaims:\n" + "".join(f"  - {claim}\n" for claim in claims))
        return file

    return write


def test_a_claim_is_read(ledger):
    file = ledger(CLAIM % RATIO, "{id: words, source: {section: II}, says: Well., not_testable: no numbers}")
    tested, words = read_all(file)
    check_all([tested, words])
    assert isinstance(tested.test, Ratio)
    assert (tested.test.scheme, tested.test.against, tested.test.statistic) == (("HBF",), "FDBF", "median")
    assert (tested.source.figure, tested.campaign, tested.system) == (3, "small", "hybrid")
    assert (words.test, words.campaign, words.not_testable) == (None, None, "no numbers")


VALUE = "test: value, scheme: HBF, metric: peb_m, at_most: 1"
TREND = "test: trend, scheme: HBF, metric: peb_m, along: power_dbm, direction: decreasing"
MISTAKES = [
    (CLAIM % RATIO.replace("ratio", "ration"), "ours.test = 'ration': expected one of ordering, ratio, "),
    (CLAIM % RATIO.replace("at_most", "atmost"), "ours: key 'atmost' is unknown: did you mean 'at_most'?"),
    (CLAIM % RATIO.replace(", at_most: 1.5", ""), "ours.at_least is missing: expected at_least, at_most or both"),
    (CLAIM % f"{RATIO}, at_least: 2", "ours.at_most = 1.5: expected a number of at least at_least, 2"),
    (CLAIM % RATIO.replace("scheme: HBF", "scheme: HBFF"), "ours.scheme = 'HBFF': expected a label of small; "),
    (CLAIM % RATIO.replace("peb_m", "peb"), "ours.metric = 'peb': expected a metric of small; did you mean 'peb_m'?"),
    (CLAIM % RATIO.replace("peb_m", "rate"), "ours.metric = 'rate': expected one number a draw, this one has one for"),
    (CLAIM % f"{RATIO}, select: {{power_dbm: 15}}", "ours.select.power_dbm = 15: expected one of 10.0, 20.0, 30.0"),
    (CLAIM % f"{RATIO}, select: {{power: 10}}", "ours.select = 'power': expected an axis of small; did you mean "),
    (CLAIM % f"{RATIO}, statistic: medium", "ours.statistic = 'medium': expected one of median, mean, rms, "),
    (CLAIM % f"{RATIO}, root: true, statistic: mean", "ours.root = True: expected a quantile as statistic, "),
    (CLAIM % f"{RATIO}, difference: true, statistic: rms", "ours.difference = True: expected a mean or a quantile"),
    (CLAIM % f"{VALUE}, statistic: share", "ours.metric = 'peb_m': expected a status for a share; "),
    (
        CLAIM % f"{VALUE}, statistic: share".replace("peb_m", "infeasible"),
        "ours.at_most = 1: expected a share between 0 and 1",
    ),
    (CLAIM % f"{TREND}, effect: -1", "ours.effect = -1: expected a number of at least 0"),
    (CLAIM % f"{TREND}, difference: true", "ours.effect is missing: expected the least difference that counts, in "),
    (CLAIM % f"{TREND}, select: {{power_dbm: 10}}", "ours.along = 'power_dbm': expected an axis with at least two "),
    (CLAIM % TREND.replace("decreasing", "down"), "ours.direction = 'down': expected one of increasing, decreasing"),
    (
        CLAIM % "test: crossing, scheme: HBF, against: FDBF, metric: peb_m, along: power_dbm, between: [30, 10]",
        "ours.between = [30, 10]: expected two of the selected values of power_dbm, in their order",
    ),
    (CLAIM % "test: converges-within, scheme: HBF, iterations: 5, metric: peb_m", "ours.metric = 'peb_m': expected a "),
    ((CLAIM % RATIO).replace("small", "smal"), "ours.campaign = 'smal': expected a campaign of "),
    ((CLAIM % RATIO).replace("id: ours, ", ""), "claims[0]: id is missing"),
    ((CLAIM % RATIO).replace("id: ours", "id: our claim"), "claims[0].id: 'our claim': expected letters and digits"),
    ((CLAIM % RATIO).replace("says: So it is., ", ""), "ours: says is missing"),
    ((CLAIM % RATIO).replace("source: {section: V, figure: 3}, ", ""), "ours: source is missing"),
    ((CLAIM % RATIO).replace("section: V", "sectoin: V"), "ours.source: key 'sectoin' is unknown: did you mean"),
    (CLAIM % f"{RATIO}, not_testable: why", "ours: test is missing: expected either test or not_testable"),
    (CLAIM % f"{RATIO}, shown_by: larg", "ours.shown_by = 'larg': expected a campaign of "),
]


@pytest.mark.parametrize(("entry", "line"), MISTAKES, ids=lambda value: value[-40:])
def test_a_mistake_is_one_line(ledger, entry, line):
    file = ledger(entry)
    with pytest.raises(CampaignError) as error:
        check_all(read_all(file))
    assert str(error.value).startswith(f"{file}: {line}")
    assert "\n" not in str(error.value)


def test_every_mistake_of_a_folder_is_told_and_an_id_stands_once(ledger):
    first = ledger(CLAIM % RATIO)
    second = ledger((CLAIM % RATIO).replace("small", "smal"), name="more")
    with pytest.raises(CampaignError, match=f"^{second}: ours.id = 'ours': expected an id that {first} does not have$"):
        read_all(first.parent)
    second = ledger((CLAIM % RATIO).replace("ours", "theirs").replace("peb_m", "peb"), name="more", system="stars")
    first = ledger(CLAIM % RATIO.replace("peb_m", "peb"))
    with pytest.raises(CampaignError) as error:
        check_all(read_all(first.parent))
    lines = str(error.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == [str(first), str(second)]
    assert "expected a campaign of stars, this one is of hybrid" in lines[1]


def test_a_campaign_carries_claims_of_its_own(tmp_path):
    file = tmp_path / "small.yaml"
    own = "{id: mine, says: So it is., %s}"
    file.write_text(textwrap.dedent(CAMPAIGN) + f"claims:\n  - {own % RATIO}\n")
    (claim,) = read_all(file)
    check_all([claim])
    # in an effort the campaign may have no realisations for, its claims are the same
    file.write_text(file.read_text().replace("realisations: 10", "realisations: {paper: 10}"))
    assert read_all(file) == (claim,)
    assert (claim.campaign, claim.source) == ("small", None)
    file.write_text(textwrap.dedent(CAMPAIGN) + f"claims:\n  - {own % f'campaign: small, {RATIO}'}\n")
    with pytest.raises(CampaignError, match=r"mine\.campaign: 'small': expected none"):
        read_all(file)
