"""config/config.yaml and what --config sets."""

from __future__ import annotations

import pytest

from isaclib.campaign.document import CampaignError
from isaclib.campaign.settings import read_settings


def test_campaigns_are_read_in_the_effort_asked_for(campaign, tmp_path):
    path = str(campaign().path)
    settings = read_settings({"campaigns": path, "effort": "paper", "results": f"{tmp_path}/results/"})
    assert settings.campaigns["tiny-1"].realisations == 200
    assert settings.results == f"{tmp_path}/results"
    assert settings.run_seconds is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"campaings": []}, "key 'campaings' is unknown: did you mean 'campaigns'?"),
        ({"campaigns": []}, "campaigns: []: expected a list of at least one campaign"),
        ({"campaigns": None}, "campaigns is missing: expected `campaigns: ...`"),
        ({"effort": "papr"}, "effort: 'papr': expected one of quick, paper"),
        ({"run_seconds": 0}, "run_seconds: 0: expected a number above 0 s"),
        ({"results": ""}, "results: '': expected text"),
    ],
)
def test_a_mistake_is_one_line(campaign, change, message):
    with pytest.raises(CampaignError) as caught:
        read_settings({"campaigns": [str(campaign().path)], **change})
    assert str(caught.value) == f"config/config.yaml: {message}"


def test_every_bad_campaign_is_named(campaign, tmp_path):
    good = campaign().path
    bad = tmp_path / "bad.yaml"
    bad.write_text("campaign: bad")
    with pytest.raises(CampaignError) as caught:
        read_settings({"campaigns": [str(bad), str(good), str(good), "nowhere"]})
    first, second, third = str(caught.value).splitlines()
    assert first == f"{bad}: system is missing: expected `system: ...`"
    assert second == "config/config.yaml: campaigns: 'tiny-1' stands twice: expected each campaign once"
    assert third.startswith("config/campaigns/nowhere.yaml: there is no such file")
