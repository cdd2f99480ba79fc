"""What ``hybrid`` says its metrics are is what it returns: campaign files are checked against it."""

from __future__ import annotations

import isaclib


def test_declared_metrics_are_those_of_all_schemes_and_estimators() -> None:
    system = isaclib.get_system("hybrid")
    scenario = system.draw(system.Parameters(elements=16, users=2, rf_chains=4), seed=1, start=0, stop=2)
    found = {}
    for name, scheme in system.schemes.items():
        options = {"trace": 2} if "trace" in scheme.solver().options else {}
        design = system.design(scenario, scheme=name, options=options)
        found |= {key: value.dims[1:] for key, value in system.evaluate(scenario, design).data_vars.items()}
    assert found == system.metrics
    for name, estimator in system.estimators.items():
        data = system.estimate(scenario, design, estimator=name)
        assert {key: value.dims[1:] for key, value in data.data_vars.items()} == estimator.metrics
