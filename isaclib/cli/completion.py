"""What the shell offers while a command is typed: names of files, and words from them; nothing heavy is imported."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import typer

SYSTEMS = Path(__file__).parents[1] / "systems"


def campaign_files() -> list[str]:
    """Return the campaign files of this folder; the shell itself knows all others."""
    return sorted(map(str, Path("config/campaigns").glob("*.yaml")))


def folders() -> list[str]:
    """Return the folders of finished campaigns."""
    return sorted(str(path.parent) for path in Path("results").glob("*/campaign.nc"))


def systems() -> list[str]:
    """Return the systems."""
    return sorted(path.parent.name for path in SYSTEMS.glob("*/schemes"))


def schemes(ctx: typer.Context) -> list[str]:
    """Return the schemes of the system that was named, by their files: a test holds them against the schemes."""
    folder = SYSTEMS / str(ctx.params.get("system") or "hybrid") / "schemes"
    return sorted(path.stem.replace("_", "-") for path in folder.glob("[!_]*.py"))


def several_schemes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return what may follow the last comma."""
    head, comma, _ = incomplete.rpartition(",")
    return [head + comma + name for name in schemes(ctx) if name not in head.split(",")]


def metrics(ctx: typer.Context) -> list[str]:
    """Return the metrics in the summary of the campaign that was named."""
    # an option that still lacks its value leaves the arguments before it unnamed
    named = Path(next(iter(ctx.args), ""))
    if named.suffix == ".yaml":
        named = Path(ctx.params.get("results") or "results") / named.stem
    elif named.suffix == ".nc":
        named = named.parent
    with suppress(OSError), (named / "summary.csv").open(encoding="utf-8") as file:
        next(file)
        return list(dict.fromkeys(line.partition(",")[0] for line in file))
    return []


def efforts() -> list[str]:
    """Return the efforts."""
    return ["quick", "paper"]
