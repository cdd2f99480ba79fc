"""How a scheme looks: the same colour and marker in every figure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_name("isaclib.mplstyle")
"""The style file of every figure."""

# Okabe and Ito: told apart by readers with any colour vision
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GREY, SILVER = "#E69F00", "#56B4E9", "#000000", "#6E6E6E", "#B4B4B4"

SCHEMES = {
    "speb-min-fdbf": (BLUE, "o"),
    "speb-min-hbf": (VERMILLION, "s"),
    "snr-max-hbf": (GREEN, "^"),
    "two-stage-hbf": (PURPLE, "D"),
    "crb-min-hbf": (ORANGE, "v"),
    "sensing-only-fdbf": (BLACK, "P"),
    "sensing-only-hbf": (SILVER, "X"),
    "sca-bcd-fdbf": (BLUE, "<"),
    "sca-bcd-hbf": (VERMILLION, ">"),
    "matrix-approximation-hbf": (GREEN, "h"),
    "communication-only-fdbf": (BLUE, "d"),
    "communication-only-hbf": (VERMILLION, "*"),
    "dpc-bound": (BLACK, "p"),
    "hybrid-beamforming": (VERMILLION, "8"),
    "fully-digital": (BLACK, "H"),
    "joint-design": (VERMILLION, "s"),
    "random-deployment": (BLUE, "o"),
    "conventional-ris": (GREEN, "^"),
    "conventional-isac": (BLACK, "D"),
}
"""Colour and marker of the schemes; others take theirs from `REST` by their name.

Blue is the fully digital and vermillion the hybrid architecture, whichever way it is designed; black
is a bound. Of `stars` vermillion is the proposal."""

SOLVERS = {
    "sdr-rrs": (BLUE, "o"),
    "rm-jgd": (GREEN, "^"),
    "rgd-full-range": (PURPLE, "D"),
    "trust-regions": (ORANGE, "v"),
    "riemannian": (SKY, "P"),
    "penalty-sdp": (BLACK, "X"),
}
"""Colour and marker of solvers that are compared with each other; other solvers have those of their scheme."""

BOUNDS = ("sensing-only-", "communication-only-", "dpc-bound", "fully-digital", "conventional-isac")
"""How the names of schemes begin that are drawn for orientation, without markers; the last attains the
cost of the joint design, which has to be seen below it."""

REST = (
    (SKY, "<"),
    (ORANGE, ">"),
    (PURPLE, "p"),
    (GREEN, "h"),
    (BLACK, "d"),
    (VERMILLION, "*"),
    (BLUE, "8"),
    (GREY, "H"),
)

DASHED = (0, (5, 2))
"""Line style of a bound, and of the second design of an architecture."""

VARIANT_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
"""Markers of several curves of one scheme, in their order."""

_ACRONYMS = {
    "speb",
    "peb",
    "crb",
    "snr",
    "fdbf",
    "hbf",
    "ao",
    "sdr",
    "rrs",
    "bcd",
    "sca",
    "mimo",
    "ula",
    "dpc",
    "isac",
    "ris",
}


@dataclass(frozen=True)
class Look:
    """Appearance of one curve.

    Parameters
    ----------
    color : str
        Hexadecimal.
    marker : str
        Of matplotlib.
    dashes : object
        Line style of a curve that is asked for as solid.
    width : float
        Relative line width.
    bound : bool
        A bound drawn for orientation, without markers: behind the others, or thin on top of them.
    """

    color: str
    marker: str
    dashes: Any = "solid"
    width: float = 1.0
    bound: bool = False


def looks(curves: Sequence[tuple[str, str, str]]) -> list[Look]:
    """Return the appearance of every curve of a figure.

    A scheme keeps its colour and marker in every figure. Several curves of one scheme (other
    numbers of RF chains) share the hue, from light to full, with markers of their own; the
    curves of another solver are dash-dotted, or have a colour of their own (`SOLVERS`). Where two
    designs of one architecture meet, the second is dashed.

    Parameters
    ----------
    curves : sequence of (scheme, solver, label)
        What each curve is.

    Returns
    -------
    list of Look
    """
    base = _base([scheme for scheme, _, _ in curves])
    solvers: dict[str, list[str]] = {}
    labels: dict[tuple[str, str], list[str]] = {}
    designs: dict[str, list[str]] = {}
    for scheme, solver, label in curves:
        if scheme not in designs.setdefault(base[scheme][0], []) and not scheme.startswith(BOUNDS):
            designs[base[scheme][0]].append(scheme)
        if solver not in solvers.setdefault(scheme, []):
            solvers[scheme].append(solver)
        labels.setdefault((scheme, solver), []).append(label)
    found = []
    for scheme, solver, label in curves:
        color, marker = SOLVERS.get(solver, base[scheme])
        family = labels[scheme, solver]
        place, size = family.index(label), len(family)
        if scheme.startswith(BOUNDS):
            # both architectures attain the same sensing bound: a dark dashed line over a light one shows both
            light = scheme == "sensing-only-hbf"
            line: Any = "solid" if light or scheme == "dpc-bound" else DASHED
            found.append(Look(shade(color, place, size), marker, line, 1.4 if light else 0.7, bound=True))
            continue
        dashes: Any = "solid" if designs[base[scheme][0]].index(scheme) == 0 else DASHED
        if solvers[scheme].index(solver) > 0 and solver not in SOLVERS:
            dashes = (0, (4, 1, 1, 1))
        found.append(
            Look(
                shade(color, place, size), VARIANT_MARKERS[place % len(VARIANT_MARKERS)] if size > 1 else marker, dashes
            )
        )
    return found


def shade(color: str, place: int, size: int) -> str:
    """Return a colour mixed with white: the last of a family is the colour itself.

    Parameters
    ----------
    color : str
        Hexadecimal.
    place, size : int
        Which of how many.

    Returns
    -------
    str
        Hexadecimal.
    """
    if size < 2:
        return color
    white = 0.45 * (1.0 - place / (size - 1))
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(c + (255 - c) * white):02X}" for c in channels)


def darker(color: str) -> str:
    """Return a colour mixed with black: a second quantity of a scheme on top of its first."""
    return "#" + "".join(f"{int(color[i : i + 2], 16) // 2:02X}" for i in (1, 3, 5))


def display(label: str) -> str:
    """Return a label as a legend prints it: ``speb-min-hbf`` as "SPEB-min HBF"; others as they are."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", label):
        return label
    words = [word.upper() if word in _ACRONYMS else word for word in label.split("-")]
    text = " ".join(["-".join(words[:-1]), words[-1]]) if words[-1] in ("HBF", "FDBF") else "-".join(words)
    return text[0].upper() + text[1:]


def context() -> AbstractContextManager[None]:
    """Return matplotlib's context with the style of every figure."""
    import matplotlib.style

    return matplotlib.style.context(["default", STYLE])


def _base(schemes: Sequence[str]) -> dict[str, tuple[str, str]]:
    found = {scheme: SCHEMES[scheme] for scheme in schemes if scheme in SCHEMES}
    for scheme in sorted(set(schemes) - set(SCHEMES)):
        # the name's own place, the next free one where two unknown schemes meet
        start = int(hashlib.sha256(scheme.encode()).hexdigest(), 16)
        ordered = [REST[(start + i) % len(REST)] for i in range(len(REST))]
        taken = {color for color, _ in found.values()}
        found[scheme] = next((entry for entry in ordered if entry[0] not in taken), ordered[0])
    return found
