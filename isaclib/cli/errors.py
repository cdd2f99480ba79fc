"""What a command says when something is wrong: one line, no traceback."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

# the parser's own error: what typer offers by name is one of its kinds
UsageError: Any = typer.BadParameter.__base__


class OneLineErrors(TyperGroup):
    """Commands whose bad input ends in one line on standard error: exit status 1, or 2 where it cannot be parsed."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse what stands before the command."""
        # without any argument the help is shown
        if not args:
            return super().make_context(info_name, args, parent, **extra)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except UsageError as error:
            raise _told(error) from None

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise _told(error) from None
        # ValueError: what a person asked for; OSError: what the machine refuses
        except (ValueError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
        except MemoryError as error:
            reason = f"out of memory: {error}".removesuffix(": ")
            typer.echo(f"{reason}; take fewer cores, or a larger machine", err=True)
            raise typer.Exit(1) from None


def _told(error: Any) -> typer.Exit:
    command = error.ctx.command_path if error.ctx else "isaclib"
    message = " ".join(error.format_message().split())
    stop = "" if message.endswith((".", "?")) else "."
    typer.echo(f"{command}: {message}{stop} See '{command} --help'", err=True)
    return typer.Exit(error.exit_code)
