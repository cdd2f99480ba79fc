"""What no key of a campaign file shows alone: schemes, estimators and figures that do not fit together."""

from __future__ import annotations

from typing import Any

from isaclib.campaign import grid
from isaclib.campaign.document import CampaignError, refuse
from isaclib.campaign.figure_spec import FigureSpec
from isaclib.campaign.precision_spec import SHARE
from isaclib.campaign.spec import Campaign
from isaclib.campaign.statistics import CLUSTERED
from isaclib.systems.base import nearest
from isaclib.systems.streams import SAMPLINGS


def check_distinct(campaign: Campaign) -> None:
    """Refuse a scheme that stands twice.

    Raises
    ------
    CampaignError
        Naming both entries.
    """
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    for i, curve in enumerate(campaign.entries):
        key = (curve.scheme_id, tuple(point.id for point in campaign.points(curve).values()))
        if key in seen:
            raise CampaignError(
                f"schemes[{i}]: the same scheme, solver, options and parameters as schemes[{seen[key]}]: "
                "expected one to differ, or one of them alone"
            )
        seen[key] = i


def check_channels(campaign: Campaign) -> None:
    """Refuse a file of channels that does not fit the campaign.

    Raises
    ------
    CampaignError
        Naming the curve, and what the file has for what it needs.
    """
    channels = campaign.channels
    if channels is None:
        return
    if campaign.sampling != SAMPLINGS[0]:
        raise refuse("sampling", campaign.sampling, f"{SAMPLINGS[0]}: the channels of a file are not drawn")
    for i, curve in enumerate(campaign.entries):
        if curve.most > channels.realisations:
            held = f"{channels.realisations} of {channels.path}"
            raise CampaignError(f"schemes[{i}]: {curve.most} realisations: expected at most the {held}")
        for index in grid.indices(campaign.axes):
            parameters = campaign.resolve(curve, index)
            for name, found in channels.sizes.items():
                entry = channels.given[name]
                if found != (needed := entry.sizes(parameters)):
                    at = [f"{axis} = {campaign.values(axis)[k]}" for axis, k in zip(campaign.axes, index, strict=True)]
                    raise CampaignError(
                        f"channels: {channels.path}: variable {name}: {', '.join(entry.dims)} = {found}: "
                        f"expected {needed}, as the parameters of schemes[{i}] have at {', '.join(at)}"
                    )


def check_solvers(campaign: Campaign) -> None:
    """Refuse a solver that does not cover some point of the grid.

    Raises
    ------
    CampaignError
        Naming the scheme and what its solver needs.
    """
    system = campaign.model
    for i, curve in enumerate(campaign.entries):
        check = system.scheme(curve.scheme).solver(curve.solver).check_parameters
        if check is None:
            continue
        for index in grid.indices(campaign.axes):
            try:
                check(campaign.resolve(curve, index))
            except CampaignError:
                raise
            except ValueError as error:
                raise CampaignError(f"schemes[{i}]: {error}") from None


def check_estimators(campaign: Campaign) -> None:
    """Refuse an estimator that cannot work at some point of the grid.

    Raises
    ------
    CampaignError
        Naming the estimator and what it needs.
    """
    system = campaign.model
    for name, options in campaign.estimators.items():
        if (check := system.estimators[name].check) is None:
            continue
        for curve in campaign.entries:
            for index in grid.indices(campaign.axes):
                try:
                    check(campaign.resolve(curve, index), options)
                except CampaignError:
                    raise
                except ValueError as error:
                    raise CampaignError(f"estimators.{name}: {error}") from None


def check_precision(campaign: Campaign) -> None:
    """Refuse a precision of a metric that is not one number a draw, or against a scheme that is not there.

    Raises
    ------
    CampaignError
        Naming the key, its value and what is expected.
    """
    labels = [curve.label for curve in campaign.curves]
    known = metric_dimensions(campaign)
    for curve in campaign.curves:
        spec = curve.precision
        if spec is None:
            continue
        where = f"schemes[{campaign.entries.index(curve)}].precision"
        spec.check_against(labels, where)
        if spec.statistic == SHARE:
            continue
        if spec.metric not in known:
            raise refuse(f"{where}.metric", spec.metric, f"a metric; {nearest(spec.metric, known)}")
        if dims := [dim for dim in known[spec.metric] if dim not in CLUSTERED]:
            raise refuse(f"{where}.metric", spec.metric, f"one number a draw, this one has one for each {dims[0]}")


