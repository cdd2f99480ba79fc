"""The text of a new campaign file: every key with a line on it, what may be left out commented out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from importlib.resources import files
from string import Template
from typing import Any, NamedTuple

import yaml

from isaclib.campaign.claims.vocabulary import WORDS
from isaclib.campaign.document import CampaignError
from isaclib.campaign.identity import plain
from isaclib.campaign.pairing import PAIRED
from isaclib.campaign.precision_spec import AIMED
from isaclib.campaign.statistics import STATISTICS
from isaclib.systems import SYSTEMS, get_system
from isaclib.systems.parameters import expectation
from isaclib.systems.system import System


class Start(NamedTuple):
    """What a new campaign of a system begins with.

    Parameters
    ----------
    schemes : tuple of str
        What is compared.
    axis, values
        Parameter on the grid, and its values.
    metric, direction : str
        What is drawn, and how it goes along the axis.
    log : bool
        Drawn on a logarithmic axis.
    parameter, small, large
        Another parameter with two values, for examples.
    """

    schemes: tuple[str, ...]
    axis: str
    values: tuple[float, ...]
    metric: str
    direction: str
    log: bool
    parameter: str
    small: int
    large: int


STARTS = {
    "hybrid": Start(
        schemes=("speb-min-fdbf", "speb-min-hbf"),
        axis="power_dbm",
        values=(20, 30, 40),
        metric="peb_m",
        direction="decreasing",
        log=True,
        parameter="rf_chains",
        small=4,
        large=8,
    ),
    "modular": Start(
        schemes=("fully-digital", "hybrid-beamforming"),
        axis="snr_db",
        values=(-10, 0, 10),
        metric="spectral_efficiency",
        direction="increasing",
        log=False,
        parameter="nlos_paths",
        small=3,
        large=6,
    ),
    "stars": Start(
        schemes=("joint-design", "conventional-ris"),
        axis="power_dbm",
        values=(15, 20, 25),
        metric="cost",
        direction="decreasing",
        log=True,
        parameter="star_elements",
        small=32,
        large=48,
    ),
}


def template(name: str, *, system: str, schemes: Sequence[str] = (), file: str = "") -> str:
    """Return a campaign file that is valid as it stands, to be changed by its author.

    Parameters
    ----------
    name : str
        Name of the campaign.
    system : str
        Name of the system.
    schemes : sequence of str
        Schemes that are compared; default: two of the system. The others stand in the file as comments.
    file : str
        What the commands in its head call the file.

    Returns
    -------
    str
        YAML. A line that begins with ``#`` and no space is an entry commented out.

    Raises
    ------
    ValueError
        For a name that cannot name a folder, a system or scheme that there is not, or a scheme twice.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise CampaignError(f"name {name!r}: expected letters, digits, -, _ and ., as in hybrid-power")
    chosen = get_system(system)
    start = STARTS[system]
    compared = tuple(schemes) or start.schemes
    for scheme in compared:
        chosen.scheme(scheme)
        if compared.count(scheme) > 1:
            raise CampaignError(f"scheme {scheme!r} stands twice: expected each once")
    first = chosen.scheme(compared[0])
    text = Template(files("isaclib.cli").joinpath("template.yaml").read_text(encoding="utf-8"))
    return text.substitute(
        start._asdict(),
        values=_flow(start.values),
        log=_flow(start.log),
        # a name such as 2024 or null is text
        name=_flow(name),
        file=file or f"{name}.yaml",
        system=system,
        systems=", ".join(SYSTEMS),
        parameters="\n".join(_parameters(chosen, start.axis)),
        schemes="\n".join(_schemes(chosen, compared)),
        scheme=first.name,
        solver=first.default_solver,
        solvers=", ".join(first.solvers),
        options=_flow(first.solver().options),
        labels=", ".join(compared),
        estimators="\n".join(_estimators(chosen)),
        statistics=", ".join((*STATISTICS, *PAIRED)),
        aimed=", ".join(AIMED),
        words=", ".join(WORDS),
    )


def _parameters(system: System, axis: str) -> Iterable[str]:
    for field in fields(system.parameters_class):
        if field.name != axis:
            yield f"  # {field.metadata['doc']}; {expectation(field.metadata)}"
            yield f"  #{field.name}: {_flow(field.default)}"


def _schemes(system: System, compared: Sequence[str]) -> Iterable[str]:
    for name in (*compared, *(name for name in system.schemes if name not in compared)):
        yield f"  # {system.scheme(name).summary}"
        yield f"  {'' if name in compared else '#'}- {name}"


def _estimators(system: System) -> Iterable[str]:
    for name, estimator in system.estimators.items():
        yield f"  # {estimator.summary}"
        yield f"  #{name}: {_flow(estimator.options)}"


def _flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(plain(value), default_flow_style=True, sort_keys=False, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")
