"""A claim held against the file of the campaign it reads: every name and value, before anything is judged."""

from __future__ import annotations

from isaclib.campaign.claims.spec import Claim
from isaclib.campaign.claims.vocabulary import Assertion, Crossing, Slope
from isaclib.campaign.consistency import metric_dimensions
from isaclib.campaign.spec import Campaign
from isaclib.campaign.statistics import CLUSTERED
from isaclib.systems.base import nearest


def check_claim(claim: Claim, campaign: Campaign) -> None:
    """Refuse a claim on what its campaign does not have.

    Parameters
    ----------
    claim : Claim
        One that can be tested.
    campaign : Campaign
        The campaign it names.

    Raises
    ------
    CampaignError
        One line: file, claim, key, value, what was expected.
    """
    test = claim.test
    assert test is not None
    if campaign.system != claim.system:
        raise claim.refused(
            "campaign", campaign.name, f"a campaign of {claim.system}, this one is of {campaign.system}"
        )
    schemes = [curve.label for curve in campaign.entries]
    for key, labels in test.labels.items():
        for label in labels:
            if label not in schemes:
                raise claim.refused(key, label, f"a label of {campaign.name}; {nearest(label, schemes)}")
    _check_places(claim, test, campaign)
    dimensions = metric_dimensions(campaign)
    for key, metric in test.metrics.items():
        if metric not in dimensions:
            raise claim.refused(key, metric, f"a metric of {campaign.name}; {nearest(metric, dimensions)}")
        found = tuple(dim for dim in dimensions[metric] if dim not in CLUSTERED)
        if found != test.behind:
            there = f"this one has one for each {found[0]}" if found else "this one is a single number"
            raise claim.refused(key, metric, f"{'a trace' if test.behind else 'one number a draw'}, {there}")


def _check_places(claim: Claim, test: Assertion, campaign: Campaign) -> None:
    for key, axis, value in test.places:
        if axis not in campaign.axes:
            raise claim.refused(key, axis, f"an axis of {campaign.name}; {nearest(axis, campaign.axes)}")
        if value is not None and value not in campaign.values(axis):
            known = ", ".join(str(v) for v in campaign.values(axis))
            raise claim.refused(key if key == "between" else f"{key}.{axis}", value, f"one of {known}")
    along = getattr(test, "along", None)
    if along is None:
        return
    values = test.selected(along, campaign.values(along))
    if len(values) < 2:
        raise claim.refused("along", along, "an axis with at least two values that are selected")
    if isinstance(test, Crossing) and not values.index(test.between[0]) < values.index(test.between[1]):
        raise claim.refused("between", test.between, f"two of the selected values of {along}, in their order")
    if isinstance(test, Slope):
        numbers = [v for v in values if isinstance(v, (int, float))]
        if len(numbers) < len(values):
            raise claim.refused("along", along, "an axis of numbers")
        if not test.decibel_axis and min(numbers) <= 0:
            raise claim.refused("along", along, "an axis of numbers above 0, or decibel_axis: true")
