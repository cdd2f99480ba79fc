"""Reading YAML written by a person."""

from __future__ import annotations

import pytest

from isaclib.campaign.document import CampaignError, read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grid: {a: 1, a: 2}", "line 1, column 14: key 'a' stands twice"),
        ("grid: [1, 2", "line 1, column 12"),
        ("title: SNR: 3 dB", "line 1, column 11: mapping values are not allowed here: expected `key: value`, indented"),
        ("\0", "expected `key: value`"),
        ("[1, 2]", "expected keys and values, found list"),
        ("", "expected keys and values, found nothing"),
        ("[1, 2]: 3", "expected text or a number"),
    ],
)
def test_what_is_no_mapping_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(CampaignError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"), [("28e9", 28e9), ("-1E3", -1000.0), ("2.5e+2", 250.0), ("'28e9'", "28e9")]
)
def test_a_number_with_an_exponent_is_a_number(tmp_path, written, value):
    path = tmp_path / "x.yaml"
    path.write_text(f"carrier_hz: {written}")
    assert read(path) == {"carrier_hz": value}


def test_a_missing_file_is_answered_with_the_nearest_one(tmp_path):
    (tmp_path / "hybrid-fig3.yaml").write_text("")
    with pytest.raises(CampaignError, match=r"there is no such file: did you mean 'hybrid-fig3.yaml'\?"):
        read(tmp_path / "hybrid-fig33.yaml")
