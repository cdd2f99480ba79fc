"""Tables and figure of the comparison, from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .catalogue import FORMS

TINY = 1e-12
"""What is as good as nothing."""

TITLES = {"CLARABEL": "Clarabel", "SCS": "SCS"}


def tables(record: dict[str, Any]) -> dict[str, str]:
    """Return the tables by the names of their marks."""
    done, compared = record["cases"], _compared(record)
    return {
        "conditions": ", ".join(f"{name} {value}" for name, value in record["conditions"].items()),
        "default": _default(done),
        "time": _time(compared),
        "quality": _quality(compared),
    }


def _compared(record: dict[str, Any]) -> dict[str, Any]:
    """Schemes that have a program."""
    return {name: case for name, case in record["cases"].items() if case["methods"]}


def _largest_batch(compared: dict[str, Any]) -> int:
    return max((int(size) for case in compared.values() for size in case["batches"]), default=1)


def summary(record: dict[str, Any]) -> str:
    """Return one line a scheme: the default solver, and the faster of the conic solvers in both forms."""
    compared = _compared(record)
    largest = _largest_batch(compared)
    lines = [
        f"| system | scheme | default, batch {largest}, ms | reduced program, s | times | paper's program, s | times |",
        "|" + " --- |" * 7,
    ]
    for name, case in compared.items():
        default = float(np.median(case["batches"].get(str(largest), [np.nan])))
        system, scheme = name.split("/")
        cells = [cell for form in ("reduced", "seed") for cell in _fastest(case, form, default)]
        lines.append(f"| {system} | `{scheme}` | {_plain(1e3 * default)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _fastest(case: dict[str, Any], form: str, default: float) -> tuple[str, str]:
    """Median seconds of the faster solver among those that found designs, and how many times the default's that is."""
    programs = [(solver, entries) for (its, solver), entries, _ in _methods(case) if its == form and _timed(entries)]
    if not programs:
        return "", ""
    found = [one for one in programs if any(entry["outcome"] == "design" for entry in one[1])]
    solver, entries = min(found or programs, key=lambda one: np.median([entry["seconds"] for entry in _timed(one[1])]))
    seconds = float(np.median([entry["seconds"] for entry in _timed(entries)]))
    if not found:
        over = max(entry["seconds"] for _, entries in programs for entry in _timed(entries))
        return f"none in {_plain(over)}", f"> {_plain(over / default)}"
    # a draw that was stopped would have taken longer
    more = "> " if any(entry["outcome"] == "over" for entry in entries) else ""
    return f"{more}{_plain(seconds)} ({TITLES[solver]})", f"{more}{_plain(seconds / default)}"


