"""Options of the solvers of ``hybrid``: values that no solver can take are refused before anything is drawn."""

from __future__ import annotations

from typing import Any

import pytest

import isaclib


@pytest.mark.parametrize(
    ("scheme", "solver", "options"),
    [
        ("speb-min-fdbf", "direct", {"tie_break": -1.0}),
        ("speb-min-fdbf", "direct", {"tie_break": float("nan")}),
        ("speb-min-fdbf", "sdr", {"conic_solver": "MOSEK"}),
        ("speb-min-hbf", "direct", {"starts": 0}),
        ("speb-min-hbf", "direct", {"enough": float("inf")}),
        ("snr-max-hbf", "direct", {"trace": 1.5}),
        ("crb-min-hbf", "direct", {"trace": -1}),
        ("speb-min-hbf", "sdr-bcd", {"max_iterations": 0}),
        ("snr-max-hbf", "sdr-bcd", {"randomisations": float("inf")}),
        ("speb-min-hbf", "sdr-bcd", {"tolerance": 0.0}),
        ("two-stage-hbf", "sdr", {"conic_solver": "clarabel"}),
        ("sca-bcd-hbf", "direct", {"starts": 0}),
        ("communication-only-hbf", "direct", {"trace": -1}),
        ("sca-bcd-fdbf", "sca-bcd", {"penalty": 0.0}),
        ("sca-bcd-hbf", "sca-bcd", {"convexification": "none"}),
        ("communication-only-fdbf", "fp-bcd", {"tolerance": -1.0}),
        ("matrix-approximation-hbf", "alternating-minimisation", {"max_iterations": 0}),
    ],
)
def test_bad_options_are_refused_when_they_are_read(scheme: str, solver: str, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ValueError, match=rf"option {name} = .*: expected"):
        isaclib.get_system("hybrid").scheme(scheme).solver(solver).resolve(options)
