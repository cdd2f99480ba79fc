"""Compiled kernels: made once, before any run needs them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from isaclib.campaign.spec import Campaign


def compile_kernels(campaigns: Iterable[Campaign]) -> None:
    """Let Numba compile what the runs of campaigns need, into its cache on disk.

    Two realisations of every curve are designed, measured and estimated, at the first and the last
    point of its grid; of a solver that takes one at a time none, since its seconds are spent elsewhere.

    Parameters
    ----------
    campaigns : iterable of Campaign
        In any effort.
    """
    for campaign in campaigns:
        system = campaign.model
        for curve in campaign.entries:
            if system.scheme(curve.scheme).solver(curve.solver).seconds is not None:
                continue
            # of a grid of one point they are the same
            for index in {(0,) * len(campaign.axes), tuple(size - 1 for size in campaign.shape)}:
                # what fails here fails in the run too, and is recorded there with its reason
                with suppress(Exception):
                    scenario = system.draw(campaign.resolve(curve, index), seed=campaign.seed, stop=2)
                    design = system.design(scenario, scheme=curve.scheme, solver=curve.solver, options=curve.options)
                    system.evaluate(scenario, design)
                    for name, options in campaign.estimators.items():
                        system.estimate(scenario, design, estimator=name, options=options)