def _default(done: dict[str, Any]) -> str:
    sizes = sorted({int(size) for case in done.values() for size in case["batches"]})
    lines = [
        "| system | scheme | " + " | ".join(f"batch {size}, ms" for size in sizes) + " |",
        "|" + " --- |" * (2 + len(sizes)),
    ]
    for name, case in done.items():
        system, scheme = name.split("/")
        cells = [_spread([1e3 * t for t in case["batches"].get(str(size), [])]) for size in sizes]
        lines.append(f"| {system} | `{scheme}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _time(compared: dict[str, Any]) -> str:
    largest = _largest_batch(compared)
    lines = [
        f"| scheme | program | solver | draws | CPU s | first call, s | times batch 1 | times batch {largest} |",
        "|" + " --- |" * 8,
    ]
    for name, case in compared.items():
        for method, entries, first in _methods(case):
            form, solver = method
            timed = _timed(entries)
            stopped = [entry["outcome"] == "over" for entry in timed]
            seconds = [entry["seconds"] for entry in timed]
            alone = [entry["seconds"] / entry["default_seconds"] for entry in timed]
            others = case["batches"].get(str(largest), [])
            together = [t / other for t in seconds for other in others]
            cells = [
                f"`{name.split('/')[1]}`",
                FORMS[form],
                solver,
                str(len(entries)),
                _spread(seconds, stopped),
                "" if first is None else _plain(first),
                _spread(alone, stopped),
                _spread(together, [stop for stop in stopped for _ in others]),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _quality(compared: dict[str, Any]) -> str:
    lines = [
        "| scheme | program | solver | designs | without | worse than the default, relative "
        "| violation before | after projection |",
        "|" + " --- |" * 8,
    ]
    for name, case in compared.items():
        for (form, solver), entries, _ in _methods(case):
            counts = {word: sum(entry["outcome"] == word for entry in entries) for word in OUTCOMES}
            without = [text.format(counts[word], case["limit"]) for word, text in OUTCOMES.items() if counts[word]]
            bare = [entry["bare"] for entry in entries if entry.get("bare") is not None]
            after = [entry["violation"] for entry in entries if "violation" in entry]
            cells = [
                f"`{name.split('/')[1]}`",
                FORMS[form],
                solver,
                f"{sum(entry['outcome'] == 'design' for entry in entries)} of {len(entries)}",
                ", ".join(without),
                _spread([entry["loss"] for entry in entries if "loss" in entry], signed=True),
                _largest(bare),
                _largest(after),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


OUTCOMES = {
    "over": "{0} over {1:g} s",
    "unsolved": "{0} without a solution",
    "violating": "{0} beyond repair",
    "died": "{0} out of memory",
}
"""Ends without a design, and what a table says of them."""


def _methods(case: dict[str, Any]) -> list[tuple[list[str], list[dict[str, Any]], float | None]]:
    """Form and solver, draws, seconds of the first call."""
    return [(name.split("/"), method["draws"], method["first"]) for name, method in case["methods"].items()]


def _timed(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Draws that have a time: what ran out of memory has none."""
    return [entry for entry in entries if entry["seconds"] is not None]


def _spread(values: list[float], stopped: list[bool] | None = None, *, signed: bool = False) -> str:
    """Median (least to largest); values that were stopped are at least what they are."""
    if not values:
        return ""
    number = _signed if signed else _plain
    cut = [value for value, stop in zip(values, stopped or [], strict=False) if stop]
    least, middle, most = np.quantile(values, [0.0, 0.5, 1.0])
    if len(cut) == len(values):
        return f"> {number(least)}"
    if len(values) == 1:
        return number(middle)
    over = ["> " if cut and value >= min(cut) else "" for value in (middle, most)]
    return f"{over[0]}{number(middle)} ({number(least)} to {over[1]}{number(most)})"


def _plain(value: float) -> str:
    """Two digits, thousands apart."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}".replace(",", " ") if rounded >= 100.0 else f"{rounded:g}"


def _signed(value: float) -> str:
    return "0" if abs(value) < TINY else f"{value:+.0e}"


def _largest(values: list[float]) -> str:
    if not values:
        return ""
    return "0" if max(values) < TINY else f"{max(values):.0e}"


def figure(record: dict[str, Any], path: Path) -> None:
    """Draw seconds a realisation of every scheme that has a program: medians, whiskers from least to largest."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    from isaclib.figures.style import BLUE, GREY, ORANGE, SILVER, VERMILLION, context, display, shade

    compared = _compared(record)
    sizes = sorted({int(size) for case in compared.values() for size in case["batches"]})
    styles: dict[str, tuple[str, str, str]] = {
        str(size): (f"default, batch {size}", shade(BLUE, place, len(sizes)), "ovD"[place % 3])
        for place, size in enumerate(sizes)
    }
    for form, color in (("reduced", ORANGE), ("seed", VERMILLION)):
        for (solver, title), marker in zip(TITLES.items(), "s^", strict=True):
            styles[f"{form}/{solver}"] = (f"{FORMS[form]} program, {title}", color, marker)
    with context():
        drawn, axes = plt.subplots(figsize=(7.0, 0.46 * len(compared) + 1.4), layout="constrained")
        for row, case in enumerate(compared.values()):
            times = {size: values for size, values in case["batches"].items()}
            over, empty = set(), set()
            for (form, solver), entries, _ in _methods(case):
                key = f"{form}/{solver}"
                times[key] = [entry["seconds"] for entry in _timed(entries)]
                if entries and entries[-1]["outcome"] == "over":
                    over.add(key)
                if not any(entry["outcome"] == "design" for entry in entries):
                    empty.add(key)
            shown = [key for key in styles if times.get(key)]
            for place, key in enumerate(shown):
                _, color, marker = styles[key]
                # one below the other, so that none hides another
                y = row + 0.7 * (place / max(len(shown) - 1, 1) - 0.5)
                least, middle, most = np.quantile(times[key], [0.0, 0.5, 1.0])
                axes.plot([least, most], [y, y], color=color, linewidth=1.2)
                face = "white" if key in empty else color
                axes.plot(middle, y, marker=marker, color=color, markerfacecolor=face, markersize=4.5, linestyle="none")
                if key in over:
                    arrow = {"arrowstyle": "->", "color": color, "linewidth": 1.2}
                    axes.annotate("", (1.9 * most, y), (most, y), arrowprops=arrow)
            if row:
                axes.axhline(row - 0.5, color=SILVER, linewidth=0.4)
        axes.set_xscale("log")
        axes.set_ylim(len(compared) - 0.5, -0.5)
        labels = [name.split("/") for name in compared]
        axes.set_yticks(range(len(compared)), [f"{display(scheme)}\n({system})" for system, scheme in labels])
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=GREY, alpha=0.25, linewidth=0.4)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("CPU time of a realisation (s)")
        for label, color, marker in styles.values():
            axes.plot([], [], marker=marker, color=color, markersize=4.5, linestyle="none", label=label)
        drawn.legend(loc="outside upper center", ncols=3, frameon=False)
        drawn.savefig(path, dpi=200)
        plt.close(drawn)