def read_figures(content: Any, campaign: Campaign) -> tuple[FigureSpec, ...]:
    """Read the figures and hold each against grid, schemes, metrics and solvers.

    Parameters
    ----------
    content : list of mapping, or None
        As the file has them.
    campaign : Campaign
        All but its figures.

    Returns
    -------
    tuple of FigureSpec

    Raises
    ------
    ValueError
        One line: which figure, key, value, what was expected.
    """
    if content is not None and not isinstance(content, list):
        raise refuse("figures", content, "a list of figures")
    figures: list[FigureSpec] = []
    for i, entry in enumerate(content or []):
        where = f"figures[{i}]"
        figure = FigureSpec.read(entry, where)
        figure.check(
            axes={axis: campaign.values(axis) for axis in campaign.axes},
            schemes=[c.label for c in campaign.entries],
            where=where,
        )
        _check_metrics(figure, campaign, where)
        _check_traces(figure, campaign, where)
        if figure.kind == "image" and figure.realisation >= campaign.realisations:
            raise refuse(f"{where}.realisation", figure.realisation, f"less than the {campaign.realisations} there are")
        if figure.name in {other.name for other in figures}:
            raise refuse(f"{where}.name", figure.name, "a name no other figure has")
        figures.append(figure)
    return tuple(figures)


def _check_metrics(figure: FigureSpec, campaign: Campaign, where: str) -> None:
    """Refuse a quantity that no run would have, or that is not one number a draw (or an iteration)."""
    system = campaign.model
    owner = {metric: name for name, estimator in system.estimators.items() for metric in estimator.metrics}
    known = metric_dimensions(campaign)
    asked = {f"{key}.metric": quantity.metric for key, quantity in figure.quantities.items()}
    for key, metric in {**asked, **({"image": figure.image} if figure.image else {})}.items():
        here = f"{where}.{key}"
        if metric not in known:
            hint = nearest(metric, known)
            if metric in owner:
                hint = f"this one comes from the estimator {owner[metric]!r}, which the campaign does not name"
            raise refuse(here, metric, f"a metric; {hint}")
        estimator = owner.get(metric, "")
        option = system.estimators[estimator].optional.get(metric) if estimator else None
        if option is not None and not campaign.estimators[estimator][option]:
            raise refuse(here, metric, f"the option {option} of the estimator {estimator!r} above 0, which gives it")
        dims = [dim for dim in known[metric] if dim not in CLUSTERED]
        if key == "image":
            if len(dims) != 2:
                raise refuse(here, metric, f"a metric over two dimensions, this one is over {len(dims)}")
            continue
        if figure.kind == "convergence" and dims != ["iteration"]:
            raise refuse(here, metric, "a metric over iterations in a figure of kind convergence")
        if figure.kind != "convergence" and dims:
            raise refuse(here, metric, f"one number a draw, this one has one for each {dims[0]}")


def metric_dimensions(campaign: Campaign) -> dict[str, tuple[str, ...]]:
    """Map every metric that the campaign's runs may have to its dimensions behind the realisation."""
    system = campaign.model
    known = {name: dims for name, dims in system.metrics.items() if name != "status"}
    for name in campaign.estimators:
        known.update(system.estimators[name].metrics)
    return known


def _check_traces(figure: FigureSpec, campaign: Campaign, where: str) -> None:
    """Refuse a convergence figure whose every solver keeps nothing of its iterations."""
    if figure.kind != "convergence":
        return
    system = campaign.model
    for k, quantity in enumerate(figure.y):
        labels = quantity.schemes or figure.schemes or tuple(curve.label for curve in campaign.entries)
        drawn = [curve for curve in campaign.entries if curve.label in labels]
        solvers = [system.scheme(curve.scheme).solver(curve.solver) for curve in drawn]
        if not any(solver.traced(curve.options) for solver, curve in zip(solvers, drawn, strict=True)):
            settable = next(
                (c.label for c, solver in zip(drawn, solvers, strict=True) if "trace" in solver.options), None
            )
            hint = f", as {settable!r} with option trace above 0" if settable else ""
            raise refuse(f"{where}.y[{k}]", quantity.metric, f"a scheme that keeps a trace{hint}")
