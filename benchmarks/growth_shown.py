"""Tables and figures of the benchmark of growth, from what it measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from growths import GROWTHS, Growth, named
from marked import fill

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "growth.md"
IMAGES = ROOT / "docs" / "images"

FITTED = 4
"""Largest sizes that a slope is fitted to."""

FIGURES = {
    "growth": ("hybrid-antennas", "modular-subarrays", "stars-los"),
    "growth-more": ("hybrid-users", "hybrid-rf-chains", "modular-elements", "stars-rician"),
}

APART = 0.05
"""Least distance of two slopes in a figure, as a share of its height."""

Curve = dict[str, dict[str, Any]]  # size to numbers
Curves = dict[str, Curve]
Record = dict[str, Curves]


def show(record: Record) -> None:
    """Write the tables into the page and draw the figures, of the growths that were measured."""
    record = {growth.name: ordered(growth, record[growth.name]) for growth in GROWTHS if growth.name in record}
    for name, curves in record.items():
        fill(PAGE, name, tables(named(name), curves))
    for name, shown in FIGURES.items():
        if all(growth in record for growth in shown):
            draw(name, [named(growth) for growth in shown], record)


def ordered(growth: Growth, curves: Curves) -> Curves:
    """Put curves in their order, whichever was measured first."""
    names = (*growth.schemes, *(reference.name for reference in growth.references))
    return {name: curves[name] for name in names if name in curves}


def milliseconds(entry: dict[str, Any]) -> float:
    """Tell what a draw takes: design and evaluation, or the reference's design."""
    return 1e3 * entry["seconds"] if "seconds" in entry else entry["design_ms"] + entry["evaluate_ms"]


def finished(curve: Curve) -> tuple[list[int], list[float]]:
    """Return the sizes that a curve came through, and its milliseconds."""
    done = {int(size): milliseconds(entry) for size, entry in curve.items() if "ended" not in entry}
    return sorted(done), [done[size] for size in sorted(done)]


def slope(curve: Curve) -> float | None:
    """Fit log time over log size by least squares to the largest sizes; none where there are too few."""
    sizes, times = (values[-FITTED:] for values in finished(curve))
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0]) if len(sizes) == FITTED else None


def tables(growth: Growth, curves: Curves) -> str:
    """Tell times and slopes, then what became of the draws."""
    head = ["| " + " | ".join([f"${growth.symbol}$", *map(str, growth.sizes), "slope"]) + " |"]
    head.append("|" + " --- |" * (len(growth.sizes) + 2))
    times, outcomes = list(head), [head[0].replace(" | slope |", " |"), head[1].removesuffix(" --- |")]
    drawing = [next(iter(curves.values())).get(str(size), {}).get("draw_ms", np.nan) for size in growth.sizes]
    times.append(f"| drawing | {' | '.join(f'{ms:.3g}' for ms in drawing)} | |")
    for name, curve in curves.items():
        entries = [curve.get(str(size)) for size in growth.sizes]
        fitted = slope(curve)
        cells = [*map(time_of, entries), "" if fitted is None else f"{fitted:.2f}"]
        times.append(f"| `{name}` | {' | '.join(cells)} |")
        outcomes.append(f"| `{name}` | {' | '.join(map(outcome, entries))} |")
    return "\n".join([*times, "", *outcomes])


def time_of(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return ""
    if "ended" in entry:
        return f"> {entry['seconds']:.0f} s" if entry["ended"] == "time" else entry["ended"]
    return f"{entry['seconds']:.3g} s" if "seconds" in entry else f"{milliseconds(entry):.3g}"


def outcome(entry: dict[str, Any] | None) -> str:
    if entry is None or "ended" in entry:
        return ""
    if "seconds" in entry:
        return f"{entry['status']}, {entry['objective'] / entry['default_objective']:.4f}"
    return ", ".join(f"{count} {name}" for name, count in entry["statuses"].items()) + f"; {entry['gap']:.0e}"


def draw(name: str, growths: list[Growth], record: Record) -> None:
    """Draw panels of time over size, one a growth."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    from isaclib.figures.style import context

    columns = 3 if len(growths) == 3 else 2
    size = (7.16, 3.6 * (len(growths) // columns))
    with context():
        figure, axes = plt.subplots(
            len(growths) // columns, columns, figsize=size, sharey=True, squeeze=False, layout="constrained"
        )
        for one, growth in zip(axes.flat, growths, strict=True):
            panel(one, growth, record[growth.name])
        for one in axes[:, 0]:
            one.set_ylabel("CPU time of a draw (ms)")
        for growth, one in zip(growths, axes.flat, strict=True):
            slopes(one, growth, record[growth.name])
        figure.savefig(IMAGES / f"{name}.png", dpi=200)


def panel(axes: Any, growth: Growth, curves: Curves) -> None:
    """Draw curves: filled markers for ours, open ones for a reference, an arrow where it passed its limit."""
    for name, curve in curves.items():
        (sizes, times), look = finished(curve), looks_of(growth)[name.split()[0]]
        style = {"color": look.color, "marker": look.marker, "linestyle": look.dashes, "label": label(name)}
        if " " in name:
            style |= {"markerfacecolor": "white", "linestyle": (0, (1, 1.2))}
        axes.plot(sizes, times, **style)
        for size in (int(size) for size, entry in curve.items() if entry.get("ended") == "time"):
            limit = curve[str(size)]["seconds"]
            axes.plot([*sizes[-1:], size], [*times[-1:], 1e3 * limit], **{**style, "marker": "", "label": None})
            axes.plot(size, 1.3e3 * limit, marker=r"$\uparrow$", markersize=9, color=look.color)
            place = {"textcoords": "offset points", "xytext": (-6, 0), "ha": "right", "va": "center"}
            axes.annotate(f"> {limit / 60.0:g} min", (size, 1.3e3 * limit), color=look.color, size=6.5, **place)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(growth.sizes, [str(size) for size in growth.sizes])
    axes.set_xlim(growth.sizes[0] / 1.2, growth.sizes[-1] * 1.9)
    axes.minorticks_off()
    axes.set_xlabel(growth.axis)
    bold = {"weight": "bold"}
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), title=growth.system, title_fontproperties=bold)


def looks_of(growth: Growth) -> dict[str, Any]:
    from isaclib.figures.style import looks

    return dict(zip(growth.schemes, looks([(name, "", name) for name in growth.schemes]), strict=True))


def label(curve: str) -> str:
    from isaclib.figures.style import display

    scheme, *reference = curve.split()
    return " by ".join([display(scheme), *reference[:1]]) + "".join(f", {form}" for form in reference[1:])


def slopes(axes: Any, growth: Growth, curves: Curves) -> None:
    """Write the slopes at the ends of their curves, apart from each other."""
    ends = []
    for name, curve in curves.items():
        if (fitted := slope(curve)) is not None:
            size, value = (values[-1] for values in finished(curve))
            text = f"${growth.symbol}^{{{round(fitted, 1) + 0.0:.1f}}}$"  # no minus zero
            ends.append((np.log10(value), size, text, looks_of(growth)[name.split()[0]].color))
    low, high = np.log10(axes.get_ylim())
    at = -np.inf
    for value, size, text, color in sorted(ends, key=lambda end: end[0]):
        at = max(value, at + APART * (high - low))
        axes.annotate(
            text, (size, 10.0**at), textcoords="offset points", xytext=(4, 0), va="center", color=color, size=6.5
        )
