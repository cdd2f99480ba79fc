"""Every word of the vocabulary on draws whose answer is known: a claim that holds and one that does not."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from isaclib.campaign.claims.draws import Draws, NotThere
from isaclib.campaign.claims.ledger import HOLDS, REFUTED, UNDECIDED, verdict
from isaclib.campaign.claims.spec import read_claims
from isaclib.campaign.claims.vocabulary import WORDS
from isaclib.systems.base import Status

DRAWS = 80
POWERS = (10.0, 20.0, 30.0)
FACTORS = {"low": 1.0, "high": 3.0, "flat": 2.0}


@pytest.fixture(scope="module")
def draws():
    """Costs that fall with the power by ten every 10 dB, but under ``flat``; errors 1.1 times their bound."""
    generator = np.random.default_rng(11)
    common = np.exp(generator.standard_normal(DRAWS))
    slope = np.array([1.0, 1.0, 0.0])[:, None, None]
    factors = np.array(list(FACTORS.values()))[:, None, None]
    power = np.array(POWERS)[None, :, None]
    cost = factors * 10.0 ** (-slope * (power - 10.0) / 10.0) * common
    cost = cost * np.exp(0.02 * generator.standard_normal(cost.shape))
    status = np.full(cost.shape, Status.OPTIMAL, dtype=np.int8)
    # a quarter infeasible at 10 dBm; there the costs of high would be wrong if they counted
    status[1, 0, ::4] = Status.INFEASIBLE
    cost = np.where(status == Status.INFEASIBLE, 1e-9, cost)
    trials = 1.1 * cost[..., None] * np.array([1.0, -1.0, np.nan])
    steps = np.arange(9)
    trace = np.broadcast_to(1.0 + 0.5**steps * (steps < 6), (*cost.shape, 9)).copy()
    trace[..., 7:] = np.nan
    dims = ("scheme", "power_dbm", "realisation")
    return Draws(
        xr.Dataset(
            {
                "status": (dims, status),
                "cost": (dims, cost),
                "count": (dims, np.full(cost.shape, 4, dtype=np.int32)),
                "level_db": (dims, 10.0 * np.log10(cost)),
                "error": ((*dims, "trial"), trials),
                "trace": ((*dims, "iteration"), trace),
            },
            coords={"scheme": list(FACTORS), "power_dbm": list(POWERS), "realisation": np.arange(DRAWS)},
        )
    )


def judge(draws, tmp_path, keys, level=1e-3):
    entry = {"id": "one", "says": "so.", "metric": "cost", **keys}
    (claim,) = read_claims([entry], file=tmp_path / "some.yaml", system="tiny", campaign="some")
    return verdict(claim, draws, level)


LOW = {"scheme": "low"}
ALONG = {"along": "power_dbm"}
CASES = [
    ({"test": "ordering", "schemes": ["low", "high"], "order": "increasing"}, {"order": "decreasing"}, 3),
    ({"test": "ratio", "scheme": "high", "against": "low", "at_least": 2.9, "at_most": 3.1}, {"at_least": 3.05}, 6),
    (
        {"test": "ratio", **LOW, "select": {"power_dbm": 20}, "against_at": {"power_dbm": 30}, "at_least": 9.5},
        {"at_least": 10.5},
        1,
    ),
    ({"test": "ratio", "scheme": "high", "against": "low", "decibels": True, "at_least": 4.7}, {"at_least": 4.85}, 3),
    (
        {
            "test": "ratio",
            "scheme": "high",
            "against": "low",
            "metric": "level_db",
            "difference": True,
            "at_most": 4.85,
        },
        {"at_most": 4.7},
        3,
    ),
    ({"test": "attains-bound", **LOW, "metric": "error", "bound": "cost"}, {"within": 1.05}, 6),
    (
        {
            "test": "value",
            "scheme": ["low", "flat"],
            "metric": "count",
            "statistic": "mean",
            "at_least": 4,
            "at_most": 4,
        },
        {"at_most": 3.9, "at_least": 0},
        12,
    ),
    (
        {"test": "value", "scheme": "high", "metric": "infeasible", "statistic": "share", "at_most": 0.5},
        {"select": {"power_dbm": 10}, "at_most": 0.05},
        3,
    ),
    ({"test": "trend", "scheme": ["low", "high"], **ALONG, "direction": "decreasing"}, {"direction": "constant"}, 4),
    ({"test": "trend", "scheme": "flat", **ALONG, "direction": "constant", "effect": 0.05}, {"scheme": "low"}, 4),
    ({"test": "trend", **LOW, **ALONG, "direction": "decreasing", "between": "ends"}, {"direction": "increasing"}, 1),
    (
        {"test": "gap", "scheme": "flat", "against": "low", **ALONG, "direction": "growing", "statistic": "mean"},
        {"direction": "shrinking"},
        1,
    ),
    (
        {"test": "gap", "scheme": "high", "against": "low", **ALONG, "direction": "constant", "effect": 0.05},
        {"scheme": "flat"},
        2,
    ),
    (
        {"test": "crossing", "scheme": "high", "against": "flat", **ALONG, "between": [10, 20], "order": "decreasing"},
        {"order": "increasing"},
        3,
    ),
    (
        {
            "test": "slope",
            **LOW,
            **ALONG,
            "decibel_axis": True,
            "statistic": "rms",
            "at_least": -1.05,
            "at_most": -0.95,
        },
        {"at_least": -0.97, "at_most": -0.9},
        2,
    ),
    (
        {"test": "converges-within", "scheme": "flat", "metric": "trace", "iterations": 6},
        {"iterations": 5},
        3,
    ),
]


@pytest.mark.parametrize(
    ("holds", "change", "comparisons"), CASES, ids=lambda case: str(getattr(case, "get", str)("test"))
)
def test_a_word_tells_what_holds_from_what_does_not(draws, tmp_path, holds, change, comparisons):
    found = judge(draws, tmp_path, holds)
    assert (found.verdict, found.comparisons) == (HOLDS, comparisons), found
    assert judge(draws, tmp_path, {**holds, **change}).verdict == REFUTED


def test_every_word_is_among_the_cases():
    assert {case[0]["test"] for case in CASES} == set(WORDS)


def test_only_draws_that_both_solved_are_compared(draws, tmp_path):
    found = judge(draws, tmp_path, CASES[0][0])
    assert found.draws == DRAWS * 3 // 4
    assert "power_dbm = " in found.found


def test_what_was_found_is_said_where_it_is_weakest(draws, tmp_path):
    keys = {"test": "slope", "scheme": "flat", **ALONG, "decibel_axis": True, "at_most": -1}
    found = judge(draws, tmp_path, keys)
    assert found.verdict == REFUTED
    assert found.found.startswith("exponent of the median of cost, flat: ")
    assert "at power_dbm = 10 to 30 (claimed: at most -1)" in found.found


def test_a_limit_as_near_as_that_is_undecided_and_says_how_many_would_decide(draws, tmp_path):
    keys = {"test": "ratio", "scheme": "high", "against": "low", "select": {"power_dbm": 30}, "at_least": 2.98}
    found = judge(draws, tmp_path, keys)
    assert found.verdict == UNDECIDED
    assert DRAWS < found.needed < 100 * DRAWS
    assert judge(draws, tmp_path, {**keys, "select": {"power_dbm": 30}, "at_least": 3.0}).verdict == UNDECIDED


def test_a_ratio_of_negative_values_is_one_line(draws, tmp_path):
    with pytest.raises(
        ValueError, match=r"some.yaml: one.metric = 'level_db': expected difference: true: level_db has"
    ):
        judge(draws, tmp_path, {"test": "ratio", **LOW, "against": "high", "metric": "level_db", "at_least": 1})


def test_what_the_dataset_lacks_is_named(draws):
    with pytest.raises(NotThere, match="scheme = 'other' is not in the dataset"):
        draws.numbers("cost", "other", {"power_dbm": 10}, statistic="mean")
