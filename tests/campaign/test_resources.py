"""What jobs ask for: enough for the largest run, more each time, and what a limit of time makes certain."""

from __future__ import annotations

from isaclib.campaign.resources import memory_mb, minutes

SHORT = {"seconds": 60.0, "memory_mb": 200, "cells": [["a", 0, 64]]}
LONG = {"seconds": 1200.0, "memory_mb": 800, "cells": [["a", 0, 2]]}


def test_the_largest_run_is_asked_for_and_more_each_time():
    assert memory_mb([SHORT, LONG]) == 1.5 * 800 + 600
    assert memory_mb([SHORT, LONG], attempt=3) == 3 * memory_mb([LONG])
    assert minutes([SHORT, LONG]) == 3 * 20 + 10
    assert minutes([SHORT, LONG], attempt=3) == 3 * minutes([LONG])


def test_what_no_plan_has_yet_asks_for_what_a_job_takes_at_least():
    assert memory_mb([], attempt=2) == 1200
    assert minutes([], attempt=2) == 20
    # a plan of an earlier version knows no memory
    assert memory_mb([{"seconds": 1.0}]) == 600


def test_a_run_of_limited_draws_asks_for_its_worst_time_when_it_comes_again():
    hard = {**LONG, "draw_seconds": 6000.0}
    assert minutes([hard]) == minutes([LONG])
    assert minutes([hard], attempt=2) == 2 * 101 + 20
    # never for more
    easy = {**LONG, "draw_seconds": 60.0}
    assert [minutes([easy], attempt) for attempt in (1, 2, 4)] == [4 + 10, 4 + 20, 4 + 40]
