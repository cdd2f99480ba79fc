"""The command that begins a campaign file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isaclib.cli import completion
from isaclib.cli.help import examples

app = typer.Typer()


@app.command(
    epilog=examples(
        "isaclib new my-power --system hybrid",
        "isaclib new my-rates --system modular --schemes fully-digital,joint-receive",
        "isaclib new my-sensors --system stars --output elsewhere/my-sensors.yaml",
    )
)
def new(
    name: Annotated[str, typer.Argument(help="Name of the campaign: that of its file and of its folder of results.")],
    system: Annotated[str, typer.Option(help="System: hybrid, modular or stars.", autocompletion=completion.systems)],
    schemes: Annotated[
        str,
        typer.Option(
            help="Schemes, with commas between; default: two of the system.", autocompletion=completion.several_schemes
        ),
    ] = "",
    output: Annotated[Path | None, typer.Option(help="Default: config/campaigns/NAME.yaml.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a campaign file that is valid as it stands, with a line on every key, to be changed."""
    from isaclib.campaign.document import CampaignError
    from isaclib.cli.template import template

    file = output or Path("config/campaigns") / f"{name}.yaml"
    text = template(
        name, system=system, schemes=[each.strip() for each in schemes.split(",") if each.strip()], file=str(file)
    )
    if file.name != f"{name}.yaml":
        raise CampaignError(f"--output {file}: expected a file named {name}.yaml, as the campaign")
    if file.exists() and not force:
        raise CampaignError(f"{file}: is there already: choose another name, or overwrite it with --force")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    typer.echo(f"{file}: change it, then `isaclib plan {file}` says what it costs")
