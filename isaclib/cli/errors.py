"""What a command says when something is wrong: one line, no traceback."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup


class OneLineErrors(TyperGroup):
    """Commands whose bad input ends in one line on standard error and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        # ValueError: what a person asked for; OSError: what the machine refuses
        except (ValueError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
